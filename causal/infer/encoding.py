"""A question as whole numbers and weights, the form in which the compiled planner reads it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from causal.infer.packed import Ints, Packed
from causal.infer.query import Query
from causal.model.event import Condition
from causal.model.intervention import Hard, Intervention, Mix
from causal.model.table import Array

NONE = np.empty(0)


def encoded(
    net: Packed, query: Query, more: Iterable[Intervention] = ()
) -> tuple[Ints, Array] | None:
    """How many variables are asked for, seen and done, then a pair for each; and weights.

    (variable, x): x >= 0 is its state, and x < 0 says that its weights begin at -1 - x.  ``more``
    is done before the query's own ``do``.  None for a question about other days, about what the
    model lacks, or one that is refused.
    """
    if query.within is not None or query.at is not None or not query.event:
        return None
    weights: list[float] = []
    done = {one.variable: one for one in (*more, *query.do)}
    asked = {c.variable for c in query.event}
    if done and any(c.variable in asked and not c.day for c in query.given):
        return None  # refused (see ``question.counterfactual``)
    numbers = [len(query.event), len(query.given), len(done)]
    try:
        for item in query.event:
            numbers += _asked(net, item, weights)
        for item in query.given:
            numbers += _seen(net, item, weights)
        for one in done.values():
            numbers += _done(net, one, weights)
    except KeyError:
        return None
    return np.array(numbers, np.int64), np.array(weights) if weights else NONE


def _asked(net: Packed, item: Condition, weights: list[float]) -> tuple[int, int]:
    v, ((state, weight), *others) = net.place[item.variable, item.day], item.weights
    if weight == 1.0 and not others:
        return v, net.states[item.variable][state]
    if any(w > 1 for _, w in item.weights):
        raise KeyError(item)
    return v, _soft(net, item.variable, item.weights, weights)


def _seen(net: Packed, item: Condition, weights: list[float]) -> tuple[int, int]:
    v = net.place[item.variable, item.day or None]
    if len(item.weights) == 1:
        return v, net.states[item.variable][item.weights[0][0]]
    return v, _soft(net, item.variable, item.weights, weights)


def _done(net: Packed, one: Intervention, weights: list[float]) -> tuple[int, int]:
    v = net.place[one.variable, None]
    if isinstance(one, Hard):
        return v, net.states[one.variable][one.state]
    if not isinstance(one, Mix):
        raise KeyError(one)
    return v, _soft(net, one.variable, one.weights, weights)


def _soft(net: Packed, name: str, given: Iterable[tuple[str, float]], weights: list[float]) -> int:
    """Append the weights of all states; where they begin."""
    states = net.states[name]
    found = [0.0] * len(states)
    for state, weight in given:
        found[states[state]] = weight
    weights += found
    return len(found) - 1 - len(weights)
