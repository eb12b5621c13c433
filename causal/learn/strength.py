"""How many days a row's prior is worth, chosen by what it makes of days that it has not seen.

The history is cut into ``FOLDS`` stretches.  Each in turn is left out, the prior mean is learnt
from the others, and the left-out days have the log score sum N log[(N_train + s m) / (sum +
s)].  Chosen is the smallest s within ``WITHIN`` nats of the best: less prior where the score does
not tell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.variable import TableKind
from causal.model.learnt.design import design
from causal.model.learnt.evidence import BlockCounts
from causal.model.learnt.prior import smoothed
from causal.model.learnt.ratio_logit import mode
from causal.model.posterior import Dirichlet, allowed

STRENGTHS = (2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 1000.0)
FOLDS = 8
WITHIN = 5.0


def strength_of(
    graph: CausalGraph, name: str, parents: tuple[str, ...], kind: TableKind, days: BlockCounts
) -> float:
    """The strength of one table, from its counts by sub-block."""
    scores = np.array(strength_scores(graph, name, parents, kind, days))
    return float(STRENGTHS[int(np.flatnonzero(scores >= scores.max() - WITHIN)[0])])


def strength_scores(
    graph: CausalGraph, name: str, parents: tuple[str, ...], kind: TableKind, days: BlockCounts
) -> list[float]:
    """The log score of every strength in ``STRENGTHS``, in nats, on days that were left out."""
    shape = tuple(graph.size(a) for a in (*parents, name))
    where = allowed(graph, name, parents)
    total = days.total().reshape(shape)
    coding = None if kind == "backoff" else design(graph, name, parents, kind)
    start = None if coding is None else mode(coding, total.reshape(-1, shape[-1]))
    scores = np.zeros(len(STRENGTHS))
    for fold in _folds(days):
        held = fold.reshape(shape)
        train = np.maximum(total - held, 0.0)
        theta = None if coding is None else mode(coding, train.reshape(-1, shape[-1]), start)
        one = (
            None if coding is None or theta is None else smoothed(coding, theta, 1.0, train, where)
        )
        for place, strength in enumerate(STRENGTHS):
            if one is None:
                alpha = Dirichlet(strength).alpha(train, where)
            else:
                alpha = train + strength * (one - train)
            scores[place] += _log_score(alpha, held)
    return [float(s) for s in scores]


def _folds(days: BlockCounts) -> Iterator[Array]:
    """Counts of contiguous stretches of about equally many days, (cells,) each."""
    if not len(days.block):
        return
    _, place = np.unique(days.block, return_inverse=True)
    amount = np.bincount(place, weights=days.days)
    before = np.cumsum(amount) - amount / 2
    fold = np.minimum((before / amount.sum() * FOLDS).astype(int), FOLDS - 1)[place]
    for k in np.unique(fold):
        some = (a[fold == k] for a in (days.block, days.cell, days.days))
        yield BlockCounts(days.cells, *some).total()


def _log_score(alpha: Array, held: Array) -> float:
    chance = alpha / alpha.sum(axis=-1, keepdims=True)
    seen = held > 0
    return float((held[seen] * np.log(np.maximum(chance[seen], 1e-300))).sum())
