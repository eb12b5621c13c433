"""``python docs/reference/episodes.py --data PANEL [--write]``: what the proxies read in crashes.

Prints the tables of ``episodes.md``, or writes them into it.  What accounts say happened is written
here as data, before the states were read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from made import finish
from numpy.lib.stride_tricks import sliding_window_view

import causal
from causal.data.events import shipped_acts, with_acts
from causal.data.states import MISSING, States, states
from causal.graph.dag import CausalGraph

PAGE = Path(__file__).with_suffix(".md")
PRESS = ("war", "trade", "geopolitics")  # a newspaper tells of yesterday
LATE = 2

SOLD = ("weak", "shock")
ROSE = ("rise", "spike")
TENSE = ("escalation",)
MANY = ("cascade",)
DOWN = ("fall", "crash")
FELL = ("crash",)
BROKE = ("broken",)


@dataclass(frozen=True, slots=True)
class Episode:
    """Days, what accounts say of them and how surely (H, M, L), and the states that this means.

    A variable agrees where its worst state of those days is one of ``means``.
    """

    name: str
    first: str
    last: str
    account: str
    grade: str
    means: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _fall(*words: str, **means: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """A fall through the support with forced sales, or what ``means`` says instead."""
    usual = {"bitcoin": FELL, "support_break": BROKE, "liquidations": MANY}
    return {name: what for name, what in (usual | means).items() if name not in words}


NORMAL, HIGH, SHOCKED = ("normal", "elevated"), ("high",), ("minor", "major")
EPISODES = (
    Episode("Korea and China", "2018-01-16", "2018-01-16", "bans feared, a bubble deflates", "M",
            _fall(crypto_shock=SHOCKED)),
    Episode("hash war", "2018-11-14", "2018-11-14", "the support at 6,000 gives way", "M", _fall()),
    Episode("Bakkt", "2019-09-24", "2019-09-24", "flash liquidation, no news", "L", _fall()),
    Episode("Covid", "2020-03-12", "2020-03-12", "dash for cash, then a cascade", "H",
            _fall(risk_off=("strong",), equity_selling=("shock",), rebalancing=("heavy",),
                  trade=("calm", "elevated"))),
    Episode("overheated", "2021-01-11", "2021-01-11", "leverage; the low of 20 days holds", "M",
            _fall(support_break=("intact",), leverage=HIGH)),
    Episode("February 2021", "2021-02-22", "2021-02-23", "yields up, leverage; the low holds", "M",
            _fall(support_break=("intact",), bitcoin=DOWN, yields=ROSE, leverage=HIGH)),
    Episode("April 2021", "2021-04-18", "2021-04-18", "a Sunday: rumours, hash rate drops", "M",
            _fall(bitcoin=DOWN)),
    Episode("May 2021", "2021-05-19", "2021-05-19", "Tesla, notices of China, a cascade", "H",
            _fall(crypto_shock=SHOCKED)),
    Episode("El Salvador", "2021-09-07", "2021-09-07", "leverage on the day of the law", "M",
            _fall(leverage=HIGH)),
    Episode("Omicron", "2021-12-04", "2021-12-04", "a Saturday: Fed, a thin book", "M", _fall()),
    Episode("January 2022", "2022-01-21", "2022-01-21", "Fed, technology shares sold", "H",
            _fall("liquidations", equity_selling=SOLD)),
    Episode("LUNA", "2022-05-09", "2022-05-12", "Terra collapses; inflation, shares", "H",
            _fall(equity_selling=SOLD, crypto_shock=("major",))),
    Episode("Celsius", "2022-06-13", "2022-06-13", "inflation; Celsius stops", "H",
            _fall(equity_selling=SOLD, yields=ROSE, crypto_shock=("major",))),
    Episode("FTX", "2022-11-08", "2022-11-09", "an exchange fails: crypto's own", "H",
            _fall(trade=("calm", "elevated"), crypto_shock=("major",))),
    Episode("August 2023", "2023-08-17", "2023-08-17", "yields, a thin book, leverage", "M",
            _fall(yields=ROSE, leverage=HIGH)),
    Episode("Iran, April 2024", "2024-04-13", "2024-04-13", "Iran attacks on a Saturday", "H",
            _fall(bitcoin=DOWN, war=TENSE)),
    Episode("yen carry", "2024-08-05", "2024-08-05", "carry trades unwound, US jobs", "H",
            _fall(risk_off=("strong",), equity_selling=("shock",))),
    Episode("tariffs, February 2025", "2025-02-01", "2025-02-03", "Canada, Mexico, China", "H",
            _fall("bitcoin", support_break=("intact",), trade=TENSE)),
    Episode("Liberation Day", "2025-04-03", "2025-04-07", "tariffs on all; a Sunday's leg", "H",
            _fall("bitcoin", trade=TENSE, equity_selling=("shock",), risk_off=("strong",))),
    Episode("strikes on Iran", "2025-06-21", "2025-06-22", "the US strikes on a weekend", "H",
            _fall("bitcoin", war=TENSE)),
    Episode("September 2025", "2025-09-22", "2025-09-22", "leverage, small coins", "M",
            _fall("bitcoin", support_break=("intact",), leverage=HIGH)),
    Episode("10 October 2025", "2025-10-10", "2025-10-10", "100 % on China, then leverage", "H",
            _fall(trade=TENSE, equity_selling=("shock",), leverage=HIGH)),
    Episode("November 2025", "2025-11-20", "2025-11-21", "worth of AI doubted", "H",
            _fall("bitcoin", equity_selling=SOLD)),
    Episode("the article: 91,000", "2026-01-18", "2026-01-20",
            "Greenland tariffs; support broken, 800 million liquidated, Wall Street under stress",
            "H",
            _fall(bitcoin=DOWN, trade=TENSE, equity_selling=SOLD, risk_off=("cautious", "strong"),
                  yields=ROSE, liquidations=("elevated", "cascade"))),
    Episode("the article: a record", "2026-01-27", "2026-01-28",
            "shares at their record, so no stress", "H",
            {"equity_drawdown": ("shallow",), "equity_selling": ("closed", "calm")}),
    Episode("January 2026", "2026-01-31", "2026-01-31", "a Saturday: metals crash; no shares", "M",
            _fall(bitcoin=DOWN, equity_selling=("closed",))),
    Episode("the article: the crash", "2026-02-05", "2026-02-06", "AI shares routed, leverage", "M",
            _fall(equity_selling=SOLD, leverage=HIGH, risk_off=("cautious", "strong"))),
    Episode("the article: 67,410", "2026-02-10", "2026-02-20",
            "friction, risk-off, shares falling, crypto sold first", "L",
            {"geopolitics": TENSE, "risk_off": ("cautious", "strong"), "equity_selling": SOLD,
             "equity_drawdown": ("deep",), "crypto_selling": ("selling", "heavy")}),
    Episode("control: Soleimani", "2020-01-03", "2020-01-08", "killed; no fall", "H",
            {"war": TENSE, "bitcoin": ("calm", "fall")}),
    Episode("control: Ukraine", "2022-02-24", "2022-02-24", "invaded; no crash", "H",
            {"war": TENSE, "bitcoin": ("calm", "fall")}),
    Episode("control: 7 October", "2023-10-07", "2023-10-07", "Hamas attacks; no fall", "H",
            {"war": TENSE, "bitcoin": ("calm", "fall")}),
    Episode("control: Iran, 2026", "2026-02-28", "2026-02-28", "war on Iran; no fall", "H",
            {"war": TENSE, "bitcoin": ("calm", "fall")}),
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Read the states, and print or write the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the panel, CSV or Parquet")
    parser.add_argument("--model", type=Path, default=causal.shipped(), help="a fitted model")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    asked = parser.parse_args(arguments)
    finish(PAGE, tables(asked.model, asked.data), write=asked.write)
    return 0


def tables(model_path: Path, panel_path: Path) -> dict[str, str]:
    """Every generated part of the page, by the name of its marker."""
    model = causal.load(model_path)
    assert model.fit is not None
    panel = with_acts(causal.read_panel(panel_path), shipped_acts())
    read = states(panel, model.graph, cuts=model.fit.provenance.cuts)
    graph = model.graph
    return {
        "agree": agreement(graph, read, EPISODES),
        "variables": by_variable(graph, read, EPISODES),
        "states": worst_states(graph, read, EPISODES),
    }


def worst(graph: CausalGraph, read: States, episode: Episode, name: str) -> str | None:
    """The worst state of a variable in an episode's days; None where none of them is known."""
    last = np.datetime64(episode.last) + (LATE if name in PRESS else 0)
    there = (read.dates >= np.datetime64(episode.first)) & (read.dates <= last)
    codes = read.of(name)[there]
    codes = codes[codes != MISSING]
    return graph.variable(name).states[codes.max()] if len(codes) else None


