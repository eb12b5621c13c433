"""What a history says, by sub-blocks of days: counts of every table, and days with a gap.

A sub-block is a stretch of ``length`` days of the calendar, numbered from 1970-01-01.  Within one
the days have no order and no date, so that a file holds stretches, and no single day; weights that
are drawn for a sub-block (``day_weights``) are shared by all of its days and all of the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.errors import ModelError
from causal.model.posterior import IntArray, Piece


@dataclass(frozen=True, slots=True, eq=False)
class BlockCounts:
    """Counts of one table by sub-block, each of shape (entries,).

    ``days[i]`` days of sub-block ``block[i]`` are in cell ``cell[i]``, counted along the flattened
    table of ``cells`` entries; not whole where days are forgotten.
    """

    cells: int
    block: IntArray
    cell: IntArray
    days: Array

    def total(self) -> Array:
        """Days of every cell, (cells,)."""
        found: Array = np.zeros(self.cells)
        np.add.at(found, self.cell, self.days)
        return found

    def weighted(self, first: int, weights: Array) -> Array:
        """Sum of days times the weight of their sub-block: (cells, draws).

        ``weights`` (sub-blocks, draws), the first of them of sub-block ``first``.
        """
        seen, place = np.unique(self.cell, return_inverse=True)
        tally = np.zeros((len(seen), len(weights)))
        np.add.at(tally, (place, self.block - first), self.days)
        found = np.zeros((self.cells, weights.shape[1]))
        found[seen] = tally @ weights
        return found


@dataclass(frozen=True, slots=True, eq=False)
class GapDays:
    """Days on which ``variable`` is not known, and what is: codes of ``axes``, (days, axes).

    -1 where a cause is not known either.  ``block`` (days,): the sub-block of each; ``share``
    (days,): what a day counts for, one unless days are forgotten.
    """

    variable: str
    axes: tuple[str, ...]
    block: IntArray
    codes: NDArray[np.int8]
    share: Array


@dataclass(frozen=True, slots=True, eq=False)
class DayCounts:
    """All that a posterior is drawn from: counts by sub-block of every table, and gaps.

    Raises ModelError for a sub-block of no days.
    """

    length: int
    day: Mapping[str, BlockCounts]
    start: Mapping[str, BlockCounts]
    gaps: tuple[GapDays, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.length < 1:
            raise ModelError(
                f"A sub-block has {self.length} days.",
                "Days are counted by stretches of one day at least.",
                "Fit the model again.",
            )

    def of(self, piece: Piece) -> Mapping[str, BlockCounts]:
        """The counts of one slice, by variable."""
        return self.day if piece == "day" else self.start

    def span(self) -> tuple[int, int]:
        """The first and the last sub-block that holds a day."""
        every = [b.block for m in (self.day, self.start) for b in m.values() if len(b.block)]
        every += [g.block for g in self.gaps if len(g.block)]
        if not every:
            return 0, 0
        return min(int(b.min()) for b in every), max(int(b.max()) for b in every)
