"""From a story and a history to a fitted model: prior and counts give posterior draws.

The rows of a model's tables are independent, each with a Dirichlet prior, and counts are
multinomial: the posterior of a row is in closed form (Geiger & Heckerman 1997):

    theta_r | N ~ Dirichlet(N_r + s m_r)

N_r is how often each state was seen under the causes of row r, s the story's ``strength`` in days,
m_r the prior mean of the row, which backs off to coarser causes and is read off the same counts
(empirical Bayes; ``model.posterior.Dirichlet``).
Reading, counting and drawing are three steps: ``data.states``, ``counting``, ``model.posterior``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from causal import limit
from causal.data.panel import Panel
from causal.data.states import measured_columns, states
from causal.errors import DataError
from causal.learn.counting.counts import count
from causal.learn.price_moves import count_moves, move_columns
from causal.model.network import CausalModel, Fit, Provenance, check_size, fitted
from causal.model.posterior import Counts, Dirichlet, Piece
from causal.model.returns import MoveCounts

if TYPE_CHECKING:
    from causal.graph.story import Story


def fit(
    story: Story,
    panel: Panel | Any,
    *,
    fit_until: str | np.datetime64 | None = None,
    draws: int | None = None,
    seed: int | None = None,
) -> CausalModel:
    """The story fitted to the history up to ``fit_until`` (default: all of it).

    Row r of a table has the posterior Dirichlet(N_r + s m_r); a row that was never seen stays
    prior.  The tables have ``draws`` posterior draws along their last axis, row by row from the
    random stream of ``seed``; 0 draws give the posterior mean (N_r + s m_r) / (sum N_r + s).
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
    check_size(story.graph)
    if not isinstance(panel, Panel):
        return _fit_rows(story, panel, fit_until, draws, seed)
    known = panel if fit_until is None else panel.until(fit_until)
    read = states(known, story.graph)
    moves = story.moves
    moved = None if moves is None else count_moves(moves, known, story.graph, read)
    used = (*measured_columns(story.graph), *(move_columns(moves) if moves is not None else ()))
    provenance = Provenance(
        data_from=str(known.dates[0]),
        data_to=str(known.dates[-1]),
        rows=len(known.dates),
        data_hash=known.digest(sorted(set(used))),
        fit_until=str(read.fit_until),
        cuts=read.cuts,
    )
    return _fitted(story, count(read, story.graph), provenance, draws, seed, moves=moved)


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
) -> CausalModel:
    """Counts and the story's prior joined into a model; rows are drawn when they are needed."""
    return fitted(
        story.graph,
        Fit(
            counts=counts,
            prior=Dirichlet(story.strength),
            draws=draws,
            seed=seed,
            provenance=provenance,
            moves=moves,
        ),
    )
