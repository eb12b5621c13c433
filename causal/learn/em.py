"""Expectation and maximisation for days on which a variable is missing.

E: every gap day is shared out over the states that it may have had (``model.learnt.gaps``).  M: the
regression of every table that gaps touch is fitted to the counts so completed, or its rows are
N + s / K over N + s where it backs off (K states that may be).  The penalised log likelihood

    sum_days N log P + sum_gap_days log sum_x P(x) prod_c P(c | x) + log prior

never falls (Dempster, Laird & Rubin 1977).  Without gaps nothing is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.model.learnt.evidence import DayCounts, GapDays
from causal.model.learnt.gaps import (
    FAINT,
    Completion,
    add_expected,
    chances,
    completions,
    touched_by,
    weights,
)
from causal.model.learnt.prior import LearntPrior
from causal.model.learnt.ratio_logit import mode, row_means
from causal.model.posterior import Counts, allowed, within

MOST = 40
SMALL = 1e-7  # of its size: a rise of the likelihood that ends it
Ways = list[tuple[GapDays, list[Completion]]]


@dataclass(frozen=True, slots=True, eq=False)
class Completed:
    """Counts with the gap days shared out, and the penalised log likelihood of each round."""

    counts: Counts
    likelihood: tuple[float, ...]


def completed(
    graph: CausalGraph, evidence: DayCounts, counts: Counts, prior: LearntPrior
) -> Completed:
    """The counts of a history with its gaps shared out; ``counts`` are those of the whole days."""
    names = touched_by(graph, evidence.gaps)
    if not names:
        return Completed(counts, ())
    ways: Ways = [(g, completions(graph, g, counts)) for g in evidence.gaps]
    base = {n: counts.day[n].astype(float) for n in names}
    now, heights, modes = dict(base), [], _Modes(graph, prior)
    while True:
        tables, penalty = modes.maximised(now)
        heights.append(_height(ways, tables) + penalty + _whole(base, tables))
        if len(heights) == MOST or (
            len(heights) > 1 and heights[-1] - heights[-2] < SMALL * abs(heights[-1])
        ):
            break
        now = {n: base[n] + a.reshape(base[n].shape) for n, a in _shared(ways, tables).items()}
    told = Counts({**counts.day, **now}, counts.start)
    return Completed(told, tuple(heights))


def shared_out(
    graph: CausalGraph, evidence: DayCounts, counts: Counts, told: Counts, prior: LearntPrior
) -> Counts:
    """The counts of the whole days, and the gap days by the posterior mean of the tables.

    ``told``: the counts that those tables rest on, ``prior`` with its modes at them.
    """
    names = touched_by(graph, evidence.gaps)
    if not names:
        return counts
    ways: Ways = [(g, completions(graph, g, counts)) for g in evidence.gaps]
    tables = {}
    for name in names:
        alpha = prior.alpha(graph, "day", name, told.day[name])
        tables[name] = (alpha / alpha.sum(axis=-1, keepdims=True)).reshape(-1, 1)
    more = _shared(ways, tables)
    shapes = {n: counts.day[n].shape for n in names}
    return Counts(
        {**counts.day, **{n: counts.day[n] + more[n].reshape(shapes[n]) for n in names}},
        counts.start,
    )


class _Modes:
    """The M step, each regression begun where the last one ended."""

    def __init__(self, graph: CausalGraph, prior: LearntPrior) -> None:
        self._graph, self._prior = graph, prior
        self._at: dict[str, Array] = {}

    def maximised(self, counts: Mapping[str, Array]) -> tuple[dict[str, Array], float]:
        """Tables (cells, 1) at the maximum, and the log prior there."""
        tables, penalty = {}, 0.0
        for name, days in counts.items():
            own, states = self._prior.day[name], days.shape[-1]
            tall = days.reshape(-1, states)
            where = allowed(self._graph, name, self._graph.parents(name))
            open_ = np.ones(tall.shape, bool) if where is None else where.reshape(tall.shape)
            if own.kind == "backoff":
                even = own.strength * open_ / np.maximum(open_.sum(axis=-1, keepdims=True), 1)
                rows = np.where(open_, tall, 0.0) + even
                rows /= rows.sum(axis=-1, keepdims=True)
                penalty += float((even[open_] * np.log(rows[open_])).sum())
            else:
                coding = self._prior.design(self._graph, "day", name)
                self._at[name] = theta = mode(coding, tall, self._at.get(name))
                rows = within(row_means(coding, theta[None, :], states)[..., 0], open_)
                penalty -= 0.5 * float(theta @ coding.precision @ theta)
            tables[name] = rows.reshape(-1, 1)
        return tables, penalty


def _height(ways: Ways, tables: Mapping[str, Array]) -> float:
    """The log likelihood of the gap days."""
    found = 0.0
    for gap, kinds in ways:
        for kind in kinds:
            mass = weights(kind, tables, gap.variable).sum(axis=1)[:, 0]
            found += float((gap.share[kind.place] * np.log(np.maximum(mass, FAINT))).sum())
    return found


def _whole(base: Mapping[str, Array], tables: Mapping[str, Array]) -> float:
    """The log likelihood of the whole days."""
    return sum(
        float((days.ravel() * np.log(np.maximum(tables[n][:, 0], FAINT))).sum())
        for n, days in base.items()
    )


def _shared(ways: Ways, tables: Mapping[str, Array]) -> dict[str, Array]:
    """The gap days shared out over the cells of the tables, (cells,) each."""
    into = {n: np.zeros(len(t)) for n, t in tables.items()}
    for gap, kinds in ways:
        for kind in kinds:
            q = chances(kind, tables, gap.variable)[..., 0]
            add_expected(kind, q, gap.share, gap.variable, into)
    return into
