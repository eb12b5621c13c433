"""Networks made in pgmpy by hand: what is taken over, and what is not whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causal.errors import CausalError, ModelError
from causal.model.pgmpy_network import from_pgmpy
from tests.model.pgmpy_parts import TabularCPD, models, network
from tests.reference import truth


def test_states_without_names_become_text() -> None:
    model = from_pgmpy(network(TabularCPD("a", 2, [[0.25], [0.75]]), nodes=["a"]))
    assert model.graph.variable("a").states == ("0", "1")


def test_nodes_that_are_no_text() -> None:
    cpds = (TabularCPD(1, 2, [[0.25], [0.75]]), TabularCPD(2, 2, [[1, 0], [0, 1]], [1], [2]))
    assert from_pgmpy(network(*cpds, edges=[(1, 2)])).graph.parents("2") == ("1",)


def test_parent_states_in_another_order_are_put_right() -> None:
    a = TabularCPD("a", 2, [[0.25], [0.75]], state_names={"a": ["low", "high"]})
    b = TabularCPD(
        "b",
        2,
        [[0.9, 0.2], [0.1, 0.8]],
        ["a"],
        [2],
        state_names={"b": ["no", "yes"], "a": ["high", "low"]},
    )
    model = from_pgmpy(network(a, b, edges=[("a", "b")]))
    np.testing.assert_allclose(model.tables["b"].values[..., 0], [[0.2, 0.8], [0.9, 0.1]])


def test_networks_that_are_not_whole() -> None:
    half = TabularCPD("a", 2, [[0.5], [0.5]])
    with pytest.raises(ModelError, match="`b` has no table"):
        from_pgmpy(network(half, edges=[("a", "b")]))
    alone = TabularCPD("b", 2, [[0.5], [0.5]])
    with pytest.raises(ModelError, match=r"table of `b` stands on \[\].*come from \['a'\]"):
        from_pgmpy(network(half, alone, edges=[("a", "b")]))
    other = TabularCPD(
        "b", 2, [[0.5] * 2] * 2, ["a"], [2], state_names={"b": ["x", "y"], "a": ["on", "off"]}
    )
    with pytest.raises(ModelError, match="Name the states alike"):
        from_pgmpy(network(half, other, edges=[("a", "b")]))
    with pytest.raises(CausalError, match="no variable"):
        from_pgmpy(models.DiscreteBayesianNetwork())


@pytest.mark.parametrize("name", ["a@1", "draw"])
def test_names_that_mean_something_else(name: str) -> None:
    with pytest.raises(ModelError, match="cannot name a variable"):
        from_pgmpy(network(TabularCPD(name, 2, [[0.5], [0.5]]), nodes=[name]))


def test_names_that_are_alike_as_text() -> None:
    cpds = [TabularCPD(n, 2, [[0.5], [0.5]]) for n in (1, "1")]
    with pytest.raises(ModelError, match="distinct as text"):
        from_pgmpy(network(*cpds, nodes=[1, "1"]))


@pytest.mark.parametrize("thing", [None, "asia.bif", 3, {}])
def test_things_that_are_no_network(thing: Any) -> None:
    with pytest.raises(ModelError, match="is no discrete Bayesian network"):
        from_pgmpy(thing)


def dynamic(*cpds: Any) -> Any:
    found = models.DynamicBayesianNetwork()
    found.add_edges_from(
        [(("rain", 0), ("wet", 0)), (("rain", 0), ("rain", 1)), (("wet", 0), ("wet", 1))]
    )
    found.add_cpds(*cpds)
    return found


RAIN_0 = TabularCPD(("rain", 0), 2, [[0.8], [0.2]])

WET_0 = TabularCPD(("wet", 0), 2, [[0.9, 0.1], [0.1, 0.9]], [("rain", 0)], [2])

RAIN_1 = TabularCPD(("rain", 1), 2, [[0.7, 0.4], [0.3, 0.6]], [("rain", 0)], [2])

WET_1 = TabularCPD(
    ("wet", 1),
    2,
    [[0.99, 0.6, 0.3, 0.05], [0.01, 0.4, 0.7, 0.95]],
    [("wet", 0), ("rain", 1)],
    [2, 2],
)


def test_a_dynamic_network_gives_two_slices() -> None:
    model = from_pgmpy(dynamic(RAIN_0, WET_0, RAIN_1, WET_1))
    graph = model.graph
    assert graph.persistent == ("rain", "wet")
    assert graph.parents("wet") == ("wet@-1", "rain")
    assert graph.start_parents("wet") == ("rain",)
    np.testing.assert_allclose(model.start["wet"].values[..., 1, 0], [0.1, 0.9])
    np.testing.assert_allclose(model.tables["wet"].values[..., 1, 0], [[0.01, 0.4], [0.7, 0.95]])
    rain = truth(model, {"rain": "1"}, at=1).draws[0]
    first = 0.2 * 0.6 + 0.8 * 0.3
    assert rain == pytest.approx(first * 0.6 + (1 - first) * 0.3)


def test_a_dynamic_network_that_is_not_whole() -> None:
    with pytest.raises(ModelError, match="`wet` has no table"):
        from_pgmpy(dynamic(RAIN_0, WET_0, RAIN_1))


def test_a_dynamic_network_repeats_what_does_not_change() -> None:
    found = models.DynamicBayesianNetwork()
    found.add_edges_from([(("rain", 0), ("wet", 0)), (("rain", 0), ("rain", 1))])
    found.add_cpds(RAIN_0, WET_0, RAIN_1)
    model = from_pgmpy(found)
    assert model.graph.parents("wet") == ("rain",)
    np.testing.assert_array_equal(model.tables["wet"].values, model.start["wet"].values)
