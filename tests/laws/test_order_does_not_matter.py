"""The order of variables, edges and states, and the words for them, do not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from hypothesis import given

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.model.network import CausalModel, family
from causal.model.table import DRAW, Table
from causal.query.assignment import Hard, Mix
from causal.query.event import StatesLike
from causal.query.intervention import Intervention, Schedule
from tests.laws.trial import RTOL, ask
from tests.strategies import Case, any_case, cases, seeds


def same_answer(one: Case, other: Case) -> None:
    first, second = ask(one), ask(other)
    assert (first.draws is None) == (second.draws is None), f"{one}\n{other}"
    if first.draws is not None:
        np.testing.assert_allclose(first.draws, second.draws, rtol=RTOL, atol=1e-13)
        np.testing.assert_allclose(first.evidence, second.evidence, rtol=RTOL)


def rearranged(model: CausalModel, rng: np.random.Generator) -> CausalModel:
    """The same model: variables, edges, causes in ``start`` and states in another order."""
    graph = model.graph
    states = {v.name: tuple(rng.permutation(v.states).tolist()) for v in graph.variables}
    variables = [
        replace(
            v,
            states=states[v.name],
            start=None if v.start is None else tuple(rng.permutation(v.start).tolist()),
        )
        for v in graph.variables
    ]
    variables = [variables[i] for i in rng.permutation(len(variables))]
    edges = [graph.edges[i] for i in rng.permutation(len(graph.edges))]
    other = CausalGraph(tuple(variables), tuple(edges), name=graph.name)

    def moved(table: Table, axes: tuple[str, ...]) -> Table:
        values = np.moveaxis(table.values, [table.axes.index(a) for a in axes], range(len(axes)))
        for place, axis in enumerate(axes):
            name = axis.partition("@")[0]
            old = graph.variable(name).states
            values = values.take([old.index(s) for s in states[name]], axis=place)
        return Table((*axes, DRAW), values)

    day = {n: moved(t, family(other, n, "day")) for n, t in model.tables.items()}
    start = {n: moved(t, family(other, n, "start")) for n, t in model.start.items()}
    return CausalModel(other, day, start)


@given(seeds)
def test_order(seed: int) -> None:
    case = any_case(seed)
    same_answer(case, replace(case, model=rearranged(case.model, np.random.default_rng(seed))))


@given(cases)
def test_order_of_evidence_and_event(case: Case) -> None:
    turned = replace(
        case, event=dict(reversed(case.event.items())), given=dict(reversed(case.given.items()))
    )
    same_answer(case, turned)


def long(text: str) -> str:
    """A longer word that sorts the other way round."""
    return f"{'zyxwvutsrqponmlkjihgfedcba'['abcdefghijklmnopqrstuvwxyz'.index(text[0])]}_{text}"


def renamed(case: Case) -> Case:
    """The same case in other words."""
    graph = case.model.graph

    def axis(name: str) -> str:
        return long(name)

    variables = tuple(
        Variable(
            long(v.name),
            tuple(map(long, v.states)),
            start=None if v.start is None else tuple(map(long, v.start)),
        )
        for v in graph.variables
    )
    edges = tuple(Edge(long(e.cause), long(e.effect), e.lag) for e in graph.edges)
    other = CausalGraph(variables, edges, name=graph.name)
    tables = {
        long(n): Table((*map(axis, t.axes[:-1]), DRAW), t.values)
        for n, t in case.model.tables.items()
    }
    start = {
        long(n): Table((*map(axis, t.axes[:-1]), DRAW), t.values)
        for n, t in case.model.start.items()
    }
    return replace(
        case,
        model=CausalModel(other, tables, start),
        event={long(k): words(s) for k, s in case.event.items()},
        given={long(k): words(s) for k, s in case.given.items()},
        do=tuple(map(reworded, case.do)),
    )


def words(states: StatesLike) -> StatesLike:
    if isinstance(states, str):
        return long(states)
    if isinstance(states, Mapping):
        return {long(s): w for s, w in states.items()}
    return [long(s) for s in states]


def reworded(done: Intervention) -> Intervention:
    if isinstance(done, Schedule):
        what = reworded(done.what)
        assert not isinstance(what, Schedule)
        return Schedule(what, done.first, done.last)
    if isinstance(done, Hard):
        return Hard(long(done.variable), long(done.state))
    return Mix(long(done.variable), tuple((long(s), w) for s, w in done.weights))


@given(cases)
def test_names(case: Case) -> None:
    same_answer(case, renamed(case))


def test_rearranging_is_no_idle_move() -> None:
    """Putting the states in another order without moving the tables changes answers."""
    changed = 0
    for seed in range(60):
        case = any_case(seed)
        graph = case.model.graph
        variables = tuple(replace(v, states=v.states[::-1]) for v in graph.variables)
        wrong = replace(case, model=replace(case.model, graph=replace(graph, variables=variables)))
        first, second = ask(case), ask(wrong)
        if first.draws is not None and second.draws is not None:
            changed += not np.allclose(first.draws, second.draws)
    assert changed > 15
