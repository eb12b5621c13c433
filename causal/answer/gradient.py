"""The slope of an answer in every table entry, and the posterior covariance of the rows.

d log F / d log theta is the expected number of visits to an entry (see ``expected_counts``), so the
slope of q = N / D is q (visits of N - visits of D): the sensitivities of Castillo, Gutierrez & Hadi
(1997), of all entries at once.  Rows are independent a posteriori, each a Dirichlet: row r with
mean m and total a has covariance (diag m - m m') / (a + 1).

Slopes are kept as u = theta df/dtheta, not as df/dtheta: an entry of mass zero then has slope zero,
and no division by it is ever needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causal.answer.support import effective_days
from causal.contract.array import Array
from causal.infer.expected_counts import Key, expected_counts, used
from causal.infer.frontier import compile_slices
from causal.model.learnt.prior import LearntPrior
from causal.model.network import CausalModel, alphas
from causal.model.posterior import Piece
from causal.model.table import Table
from causal.query.unrolled import Unrolled

LEAST = 0.1  # effective days of a row that is as good as unknown

Entries = Mapping[Key, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Slope:
    """A probability at the posterior mean, and theta dlog q / dtheta in every table entry.

    ``numerator`` and ``denominator`` are the expected visits given event and evidence, and given
    the evidence alone.
    """

    value: float
    numerator: Entries
    denominator: Entries

    @property
    def entries(self) -> dict[Key, Array]:
        """theta dlog q / dtheta; tables that the answer does not touch are absent."""
        return added(self.numerator, self.denominator, -1.0)

    @property
    def touched(self) -> dict[Key, NDArray[np.bool_]]:
        """The rows that the answer uses, with or without the event, shape (*parents, 1)."""
        found = {k: used(v[..., None]) for k, v in self.numerator.items()}
        for key, entries in self.denominator.items():
            found[key] = found.get(key, False) | used(entries[..., None])
        return found


def slope(mean: CausalModel, asked: Unrolled) -> Slope:
    """The slope of P(event | do, evidence) at a point model, by two backward passes.

    One for event and evidence, one for the evidence alone; that is spared where nothing is seen.
    Raises QueryError beyond the budget.
    """
    days = compile_slices(asked)
    counts = expected_counts(mean, days)
    nothing = replace(asked, event={}, event_days=frozenset())
    evidence = compile_slices(nothing) if any(asked.seeing.values()) else ()
    plain = expected_counts(mean, evidence).point if evidence else {}
    return Slope(float(counts.probability[0]), counts.point, plain)


def added(one: Entries, other: Entries, times: float = 1.0) -> dict[Key, Array]:
    """one + times * other, entry by entry."""
    found = dict(one)
    for key, entries in other.items():
        found[key] = found[key] + times * entries if key in found else times * entries
    return found


def concentrations(model: CausalModel) -> dict[Key, Array]:
    """Dirichlet parameters of every learnt table of a fitted model; tables by a rule are absent.

    Rows that lean on a learnt prior are no Dirichlets: they get the parameters of those with the
    same mean and as many effective days (see ``support.effective_days``).
    """
    if model.fit is None:
        return {}
    if isinstance(model.fit.prior, LearntPrior) and model.fit.draws > 1:
        return _leaning(model)
    pieces: tuple[Piece, ...] = ("day", "start") if model.graph.persistent else ("day",)
    return {
        (piece, name): alpha
        for piece in pieces
        for name, (_, alpha) in alphas(
            model.graph, model.fit.counts, model.fit.prior, piece
        ).items()
        if not model.graph.variable(name).rule
    }


def _leaning(model: CausalModel) -> dict[Key, Array]:
    """Mean and effective days of every row that leans on a learnt prior, as Dirichlets."""
    mean, found = model.mean(), {}
    slices: tuple[Piece, ...] = ("day", "start") if model.graph.persistent else ("day",)
    for piece in slices:
        for name, table in (mean.tables if piece == "day" else mean.start).items():
            if not model.graph.variable(name).rule:
                days = np.maximum(effective_days(model, (piece, name)), LEAST)
                found[piece, name] = table.values[..., 0] * days[..., None]
    return found


def shares(alpha: Array) -> tuple[Array, Array]:
    """Posterior mean of every entry, and the total of every row with a last axis of one."""
    total = alpha.sum(axis=-1, keepdims=True)
    return alpha / total, total


def row_covariance(one: Array, other: Array, alpha: Array) -> Array:
    """Covariance that each row contributes to two quantities with slopes theta df/dtheta.

        [sum_j u_j w_j / m_j - (sum u)(sum w)] / (a + 1)

    is g' (diag m - m m') h / (a + 1) with g = u / m and h = w / m; shape (*parents,).  An entry
    without mass has no slope and adds 0.
    """
    mean, total = shares(alpha)
    ratio = np.divide(one * other, mean, out=np.zeros_like(mean), where=mean > 0)
    both = ratio.sum(axis=-1) - one.sum(axis=-1) * other.sum(axis=-1)
    found: Array = both / (total[..., 0] + 1)
    return found


def covariance(one: Entries, other: Entries, rows: Entries) -> float:
    """Posterior covariance of two quantities, to first order: g' Sigma h, summed over the rows."""
    return sum(float(row_covariance(one[k], other[k], rows[k]).sum()) for k in one if k in other)


def steepest(slopes: Entries, rows: Entries) -> dict[Key, Array]:
    """Sigma times the gradient, (u - m sum u) / (a + 1): where the answer moves most."""
    found = {}
    for key, entries in slopes.items():
        mean, total = shares(rows[key])
        found[key] = (entries - mean * entries.sum(axis=-1, keepdims=True)) / (total + 1)
    return found


def shifted_model(mean: CausalModel, shifts: Entries) -> CausalModel:
    """A point model with its tables shifted, one draw for each last place of the shifts."""

    def shifted(piece: Piece, tables: Mapping[str, Table]) -> dict[str, Table]:
        return {
            n: Table(t.axes, t.values + shifts[piece, n]) if (piece, n) in shifts else t
            for n, t in tables.items()
        }

    return replace(
        mean,
        tables=shifted("day", mean.tables),
        start=shifted("start", mean.start),
        fit=None,
    )
