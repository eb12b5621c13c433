"""Counts, the Dirichlet prior, and the posterior draws of every table.

Rows of a table are independent given the counts (Geiger & Heckerman 1997): row r of variable v has
posterior Dirichlet(N_r + s m_r), s the strength and m_r the prior mean of that row.  With
alpha = N_r + s m_r and A = sum_k alpha_k,

    E[theta_k] = alpha_k / A,    Var[theta_k] = E[theta_k] (1 - E[theta_k]) / (A + 1).

A draw is one whole model: draw i of one table belongs with draw i of every other.  A row is drawn
as normalised gamma variates, theta_k = G_k / sum_j G_j, G_k ~ Gamma(alpha_k) (Devroye 1986).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from causal import limit
from causal.contract.array import Array
from causal.errors import ModelError, QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, unlagged
from causal.memo import Latches
from causal.model.table import DRAW, Table

IntArray = NDArray[np.int64]
CountArray = NDArray[Any]
"""Days: whole numbers, or shares of days where some are shared out or forgotten."""
Piece = Literal["day", "start"]
TINY = float(np.finfo(float).tiny)
FAINT = 1e-200  # a total of variates below which one may have been too small for a float
THREADS_ABOVE = 200_000  # variates below which one thread is faster


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Counts:
    """Sufficient statistics: how often each family was seen, shape (*parent sizes, states).

    ``day`` counts a variable given its causes, ``start`` describes the first slice.  Counts add.
    Raises ModelError unless they are finite, none negative, at most 2^53 in a table.
    """

    day: Mapping[str, CountArray]
    start: Mapping[str, CountArray]

    def __post_init__(self) -> None:
        for tallies in (self.day, self.start):
            for name, days in tallies.items():
                _check_days(name, np.asarray(days))

    def __repr__(self) -> str:
        return f"<Counts of {len(self.day)} variables>"

    def __add__(self, other: Counts) -> Counts:
        """The counts of both; raises ModelError where they are of different families."""
        for mine, yours in ((self.day, other.day), (self.start, other.start)):
            if {n: a.shape for n, a in mine.items()} != {n: a.shape for n, a in yours.items()}:
                raise ModelError(
                    "These counts are of different families.",
                    "Only counts of one graph add: the same variables, causes and states.",
                    "Count both histories with the same story.",
                )
        return Counts(
            {n: a + other.day[n] for n, a in self.day.items()},
            {n: a + other.start[n] for n, a in self.start.items()},
        )

    def of(self, piece: Piece) -> Mapping[str, CountArray]:
        """The counts of one slice, by variable."""
        return self.day if piece == "day" else self.start


def total(days: CountArray) -> int:
    """The sum of counts, none negative, exact however large.

    In 64 bits where it cannot overflow, else in two halves of 32 bits, joined as a Python integer.
    """
    if not days.size or int(days.max()) <= limit.COUNT // days.size:
        return int(days.sum())
    if days.dtype.kind == "f":
        return int(days.sum())
    return (int((days >> 32).sum()) << 32) + int((days & 0xFFFFFFFF).sum())


def _check_days(name: str, days: CountArray) -> None:
    """Raise ModelError unless the counts are finite, none negative, at most 2^53 in all."""
    if days.dtype.kind not in "iuf" or not np.isfinite(days).all():
        fault = "are no numbers, or not finite"
    elif days.size and days.min() < 0:
        fault = f"hold {days.min()}"
    elif total(days) > limit.COUNT:
        fault = f"come to {total(days):,} days"
    else:
        return
    raise ModelError(
        f"The counts of `{name}` {fault}.",
        "Counts are days, zero or more, at most 2^53 in a table: beyond, a float no longer tells "
        "one day more.",
        "Count the history again, or count in larger units.",
    )


@dataclass(frozen=True, slots=True)
class Dirichlet:
    """A prior worth ``strength`` days a row, whose mean backs off to coarser parents.

    m(p1..pk) = [N(p1..p(k-1)) + s m(p1..p(k-1))] / [N + s]: a row leans on the row without its
    last-listed parent, that one on the next coarser, down to the variable's own frequencies and at
    last to equal shares (MacKay & Peto 1995, the same idea in language models).
    Raises ModelError for a strength outside ``limit``.
    """

    strength: float = 4.0

    def strength_of(self, piece: Piece, name: str) -> float:
        """Days that the prior of a row is worth: the same in every table."""
        return self.strength

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", limit.strength(self.strength))

    def mean(self, counts: CountArray) -> Array:
        """Prior mean m of every row, coarse to fine; shape of ``counts``, (*parent sizes, states).

        Each step k counts on the first k parents alone and leans on step k - 1:
        m_k = [N(p1..pk) + s m_(k-1)] / [sum N(p1..pk) + s], from m = 1 / states.  The finest counts
        are not among them: they enter once, in ``alpha``.
        """
        states = counts.shape[-1]
        mean: Array = np.full(states, 1 / states)
        for kept in range(counts.ndim - 1):
            coarse = counts.sum(axis=tuple(range(kept, counts.ndim - 1)))
            total = coarse.sum(axis=-1, keepdims=True)
            leaning: Array = (coarse + self.strength * mean) / (total + self.strength)
            mean = leaning.clip(TINY)[..., None, :]
        return np.broadcast_to(mean, counts.shape)

    def alpha(self, counts: CountArray, allowed: NDArray[np.bool_] | None = None) -> Array:
        """Dirichlet parameters N + s m; zero where the structure allows no mass.

        ``allowed`` is a mask of the shape of ``counts``: the prior mean is zero outside it and is
        scaled to one within, equal shares where it had nothing there.  No positive parameter is
        below ``TINY``, the smallest that gamma variates can be drawn with.
        """
        mean = self.mean(counts)
        if allowed is not None:
            mean = within(mean, allowed)
        prior: Array = np.where(mean > 0, np.maximum(self.strength * mean, TINY), 0.0)
        return counts + prior


def within(mean: Array, where: NDArray[np.bool_]) -> Array:
    """Rows scaled to one inside ``where`` and zero outside; equal shares where nothing was in."""
    mean = np.where(where, mean, 0.0)
    total = mean.sum(axis=-1, keepdims=True)
    even = where / np.maximum(where.sum(axis=-1, keepdims=True), 1)
    found: Array = np.where(total > 0, mean / np.where(total > 0, total, 1), even)
    return found


def allowed(graph: CausalGraph, name: str, parents: tuple[str, ...]) -> NDArray[np.bool_] | None:
    """Where a table may hold mass: a market is closed on closed days, and on no other.

    A row whose causes contradict the calendar cannot come up; it keeps its first state alone, so
    that nothing is drawn for it.  None when the calendar is not among the parents.
    """
    calendar = next((a for a in parents if calendar_axis(graph, a)), None)
    if calendar is None:
        return None
    axes = (*parents, name)
    sizes = [graph.size(a) for a in axes]
    shut = _along(
        axes, calendar, np.array([s == "closed" for s in graph.variable(calendar).states])
    )
    found = np.ones(sizes, dtype=bool)
    possible = np.ones(sizes, dtype=bool)
    for axis in axes:
        if axis.endswith(LAST) or not closes(graph, axis):
            continue
        agrees = _along(axes, axis, np.arange(graph.size(axis)) == 0) == shut
        if axis == name:
            found &= agrees
        else:
            possible &= agrees
    first = _along(axes, name, np.arange(sizes[-1]) == 0)
    return np.where(possible, found, np.broadcast_to(first, sizes))


def calendar_axis(graph: CausalGraph, axis: str) -> bool:
    """Whether the axis says, for the same day, if the market is open."""
    measured = graph.variable(unlagged(axis)).measurement
    return not axis.endswith(LAST) and measured is not None and bool(measured.calendar)


def closes(graph: CausalGraph, name: str) -> bool:
    """Whether the first state of a variable stands for days without a session."""
    measured = graph.variable(name).measurement
    return measured is not None and measured.closed


def _along(axes: tuple[str, ...], axis: str, flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A vector laid along one of many axes, ready to broadcast."""
    shape = [1] * len(axes)
    shape[axes.index(axis)] = len(flags)
    return flags.reshape(shape)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A table whose rows are in place where ``rows`` says so, shapes (*parents, states, draws).

    More rows are put in place first and flagged then, in another ``Drawn`` of the same ``values``:
    a flagged row is never written again, and whoever holds this needs no lock to read it.
    """

    values: Array
    rows: NDArray[np.bool_]


class DrawnTables(Mapping[str, Table]):
    """The tables of one slice, each row drawn when it is first needed, and then kept.

    Every row has a random stream of its own, keyed by (seed, slice, variable, row): the same draws
    whatever else is asked, in whatever order, on however many cores.  0 draws: the posterior mean.

    Any number of threads may read: one draws the rows of a table that are missing, under the lock
    of that table.  Copies and pickles draw afresh, and the same.
    """

    def __init__(
        self,
        alphas: Mapping[str, tuple[tuple[str, ...], Array]],
        piece: Piece,
        draws: int,
        seed: int,
    ) -> None:
        self._alphas, self._piece, self._draws, self._seed = alphas, piece, draws, seed
        self._drawn: dict[str, Drawn] = {}
        self._latches = Latches()

    def __getstate__(self) -> dict[str, object]:
        return {k: {} if k == "_drawn" else v for k, v in self.__dict__.items()}

    def mean(self) -> Mapping[str, Table]:
        """The same tables at the posterior mean, of one draw each."""
        return DrawnTables(self._alphas, self._piece, 0, self._seed)

    def __getitem__(self, name: str) -> Table:
        axes, _ = self._alphas[name]
        return Table((*axes, DRAW), self.block(name, (slice(None),) * len(axes)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._alphas)

    def __len__(self) -> int:
        return len(self._alphas)

    def block(self, name: str, index: tuple[int | slice, ...]) -> Array:
        """Values of a table by an index over (*parents, variable); only those rows are drawn.

        The last axis is that of the draws.  Read-only: what is drawn is shared.
        Raises QueryError where the draws of one more table do not fit in memory.
        """
        found = self._drawn.get(name)
        if found is None or not found.rows[index[:-1]].all():
            with self._latches[name]:
                found = self._more(name, index[:-1])
        block: Array = found.values[index]
        block.flags.writeable = False  # everybody's
        return block

    def _more(self, name: str, index: tuple[int | slice, ...]) -> Drawn:
        """The table with the rows of an index in place; called under its lock."""
        found = self._drawn.get(name)
        if found is None:
            shape = self._alphas[name][1].shape
            self._afford(name, prod(shape))
            found = Drawn(np.empty((*shape, max(self._draws, 1))), np.zeros(shape[:-1], dtype=bool))
        rows = found.rows.copy()
        rows[index] = True
        self._fill(name, found.values, np.flatnonzero(rows & ~found.rows))
        self._drawn[name] = more = Drawn(found.values, rows)
        return more

    def _afford(self, name: str, cells: int) -> None:
        """Raise QueryError where the draws of one more table do not fit in the budget."""
        held = sum(drawn.values.size for drawn in tuple(self._drawn.values()))
        limit.afford(
            8 * (held + cells * max(self._draws, 1)),
            f"{self._draws:,} draws of the table of `{name}`, {cells:,} cells, and of the others "
            "that the question reads,",
            "Ask with fewer draws",
            QueryError,
        )

    def _fill(self, name: str, values: Array, rows: NDArray[np.intp]) -> None:
        """Draw the rows (by their number) into ``values``; a certain row, or any mean, as it is."""
        alpha = self._alphas[name][1]
        alpha = alpha.reshape(-1, alpha.shape[-1])
        values = values.reshape(*alpha.shape, -1)
        mean = alpha[rows] / alpha[rows].sum(axis=-1, keepdims=True)
        sure = (alpha[rows] > 0).sum(axis=-1) == 1
        if self._draws == 0:
            sure[:] = True
        values[rows[sure]] = mean[sure][..., None]
        open_rows = rows[~sure]
        key = zlib.crc32(f"{self._piece}:{name}".encode())

        def draw(some: NDArray[np.intp]) -> None:
            for row in some:
                _dirichlet(alpha[row], [self._seed, key, int(row)], values[row])

        cores = os.cpu_count() or 1
        if cores > 1 and len(open_rows) * values.shape[1] * self._draws > THREADS_ABOVE:
            with ThreadPoolExecutor(cores) as pool:
                list(pool.map(draw, np.array_split(open_rows, 2 * cores)))
        else:
            draw(open_rows)


def mean_tables(tables: Mapping[str, Table]) -> Mapping[str, Table]:
    """Tables at the posterior mean: exact where they are drawn, else the mean of their draws."""
    if isinstance(tables, DrawnTables):
        return tables.mean()
    return {name: table.mean() for name, table in tables.items()}


def _dirichlet(alpha: Array, key: list[int], out: Array) -> None:
    """Draws of one row into ``out`` (states, draws): normalised gamma variates (Devroye 1986)."""
    seed = np.array(key, dtype=np.uint64)
    words = np.array([seed[0], (seed[1] << np.uint64(32)) | seed[2]], dtype=np.uint64)
    rng = np.random.Generator(np.random.Philox(key=words))
    for state, shape in enumerate(alpha.tolist()):  # far faster than one call with many shapes
        rng.standard_gamma(shape, out=out[state])
        if 0 < shape < 1:  # a variate may be too small for a float, but the row needs a total
            out[state] += TINY
    total = out.sum(axis=0)
    if total.min() < FAINT:
        lost = total < FAINT
        out[:, lost] = faint(alpha, rng, int(lost.sum()))
        total = out.sum(axis=0)
    out /= total


def faint(alpha: Array, rng: np.random.Generator, draws: int) -> Array:
    """Draws (states, draws) of a row whose variates fall below what a float can hold.

    By logarithms: ln G(a) = ln G(a + 1) - E / a, E exponential (Devroye 1986, p. 182).  They may
    take the place of variates with a small total, since shares do not depend on the total.
    """
    held = alpha > 0
    logs = np.full((len(alpha), draws), -np.inf)
    raised = rng.standard_gamma(alpha[held][:, None] + 1, (int(held.sum()), draws))
    with np.errstate(over="ignore"):
        logs[held] = np.log(raised) - rng.standard_exponential(raised.shape) / alpha[held][:, None]
    found: Array = np.exp(logs - logs.max(axis=0)) + TINY * held[:, None]
    return found
