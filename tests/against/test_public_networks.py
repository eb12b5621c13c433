"""pgmpy's VariableElimination and pyAgrum's LazyPropagation on hand-mutilated public networks."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from causal.ask import probability
from causal.model.interchange import read_network
from causal.model.network import CausalModel
from causal.model.pgmpy_network import from_pgmpy
from causal.query.assignment import Hard, Mix
from causal.query.event import StatesLike
from causal.query.intervention import Intervention
from tests.against.networks import (
    NETWORKS,
    Net,
    Weights,
    example,
    example_file,
    in_pgmpy,
    in_pyagrum,
    mutilated,
    sampled,
    with_sensors,
)

QUESTIONS = 10
EXACT = {"rtol": 1e-9, "atol": 1e-12}
FROM_FILE = {"rtol": 1e-6, "atol": 1e-6}  # pyAgrum keeps float32 of what it reads

Question = tuple[Weights, Weights, tuple[Intervention, ...]]


@cache
def read(name: str) -> CausalModel:
    """Our reading of a network that pgmpy ships."""
    return read_network(example_file(name))


def question(net: Net, rng: np.random.Generator) -> Question:
    """1 to 3 interventions and 0 to 4 conditions anywhere, about one or two other variables."""
    names = list(net)
    picked = [str(n) for n in rng.permutation(names)]
    do: list[Intervention] = []
    for name in picked[: int(rng.integers(1, 4))]:
        states = net[name].states
        if rng.random() < 0.3:
            weights = rng.dirichlet(np.ones(len(states)))
            do.append(Mix(name, tuple(zip(states, map(float, weights), strict=True))))
        else:
            do.append(Hard(name, states[int(rng.integers(len(states)))]))
    world = sampled(mutilated(net, do), rng)
    seen = [str(n) for n in rng.permutation(names)][: int(rng.integers(0, 5))]
    given = {n: {world[n]: 1.0} for n in seen}
    for name in seen[:1]:
        given[name] |= {s: 0.25 for s in net[name].states if s != world[name]}
    event = {}
    free = [str(n) for n in rng.permutation(names) if n not in given]
    for name in free[: int(rng.integers(1, 3))]:
        states = net[name].states
        event[name] = dict.fromkeys(states[: max(1, len(states) // 2)], 1.0)
    return event, given, tuple(do)


def ours(model: CausalModel, asked: Question) -> float:
    event, given, do = asked
    plain: dict[str, StatesLike] = dict(given)
    return float(probability(model.do(do), dict(event), given=plain).draws[0])


@pytest.mark.parametrize("name", NETWORKS)
def test_tables_are_read_as_written(name: str) -> None:
    network, net = example(name)
    for model in (read(name), from_pgmpy(network)):
        assert set(model.graph.names) == set(net)
        for node in net:
            table = model.tables[node]
            assert model.graph.variable(node).states == net[node].states
            order = [table.parents.index(p) for p in net[node].parents]
            values = np.transpose(table.values[..., 0], [*order, len(order)])
            np.testing.assert_allclose(values, net[node].table, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NETWORKS)
def test_pgmpy(name: str) -> None:
    _, net = example(name)
    model, rng = read(name), np.random.default_rng(len(name))
    for _ in range(QUESTIONS):
        asked = question(net, rng)
        theirs = in_pgmpy(*with_sensors(mutilated(net, asked[2]), *asked[:2]))
        np.testing.assert_allclose(ours(model, asked), theirs, **EXACT, err_msg=str(asked))


@pytest.mark.parametrize("name", NETWORKS)
def test_pyagrum(name: str, needs: Callable[[str], ModuleType]) -> None:
    gum = needs("pyagrum")
    _, net = example(name)
    model, rng = read(name), np.random.default_rng(100 + len(name))
    for _ in range(3 * QUESTIONS):
        asked = question(net, rng)
        theirs = in_pyagrum(gum, *with_sensors(mutilated(net, asked[2]), *asked[:2]))
        np.testing.assert_allclose(ours(model, asked), theirs, **EXACT, err_msg=str(asked))


@pytest.mark.parametrize("name", [n for n in NETWORKS if n != "child"])
def test_pyagrum_reads_the_file(
    name: str, tmp_path: Path, needs: Callable[[str], ModuleType]
) -> None:
    """Its reading of the file, its arcs erased and its tables filled by hand.

    Not child: pyAgrum's parser stops at its state ``Asy/Patch``.
    """
    gum = needs("pyagrum")
    _, net = example(name)
    file = tmp_path / f"{name}.bif"
    file.write_bytes(gzip.decompress(example_file(name).read_bytes()))
    base = gum.loadBN(str(file))
    model, rng = read(name), np.random.default_rng(200 + len(name))
    for _ in range(QUESTIONS):
        asked = question(net, rng)
        net_and_seen = with_sensors(mutilated(net, asked[2]), *asked[:2])
        theirs = in_pyagrum(gum, *net_and_seen, base=base)
        np.testing.assert_allclose(ours(model, asked), theirs, **FROM_FILE, err_msg=str(asked))


def test_forgotten_surgery_would_be_noticed() -> None:
    _, net = example("asia")
    model, rng = read("asia"), np.random.default_rng(5)
    noticed = 0
    for _ in range(20):
        asked = question(net, rng)
        uncut = in_pgmpy(*with_sensors(net, *asked[:2]))
        noticed += not np.isclose(ours(model, asked), uncut, rtol=1e-6)
    assert noticed > 8
