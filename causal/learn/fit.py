"""From a story and a history to a fitted model: prior and counts give posterior draws.

The posterior mean of row r of a table is (N_r + s m_r) / (sum N_r + s): N_r is how often each state
was seen under its causes, m_r its prior mean, s the days that this is worth.  Where priors are
learnt (``learnt``), m_r is a regression of the table, drawn anew in every draw as days are weighed.
A ``dirichlet`` story has rows that are independent, each in closed form (Geiger & Heckerman 1997),

    theta_r | N ~ Dirichlet(N_r + s m_r),

with the story's ``strength`` and a mean that backs off (``model.posterior.Dirichlet``).
Reading, counting and drawing are three steps: ``data.states``, ``counting``, ``model``.

A move is measured in units of the usual volatility m known the day before, a log return a day:

    u_t = ln(c_t / c_(t-1)) / m_(t-1)                       close to close
    w_t = min(u_t, 0) - ln(l_t / c_(t-1)) / m_(t-1) >= 0    how far the low fell below both closes

The counts are the sufficient statistics of the Bayesian bootstrap in ``model.returns``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from causal import limit
from causal.contract.array import Array
from causal.data.in_force import act_columns, with_story_acts
from causal.data.panel import Days, Panel
from causal.data.states import States, measured_columns, states
from causal.data.steps import check_step, step_columns, transform
from causal.errors import DataError, SpecError
from causal.graph.dag import CausalGraph
from causal.graph.story import Moves
from causal.graph.variable import MISSING
from causal.learn.counting.counts import count
from causal.learn.learnt import learnt
from causal.model.learnt.prior import LearntPrior
from causal.model.network import (
    CELL,
    LEARNING,
    CausalModel,
    Fit,
    Provenance,
    check_moves,
    check_size,
    fitted,
)
from causal.model.posterior import Counts, Dirichlet, Piece
from causal.model.returns import CLOSE_EDGES, WICK_EDGES, MoveCounts

if TYPE_CHECKING:
    from causal.graph.story import Story

STRENGTH = 4.0  # days a row of a Dirichlet prior, where the story gives none
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


def fit(
    story: Story,
    panel: Panel | Any,
    *,
    fit_until: str | np.datetime64 | None = None,
    draws: int | None = None,
    seed: int | None = None,
) -> CausalModel:
    """The story fitted to the history up to ``fit_until`` (default: all of it).

    A row that was never seen stays prior.  The tables have ``draws`` posterior draws along their
    last axis, from the random streams of ``seed``; 0 draws give the posterior mean
    (N_r + s m_r) / (sum N_r + s).
    Nothing after ``fit_until`` is read, by the cut points or by the counts.
    The moves of the story's price are counted with the rest, each day once.
    In place of a panel of measurements, ``panel`` may be rows of states: a frame of any engine, or
    Parquet paths (``counting.dataframe.count_frame``), counted where they lie, without moves.
    ``draws`` and ``seed`` replace the story's.  Raises DataError when the panel does not hold what
    the story measures, ModelError for draws or a seed outside ``limit`` and for tables that would
    not fit in memory: before anything is read.
    """
    draws = limit.draws(story.draws if draws is None else draws)
    seed = limit.seed(story.seed if seed is None else seed)
    check_size(story.graph, CELL if story.kind == "dirichlet" else LEARNING)
    if not isinstance(panel, Panel):
        return _fit_rows(story, panel, fit_until, draws, seed)
    known = with_story_acts(panel if fit_until is None else panel.until(fit_until), story.graph)
    read = states(known, story.graph)
    moves = story.moves
    moved = None if moves is None else count_moves(moves, known, story.graph, read)
    counted = _counted_from(story, known)
    used = (
        *measured_columns(story.graph),
        *act_columns(story.graph),
        *(move_columns(moves) if moves is not None else ()),
    )
    provenance = Provenance(
        data_from=str(counted[0]),
        data_to=str(known.dates[-1]),
        rows=len(counted),
        data_hash=known.digest(sorted(set(used))),
        fit_until=str(read.fit_until),
        cuts=read.cuts,
    )
    return _fitted(story, count(read, story.graph), provenance, draws, seed, moves=moved, read=read)


def _counted_from(story: Story, panel: Panel) -> Days:
    """The days that a story lets count; raises DataError where there is none."""
    since = story.weighing.since
    found = panel.dates[panel.dates >= np.datetime64(since)] if since else panel.dates
    if not len(found):
        raise DataError(
            f"The history ends on {panel.dates[-1]}, and days count from {since} on.",
            "Nothing would be learnt: every answer would be the prior's.",
            "Choose an earlier first day, or a later last one.",
        )
    return found


def fit_states(
    story: Story, read: States, *, draws: int | None = None, seed: int | None = None
) -> CausalModel:
    """The story fitted to states of days that are known already: no panel, no moves.

    What ``fit`` does after it has read the panel; for histories that were simulated.  Raises
    ModelError for draws or a seed outside ``limit``.
    """
    sha = hashlib.sha256(read.codes.astype("<i1").tobytes()).hexdigest()
    first, last = str(read.dates[0]), str(read.dates[-1])
    provenance = Provenance(first, last, len(read.dates), sha, str(read.fit_until), read.cuts)
    return _fitted(
        story,
        count(read, story.graph),
        provenance,
        limit.draws(story.draws if draws is None else draws),
        limit.seed(story.seed if seed is None else seed),
        read=read,
    )


def _fit_rows(
    story: Story,
    frame: Any,
    fit_until: str | np.datetime64 | None,
    draws: int,
    seed: int,
) -> CausalModel:
    """The story fitted to rows of states, which have no dates: the hash is that of their counts.

    Raises DataError for a ``fit_until``, and what ``counting.dataframe.count_frame`` raises.
    """
    from causal.learn.counting.dataframe import counted

    if fit_until is not None:
        raise DataError(
            "Rows of states have no dates, so `fit_until` cannot be kept.",
            "Nothing was fitted.",
            "Filter the frame before passing it, or pass a Panel.",
        )
    counts, rows = counted(frame, story.graph)
    sha = hashlib.sha256()
    for piece in get_args(Piece):
        for name in story.graph.names:
            sha.update(
                f"{piece} {name}\0".encode() + counts.of(piece)[name].astype("<i8").tobytes()
            )
    provenance = Provenance("row 1", f"row {rows}", rows, sha.hexdigest(), "")
    return _fitted(story, counts, provenance, draws, seed)


def _fitted(
    story: Story,
    counts: Counts,
    provenance: Provenance,
    draws: int,
    seed: int,
    *,
    moves: MoveCounts | None = None,
    read: States | None = None,
) -> CausalModel:
    """Counts and the story's prior joined into a model; rows are drawn when they are needed."""
    prior: Dirichlet | LearntPrior = Dirichlet(story.strength or STRENGTH)
    evidence = None
    if story.kind != "dirichlet":
        counts, prior, evidence = learnt(story, counts, read)
    return fitted(
        story.graph,
        Fit(
            counts=counts,
            prior=prior,
            draws=draws,
            seed=seed,
            provenance=provenance,
            moves=moves,
            evidence=evidence,
        ),
    )
