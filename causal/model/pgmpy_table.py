"""A pgmpy table as plain values, checked and laid out as ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.errors import ModelError, TableError
from causal.graph.dag import CausalGraph, unlagged
from causal.model.table import DRAW, Array, Table, table
from causal.text import OBEYED, fault

ROUNDING = 1e-3  # a row of a file may miss one by this much, and is then scaled
Node = tuple[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A pgmpy table as plain values: states by node, parents, array (*parent sizes, states)."""

    node: Node
    parents: tuple[Node, ...]
    states: Mapping[Node, tuple[str, ...]]
    values: Array

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


def parts_of(cpds: Iterable[Any], *, dynamic: bool) -> dict[Node, Part]:
    """Every pgmpy table by its node; nodes of a dynamic network are (name, slice)."""

    def node(name: Any) -> Node:
        return (str(name[0]), int(name[1])) if dynamic else (str(name), 0)

    found = {}
    for cpd in cpds:
        first, *parents = map(node, cpd.variables)
        states = {
            node(n): tuple(printable(str(s), "state") for s in cpd.state_names[n])
            for n in cpd.variables
        }
        values = np.moveaxis(np.asarray(cpd.values, dtype=np.float64), 0, -1)
        found[first] = Part(first, tuple(parents), states, values)
    return found


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


def check_complete(parts: Mapping[Node, Part], node: Node, causes: set[Node]) -> None:
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


def next_day(part: Part) -> Part:
    """A table of slice 0 for slice 1, where nothing of the day before enters."""

    def shifted(node: Node) -> Node:
        return (node[0], 1)

    states = {shifted(n): s for n, s in part.states.items()}
    return Part(shifted(part.node), tuple(map(shifted, part.parents)), states, part.values)
