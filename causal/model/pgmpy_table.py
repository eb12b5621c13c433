"""A pgmpy table as plain values, checked and laid out as ours."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.errors import ModelError, TableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import unlagged
from causal.memo import process
from causal.model.table import DRAW, Table, table
from causal.text import OBEYED, fault

ROUNDING = 1e-3  # a row of a file may miss one by this much, and is then scaled
SliceNode = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class NodeTable:
    """A pgmpy table as plain values: states by node, parents, array (*parent sizes, states).

    ``named`` are the nodes whose states it names, those of its own axes or more.
    """

    node: SliceNode
    parents: tuple[SliceNode, ...]
    states: Mapping[SliceNode, tuple[str, ...]]
    values: Array
    named: frozenset[SliceNode] = frozenset()

    def table(self, graph: CausalGraph, axes: tuple[str, ...]) -> Table:
        """The table on ``axes`` (*parents, variable), all states in the order of the graph."""
        values = self.values
        for place, node in enumerate((*self.parents, self.node)):
            here, there = self.states[node], graph.variable(node[0]).states
            if sorted(here) != sorted(there):
                raise ModelError(
                    f"The table of `{self.node[0]}` gives `{node[0]}` the states {here}.",
                    f"Its own table has {there}.",
                    "Name the states alike in both.",
                )
            values = np.take(values, [here.index(s) for s in there], axis=place)
        return table(axes[:-1], axes[-1], scaled_rows(graph, axes, values))


def scaled_rows(graph: CausalGraph, axes: tuple[str, ...], values: Array) -> Array:
    """Rows scaled to sum to one; raises TableError naming a row that is no distribution."""
    sums, bad = values.sum(axis=-1), bad_rows(values)
    if bad.any():
        where = np.argwhere(bad)[0]
        row = ", ".join(
            f"{axis}={graph.variable(unlagged(axis)).states[i]}"
            for axis, i in zip(axes[:-1], where, strict=True)
        )
        given = f"P({axes[-1]} | {row})" if row else f"P({axes[-1]})"
        got, total = values[tuple(where)].tolist(), sums[tuple(where)]
        raise TableError(
            f"The row {given} is {got}, summing to {total:g}.",
            "It is not a distribution, by more than rounding.",
            "Mend the row in the network.",
        )
    scaled: Array = values / sums[..., None]
    return scaled


def bad_rows(values: Array) -> NDArray[np.bool_]:
    """Whether a row, along the last axis, is no distribution by more than ROUNDING."""
    bad: NDArray[np.bool_] = ~(np.abs(values.sum(axis=-1) - 1) <= ROUNDING)
    return bad | (values < 0).any(axis=-1)


def node_tables(cpds: Iterable[Any], *, dynamic: bool) -> dict[SliceNode, NodeTable]:
    """Every pgmpy table by its node, in pgmpy's order; a dynamic network's are (name, slice).

    Raises ModelError for what is no table, and for two tables of one node that differ.
    """
    found: dict[SliceNode, NodeTable] = {}
    cpds = list(cpds)
    own = {c.variable: c.state_names.get(c.variable) for c in cpds if hasattr(c, "state_names")}
    for cpd in cpds:
        part = _part(cpd, own, dynamic)
        other = found.setdefault(part.node, part)
        if other.parents != part.parents or not _same(other.values, part.values):
            raise ModelError(
                f"`{part.node[0]}` has two tables, and they differ.",
                "A node follows one table; which of the two is meant cannot be known.",
                "Remove one of them (in pgmpy: `remove_cpds`).",
            )
    return found


def _part(cpd: Any, own: Mapping[Any, Any], dynamic: bool) -> NodeTable:
    """One table; states that it does not name are those that the table of the parent names."""

    def node(name: Any) -> SliceNode:
        return (str(name[0]), int(name[1])) if dynamic else (str(name), 0)

    if not all(hasattr(cpd, part) for part in ("variables", "state_names", "values")):
        raise ModelError(
            f"The network holds a {type(cpd).__name__}, which is no table.",
            "Only networks with a table on every node can be taken over.",
            "Give every node a TabularCPD.",
        )
    first, *parents = map(node, cpd.variables)
    states = {
        node(n): tuple(
            printable(str(s), "state") for s in cpd.state_names.get(n) or own.get(n) or ()
        )
        for n in cpd.variables
    }
    values = np.moveaxis(np.asarray(cpd.values, dtype=np.float64), 0, -1)
    return NodeTable(first, tuple(parents), states, values, frozenset(map(node, cpd.state_names)))


def _same(one: Array, other: Array) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def check_states(parts: Mapping[SliceNode, NodeTable], nodes: Iterable[SliceNode]) -> None:
    """Raise ModelError unless every table is on a node, and names its states as many as it has."""
    known = set(nodes)
    for node, part in parts.items():
        if node not in known:
            raise ModelError(
                f"There is a table of `{node[0]}`, which is no node of the network.",
                "What it says would be lost.",
                "Add the node, or remove the table (in pgmpy: `remove_cpds`).",
            )
        for axis, size in zip((*part.parents, node), part.values.shape, strict=True):
            names = part.states[axis]
            if len(names) != size:
                raise ModelError(
                    f"The table of `{node[0]}` has {size} states of `{axis[0]}` and names "
                    f"{len(names)}: {list(names)}.",
                    "Which number belongs to which state cannot be known.",
                    "Name every state once (in pgmpy: `state_names`), as many as the cardinality.",
                )


def checked_names(nodes: Iterable[Any]) -> list[str]:
    """The nodes as text; raises ModelError where there is none, or one cannot name a variable."""
    names = [str(n) for n in nodes]
    if not names:
        raise ModelError(
            "The network holds no variable.",
            "It is empty, or its file is not what its ending says.",
            "Give a network with at least one node and its table.",
        )
    for name in names:
        if "@" in name or name in ("", DRAW) or names.count(name) > 1:
            raise ModelError(
                f"`{name}` cannot name a variable here.",
                "Names are distinct as text; `@` marks a day and `draw` an axis.",
                "Rename the node.",
            )
        printable(name, "node")
    return names


def printable(text: str, what: str) -> str:
    """The text; raises ModelError where it holds control characters, ``what`` it names."""
    if wrong := fault(text):
        raise ModelError(f"The {what} `{text}` {wrong}.", OBEYED, f"Rename the {what}.")
    return text


def check_complete(
    parts: Mapping[SliceNode, NodeTable], node: SliceNode, causes: set[SliceNode]
) -> None:
    """Raise ModelError unless ``node`` has a table that stands on ``causes``."""
    name = node[0]
    if node not in parts:
        raise ModelError(
            f"`{name}` has no table.",
            "The network is incomplete, or its file was cut short.",
            "Add a table (in pgmpy: `add_cpds`) to every node.",
        )
    if set(parts[node].parents) != causes:
        raise ModelError(
            f"The table of `{name}` stands on {[p for p, _ in parts[node].parents]}.",
            f"The arrows into it come from {sorted(p for p, _ in causes)}.",
            "Give the table the same parents as the graph.",
        )


def in_slice(part: NodeTable, day: int) -> NodeTable:
    """The table of one slice for the other, where nothing of another day enters."""

    def moved(node: SliceNode) -> SliceNode:
        return (node[0], day)

    states = {moved(n): s for n, s in part.states.items()}
    return replace(
        part, node=moved(part.node), parents=tuple(map(moved, part.parents)), states=states
    )


def made_by_pgmpy(parts: Mapping[SliceNode, NodeTable], name: str) -> SliceNode | None:
    """The node of ``name`` whose table ``initialize_initial_state`` made of the other slice's.

    pgmpy (1.1) then lays the same numbers in the same order under the parents in the order of the
    graph, which is not that of the table they come from, and names the states of both slices.
    """
    both = [node for node in parts if node[0] == name]
    if len(both) != 2:
        return None
    for made, given in (both[::-1], both):
        new, old = parts[made], parts[given]
        alike = {(p, given[1]) for p, _ in new.parents} == set(old.parents)
        within = all(day == made[1] for _, day in new.parents)
        same = _same(new.values.ravel(), old.values.ravel())
        if given in new.named and alike and within and same:
            return made
    return None


@contextmanager
def quiet() -> Iterator[None]:
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
