"""Marginals of every variable on one day, and the joint distribution of a few of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causal.contract.plan import Array
from causal.contract.slice import Slice
from causal.errors import ImpossibleEvidenceError, QueryError
from causal.infer.expected_counts import visits
from causal.infer.factor import factors
from causal.infer.forward import forward, last_joint, possible
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.query.event import States, conditions
from causal.query.query import Query, horizon
from causal.query.unrolled import unroll


def marginals(
    model: CausalModel,
    *,
    given: Mapping[str, States] | None = None,
    day: int = 0,
    draws: bool = False,
) -> dict[str, Array]:
    """P(variable) on one day for every variable, at the posterior mean, shape (states,).

    ``draws``: under every posterior draw instead, shape (states, draws), for intervals.
    Under the model's interventions (which hold from day 1 on when ``day`` > 0, on day 0 otherwise)
    and ``given``.  One forward and one backward pass give all of them.  They are the numbers of the
    tables, declared common causes taken as absent; ``probability`` says what licenses one, and
    bounds it where nothing does.
    """
    query = Query((), conditions(model.graph, given), model.interventions, at=horizon(day) or None)
    asked = replace(unroll(model.graph, query), event={}, event_days=frozenset())
    source = model if draws else model.mean()
    days = compile_slices(asked, {day: frozenset(model.graph.names)}, batch=source.draws)
    possible(forward(source, days), query)
    used, _ = visits(source, days)
    (here,) = (d for d in days if d.number == day)
    found: dict[str, Array] = {}
    for place, operand in enumerate(factors(here)):
        if operand.source not in found:
            each = _marginal(model, here, place, used[day, place])
            whole = np.broadcast_to(each, (len(each), source.draws)).copy()
            found[operand.source] = whole if draws else whole[:, 0]
    return {n: found[n] for n in model.graph.names}


def _marginal(model: CausalModel, day: Slice, place: int, used: Array) -> Array:
    """P(variable), shape (states, draws), from the visits to an operand whose last axis it is."""
    operand = factors(day)[place]
    last = operand.index[-1]
    if isinstance(last, int):
        certain = np.zeros((model.graph.size(operand.source), 1))
        certain[last] = 1.0
        return certain
    weights: Array = used.reshape(-1, *used.shape[-2:]).sum(axis=0)
    weights /= weights.sum(axis=0)
    return weights


def joint(
    model: CausalModel,
    names: Sequence[str],
    *,
    given: Mapping[str, States] | None = None,
    at: int = 0,
) -> Array:
    """P(names | do, given) on day ``at`` (today: 0), shape (*sizes of names, draws).

    ``given`` is about today, or about the day in its key; ``do`` holds as in ``probability``.

    Raises QueryError when a name comes twice or is also in ``given``, UnknownVariableError, and
    ImpossibleEvidenceError.
    """
    for name in names:
        model.graph.variable(name)
    query = Query((), conditions(model.graph, given), model.interventions, at=at or None)
    seen = {c.variable for c in query.given if (c.day or 0) == at}
    if len(set(names)) < len(names) or seen & set(names):
        raise QueryError(
            f"The joint over {', '.join(names)} names a variable twice, or one that is seen.",
            "Each variable has one axis, and what is seen has none.",
            "Name each variable once.",
        )
    asked = replace(unroll(model.graph, query), event={}, event_days=frozenset(), kept=tuple(names))
    days = compile_slices(asked)
    output = days[-1].plan.output
    table, _ = last_joint(model, days)
    extra = tuple(i for i, axis in enumerate(output) if axis not in names)
    table = table.sum(axis=extra)
    total = table.reshape(-1, table.shape[-1]).sum(axis=0)
    if not (total > 0).all():
        raise ImpossibleEvidenceError(
            "The evidence has probability zero under the model.",
            "Nothing can be conditioned on what cannot happen.",
            "Check the states for a contradiction.",
        )
    order = [axis for axis in output if axis in names]
    found: Array = table.transpose(*(order.index(n) for n in names if n in order), -1) / total
    for place, name in enumerate(names):
        if name not in order:  # set to one state: its axis was indexed away
            weight = asked.doing[at][name] > 0
            found = np.expand_dims(found, place) * _along(weight, place, found.ndim + 1)
    return found


def _along(flags: NDArray[np.bool_], place: int, axes: int) -> NDArray[np.bool_]:
    return flags.reshape([-1 if i == place else 1 for i in range(axes)])
