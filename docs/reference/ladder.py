"""``python docs/reference/ladder.py --data PANEL [--write]``: the ladder beside history.

Prints the tables of ``ladder.md``, or writes them into it and draws ``docs/ladder.svg``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from made import finish

import causal
from causal.check.drawdowns import ALL, DrawdownRow, drawdowns, last_years
from causal.show.palette import DO, EVENT, INK, SOFT
from causal.show.picture import write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAGE = Path(__file__).with_suffix(".md")
PICTURE = PAGE.parents[1] / "ladder.svg"
THRESHOLDS = (-0.05, -0.10, -0.15, -0.20)
HORIZONS = (1, 7, 30)
YEARS = 8
SHOWN = ((7, -0.10), (30, -0.20))

Rows = tuple[DrawdownRow, ...]


def main(arguments: list[str] | None = None) -> int:
    """Compare, and print or write the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the panel, CSV or Parquet")
    parser.add_argument("--model", type=Path, default=causal.shipped(), help="a fitted model")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    asked = parser.parse_args(arguments)
    close, low = compared(asked.model, asked.data)
    made = tables(close, low)
    if finish(PAGE, made, write=asked.write):
        write_picture(lambda: figure(close), PICTURE, "The comparison")
    return 0


def compared(model_path: Path, panel_path: Path) -> tuple[Rows, Rows]:
    """Rows of the last eight years of the panel, to the worst close and to the worst low."""
    model, panel = causal.load(model_path), causal.read_panel(panel_path)
    years = last_years(panel, YEARS)
    close, low = (
        drawdowns(
            model,
            panel,
            years=years,
            thresholds=THRESHOLDS,
            horizons=HORIZONS,
            low=to_low,
        )
        for to_low in (False, True)
    )
    return close, low


def tables(close: Rows, low: Rows) -> dict[str, str]:
    """Every generated part of the page, by the name of its marker."""
    return {
        "pooled": listed([r for r in close if r.period == ALL]),
        "pooled low": listed([r for r in low if r.period == ALL]),
        "years": listed([r for r in close if r.days == 7 and r.period != ALL]),
        "disagreements": listed([r for r in close if not r.agrees]),
        "disagreements low": listed([r for r in low if not r.agrees]),
    }


def listed(rows: Sequence[DrawdownRow]) -> str:
    """A table: model, frequency and shuffled days."""
    if not rows:
        return "None."
    lines = [
        "| period | usual | fall | within | model | 90 % | frequency | 90 % | shuffled | effect "
        "| agree |",
        "|---|---:|---:|---:|---:|---|---:|---|---:|---:|---|",
    ]
    for r in rows:
        period = f"{r.period} ({r.count:,} days)" if r.period == ALL else r.period
        lines.append(
            f"| {period} | {r.usual:.1%} | {r.threshold:.0%} | {r.days}d "
            f"| {r.model:.3f} | {_span(r.model_interval)} "
            f"| {r.frequency:.3f} | {_span(r.frequency_interval)} | {r.shuffled:.3f} "
            f"| {r.effect:.1f} | {'yes' if r.agrees else '**no**'} |"
        )
    return "\n".join(lines)


def _span(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def figure(rows: Rows) -> Figure:
    """Model and frequency with their intervals, year by year, for two rungs."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(9.0, 3.8), layout="constrained")
    for axes, (days, level) in zip(drawn.subplots(1, 2), SHOWN, strict=True):
        _panel(axes, [r for r in rows if (r.days, r.threshold) == (days, level)])
        title = f"P(drawdown <= {level:.0%} within {days}d)"
        axes.set_title(title, loc="left", color=INK, fontsize=10)
    return drawn


def _panel(axes: Axes, rows: Sequence[DrawdownRow]) -> None:
    for shift, colour, name in ((-0.12, EVENT, "model"), (0.12, DO, "history")):
        for place, row in enumerate(rows):
            mine = name == "model"
            low, high = row.model_interval if mine else row.frequency_interval
            middle = row.model if mine else row.frequency
            label = f"{name}, 90 % interval" if not place else None
            axes.plot([place + shift] * 2, [low, high], color=colour, linewidth=3, alpha=0.35)
            mark = "o" if mine else "D"
            spot = (place + shift, middle)
            axes.plot(*spot, mark, color=colour, markersize=5, label=label, clip_on=False)
    axes.set_xticks(range(len(rows)), [r.period for r in rows], fontsize=8)
    axes.set_ylim(0, None)
    axes.grid(axis="y", color=SOFT, alpha=0.25, linewidth=0.6)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="both", length=0, labelcolor=INK)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)


if __name__ == "__main__":
    sys.exit(main())
