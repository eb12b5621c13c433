"""Lower compiled days to the numbers that the kernel runs: steps, offsets, addresses.

Every array is addressed by rows: the row of an entry is the base of its array plus one stride per
axis.  A certain variable is a shift of the base, so evidence and ``do`` copy nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causal.infer.adjoint import marginal_steps
from causal.infer.contraction import LONG, Axes, Step
from causal.infer.frontier import Day
from causal.infer.operand import Operand
from causal.infer.rowspace import RowSpace
from causal.model.table import Array

Ints = NDArray[np.int64]
STORE, WORK = 0, 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where an array lies: store of draws or work area, from which row, in which strides."""

    space: int
    row: int
    strides: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What ``kernel.run`` takes, but for the draws; ``rows`` of work area."""

    steps: Ints
    pool: Ints
    days: Ints
    places: Ints
    weights: Array
    constants: Array
    rows: int
    scores: int

    @property
    def long(self) -> bool:
        """So many factors that results have to be kept in range."""
        return len(self.steps) > LONG

    @property
    def operations(self) -> int:
        """Multiply-adds a draw of all steps, each counted once."""
        return int(self.steps[:, 5:9].prod(axis=1).sum())


@dataclass(slots=True)
class _Area:
    """Rows of the work area, handed out and taken back."""

    size: int = 0
    free: list[tuple[int, int]] = field(default_factory=list)

    def take(self, rows: int) -> int:
        for place, (at, width) in enumerate(self.free):
            if width >= rows:
                del self.free[place]
                if width > rows:
                    self.free.append((at + rows, width - rows))
                return at
        self.size += rows
        return self.size - rows

    def give(self, at: int, rows: int) -> None:
        self.free.append((at, rows))


def strides(axes: Axes, sizes: Mapping[str, int]) -> dict[str, int]:
    """Row strides of an array in C order."""
    found, step = {}, 1
    for axis in reversed(axes):
        found[axis] = step
        step *= sizes[axis]
    return found


def rows(axes: Axes, sizes: Mapping[str, int]) -> int:
    """Number of rows of an array over ``axes``."""
    return int(np.prod([sizes[a] for a in axes], dtype=np.int64)) if axes else 1


def offsets(axes: Sequence[str], *of: Mapping[str, int], sizes: Mapping[str, int]) -> list[Ints]:
    """For every state of ``axes`` in C order, the shift in each of the given strides."""
    found = [np.zeros(1, np.int64) for _ in of]
    for axis in axes:
        index = np.arange(sizes[axis], dtype=np.int64)
        found = [
            (old[:, None] + index * stride.get(axis, 0)).ravel()
            for old, stride in zip(found, of, strict=True)
        ]
    return found


@dataclass(slots=True)
class Lowering:
    """Builds a program day by day."""

    bases: Mapping[tuple[str, str], int]
    sizes: Mapping[str, int]
    shapes: Mapping[tuple[str, str], Axes]
    made: Mapping[tuple[object, ...], int]
    area: _Area = field(default_factory=_Area)
    steps: list[list[int]] = field(default_factory=list)
    pool: list[Ints] = field(default_factory=list)
    pooled: int = 0
    constants: list[Array] = field(default_factory=list)

    def constant(self, values: Array) -> int:
        """Rows of the work area that hold fixed numbers, the same for every draw."""
        at = sum(len(c) for c in self.constants)
        self.constants.append(values)
        return at

    def place(self, operand: Operand) -> Place:
        """Base row and strides of an operand."""
        if operand.vector is not None:
            values = np.asarray(operand.vector[operand.index], dtype=np.float64).reshape(-1)
            return Place(WORK, self.constant(values), strides(operand.axes, self.sizes))
        if operand.changes:
            return Place(STORE, self.made[operand.key], strides(operand.axes, self.sizes))
        axes = self.shapes[operand.piece, operand.source]
        step = strides(axes, self.sizes)
        base = self.bases[operand.piece, operand.source]
        kept: dict[str, int] = {}
        for axis, index in zip(axes, operand.index, strict=True):
            if isinstance(index, int):
                base += index * step[axis]
            else:
                kept[axis] = step[axis]
        return Place(STORE, base, kept)

    def step(self, step: Step, left: Place, right: Place) -> Place:
        """Append one step; its result in fresh rows of the work area."""
        out = Place(
            WORK, self.area.take(rows(step.axes, self.sizes)), strides(step.axes, self.sizes)
        )
        kept, a, b = set(step.axes), set(step.left_axes), set(step.right_axes)
        h = [x for x in step.axes if x in a and x in b]
        i = [x for x in step.axes if x not in b]
        k = [x for x in step.axes if x in b and x not in a]
        j = [x for x in dict.fromkeys((*step.left_axes, *step.right_axes)) if x not in kept]
        lists = [
            *offsets(h, left.strides, right.strides, out.strides, sizes=self.sizes),
            *offsets(i, left.strides, out.strides, sizes=self.sizes),
            *offsets(k, right.strides, out.strides, sizes=self.sizes),
            *offsets(j, left.strides, right.strides, sizes=self.sizes),
        ]
        counts = [len(lists[0]), len(lists[3]), len(lists[5]), len(lists[7])]
        self.steps.append(
            [left.space, left.row, right.space, right.row, out.row, *counts, self.pooled]
        )
        self.pool += lists
        self.pooled += sum(map(len, lists))
        return out

    def finished(
        self, days: Ints, places: list[Ints], weights: list[Array], rows: int, scores: int
    ) -> Program:
        """All of it as arrays."""
        return Program(
            np.array(self.steps, np.int64).reshape(-1, 10),
            np.concatenate(self.pool) if self.pool else np.zeros(0, np.int64),
            np.asarray(days, np.int64),
            np.concatenate(places),
            np.concatenate(weights),
            np.concatenate(self.constants),
            rows,
            scores,
        )


def lower(days: Sequence[Day], rowspace: RowSpace) -> Program | None:
    """The program of some days; None where evidence after an event needs the flagged frontier."""
    if any(day.flagged or day.opened for day in days):
        return None
    building = Lowering(rowspace.bases, rowspace.sizes, rowspace.shapes, rowspace.made)
    reserve = 1 + sum(
        rows(o.axes, building.sizes) for day in days for o in day.operands if o.vector is not None
    )
    ones = building.constant(np.ones(1))
    widest = max(rows(day.frontier, building.sizes) for day in days)
    known: dict[tuple[object, ...], tuple[list[int], int]] = {}
    top, table, places, weights, scores, at = 0, [], [], [], 0, 0
    for day in days:
        if day.signature not in known:
            building.area = _Area(reserve + widest)
            known[day.signature] = _lower_day(building, day, reserve, ones)
            top = max(top, building.area.size)
        spans, result = known[day.signature]
        place, weight = _absorption(day, building.sizes)
        asked = day.event is not None
        table.append(
            [*spans, result, len(place), reserve, rows(day.frontier, building.sizes), at,
             1, scores if asked else -1]
        )  # fmt: skip
        places.append(place)
        weights.append(weight)
        at += len(place)
        scores += asked
    return building.finished(_evidence(days, np.array(table)), places, weights, top, scores)


def lower_marginals(
    day: Day, wanted: Mapping[int, Axes], rowspace: RowSpace
) -> tuple[Program, dict[int, list[int]]]:
    """The program of a lone day and its backward pass, and the work rows of each marginal."""
    building = Lowering(rowspace.bases, rowspace.sizes, rowspace.shapes, rowspace.made)
    ones = building.constant(np.ones(1))
    found = [building.place(o) for o in day.operands]
    building.area = _Area(sum(map(len, building.constants)))
    more, slots = marginal_steps(day.plan, wanted)
    one = Place(WORK, ones, {})
    for step in (*day.plan.steps, *more):
        right = found[step.right] if step.right >= 0 else one
        found.append(building.step(step, found[step.left], right))
    picks = {
        place: list(range(found[slot].row, found[slot].row + rows(wanted[place], rowspace.sizes)))
        for place, slot in slots.items()
    }
    none = np.zeros((0, 11), np.int64)
    program = building.finished(none, [np.zeros(0, np.int64)], [np.zeros(0)], building.area.size, 0)
    return program, picks


def _evidence(days: Sequence[Day], table: Ints) -> Ints:
    """Column 9: does the day's scale belong to the evidence?  (not after the last evidence)"""
    last = max((d.number for d in days if d.seen), default=-2)
    table[:, 9] = [d.number <= last for d in days]
    return table


