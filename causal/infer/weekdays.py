"""The mean over weekdays on every draw: independent days, put right at the posterior mean.

The weekday is an axis of seven on every frontier (``query.week``); at the posterior mean that is
one draw, on all of them seven times the work.  So the draws take the days as independent, with a
session as often as any day has, and what that leaves wrong is taken off by Bayes' rule in odds:

    p(draw) ~ p_0(draw) p_w(mean) / p_0(mean)   over the event and its complement,

p_0 with independent days and p_w over the weekdays.  The same defect correction as that of the
price's grid (Stetter 1978; docs/decisions/0015-the-calendar-as-it-is.md): exact at the posterior
mean, and wrong on a draw by how much the ratio differs there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from causal.contract.array import Array
from causal.contract.backend import Forward, Slices
from causal.infer.forward import forwards
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.unrolled import unroll
from causal.query.week import turning


def over_weekdays(model: CausalModel, query: Query, days: Slices) -> Forward:
    """P(event | do, e) and log P(e) of a query per draw, whatever day it begins on.

    ``days``: the query compiled as it stands.  Evidence keeps the scale that ``unroll`` gave it.
    Raises QueryError beyond the budget.
    """
    return all_over_weekdays(model, (query,), (days,))[0]


def all_over_weekdays(
    model: CausalModel, queries: Sequence[Query], worlds: Sequence[Slices]
) -> list[Forward]:
    """``over_weekdays`` of several queries side by side: what they share is computed once."""
    apart = [place for place, query in enumerate(queries) if averaged(model, query)]
    plain = list(worlds)
    for place in apart:
        plain[place] = _compiled(model, replace(queries[place], independent=True))
    found = forwards(model, plain)
    if apart:
        mean = model.mean()
        exact = forwards(mean, [worlds[p] for p in apart])
        near = forwards(mean, [plain[p] for p in apart])
        for place, e, n in zip(apart, exact, near, strict=True):
            found[place] = _corrected(found[place], e, n)
    return found


def _compiled(model: CausalModel, query: Query) -> Slices:
    return compile_slices(unroll(model.graph, query), batch=model.draws)


def averaged(model: CausalModel, query: Query) -> bool:
    """Whether a query on several draws is a mean over weekdays, to be put right at their mean.

    Not so where the evidence says that a day is closed, and with it nearly which weekday it is:
    independent days are far from that, and every draw runs over the weekdays.
    """
    dated = query.independent or query.start is not None
    if model.draws == 1 or dated or not turning(model.graph):
        return False
    asked = unroll(model.graph, query)
    return bool(asked.week) and not asked.tells_a_closed_day


def corrected(
    model: CausalModel,
    query: Query,
    run: Callable[[CausalModel, Query], tuple[Array, Array]],
    *,
    logarithm: bool = True,
) -> tuple[Array, Array]:
    """P(event | do, e) and log P(e) per draw, as ``run`` computes both for a model and a query.

    Without ``logarithm`` the second is a probability, too.
    """
    if not averaged(model, query):
        return run(model, query)
    plain, mean = replace(query, independent=True), model.mean()
    (rough, told), (exact, weight), (near, usual) = (
        run(model, plain),
        run(mean, query),
        run(mean, plain),
    )
    second = shifted if logarithm else in_odds
    return in_odds(rough, exact, near), second(told, weight, usual)


def in_odds(rough: Array, exact: Array, near: Array) -> Array:
    """Probabilities ``rough`` of the draws, their odds multiplied by those of ``exact / near``.

    ``exact`` and ``near`` are at the posterior mean.  All may be zero, one or no number, where
    evidence cannot be.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        hit = rough * np.where(near > 0, exact / near, 1.0)
        miss = (1 - rough) * np.where(near < 1, (1 - exact) / (1 - near), 1.0)
        return np.asarray(np.where(hit + miss > 0, hit / (hit + miss), exact))


def shifted(rough: Array, exact: Array, near: Array) -> Array:
    """Log-probabilities of evidence, moved by what the posterior mean is off; minus infinity is."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(np.isneginf(exact), exact, rough + (exact - near)))


def _corrected(rough: Forward, exact: Forward, near: Forward) -> Forward:
    """A forward pass over independent days put right by two at the posterior mean."""
    probability = in_odds(rough.probability, exact.probability, near.probability)
    curve = None
    if rough.curve is not None and exact.curve is not None and near.curve is not None:
        # "By day d" is put right as a question of its own, so that a shorter one agrees with it.
        passed = [np.minimum(f.cumsum(axis=0), 1.0) for f in (rough.curve, exact.curve, near.curve)]
        curve = np.diff(in_odds(*passed), axis=0, prepend=0.0)
    log_evidence = shifted(rough.log_evidence, exact.log_evidence, near.log_evidence)
    return Forward(probability, log_evidence, curve)
