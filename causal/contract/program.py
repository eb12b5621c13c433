"""A plan as offsets: days lowered to the numbers that a compiled backend runs.

Every array is addressed by rows, a row being the draws of one entry: it is the base of its array
plus one stride per axis.  A certain variable is a shift of the base, so evidence and ``do`` copy
nothing.  Steps that do not need the frontier are *fixed*, the others *moving*: days that differ in
the frontier alone share their fixed steps.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array, Axes
from causal.contract.plan import LONG, Step
from causal.contract.row_store import RowStore
from causal.contract.slice import Operand, Slice

STORE, WORK = 0, 1
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Address:
    """Where an array lies: store of draws or work area, from which row, in which strides.

    An axis that is absent from ``strides`` shifts nothing: the array is repeated along it.
    """

    space: int
    row: int
    strides: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What ``numba_kernel.run_tiles`` takes, but for the draws.

    ``steps`` (step, 10): space and row of left, of right, row of out, numbers of h, i, k, j, where
    the step's lists begin in ``pool``.  ``days``: see ``run_tiles``.  ``places`` and ``weights``:
    of every row of a day's result its frontier row, and how much is the event.  ``constants`` fill
    the first rows of a work area of ``rows``; ``scores`` counts the event days.
    """

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
        """Multiply-adds a draw of all steps, each counted once however many days run it."""
        return int(self.steps[:, 5:9].prod(axis=1).sum())


def lowerable(days: Sequence[Slice]) -> bool:
    """Whether some days can be lowered: no evidence after an event, which flags the frontier."""
    return not any(day.flagged or day.opened for day in days)


def lower(days: Sequence[Slice], store: RowStore) -> Program:
    """The program of some days that are ``lowerable``; their rows are in place in ``store``."""
    building = Lowering(store.bases, store.sizes, store.shapes, store.made)
    # The work area, from row 0: constants (a one first, the right side of a step that only sums),
    # the frontier, ``widest`` rows, then results, whose rows are used again and again.
    reserve = 1 + sum(
        row_count(o.axes, building.sizes)
        for day in days
        for o in day.operands
        if o.vector is not None
    )
    ones = building.constant(np.ones(1))
    widest = max(row_count(day.frontier, building.sizes) for day in days)
    fixed: dict[tuple[object, ...], _Fixed] = {}
    known: dict[tuple[object, ...], tuple[list[int], int]] = {}
    top, table, places, weights, scores, at = 0, [], [], [], 0, 0
    for day in days:
        key = (day.signature, str(day.narrowed))
        if key not in known:
            # Fixed steps of equal days: lowered once, and by the kernel run once for all such days
            # in a row.
            if day.signature not in fixed:
                building.area = Area(reserve + widest)
                fixed[day.signature] = _lower_fixed(building, day, ones)
            known[key] = _lower_moving(building, day, fixed[day.signature], reserve)
            top = max(top, building.area.size)
        spans, result = known[key]
        place, weight = _absorption(day, building.sizes)
        handed = row_count(day.frontier, narrow(building.sizes, day.left))
        asked = day.event is not None
        table.append(
            [*spans, result, len(place), reserve, handed, at, 1, scores if asked else -1]
        )  # fmt: skip
        places.append(place)
        weights.append(weight)
        at += len(place)
        scores += asked
    return building.finished(_evidence(days, np.array(table)), places, weights, top, scores)


def _evidence(days: Sequence[Slice], table: Ints) -> Ints:
    """Column 9: does the day's scale belong to the evidence?  (not after the last evidence)"""
    last = max((d.number for d in days if d.seen), default=-2)
    table[:, 9] = [d.number <= last for d in days]
    return table


