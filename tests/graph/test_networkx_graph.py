"""A causal graph goes to networkx and back unchanged; what is no causal graph says why."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import networkx as nx
import pytest
from hypothesis import given, settings

from causal.errors import CycleError, SpecError, UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.graph.networkx_graph import from_networkx, to_networkx
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from causal.model.network import CausalModel
from causal.model.store import load, shipped
from tests import strategies


@settings(max_examples=60, deadline=None)
@given(strategies.models)
def test_any_graph_comes_back(model: CausalModel) -> None:
    graph = model.graph
    names = graph.names
    pairs = tuple(Confounded(a, b, "said") for a, b in pairwise(names))
    graph = replace(graph, confounded=pairs)
    assert from_networkx(to_networkx(graph)) == graph


def test_the_story_that_is_shipped_comes_back_whole() -> None:
    graph = load(shipped()).graph
    assert from_networkx(to_networkx(graph)) == graph


@given(strategies.one_slice_models)
@settings(max_examples=40, deadline=None)
def test_networkx_sees_the_same_causes(model: CausalModel) -> None:
    graph = model.graph
    theirs = to_networkx(graph)
    assert nx.is_directed_acyclic_graph(theirs)
    for name in graph.names:
        assert set(theirs.predecessors(name)) == set(graph.parents(name))
        assert nx.ancestors(theirs, name) | {name} == graph.ancestors([name])


def two(*edges: Edge) -> CausalGraph:
    how = Measurement((Series("column", ("log",)),), cuts=(1.0,))
    first = Variable("a", ("n", "y"), how, label="A", manipulable=True, start=())
    return CausalGraph((first, Variable("b", ("n", "y"), why="said")), edges, name="two")


def test_lags_are_keys_of_parallel_edges() -> None:
    graph = two(Edge("a", "b", 0, "soon"), Edge("a", "b", 1, "late"), Edge("b", "b", 1))
    found = to_networkx(graph)
    assert found.edges["a", "b", 0] == {"lag": 0, "because": "soon", "place": 0}
    assert found.edges["a", "b", 1] == {"lag": 1, "because": "late", "place": 1}
    assert found.has_edge("b", "b", key=1)
    assert set(found.nodes["b"]) == {"states", "why"}
    assert from_networkx(found) == graph


def test_a_plain_digraph_and_its_states() -> None:
    graph = from_networkx(
        nx.DiGraph([("rain", "wet")]), states={"rain": ["no", "yes"], "wet": ["no", "yes"]}
    )
    assert graph.parents("wet") == ("rain",)
    assert graph.variable("rain").states == ("no", "yes")
    coloured = nx.DiGraph()
    coloured.add_node(1, states=[0, 1], pos=(0, 1), weight=3)
    assert from_networkx(coloured).variable("1").states == ("0", "1")


def test_through_json_and_back() -> None:
    graph = replace(two(Edge("a", "b", 1)), confounded=(Confounded("a", "b", "why"),))
    graph = replace(graph, variables=tuple(replace(v, measurement=None) for v in graph.variables))
    text = json.dumps(nx.node_link_data(to_networkx(graph), edges="edges"))
    assert from_networkx(nx.node_link_graph(json.loads(text), edges="edges")) == graph


def spoilt(kind: type = nx.DiGraph, **attributes: Any) -> nx.DiGraph:
    found = kind()
    found.add_node("a", states=("n", "y"))
    found.add_node("b", **{"states": ("n", "y"), **attributes})
    found.add_edge("a", "b")
    return found


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"states": "ny"}, "`b` has `states` 'ny'"),
        ({"states": None}, "`b` has no states"),
        ({"states": ()}, "at least one"),
        ({"states": ("n", "n")}, "distinct"),
        ({"states": ("n", "y\x1b")}, "control character"),
        ({"label": 3}, "`label` 3"),
        ({"rule": "best"}, "`rule` 'best'"),
        ({"publication_lag": -1}, "`publication_lag` -1"),
        ({"manipulable": "no"}, "`manipulable` 'no'"),
        ({"measurement": {}}, "`measurement`"),
        ({"start": "a"}, "`start` 'a'"),
        ({"start": ("c",)}, "`c` is no variable"),
    ],
)
def test_attributes_that_say_something_else(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        from_networkx(spoilt(**attributes))
    assert caught.value.means
    assert caught.value.do


def test_what_is_no_causal_graph() -> None:
    for thing in (None, 3, nx.Graph(), nx.MultiGraph(), {"a": ["b"]}):
        with pytest.raises(SpecError, match="no directed networkx graph"):
            from_networkx(thing)
    with pytest.raises(SpecError, match=r"model\.graph"):
        to_networkx(strategies.one_slice(1))  # type: ignore[arg-type]
    ring = spoilt()
    ring.add_edge("b", "a")
    with pytest.raises(CycleError, match=r"a -> b -> a|b -> a -> b"):
        from_networkx(ring)
    ring.edges["b", "a"]["lag"] = 1
    assert from_networkx(ring).parents("a") == ("b@-1",)
    for lag in (2, -1, 0.5, True, "1"):
        late = spoilt()
        late.edges["a", "b"]["lag"] = lag
        with pytest.raises(SpecError, match="lag must be 0 or 1"):
            from_networkx(late)
    twice = spoilt(nx.MultiDiGraph)
    twice.add_edge("a", "b")
    with pytest.raises(SpecError, match="given twice"):
        from_networkx(twice)
    alike = nx.DiGraph()
    alike.add_nodes_from([1, "1"], states=("n", "y"))
    with pytest.raises(SpecError, match="declared twice"):
        from_networkx(alike)
    with pytest.raises(SpecError, match="`c`, which is no node"):
        from_networkx(spoilt(), states={"c": ("n",)})


@pytest.mark.parametrize("pairs", [3, "ab", ["ab"], [("a",)], [("a", 3)], [("a", "c")]])
def test_common_causes_that_say_something_else(pairs: object) -> None:
    graph = spoilt()
    graph.graph["confounded"] = pairs
    with pytest.raises((SpecError, UnknownVariableError)):
        from_networkx(graph)
