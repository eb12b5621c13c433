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
from math import prod
from typing import Any

import numpy as np

from causal import limit
from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.price import Moves
from causal.graph.section import Section, finite
from causal.memo import fields_alone
from causal.model.posterior import IntArray
from causal.text import written

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


def check_moves(moves: Moves, graph: CausalGraph, bins: int) -> None:
    """Raise ModelError where the cells of the moves, ``bins`` each, do not fit in the budget.

    Two arrays of 8 bytes an entry are reckoned with, (cells, bins) each.
    """
    cells = prod(map(graph.size, moves.cell))
    limit.afford(
        2 * 8 * cells * bins,
        f"The moves of `{moves.close}` in {limit.many(cells)} cells, {bins} bins each,",
        "Name fewer variables under `given` in [moves]",
    )


@dataclass(frozen=True, eq=False)
class MoveCounts:
    """How many days of each cell fell in each bin, and the usual volatility when the data end.

    ``declared`` is the story's section [moves].  ``days`` has shape (*sizes of its cell, close
    bins, wick bins); edges are in usual volatilities, rising, a bin from one to the next.
    ``usual`` is the scale m of the last day, as a log return a day.
    """

    declared: Moves
    close_edges: tuple[float, ...]
    wick_edges: tuple[float, ...]
    days: IntArray
    usual: float
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


def move_counts_to_dict(graph: CausalGraph, moves: MoveCounts) -> dict[str, Any]:
    """The counts as plain values: for each cell the bins that hold days, [close, wick, days].

    Cells in the order of the story's states, the last variable fastest.
    """
    cells = []
    for place in np.ndindex(moves.days.shape[:-2]):
        here = moves.days[place]
        states = zip(moves.declared.cell, place, strict=True)
        cells.append(
            {n: graph.variable(n).states[i] for n, i in states}
            | {"days": [[int(u), int(w), int(here[u, w])] for u, w in np.argwhere(here)]}
        )
    return {
        "usual": moves.usual,
        "close_edges": list(moves.close_edges),
        "wick_edges": list(moves.wick_edges),
        "cells": cells,
    }


def move_counts_from_section(section: Section, graph: CausalGraph, moves: Moves) -> MoveCounts:
    """The counts in a stored model; what is wrong is noted in the section.

    Raises ModelError where the cells do not fit in memory, before anything is allocated.
    """
    usual = section.number("usual", 0.0)
    if not USUAL <= usual <= 1:
        section.wrong("usual", f"must be more than zero, from {USUAL:g} to 1 a day")
    edges = {key: section.numbers(key) for key in ("close_edges", "wick_edges")}
    for key, found in edges.items():
        if len(found) < 2:
            section.wrong(key, "must hold at least two rising numbers")
        elif max(abs(found[0]), abs(found[-1])) > FARTHEST_EDGE:
            section.wrong(key, f"must lie within {FARTHEST_EDGE:g} usual moves")
    if edges["wick_edges"][:1] != (0.0,):
        section.wrong("wick_edges", "must begin at zero: a low is never above the close")
    bins = tuple(max(len(e) - 1, 1) for e in edges.values())
    sizes = tuple(graph.size(n) for n in moves.cell)
    check_moves(moves, graph, prod(bins))
    days = np.zeros((*sizes, *bins), dtype=np.int64)
    cells = section.sections("cells")
    if len(cells) != prod(sizes):
        section.wrong("cells", f"the story has {prod(sizes)} cells, the file {len(cells)}")
    for place, cell in zip(np.ndindex(sizes), cells, strict=False):
        for name, state in zip(moves.cell, place, strict=True):
            if cell.text(name) != graph.variable(name).states[state]:
                cell.wrong(name, f"must be {graph.variable(name).states[state]} in this place")
        _fill(cell, days[place])
        cell.close()
    if not days.any():
        section.wrong("cells", "hold no day")
    section.close()
    return MoveCounts(moves, edges["close_edges"], edges["wick_edges"], days, usual)


def _fill(cell: Section, days: IntArray) -> None:
    """Put the triples of one cell in their bins."""
    cell.asked.add("days")
    rows = cell.table.get("days")
    if not isinstance(rows, list):
        cell.wrong("days", f"must be a list of [close, wick, days], not {written(rows)}")
        return
    for row in rows:
        whole = isinstance(row, list) and len(row) == 3
        if not (whole and all(isinstance(v, int) and finite(v) and v >= 0 for v in row)):
            cell.wrong("days", f"must be whole numbers [close, wick, days], not {written(row)}")
            return
        u, w, count = row
        if u >= days.shape[0] or w >= days.shape[1] or not 0 < count < 2**31 or days[u, w]:
            cell.wrong("days", f"{written(row)} is no bin, holds no day, or is given twice")
            return
        days[u, w] = count
