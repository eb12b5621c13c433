"""The drawdown ladder as a fan: the horizon across, the worst drawdown down.

Shaded are quantiles of the worst drawdown at the posterior mean, day by day; dots are the rungs of
the ladder.  Needs matplotlib, the extra ``plot``; imported when a picture is made.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from causal.drawdown.ladder import QUANTILES, question
from causal.errors import QueryError
from causal.identify.claim import reservation
from causal.query.event import percent
from causal.show.palette import EVENT, INK, SOFT
from causal.show.picture import write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causal.drawdown.ladder import Ladder

SIZE = (9.0, 5.4)  # inches
SHADES = (0.55, 0.40, 0.27, 0.17, 0.09)
ODDS = {0.5: "1 in 2", 0.75: "1 in 4", 0.9: "1 in 10", 0.95: "1 in 20", 0.99: "1 in 100"}


def save_fan(ladder: Ladder, path: str | os.PathLike[str]) -> Path:
    """Write .svg, .png or .pdf (see ``picture.write_picture``).

    Raises QueryError where the effect is only bounded: there is no distribution to draw.
    """
    if not ladder.fan:
        raise QueryError(
            "The ladder is only bounded, so there is no fan to draw.",
            "An unmeasured cause leaves a range for every rung, not a distribution.",
            "Leave out the picture, or ask about something that is identified.",
        )
    return write_picture(lambda: fan_figure(ladder), path, "A ladder")


def fan_figure(ladder: Ladder) -> Figure:
    """Shaded quantiles, labelled at the right end, and a dot for every rung."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=SIZE, layout="constrained")
    axes = drawn.add_subplot()
    days = np.array([0, *ladder.fan])
    curves = np.vstack([np.zeros(len(QUANTILES)), *ladder.fan.values()]).T
    lower = np.zeros(len(days))
    for share, curve, shade in zip(QUANTILES, curves, SHADES, strict=True):
        axes.fill_between(days, -lower, -curve, color=EVENT, alpha=shade, linewidth=0)
        axes.annotate(
            ODDS[share],
            (days[-1], -curve[-1]),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=SOFT,
            fontsize=8,
        )
        lower = curve
    _rungs(axes, ladder)
    _frame(axes, ladder, float(days[-1]), float(curves.max()))
    return drawn


def _rungs(axes: Axes, ladder: Ladder) -> None:
    """A dot and a probability at each threshold and horizon."""
    for rung in ladder.rungs:
        value = rung.answer.probability
        if value is None:
            continue
        axes.plot(rung.days, rung.threshold, "o", color=INK, markersize=3.5, clip_on=False)
        axes.annotate(
            f"{value:.2g}" if value < 0.1 else f"{value:.2f}",
            (rung.days, rung.threshold),
            xytext=(-6, 3),
            ha="right",
            textcoords="offset points",
            color=INK,
            fontsize=8,
        )


def _frame(axes: Axes, ladder: Ladder, last: float, deepest: float) -> None:
    """Scales, ticks and titles: days on a root scale, as moves add up."""
    axes.set_xscale("function", functions=(_root, np.square))
    axes.set_xlim(0, last)
    axes.set_xticks([0, *ladder.fan], ["today", *(f"{d}d" for d in ladder.fan)])
    levels = sorted({r.threshold for r in ladder.rungs})
    axes.set_ylim(-max(deepest, -levels[0]) * 1.06, 0)
    axes.set_yticks([0.0, *levels], ["0", *map(percent, levels)])
    axes.grid(axis="y", color=SOFT, alpha=0.25, linewidth=0.6)
    price = "low" if ladder.price == "low" else "close"
    axes.set_xlabel("within so many days", color=SOFT)
    axes.set_ylabel(f"worst {price} below today's close", color=SOFT)
    said = f"P({question(ladder)})   usual volatility {ladder.usual:.2%} a day"
    axes.set_title(
        "\n".join(filter(None, (said, reservation(ladder.claim)))),
        loc="left",
        color=INK,
        fontsize=10,
    )
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="both", length=0, labelcolor=INK)


def _root(days: float) -> float:
    """The square root, zero below zero (the axis may ask for a little less than zero)."""
    return np.sqrt(np.maximum(days, 0.0))  # type: ignore[no-any-return]
