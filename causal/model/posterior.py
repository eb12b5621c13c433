"""Counts, the Dirichlet prior, and the posterior draws of every table.

Rows of a table are independent given the counts (Geiger & Heckerman 1997): row r of variable v has
posterior Dirichlet(N_r + s m_r), s the strength and m_r the prior mean of that row.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal.graph.dag import CausalGraph, unlagged
from causal.model.table import DRAW, Array, Table

IntArray = NDArray[np.int64]
Slice = Literal["day", "start"]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Sufficient statistics: how often each family was seen, shape (*parent sizes, states).

    ``day`` counts a variable given its causes, ``start`` describes the first slice.  Counts add.
    """

    day: Mapping[str, IntArray]
    start: Mapping[str, IntArray]

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            {n: a + other.day[n] for n, a in self.day.items()},
            {n: a + other.start[n] for n, a in self.start.items()},
        )

    def of(self, piece: Slice) -> Mapping[str, IntArray]:
        return self.day if piece == "day" else self.start


@dataclass(frozen=True, slots=True)
class Dirichlet:
    """A prior worth ``strength`` days a row, whose mean backs off to coarser parents.

    m(p1..pk) = [N(p1..p(k-1)) + s m(p1..p(k-1))] / [N + s]: a row leans on the row without its
    last-listed parent, that one on the next coarser, down to the variable's own frequencies and at
    last to equal shares (MacKay & Peto 1995, the same idea in language models).
    """

    strength: float = 4.0

    def mean(self, counts: IntArray) -> Array:
        """Prior mean of every row; shape of ``counts``."""
        states = counts.shape[-1]
        mean: Array = np.full(states, 1 / states)
        for kept in range(counts.ndim - 1):
            coarse = counts.sum(axis=tuple(range(kept, counts.ndim - 1)))
            total = coarse.sum(axis=-1, keepdims=True)
            mean = (coarse + self.strength * mean) / (total + self.strength)
            mean = mean[..., None, :]
        return np.broadcast_to(mean, counts.shape)

    def alpha(self, counts: IntArray, allowed: NDArray[np.bool_] | None = None) -> Array:
        """Dirichlet parameters N + s m; zero where the structure allows no mass."""
        mean = self.mean(counts)
        if allowed is not None:
            mean = np.where(allowed, mean, 0.0)
            total = mean.sum(axis=-1, keepdims=True)
            even = allowed / np.maximum(allowed.sum(axis=-1, keepdims=True), 1)
            mean = np.where(total > 0, mean / np.where(total > 0, total, 1), even)
        return counts + self.strength * mean


def allowed(graph: CausalGraph, name: str, parents: tuple[str, ...]) -> NDArray[np.bool_] | None:
    """Where a table may hold mass: a market is closed on closed days, and on no other.

    None when the calendar is not among the parents of ``name``, or ``name`` never closes.
    """
    variable = graph.variable(name)
    if variable.measurement is None or not variable.measurement.closed:
        return None
    for place, axis in enumerate(parents):
        day = graph.variable(unlagged(axis))
        if axis == day.name and day.measurement is not None and day.measurement.calendar:
            shut = np.array([s == "closed" for s in day.states])
            shape = [1] * (len(parents) + 1)
            shape[place] = len(day.states)
            sizes = [graph.size(p) for p in parents] + [len(variable.states)]
            is_closed = np.arange(len(variable.states)) == 0
            return np.broadcast_to(shut.reshape(shape) == is_closed, sizes)
    return None


class DrawnTables(Mapping[str, Table]):
    """The tables of one slice, each drawn when it is first asked for, and then kept.

    Draws depend on (seed, slice, variable) only: the same whatever else is asked.
    """

    def __init__(
        self,
        alphas: Mapping[str, tuple[tuple[str, ...], Array]],
        piece: Slice,
        draws: int,
        seed: int,
    ) -> None:
        self._alphas, self._piece, self._draws, self._seed = alphas, piece, draws, seed
        self._drawn: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        if name not in self._drawn:
            axes, alpha = self._alphas[name]
            self._drawn[name] = Table((*axes, DRAW), self._draw(name, alpha))
        return self._drawn[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._alphas)

    def __len__(self) -> int:
        return len(self._alphas)

    def _draw(self, name: str, alpha: Array) -> Array:
        if self._draws == 0:
            mean: Array = (alpha / alpha.sum(axis=-1, keepdims=True))[..., None]
            return mean
        key = zlib.crc32(f"{self._piece}:{name}".encode())
        rng = np.random.default_rng([self._seed, key])
        gamma: Array = rng.standard_gamma(alpha[..., None], size=(*alpha.shape, self._draws))
        gamma += np.where(alpha > 0, np.finfo(float).tiny, 0.0)[..., None]
        gamma /= gamma.sum(axis=-2, keepdims=True)
        return gamma
