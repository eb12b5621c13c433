"""Which table rows move an answer, over what the data leave open, and what more data would buy.

Rows are independent a posteriori, so to first order the variance of an answer is a sum over rows:
v_r = [sum_j u_j^2 / m_j - (sum_j u_j)^2] / (a_r + 1), u the slopes of the log-odds (see
``answer.gradient``); m_j is the posterior mean of the row's entry j and a_r the sum of its
concentrations (Dirichlet: counts and prior).  This is the delta method (Van Allen, Singh, Greiner
& Hooper 2008).  n more days on which the causes of row r occur turn a_r into a_r + n.
The range that a row alone leaves open is no first-order guess: the answer is asked again with the
row at the two ends of its posterior, which are the means of the row's draws around the 5 % and the
95 % quantile along the answer's slope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.answer.draws import LEVEL
from causal.answer.gradient import (
    Entries,
    concentrations,
    row_covariance,
    shifted_model,
    slope,
)
from causal.answer.support import row_name
from causal.contract.array import Array
from causal.errors import ModelError, QueryError
from causal.identify.claim import Claim, claim
from causal.infer.expected_counts import Key, expected_counts
from causal.infer.forward import forward, possible
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.surgery import in_force
from causal.query.unrolled import Unrolled, unroll
from causal.query.validation import no_event
from causal.text import written

MORE = 100.0  # days that might be added
DRAWN = 4_000  # values of one row, to find its ends
AROUND = 0.01  # half-width of the window of ranks that makes an end
FIRST = "  (first day)"
NEGLIGIBLE = 1e-12  # share of the variance below which a row does not move the answer
_Place = tuple[Key, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class RowInfluence:
    """One table row: its share of the answer's variance, and the answer at its two ends.

    ``days`` of data stand behind it, ``count`` is its mean count, prior included.  ``visits``: how
    often the answer uses it, given event and evidence.  ``shrink``: by which share the interval
    narrows with 100 more days on which its causes occur.
    """

    name: str
    share: float
    low: float
    high: float
    days: float
    count: float
    visits: float
    shrink: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What moves an answer: the rows that matter most, the widest share first.

    ``rows`` holds ``top`` of the ``used`` rows; ``rest`` is the variance share of the others.
    ``tables``: by which share the interval narrows if one variable alone were observed on 100 more
    ordinary days, ``ordinary`` if all of them were.  To first order, on the log-odds scale.
    """

    query: Query
    probability: float
    low: float
    high: float
    rows: tuple[RowInfluence, ...]
    used: int
    rest: float
    tables: dict[str, float]
    ordinary: float
    claim: Claim

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "query": str(self.query),
            "probability": self.probability,
            "interval": {"level": LEVEL, "low": self.low, "high": self.high, "by": "first order"},
            "rows": [{f: getattr(row, f) for f in row.__slots__} for row in self.rows],
            "rows_used": self.used,
            "rest": self.rest,
            "more_days": {"days": MORE, "ordinary": self.ordinary, "tables": dict(self.tables)},
            "claim": self.claim.to_dict(),
        }


def sensitivity(model: CausalModel, query: str | Query, *, top: int = 12) -> Sensitivity:
    """The table rows that move the answer to ``query`` most, at the posterior mean of the others.

    Where the effect is only bounded, this is about the number with the declared common causes taken
    as absent, and the claim says ``assumed``.  ``top`` rows are listed; ranges are probabilities,
    shares and shrinkages lie in [0, 1], too.

    Raises ModelError for a model without counts, QueryError for ``top`` below 1, for a drawdown and
    for a question without an event, ImpossibleEvidenceError, and what ``parse`` raises.
    """
    if isinstance(query, str):
        from causal.query.parser import parse

        query = parse(query, model.graph, priced=model.priced)
    query = replace(query, do=in_force((*model.interventions, *query.do), query.horizon))
    _check(model, query, top)
    mean, rows = model.mean(), concentrations(model)
    asked = unroll(model.graph, query)
    possible(forward(mean, compile_slices(asked)), query)
    found = slope(mean, asked)
    q = found.value
    licence = claim(query, asked, assumed=True)
    odds = {k: v / (1 - q) for k, v in found.entries.items()} if 0 < q < 1 else {}
    parts = {k: np.maximum(row_covariance(v, v, rows[k]), 0.0) for k, v in odds.items()}
    total = sum(float(v.sum()) for v in parts.values())
    moves = _Moves(rows, parts, found.numerator, total)
    places = _ranked(parts, total)
    ends = _ends(mean, asked, rows, odds, places[:top])
    listed = tuple(
        _row(model, place, end, moves) for place, end in zip(places[:top], ends, strict=True)
    )
    tables, ordinary = _more(mean, rows, parts, total)
    low, high = _interval(q, total)
    rest = max(1 - sum(r.share for r in listed), 0.0) if total > 0 else 0.0
    return Sensitivity(query, q, low, high, listed, len(places), rest, tables, ordinary, licence)


