"""Rows into counts: sufficient statistics of every family, by threads over the parts.

A *partition* is a stretch of the history that one thread reads: called, it yields blocks of rows,
each a column of codes for every axis, -1 where missing.  Tables of different threads add.

For every pool p and row r, table[base_p + sum_i stride_i (code_ri + 1)] += 1.  The sum is of whole
numbers, so the counts are the same whatever the order, the blocks or the number of threads.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.data.panel import DAY, one_day
from causal.data.states import States
from causal.errors import DataError, UnknownStateError, nearest
from causal.executor import threads
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, MISSING, unlagged
from causal.learn.counting.pool import CodeColumn, Pool, Pooling, pool_families
from causal.limit import memory
from causal.model.posterior import Counts, IntArray

Block = Sequence[CodeColumn]

Partition = Callable[[], Iterable[Block]]

Counter = Callable[[Pooling, list[CodeColumn], IntArray], int]

BLOCK = 1 << 16  # rows that NumPy holds as levels and codes at a time, in the second-level cache

BYTE = 127  # most states whose codes and levels fit one byte

PAYS_COLD = 60_000_000  # rows that outweigh starting numba (about half a second)

PAYS_RUNNING = 1_000_000  # rows that outweigh loading the kernel where numba runs others (7 ms)

PAYS_WARM = 10_000  # rows that outweigh a call, once the kernel is loaded

KERNEL, OTHERS = "causal.learn.counting.numba_count", ("causal.contract.numba_kernel",)


def tally(pooling: Pooling, partitions: Iterable[Partition], rows: int) -> IntArray:
    """The filled table of the pools; ``rows`` (about) decides how the work is done.

    Threads of this process take partitions from one queue, each with a table of its own as far as
    memory allows.  Shape (cells of all pools,), 64-bit whole numbers.
    Raises UnknownStateError when a code is none of a variable's.
    """
    queue = deque(partitions)
    counter = counter_for(rows) if max(pooling.sizes) <= BYTE else count_columns

    def work() -> IntArray:
        table = pooling.table()
        while queue:
            try:
                partition = queue.popleft()
            except IndexError:  # another thread took the last one
                break
            for columns in partition():
                _add(pooling, table, columns, counter)
        return table

    cells = sum(pool.cells for pool in pooling.pools)
    workers = min(len(queue), processors(), int(memory() // (2 * 8 * cells)))
    if workers < 2:
        return work()
    total, *others = [job.result() for job in [threads().submit(work) for _ in range(workers)]]
    for other in others:
        total += other
    return total


def counter_for(rows: int) -> Counter:
    """The compiled count where it pays, else NumPy's; their counts are the same.

    It pays when the ``rows`` outweigh what has still to be loaded: numba, the kernel, or nothing.
    """
    least = PAYS_WARM
    if KERNEL not in sys.modules:
        least = PAYS_RUNNING if any(m in sys.modules for m in OTHERS) else PAYS_COLD
    if rows < least:
        return count_columns
    try:
        from causal.learn.counting.numba_count import count_compiled
    except (ImportError, RuntimeError):  # no numba, or nowhere to keep what it compiles
        return count_columns
    return count_compiled


def count_columns(pooling: Pooling, columns: list[CodeColumn], table: IntArray) -> int:
    """Count rows of codes into the pools of ``table``; the place of a bad column, or -1.

    level = code + 1.  One byte wraps as it should: -1 becomes 0, and what lies below it a level
    above all sizes.  Wider columns have been checked.
    """
    for low in range(0, len(columns[0]), BLOCK):
        levels = [_levels(column[low : low + BLOCK]) for column in columns]
        for place, (level, size) in enumerate(zip(levels, pooling.sizes, strict=True)):
            if level.max() > size:
                return place
        for pool, base in zip(pooling.pools, pooling.bases, strict=True):
            if not pool.whole:
                code = np.zeros(len(levels[0]), dtype=np.uint16)
                for place, stride in zip(pool.places, pool.strides, strict=True):
                    code += np.multiply(levels[place], stride, dtype=np.uint16, casting="unsafe")
                table[base : base + pool.cells] += np.bincount(code, minlength=pool.cells)
    return -1


def add_rows(
    pooling: Pooling, at: int, table: IntArray, columns: Block, times: NDArray[np.int64]
) -> None:
    """Count distinct rows of pool ``at``, each seen so many ``times``, into ``table``.

    ``columns`` are those of the pool's own axes, as a group-by of another engine gives them.
    Raises UnknownStateError when a code is none of a variable's.
    """
    pool, base = pooling.pools[at], pooling.bases[at]
    narrow = [_narrow(pooling, i, c) for i, c in zip(pool.places, columns, strict=True)]
    for place, column in zip(pool.places, narrow, strict=True):
        if len(column) and (column.min() < -1 or column.max() >= pooling.sizes[place]):
            raise _bad(pooling, place, column)
    codes, kept = _codes(pool, narrow)
    np.add.at(table[base : base + pool.cells], codes, times[kept])


def no_such_code(pooling: Pooling, axis: str, code: object) -> UnknownStateError:
    """The error for a cell that is no state of its variable."""
    states = pooling.graph.variable(unlagged(axis)).states
    return UnknownStateError(
        f"The column `{axis}` holds {code!r}, which is no state of `{unlagged(axis)}`.",
        f"Its states are {', '.join(states)}: codes 0 to {len(states) - 1}, in that order.",
        "Write the state's name or its code; -1 or nothing where it is missing.",
    )


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _add(pooling: Pooling, table: IntArray, columns: Block, counter: Counter) -> None:
    """Count one block into every pool; raises UnknownStateError."""
    if not len(columns[0]):
        return
    narrow = [_narrow(pooling, place, column) for place, column in enumerate(columns)]
    bad = counter(pooling, narrow, table)
    if bad >= 0:
        raise _bad(pooling, bad, narrow[bad])
    for pool, base in zip(pooling.pools, pooling.bases, strict=True):
        if pool.whole:
            codes, _ = _codes(pool, [narrow[i] for i in pool.places])
            np.add.at(table[base : base + pool.cells], codes, 1)


def _narrow(pooling: Pooling, place: int, column: CodeColumn) -> CodeColumn:
    """The codes in one byte where the states allow it; wider columns are checked first."""
    size = pooling.sizes[place]
    if column.dtype == np.int8 and size <= BYTE:
        return column
    if len(column) and (column.min() < -1 or column.max() >= size):
        raise _bad(pooling, place, column)
    return column.astype(np.int8 if size <= BYTE else np.int32)


def _bad(pooling: Pooling, place: int, column: CodeColumn) -> UnknownStateError:
    wrong = column[(column < -1) | (column >= pooling.sizes[place])]
    return no_such_code(pooling, pooling.axes[place], int(wrong[0]))


def _levels(codes: CodeColumn) -> NDArray[Any]:
    """code + 1: 0 is missing; in one byte what lies below -1 wraps to a level above all sizes."""
    return codes.view(np.uint8) + np.uint8(1) if codes.dtype == np.int8 else codes + 1


def _codes(pool: Pool, columns: Block) -> tuple[IntArray, IntArray]:
    """Codes of the rows that a pool counts, from the columns of its axes; which rows they are."""
    own = np.array(columns, dtype=np.int64)
    kept: IntArray = np.arange(own.shape[1])
    if pool.whole:
        kept = np.flatnonzero((own >= 0).all(axis=0))
        own = own[:, kept]
    codes: IntArray = np.array(pool.strides, dtype=np.int64) @ (own + (not pool.whole))
    return codes, kept


def count(
    states: States, graph: CausalGraph, *, since: str | np.datetime64 | None = None
) -> Counts:
    """N[parents, state] of every variable, over the days on which its whole family is known.

    Arrays of whole numbers of shape (*parent sizes, states), for the slice of a day (``day``) and
    for the first one (``start``).  A day serves each family in which it is complete; a lagged
    parent is read on the calendar day before, so no transition crosses a gap.  With ``since`` the
    days before it are not counted, and serve only as a day before:
    ``count(a) + count(a ++ b, since=b) == count(a ++ b)``.
    Raises DataError when the graph has a variable without states, UnknownStateError when a code is
    none of a variable's.
    """
    for name in graph.names:
        if name not in states.names:
            raise DataError(
                f"The states hold no variable `{name}`.",
                "Its family cannot be counted.",
                nearest(name, states.names),
            )
    days = len(states.dates)
    first = 0 if since is None else int(np.searchsorted(states.dates, one_day(since)))
    gap = np.full(days, MISSING, dtype=np.int8)  # a code "or" -1 is -1
    gap[1:][np.diff(states.dates) == DAY] = 0
    pooling = pool_families(graph, days - first)
    starts = range(first, days, BLOCK)
    partitions = [
        partial(_block, states, pooling, gap, low, min(low + BLOCK, days)) for low in starts
    ]
    return pooling.counts(tally(pooling, partitions, days - first))


def _block(
    states: States, pooling: Pooling, gap: NDArray[np.int8], low: int, high: int
) -> Iterator[Block]:
    """Days ``low`` to ``high`` as one block; lagged axes carry the day before ``low``."""
    before = max(low - 1, 0)
    columns = np.ascontiguousarray(states.codes[before:high].T)
    place = {name: i for i, name in enumerate(states.names)}
    found = []
    for axis in pooling.axes:
        column = columns[place[unlagged(axis)]]
        if axis.endswith(LAST):
            follows = np.full(high - low, MISSING, dtype=np.int8)
            follows[before + 1 - low :] = column[:-1] | gap[before + 1 : high]
            found.append(follows)
        else:
            found.append(column[low - before :])
    yield found
