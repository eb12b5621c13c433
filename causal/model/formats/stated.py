"""What a file states of its nodes, checked: names, states, tables of the right size; the model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, prod

import numpy as np

from causal import limit
from causal.contract.array import Array
from causal.errors import ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable, unlagged
from causal.model.network import CELL, CausalModel, family
from causal.model.pgmpy_table import NodeTable, checked_names, printable
from causal.model.posterior import Piece
from causal.model.table import Table
from causal.text import escaped

AGAIN = "Open it in the program that wrote it and export it again."
CONTRADICTS = "The file contradicts itself, or a part of it is missing."
NUMBERS = re.compile(r"[0-9eE+.\s-]*", re.ASCII)
NO_NAME = ("", "unknown", "untitled")


@dataclass(frozen=True, slots=True)
class Declared:
    """A node as a file declares it: name, states in their order, the name it is shown by."""

    name: str
    states: tuple[str, ...]
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Stated:
    """A table as a file states it: its parents as axes (``x``, ``x@-1``), and its values, of shape
    (*parent sizes, states)."""

    parents: tuple[str, ...]
    values: Array


def contradiction(what: str, do: str = AGAIN) -> ModelError:
    """The error for a file that says too much, too little, or two things at once."""
    return ModelError(what, CONTRADICTS, do)


def declared(nodes: Iterable[Declared]) -> dict[str, Declared]:
    """The nodes by name; raises ModelError for one without states, or given twice."""
    found: dict[str, Declared] = {}
    for node in nodes:
        if node.name in found:
            raise contradiction(f"The node `{node.name}` is declared twice.")
        if not node.states or len(set(node.states)) < len(node.states) or "" in node.states:
            raise contradiction(f"The states of `{node.name}` are {node.states}.")
        for state in node.states:
            printable(state, "state")
        found[node.name] = node
    checked_names(found)
    return found


def numbers(text: str, name: str) -> list[float]:
    """The numbers in a text, in plain decimals; raises ModelError naming the table they are of."""
    words = text.split()
    if NUMBERS.fullmatch(text):
        try:
            found = [float(word) for word in words]
        except ValueError:
            found = []
        if len(found) == len(words) and all(map(isfinite, found)):
            return found
    wrong = next((word for word in words if not _plain(word)), "a character")
    raise contradiction(f"In the table of `{name}`, `{wrong}` is no number.")


def sizes(known: Mapping[str, Declared], name: str, parents: Sequence[str]) -> tuple[int, ...]:
    """Shape of the table of ``name`` on the axes ``parents``; raises ModelError.

    A parent must be declared, must stand there once, and the table must fit in memory.
    """
    for axis in parents:
        if unlagged(axis) not in known:
            raise contradiction(f"The parent `{axis}` of `{name}` is not declared.")
    if len(set(parents)) < len(parents) or name in parents:
        raise contradiction(f"The table of `{name}` stands on {list(parents)}.")
    shape = tuple(len(known[unlagged(axis)].states) for axis in (*parents, name))
    cells = prod(shape)
    limit.afford(
        CELL * cells,
        f"`{name}` has {len(parents)} causes, which makes a table of {limit.many(cells)} cells: it",
        f"Give `{name}` fewer causes, or merge states",
    )
    return shape


def shaped(name: str, shape: Sequence[int], values: Sequence[float]) -> Array:
    """The values as an array, the last axis fastest; raises ModelError for another number."""
    if len(values) != prod(shape):
        raise contradiction(
            f"The table of `{name}` holds {len(values):,} numbers; its states and those of its "
            f"parents make {prod(shape):,}."
        )
    return np.asarray(values, dtype=np.float64).reshape(tuple(shape))


def titled(title: str | None, stem: str) -> str:
    """The name of the model: the network's own, or that of its file where it has none."""
    found = (title or "").strip()
    return stem if found.lower() in NO_NAME else escaped(found)


def assembled(
    title: str,
    known: Mapping[str, Declared],
    day: Mapping[str, Stated],
    start: Mapping[str, Stated] | None = None,
) -> CausalModel:
    """The model that a file states; with ``start``, the tables of its first day are its own.

    Raises ModelError where a node has no table, TableError where a row is no distribution.
    """
    for name in known:
        if name not in day:
            raise contradiction(f"`{name}` has no table.", "Give every node its table.")
    edges = tuple(
        Edge(unlagged(axis), name, int(axis != unlagged(axis)))
        for name in known
        for axis in day[name].parents
    )
    variables = tuple(
        Variable(
            node.name,
            node.states,
            start=None if start is None else start[node.name].parents,
            label="" if node.label == node.name else printable(node.label, "label"),
        )
        for node in known.values()
    )
    graph = CausalGraph(variables, edges, name=title)
    tables = {name: _table(graph, known, name, day[name], "day") for name in known}
    if start is None or not graph.persistent:
        return CausalModel(graph, tables)
    first = {name: _table(graph, known, name, start[name], "start") for name in known}
    return CausalModel(graph, tables, first)


def _table(
    graph: CausalGraph, known: Mapping[str, Declared], name: str, stated: Stated, piece: Piece
) -> Table:
    nodes = {
        axis: (unlagged(axis), int(axis == unlagged(axis))) for axis in (*stated.parents, name)
    }
    states = {node: known[node[0]].states for node in nodes.values()}
    parents = tuple(nodes[axis] for axis in stated.parents)
    part = NodeTable(nodes[name], parents, states, stated.values)
    return part.table(graph, family(graph, name, piece))


def _plain(word: str) -> bool:
    try:
        return bool(NUMBERS.fullmatch(word)) and isfinite(float(word))
    except ValueError:
        return False
