"""Random models and questions: plain generators from a seed, and hypothesis strategies over them.

Every value depends on its seed only, so a failure is reproduced by calling the generator again:
``one_day_case(17)``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Measurement, Variable
from causal.model.network import CausalModel, family
from causal.model.table import DRAW, Table
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.event import StatesLike
from causal.query.intervention import Intervention, Schedule
from causal.query.query import Query

Rng = np.random.Generator
JOINT = 100_000  # joint states that the slow truth is asked to enumerate


CONTROLS = "".join(
    chr(c)
    for c in (*range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A))
)  # what a terminal, or whoever reads a line, would obey
letters = st.characters(exclude_categories=("Cs",), exclude_characters=CONTROLS + "\ufffe\uffff")


def law_models(default: int) -> int:
    """How many random models a law is tried on; ``CAUSAL_LAW_MODELS`` raises it."""
    return max(default, int(os.environ.get("CAUSAL_LAW_MODELS", "0")))


@dataclass(frozen=True)
class Case:
    """A model and a question about it, in the words of the public door."""

    name: str
    model: CausalModel
    event: Mapping[str, StatesLike]
    given: Mapping[str, StatesLike]
    do: tuple[Intervention, ...] = ()
    within: int | None = None
    at: int | None = None

    @property
    def horizon(self) -> int:
        return self.within or self.at or 0

    @property
    def question(self) -> dict[str, Any]:
        return {"given": self.given, "within": self.within, "at": self.at}

    def __str__(self) -> str:
        edges = [f"{e.axis}->{e.effect}" for e in self.model.graph.edges]
        span = f" within {self.within}" if self.within else f" at {self.at}" if self.at else ""
        doing = "; ".join(map(str, self.do))
        return f"{self.name}: P({self.event}{span} | do({doing}), {self.given}) on {edges}"


def variables(rng: Rng, count: int, states: int, *, least: int = 1) -> list[Variable]:
    """Variables ``a``, ``b``, ... in random order, each with ``least`` to ``states`` states."""
    names = list(rng.permutation(list("abcdefghij")[:count]))
    sizes = rng.integers(least, states + 1, size=count)
    return [
        Variable(str(n), tuple(f"s{k}" for k in range(size)))
        for n, size in zip(names, sizes, strict=True)
    ]


def same_day_edges(rng: Rng, names: Iterable[str], parents: int = 3) -> list[Edge]:
    """A random directed acyclic graph: a random order, arrows along it, few parents each."""
    order = [str(n) for n in rng.permutation(list(names))]
    density = rng.choice([0.0, 0.5, 0.9], p=[0.1, 0.4, 0.5])
    found = []
    for place, effect in enumerate(order):
        causes = [c for c in order[:place] if rng.random() < density]
        rng.shuffle(causes)
        found += [Edge(c, effect, because="random") for c in causes[:parents]]
    rng.shuffle(found)  # type: ignore[arg-type]
    return found


def random_table(rng: Rng, graph: CausalGraph, axes: tuple[str, ...], draws: int) -> Table:
    """Rows that are smooth, have zeros, or are certain; a table may have one draw among many."""
    sizes = [graph.size(a) for a in axes]
    draws = 1 if rng.random() < 0.1 else draws
    values = rng.dirichlet(np.full(sizes[-1], rng.choice([0.4, 1.0, 5.0])), (*sizes[:-1], draws))
    values = np.moveaxis(values, -1, -2).copy()
    kind = rng.choice(["smooth", "zeros", "certain"], p=[0.75, 0.2, 0.05])
    if kind != "smooth":
        keep = rng.random(sizes) < (0.6 if kind == "zeros" else 0.0)
        some = rng.integers(sizes[-1], size=sizes[:-1])[..., None] == np.arange(sizes[-1])
        values = np.where((keep | some)[..., None], values + 1e-3, 0.0)
        values /= values.sum(axis=-2, keepdims=True)
    return Table((*axes, DRAW), values)


def with_tables(rng: Rng, graph: CausalGraph, draws: int) -> CausalModel:
    """Random tables on every family of the graph, and on its first slice when it has lags."""
    day = {n: random_table(rng, graph, family(graph, n, "day"), draws) for n in graph.names}
    start = {}
    if graph.persistent:
        start = {n: random_table(rng, graph, family(graph, n, "start"), draws) for n in graph.names}
    return CausalModel(graph, day, start)


def one_slice(seed: int, *, most: int = 7, states: int = 4, draws: int = 4) -> CausalModel:
    """A model of one day: 1 to 7 variables of 1 to 4 states, 1 to 4 draws."""
    rng = np.random.default_rng([1, seed])
    found = variables(rng, int(rng.integers(1, most + 1)), states)
    edges = same_day_edges(rng, [v.name for v in found])
    graph = CausalGraph(tuple(found), tuple(edges), name=f"one{seed}")
    return with_tables(rng, graph, int(rng.integers(1, draws + 1)))


def two_slice(seed: int, *, most: int = 4, states: int = 3, draws: int = 4) -> CausalModel:
    """A model of days: 2 to 4 variables, random lags, sometimes its own parents in ``start``."""
    rng = np.random.default_rng([2, seed])
    count = min(int(rng.choice([2, 2, 3, 3, 4])), most)
    found = variables(rng, count, states if count < 4 else 2, least=1 if rng.random() < 0.1 else 2)
    names = [v.name for v in found]
    edges = same_day_edges(rng, names, parents=2)
    pairs = [(c, e) for c in names for e in names]
    chance = rng.choice([0.2, 0.5])
    lagged = [p for p in pairs if rng.random() < (0.6 if p[0] == p[1] else chance)]
    lagged = lagged or [pairs[int(rng.integers(len(pairs)))]]
    edges += [Edge(c, e, 1, "random") for c, e in lagged]
    rng.shuffle(edges)  # type: ignore[arg-type]
    if rng.random() < 0.4:
        found = with_own_start(rng, found)
    graph = CausalGraph(tuple(found), tuple(edges), name=f"two{seed}")
    return with_tables(rng, graph, int(rng.integers(1, draws + 1)))


def with_own_start(rng: Rng, found: list[Variable]) -> list[Variable]:
    """The same variables, each declaring its parents in the first slice along another order."""
    order = [str(n) for n in rng.permutation([v.name for v in found])]
    causes = {
        n: tuple(c for c in order[:place] if rng.random() < 0.5) for place, n in enumerate(order)
    }
    return [Variable(v.name, v.states, start=causes[v.name]) for v in found]


def some_states(rng: Rng, variable: Variable) -> StatesLike:
    """One state, a set of states, or weights in [0, 1], at least one of them positive."""
    kind = rng.choice(["one", "set", "weights"], p=[0.6, 0.2, 0.2])
    count = 1 if kind == "one" else int(rng.integers(1, len(variable.states) + 1))
    chosen = [str(s) for s in rng.choice(variable.states, size=count, replace=False)]
    if kind == "one":
        return chosen[0]
    if kind == "set":
        return chosen
    weights = rng.random(count).round(3)
    weights[1:] *= rng.random(count - 1) > 0.2
    weights[0] = max(weights[0], 0.01)
    return {s: float(w) for s, w in zip(chosen, weights, strict=True)}


def some_doing(rng: Rng, model: CausalModel, horizon: int) -> tuple[Intervention, ...]:
    """0 to 3 interventions, hard or soft, nested or repeated, on some days of a horizon."""
    found: list[Intervention] = []
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.15, 0.45, 0.25, 0.15]))):
        variable = model.graph.variables[int(rng.integers(len(model.graph.variables)))]
        what: Hard | Mix = Hard(variable.name, str(rng.choice(variable.states)))
        if rng.random() < 0.35:
            weights = rng.dirichlet(np.ones(len(variable.states)))
            what = Mix(variable.name, tuple(zip(variable.states, map(float, weights), strict=True)))
        if horizon and rng.random() < 0.5:
            first = int(rng.integers(1, horizon + 1))
            last = None if rng.random() < 0.3 else int(rng.integers(first, horizon + 1))
            found.append(Schedule(what, first, last))
        else:
            found.append(what)
    return tuple(found)


def some_evidence(rng: Rng, model: CausalModel, days: list[str]) -> dict[str, StatesLike]:
    """0 to 3 conditions on any variable and day: up, down or aside of whatever is done."""
    found: dict[str, StatesLike] = {}
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.15, 0.4, 0.3, 0.15]))):
        variable = model.graph.variables[int(rng.integers(len(model.graph.variables)))]
        day = str(rng.choice(days))
        if variable.name + {"": "@0", "@0": ""}.get(day, day) not in found:  # said once
            found[variable.name + day] = some_states(rng, variable)
    return found


def some_event(rng: Rng, model: CausalModel) -> dict[str, StatesLike]:
    """One or two conditions on the question's own day."""
    chosen = rng.permutation(len(model.graph.variables))[: 1 + (rng.random() < 0.25)]
    found = [model.graph.variables[int(i)] for i in chosen]
    return {v.name: some_states(rng, v) for v in found}