def _check(model: CausalModel, query: Query, top: int) -> None:
    if model.fit is None:
        raise ModelError(
            f"`{model.name}` holds one number an entry, not counts.",
            "Without a posterior no row has a range to move over.",
            "Fit a story to a history, and ask the fitted model.",
        )
    if not query.event:
        raise no_event(query, model.graph, "A tornado")
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise QueryError(
            f"{written(top)} rows were asked for.", "There is nothing to list.", "Ask for 12."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Concentrations of the rows, their parts of the variance, visits to them, the variance."""

    rows: Entries
    parts: Entries
    visits: Entries
    total: float


def _ranked(parts: Entries, total: float) -> list[_Place]:
    """Every row that contributes, the largest variance first."""
    found = [
        (-float(variances[tuple(place)]), key, tuple(map(int, place)))
        for key, variances in parts.items()
        for place in np.argwhere(variances > NEGLIGIBLE * total)
    ]
    return [(key, place) for _, key, place in sorted(found)]


def _ends(
    mean: CausalModel, asked: Unrolled, rows: Entries, odds: Entries, places: list[_Place]
) -> list[tuple[float, float]]:
    """The answer with one row at a time at its two ends, all in one batch.

    The batch has two columns a row: in each the mean model, that row alone shifted.
    """
    if not places:
        return []
    width = 2 * len(places)
    shifts: dict[Key, Array] = {}
    for column, (key, place) in enumerate(places):
        shift = shifts.setdefault(key, np.zeros((*rows[key].shape, width)))
        alpha = rows[key][place]
        at = alpha / alpha.sum()
        for side, end in enumerate(row_ends(alpha, odds[key][place])):
            shift[place][:, 2 * column + side] = end - at
    values = forward(shifted_model(mean, shifts), compile_slices(asked)).probability
    pairs: NDArray[np.float64] = np.broadcast_to(values, (width,)).reshape(-1, 2)
    return [(float(pair.min()), float(pair.max())) for pair in pairs]


def row_ends(alpha: Array, slopes: Array, level: float = LEVEL) -> tuple[Array, Array]:
    """Two values of a row: typical ones where the answer's slope takes its outer quantiles.

    ``alpha`` are the row's concentrations and ``slopes`` theta df/dtheta, both of shape (states,);
    so are the ends, which sum to one.  Each end is the mean of the row's posterior draws whose
    first-order effect ranks within ``AROUND`` of the quantile; the same every time.
    """
    mean = alpha / alpha.sum()
    gradient = np.divide(slopes, mean, out=np.zeros_like(mean), where=mean > 0)
    drawn = np.random.default_rng(0).standard_gamma(alpha, size=(DRAWN, len(alpha)))
    drawn += np.where(alpha > 0, np.finfo(float).tiny, 0.0)
    drawn /= drawn.sum(axis=-1, keepdims=True)
    order = np.argsort(drawn @ gradient)
    ends = []
    for quantile in ((1 - level) / 2, (1 + level) / 2):
        first, last = (round((quantile + side * AROUND) * DRAWN) for side in (-1, 1))
        ends.append(drawn[order[first:last]].mean(axis=0))
    return ends[0], ends[1]


def _row(
    model: CausalModel, place: _Place, end: tuple[float, float], moves: _Moves
) -> RowInfluence:
    (piece, name), at = key, _ = place
    assert model.fit is not None
    count, share = float(moves.rows[key][at].sum()), float(moves.parts[key][at]) / moves.total
    return RowInfluence(
        name=row_name(model.graph, piece, name, at) + ("" if piece == "day" else FIRST),
        share=share,
        low=end[0],
        high=end[1],
        days=float(model.fit.counts.of(piece)[name][at].sum()),
        count=count,
        visits=float(moves.visits[key][at].sum()) if key in moves.visits else 0.0,
        shrink=_shrink(share * MORE / (count + MORE + 1)),
    )


def _more(
    mean: CausalModel, rows: Entries, parts: Entries, total: float
) -> tuple[dict[str, float], float]:
    """Shrinkage with 100 more ordinary days: of one variable, and of all of them.

    A row gets its share n_r of the days: how often its causes occur when nothing is done or known.
    Its part v_r of the variance falls by v_r n_r / (a_r + n_r + 1).
    """
    usual = unroll(mean.graph, Query(()))
    usual = replace(usual, event={}, event_days=frozenset())
    every = dict.fromkeys(usual.days, frozenset(mean.graph.names))
    frequency = expected_counts(mean, compile_slices(usual, every)).point
    spared: dict[str, float] = {}
    for key, variances in parts.items():
        days = MORE * frequency[key].sum(axis=-1)
        count = rows[key].sum(axis=-1)
        gone = float((variances * days / (count + days + 1)).sum()) / total if total > 0 else 0.0
        spared[key[1]] = spared.get(key[1], 0.0) + gone
    ranked = sorted(spared.items(), key=lambda item: -item[1])
    return {n: _shrink(gone) for n, gone in ranked}, _shrink(sum(spared.values()))


def _shrink(gone: float) -> float:
    """By which share a width falls when this share of the variance goes: 1 - sqrt(1 - gone)."""
    return 1 - math.sqrt(max(1 - gone, 0.0))


def _interval(q: float, variance: float) -> tuple[float, float]:
    """The 90 % interval that is normal on the log-odds scale: logit q +- 1.645 sqrt(variance)."""
    if not 0 < q < 1:
        return q, q
    middle, half = math.log(q / (1 - q)), 1.6448536269514722 * math.sqrt(variance)
    return 1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle))
