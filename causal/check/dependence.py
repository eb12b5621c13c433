"""How much the days of a table hang together beyond what its causes explain.

With residuals e_t = 1{x_t = k} - P(k | causes of day t), summed over the states k, the inflation is

    f_B = 1 + 2 sum_{0 < j < B} (1 - j / B) rho_j,    rho_j = sum_t e_t e_{t+j} / sum_t e_t^2,

the long-run variance of Bartlett (Newey & West 1987) over that of independent days.  One day then
says as much as 1 / f_B independent ones.  For independent days its standard deviation is about
sqrt(4 B / (3 n)); a table above what chance gives has a cause that lasts and that is not in the
story, a regime or an era.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from causal.answer.format import finite_or_none
from causal.contract.array import Array
from causal.data.panel import DAY
from causal.data.states import States
from causal.graph.variable import LAST, MISSING, unlagged
from causal.model.network import CausalModel

BLOCKS = (20, 60, 120)
FEWEST = 5  # days in each of two states, for a table to be measured
CHANCE = 0.05  # of a finding in any table, where all days are independent


@dataclass(frozen=True, slots=True)
class DependenceRow:
    """Of one table: days, the inflation at every block, and the most that chance gives (infinite
    where its states hardly vary, so that nothing is measured)."""

    table: str
    days: int
    inflation: tuple[float, ...]
    chance: tuple[float, ...]

    @property
    def found(self) -> bool:
        """Whether its days hang together more than chance explains."""
        return any(f > c for f, c in zip(self.inflation, self.chance, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "table": self.table,
            "days": self.days,
            "inflation": list(self.inflation),
            "chance": [finite_or_none(c) for c in self.chance],
            "found": self.found,
        }


def dependence(
    model: CausalModel, read: States, *, blocks: Sequence[int] = BLOCKS
) -> list[DependenceRow]:
    """The inflation of every table that is learnt, at the posterior mean of a fitted model.

    ``read``: the states of the days that it was fitted to.  Days on which a family is not whole
    say nothing.
    """
    names = [n for n in model.graph.names if not model.graph.variable(n).rule]
    mean = model.mean()
    each = CHANCE / max(len(names) * len(blocks), 1)
    beyond = NormalDist().inv_cdf(1 - each)
    found = []
    for name in names:
        residuals, known = _residuals(mean, read, name)
        days = int(known.sum())
        if not _varies(read, name):
            found.append(DependenceRow(name, days, (1.0,) * len(blocks), (math.inf,) * len(blocks)))
            continue
        chance = tuple(1 + beyond * math.sqrt(4 * b / (3 * max(days, 1))) for b in blocks)
        values = tuple(inflation(residuals, known, b) for b in blocks)
        found.append(DependenceRow(name, days, values, chance))
    return found


def _varies(read: States, name: str) -> bool:
    """Whether two states of a variable at least were seen often enough to tell."""
    codes = read.of(name)
    seen = np.bincount(codes[codes != MISSING])
    return int((seen >= FEWEST).sum()) > 1


def inflation(residuals: Array, known: Array, block: int) -> float:
    """f_B of residuals (days, states), zero where a day is not ``known``; 1 where nothing
    varies."""
    total = float((residuals**2).sum())
    days = float(known.sum())
    if total <= 0:
        return 1.0
    found = 1.0
    for back in range(1, min(block, len(residuals))):
        pairs = float((known[back:] * known[:-back]).sum())
        if pairs > 0:
            product = float((residuals[back:] * residuals[:-back]).sum()) / pairs
            found += 2 * (1 - back / block) * product / (total / days)
    return max(found, 0.0)


def _residuals(mean: CausalModel, read: States, name: str) -> tuple[Array, Array]:
    """Residuals (days, states), and whether each day is known; days are those of the calendar."""
    table = mean.tables[name]
    axes = table.axes[:-1]
    place = ((read.dates - read.dates[0]) / DAY).astype(int)
    length = int(place[-1]) + 1
    codes = np.full((length, len(axes)), MISSING)
    for column, axis in enumerate(axes):
        late = int(axis.endswith(LAST))
        here = place + late
        inside = here < length
        codes[here[inside], column] = read.of(unlagged(axis))[inside]
    known = (codes != MISSING).all(axis=1)
    rows = tuple(np.where(known, c, 0) for c in codes.T)
    chances = table.values[..., 0][rows[:-1]]
    seen = np.arange(chances.shape[-1]) == codes[:, -1:]
    return np.where(known[:, None], seen - chances, 0.0), known.astype(float)