def _absorption(day: Slice, sizes: Mapping[str, int]) -> tuple[Ints, Array]:
    """For every row of a day's result: its frontier row, and how much of it is the event.

        frontier[place[r]] += (1 - weight[r]) result[r],   struck += weight[r] result[r]

    A row that is all event adds nothing to the frontier, whichever row of it that is.
    """
    step = strides(day.frontier, narrow(sizes, day.left))
    shape = [sizes[a] for a in day.plan.output]
    place = np.zeros(shape, dtype=np.int64)
    for axis in day.plan.output:
        states = np.arange(sizes[axis])
        if day.left is not None and axis == day.left[0]:
            left = day.left[1]
            # The states that the event takes have no frontier row: any will do.
            states = np.clip(states, left.start, left.stop - 1) - left.start
        along = [-1 if a == axis else 1 for a in day.plan.output]
        place += (states * step.get(axis, 0)).reshape(along)
    weight = np.zeros(place.size)
    if day.event is not None:
        weight = np.broadcast_to(day.event[..., 0], shape).reshape(-1).astype(np.float64)
    return place.reshape(-1), weight


@dataclass(frozen=True, slots=True)
class _Fixed:
    """The steps of a day that do not need its frontier: their span, all places, and free rows."""

    span: tuple[int, int]
    found: Mapping[int, Address]
    area: Area
    one: Address


def _lower_fixed(building: Lowering, day: Slice, ones: int) -> _Fixed:
    """The steps of one day without its frontier: days that differ in the frontier share them."""
    found = dict(enumerate((building.place(o) for o in day.operands), int(day.past)))
    one, start = Address(WORK, ones, {}), len(building.steps)
    _lower_steps(building, day, found, one, moving=False)
    return _Fixed((start, len(building.steps)), found, building.area, one)


def _lower_moving(
    building: Lowering, day: Slice, fixed: _Fixed, frontier: int
) -> tuple[list[int], int]:
    """The steps of one day that need its frontier: the spans of all, and the result's row.

    ``frontier``: the first row of it.
    """
    sizes = narrow(building.sizes, day.narrowed)
    found = dict(fixed.found)
    if day.narrowed is not None:
        # The frontier has lost states: fixed arrays are read from the first one left.
        axis, left = day.narrowed
        for slot, at in found.items():
            row = at.row + left.start * at.strides.get(axis, 0)
            found[slot] = Address(at.space, row, at.strides)
    if day.past:
        found[0] = Address(WORK, frontier, strides(day.plan.inputs[0], sizes))
    # Fixed results stay where they are, and every variant of the moving part may have the other
    # rows.
    building.area = Area(fixed.area.size, list(fixed.area.free))
    start = len(building.steps)
    _lower_steps(building, day, found, fixed.one, moving=True)
    last = len(day.plan.inputs) + len(day.plan.steps) - 1
    return [*fixed.span, start, len(building.steps)], found[last].row


def _lower_steps(
    building: Lowering, day: Slice, found: dict[int, Address], one: Address, *, moving: bool
) -> None:
    """Append the steps of one kind; rows that no later step of that kind reads are taken back."""
    first, kind = len(day.plan.inputs), _moving(day)
    sizes = narrow(building.sizes, day.narrowed if moving else None)
    for place, step in enumerate(day.plan.steps, first):
        if (place in kind) is not moving:
            continue
        right = found[step.right] if step.right >= 0 else one
        found[place] = building.step(step, found[step.left], right, sizes)
        for side in (step.left, step.right):
            # One step alone reads a result, so its rows are free now; but a fixed one that a moving
            # step reads is kept, for the next day's moving step reads it, too.
            if side >= first and (side in kind) is moving:
                axes = day.plan.steps[side - first].axes
                building.area.give(found[side].row, row_count(axes, sizes))


def _moving(day: Slice) -> set[int]:
    """Slots that depend on the frontier: slot 0, and whatever is made of such a slot."""
    found = {0} if day.past else set()
    for place, step in enumerate(day.plan.steps, len(day.plan.inputs)):
        if step.left in found or step.right in found:
            found.add(place)
    return found


@dataclass(slots=True)
class Area:
    """Rows of the work area, handed out and taken back: addresses, no memory.

    ``size``: the most that it has needed; ``free``: gaps as (first row, rows).
    """

    size: int = 0
    free: list[tuple[int, int]] = field(default_factory=list)

    def take(self, rows: int) -> int:
        """The narrowest gap that is wide enough, or rows at the end."""
        gaps = [(width, at) for at, width in self.free if width >= rows]
        if gaps:
            width, at = min(gaps)
            self.free.remove((at, width))
            if width > rows:
                self.free.append((at + rows, width - rows))
            return at
        self.size += rows
        return self.size - rows

    def give(self, at: int, rows: int) -> None:
        """A gap, joined with the gaps before and after it."""
        for other in [g for g in self.free if g[0] + g[1] == at or g[0] == at + rows]:
            self.free.remove(other)
            at, rows = min(at, other[0]), rows + other[1]
        self.free.append((at, rows))


