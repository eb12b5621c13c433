"""The numbers that the kernel runs: rows, strides, and steps as lists of row offsets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causal.infer.contraction import LONG, Axes, Step
from causal.infer.operand import Operand
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
class Area:
    """Rows of the work area, handed out and taken back."""

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
    area: Area = field(default_factory=Area)
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

    def step(
        self, step: Step, left: Place, right: Place, sizes: Mapping[str, int] | None = None
    ) -> Place:
        """Append one step; its result in fresh rows of the work area."""
        sizes = sizes or self.sizes
        out = Place(WORK, self.area.take(rows(step.axes, sizes)), strides(step.axes, sizes))
        kept, a, b = set(step.axes), set(step.left_axes), set(step.right_axes)
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
    """Sizes of the axes where one of them has lost states."""
    return sizes if left is None else {**sizes, left[0]: left[1].stop - left[1].start}
