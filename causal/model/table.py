"""Table: a conditional probability table with named axes; the draws lie along the last axis.

P(variable | parents) as an array: one axis a parent, then the variable, then the draws, each entry
in [0, 1], each row (parents and draw fixed) summing to one.  The draw axis comes last so that one
operation on a row touches a contiguous run of draws (docs/decisions/0002-draws-last.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.errors import TableError

DRAW = "draw"
EXACT = 1e-12  # by how much sums in double precision miss one
SINGLE = 1e-6  # a row of numbers that were kept in single precision may miss one by this much


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Table:
    """P(variable | parents): ``axes`` = (*parents, variable, "draw"), rows sum to one.

    ``values`` has one axis per entry of ``axes``, shape (*parent sizes, states, draws); a point
    table has a single draw.  A lagged parent is the axis ``x@-1``.  Values of less than double
    precision are put in double, rows off by that (1e-6) scaled to one.
    Raises TableError when shapes do not match, a value is negative, or a row does not sum to one.
    """

    axes: tuple[str, ...]
    values: Array

    def __post_init__(self) -> None:
        if self.axes[-1:] != (DRAW,) or self.values.ndim != len(self.axes):
            raise TableError(
                f"A table with axes {self.axes} got values of shape {self.values.shape}.",
                "Axes are (*parents, variable, 'draw'), one for each dimension.",
                "Add the missing axis, or build it with `table(...)`.",
            )
        if self.values.dtype != np.float64:
            object.__setattr__(self, "values", _scaled(np.asarray(self.values, dtype=np.float64)))

    def __repr__(self) -> str:
        given = f" | {', '.join(self.parents)}" if self.parents else ""
        size = " x ".join(map(str, self.values.shape[:-1]))
        return f"<Table P({self.variable}{given}): {size}, {self.draws:,} draws>"

    @property
    def variable(self) -> str:
        """The variable whose distribution the rows are: the last axis but one."""
        return self.axes[-2]

    @property
    def parents(self) -> tuple[str, ...]:
        """Axes of its direct causes, in the order of the table."""
        return self.axes[:-2]

    @property
    def draws(self) -> int:
        """Number of posterior draws; 1 for a point table."""
        return int(self.values.shape[-1])

    def mean(self) -> Table:
        """The posterior mean E[theta], entry by entry over the draws: a table with one draw."""
        return Table(self.axes, self.values.mean(axis=-1, keepdims=True))

    def checked(self, tolerance: float = 1e-8) -> Table:
        """Itself; raises TableError unless every row is a distribution."""
        sums = self.values.sum(axis=-2)
        off = np.nan_to_num(np.abs(sums - 1), nan=np.inf)
        if (off > tolerance).any():
            worst = sums.flat[int(off.argmax())]
            fault = f"sums to {worst:.10g}, not to one"
        elif (self.values < 0).any():
            fault = f"holds a negative entry, {self.values.min():.6g}"
        else:
            fault = ""
        if fault:
            raise TableError(
                f"A row of the table of `{self.variable}` {fault}.",
                "It is not a conditional distribution.",
                "Normalise the rows, and check that no entry is negative.",
            )
        return self


def table(parents: Sequence[str], variable: str, values: Array) -> Table:
    """A checked point table from values of shape (*parent sizes, states).

    Rows that miss one by single precision (1e-6), as float32 keeps them, are scaled to one.
    """
    array = np.asarray(values, dtype=np.float64)[..., None]
    return Table((*parents, variable, DRAW), _scaled(array)).checked()


def _scaled(values: Array) -> Array:
    """The values, variable on the last axis but one, rows off by single precision put right."""
    if values.ndim < 2:
        return values
    sums = values.sum(axis=-2, keepdims=True)
    off = np.abs(sums - 1)
    scaled: Array = values / np.where((off > EXACT) & (off <= SINGLE), sums, 1.0)
    return scaled
