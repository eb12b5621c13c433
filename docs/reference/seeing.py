"""``python docs/reference/seeing.py --data PANEL [--write]``: the model beside the frequencies.

Prints the tables of ``seeing.md``, or writes them into it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from made import finish

import causal
from causal.check.conditionals import (
    LEAST,
    ConditionalRow,
    Ends,
    conditionals,
    in_scope,
    informative,
    kinds,
    windows,
)
from causal.data.states import states

PAGE = Path(__file__).with_suffix(".md")
TELLING = {
    "bitcoin=crash": (
        "geopolitics=calm", "geopolitics=escalation", "calendar=closed", "risk_off=calm",
        "risk_off=cautious", "risk_off=strong", "rebalancing=normal", "rebalancing=heavy",
        "equity_selling=calm", "equity_selling=weak", "equity_selling=shock",
        "equity_drawdown=deep", "volatility=high", "near_support=far", "near_support=near",
        "leverage=low", "leverage=mid", "leverage=high", "crypto_selling=normal",
        "crypto_selling=heavy", "support_break=intact", "support_break=broken",
        "liquidations=elevated", "liquidations=cascade",
    ),
    "bitcoin=crash at 1d": (
        "bitcoin=calm", "bitcoin=fall", "bitcoin=crash", "near_support=near", "leverage=high",
        "support_break=broken", "liquidations=elevated", "liquidations=cascade",
    ),
    "liquidations=cascade": ("leverage=low", "leverage=high", "support_break=broken"),
    "support_break=broken": ("near_support=near", "equity_selling=weak", "crypto_selling=heavy"),
    "equity_selling=shock": ("risk_off=cautious", "risk_off=strong", "bitcoin=crash"),
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Compare, and print or write the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the panel, CSV or Parquet")
    parser.add_argument("--model", type=Path, default=causal.shipped(), help="a fitted model")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    asked = parser.parse_args(arguments)
    made = tables(asked.model, asked.data)
    finish(PAGE, made, write=asked.write)
    return 0


def tables(model_path: Path, panel: Path) -> dict[str, str]:
    """Every generated part of the page, by the name of its marker."""
    model = causal.load(model_path)
    assert model.fit is not None
    read = states(causal.read_panel(panel), model.graph, cuts=model.fit.provenance.cuts)
    rows = conditionals(model, read)
    return {
        "summary": summary(model.graph, rows),
        "telling": telling(rows),
        "disagreements": listed([r for r in informative(rows) if in_scope(model.graph, r)]),
        "outside": outside([r for r in informative(rows) if not in_scope(model.graph, r)]),
        "base": compared(
            [next(r for r in rows if r.event == "bitcoin=crash" and not r.given),
             *(windows(model, read, "bitcoin", "crash", d) for d in (7, 30))]
        ),
    }  # fmt: skip


def summary(graph: causal.CausalGraph, rows: Sequence[ConditionalRow]) -> str:
    """How many answers of each kind were compared, and how many disagree."""
    lines = [
        f"| answers with {LEAST} days or more | compared | intervals miss | share | miss jointly |",
        "|---|---:|---:|---:|---:|",
    ]
    for kind, some in kinds(graph, rows).items():
        apart = sum(not r.agrees for r in some)
        jointly = sum(not r.agrees_jointly for r in some)
        share = apart / len(some)
        name = kind.replace("|", "\\|")
        lines.append(f"| {name} | {len(some):,} | {apart} | {share:.4f} | {jointly} |")
    return "\n".join(lines)


def telling(rows: Sequence[ConditionalRow]) -> str:
    """The answers that the story is about; those with few days are marked."""
    by = {(r.event, r.given): r for r in rows}
    return compared([by[event, given] for event, some in TELLING.items() for given in some])


def listed(rows: Sequence[ConditionalRow]) -> str:
    """Every answer whose interval misses that of the frequency."""
    apart = [r for r in rows if not r.agrees]
    return compared(apart) if apart else "None."


def outside(rows: Sequence[ConditionalRow]) -> str:
    """What the story does not claim: misses without the calendar, the widest first."""
    closing = ("calendar", "yields", "risk_off", "rebalancing", "equity_selling")
    apart = [r for r in rows if not r.agrees]
    other = [r for r in apart if not r.event.startswith(closing)]
    other = [r for r in other if not r.given.startswith(("calendar", "yields"))]
    other.sort(key=lambda r: -abs(r.frequency - r.model))
    return f"{compared(other[:20])}\n\n{len(apart)} in all; {len(other)} do not ask for a session."


def compared(rows: Sequence[ConditionalRow]) -> str:
    """A table: model and frequency, each with its interval."""
    lines = [
        "| answer | model | 90 % | frequency | 90 % | days | effect | agree |",
        "|---|---:|---|---:|---|---:|---:|---|",
    ]
    for r in rows:
        given = f" \\| {r.given}" if r.given else ""
        few = "" if r.enough else " (few)"
        lines.append(
            f"| P({r.event}{given}) | {r.model:.3f} | {_span(r.model_interval)} "
            f"| {r.frequency:.3f} | {_span(r.frequency_interval)} | {r.days:,}{few} "
            f"| {r.effect:.1f} | {'yes' if r.agrees else '**no**'} |"
        )
    return "\n".join(lines)


def _span(bounds: Ends) -> str:
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"


if __name__ == "__main__":
    sys.exit(main())
