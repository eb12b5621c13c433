"""Random graphs and questions about them, whatever the grammar can write."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import assume
from hypothesis import strategies as st

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.event import Condition
from causal.query.intervention import Action, Intervention, Schedule
from causal.query.query import Query
from causal.query.validation import LONGEST, repeats
from tests.strategies import askable_query, letters

names = st.text(letters.filter(lambda char: char != "@"), min_size=1, max_size=6)

words = st.sampled_from(
    [
        "do",
        "within",
        "at",
        "in",
        "for",
        "on",
        "from",
        "if",
        "then",
        "cut",
        "P",
        "d2",
        "->",
        "a->b",
        "7d",
        "<5",
        'a "b"',
        "c\\",
        "-1",
    ]
)

labels = st.one_of(words, names)

weight = st.floats(min_value=1e-9, max_value=1, exclude_min=True)


@st.composite
def graphs(draw: st.DrawFn) -> CausalGraph:
    found = draw(
        st.lists(labels.filter(lambda n: "@" not in n), min_size=1, max_size=4, unique=True)
    )
    variables = tuple(
        Variable(n, tuple(draw(st.lists(labels, min_size=1, max_size=4, unique=True))))
        for n in found
    )
    chain = tuple(Edge(a, b) for a, b in pairwise(found))
    return CausalGraph(variables, (Edge(found[0], found[0], 1), *chain))


@st.composite
def weighted(draw: st.DrawFn, variable: Variable) -> tuple[tuple[str, float], ...]:
    states = draw(st.lists(st.sampled_from(variable.states), min_size=1, max_size=4, unique=True))
    equal = draw(st.booleans())
    return tuple((s, 1.0 if equal else draw(weight)) for s in states)


@st.composite
def actions(draw: st.DrawFn, graph: CausalGraph, variable: Variable, horizon: int) -> Intervention:
    weights = draw(weighted(variable))
    total = sum(w for _, w in weights)
    mix = Mix(variable.name, tuple((s, w / total) for s, w in weights))
    what: Action = draw(st.sampled_from([Hard(variable.name, weights[0][0]), mix]))
    earlier = graph.variables[: graph.variables.index(variable)]
    kind = draw(st.sampled_from(["set", "policy", "cut"]))
    if kind == "policy":
        today = draw(st.booleans()) and bool(earlier)
        read = draw(st.sampled_from(earlier if today else graph.variables))
        when = Condition(read.name, draw(weighted(read)), None if today else -1)
        assert isinstance(what, Hard | Mix)
        what = Policy(what, when)
    elif kind == "cut":
        edge = draw(st.sampled_from(graph.edges))
        shown = draw(weighted(graph.variable(edge.cause)))
        total = sum(w for _, w in shown)
        sees = draw(st.sampled_from([None, tuple((s, w / total) for s, w in shown)]))
        what = Cut(edge.axis, edge.effect, sees)
    if not horizon or draw(st.booleans()):
        return what
    first = draw(st.integers(1, horizon))
    return Schedule(what, first, draw(st.none() | st.integers(first, first + 3)))


@st.composite
def questions(draw: st.DrawFn) -> tuple[CausalGraph, Query]:
    graph = draw(graphs())
    within, at = draw(
        st.one_of(
            st.just((None, None)),
            st.tuples(st.integers(1, LONGEST), st.none()),
            st.tuples(st.none(), st.integers(1, LONGEST)),
        )
    )
    horizon = within or at or 0
    some = st.lists(st.sampled_from(graph.variables), max_size=4, unique_by=lambda v: v.name)
    one = st.lists(st.sampled_from(graph.variables), min_size=1, max_size=1)
    event = tuple(Condition(v.name, draw(weighted(v))) for v in draw(some) or draw(one))
    given = tuple(
        Condition(v.name, draw(weighted(v)), draw(st.none() | st.integers(-1, horizon)))
        for v in draw(some)
    )
    do = tuple(draw(actions(graph, v, horizon)) for v in draw(some))
    assume(not list(repeats(Query(event, (), do))))
    return graph, askable_query(Query(event, given, do, within, at))
