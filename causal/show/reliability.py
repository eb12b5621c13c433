"""Reliability of forecasts, board by board: CORP curves with bands, and Murphy diagrams.

Needs matplotlib, the extra ``plot``; imported when a picture is made.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from causal.check.scores import bands, murphy, reliability
from causal.check.skill import BLOCK, USUAL, worst_came
from causal.check.walk_forward import NETWORK, Board
from causal.show.palette import DO, EVENT, INK, SOFT
from causal.show.picture import write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 3.2, 6.2  # inches a board
LINES = ((NETWORK, EVENT, "-"), ("logistic", DO, "--"), (USUAL, SOFT, ":"))
POINTS = 41


def save_reliability(boards: Sequence[Board], path: str | os.PathLike[str]) -> Path:
    """Write .svg, .png or .pdf (see ``picture.write_picture``)."""
    return write_picture(lambda: reliability_figure(boards), path, "A reliability diagram")


def reliability_figure(boards: Sequence[Board]) -> Figure:
    """A column for every board: the curve of the network above, elementary scores below."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(WIDTH * len(boards), HEIGHT), layout="constrained")
    axes = drawn.subplots(2, len(boards), squeeze=False)
    for column, board in enumerate(boards):
        _curve(axes[0, column], board)
        _murphy(axes[1, column], board)
        axes[0, column].set_title(board.name, loc="left", fontsize=10, color=INK)
    axes[0, 0].set_ylabel("how often it came", fontsize=9)
    axes[1, 0].set_ylabel("mean elementary score", fontsize=9)
    axes[1, 0].legend(frameon=False, fontsize=8)
    return drawn


def _curve(axes: Axes, board: Board) -> None:
    p, y = board.forecasts[NETWORK][:, -1], worst_came(board)
    found = reliability(p, y)
    top = min(1.6 * max(float(found.forecast[-1]), 0.02), 1.0)  # single days may lie above
    at = np.linspace(float(found.forecast[0]), float(found.forecast[-1]), POINTS)
    ends = bands(p, y, list(at), block=BLOCK)
    axes.fill_between(at, ends[:, 0], ends[:, 1], color=EVENT, alpha=0.15, linewidth=0)
    turns = np.flatnonzero(np.diff(found.recalibrated, prepend=-1, append=2))
    kept = np.unique(np.clip([*(turns - 1), *turns], 0, len(p) - 1))  # a step at each turn
    axes.plot(found.forecast[kept], found.recalibrated[kept], color=EVENT, linewidth=1.6)
    axes.plot([0, top], [0, top], color=SOFT, linewidth=0.8, linestyle="--")
    heights, edges = np.histogram(p, bins=POINTS - 1)
    tall = 0.12 * top * heights / heights.max()
    axes.bar(edges[:-1], tall, width=np.diff(edges), align="edge", color=INK, alpha=0.2)
    axes.set_ylim(0, top)
    told = f"MCB {found.miscalibration:.4f}  DSC {found.discrimination:.4f}"
    axes.annotate(told, (0.03, 0.95), xycoords="axes fraction", fontsize=8, color=INK, va="top")
    _dress(axes, "forecast of the network")


def _murphy(axes: Axes, board: Board) -> None:
    y = worst_came(board)
    most = max(float(board.forecasts[n][:, -1].max()) for n, _, _ in LINES if n in board.forecasts)
    thresholds = np.linspace(0.0, max(most, 0.05), 101)
    for name, colour, style in LINES:
        if name in board.forecasts:
            scores = murphy(board.forecasts[name][:, -1], y, thresholds)
            axes.plot(thresholds, scores, color=colour, linestyle=style, label=name)
    _dress(axes, "threshold (cost-loss ratio)")


def _dress(axes: Axes, label: str) -> None:
    axes.set_xlabel(label, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
