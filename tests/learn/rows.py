"""Random rows of states, and their counts by a plain loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable, unlagged
from causal.model.network import family
from causal.model.posterior import Counts, Piece

Codes = dict[str, np.ndarray[Any, Any]]


def chain(variables: int, states: int, *, parents: int = 3, lags: bool = False) -> CausalGraph:
    """Variables v0, v1, ..., each caused by the ones just before it, and by its own yesterday."""
    names = [f"v{i}" for i in range(variables)]
    words = tuple(f"state {k}" for k in range(states))
    edges = [
        Edge(names[j], names[i], because="made up")
        for i in range(variables)
        for j in range(max(0, i - parents), i)
    ]
    if lags:
        edges += [Edge(n, n, 1, "made up") for n in names]
    return CausalGraph(tuple(Variable(n, words) for n in names), tuple(edges))


def axes_of(graph: CausalGraph) -> tuple[str, ...]:
    """Every axis of the families of ``graph``."""
    found = [family(graph, n, p) for p in get_args(Piece) for n in graph.names]
    return tuple(dict.fromkeys([*graph.names, *(axis for axes in found for axis in axes)]))


def some_rows(
    graph: CausalGraph, rows: int, *, seed: int = 0, missing: float = 0.1, dtype: Any = np.int8
) -> Codes:
    """A column of codes an axis, uneven, -1 where missing."""
    rng = np.random.default_rng(seed)
    found = {}
    for axis in axes_of(graph):
        code = np.minimum(rng.geometric(0.5, rows) - 1, graph.size(axis) - 1)
        found[axis] = np.where(rng.random(rows) < missing, -1, code).astype(dtype)
    return found


def words(graph: CausalGraph, codes: Codes) -> dict[str, list[str | None]]:
    """The same cells by name, None where missing."""
    return {
        axis: [
            None if code < 0 else graph.variable(unlagged(axis)).states[code]
            for code in column.tolist()
        ]
        for axis, column in codes.items()
    }


def by_loop(graph: CausalGraph, codes: Mapping[str, Any]) -> Counts:
    """The counts, one row and one family at a time."""
    found: dict[str, dict[str, Any]] = {"day": {}, "start": {}}
    for piece in get_args(Piece):
        for name in graph.names:
            axes = family(graph, name, piece)
            tally = np.zeros([graph.size(a) for a in axes], dtype=np.int64)
            for row in zip(*(codes[a].tolist() for a in axes), strict=True):
                if min(row) >= 0:
                    tally[row] += 1
            found[piece][name] = tally
    return Counts(found["day"], found["start"])


def assert_same(one: Counts, other: Counts) -> None:
    """Every table of one is that of the other, whole numbers of 64 bits."""
    for piece in get_args(Piece):
        mine, yours = one.of(piece), other.of(piece)
        assert set(mine) == set(yours)
        for name, table in mine.items():
            assert table.dtype == np.int64
            np.testing.assert_array_equal(table, yours[name], err_msg=f"{name}, {piece}")
