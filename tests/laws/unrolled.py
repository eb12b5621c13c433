"""A model of days written out as a model of one day: a variable for every variable and day.

``d_m1`` is d on day -1 and ``d_2`` on day 2.  First passage becomes an ordinary variable,
``ever_t``: P(ever_t | ever_(t-1), event on day t) = 1 - (1 - ever_(t-1)) (1 - w_t).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.model.network import CausalModel
from causal.model.table import DRAW, Table
from causal.query.assignment import Hard, Mix
from causal.query.event import StatesLike
from causal.query.intervention import Intervention, Schedule
from tests.strategies import Case

NO, YES = "not_yet", "happened"


def placed(name: str, day: int) -> str:
    """The variable of the unrolled model: ``a`` on day -1 is ``a_m1``."""
    return f"{name}_m1" if day == -1 else f"{name}_{day}"


def placed_key(key: str) -> str:
    name, _, day = key.partition("@")
    return placed(name, int(day or 0))


def unrolled(case: Case) -> Case:
    """The same question put to the unrolled model, without a horizon."""
    graph, horizon = case.model.graph, case.horizon
    variables: list[Variable] = []
    edges: list[Edge] = []
    tables: dict[str, Table] = {}
    for day in range(-1, horizon + 1):
        source = case.model.start if day == -1 else case.model.tables
        for variable in graph.variables:
            name, table = placed(variable.name, day), source[variable.name]
            causes = [placed(a.partition("@")[0], day - ("@" in a)) for a in table.parents]
            variables.append(Variable(name, variable.states))
            edges += [Edge(c, name) for c in causes]
            tables[name] = Table((*causes, name, DRAW), table.values)
    event: Mapping[str, StatesLike] = {placed(n, horizon): s for n, s in case.event.items()}
    if case.within:
        event = {placed("ever", horizon): YES}
        for day in range(1, horizon + 1):
            variable, more, ever = forward(case, day)
            variables.append(variable)
            edges += more
            tables[variable.name] = ever
    model = CausalModel(CausalGraph(tuple(variables), tuple(edges), name="unrolled"), tables)
    given = {placed_key(k): s for k, s in case.given.items()}
    do = tuple(one for d in case.do for one in surgery(d, horizon))
    return Case(f"unrolled {case.name}", model, event, given, do)


def forward(case: Case, day: int) -> tuple[Variable, list[Edge], Table]:
    """``ever_day`` with its edges and table."""
    name, before = placed("ever", day), [placed("ever", day - 1)] if day > 1 else []
    causes = [*before, *(placed(key, day) for key in case.event)]
    hit = np.ones(())
    for key, states in case.event.items():
        hit = hit[..., None] * vector(case.model.graph.variable(key), states)
    chance = np.stack([hit, np.ones_like(hit)]) if before else hit
    values = np.stack([1 - chance, chance], axis=-1)[..., None]
    edges = [Edge(c, name) for c in causes]
    return Variable(name, (NO, YES)), edges, Table((*causes, name, DRAW), values)


def vector(variable: Variable, states: StatesLike) -> np.ndarray:  # type: ignore[type-arg]
    """Weights of all states of a condition."""
    if isinstance(states, str):
        states = [states]
    weights = states if isinstance(states, Mapping) else dict.fromkeys(states, 1.0)
    return np.array([weights.get(s, 0.0) for s in variable.states])


def surgery(done: Intervention, horizon: int) -> list[Intervention]:
    """An intervention on days as one intervention on each day's variable."""
    what = done.what if isinstance(done, Schedule) else done
    first, last = (done.first, done.last) if isinstance(done, Schedule) else (1, None)
    days = range(first, (last or horizon) + 1) if horizon else [0]
    found: list[Intervention] = []
    for day in days:
        name = placed(what.variable, day)
        hard = isinstance(what, Hard)
        found.append(Hard(name, what.state) if hard else Mix(name, what.weights))
    return found
