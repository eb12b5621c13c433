"""The day's move of a price within each cell of states: binned counts, and their posterior draws.

A move is measured in units of the usual volatility m.  A bin is a rectangle: the close's move u in
[a, b), and the wick w in [c, d), how far the day's low fell below the lower of both closes; within
a bin days are spread evenly.  The low's move is min(u, 0) - w.

The distribution of a cell is the Bayesian bootstrap of its days (Rubin 1981): its days get weights
that are Dirichlet(1, ..., 1), so that a bin with N_b of them has the share

    P(b | cell) ~ Dirichlet(N_1, ..., N_B)_b,    E = N_b / N,    Var = E (1 - E) / (N + 1),

and a bin in which no day of the cell fell has none: no move is invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from causal.contract.array import Array
from causal.graph.story import Moves
from causal.memo import fields_alone
from causal.model.posterior import IntArray
from causal.query.level import Close

_HALF = (*np.arange(0.0, 4.0, 0.2).round(1), 4.0, 4.5, 5.0, 5.5, 6.0, 7.0, 8.0, 10.0, 12.0, 16.0)

LAST_EDGE = 24.0

FARTHEST_EDGE = 1000.0  # usual moves; no price has made a tenth of it in a day

USUAL = 1e-4  # a usual volatility below a hundredth of a percent is a mistake of units

CLOSE_EDGES = tuple(float(e) for e in (-LAST_EDGE, *(-e for e in _HALF[:0:-1]), *_HALF, LAST_EDGE))

WICK_EDGES = (
    0.0,
    0.1,
    0.2,
    0.4,
    0.6,
    0.8,
    1.0,
    1.5,
    2.0,
    3.0,
    4.0,
    6.0,
    8.0,
    12.0,
    16.0,
    LAST_EDGE,
)

STREAM = 0x6D6F7665  # names the random stream of the moves among those of the tables


@dataclass(frozen=True, eq=False)
class MoveCounts:
    """How many days of each cell fell in each bin, and the usual volatility when the data end.

    ``declared`` is the story's section [moves].  ``days`` has shape (*sizes of its cell, close
    bins, wick bins); edges are in usual volatilities, rising, a bin from one to the next.
    ``usual`` is the scale m of the last day, as a log return a day.  ``close``: where the price
    stands, in a model as of a day; it is not stored.
    """

    declared: Moves
    close_edges: tuple[float, ...]
    wick_edges: tuple[float, ...]
    days: IntArray
    usual: float
    close: Close | None = None
    __getstate__ = fields_alone

    @cached_property
    def bins(self) -> tuple[Array, Array]:
        """Edges of the bins that hold a day: closes (bins, 2) and wicks (bins, 2)."""
        close, wick = np.array(self.close_edges), np.array(self.wick_edges)
        places = np.argwhere(self._cells.any(axis=0))
        u, w = places[:, 0], places[:, 1]
        return np.stack([close[u], close[u + 1]], -1), np.stack([wick[w], wick[w + 1]], -1)

    @property
    def _cells(self) -> IntArray:
        """The days of each cell, shape (cells, close bins, wick bins)."""
        return self.days.reshape(-1, *self.days.shape[-2:])

    @cached_property
    def alpha(self) -> IntArray:
        """Days of each cell in each of ``bins``, shape (*cells, bins).

        A cell without a day takes those of its state of the variable, whatever the other states;
        a state without a day takes all days.
        """
        there = self._cells.any(axis=0)
        days: IntArray = self.days[..., there]
        for axes in (tuple(range(1, days.ndim - 1)), tuple(range(days.ndim - 1))):
            wider = days.sum(axis=axes, keepdims=True)
            days = np.where(days.sum(axis=-1, keepdims=True) > 0, days, wider)
        return days

    def shares(self, draws: int, seed: int) -> Array:
        """P(bin | cell), shape (*cells, bins, draws): the Bayesian bootstrap (Rubin 1981).

        Bins are those of ``bins``, in their order; the shares of a cell sum to one in every draw.
        Each cell's shares are Dirichlet(days in the bins); 0 draws: the days' own shares.  Cell c
        has the random stream (seed, "move", c), whatever else is drawn.
        """
        alpha = self.alpha.reshape(-1, self.alpha.shape[-1]).astype(np.float64)
        if draws == 0:
            found = alpha[..., None]
        else:
            found = np.zeros((*alpha.shape, draws))
            for cell, row in enumerate(alpha):
                rng = np.random.Generator(np.random.Philox([seed, STREAM, cell]))
                held = row > 0
                found[cell, held] = rng.standard_gamma(row[held][:, None], (held.sum(), draws))
        found = found / found.sum(axis=1, keepdims=True)
        shares: Array = found.reshape(*self.alpha.shape, -1)
        return shares
