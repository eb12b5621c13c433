"""The row store: every entry of every table is a row of draws, stored tile by tile.

Shape (tiles, rows, draws of a tile): the kernel reads a run of draws of one row without a gap, and
a tile's rows lie together.  Rows are copied in when a question first needs them.  What policies and
cuts make of a table gets rows of its own behind those of the tables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array, Axes
from causal.contract.slice import Operand
from causal.memo import Latches

LANES = 8
TILE = 21 * LANES  # draws of a tile: an odd number of vectors, so that rows fall in all cache sets
LONG = 63 * LANES  # the same where there are many: memory is read in longer runs
MANY = 4 * LONG  # draws that are many: tiles enough for every core
PAGE = 4096
GROWING = "growing"  # the key of the lock under which a row store grows
MADE_BYTES = 512_000_000  # of rows that surgery made, beyond which they are made afresh
Read = Callable[[Operand], Array]


@dataclass(slots=True, eq=False)
class RowStore:
    """Where every table starts (``bases``), its axes (``shapes``), and the draws themselves.

    ``buffer`` (tiles, rows, draws of a tile); ``there`` flags the rows in place, ``filled`` names
    the operands whose rows all are.  ``made`` are the first rows of changed tables, by
    ``Operand.key``, ``made_rows`` how many they have, up to the row ``top``; ``emptied`` counts how
    often they were given up.  A full buffer is replaced, never moved: a copy of the row store
    (``replace``) keeps the buffer, and what is in it, as it was.

    It grows under a lock, which copies share.  A row that is in place (``there``) is never written
    again while the buffer lives, so a kernel reads the rows of its question without the lock.
    """

    bases: Mapping[Hashable, int]
    shapes: Mapping[Hashable, Axes]
    sizes: Mapping[str, int]
    draws: int
    buffer: Array
    top: int
    there: NDArray[np.bool_]
    filled: set[tuple[object, ...]] = field(default_factory=set)
    made: dict[tuple[object, ...], int] = field(default_factory=dict)
    made_rows: dict[tuple[object, ...], int] = field(default_factory=dict)
    emptied: int = 0
    latches: Latches = field(default_factory=Latches)

    def ready(self, read: Read, operands: Sequence[Operand]) -> RowStore:
        """The row store as it is when the rows of some operands are in place: a copy, read freely.

        ``read`` gives the values of those that are not; it is called under the lock.
        """
        # Why readers need no lock: a row is written before it is flagged, and not again; a full
        # buffer is replaced by an empty one, and nobody moves what another may be reading; and the
        # copy that is returned holds its buffer, with its rows in place, whatever happens to the
        # original.
        with self.latches[GROWING]:
            self._reserve(operands)
            self._fill(read, operands)
            return replace(self)

    def _holds(self, operand: Operand) -> bool:
        """Whether what an operand reads is in place."""
        return operand.vector is not None or _filling(operand) in self.filled

    def _reserve(self, operands: Iterable[Operand]) -> None:
        """Hand out rows for changed tables, in a larger buffer where this one is full."""
        changed = {o.key: self._rows(o) for o in operands if o.changed}
        wanted = {k: n for k, n in changed.items() if k not in self.made}
        if not wanted:
            return
        tables = self.top - sum(self.made_rows.values())
        tiles, held, width = self.buffer.shape
        if self.top + sum(wanted.values()) > held:
            limit = MADE_BYTES // (8 * tiles * width)
            # Room grows in proportion, so that copying stays rare; at the limit all that
            # surgery made is given up, and what is wanted now is handed out afresh.
            if self.top - tables + sum(wanted.values()) > limit and self.made:
                self.made, self.made_rows = {}, {}
                self.top, wanted, self.emptied = tables, changed, self.emptied + 1
            more = max(sum(wanted.values()), min(2 * (self.top - tables), limit))
            self.buffer = aligned((tiles, self.top + more, width))
            # The new buffer is empty, tables' rows too: whoever needs them has them copied in
            # again.
            self.there, self.filled = np.zeros(self.top + more, dtype=bool), set()
        for key, rows in wanted.items():
            self.made[key], self.made_rows[key] = self.top, rows
            self.top += rows

    def _rows(self, operand: Operand) -> int:
        """How many rows the values of an operand take."""
        return int(np.prod([self.sizes[a] for a in operand.axes], dtype=np.int64))

    def _fill(self, read: Read, operands: Iterable[Operand]) -> None:
        """Copy in the rows that some operands read, where they are not yet."""
        for operand in operands:
            if self._holds(operand):
                continue
            rows = self._place(operand)
            missing = ~self.there[rows]
            if missing.any():
                values = read(operand).reshape(len(rows), -1)
                self._copy(rows[missing], values if missing.all() else values[missing])
                self.there[rows] = True
            self.filled.add(_filling(operand))

    def _place(self, operand: Operand) -> NDArray[np.int64]:
        """The rows that an operand reads, in C order of its axes."""
        if operand.changed:
            return self.made[operand.key] + np.arange(self._rows(operand))
        axes = self.shapes[operand.table]
        sizes = [self.sizes[a] for a in axes]
        first = self.bases[operand.table]
        return first + np.arange(int(np.prod(sizes))).reshape(sizes)[operand.index].ravel()

    def _copy(self, rows: NDArray[np.int64], flat: Array) -> None:
        """Write values (rows, draws or 1) into a buffer's rows, tile by tile."""
        width = self.buffer.shape[2]
        for tile in range(self.buffer.shape[0]):
            part = flat[:, tile * width : (tile + 1) * width] if flat.shape[1] > 1 else flat
            self.buffer[tile, rows, : part.shape[1]] = part
            # The end of the last tile repeats a draw, so that the kernel meets no zero or NaN
            # there.
            if part.shape[1] < width:
                self.buffer[tile, rows, part.shape[1] :] = part[:, :1]


def _filling(operand: Operand) -> tuple[object, ...]:
    """Equal for operands that read the same rows."""
    return operand.key if operand.changed else (operand.table, str(operand.index))


def row_store(shapes: Mapping[Hashable, Axes], sizes: Mapping[str, int], draws: int) -> RowStore:
    """Room for every row of the tables with these axes; raises MemoryError where there is none.

    Only rows that are read take memory, and their draws are within the budget.
    """
    bases: dict[Hashable, int] = {}
    total = 0
    for table, axes in shapes.items():
        bases[table] = total
        total += int(np.prod([sizes[a] for a in axes], dtype=np.int64))
    width = LONG if draws >= MANY else min(TILE, -(-draws // LANES) * LANES)
    buffer = aligned((-(-draws // width), total, width))
    return RowStore(bases, shapes, sizes, draws, buffer, total, np.zeros(total, dtype=bool))


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
