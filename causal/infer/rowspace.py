"""The row space of a model: every entry of every table is a row of draws, stored tile by tile.

Shape (tiles, rows, draws of a tile): the kernel reads a run of draws of one row without a gap, and
a tile's rows lie together.  Tables are copied in when a question first needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from causal.infer.contraction import Axes
from causal.model.network import CausalModel, family
from causal.model.posterior import Slice
from causal.model.table import Array

TILE = 128  # draws of a tile: a multiple of the kernel's vectors
LANES = 8
Key = tuple[str, str]


@dataclass(slots=True, eq=False)
class RowSpace:
    """Where every table starts (``bases``), its axes (``shapes``), and the draws themselves."""

    bases: Mapping[Key, int]
    shapes: Mapping[Key, Axes]
    sizes: Mapping[str, int]
    draws: int
    buffer: Array
    filled: set[Key] = field(default_factory=set)

    def fill(self, model: CausalModel, keys: Iterable[Key]) -> None:
        """Copy the draws of some tables in, where they are not yet."""
        width = self.buffer.shape[2]
        for piece, name in keys:
            if (piece, name) in self.filled:
                continue
            values = (model.tables if piece == "day" else model.start)[name].values
            flat = values.reshape(-1, values.shape[-1])
            base = self.bases[piece, name]
            for tile in range(self.buffer.shape[0]):
                low = tile * width
                part = flat[:, low : low + width] if flat.shape[1] > 1 else flat
                self.buffer[tile, base : base + len(flat), : max(part.shape[1], 1)] = part
                if flat.shape[1] > 1 and part.shape[1] < width:
                    self.buffer[tile, base : base + len(flat), part.shape[1] :] = part[:, :1]
                elif flat.shape[1] == 1:
                    self.buffer[tile, base : base + len(flat)] = part
            self.filled.add((piece, name))


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
    width = min(TILE, -(-draws // LANES) * LANES)
    buffer = np.empty((-(-draws // width), total, width))
    model.kept["rowspace"] = made = RowSpace(bases, shapes, sizes, draws, buffer)
    return made
