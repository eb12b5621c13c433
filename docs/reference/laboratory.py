"""``python docs/reference/laboratory.py --data PANEL [--hours FILE] [--write]``: the market's page.

Prints the tables of ``laboratory.md``, or writes them into it and draws ``docs/crash-hours.svg``
and ``docs/gain.svg``.  ``--calibrate N`` tries N other sets of parameters and says which come
nearer."""

from __future__ import annotations

import argparse
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
from made import finish

from causal.data.panel import Panel, read_panel
from causal.laboratory.fragility import gain_curve
from causal.laboratory.known_answers import FORCES, KnownAnswers, known_answers
from causal.laboratory.parameters import USUAL, parameter_table, parameters
from causal.laboratory.simulation import market
from causal.laboratory.stylised_facts import (
    MOMENTS,
    levels,
    market_moments,
    mismatch,
    panel_moments,
)
from causal.show.market_pictures import save_crash, save_gain

PAGE = Path(__file__).with_suffix(".md")
CRASH, GAIN = (PAGE.parents[1] / name for name in ("crash-hours.svg", "gain.svg"))
ERAS = {"2022-23": ("2022-01-01", "2023-12-31"), "2024-26": ("2024-01-01", "2026-05-31")}
DAYS = (20, 50, 110, 200, 300, 400, 500)
REAL = ("2025-10-09", "2025-10-13")
SEED, PATHS = 0, 2_400
TUNED = ("usual_sd", "garch_news", "forced_impact", "longs_opened", "shorts_opened", "pro_rata")
PROTOTYPE = {
    "nothing done": 0.152,
    "escalation for 3 days": 0.362,
    "calm for 3 days": 0.134,
    "escalation, shares cut off": 0.266,
    "escalation, sentiment cut off": 0.271,
    "escalation, reallocation cut off": 0.221,
    "escalation, loop off": 0.221,
    "loop off": 0.073,
    "leverage times 0.4": 0.081,
    "leverage times 1.8": 0.322,
    "leverage capped at 5": 0.084,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the market, and print or write the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the panel, CSV or Parquet")
    parser.add_argument("--hours", type=Path, help="hourly prices, Parquet: open, close, volume")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    parser.add_argument("--calibrate", type=int, default=0, metavar="N", help="try N others")
    asked = parser.parse_args(arguments)
    panel = read_panel(asked.data)
    if asked.calibrate:
        calibrate(asked.calibrate)
        return 0
    made = tables(panel)
    if finish(PAGE, made, write=asked.write):
        draw(asked.hours)
    return 0


def tables(panel: Panel) -> dict[str, str]:
    """Every generated part of the page, by the name of its marker."""
    found = known_answers(paths=PATHS, seed=SEED, executor="processes")
    return {
        "parameters": parameter_rows(),
        "moments": moment_rows(panel),
        "warm-up": level_rows(),
        "known": known_rows(found),
        "factorial": factorial_rows(found),
        "seeds": seed_rows(),
    }


def parameter_rows() -> str:
    """The base world: a row for each parameter."""
    lines = ["| parameter | value | unit | what it is |", "|---|--:|---|---|"]
    lines += [f"| `{n}` | {v:.4g} | {u} | {m} |" for n, v, u, m in parameter_table()]
    return "\n".join(lines)


def moment_rows(panel: Panel) -> str:
    """Target and simulated, and the two eras of the panel that the target is made of."""
    found = market_moments(market(1_000, 420, seed=SEED, executor="processes"))
    eras = {name: panel_moments(panel, *days) for name, days in ERAS.items()}
    lines = [
        f"| moment | {' | '.join(eras)} | range | simulated | |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for name, m in MOMENTS.items():
        seen = " | ".join(f"{era[name]:.3f}" for era in eras.values())
        note = ("" if m.low <= found[name] <= m.high else "**outside**") + (
            "" if m.used else " not used"
        )
        lines.append(
            f"| {m.meaning} | {seen} | {m.low:g} to {m.high:g} | {found[name]:.3f} "
            f"| {note.strip()} |"
        )
    return "\n".join(lines)


def level_rows() -> str:
    """Means over paths by day, of a market that starts without a position."""
    run = market(1_000, max(DAYS), seed=SEED, warm_up=0, executor="processes")
    lines = [f"| mean on day | {' | '.join(map(str, DAYS))} |", "|---|" + "--:|" * len(DAYS)]
    for name, row in levels(run, DAYS).items():
        lines.append(f"| {name} | " + " | ".join(f"{v:.3g} ({e:.1g})" for v, e in row) + " |")
    return "\n".join(lines)


def known_rows(found: KnownAnswers) -> str:
    """Worlds, effect, cuts, necessity and sufficiency."""
    lines = ["| world | P(crash) | standard error | prototype |", "|---|--:|--:|--:|"]
    for name, truth in found.worlds.items():
        was = f"{PROTOTYPE[name]:.3f}" if name in PROTOTYPE else ""
        lines.append(f"| {name} | {truth.value:.3f} | {truth.error:.3f} | {was} |")
    rows = found.tables()
    for title in list(rows)[1:4]:
        lines += [f"| *{title}* | | | |"]
        lines += [f"| {n} | {v:.3f} | {e:.3f} | |" for n, v, e in rows[title]]
    return "\n".join(lines)


def factorial_rows(found: KnownAnswers) -> str:
    """The eight worlds of three forces, their interactions, and Shapley values."""
    lines = ["| forces on | P(crash) | standard error |", "|---|--:|--:|"]
    for forces, truth in found.factorial.items():
        lines.append(f"| {' + '.join(forces) or 'none'} | {truth.value:.3f} | {truth.error:.3f} |")
    for some in [*combinations(FORCES, 2), FORCES]:
        value, error = found.interaction(some)
        lines.append(f"| interaction of {' x '.join(some)} | {value:+.3f} | {error:.3f} |")
    for name, value in found.shapley().items():
        lines.append(f"| Shapley value of {name} | {value:.3f} | |")
    return "\n".join(lines)


def seed_rows() -> str:
    """Whether other seeds say the same: nothing done and an escalation, 1,000 paths each."""
    from causal.laboratory.known_answers import WORLDS
    from causal.laboratory.true_answer import CRASHED, asked, shipped_graph, truths

    graph = shipped_graph()
    names = ("nothing done", "escalation for 3 days", "loop off", "leverage times 1.8")
    lines = [f"| seed | {' | '.join(names)} |", "|---|" + "--:|" * len(names)]
    for seed in (1, 2, 3):
        asks = asked(graph, [(CRASHED, WORLDS[n]) for n in names], low=True)
        found = truths(asks, paths=1_000, seed=seed, graph=graph, executor="processes")
        lines.append(
            f"| {seed} | " + " | ".join(f"{t.value:.3f} ({t.error:.3f})" for t in found) + " |"
        )
    return "\n".join(lines)


def draw(hours: Path | None) -> None:
    """The worst day of some paths hour by hour, beside a real one; and the gain of a book."""
    beside = None
    if hours is not None:
        import pandas as pd

        frame = pd.read_parquet(hours).loc[REAL[0] : REAL[1]]
        title = f"History (Binance perpetual), {REAL[0]} to {REAL[1]}"
        days = sorted({str(day) for day in frame.index.date})
        columns = (frame[name].to_numpy(float) for name in ("close", "volume"))
        beside = (title, days, *columns)
    run = market(200, 200, start="2024-03-01", seed=SEED, executor="processes")
    save_crash(run.hours_of_worst(before=2, after=2), CRASH, beside=beside)
    book = {"open_interest": 30.0}
    curves = [("as it stands", gain_curve(**book))]
    curves += [(f"cap {c}x", gain_curve(**book, cap=float(c))) for c in (20, 10, 5)]
    curves += [(f"margin +{a:.0%}", gain_curve(**book, margin_addon=a)) for a in (0.02, 0.05)]
    save_gain(curves, GAIN)


def calibrate(count: int) -> None:
    """Try other parameters near the base world, on the same noise; print each and the nearest."""
    rng = np.random.default_rng(SEED)
    best = mismatch(market_moments(market(300, 300, seed=SEED, executor="processes")))
    sys.stdout.write(f"{best:.3f}  the base world\n")
    for _ in range(count):
        factors = np.exp(rng.normal(0, 0.08, len(TUNED)))
        tried = {n: getattr(USUAL, n) * f for n, f in zip(TUNED, factors, strict=True)}
        run = market(300, 300, seed=SEED, parameters=parameters(**tried), executor="processes")
        found = mismatch(market_moments(run))
        words = ", ".join(f"{n}={v:.4g}" for n, v in tried.items())
        sys.stdout.write(f"{found:.3f}  {'nearer: ' if found < best else ''}{words}\n")
        sys.stdout.flush()
        best = min(best, found)


if __name__ == "__main__":
    sys.exit(main())
