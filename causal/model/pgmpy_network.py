"""To and from pgmpy's networks, of one slice and of two.

Only pgmpy's tables cross the border, never its inference.  pgmpy is imported when first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causal.contract.array import Array
from causal.errors import ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable, unlagged
from causal.model.network import CausalModel, family
from causal.model.pgmpy_table import (
    NodeTable,
    SliceNode,
    check_complete,
    check_states,
    checked_names,
    in_slice,
    made_by_pgmpy,
    node_tables,
    printable,
    quiet,
)
from causal.model.posterior import Piece
from causal.model.projection import projected
from causal.query.intervention import Hard, Mix, Schedule

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork, DynamicBayesianNetwork

ALIKE = 1e-8  # by how much an entry may differ between two slices that are one


def from_pgmpy(network: Any) -> CausalModel:
    """The point model of a pgmpy network, its order of nodes kept, its states as text.

    A DiscreteBayesianNetwork gives one slice.  A DynamicBayesianNetwork gives two: the tables of
    its slice 0 become ``start``, those of its slice 1 the tables of every day.  A table that its
    ``initialize_initial_state`` made is taken from the slice that it was made of, whose order of
    parents pgmpy loses.  Variables named in ``latents`` are not measured: they are taken out, what
    they confound is declared, and the tables are those of what is left (see ``projection``).
    Raises ModelError for anything else, an incomplete network, two tables of one node, names that
    are not as many as the states, a dynamic network without an arrow between its slices where they
    differ, or latents that cannot be taken out; TableError for a bad row.
    """
    with quiet():
        from pgmpy.models import DiscreteBayesianNetwork, DynamicBayesianNetwork

        if isinstance(network, DynamicBayesianNetwork):
            return _dynamic(network)
        if isinstance(network, DiscreteBayesianNetwork):
            return _static(network)
    raise ModelError(
        f"A {type(network).__name__} is no discrete Bayesian network.",
        "Only networks with a table on every node can be taken over.",
        "Give a pgmpy DiscreteBayesianNetwork or DynamicBayesianNetwork.",
    )


def to_pgmpy(model: CausalModel) -> DiscreteBayesianNetwork | DynamicBayesianNetwork:
    """The posterior mean of a model as a pgmpy network, of one slice after any surgery.

    A model with lagged edges becomes a DynamicBayesianNetwork: slice 0 holds ``start``, slice 1 the
    tables of every day, so pgmpy's day t is day t - 1 here.  Arrows of the first slice are its own:
    pgmpy's ``copy`` and ``add_edge`` would give both slices the same.
    Draws, labels, reasons and confounded pairs stay behind: pgmpy's networks have no place for
    them.  Raises ModelError after a schedule, a policy or a cut, and for a model with lagged edges
    after any surgery: it holds from day 1, a table of pgmpy's on every day.
    """
    _check_writable(model)
    mean = model.mean()
    done = {do.variable: do for do in model.interventions if isinstance(do, Hard | Mix)}
    with quiet():
        if model.graph.persistent:
            return _two_slices(mean)
        from pgmpy.models import DiscreteBayesianNetwork

        network = DiscreteBayesianNetwork()
        network.name = model.name
        network.add_nodes_from(model.graph.names)
        for variable in model.graph.variables:
            table = mean.tables[variable.name]
            parents, values = list(table.parents), table.values[..., 0]
            if variable.name in done:
                parents, values = [], done[variable.name].vector(variable)
            network.add_edges_from((p, variable.name) for p in parents)
            states = {n: model.graph.variable(n).states for n in (*parents, variable.name)}
            network.add_cpds(_cpd(variable.name, parents, states, values))
    return network


def _check_writable(model: CausalModel) -> None:
    """Raise ModelError where surgery has made what no pgmpy network holds."""
    if not model.interventions:
        return
    if model.graph.persistent or any(isinstance(do, Schedule) for do in model.interventions):
        raise ModelError(
            f"The model `{model.name}` runs through time, and has been acted on.",
            "A table of a pgmpy network holds on every day, an intervention from day 1 or on the "
            "days of its schedule.",
            "Export it before `.do(...)`, and ask the model itself what follows from the surgery.",
        )
    if not all(isinstance(do, Hard | Mix) for do in model.interventions):
        raise ModelError(
            f"The model `{model.name}` holds a policy or a cut edge.",
            "What they make of a table is not written into pgmpy networks.",
            "Ask the model itself, or export it before `.do(...)`.",
        )


def _two_slices(mean: CausalModel) -> DynamicBayesianNetwork:
    """A model with lagged edges; nodes and arrows are added to each slice by itself."""
    from pgmpy.base import DAG
    from pgmpy.models import DynamicBayesianNetwork
    from pgmpy.models.DynamicBayesianNetwork import DynamicNode

    graph = mean.graph
    network = DynamicBayesianNetwork()
    network.name = mean.name
    pieces: tuple[tuple[int, Piece], ...] = ((0, "start"), (1, "day"))
    for day, _ in pieces:
        for name in graph.names:
            DAG.add_node(network, DynamicNode(name, day))
    for day, piece in pieces:
        tables = mean.tables if piece == "day" else mean.start
        for name in graph.names:
            axes = family(graph, name, piece)
            nodes: list[SliceNode] = [(unlagged(a), day if a == unlagged(a) else 0) for a in axes]
            for parent in nodes[:-1]:
                DAG.add_edge(network, DynamicNode(*parent), DynamicNode(name, day))
            states = {n: graph.variable(n[0]).states for n in nodes}
            network.add_cpds(_cpd(nodes[-1], nodes[:-1], states, tables[name].values[..., 0]))
    return network


def _cpd(name: Any, parents: list[Any], states: dict[Any, tuple[str, ...]], values: Array) -> Any:
    """A pgmpy table of values of shape (*parent sizes, states)."""
    from pgmpy.factors.discrete import TabularCPD

    size = values.shape[-1]
    return TabularCPD(
        name,
        size,
        values.reshape(-1, size).T,
        evidence=parents,
        evidence_card=[len(states[p]) for p in parents],
        state_names={n: list(s) for n, s in states.items()},
    )


def _static(network: Any) -> CausalModel:
    names = checked_names(network.nodes)
    parts = node_tables(network.get_cpds(), dynamic=False)
    check_states(parts, {(n, 0) for n in names})
    for one in network.nodes:
        check_complete(parts, (str(one), 0), {(str(p), 0) for p in network.predecessors(one)})
    variables = tuple(Variable(n, parts[n, 0].states[n, 0]) for n in names)
    edges = tuple(Edge(p[0], n) for n in names for p in parts[n, 0].parents)
    graph = CausalGraph(variables, edges, name=printable(str(network.name or "network"), "network"))
    found = {n: parts[n, 0].table(graph, family(graph, n, "day")) for n in names}
    latents = frozenset(map(str, network.latents)) & set(names)
    model = CausalModel(graph, found)
    return projected(model, latents) if latents else model


def _dynamic(network: Any) -> CausalModel:
    if network.latents:
        raise ModelError(
            f"The dynamic network names latent variables: {sorted(map(str, network.latents))}.",
            "What a latent carries from day to day has no place in a story: its unmeasured common "
            "causes act within a day.",
            "Give the network without them, or with every variable measured.",
        )
    names = checked_names(dict.fromkeys(one[0] for one in network.nodes))
    parts = _whole(network, names)
    edges = tuple(Edge(p, n, 1 - day) for n in names for p, day in parts[n, 1].parents)
    causes = {n: tuple(p for p, day in parts[n, 1].parents if day) for n in names}
    starts = {n: tuple(p for p, _ in parts[n, 0].parents) for n in names}
    variables = tuple(
        Variable(n, parts[n, 1].states[n, 1], start=None if starts[n] == causes[n] else starts[n])
        for n in names
    )
    graph = CausalGraph(variables, edges, name=printable(str(network.name or "network"), "network"))
    tables = {n: parts[n, 1].table(graph, family(graph, n, "day")) for n in names}
    start = {n: parts[n, 0].table(graph, family(graph, n, "start")) for n in names}
    if graph.persistent:
        return CausalModel(graph, tables, start)
    for n in names:
        order = [tables[n].axes.index(a) for a in start[n].axes]
        if not np.allclose(start[n].values, tables[n].values.transpose(order), 0, ALIKE):
            raise ModelError(
                f"The table of `{n}` in slice 0 is another than in slice 1.",
                "No arrow leads from one slice to the next, so the two are days that know nothing "
                "of each other, and neither is the model of the other.",
                "Add an arrow between the slices, give one table to both, or give the slice that "
                "is meant as a DiscreteBayesianNetwork (`get_constant_bn`).",
            )
    return CausalModel(_without_start(graph), tables)


def _without_start(graph: CausalGraph) -> CausalGraph:
    """The graph of one day, which has no first slice of its own."""
    variables = tuple(Variable(v.name, v.states) for v in graph.variables)
    return CausalGraph(variables, graph.edges, name=graph.name)


def _whole(network: Any, names: list[str]) -> dict[SliceNode, NodeTable]:
    """The tables of both slices, each the one that was given, not what pgmpy made of it."""
    parts = node_tables(network.cpds, dynamic=True)
    into: dict[SliceNode, set[SliceNode]] = {(n, day): set() for n in names for day in (0, 1)}
    for cause, effect in network.edges:
        into[str(effect[0]), effect[1]].add((str(cause[0]), cause[1]))
    for n in names:
        alone = (n, 1) not in parts and (n, 0) in parts
        if alone and all(day for _, day in into[n, 1]):
            parts[n, 1] = in_slice(parts[n, 0], 1)
        elif (made := made_by_pgmpy(parts, n)) is not None:
            parts[made] = in_slice(parts[n, 1 - made[1]], made[1])
    check_states(parts, set(into))
    for node, causes in into.items():
        check_complete(parts, node, causes)
    return parts
