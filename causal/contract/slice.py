"""A compiled day: its plan, the arrays that it multiplies, where the event is in its result."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol

from causal.contract.array import Array, Axes
from causal.contract.plan import Plan

Index = tuple[int | slice, ...]

HIT = "hit"  # axis of size 2: has the event happened yet?


class Operand(Protocol):
    """An array that a day multiplies, as far as a backend must know it.

    ``table``: which table it reads, and ``index`` where; ``vector``: fixed numbers in its place.
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

    ``past``: the first array is the frontier of the day before.  ``flagged``: the result carries
    the axis ``hit``; ``opened``: the frontier handed on carries it, because evidence is still to
    come.  ``left``: the event's variable and the states in which the event leaves it, where the
    frontier handed on holds them alone; ``narrowed``: the same of the frontier that comes in.
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
        """The index that takes, from an array over ``axes``, the states left to the frontier."""
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
        """Equal for days whose contraction is the same."""
        return (
            self.plan,
            *(o.key for o in self.operands),
        )
