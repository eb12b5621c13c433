"""The same network in three hands: plain arrays, pgmpy, pyAgrum.

Surgery is done by hand on the arrays, before any peer sees them: the parents of what is done are
taken away and its table is replaced.  pgmpy's ``CausalInference.query``, ``virtual_intervention``
and ``DynamicBayesianNetwork.fit`` are never used: they are wrong in ordinary cases.  Sets and
weights become sensors, binary children that are seen to say yes, which any program understands.
"""

from __future__ import annotations

import gzip
import logging
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.model.network import CausalModel
from causal.query.assignment import Hard
from causal.query.intervention import Intervention, Schedule

Array = NDArray[np.float64]
NETWORKS = ("asia", "sachs", "child", "alarm", "insurance", "hailfinder", "win95pts")
YES = ("no", "yes")
EVENT = "the_event"


@dataclass(frozen=True)
class Node:
    """P(node | parents), shape (*parent sizes, states)."""

    parents: tuple[str, ...]
    states: tuple[str, ...]
    table: Array


Net = Mapping[str, Node]
Weights = Mapping[str, Mapping[str, float]]


@cache
def example_file(name: str) -> Path:
    """One of the networks that pgmpy ships."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pgmpy
    return Path(pgmpy.__file__).parent / "utils" / "example_models" / f"{name}.bif.gz"


@cache
def example(name: str) -> tuple[Any, Net]:
    """A network that pgmpy ships: pgmpy's own object, and its tables with rows scaled to one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.readwrite import BIFReader

        logging.getLogger("pgmpy").setLevel(logging.ERROR)
        text = gzip.decompress(example_file(name).read_bytes()).decode()
        network = BIFReader(string=text).get_model()
        net = {}
        for node in network.nodes:
            cpd = network.get_cpds(node)
            table = np.moveaxis(np.asarray(cpd.values, dtype=float), 0, -1)
            table = table / table.sum(axis=-1, keepdims=True)
            parents = tuple(cpd.variables[1:])
            net[node] = Node(parents, tuple(map(str, cpd.state_names[node])), table)
    return network, net


def net_of(model: CausalModel, draw: int) -> Net:
    """One draw of a one-slice model, before surgery."""
    found = {}
    for variable in model.graph.variables:
        table = model.tables[variable.name]
        values = table.values[..., draw if table.draws > 1 else 0]
        found[variable.name] = Node(table.parents, variable.states, values)
    return found


def mutilated(net: Net, do: Iterable[Intervention]) -> Net:
    """Surgery by hand; the later of two on the same variable counts."""
    found = dict(net)
    for done in do:
        assert not isinstance(done, Schedule)
        weights = {done.state: 1.0} if isinstance(done, Hard) else dict(done.weights)
        states = net[done.variable].states
        vector = np.array([weights.get(s, 0.0) for s in states])
        found[done.variable] = Node((), states, vector)
    return found


def with_sensor(net: Net, name: str, conditions: Weights) -> Net:
    """A binary child of some variables; P(yes | states) is the product of their weights."""
    chance = np.ones(())
    for variable, weights in conditions.items():
        vector = np.array([weights.get(s, 0.0) for s in net[variable].states])
        chance = chance[..., None] * vector
    table = np.stack([1 - chance, chance], axis=-1)
    return {**net, name: Node(tuple(conditions), YES, table)}


def with_sensors(net: Net, event: Weights, given: Weights) -> tuple[Net, dict[str, str]]:
    """The net with a sensor for the event and one for each condition; what is seen."""
    net, seen = with_sensor(net, EVENT, event), {}
    for place, (variable, weights) in enumerate(given.items()):
        net = with_sensor(net, f"saw_{place}", {variable: weights})
        seen[f"saw_{place}"] = "yes"
    return net, seen


def in_pgmpy(net: Net, seen: Mapping[str, str]) -> float:
    """P(the event = yes | seen) by pgmpy's VariableElimination."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.inference import VariableElimination
        from pgmpy.models import DiscreteBayesianNetwork

        logging.getLogger("pgmpy").setLevel(logging.ERROR)
        network = DiscreteBayesianNetwork()
        network.add_nodes_from(net)
        network.add_edges_from((p, n) for n, node in net.items() for p in node.parents)
        for name, node in net.items():
            cpd = TabularCPD(
                name,
                len(node.states),
                node.table.reshape(-1, len(node.states)).T,
                evidence=list(node.parents),
                evidence_card=[len(net[p].states) for p in node.parents],
                state_names={n: list(net[n].states) for n in (name, *node.parents)},
            )
            network.add_cpds(cpd)
        assert network.check_model()
        found = VariableElimination(network).query(
            [EVENT], evidence=dict(seen), show_progress=False
        )
    return float(found.get_value(**{EVENT: "yes"}))


def in_pyagrum(gum: Any, net: Net, seen: Mapping[str, str], base: Any = None) -> float:
    """P(the event = yes | seen) by LazyPropagation; on a copy of ``base``, a network from a file.

    On a copy only the tables that ``net`` has changed are filled.
    """
    bn = gum.BayesNet() if base is None else gum.BayesNet(base)
    old = set() if base is None else set(bn.names())
    for name, node in net.items():
        if name not in old:
            bn.add(gum.LabelizedVariable(name, "", list(node.states)))
    for name, node in net.items():
        same = name in old and {bn.variable(p).name() for p in bn.parents(name)} == set(
            node.parents
        )
        if same:
            continue
        for parent in bn.parents(name) if name in old else ():
            bn.eraseArc(parent, bn.idFromName(name))
        for parent in node.parents:
            bn.addArc(parent, name)
    for name, node in net.items():
        if name not in old or not node.parents:
            fill(bn.cpt(name), name, node)
    engine = gum.LazyPropagation(bn)
    engine.setEvidence(dict(seen))
    engine.addTarget(EVENT)
    engine.makeInference()
    no_yes = engine.posterior(EVENT).toarray().ravel()  # it may keep stray axes of one state
    return float(no_yes[1])


def fill(cpt: Any, name: str, node: Node) -> None:
    """Fill a pyAgrum table in memory; its first variable changes fastest."""
    axes = (*node.parents, name)
    order = [axes.index(n) for n in reversed(cpt.names)]
    cpt.fillWith(np.transpose(node.table, order).ravel().tolist())


def sampled(net: Net, rng: np.random.Generator) -> dict[str, str]:
    """One joint state, drawn forwards: evidence taken from it can happen."""
    found: dict[str, str] = {}
    waiting = list(net)
    while waiting:
        name = waiting.pop(0)
        node = net[name]
        if any(p not in found for p in node.parents):
            waiting.append(name)
            continue
        place = tuple(net[p].states.index(found[p]) for p in node.parents)
        found[name] = node.states[int(rng.choice(len(node.states), p=node.table[place]))]
    return found
