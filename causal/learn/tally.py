"""Rows into counts: blocks of levels, a code and an increment a pool, threads over the parts.

A *part* is a piece of the history that one thread reads: called, it yields blocks, each a column of
codes an axis of the plan, -1 where missing.  Tables of different threads add.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.errors import UnknownStateError
from causal.graph.dag import unlagged
from causal.learn.pool import Plan, Pool
from causal.model.posterior import IntArray

Column = NDArray[np.integer[Any]]
Columns = Sequence[Column]
Part = Callable[[], Iterable[Columns]]
Levels = NDArray[np.unsignedinteger[Any]]
Counter = Callable[[Levels, int, NDArray[np.int64], NDArray[np.uint16], IntArray], None]

BLOCK = 1 << 16  # rows held as levels at a time, in the second-level cache
WARM, KNOWN, COLD = 50_000, 1_000_000, 30_000_000
KERNEL = "causal.learn.kernel_count"


def tally(plan: Plan, parts: Iterable[Part], rows: int) -> list[IntArray]:
    """The filled tables of the plan's pools; ``rows`` (about) decides how the work is done.

    Raises UnknownStateError when a code is none of a variable's.
    """
    queue = deque(parts)
    counter, every = counter_for(rows), range(len(plan.axes))

    def work() -> list[IntArray]:
        tables = plan.tables()
        buffer = np.empty((len(plan.axes), BLOCK), dtype=np.min_scalar_type(max(plan.sizes)))
        while queue:
            try:
                part = queue.popleft()
            except IndexError:  # another thread took the last one
                break
            for columns in part():
                for low in range(0, len(columns[0]), BLOCK):
                    block = [column[low : low + BLOCK] for column in columns]
                    _add(plan, tables, levels(plan, every, block, buffer), len(block[0]), counter)
        return tables

    workers = min(len(queue), processors())
    if workers < 2:
        return work()
    with ThreadPoolExecutor(workers) as threads:
        found = [job.result() for job in [threads.submit(work) for _ in range(workers)]]
    return [np.sum(same, axis=0) for same in zip(*found, strict=True)]


def counter_for(rows: int) -> Counter:
    """The compiled increment where it pays, else NumPy's; their counts are the same.

    It pays from WARM rows when it is loaded, from KNOWN when numba is, and from COLD otherwise:
    the seconds that loading costs are then less than what it saves.
    """
    loaded = sys.modules.get
    least = WARM if loaded(KERNEL) else KNOWN if loaded("numba") else COLD
    if rows < least:
        return count_pool
    try:
        from causal.learn import kernel_count
    except (ImportError, RuntimeError):  # no numba, or nowhere to keep what it compiles
        return count_pool
    return kernel_count.count_pool


def count_pool(
    block: Levels,
    rows: int,
    places: NDArray[np.int64],
    strides: NDArray[np.uint16],
    table: IntArray,
) -> None:
    """table[sum_i strides[i] * block[places[i], row]] += 1 for each of the first ``rows`` rows."""
    code = np.zeros(rows, dtype=np.uint16)
    for place, stride in zip(places, strides, strict=True):
        code += np.multiply(block[place, :rows], stride, dtype=np.uint16, casting="unsafe")
    table += np.bincount(code, minlength=len(table))


def add_rows(
    plan: Plan, at: int, table: IntArray, columns: Columns, times: NDArray[np.int64]
) -> None:
    """Count distinct rows of pool ``at``, each seen so many ``times``, into its table."""
    pool = plan.pools[at]
    buffer = np.empty((len(columns), len(times)), dtype=np.min_scalar_type(max(plan.sizes)))
    codes, kept = _codes(pool, levels(plan, pool.places, columns, buffer))
    np.add.at(table, codes, times[kept])


def levels(plan: Plan, places: Iterable[int], columns: Columns, buffer: Levels) -> Levels:
    """Columns of codes as levels (code + 1) in the rows of ``buffer``, checked against the sizes.

    In one byte the sum wraps as it should: -1 becomes level 0, and what lies below it a level
    above all sizes.
    """
    rows = len(columns[0])
    for place, column, row in zip(places, columns, buffer, strict=True):
        size, found = plan.sizes[place], row[:rows]
        if column.dtype == np.int8 and row.dtype == np.uint8 and size < 128:
            np.add(column.view(np.uint8), np.uint8(1), out=found)
            good = rows == 0 or found.max() <= size
        else:
            good = rows == 0 or (column.min() >= -1 and column.max() < size)
            np.add(column, 1, out=found, casting="unsafe")
        if not good:
            wrong = column[(column < -1) | (column >= size)]
            raise no_such_code(plan, plan.axes[place], int(wrong[0]))
    return buffer


def no_such_code(plan: Plan, axis: str, code: object) -> UnknownStateError:
    """The error for a cell that is no state of its variable."""
    states = plan.graph.variable(unlagged(axis)).states
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


def _add(
    plan: Plan, tables: Sequence[IntArray], block: Levels, rows: int, counter: Counter
) -> None:
    for pool, table in zip(plan.pools, tables, strict=True):
        if pool.whole:
            np.add.at(table, _codes(pool, block[list(pool.places), :rows])[0], 1)
        else:
            places = np.array(pool.places, dtype=np.int64)
            counter(block, rows, places, np.array(pool.strides, dtype=np.uint16), table)


def _codes(pool: Pool, own: Levels) -> tuple[IntArray, IntArray]:
    """Codes of the rows that a pool counts, from the levels of its axes; which rows they are."""
    kept: IntArray = np.arange(own.shape[1])
    if pool.whole:
        kept = np.flatnonzero((own > 0).all(axis=0))
        own = own[:, kept] - 1
    codes: IntArray = np.array(pool.strides, dtype=np.int64) @ own.astype(np.int64)
    return codes, kept
