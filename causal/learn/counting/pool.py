"""Which families are counted together: neighbours share a table, which is summed down to each.

A pool is a set of axes whose joint table stays in cache.  Every row is one number a pool,

    code = sum_i stride_i * level_i,      level 0 = missing, level k + 1 = state k,

so one increment counts it for every family of the pool.  A family's counts are the sums over the
other axes, without the cells in which one of its own is missing: each family is counted on exactly
the rows that are complete for it.  Sufficient statistics are marginals of one contingency table, so
any table that holds a family's axes serves it (as an AD-tree does, Moore & Lee 1998).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.graph.dag import CausalGraph
from causal.model.network import check_size, family
from causal.model.posterior import Counts, IntArray, Piece

CodeColumn = NDArray[np.integer[Any]]  # codes of one axis, a row each, -1 where missing

CELLS = 1 << 16  # cells of the largest pool: codes of 16 bits, a table of half a megabyte
LEAST = 1 << 10
SHARE = 8  # rows a cell: summing a table down must cost little beside filling it


@dataclass(frozen=True)
class Pool:
    """Axes (by place in the pooling) that are counted together, and the number of levels of each.

    A ``whole`` pool holds one family, too large for a level that means missing: it has the states
    only, and is counted on the rows that are complete for it.
    """

    places: tuple[int, ...]
    levels: tuple[int, ...]
    whole: bool = False

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """By how much the code of a row rises with one level of each axis; the last axis by one."""
        return tuple(prod(self.levels[i + 1 :]) for i in range(len(self.levels)))

    @property
    def cells(self) -> int:
        """Entries of its table: the product of its levels."""
        return prod(self.levels)

    def serves(self, places: frozenset[int]) -> bool:
        """Whether the counts of a family on these axes are sums of this table."""
        mine = frozenset(self.places)
        return places == mine if self.whole else places <= mine

    def summed(self, table: IntArray, places: Sequence[int]) -> IntArray:
        """The table summed down to ``places``, in that order, complete rows only.

        ``table`` is flat, of ``cells`` entries; the result has an axis a place, one entry a state.
        """
        known = slice(None if self.whole else 1, None)
        shaped = table.reshape(self.levels)[
            tuple(known if i in places else slice(None) for i in self.places)
        ]
        others = tuple(j for j, i in enumerate(self.places) if i not in places)
        kept = [i for i in self.places if i in places]
        left = shaped.sum(axis=others).transpose([kept.index(i) for i in places])
        return np.array(left, dtype=np.int64, order="C")


@dataclass(frozen=True)
class Pooling:
    """The axes that are read from every row, and the pools in which their families are counted.

    ``axes`` are the variables of the graph and, for lagged causes, ``x@-1``; the tables of all
    pools lie in one array, one after the other.  It is a value: made once, read by every thread.
    """

    graph: CausalGraph
    axes: tuple[str, ...]
    pools: tuple[Pool, ...]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of states along every axis."""
        return tuple(self.graph.size(axis) for axis in self.axes)

    @cached_property
    def bases(self) -> tuple[int, ...]:
        """Where the table of each pool begins."""
        return tuple(accumulate((p.cells for p in self.pools[:-1]), initial=0))

    @cached_property
    def layout(self) -> tuple[NDArray[Any], ...]:
        """Sizes, then of the pools that are not whole: first axis, places, strides, bases."""
        shared = [p for p in self.pools if not p.whole]
        firsts = [*accumulate((len(p.places) for p in shared), initial=0)]
        places = [i for p in shared for i in p.places]
        strides = [s for p in shared for s in p.strides]
        return (
            np.array(self.sizes, dtype=np.uint8),
            np.array(firsts, dtype=np.int64),
            np.array(places, dtype=np.int64),
            np.array(strides, dtype=np.uint16),
            np.array(self.bases[: len(shared)], dtype=np.int64),
        )

    def table(self) -> IntArray:
        """An empty table: the cells of every pool, one pool after the other."""
        return np.zeros(sum(pool.cells for pool in self.pools), dtype=np.int64)

    def counts(self, table: IntArray) -> Counts:
        """N[parents, state] of every family of both slices, from a filled table.

        A family that both slices share is summed once; each gets a copy of its own.
        """
        place = {axis: i for i, axis in enumerate(self.axes)}
        found: dict[tuple[str, ...], IntArray] = {}

        def of(piece: Piece) -> dict[str, IntArray]:
            counts = {}
            for name in self.graph.names:
                axes = family(self.graph, name, piece)
                if axes not in found:
                    places = [place[axis] for axis in axes]
                    wanted = frozenset(places)
                    at = next(i for i, p in enumerate(self.pools) if p.serves(wanted))
                    pool, base = self.pools[at], self.bases[at]
                    found[axes] = pool.summed(table[base : base + pool.cells], places)
                counts[name] = found[axes].copy()
            return counts

        return Counts(of("day"), of("start"))


def pool_families(graph: CausalGraph, rows: int, *, cells: int | None = None) -> Pooling:
    """Pools for about ``rows`` rows: each family joins the pool that it widens least.

    ``cells`` bounds the table of a pool (default: by the rows, CELLS at most).  A family that is
    larger than CELLS by itself stands alone.  Families come largest first, each into the pool whose
    table grows by the least factor: a greedy packing, which need not be the best.
    Raises ModelError where the tables of the graph do not fit in ``limit.memory()``.
    """
    check_size(graph)
    most = CELLS if cells is None else cells
    limit = min(most, max(LEAST, rows // SHARE)) if cells is None else cells
    slices: tuple[Piece, Piece] = ("day", "start")
    families = dict.fromkeys(family(graph, n, piece) for piece in slices for n in graph.names)
    axes = tuple(dict.fromkeys([*graph.names, *(axis for f in families for axis in f)]))
    place = {axis: i for i, axis in enumerate(axes)}
    sizes = [graph.size(axis) for axis in axes]

    def spread(places: Iterable[int]) -> int:
        return prod(sizes[i] + 1 for i in places)

    pools: list[frozenset[int]] = []
    alone: dict[frozenset[int], None] = {}
    sets = dict.fromkeys(frozenset(place[axis] for axis in f) for f in families)
    for places in sorted(sets, key=spread, reverse=True):
        if spread(places) > most:
            alone[places] = None
        elif not any(places <= pool for pool in pools):
            wider = [(spread(p | places), i) for i, p in enumerate(pools)]
            fits = [(cells / spread(pools[i]), i) for cells, i in wider if cells <= limit]
            if fits:
                pools[min(fits)[1]] |= places
            else:
                pools.append(places)
    shared = [Pool(tuple(sorted(p)), tuple(sizes[i] + 1 for i in sorted(p))) for p in pools]
    single = [Pool(tuple(sorted(p)), tuple(sizes[i] for i in sorted(p)), True) for p in alone]
    return Pooling(graph, axes, (*shared, *single))
