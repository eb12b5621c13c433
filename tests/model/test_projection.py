"""Latents that a pgmpy network names are taken out, and what they confound is declared."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest

from causal.ask import probability
from causal.errors import ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.model import projection
from causal.model.network import CausalModel
from causal.model.pgmpy_network import from_pgmpy, to_pgmpy
from causal.model.projection import projected
from causal.model.table import DRAW, Table
from tests.laws.mixed import conditional, observed, tables, whole_model
from tests.reference import enumerate_states, factor, truth
from tests.strategies import one_slice

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    models: Any = importlib.import_module("pgmpy.models")

TWO = ("no", "yes")


def whole(*arrows: str, seed: int = 0) -> CausalModel:
    """Binary variables and random tables without a zero: ``whole("u x", "u y", "x y")``."""
    edges = [Edge(*arrow.split()) for arrow in arrows]
    names = sorted({n for e in edges for n in (e.cause, e.effect)})
    graph = CausalGraph(tuple(Variable(n, TWO) for n in names), tuple(edges), name="whole")
    return CausalModel(graph, tables(np.random.default_rng(seed), graph, "day"))


def with_latents(model: CausalModel, *latents: str) -> Any:
    """The model as a pgmpy network that names latents."""
    network = to_pgmpy(model)
    network.latents = set(latents)
    return network


def shape(model: CausalModel) -> tuple[set[str], set[str]]:
    """Arrows and declared pairs, as text."""
    graph = model.graph
    return (
        {f"{e.cause} {e.effect}" for e in graph.edges},
        {" ".join(sorted((c.one, c.other))) for c in graph.confounded},
    )


PROJECTIONS = [
    ("a common cause", ("u x", "u y", "x y"), "u", {"x y"}, {"x y"}),
    ("of three", ("u a", "u b", "u c"), "u", set(), {"a b", "a c", "b c"}),
    ("a chain of latents", ("u v", "u a", "v b"), "uv", set(), {"a b"}),
    ("a mediator", ("x u", "u y"), "u", {"x y"}, set()),
    ("a mediator of two", ("x u", "u y", "u z"), "u", {"x y", "x z"}, {"y z"}),
    ("a latent collider", ("a u", "b u"), "u", set(), set()),
    ("a latent with one effect", ("u a", "a b"), "u", {"a b"}, set()),
    ("the front door", ("u x", "u y", "x m", "m y"), "u", {"x m", "m y"}, {"x y"}),
]


@pytest.mark.parametrize(("name", "arrows", "latents", "edges", "pairs"), PROJECTIONS)
def test_what_is_left_of_the_graph(
    name: str, arrows: tuple[str, ...], latents: str, edges: set[str], pairs: set[str]
) -> None:
    model = from_pgmpy(with_latents(whole(*arrows), *latents))
    assert shape(model) == (edges, pairs), name
    assert not set(latents) & set(model.graph.names)


@pytest.mark.parametrize("seed", range(60))
def test_the_tables_are_those_of_the_marginal_joint(seed: int) -> None:
    """Any variables of a random model taken as latent: chains, mediators and colliders of them."""
    rng = np.random.default_rng(seed)
    graph = one_slice(seed, most=6, states=3).graph
    model = CausalModel(graph, tables(rng, graph, "day"))
    latents = frozenset(n for n in graph.names if rng.random() < 0.4)
    if latents == set(graph.names):
        with pytest.raises(ModelError, match="are latent"):
            projected(model, latents)
        return
    left = projected(model, latents)
    nodes = [(n, 0) for n in graph.names]
    states = enumerate_states(model, nodes)
    joint = np.prod([factor(model, states, node, (), 0)[:, 0] for node in nodes], axis=0)
    for name, found in left.tables.items():
        want = conditional(left.graph, states, joint, ("day", name, 0))
        assert found.axes == want.axes
        np.testing.assert_allclose(found.values, want.values, atol=1e-12)


def test_a_latent_is_no_longer_answered_as_if_it_were_measured() -> None:
    model = whole("u x", "u y", "x y")
    assert probability(from_pgmpy(to_pgmpy(model)).do(x="yes"), {"y": "yes"}).claim.effect == (
        "identified"
    )
    found = probability(from_pgmpy(with_latents(model, "u")).do(x="yes"), {"y": "yes"})
    assert found.claim.licensed_by == "bounded"
    true = truth(model, {"y": "yes"}, do=model.do(x="yes").interventions).draws[0]
    assert found.bounds is not None
    assert found.bounds[0][0] <= true <= found.bounds[1][0]


def test_a_story_seen_from_a_whole_model_is_its_projection() -> None:
    model, hidden = whole_model(np.random.default_rng(5), days=False)
    story, left = observed(model, hidden), projected(model, hidden)
    assert shape(story) == shape(left)
    for name, table in story.tables.items():
        assert left.tables[name].axes == table.axes
        np.testing.assert_allclose(left.tables[name].values, table.values, atol=1e-12)


def test_a_row_that_never_happens_is_refused() -> None:
    model = whole("u x", "u y", "x y")
    never = Table(("u", "x", DRAW), np.array([[1.0, 0.0], [1.0, 0.0]])[..., None])
    model = CausalModel(model.graph, {**model.tables, "x": never})
    with pytest.raises(ModelError, match="no row for x=yes") as caught:
        from_pgmpy(with_latents(model, "u"))
    assert caught.value.means
    assert caught.value.do


def test_too_large_a_marginal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "LARGEST", 4)
    with pytest.raises(ModelError, match="array of 8 numbers"):
        from_pgmpy(with_latents(whole("u x", "u y", "x y"), "u"))


def test_a_dynamic_network_with_latents_is_refused() -> None:
    network = models.DynamicBayesianNetwork([(("a", 0), ("b", 0)), (("a", 0), ("a", 1))])
    network.latents = {("a", 0)}
    with pytest.raises(ModelError, match="names latent variables"):
        from_pgmpy(network)