def _lower_day(building: Lowering, day: Day, frontier: int, ones: int) -> tuple[list[int], int]:
    """Steps of one day, those without the frontier first: their spans, and the result's row."""
    slots: list[Place] = []
    moving: set[int] = set()
    if day.past:
        moving.add(0)
        slots.append(Place(WORK, frontier, strides(day.plan.inputs[0], building.sizes)))
    slots += [building.place(o) for o in day.operands]
    first = len(slots)
    for place, step in enumerate(day.plan.steps, first):
        if step.left in moving or step.right in moving:
            moving.add(place)
    found: dict[int, Place] = dict(enumerate(slots))
    start = len(building.steps)
    middle = start
    for wanted in (False, True):
        for place, step in enumerate(day.plan.steps, first):
            if (place in moving) is not wanted:
                continue
            sides = [s for s in (step.left, step.right) if s >= 0]
            right = found[step.right] if step.right >= 0 else Place(WORK, ones, {})
            found[place] = building.step(step, found[step.left], right)
            for side in sides:
                if side >= first and (side in moving) is wanted:
                    axes = day.plan.steps[side - first].axes
                    building.area.give(found[side].row, rows(axes, building.sizes))
        if not wanted:
            middle = len(building.steps)
    last = first + len(day.plan.steps) - 1
    return [start, middle, middle, len(building.steps)], found[last].row


def _absorption(day: Day, sizes: Mapping[str, int]) -> tuple[Ints, Array]:
    """For every row of a day's result: its frontier row, and how much of it is the event."""
    output = day.plan.output
    (place,) = offsets(output, strides(day.frontier, sizes), sizes=sizes)
    shape = [sizes[a] for a in output]
    weight = np.zeros(len(place))
    if day.event is not None:
        weight = np.broadcast_to(day.event[..., 0], shape).reshape(-1).astype(np.float64)
    return place, weight
