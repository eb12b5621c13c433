"""The slow truth: write down every joint state of the unrolled network and add.

P(event | do, evidence) = sum(joint * event * evidence) / sum(joint * evidence), where the joint is
the truncated factorisation (Pearl 2009, eq. 3.10): the factor of a variable that is done on a day
is the vector of the intervention, every other factor is its table.  Nothing here is shared with
``causal.infer``; it reads the tables, the names of their axes, and the fields of the interventions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal.model.event import States
from causal.model.intervention import Hard, Intervention, Schedule
from causal.model.network import CausalModel

Node = tuple[str, int]  # a variable on a day
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """P(event | evidence) and P(evidence), one value a draw; 0/0 is NaN."""

    draws: Array
    evidence: Array


def truth(
    model: CausalModel,
    event: Mapping[str, States],
    *,
    given: Mapping[str, States] | None = None,
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
    done = [d for d in do if d.variable == name and _holds(d, day, horizon)]
    if done:
        return _doing_vector(model, done[-1])[states[node]][:, None]
    table = model.start[name] if day == -1 else model.tables[name]
    where = []
    for axis in table.axes[:-1]:
        cause, _, back = axis.partition("@")
        where.append(states[cause, day - 1 if back else day])
    found: Array = table.values[tuple(where)]
    return found


def _holds(done: Intervention, day: int, horizon: int) -> bool:
    if horizon == 0:
        return day == 0
    if isinstance(done, Schedule):
        last = horizon if done.last is None else done.last
        return done.first <= day <= last
    return day >= 1


def _doing_vector(model: CausalModel, done: Intervention) -> Array:
    what = done.what if isinstance(done, Schedule) else done
    weights = {what.state: 1.0} if isinstance(what, Hard) else dict(what.weights)
    return np.array([weights.get(s, 0.0) for s in model.graph.variable(what.variable).states])


def condition_weights(model: CausalModel, key: str, states: States) -> tuple[Node, Array]:
    """The node that a key names (its day 0 where it names none) and the weight of every state."""
    name, _, day = key.partition("@")
    if isinstance(states, str):
        states = [states]
    weights = states if isinstance(states, Mapping) else dict.fromkeys(states, 1.0)
    names = model.graph.variable(name).states
    return (name, int(day or 0)), np.array([float(weights.get(s, 0.0)) for s in names])
