"""One worker's plans: buffers that are used again, and results that days and worlds have in common.

A result that does not depend on the frontier is the same on every day, and in every world, whose
tables and steps behind it are the same.  It is computed once a tile; everything else goes into
buffers that the next day, and the next tile, write over.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from causal.infer.contraction import Axes, Step
from causal.infer.frontier import Day
from causal.model.table import Array

Index = tuple[slice, ...] | None
MOVING = -1  # instead of a number: a result that depends on the frontier


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """A day as workers run it, step by step.

    ``numbers`` tell fixed results apart, over all days and worlds (``MOVING``: it depends on the
    frontier); ``cuts`` index what a moving step takes from a fixed array, where the frontier has
    lost states; ``spent``: slots that no later step reads.
    """

    day: Day
    numbers: tuple[int, ...]
    cuts: tuple[tuple[Index, Index], ...]
    spent: tuple[tuple[int, ...], ...]


def recipes(worlds: Sequence[Sequence[Day]]) -> list[list[Recipe]]:
    """The days of some worlds, with what they have in common numbered alike."""
    numbers: dict[Hashable, int] = {}
    return [[_recipe(day, numbers) for day in days] for days in worlds]


def _recipe(day: Day, numbers: dict[Hashable, int]) -> Recipe:
    slots = [MOVING] * day.past
    slots += [numbers.setdefault(o.key, len(numbers)) for o in day.operands]
    first = len(slots)
    cuts: list[tuple[Index, Index]] = []
    spent: list[tuple[int, ...]] = []
    last = {side: step for step in day.plan.steps for side in (step.left, step.right)}
    for step in day.plan.steps:
        sides = [slots[step.left], *([slots[step.right]] if step.right >= 0 else ())]
        moving = MOVING in sides
        key = (*sorted(sides), frozenset(step.axes))
        slots.append(MOVING if moving else numbers.setdefault(key, len(numbers)))
        index = [
            day.narrowing(axes) if moving and number != MOVING else None
            for number, axes in zip(sides, (step.left_axes, step.right_axes), strict=False)
        ]
        cuts.append((index[0], index[-1]))
        dead = {s for s in (step.left, step.right) if s >= first and last[s] is step}
        spent.append(tuple(s for s in dead if slots[s] == MOVING))
    return Recipe(day, tuple(slots[first:]), tuple(cuts), tuple(spent))


@dataclass(slots=True, eq=False)
class Worker:
    """Runs recipes, one tile of at most ``width`` draws after the other."""

    width: int
    free: dict[tuple[int, Any], list[Array]] = field(default_factory=dict)
    known: dict[int, tuple[Axes, Array, int]] = field(default_factory=dict)
    lent: list[Array] = field(default_factory=list)

    def begin(self) -> None:
        """Start another tile: nothing is known of it."""
        self.known.clear()
        for buffer in self.lent:
            self.give(buffer)
        self.lent.clear()

    def take(self, rows: int, dtype: Any) -> Array:
        """A flat buffer of ``rows`` times the tile's width."""
        free = self.free.setdefault((rows, dtype), [])
        return free.pop() if free else np.empty(rows * self.width, dtype)

    def give(self, buffer: Array) -> None:
        """Take a buffer back; what lies in it is lost."""
        self.free[len(buffer) // self.width, buffer.dtype].append(buffer)

    def result(self, recipe: Recipe, arrays: Sequence[Array]) -> tuple[Array, int, Array | None]:
        """What a plan yields, the sum of the exponents taken out, and its buffer to give back."""
        plan, slots, exponents = recipe.day.plan, list(arrays), 0
        buffers: dict[int, Array] = {}
        for place, step in enumerate(plan.steps):
            number, here = recipe.numbers[place], len(slots)
            if number in self.known:
                axes, found, exponent = self.known[number]
                if axes != step.axes:
                    found = found.transpose(*(axes.index(a) for a in step.axes), -1)
            else:
                sides = [slots[step.left], *([slots[step.right]] if step.right >= 0 else ())]
                sides = [
                    side if cut is None else side[cut]
                    for side, cut in zip(sides, recipe.cuts[place], strict=False)
                ]
                found, buffer = self._multiplied(step, plan.specs[place], sides)
                exponent = plan.scaled(found)
                if number == MOVING:
                    buffers[here] = buffer
                else:
                    self.known[number] = (step.axes, found, exponent)
                    self.lent.append(buffer)
            slots.append(found)
            exponents += exponent
            for slot in recipe.spent[place]:
                self.give(buffers.pop(slot))
        return slots[-1], exponents, buffers.get(len(slots) - 1)

    def _multiplied(self, step: Step, spec: str, sides: list[Array]) -> tuple[Array, Array]:
        """One step into a buffer, in the order of its operands' axes, and the buffer."""
        named = (step.left_axes, step.right_axes)
        sizes = {
            a: n
            for axes, x in zip(named, sides, strict=False)
            for a, n in zip(axes, x.shape, strict=False)
        }
        natural = [a for a in sizes if a in step.axes]
        shape = [sizes[a] for a in natural]
        width = max(side.shape[-1] for side in sides)
        buffer = self.take(math.prod(shape), np.result_type(*sides))
        found = buffer[: math.prod(shape) * width].reshape(*shape, width)
        found = found.transpose(*(natural.index(a) for a in step.axes), -1)
        np.einsum(spec, *sides, out=found)
        return found, buffer
