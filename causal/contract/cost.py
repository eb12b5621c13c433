"""What a plan may cost: it is refused before it runs, not killed while it does."""

from __future__ import annotations

import os
from collections.abc import Sequence

from causal import limit
from causal.contract.slice import Slice
from causal.errors import QueryError

OPERATIONS = 4e12  # multiply-adds of one question: the better part of an hour
TILE_BYTES = 1 << 22  # aim for the largest array of a tile (docs/decisions/0002-draws-last.md)
TILE = (64, 1024)  # fewest and most draws of a tile: short runs waste the loop, long ones the cache
THREADS_ABOVE = 20_000_000  # multiply-adds in all below which one thread is faster


def tiling(days: Sequence[Slice], draws: int) -> tuple[int, int]:
    """Draws of a tile, and how many tiles run side by side, one on a core."""
    largest = max((day.plan.largest for day in days), default=1)
    work = draws * sum(day.plan.operations for day in days)
    cores = (os.cpu_count() or 1) if work > THREADS_ABOVE else 1
    count = -(-draws // min(max(TILE_BYTES // (8 * largest), TILE[0]), TILE[1]))
    if count > 1:
        count = -(-count // cores) * cores  # none of them idle at the end
    return -(-draws // count), min(cores, count)


def memory_of(days: Sequence[Slice], draws: int) -> int:
    """Bytes at most that running ``days`` takes, but for the draws: the kernels take less."""
    width, cores = tiling(days, draws)
    return 8 * sum({id(d.plan): d.plan.working for d in days}.values()) * width * cores


def affordable(days: Sequence[Slice], draws: int) -> int:
    """Multiply-adds of running ``days`` on ``draws`` draws; raises QueryError beyond the budget."""
    work = draws * sum(day.plan.operations for day in days)
    largest = max(day.plan.largest for day in days)
    memory = memory_of(days, draws)
    if _within(memory, work):
        return work
    raise QueryError(
        f"This question would need about {memory / 1e9:,.1f} GB of memory and {work:.1e} "
        f"multiply-adds: its largest table has {largest:,} entries.",
        f"The budget is {limit.memory() / 1e9:g} GB and {OPERATIONS:.0e} multiply-adds; the "
        "variables it joins are too many, or too closely linked.",
        "Give evidence on some of them, ask with fewer draws or a shorter horizon, or raise "
        "CAUSAL_MEMORY_GB.",
    )


def _within(memory: int, operations: float) -> bool:
    """Whether so many bytes and multiply-adds may be spent on one question."""
    return memory <= limit.memory() and operations <= OPERATIONS
