"""Count the moves of a price, each day once, in the cell of its states and the bin of its size.

A move is measured in units of the usual volatility m known the day before, a log return a day:

    u_t = ln(c_t / c_(t-1)) / m_(t-1)                       close to close
    w_t = min(u_t, 0) - ln(l_t / c_(t-1)) / m_(t-1) >= 0    how far the low fell below both closes

The counts are the sufficient statistics of the Bayesian bootstrap in ``model.returns``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.panel import Panel
from causal.data.states import MISSING, States
from causal.data.steps import check_step, step_columns, transform
from causal.errors import DataError, SpecError
from causal.graph.dag import CausalGraph
from causal.graph.price import Moves
from causal.model.returns import CLOSE_EDGES, WICK_EDGES, MoveCounts, check_moves

DIGITS = 5  # significant digits of the usual volatility: the same on every machine


def count_moves(moves: Moves, panel: Panel, graph: CausalGraph, read: States) -> MoveCounts:
    """The moves of the panel's days on which the price, its scale and the cell are known.

    N[cell, u, w] = number of days t with states ``cell``, u_t in bin u and w_t in bin w; whole
    numbers of shape (*sizes of ``moves.cell``, close bins, wick bins).  ``read`` holds the states
    of the panel's days.  Moves beyond the last edges count in the last bins.  A story without a low
    has no wicks: they count in the first bin.
    Raises ModelError where the cells do not fit in memory, SpecError for a step that is not
    understood, DataError when no day can be counted.
    """
    check_moves(moves, graph, (len(CLOSE_EDGES) - 1) * (len(WICK_EDGES) - 1))
    move, wick, scale = measured_moves(moves, panel)
    codes = [read.of(name) for name in moves.cell]
    whole = np.isfinite(move) & np.isfinite(wick)
    for code in codes:
        whole &= code != MISSING
    if not whole.any():
        raise DataError(
            "No day of the history has a move that can be counted.",
            f"`{moves.close}`, its scale and the states of {', '.join(moves.cell)} are never known "
            "on the same day.",
            "Fit on a longer history, or take the section [moves] out of the story.",
        )
    u = _bin(move[whole], CLOSE_EDGES)
    w = _bin(wick[whole], WICK_EDGES)
    sizes = tuple(graph.size(name) for name in moves.cell)
    days = np.zeros((*sizes, len(CLOSE_EDGES) - 1, len(WICK_EDGES) - 1), dtype=np.int64)
    cell = tuple(code[whole].astype(np.intp) for code in codes)
    np.add.at(days, (*cell, u, w), 1)
    usual, _ = _last(scale)
    return MoveCounts(moves, CLOSE_EDGES, WICK_EDGES, days, usual)


def usual_volatility(moves: Moves, panel: Panel) -> tuple[float, int] | None:
    """The last usual volatility that a panel knows, and its age in days.

    m, a log return a day (0.025 is 2.5 %), to ``DIGITS`` digits; age 0 is the panel's last day.  It
    is what the steps ``scale`` make of the closes of the panel; None where it is never known.
    Raises as ``measured_moves``.
    """
    scale = _scale(moves, panel)
    if not np.isfinite(scale).any():
        return None
    usual, place = _last(scale)
    return usual, len(scale) - 1 - place


def _last(scale: Array) -> tuple[float, int]:
    """The last known entry, to ``DIGITS`` digits, and its place."""
    place = int(np.flatnonzero(np.isfinite(scale))[-1])
    return float(f"{scale[place]:.{DIGITS}g}"), place


def move_columns(moves: Moves) -> tuple[str, ...]:
    """Columns of the panel that the moves are measured by: close, low, those of the scale."""
    return (*moves.columns, *step_columns(moves.scale))


def measured_moves(moves: Moves, panel: Panel) -> tuple[Array, Array, Array]:
    """Move u of the close, wick w, and scale m at the end of the day, each of shape (days,).

    u and w are in usual volatilities, m is a log return a day; NaN where unknown.  The scale
    m_(t-1) of a day is what its steps make of the closes up to the day before, so that no move is
    measured with itself.
    Raises SpecError for a step that is not understood, DataError for a missing column and for a
    price that is not above zero.
    """
    panel.require(move_columns(moves))
    close, scale = panel.column(moves.close), _scale(moves, panel)
    before = np.concatenate([[np.nan], scale[:-1]])
    move = transform(close, panel.dates, ("logreturn",)) / before
    wick = np.where(np.isnan(move), np.nan, 0.0)
    if moves.low:
        low = panel.column(moves.low)
        if (low[np.isfinite(low)] <= 0).any():
            raise DataError(
                f"`{moves.low}` holds a price that is not above zero.",
                "Its logarithm does not exist.",
                "Blank the cell if it is an error of the source.",
            )
        wick = np.maximum(np.minimum(move, 0.0) - (move - np.log(close / low) / before), 0.0)
    return move, wick, scale


def _scale(moves: Moves, panel: Panel) -> Array:
    """The usual volatility at the end of every day, NaN where it is not known."""
    problems = [p for step in moves.scale for p in check_step(step)]
    if problems:
        raise SpecError(
            f"{len(problems)} step(s) of [moves] are not understood.",
            "No move can be measured.",
            "Mend each of these:",
            problems,
        )
    others = step_columns(moves.scale)
    panel.require((moves.close, *others))
    close, held = panel.column(moves.close), {name: panel.column(name) for name in others}
    scale = transform(close, panel.dates, moves.scale, others=held)
    return np.where(scale > 0, scale, np.nan)


def _bin(values: Array, edges: tuple[float, ...]) -> NDArray[np.intp]:
    """The place i with edges[i] <= value < edges[i + 1]; what lies beyond is in the last bins."""
    found: NDArray[np.intp] = np.searchsorted(np.array(edges), values, side="right") - 1
    return np.clip(found, 0, len(edges) - 2)