def chance(graph: CausalGraph, read: States, episode: Episode, name: str) -> float:
    """The share of all windows as long as the episode's whose worst state agrees with it."""
    days = int((np.datetime64(episode.last) - np.datetime64(episode.first)).astype(int)) + 1
    codes = read.of(name)
    worst_codes = sliding_window_view(codes, days + (LATE if name in PRESS else 0)).max(axis=-1)
    means = [graph.variable(name).index(state) for state in episode.means[name]]
    return float(np.isin(worst_codes[worst_codes != MISSING], means).mean())


def told(
    graph: CausalGraph, read: States, episode: Episode
) -> tuple[list[str], list[str], list[str]]:
    """What of an account agrees, what does not, and what is not measured on those days."""
    agree, apart, unknown = [], [], []
    for name, means in episode.means.items():
        if name not in graph.names:
            continue
        found = worst(graph, read, episode, name)
        if found is None:
            unknown.append(name)
        elif found in means:
            agree.append(f"{name}={found}")
        else:
            apart.append(f"**{name}={found}** (not {' or '.join(means)})")
    return agree, apart, unknown


def agreement(graph: CausalGraph, read: States, episodes: Sequence[Episode]) -> str:
    """A row an episode: its account, and what the proxies say of it."""
    lines = ["| episode | days | account | agrees | does not | unknown |", _rule(6)]
    for e in episodes:
        days = e.first if e.first == e.last else f"{e.first} to {e.last[5:]}"
        cells = (", ".join(part) or "-" for part in told(graph, read, e))
        lines.append(_row([e.name, days, f"{e.account} ({e.grade})", *cells]))
    return "\n".join(lines)


