"""``python docs/reference/ladder.py --data PANEL [--rungs] [--write]``: the ladder beside history.

Prints the tables of ``ladder.md``, or writes them into it and draws ``docs/ladder.svg``.  With
``--rungs`` also those of the rungs as of every day: six fits, a minute and a half on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from made import finish

import causal
from causal.app.opening import open_history
from causal.check.drawdowns import ALL, DrawdownRow, drawdowns, last_years
from causal.check.rungs import RungYear, outside_by, rungs
from causal.graph.story import read_story
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
FORECAST = range(2021, 2027)
SHOWN = ((7, -0.10), (30, -0.20))

Rows = tuple[DrawdownRow, ...]


def main(arguments: list[str] | None = None) -> int:
    """Compare, and print or write the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the panel, CSV or Parquet")
    parser.add_argument("--model", type=Path, default=causal.shipped(), help="a fitted model")
    parser.add_argument("--story", type=Path, default=causal.shipped().with_name("crash.toml"))
    parser.add_argument("--rungs", action="store_true", help="also the rungs as of every day")
    parser.add_argument("--write", action="store_true", help=f"write them into {PAGE.name}")
    asked = parser.parse_args(arguments)
    close, low = compared(asked.model, asked.data)
    made = tables(close, low)
    if asked.rungs:
        made |= forecasts(asked.story, asked.data)
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


def forecasts(story_path: Path, panel_path: Path) -> dict[str, str]:
    """The rungs as of every day, and how often they lie outside their band, as two tables."""
    story = read_story(story_path)
    rows = rungs(
        story,
        open_history(None, str(panel_path), story.graph),
        years=FORECAST,
        thresholds=THRESHOLDS,
        horizons=HORIZONS,
        executor="processes",
    )
    return {"rungs outside": outside(rows), "rungs": judged(rows)}


def outside(rows: Sequence[RungYear]) -> str:
    """How many frequencies lie outside the band, by year and horizon, and of how many."""
    by = outside_by(rows, lambda r: (r.year, r.days))
    years, total = outside_by(rows, lambda r: r.year), outside_by(rows, lambda r: 0)[0]
    lines = [
        "| outside its band | " + " | ".join(f"{d}d" for d in HORIZONS) + " | of all |",
        "|---|" + "---:|" * (len(HORIZONS) + 1),
    ]
    for year, (apart, many) in years.items():
        cells = [f"{by[year, d][0]} of {by[year, d][1]}" for d in HORIZONS]
        lines.append(f"| {year} | {' | '.join(cells)} | {apart} of {many} |")
    horizons = outside_by(rows, lambda r: r.days)
    cells = [f"{horizons[d][0]} of {horizons[d][1]}" for d in HORIZONS]
    lines.append(f"| all years | {' | '.join(cells)} | {total[0]} of {total[1]} |")
    return "\n".join(lines)


def judged(rows: Sequence[RungYear]) -> str:
    """Every rung of every year: forecast, band, frequency, and its losses."""
    lines = [
        "| year | fall | within | forecast | 90 % band | frequency | outside | log loss | usual "
        "| Brier | usual |",
        "|---|---:|---:|---:|---|---:|---|---:|---:|---:|---:|",
    ]
    for r in rows:
        lines.append(
            f"| {r.year} | {r.threshold:.0%} | {r.days}d | {r.forecast:.3f} "
            f"| {_span((r.low, r.high))} | {r.frequency:.3f} | {'**yes**' if r.outside else ''} "
            f"| {r.log_loss:.3f} | {r.usual_log_loss:.3f} | {r.brier:.4f} | {r.usual_brier:.4f} |"
        )
    return "\n".join(lines)


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
