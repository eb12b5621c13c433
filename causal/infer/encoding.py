"""A question as whole numbers and weights, the form in which the compiled planner reads it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from causal.infer.packed import Ints, Packed
from causal.infer.query import Query
from causal.model.event import Condition
from causal.model.intervention import Hard, Intervention, Mix
from causal.model.table import Array


def encoded(
    net: Packed, query: Query, more: Iterable[Intervention] = ()
) -> tuple[Ints, Array] | None:
    """How many variables are asked for, seen and done, then a pair for each; and weights.

    (variable, x): for one asked for, x is where its weights begin; for one seen or done, x >= 0 is
    its state, and x < 0 says that its weights begin at -1 - x.  ``more`` is done before the
    query's own ``do``.  None for a question about other days, or about what the model lacks.
    """
    if query.within is not None or query.at is not None or not query.event:
        return None
    weights: list[float] = []
    done = {one.variable: one for one in (*more, *query.do)}
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
    return np.array(numbers, np.int64), np.array(weights)


def _asked(net: Packed, item: Condition, weights: list[float]) -> tuple[int, int]:
    at, ((state, weight), *others) = len(weights), item.weights
    if weight == 1.0 and not others:
        weights += net.unit[item.variable][state]
    elif all(w <= 1 for _, w in item.weights):
        weights += _vector(net, item.variable, item.weights)
    else:
        raise KeyError(item)
    return net.place[item.variable, item.day], at


def _seen(net: Packed, item: Condition, weights: list[float]) -> tuple[int, int]:
    v = net.place[item.variable, item.day or None]
    if len(item.weights) == 1:
        return v, net.states[item.variable][item.weights[0][0]]
    weights += _vector(net, item.variable, item.weights)
    return v, len(net.states[item.variable]) - 1 - len(weights)


def _done(net: Packed, one: Intervention, weights: list[float]) -> tuple[int, int]:
    v, states = net.place[one.variable, None], net.states[one.variable]
    if isinstance(one, Hard):
        return v, states[one.state]
    if not isinstance(one, Mix):
        raise KeyError(one)
    weights += _vector(net, one.variable, one.weights)
    return v, len(states) - 1 - len(weights)


def _vector(net: Packed, name: str, weights: Iterable[tuple[str, float]]) -> list[float]:
    states = net.states[name]
    found = [0.0] * len(states)
    for state, weight in weights:
        found[states[state]] = weight
    return found
