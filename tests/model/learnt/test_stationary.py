"""The law that days settle in, against the left eigenvector of the transition of a day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.ask import probability
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, unlagged
from causal.model.learnt.stationary import TILE, first_slice, stationary
from causal.model.table import DRAW, Table
from tests.model.learnt.worlds import GAPPY, FloatArray, history, law_of, learnt_model, measured
from tests.reference import enumerate_states

CHAIN = CausalGraph(
    (measured("a", "u", "v", "w"), measured("b", "u", "v"), measured("c", "u", "v")),
    (Edge("a", "a", 1), Edge("a", "b"), Edge("b", "b", 1), Edge("b", "a", 1), Edge("b", "c")),
    name="chain",
)
THREE = CausalGraph(
    (measured("a", "u", "v"), measured("b", "u", "v"), measured("c", "u", "v", "w")),
    (
        Edge("c", "a", 1),
        Edge("a", "b"),
        Edge("a", "a", 1),
        Edge("b", "c"),
        Edge("b", "b", 1),
        Edge("a", "c"),
    ),
    name="three",
)
"""All three persist, and every arrow of a day is there: the first slice can hold their law."""
GRAPHS = {g.name: g for g in (CHAIN, THREE, GAPPY)}


def some_tables(graph: CausalGraph, draws: int, seed: int = 0) -> dict[str, Table]:
    """Random tables of a day."""
    rng = np.random.default_rng([70, seed])
    found = {}
    for name in graph.names:
        axes = (*graph.parents(name), name)
        sizes = [graph.size(a) for a in axes]
        rows = rng.dirichlet(np.full(sizes[-1], 0.8), (*sizes[:-1], draws))
        found[name] = Table((*axes, DRAW), np.moveaxis(rows, -1, -2))
    return found


def joint_of(graph: CausalGraph, tables: dict[str, Table], draw: int) -> tuple[FloatArray, ...]:
    """P(day | day before) of all variables, and the persistent state after and before each."""
    nodes = [(n, -1) for n in graph.persistent] + [(n, 0) for n in graph.names]
    states = enumerate_states(law_of(graph), nodes)
    chance = np.ones(len(states[nodes[0]]))
    for name in graph.names:
        axes = tables[name].axes[:-1]
        at = tuple(states[unlagged(a), -1 if a != unlagged(a) else 0] for a in axes)
        chance *= tables[name].values[(*at, draw)]
    sizes = [graph.size(n) for n in graph.persistent]
    before, after = (
        np.ravel_multi_index([states[n, day] for n in graph.persistent], sizes) for day in (-1, 0)
    )
    return chance, before, after, np.array([states[n, 0] for n in graph.names])


def eigenvector(chance: FloatArray, before: FloatArray, after: FloatArray) -> FloatArray:
    """The left eigenvector of eigenvalue one, scaled to one."""
    size = int(before.max()) + 1
    step = np.zeros((size, size))
    np.add.at(step, (before, after), chance)
    values, vectors = np.linalg.eig(step.T)
    found = np.real(vectors[:, np.argmin(np.abs(values - 1))])
    law: FloatArray = found / found.sum()
    return law


@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
@pytest.mark.parametrize("seed", range(3))
def test_the_law_is_the_left_eigenvector_of_every_draw(graph: CausalGraph, seed: int) -> None:
    tables = some_tables(graph, 5, seed)
    law = stationary(graph, tables)
    assert law.shape == (*(graph.size(n) for n in graph.persistent), 5)
    for draw in range(5):
        chance, before, after, _ = joint_of(graph, tables, draw)
        wanted = eigenvector(chance, before, after)
        np.testing.assert_allclose(law[..., draw].ravel(), wanted, atol=1e-4)


@pytest.mark.parametrize("graph", [CHAIN, THREE], ids=lambda g: g.name)
def test_the_first_slice_has_the_marginals_of_that_law(graph: CausalGraph) -> None:
    """Of every family of its own, also where a variable does not persist."""
    tables = some_tables(graph, 3)
    law = stationary(graph, tables)
    found = first_slice(graph, tables, law)
    for draw in range(3):
        chance, before, after, states = joint_of(graph, tables, draw)
        mass = chance * eigenvector(chance, before, after)[before]
        for name in graph.names:
            axes = (*graph.start_parents(name), name)
            joint = np.zeros([graph.size(a) for a in axes])
            np.add.at(joint, tuple(states[graph.names.index(a)] for a in axes), mass)
            rows = joint / joint.sum(axis=-1, keepdims=True)
            np.testing.assert_allclose(found[name].values[..., draw], rows, atol=1e-4)
            assert found[name].axes == (*axes, DRAW)


def test_a_chain_that_stays_long_settles_too() -> None:
    """Months in a state: chances of a stay of .99."""
    tables = some_tables(THREE, 4)
    assert tables["a"].axes == ("c@-1", "a@-1", "a", DRAW)
    values = 0.01 * tables["a"].values + 0.99 * np.eye(2)[None, :, :, None]
    tables["a"] = Table(tables["a"].axes, values)
    law = stationary(THREE, tables)
    for draw in range(4):
        chance, before, after, _ = joint_of(THREE, tables, draw)
        wanted = eigenvector(chance, before, after)
        np.testing.assert_allclose(law[..., draw].ravel(), wanted, atol=2e-4)


def test_tiles_of_draws_change_nothing() -> None:
    tables = some_tables(THREE, 2 * TILE + 7)
    whole = stationary(THREE, tables)
    for draw in (0, TILE, 2 * TILE + 6):
        one = {n: Table(t.axes, t.values[..., [draw]]) for n, t in tables.items()}
        np.testing.assert_allclose(stationary(THREE, one)[..., 0], whole[..., draw], atol=1e-4)


def test_a_table_that_is_certain_has_one_draw_for_all() -> None:
    tables = some_tables(CHAIN, 6)
    tables["b"] = Table(tables["b"].axes, tables["b"].values[..., :1])
    repeated = dict(tables)
    repeated["b"] = Table(tables["b"].axes, np.repeat(tables["b"].values, 6, axis=-1))
    np.testing.assert_allclose(stationary(CHAIN, tables), stationary(CHAIN, repeated), atol=1e-9)


def test_days_that_have_settled_stay_as_they_are() -> None:
    model = learnt_model(history(THREE, 1500), THREE, draws=30)
    for state in ("v", "w"):
        chances = [
            probability(model, {"c": state}, at=day).draws if day else
            probability(model, {"c": state}).draws
            for day in (0, 1, 30)
        ]  # fmt: skip
        np.testing.assert_allclose(chances[0], chances[2], atol=1e-4)
        np.testing.assert_allclose(chances[1], chances[2], atol=1e-4)


def test_the_first_day_may_be_as_it_was_observed() -> None:
    """Unlike where days settle, where the history began elsewhere and was short."""
    read = history(THREE, 60)
    codes = read.codes.copy()
    codes[:40, 0] = 1
    read = replace(read, codes=codes)
    found = learnt_model(read, THREE, draws=0, start="observed")
    often = np.bincount(codes[:, 0], minlength=2)
    np.testing.assert_allclose(found.start["a"].values[..., 0], (often + 1) / (len(codes) + 2))
    drawn = learnt_model(read, THREE, draws=2000, start="observed")
    np.testing.assert_allclose(
        drawn.start["a"].values.mean(axis=-1), found.start["a"].values[..., 0], atol=0.02
    )
    settled = learnt_model(read, THREE, draws=0)
    assert abs(settled.start["a"].values[0, 0] - found.start["a"].values[0, 0]) > 0.01