def askable(case: Case) -> Case:
    """The case without evidence on what it asks about, under a do: that is a counterfactual.

    Where that is all its evidence, nothing is done in its place.
    """

    def kept(key: str) -> bool:
        name, _, day = key.partition("@")
        return name not in case.event or not two_worlds(case, int(day or 0))

    given = {k: s for k, s in case.given.items() if kept(k)}
    return replace(case, given=given) if given or not case.given else replace(case, do=())


def askable_query(query: Query) -> Query:
    """The same of a question as a value."""
    names = {c.variable for c in query.event}
    given = [c for c in query.given if c.variable not in names or not two_worlds(query, c.day or 0)]
    return replace(query, given=tuple(given))


def two_worlds(asked: Case | Query, day: int) -> bool:
    """Whether a day is asked about, and something is done on it or before."""
    if not asked.horizon:
        return bool(asked.do) and day == 0
    begun = [d.first if isinstance(d, Schedule) else 1 for d in asked.do]
    first = 1 if asked.within else asked.horizon
    return bool(begun) and max(first, min(begun)) <= day <= asked.horizon


def one_day_case(seed: int) -> Case:
    """A question about one day, put to a model of one slice (two in three) or of two."""
    rng = np.random.default_rng([3, seed])
    model = two_slice(seed) if seed % 3 == 2 else one_slice(seed)
    days = ["", "", "@0", "@-1"] if model.graph.persistent else ["", "", "@0"]
    event, given = some_event(rng, model), some_evidence(rng, model, days)
    do = some_doing(rng, model, 0)
    return askable(Case(f"one_day_case({seed})", model, event, given, do))


