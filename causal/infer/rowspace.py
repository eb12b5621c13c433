"""The row space of a model: every entry of every table is a row of draws, stored tile by tile.

Shape (tiles, rows, draws of a tile): the kernel reads a run of draws of one row without a gap, and
a tile's rows lie together.  Rows are copied in when a question first needs them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from causal.infer.contraction import Axes
from causal.infer.frontier import Operand
from causal.model.network import CausalModel, family
from causal.model.posterior import Slice
from causal.model.table import Array

LANES = 8
TILE = 21 * LANES  # draws of a tile: an odd number of vectors, so that rows fall in all cache sets
LONG = 63 * LANES  # the same where there are many: memory is read in longer runs
MANY = 4 * LONG  # draws that are many: tiles enough for every core
PAGE = 4096
Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class RowSpace:
    """Where every table starts (``bases``), its axes (``shapes``), and the draws themselves."""

    bases: Mapping[Key, int]
    shapes: Mapping[Key, Axes]
    sizes: Mapping[str, int]
    draws: int
    buffer: Array
    filled: set[tuple[str, str, str]] = field(default_factory=set)

    def fill(self, model: CausalModel, operands: Iterable[Operand]) -> None:
        """Copy in the rows that some operands read, where they are not yet."""
        for operand in operands:
            key = (operand.piece, operand.source, str(operand.index))
            if operand.vector is None and key not in self.filled:
                self._copy(operand, operand.of(model))
                self.filled.add(key)

    def _copy(self, operand: Operand, values: Array) -> None:
        axes = self.shapes[operand.piece, operand.source]
        sizes = [self.sizes[a] for a in axes]
        first = self.bases[operand.piece, operand.source]
        rows = first + np.arange(int(np.prod(sizes))).reshape(sizes)[operand.index].ravel()
        flat = values.reshape(len(rows), -1)
        width = self.buffer.shape[2]
        for tile in range(self.buffer.shape[0]):
            part = flat[:, tile * width : (tile + 1) * width] if flat.shape[1] > 1 else flat
            self.buffer[tile, rows, : part.shape[1]] = part
            if part.shape[1] < width:
                self.buffer[tile, rows, part.shape[1] :] = part[:, :1]


def aligned(shape: tuple[int, ...], shift: int = 0) -> Array:
    """An empty array that begins ``shift`` bytes after the start of a page.

    A vector within one cache line loads in one go; and a load waits for a store just before it
    when their addresses agree in the last 12 bits, so that arrays read and written together begin
    at different places of a page.
    """
    entries = math.prod(shape)
    room = np.empty(entries + (PAGE + shift) // 8)
    first = (-room.ctypes.data % PAGE + shift) // 8
    return room[first : first + entries].reshape(shape)


def rowspace(model: CausalModel) -> RowSpace:
    """The row space of a model, made once and kept with it."""
    found = model.kept.get("rowspace")
    if isinstance(found, RowSpace):
        return found
    graph = model.graph
    pieces: tuple[Slice, ...] = ("day", "start") if graph.persistent else ("day",)
    bases: dict[Key, int] = {}
    shapes: dict[Key, Axes] = {}
    total = 0
    for piece in pieces:
        for name in graph.names:
            axes = family(graph, name, piece)
            bases[piece, name], shapes[piece, name] = total, axes
            total += int(np.prod([graph.size(a) for a in axes], dtype=np.int64))
    sizes = {a: graph.size(a) for axes in shapes.values() for a in axes}
    draws = model.draws
    width = LONG if draws >= MANY else min(TILE, -(-draws // LANES) * LANES)
    buffer = aligned((-(-draws // width), total, width))
    model.kept["rowspace"] = made = RowSpace(bases, shapes, sizes, draws, buffer)
    return made
