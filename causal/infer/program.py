"""Lower compiled days to the numbers that the kernel runs: steps, offsets, addresses.

Every array is addressed by rows: the row of an entry is the base of its array plus one stride per
axis.  A certain variable is a shift of the base, so evidence and ``do`` copy nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from causal.infer.frontier import Day
from causal.infer.lowering import WORK, Area, Ints, Lowering, Place, Program, narrow, rows, strides
from causal.infer.rowspace import RowSpace
from causal.model.table import Array


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
    fixed: dict[tuple[object, ...], _Fixed] = {}
    known: dict[tuple[object, ...], tuple[list[int], int]] = {}
    top, table, places, weights, scores, at = 0, [], [], [], 0, 0
    for day in days:
        key = (day.signature, str(day.narrowed))
        if key not in known:
            if day.signature not in fixed:
                building.area = Area(reserve + widest)
                fixed[day.signature] = _lower_fixed(building, day, ones)
            known[key] = _lower_moving(building, day, fixed[day.signature], reserve)
            top = max(top, building.area.size)
        spans, result = known[key]
        place, weight = _absorption(day, building.sizes)
        handed = rows(day.frontier, narrow(building.sizes, day.left))
        asked = day.event is not None
        table.append(
            [*spans, result, len(place), reserve, handed, at, 1, scores if asked else -1]
        )  # fmt: skip
        places.append(place)
        weights.append(weight)
        at += len(place)
        scores += asked
    return building.finished(_evidence(days, np.array(table)), places, weights, top, scores)


def _evidence(days: Sequence[Day], table: Ints) -> Ints:
    """Column 9: does the day's scale belong to the evidence?  (not after the last evidence)"""
    last = max((d.number for d in days if d.seen), default=-2)
    table[:, 9] = [d.number <= last for d in days]
    return table


@dataclass(frozen=True, slots=True)
class _Fixed:
    """The steps of a day that do not need its frontier: their span, all places, and free rows."""

    span: tuple[int, int]
    found: Mapping[int, Place]
    area: Area
    one: Place


def _moving(day: Day) -> set[int]:
    """Slots that depend on the frontier."""
    found = {0} if day.past else set()
    for place, step in enumerate(day.plan.steps, len(day.plan.inputs)):
        if step.left in found or step.right in found:
            found.add(place)
    return found


def _lower_fixed(building: Lowering, day: Day, ones: int) -> _Fixed:
    """The steps of one day without its frontier: days that differ in the frontier share them."""
    found = dict(enumerate((building.place(o) for o in day.operands), int(day.past)))
    one, start = Place(WORK, ones, {}), len(building.steps)
    _lower_steps(building, day, found, one, moving=False)
    return _Fixed((start, len(building.steps)), found, building.area, one)


def _lower_moving(
    building: Lowering, day: Day, fixed: _Fixed, frontier: int
) -> tuple[list[int], int]:
    """The steps of one day that need its frontier: the spans of all, and the result's row."""
    sizes = narrow(building.sizes, day.narrowed)
    found = dict(fixed.found)
    if day.narrowed is not None:
        axis, left = day.narrowed
        for slot, at in found.items():
            row = at.row + left.start * at.strides.get(axis, 0)
            found[slot] = Place(at.space, row, at.strides)
    if day.past:
        found[0] = Place(WORK, frontier, strides(day.plan.inputs[0], sizes))
    building.area = Area(fixed.area.size, list(fixed.area.free))
    start = len(building.steps)
    _lower_steps(building, day, found, fixed.one, moving=True)
    last = len(day.plan.inputs) + len(day.plan.steps) - 1
    return [*fixed.span, start, len(building.steps)], found[last].row


def _lower_steps(
    building: Lowering, day: Day, found: dict[int, Place], one: Place, *, moving: bool
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
            if side >= first and (side in kind) is moving:
                axes = day.plan.steps[side - first].axes
                building.area.give(found[side].row, rows(axes, sizes))


def _absorption(day: Day, sizes: Mapping[str, int]) -> tuple[Ints, Array]:
    """For every row of a day's result: its frontier row, and how much of it is the event.

    A row that is all event adds nothing to the frontier, whichever row of it that is.
    """
    step = strides(day.frontier, narrow(sizes, day.left))
    shape = [sizes[a] for a in day.plan.output]
    place = np.zeros(shape, dtype=np.int64)
    for axis in day.plan.output:
        states = np.arange(sizes[axis])
        if day.left is not None and axis == day.left[0]:
            left = day.left[1]
            states = np.clip(states, left.start, left.stop - 1) - left.start
        along = [-1 if a == axis else 1 for a in day.plan.output]
        place += (states * step.get(axis, 0)).reshape(along)
    weight = np.zeros(place.size)
    if day.event is not None:
        weight = np.broadcast_to(day.event[..., 0], shape).reshape(-1).astype(np.float64)
    return place.reshape(-1), weight
