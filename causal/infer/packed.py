"""A model as arrays of whole numbers, the form in which the compiled planner reads it.

Variable v of the arrays is the variable of the model on day 0; a model of days comes first with
its variables on day -1, whose tables are those of the first slice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causal.graph.dag import LAST, unlagged
from causal.infer.compiled import threads
from causal.infer.lowering import strides
from causal.infer.operand import Operand
from causal.infer.rowspace import RowSpace, rowspace
from causal.model.network import CausalModel
from causal.model.posterior import DrawnTables, Slice
from causal.model.table import Array

Ints = NDArray[np.int64]
Flags = NDArray[np.int8]
THREADS_ABOVE = 30_000  # variates above which rows are drawn on every core


@dataclass(slots=True, eq=False)
class Packed:
    """Families and rows of a model; all of it fixed but ``ready``, which is replaced whole.

    ``variables``: states, where the family begins in ``families``, first row in the row space; one
    more row ends it.  ``families``: parents and then the variable itself, each with its stride in
    rows.  ``positive``: tables that hold no zero.  ``ready``: tables whose rows are in place.
    ``place``: the number of a variable on a day (None: today).
    ``single``: all entries of a model of one draw, in the order of the row space.
    """

    variables: Ints
    families: Ints
    positive: Flags
    ready: Flags
    place: Mapping[tuple[str, int | None], int]
    states: Mapping[str, Mapping[str, int]]
    before: int
    space: RowSpace
    single: Array

    def fill(self, model: CausalModel, needed: Flags, state: Ints) -> None:
        """Copy in the rows that a question reads, where they are not yet."""
        places = np.flatnonzero(needed > self.ready)
        wanted = [self._operand(model, v, state) for v in places.tolist()]
        wanted = [o for o in wanted if not self.space.holds(o)]
        sizes = [math.prod(self.space.sizes[a] for a in o.axes) for o in wanted]
        if isinstance(model.tables, DrawnTables) and sum(sizes) * model.draws > THREADS_ABOVE:
            largest = sorted(range(len(wanted)), key=lambda i: -sizes[i])
            list(threads().map(lambda i: wanted[i].of(model), largest))
        if wanted:
            self.space.fill(model, wanted)
        if not isinstance(model.tables, DrawnTables):
            ready = self.ready.copy()
            ready[places] = 1
            self.ready = ready  # what another thread adds meanwhile may be lost, and is added again

    def _operand(self, model: CausalModel, v: int, state: Ints) -> Operand:
        """What a question reads of a table: of plain tables everything, once and for all."""
        first, last = self.variables[v, 1], self.variables[v + 1, 1]
        name = model.graph.names[v % len(model.graph.names)]
        piece: Slice = "start" if v < self.before else "day"
        tables = model.start if piece == "start" else model.tables
        axes = self.space.shapes[piece, name]
        index: tuple[int | slice, ...] = (slice(None),) * len(axes)
        if isinstance(tables, DrawnTables):
            at = state[self.families[first:last, 0]].tolist()
            index = tuple(i if i >= 0 else slice(None) for i in at)
        left = tuple(a for a, i in zip(axes, index, strict=True) if isinstance(i, slice))
        return Operand(name, piece, left, index)


def packed(model: CausalModel) -> Packed:
    """The arrays of a model, made once and kept with it."""
    return model.kept.made("packed", lambda: _packed(model))


def _packed(model: CausalModel) -> Packed:
    graph, space = model.graph, replace(rowspace(model))  # its buffer as it is now
    before = len(graph.names) if graph.persistent else 0
    place: dict[tuple[str, int | None], int] = {}
    for i, name in enumerate(graph.names):
        place[name, None] = before + i
        if before:
            place[name, -1] = i
    variables, families = _families(space, place, before)
    pieces: tuple[Slice, ...] = ("start", "day") if before else ("day",)
    return Packed(
        variables,
        families,
        np.array([_positive(model, p, n) for p in pieces for n in graph.names], np.int8),
        np.zeros(len(variables) - 1, np.int8),
        place,
        {v.name: {s: i for i, s in enumerate(v.states)} for v in graph.variables},
        before,
        space,
        _single(model, space) if model.draws == 1 else np.empty(0),
    )


def _families(
    space: RowSpace, place: Mapping[tuple[str, int | None], int], before: int
) -> tuple[Ints, Ints]:
    variables: list[tuple[int, int, int]] = []
    families: list[tuple[int, int]] = []
    for piece, name in sorted(space.bases, key=lambda key: key[0] == "day"):
        axes = space.shapes[piece, name]
        step = strides(axes, space.sizes)
        variables.append((space.sizes[name], len(families), space.bases[piece, name]))
        for axis in axes:
            first = before and (piece == "start" or axis.endswith(LAST))
            families.append((place[unlagged(axis), -1 if first else None], step[axis]))
    variables.append((0, len(families), 0))
    return np.array(variables, np.int64), np.array(families, np.int64)


def _positive(model: CausalModel, piece: Slice, name: str) -> bool:
    """Whether a table holds no zero; of drawn tables the structure tells, and nothing is drawn."""
    tables = model.tables if piece == "day" else model.start
    if isinstance(tables, DrawnTables):
        return tables.positive(name)
    return bool(tables[name].values.min() > 0)


def _single(model: CausalModel, space: RowSpace) -> Array:
    """Every entry of every table of a model of one draw, in the order of the row space."""
    found = []
    for piece, name in space.bases:
        tables = model.tables if piece == "day" else model.start
        found.append(tables[name].values.reshape(-1))
    return np.concatenate(found)