def by_variable(graph: CausalGraph, read: States, episodes: Sequence[Episode]) -> str:
    """How often each variable agrees with the accounts that speak of it."""
    counts: dict[str, list[int]] = {}
    expected: dict[str, float] = {}
    for episode in episodes:
        for place, part in enumerate(told(graph, read, episode)):
            for item in part:
                name = item.strip("*").split("=")[0]
                counts.setdefault(name, [0, 0, 0])[place] += 1
                known = place < 2
                usual = chance(graph, read, episode, name) if known else 0.0
                expected[name] = expected.get(name, 0.0) + usual
    lines = ["| variable | accounts | agrees | does not | unknown | by chance |", _rule(6)]
    for name in (n for n in graph.names if n in counts):
        cells = map(str, (sum(counts[name]), *counts[name]))
        lines.append(_row([f"`{name}`", *cells, f"{expected[name]:.1f}"]))
    total = np.sum(list(counts.values()), axis=0)
    whole = f"{sum(expected.values()):.1f}"
    lines.append(_row(["all", str(total.sum()), *map(str, total), whole]))
    return "\n".join(lines)


def worst_states(graph: CausalGraph, read: States, episodes: Sequence[Episode]) -> str:
    """A row an episode, a column a measured variable: the worst state of its days."""
    lines = [_row(["episode", *graph.names]), _rule(len(graph.names) + 1)]
    for e in episodes:
        cells = (worst(graph, read, e, name) or "?" for name in graph.names)
        lines.append(_row([e.name, *cells]))
    return "\n".join(lines)


def _rule(columns: int) -> str:
    return f"|{'---|' * columns}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
