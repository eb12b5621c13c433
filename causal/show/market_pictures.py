"""Pictures of a simulated market: a crash hour by hour, and what a first fall becomes.

Beside the crash, for the eye, the hours of a real one where they are given.  Needs matplotlib, the
extra ``plot``; imported when a picture is made.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from causal.contract.array import Array
from causal.laboratory.measurement import FIRST_PRICE
from causal.show.palette import DO, EVENT, INK, SOFT
from causal.show.picture import write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from causal.laboratory.fragility import GainCurve
    from causal.laboratory.simulation import Market

History = tuple[str, list[str], Array, Array]
"""Hours to set beside: a title, the names of the days, hourly closes, hourly volumes."""

SIZE, WIDE = (7.5, 8.0), (12.0, 8.0)  # inches


def save_crash(
    market: Market,
    path: str | os.PathLike[str],
    *,
    beside: History | None = None,
) -> Path:
    """Write .svg, .png or .pdf (see ``picture.write_picture``).

    ``market``: one path with its hours; ``beside``: hours of history to set beside it.
    """
    return write_picture(lambda: crash_figure(market, beside=beside), path, "A market")


def crash_figure(market: Market, *, beside: History | None = None) -> Figure:
    """Four panels under each other, the hours across; two more beside them for history."""
    from matplotlib.figure import Figure

    hour = {n: v.reshape(-1, v.shape[-1])[:, 0] for n, v in market.hour.items()}
    drawn = Figure(figsize=SIZE if beside is None else WIDE, layout="constrained")
    columns = 1 if beside is None else 2
    axes = drawn.subplots(4, columns, sharex="col", squeeze=False)
    title = f"Laboratory, {market.dates[0]} to {market.dates[-1]}"
    price = FIRST_PRICE * np.exp(hour["price"])
    _line(axes[0, 0], price, "price, $", INK, title)
    _bars(axes[1, 0], 1000 * hour["liquidated"], "longs liquidated, $M an hour", EVENT)
    _line(axes[2, 0], hour["longs"], "open interest (longs), $B", DO)
    _line(axes[3, 0], hour["gain"], "loop gain g ahead of the price", INK)
    axes[3, 0].axhline(1.0, color=EVENT, linewidth=0.8, linestyle="--")
    axes[3, 0].set_ylim(0, max(1.2, 1.1 * float(hour["gain"].max())))
    axes[3, 0].annotate(
        "g = 1: runs on by itself",
        (0, 1.0),
        xytext=(2, 3),
        textcoords="offset points",
        fontsize=8,
        color=EVENT,
    )
    _days(axes[3, 0], [str(d) for d in market.dates])
    if beside is not None:
        name, days, close, volume = beside
        _line(axes[0, 1], close, "price, $", INK, name)
        _bars(axes[1, 1], volume, "volume, coins an hour", SOFT)
        axes[1, 1].tick_params(labelbottom=True)
        _days(axes[1, 1], days)
        for empty in axes[2:, 1]:
            empty.set_axis_off()
        axes[2, 1].text(
            0,
            0.9,
            "Liquidations, open interest and the gain are not\nseen by the hour in history.",
            fontsize=9,
            color=SOFT,
            va="top",
        )
    return drawn


def _line(axes: Axes, values: Array, label: str, colour: str, title: str = "") -> None:
    axes.plot(np.arange(len(values)), values, color=colour, linewidth=1.4)
    _dress(axes, label, title)


def _bars(axes: Axes, values: Array, label: str, colour: str) -> None:
    axes.bar(np.arange(len(values)), values, width=1.0, color=colour)
    _dress(axes, label, "")


def _dress(axes: Axes, label: str, title: str) -> None:
    axes.set_title(label, loc="left", fontsize=9, color=INK)
    if title:
        axes.set_title(f"{title}\n{label}", loc="left", fontsize=9, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8, colors=INK)
    axes.margins(x=0.01)


def _days(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xticks([24 * k for k in range(len(names))], names, fontsize=8)
    axes.set_xlabel("day (UTC)", fontsize=8)


GAIN_SIZE = (8.0, 6.4)  # inches
STYLES = ("-", "--", "-.", ":")
COLOURS = (INK, EVENT, DO, SOFT)


def save_gain(curves: Sequence[tuple[str, GainCurve]], path: str | os.PathLike[str]) -> Path:
    """Write .svg, .png or .pdf (see ``picture.write_picture``); ``curves`` by what they are
    with."""
    return write_picture(lambda: gain_figure(curves), path, "A gain curve")


def gain_figure(curves: Sequence[tuple[str, GainCurve]]) -> Figure:
    """A line for every curve, told apart by colour and by dashes."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    drawn = Figure(figsize=GAIN_SIZE, layout="constrained")
    above, below = drawn.subplots(2, 1, sharex=True)
    for place, (name, curve) in enumerate(curves):
        how = {
            "color": COLOURS[place % len(COLOURS)],
            "linestyle": STYLES[(place // len(COLOURS) + place) % len(STYLES)],
            "linewidth": 2.0 if place == 0 else 1.3,
            "label": name,
        }
        above.plot(curve.first, curve.forced, **how)
        below.plot(curve.first, curve.gain, **how)
    below.set_ylim(0, max(1.15, *(1.05 * float(c.gain.max()) for _, c in curves)))
    below.axhline(1.0, color=EVENT, linewidth=0.8)
    below.annotate("g = 1", (0.295, 1.02), fontsize=8, color=EVENT, ha="right")
    above.set_title("Longs liquidated after a first fall, $B", loc="left", fontsize=10, color=INK)
    below.set_title("Gain of the loop at the end of the fall", loc="left", fontsize=10, color=INK)
    below.set_xlabel("first fall", fontsize=9)
    below.xaxis.set_major_formatter(PercentFormatter(1.0))
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    above.legend(frameon=False, fontsize=8)
    return drawn
