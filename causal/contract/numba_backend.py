"""The compiled backend: days run on the numba kernel, tiles of draws spread over the cores.

Days are lowered to a ``Program`` once a structure; a run then needs the rows that it reads in place
in the row store, and a work area a core.  A tile is worked through as a whole, all days of it, and
tiles are independent: neither their number nor that of the cores changes a digit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from causal.contract import numba_kernel
from causal.contract.array import Array
from causal.contract.backend import Forward, Reader, Slices
from causal.contract.program import Program, lower, lowerable
from causal.contract.row_store import LANES, RowStore, aligned
from causal.contract.slice import Slice
from causal.executor import threads

THREADS_ABOVE = 1_000_000  # multiply-adds that outweigh handing tiles to another core
WORK_BYTES = 1_500_000  # of work area per core: about what its cache holds
APART = 1024  # bytes of a page between where the draws begin and where the work area does
_Last = tuple[Slices, tuple[Program, RowStore]]


def able(worlds: Sequence[Slices], reader: Reader) -> bool:
    """Whether every world can be lowered, and this machine can set the rows of its tables aside."""
    if not all(map(lowerable, worlds)):
        return False
    try:
        reader.rows()
    except MemoryError:
        return False
    return True


def run(worlds: Sequence[Slices], reader: Reader, *, joint: bool = False) -> list[Forward]:
    """The worlds one after the other, each of them tile by tile on every core (see ``Backend``)."""
    return [_forward(days, reader, joint) for days in worlds]


def _forward(days: Slices, reader: Reader, joint: bool) -> Forward:
    """One world: its score a day, or with ``joint`` the last day's result with its axes apart."""
    score, log_evidence, result = _execute(*_program(days, reader), joint=joint)
    asked = any(day.event is not None for day in days) and not joint
    total = score.sum(axis=0) if asked else np.ones(len(log_evidence))
    table = None
    if joint:
        axes, sizes = days[-1].plan.output, reader.rows().sizes
        table = result.reshape(*(sizes[a] for a in axes), result.shape[-1])
    return Forward(total, log_evidence, score if asked else None, table)


def _program(days: Slices, reader: Reader) -> tuple[Program, RowStore]:
    """The program of some days, made once a structure, and the rows it reads, in place."""
    last = cast("_Last | None", reader.kept.get("last program"))
    if last is not None and last[0] is days:
        return last[1]
    operands = [o for day in days for o in day.operands]
    store = reader.rows().ready(reader.read, operands)
    key: tuple[object, ...] = ("program", *(_key(day) for day in days))
    # Rows of changed tables move when the row store gives them up: then the program is another.
    if any(o.changed for o in operands):
        key = (*key, store.emptied)
    found = reader.kept.made(key, lambda: lower(days, store)), store
    reader.kept.put("last program", (days, found))
    return found


def _key(day: Slice) -> tuple[object, ...]:
    """Equal for days of one program: their plans, what they read, and how the event is absorbed."""
    event = None if day.event is None else (day.event.shape, day.event.tobytes())
    left = (str(day.left), str(day.narrowed))
    operands = tuple(o.key for o in day.operands)
    return (day.plan, day.past, day.frontier, day.seen, event, left, operands)


def _execute(program: Program, store: RowStore, *, joint: bool) -> tuple[Array, Array, Array]:
    """Run a program over all tiles; the number of cores changes no number.

    Score (event days, draws), log P(evidence) (draws,), last result (rows, draws); the draws that
    fill up the last tile are cut off.
    """
    padded = store.buffer.shape[0] * store.buffer.shape[2]
    score = np.empty((max(program.scores, 1), padded))
    log_evidence = np.zeros(padded)
    result = np.empty((int(program.days[-1, 5]) if joint else 0, padded))

    def work(low: int, high: int, area: Array) -> None:
        numba_kernel.run_tiles(
            program.steps, program.pool, program.days, program.places, program.weights,
            program.constants, store.buffer, (low, high, area.shape[1]), area, score,
            log_evidence, result, program.long,
        )  # fmt: skip

    spread(program.rows, store, program.operations * store.draws, work)
    draws = store.draws
    return score[: program.scores, :draws], log_evidence[:draws], result[:, :draws]


def spread(
    rows: int, store: RowStore, work_total: int, work: Callable[[int, int, Array], None]
) -> None:
    """Give every core spans of tiles and a work area that stays in its cache.

    ``work`` (first tile, last tile, area) runs on threads, without the interpreter's lock.
    """
    tiles, _, width = store.buffer.shape
    # A piece is as many draws as the cache holds of all rows; an odd number of vectors, so that
    # rows do not all fall into the same few sets of the cache.
    vectors = max(1, min(width, WORK_BYTES // (8 * max(rows, 1))) // LANES)
    piece = LANES * (vectors if vectors % 2 else vectors - 1)
    cores = min(tiles, 1 + work_total // THREADS_ABOVE)
    if cores > 1:
        cores = min(cores, os.cpu_count() or 1)
    if cores == 1:
        work(0, tiles, aligned((rows, piece), APART))
        return
    spans = 2 * cores if tiles >= 4 * cores else cores
    ends = np.linspace(0, tiles, spans + 1).astype(int).tolist()

    def part(low: int, high: int) -> None:
        work(low, high, aligned((rows, piece), APART))

    list(threads().map(part, ends[:-1], ends[1:]))