def horizon_case(seed: int, joint: int = JOINT) -> Case:
    """A question about the days ahead, as far as ``joint`` states of the unrolled model allow."""
    rng = np.random.default_rng([4, seed])
    model = two_slice(seed)
    slice_size = max(prod(len(v.states) for v in model.graph.variables), 2)
    reach = 1
    while slice_size ** (reach + 3) <= joint and reach < 8:
        reach += 1
    horizon = reach if rng.random() < 0.5 else int(rng.integers(1, reach + 1))
    ahead = [f"@{d}" for d in range(1, horizon + 1)]
    days = ["", "", "@0", "@-1", *ahead]
    event, given = some_event(rng, model), some_evidence(rng, model, days)
    within, at = (horizon, None) if rng.random() < 0.6 else (None, horizon)
    do = some_doing(rng, model, horizon)
    return askable(Case(f"horizon_case({seed})", model, event, given, do, within, at))


def some_policy(rng: Rng, model: CausalModel) -> Policy | None:
    """A policy on what comes before its variable, or the day before; None where nothing does."""
    order, names = model.graph.order, model.graph.names
    name = str(rng.choice(order))
    sees = [(n, None) for n in order[: order.index(name)]]
    sees += [(n, -1) for n in names if model.graph.persistent]
    if not sees:
        return None
    read, day = sees[int(rng.integers(len(sees)))]
    variable, seen = model.graph.variable(name), model.graph.variable(read)
    what: Hard | Mix = Hard(name, str(rng.choice(variable.states)))
    if rng.random() < 0.3:
        weights = rng.dirichlet(np.ones(len(variable.states)))
        what = Mix(name, tuple(zip(variable.states, map(float, weights), strict=True)))
    return Policy(what, {read if day is None else f"{read}@-1": some_states(rng, seen)})


def some_cut(rng: Rng, model: CausalModel) -> Cut | None:
    """A cut of some edge, seeing the calmest state, a chosen one or weights."""
    edges = model.graph.edges
    if not edges:
        return None
    edge = edges[int(rng.integers(len(edges)))]
    variable = model.graph.variable(edge.cause)
    closes = variable.measurement is not None and len(variable.states) > 1
    states = variable.states[1:] if closes else variable.states
    sees: StatesLike | None = None
    if rng.random() < 0.4:
        sees = str(rng.choice(states))
    elif rng.random() < 0.4:
        sees = dict(zip(states, map(float, rng.dirichlet(np.ones(len(states)))), strict=True))
    return Cut(edge.axis, edge.effect, sees)


def closing_some(rng: Rng, model: CausalModel) -> CausalModel:
    """The same tables, some variables being markets whose first state is "closed"."""
    found = tuple(
        replace(v, measurement=Measurement(closed=True)) if rng.random() < 0.3 else v
        for v in model.graph.variables
    )
    return CausalModel(replace(model.graph, variables=found), model.tables, model.start)


def surgery_case(seed: int, joint: int = JOINT) -> Case:
    """A question under policies and cuts, scheduled or not, with assignments among them."""
    rng = np.random.default_rng([5, seed])
    case = horizon_case(seed, joint) if seed % 4 else one_day_case(seed)
    model = closing_some(rng, case.model)
    found: list[Intervention] = list(case.do[:1])
    for _ in range(int(rng.choice([1, 2, 3]))):
        made = some_policy(rng, model) if rng.random() < 0.6 else some_cut(rng, model)
        if made is None:
            continue
        if case.horizon and rng.random() < 0.4:
            first = int(rng.integers(1, case.horizon + 1))
            last = None if rng.random() < 0.3 else int(rng.integers(first, case.horizon + 1))
            found.append(Schedule(made, first, last))
        else:
            found.append(made)
    do = tuple(found[int(i)] for i in rng.permutation(len(found)))
    return askable(replace(case, name=f"surgery_case({seed})", model=model, do=do))


def any_case(seed: int) -> Case:
    """A question of either kind."""
    return horizon_case(seed) if seed % 2 else one_day_case(seed)


seeds = st.integers(0, 2**31 - 1)
one_slice_models = seeds.map(one_slice)
two_slice_models = seeds.map(two_slice)
models = one_slice_models | two_slice_models
cases = seeds.map(any_case)
