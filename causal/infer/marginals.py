"""Marginals of every variable on one day, and the joint distribution of a few of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array, Axes
from causal.contract.slice import Slice
from causal.errors import QueryError
from causal.infer.expected_counts import visits
from causal.infer.forward import forward, impossible, last_joint, possible
from causal.infer.frontier import compile_slices, factors
from causal.model.network import CausalModel
from causal.query.event import StatesLike, conditions
from causal.query.query import Query, horizon
from causal.query.unrolled import unroll


def marginals(
    model: CausalModel,
    *,
    given: Mapping[str, StatesLike] | None = None,
    day: int = 0,
    draws: bool = False,
    start: str | None = None,
) -> dict[str, Array]:
    """P(variable) on one day for every variable, at the posterior mean, shape (states,).

    ``draws``: under every posterior draw instead, shape (states, draws), for intervals.  Under the
    model's interventions (which hold from day 1 on when ``day`` > 0, on day 0 otherwise) and
    ``given``; ``start`` is the date of day 0, whose sessions the days then have.  One forward and
    one backward pass give all of them, as visits to their tables (Darwiche 2003).  They are the
    numbers of the tables, declared common causes taken as absent; ``probability`` says what
    licenses one, and bounds it where nothing does.

    Raises QueryError, UnknownVariableError and ImpossibleEvidenceError.
    """
    seen, at = conditions(model.graph, given), horizon(day) or None
    query = Query((), seen, model.interventions, at=at, start=start)
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


@dataclass(frozen=True, slots=True, eq=False)
class OpenJoint:
    """P(open axes | evidence), shape (*sizes of axes, draws); its sum is one, or zero.

    ``log_mass``: log P(evidence) up to the last day that has some; ``event``: how much of each cell
    is the event, over the same axes, where there is one on the last day.
    """

    axes: Axes
    values: Array
    log_mass: Array
    event: Array | None

    def over(self, names: Collection[str], values: Array | None = None) -> tuple[Axes, Array]:
        """The axes among ``names``, and the joint (or ``values`` in its place) over them alone."""
        rest = tuple(i for i, axis in enumerate(self.axes) if axis not in names)
        table = self.values if values is None else values
        return tuple(a for a in self.axes if a in names), table.sum(axis=rest)


def open_joint(model: CausalModel, days: Sequence[Slice]) -> OpenJoint:
    """The joint of what stays open on the last of some compiled days, by one forward pass.

    Normalised per draw; zero throughout where the evidence cannot be.  Raises QueryError beyond the
    budget.
    """
    joint, log_mass = last_joint(model, days)
    total = joint.sum(axis=tuple(range(joint.ndim - 1)))
    last = days[-1]
    values = joint / np.where(total > 0, total, 1.0)
    return OpenJoint(last.plan.output, values, log_mass, last.event)


def joint(
    model: CausalModel,
    names: Sequence[str],
    *,
    given: Mapping[str, StatesLike] | None = None,
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
    order, table = open_joint(model, compile_slices(asked)).over(names)
    mass = table.sum(axis=tuple(range(table.ndim - 1)))
    if not (mass > 0).all():
        raise impossible(query.given)
    found: Array = table.transpose(*(order.index(n) for n in names if n in order), -1)
    for place, name in enumerate(names):
        if name not in order:  # set to one state: its axis was indexed away
            weight = asked.doing[at][name] > 0
            found = np.expand_dims(found, place) * _along(weight, place, found.ndim + 1)
    return found


def _along(flags: NDArray[np.bool_], place: int, axes: int) -> NDArray[np.bool_]:
    return flags.reshape([-1 if i == place else 1 for i in range(axes)])