@dataclass(slots=True)
class Lowering:
    """Builds a program day by day: steps, their offsets and the constants so far.

    ``bases``, ``sizes``, ``shapes`` and ``made`` are the row store's.
    """

    bases: Mapping[Hashable, int]
    sizes: Mapping[str, int]
    shapes: Mapping[Hashable, Axes]
    made: Mapping[tuple[object, ...], int]
    area: Area = field(default_factory=Area)
    steps: list[list[int]] = field(default_factory=list)
    pool: list[Ints] = field(default_factory=list)
    pooled: int = 0
    constants: list[Array] = field(default_factory=list)

    def constant(self, values: Array) -> int:
        """Rows of the work area with fixed numbers, the same for every draw; the first of them."""
        at = sum(len(c) for c in self.constants)
        self.constants.append(values)
        return at

    def place(self, operand: Operand) -> Address:
        """Base row and strides of an operand: a known state moves the base and has no axis."""
        if operand.vector is not None:
            values = np.asarray(operand.vector[operand.index], dtype=np.float64).reshape(-1)
            return Address(WORK, self.constant(values), strides(operand.axes, self.sizes))
        if operand.changed:
            return Address(STORE, self.made[operand.key], strides(operand.axes, self.sizes))
        axes = self.shapes[operand.table]
        step = strides(axes, self.sizes)
        base = self.bases[operand.table]
        kept: dict[str, int] = {}
        for axis, index in zip(axes, operand.index, strict=True):
            if isinstance(index, int):
                base += index * step[axis]
            else:
                kept[axis] = step[axis]
        return Address(STORE, base, kept)

    def step(
        self, step: Step, left: Address, right: Address, sizes: Mapping[str, int] | None = None
    ) -> Address:
        """Append one step; its result in fresh rows of the work area."""
        sizes = sizes or self.sizes
        out = Address(WORK, self.area.take(row_count(step.axes, sizes)), strides(step.axes, sizes))
        kept, a, b = set(step.axes), set(step.left_axes), set(step.right_axes)
        # Each axis is in one of four groups: h in A, B and out; i in A and out; k in B and out; j
        # summed away, in A or B or both (an array that lacks it has stride 0).  Rows are linear in
        # the states, so row_A = a_h + a_i + a_j, row_B = b_h + b_k + b_j, row_out = o_h + o_i +
        # o_k, and out[o_h + o_i + o_k] = sum_j A[a_h + a_i + a_j] * B[b_h + b_k + b_j].  These ten
        # short lists say all of a step, whatever the number of its axes.
        h = [x for x in step.axes if x in a and x in b]
        i = [x for x in step.axes if x not in b]
        k = [x for x in step.axes if x in b and x not in a]
        j = [x for x in dict.fromkeys((*step.left_axes, *step.right_axes)) if x not in kept]
        lists = [
            *offsets(h, left.strides, right.strides, out.strides, sizes=sizes),
            *offsets(i, left.strides, out.strides, sizes=sizes),
            *offsets(k, right.strides, out.strides, sizes=sizes),
            *offsets(j, left.strides, right.strides, sizes=sizes),
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


def narrow(sizes: Mapping[str, int], left: tuple[str, slice] | None) -> Mapping[str, int]:
    """Sizes of the axes where one of them has lost states; ``left``: its name, and those it has."""
    return sizes if left is None else {**sizes, left[0]: left[1].stop - left[1].start}


def strides(axes: Axes, sizes: Mapping[str, int]) -> dict[str, int]:
    """Row strides of an array in C order: the last axis is the next row."""
    found, step = {}, 1
    for axis in reversed(axes):
        found[axis] = step
        step *= sizes[axis]
    return found


def row_count(axes: Axes, sizes: Mapping[str, int]) -> int:
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
