"""A compiled day: its plan, the arrays that it multiplies, where the event is in its result.

The days of a question are a chain, and a day is one contraction,

    result_d = sum over what nobody later needs of  frontier_(d-1) * prod of the day's operands,

whose result is split by the event into what goes on as the next frontier and what has been struck
(absorption; a backend does that).  Nothing here knows a model: an ``Operand`` says which table it
reads and where, and a backend asks its ``Reader`` for the numbers.

What compiled days cost stands here, too, because it is known before anything is allocated: they are
refused before they run, not killed later.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

from causal import limit
from causal.contract.array import Array, Axes
from causal.contract.plan import Plan
from causal.errors import QueryError

HIT = "hit"  # axis of size 2: has the event happened yet?
OPERATIONS = 4e12  # multiply-adds of one question: the better part of an hour
TILE_BYTES = 1 << 22  # aim for the largest array of a tile (docs/decisions/0002-draws-last.md)
TILE = (64, 1024)  # fewest and most draws of a tile: short runs waste the loop, long ones the cache
THREADS_ABOVE = 20_000_000  # multiply-adds in all below which one thread is faster
Index = tuple[int | slice, ...]


class Operand(Protocol):
    """An array that a day multiplies, as far as a backend must know it.

    ``table``: which table it reads, and ``index`` where (a state, or all, for each of the table's
    axes but the draws); ``vector``: fixed numbers in its place, then ``index`` is into them.
    ``changed``: its values are made of the table, and have rows of their own.  ``key``: equal for
    operands of equal values; ``axes``: those of the values, without the draws.
    """

    @property
    def axes(self) -> Axes: ...
    @property
    def table(self) -> Hashable: ...
    @property
    def index(self) -> Index: ...
    @property
    def vector(self) -> Array | None: ...
    @property
    def changed(self) -> bool: ...
    @property
    def key(self) -> tuple[object, ...]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """A compiled day: its plan and operands, and where the event stands in its result.

    ``number``: which day, -1 the first slice and 0 today.  ``past``: the first array is the
    frontier of the day before.  ``frontier``: the axes handed on, which the next day reads as
    ``x@-1``.  ``event``: its weight over the output axes (of length one where it does not depend on
    them), then a last axis of one; None on a day that is not asked about.  ``seen``: the day has
    evidence.

    ``flagged``: the result carries the axis ``hit``; ``opened``: the frontier handed on carries it,
    because evidence is still to come.  ``left``: the event's variable and the states in which the
    event leaves it, where the frontier handed on holds them alone; ``narrowed``: the same of the
    frontier that comes in.

    It is compiled once a question structure, and shared by threads: nothing of it changes.
    """

    number: int
    plan: Plan
    operands: tuple[Operand, ...]
    past: bool
    frontier: Axes
    event: Array | None
    flagged: bool
    opened: bool
    seen: bool
    left: tuple[str, slice] | None = None
    narrowed: tuple[str, slice] | None = None

    def narrowing(self, axes: Axes) -> tuple[slice, ...] | None:
        """The index that takes, from an array over ``axes``, the states left to the frontier.

        None where the array has no axis of which states are gone: it is taken as it is.
        """
        if self.narrowed is None or self.narrowed[0] not in axes:
            return None
        name, left = self.narrowed
        return tuple(left if a == name else slice(None) for a in axes)

    @property
    def summed(self) -> tuple[int, ...]:
        """Places of the output axes (without ``hit``) that the next day does not need."""
        axes = [a for a in self.plan.output if a != HIT]
        return tuple(i for i, a in enumerate(axes) if a not in self.frontier)

    @property
    def signature(self) -> tuple[object, ...]:
        """Equal for days whose contraction is the same: one plan over operands of equal values."""
        return (
            self.plan,
            *(o.key for o in self.operands),
        )


def affordable(days: Sequence[Slice], draws: int) -> int:
    """Multiply-adds of running ``days`` on ``draws`` draws; raises QueryError beyond the budget.

    The budget: ``OPERATIONS`` multiply-adds, and the memory of ``limit.memory`` (CAUSAL_MEMORY_GB).
    """
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


def memory_of(days: Sequence[Slice], draws: int) -> int:
    """Bytes at most that running ``days`` takes, but for the draws: the kernels take less.

    8 bytes * all results of a tile * draws of a tile * tiles at a time; each distinct plan once.
    """
    width, cores = tiling(days, draws)
    return 8 * sum({id(d.plan): d.plan.working for d in days}.values()) * width * cores


def tiling(days: Sequence[Slice], draws: int) -> tuple[int, int]:
    """Draws of a tile, and how many tiles run side by side, one on a core.

    A tile's largest array should take about ``TILE_BYTES``, so that it stays in the cache; its
    draws are kept within ``TILE``, and the tiles of a run are made as even as they can be.
    """
    largest = max((day.plan.largest for day in days), default=1)
    work = draws * sum(day.plan.operations for day in days)
    cores = (os.cpu_count() or 1) if work > THREADS_ABOVE else 1
    count = -(-draws // min(max(TILE_BYTES // (8 * largest), TILE[0]), TILE[1]))
    if count > 1:
        count = -(-count // cores) * cores  # none of them idle at the end
    return -(-draws // count), min(cores, count)
