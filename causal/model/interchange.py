"""To and from pgmpy; networks from BIF files, and from XDSL files through pgmpy's reader.

Only pgmpy's tables cross the border, never its inference.  pgmpy is imported when first needed.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from causal import file
from causal.errors import CausalError, ModelError
from causal.graph.dag import CausalGraph, Edge, Variable
from causal.memo import process
from causal.model.bif import read_bif
from causal.model.intervention import Hard, Mix, Schedule
from causal.model.network import CausalModel, family
from causal.model.pgmpy_table import (
    Node,
    check_complete,
    checked_names,
    next_day,
    parts_of,
    printable,
)
from causal.model.projection import projected
from causal.text import escaped

if TYPE_CHECKING:
    from pgmpy.models import DiscreteBayesianNetwork

SUFFIXES = (".bif.gz", ".bif", ".xdsl")


def read_network(path: str | os.PathLike[str], *, encoding: str | None = None) -> CausalModel:
    """The one-slice point model in a BIF (also ``.bif.gz``) or XDSL file.

    ``encoding`` is that of a BIF file which is not written in UTF-8 and does not tell by itself
    (``charset``); an XDSL file says its own.
    Raises ModelError when the file is missing, of another kind or not to be parsed (of a BIF file
    with line, column and a caret), TableError when a row does not sum to one within 0.001.
    """
    name = Path(path).name
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), None)
    if suffix is None:
        raise ModelError(
            f"`{name}` does not end in .bif, .bif.gz or .xdsl.",
            "The ending says how a network file is written.",
            "Export the network as BIF or XDSL, or name a model saved by `causal fit` (.json).",
        )
    raw = file.contents(path, ModelError)
    if suffix.endswith(".gz"):
        raw = file.unzipped(raw, name, ModelError)
    if suffix.startswith(".bif"):
        return read_bif(raw, name, stem=name[: -len(suffix)], encoding=encoding)
    try:
        with _quiet():
            network = _xdsl(raw)
    except CausalError:
        raise
    except Exception as trouble:  # pgmpy's parsers raise whatever they stumble on
        why = file.reason(trouble) or type(trouble).__name__
        raise ModelError(
            f"{name} cannot be read as a network: {why}.",
            "It is damaged, or uses a part of the format that pgmpy's reader does not know.",
            "Open it in the program that wrote it and export it again.",
        ) from None
    if network.name in (None, "", "unknown"):
        network.name = escaped(name[: -len(suffix)])
    return from_pgmpy(network)


def from_pgmpy(network: Any) -> CausalModel:
    """The point model of a pgmpy network, its order of nodes kept, its states as text.

    A DiscreteBayesianNetwork gives one slice.  A DynamicBayesianNetwork gives two: the tables of
    its slice 0 become ``start``, those of its slice 1 the tables of every day.  Variables named in
    ``latents`` are not measured: they are taken out, what they confound is declared, and the tables
    are those of what is left (see ``projection``).
    Raises ModelError for anything else, an incomplete network, or latents that cannot be taken out;
    TableError for a bad row.
    """
    with _quiet():
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


def to_pgmpy(model: CausalModel) -> DiscreteBayesianNetwork:
    """The posterior mean of a one-slice model as a pgmpy network, after any surgery.

    Draws and confounded pairs stay behind: pgmpy's networks have no place for them.
    Raises ModelError for a model with lagged edges, and after a schedule, a policy or a cut.
    """
    if model.graph.persistent or any(isinstance(do, Schedule) for do in model.interventions):
        raise ModelError(
            f"The model `{model.name}` runs through time.",
            "A pgmpy network of one slice holds no lagged edge and no schedule.",
            "Keep a fitted model with `save(model, path)`.",
        )
    done = {do.variable: do for do in model.interventions if isinstance(do, Hard | Mix)}
    if len(done) < len({do.variable for do in model.interventions}):
        raise ModelError(
            f"The model `{model.name}` holds a policy or a cut edge.",
            "What they make of a table is not written into pgmpy networks.",
            "Ask the model itself, or export it before `.do(...)`.",
        )
    mean = model.mean().tables
    with _quiet():
        from pgmpy.factors.discrete import TabularCPD
        from pgmpy.models import DiscreteBayesianNetwork

        network = DiscreteBayesianNetwork()
        network.name = model.name
        network.add_nodes_from(model.graph.names)
        for variable in model.graph.variables:
            parents = list(mean[variable.name].parents)
            values = mean[variable.name].values[..., 0]
            if variable.name in done:
                parents, values = [], done[variable.name].vector(variable)
            network.add_edges_from((p, variable.name) for p in parents)
            cpd = TabularCPD(
                variable.name,
                len(variable.states),
                values.reshape(-1, len(variable.states)).T,
                evidence=parents,
                evidence_card=[model.graph.size(p) for p in parents],
                state_names={
                    n: list(model.graph.variable(n).states) for n in (variable.name, *parents)
                },
            )
            network.add_cpds(cpd)
    return network


def _static(network: Any) -> CausalModel:
    parts = parts_of(network.get_cpds(), dynamic=False)
    names = checked_names(network.nodes)
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
    parts = parts_of(network.cpds, dynamic=True)
    names = checked_names(dict.fromkeys(one[0] for one in network.nodes))
    into: dict[Node, set[Node]] = {(n, day): set() for n in names for day in (0, 1)}
    for cause, effect in network.edges:
        into[str(effect[0]), effect[1]].add((str(cause[0]), cause[1]))
    for n in names:
        if (n, 1) not in parts and (n, 0) in parts and all(day for _, day in into[n, 1]):
            parts[n, 1] = next_day(parts[n, 0])
        for day in (0, 1):
            check_complete(parts, (n, day), into[n, day])
    edges = tuple(Edge(p, n, 1 - day) for n in names for p, day in parts[n, 1].parents)
    starts = {n: tuple(p for p, _ in parts[n, 0].parents) for n in names}
    variables = tuple(Variable(n, parts[n, 1].states[n, 1], start=starts[n]) for n in names)
    graph = CausalGraph(variables, edges, name=printable(str(network.name or "network"), "network"))
    tables = {n: parts[n, 1].table(graph, family(graph, n, "day")) for n in names}
    if not graph.persistent:
        return CausalModel(graph, tables)
    start = {n: parts[n, 0].table(graph, family(graph, n, "start")) for n in names}
    return CausalModel(graph, tables, start)


def _xdsl(raw: bytes) -> Any:
    """pgmpy's reader knows tables only, so deterministic nodes are first rewritten as tables."""
    from pgmpy.readwrite import XDSLReader

    root = ElementTree.fromstring(raw)
    for node in root.findall("nodes/*"):
        if node.tag == "deterministic":
            _as_table(node)
        elif node.tag != "cpt":
            raise ValueError(f"`{node.get('id')}` is a {node.tag} node, not a table")
        for key in ("parents", "probabilities"):
            for part in node.findall(key):
                part.text = " ".join((part.text or "").split())
                if not part.text:
                    node.remove(part)
    return XDSLReader(string=ElementTree.tostring(root, encoding="unicode")).get_model()


def _as_table(node: ElementTree.Element) -> None:
    states = [state.attrib["id"] for state in node.findall("state")]
    results = (node.findtext("resultingstates") or "").split()
    certain = [str(float(state == result)) for result in results for state in states]
    node.tag = "cpt"
    ElementTree.SubElement(node, "probabilities").text = " ".join(certain)


@contextmanager
def _quiet() -> Iterator[None]:
    """pgmpy without its warnings and log lines, for as long as it is used.

    Both are switched for the whole process: one thread at a time, or the last to leave would put
    back what another had switched off.
    """
    logger = logging.getLogger("pgmpy")
    with process["warnings"], warnings.catch_warnings():
        disabled = logger.disabled
        warnings.simplefilter("ignore")
        logger.disabled = True
        try:
            yield
        finally:
            logger.disabled = disabled
