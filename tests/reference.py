"""The slow truth: write down every joint state of the unrolled network and add.

P(event | do, evidence) = sum(joint * event * evidence) / sum(joint * evidence), where the joint is
the truncated factorisation (Pearl 2009, eq. 3.10): the factor of a variable that is done on a day
is the vector of the intervention, every other factor is its table.  A policy mixes the two by the
state of its condition; a cut averages the entries of a table over what its effect may see.
Nothing here is shared with ``causal.infer``; it reads the tables, the names of their axes, and the
fields of the interventions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from causal.model.network import CausalModel
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.event import Condition, StatesLike
from causal.query.intervention import Intervention, Schedule

Node = tuple[str, int]  # a variable on a day
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """P(event | evidence) and P(evidence), one value a draw; 0/0 is NaN."""

    draws: Array
    evidence: Array


def truth(
    model: CausalModel,
    event: Mapping[str, StatesLike],
    *,
    given: Mapping[str, StatesLike] | None = None,
    do: Iterable[Intervention] = (),
    within: int | None = None,
    at: int | None = None,
) -> Truth:
    """P(event | do, given) of ``model``, whose own interventions are not looked at."""
    horizon = within or at or 0
    seen = [condition_weights(model, key, s) for key, s in (given or {}).items()]
    lags = any(e.lag for e in model.graph.edges)
    days = range(-1, max([horizon, *(d for (_, d), _ in seen)]) + 1) if lags else range(1)
    nodes = [(name, day) for day in days for name in model.graph.names]
    states = enumerate_states(model, nodes)
    joint = np.ones((len(next(iter(states.values()))), model.draws))
    for name, day in nodes:
        joint *= factor(model, states, (name, day), tuple(do), horizon)
    for node, weights in seen:
        joint *= weights[states[node]][:, None]
    targets = range(1, horizon + 1) if within else [horizon]
    wanted = [condition_weights(model, key, s) for key, s in event.items()]
    never = np.ones(len(joint))
    for day in targets:
        hit = np.ones(len(joint))
        for (name, _), weights in wanted:
            hit *= weights[states[name, day]]
        never *= 1 - hit
    evidence = joint.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return Truth((joint * (1 - never)[:, None]).sum(axis=0) / evidence, evidence)


def enumerate_states(model: CausalModel, nodes: list[Node]) -> dict[Node, NDArray[np.int64]]:
    """The state of every node in every joint state (itertools.product, as arrays)."""
    sizes = [len(model.graph.variable(name).states) for name, _ in nodes]
    return dict(zip(nodes, np.indices(sizes).reshape(len(nodes), -1), strict=True))


def factor(
    model: CausalModel,
    states: Mapping[Node, NDArray[np.int64]],
    node: Node,
    do: tuple[Intervention, ...],
    horizon: int,
) -> Array:
    """The factor of one node in every joint state, shape (joint states, draws or 1)."""
    name, day = node
    done = [_bare(d) for d in do if d.variable == name and _holds(d, day, horizon)]
    sets = [place for place, what in enumerate(done) if isinstance(what, Hard | Mix)]
    if sets:
        found = _doing_vector(model, done[sets[-1]])[states[node]][:, None]
        done = done[sets[-1] + 1 :]
    else:
        found = _table_value(model, states, node, [d for d in done if isinstance(d, Cut)])
    for what in done:
        if isinstance(what, Policy):
            when = what.when
            assert isinstance(when, Condition)
            seen = states[when.variable, day if when.day is None else day - 1]
            names = model.graph.variable(when.variable).states
            chance = np.array([dict(when.weights).get(s, 0.0) for s in names])[seen][:, None]
            set_to = _doing_vector(model, what.what)[states[node]][:, None]
            found = chance * set_to + (1 - chance) * found
    return found


def _table_value(
    model: CausalModel,
    states: Mapping[Node, NDArray[np.int64]],
    node: Node,
    cuts: list[Cut],
) -> Array:
    """The entry of the table in every joint state, each cut axis averaged over what it sees."""
    name, day = node
    table = model.start[name] if day == -1 else model.tables[name]
    last = {c.cause: c for c in cuts}
    found: Array = np.zeros(())
    choices: list[list[tuple[NDArray[np.int64], Array]]] = []
    for axis in table.axes[:-2]:
        cause, _, back = axis.partition("@")
        real = states[cause, day - 1 if back else day]
        choices.append(_sights(model, cause, last[axis], real) if axis in last else
                       [(real, np.ones(len(real)))])  # fmt: skip
    for some in product(*choices):
        weight = np.prod([w for _, w in some], axis=0) if some else np.ones(len(states[node]))
        entry = table.values[(*(s for s, _ in some), states[node])]
        found = found + weight[:, None] * entry
    return found


def _sights(
    model: CausalModel, cause: str, cut: Cut, real: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], Array]]:
    """What a cut effect may see in every joint state, with the chance of it."""
    variable = model.graph.variable(cause)
    closes = variable.measurement is not None and variable.measurement.closed
    closes = closes and len(variable.states) > 1
    weights = dict(cut.sees) if cut.sees else {variable.states[int(closes)]: 1.0}
    shut = (real == 0) & closes
    return [
        (np.where(shut, 0, variable.states.index(s)), np.full(len(real), w))
        for s, w in weights.items()
    ]


def _bare(done: Intervention) -> Intervention:
    return done.what if isinstance(done, Schedule) else done


def _holds(done: Intervention, day: int, horizon: int) -> bool:
    if horizon == 0:
        return day == 0
    if isinstance(done, Schedule):
        last = horizon if done.last is None else done.last
        return done.first <= day <= last
    return day >= 1


def _doing_vector(model: CausalModel, done: Intervention) -> Array:
    what = _bare(done)
    assert isinstance(what, Hard | Mix)
    weights = {what.state: 1.0} if isinstance(what, Hard) else dict(what.weights)
    return np.array([weights.get(s, 0.0) for s in model.graph.variable(what.variable).states])


def condition_weights(model: CausalModel, key: str, states: StatesLike) -> tuple[Node, Array]:
    """The node that a key names (its day 0 where it names none) and the weight of every state."""
    name, _, day = key.partition("@")
    if isinstance(states, str):
        states = [states]
    weights = states if isinstance(states, Mapping) else dict.fromkeys(states, 1.0)
    names = model.graph.variable(name).states
    return (name, int(day or 0)), np.array([float(weights.get(s, 0.0)) for s in names])
