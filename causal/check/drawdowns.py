"""The ladder beside history: how often the price fell by so much, year by year, and in any order.

The model is asked nothing but the ladder, its usual volatility set to the year's median.  Beside it
stand the frequencies of the year's days, with block intervals, and the frequencies that the same
days have in random order: what differs between model and shuffled days lies in the year's moves,
what differs between shuffled and real days in their order (volatility that clusters, trends).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causal.answer.draws import LEVEL, tail
from causal.check.frequency import BlockWeights, Flags, Frequencies, frequencies, resampled
from causal.contract.array import Array
from causal.data.panel import Panel
from causal.drawdown.ladder import ladder
from causal.errors import DataError, ModelError
from causal.learn.fit import measured_moves
from causal.model.network import CausalModel, fitted
from causal.model.returns import MoveCounts

BLOCK = 60  # days: two windows of 30 days
REPLICATES = 1_000
WINDOWS = 20_000  # of shuffled days
DRAWS = 300  # of the model: nine ladders over 30 days
SEED = 20260601
ALL = "all"


@dataclass(frozen=True, slots=True)
class DrawdownRow:
    """One period, horizon and threshold: model, frequency and shuffled days.

    ``period`` is a year, or ``ALL`` for the years pooled; ``days`` the horizon; ``threshold`` a
    return below zero; ``usual`` the median volatility a day that the model is asked with.
    ``frequency`` is that of ``count`` days, ``effect`` the design effect of their dependence;
    ``shuffled`` is the frequency in windows of the same days in random order.
    """

    period: str
    days: int
    threshold: float
    usual: float
    model: float
    model_interval: tuple[float, float]
    frequency: float
    frequency_interval: tuple[float, float]
    shuffled: float
    count: int
    effect: float

    @property
    def agrees(self) -> bool:
        """Whether the two intervals meet."""
        (low, high), (below, above) = self.model_interval, self.frequency_interval
        return low <= above and below <= high


@dataclass(frozen=True, slots=True, eq=False)
class _Price:
    """The panel's closes and lows as logarithms, the scale m, and the year of every day.

    All have shape (days,); the scale is the usual volatility a day, NaN where it is not known yet.
    """

    close: Array
    low: Array
    scale: Array
    year: NDArray[np.int64]


def drawdowns(
    model: CausalModel,
    panel: Panel,
    *,
    years: Sequence[int],
    thresholds: Sequence[float],
    horizons: Sequence[int],
    low: bool = False,
    draws: int = DRAWS,
) -> tuple[DrawdownRow, ...]:
    """P(min of the next H closes / today's <= 1 + L), model and history, for every year's days.

    A row for each of ``years``, ``horizons`` H (days) and ``thresholds`` L (returns below zero),
    then all years pooled by their days; to the worst daily low with ``low``.  A day counts where
    the prices of the longest horizon and its own volatility are known; a year without such days has
    no rows.  ``draws`` of the posterior are taken, or as many as the model has.

    Raises ModelError for a model without a price, DataError where no year has such days, and as
    ``ladder`` does.
    """
    moves = model.fit.moves if model.fit is not None else None
    if moves is None or model.fit is None:
        raise ModelError(
            f"`{model.name}` knows no price.",
            "There is no ladder to set beside history.",
            "Fit a story with a section [moves].",
        )
    of = _price(moves, panel)
    some = fitted(model.graph, replace(model.fit, draws=min(draws, model.fit.draws)))
    return tuple(_rows(some, of, years, (thresholds, horizons), low=low))


def last_years(panel: Panel, many: int) -> range:
    """The last ``many`` calendar years of a panel, its last day's included."""
    last = int(str(panel.dates[-1])[:4])
    return range(last - many + 1, last + 1)


def disagreeing_first(rows: Iterable[DrawdownRow]) -> list[DrawdownRow]:
    """The rows whose intervals miss, then the others; in each the pooled before those of a year."""
    return sorted(rows, key=lambda r: (r.agrees, r.period != ALL))


def _price(moves: MoveCounts, panel: Panel) -> _Price:
    declared = moves.declared
    _, _, scale = measured_moves(declared, panel)
    low = panel.column(declared.low) if declared.low else panel.column(declared.close)
    year = panel.dates.astype("datetime64[Y]").astype(np.int64) + 1970
    return _Price(np.log(panel.column(declared.close)), np.log(low), scale, year)


def _rows(
    model: CausalModel,
    of: _Price,
    years: Sequence[int],
    rails: tuple[Sequence[float], Sequence[int]],
    *,
    low: bool,
) -> Iterator[DrawdownRow]:
    thresholds, horizons = rails
    reached = {days: _worst(of, days, low) for days in horizons}
    longest = np.isfinite(reached[max(horizons)]) & np.isfinite(of.scale)
    periods = {str(y): there for y in years if (there := (of.year == y) & longest).any()}
    if not periods:
        raise DataError(
            "No year has a day with all that the check needs.",
            f"It takes the price of {max(horizons)} days ahead, and the volatility of the day.",
            "Ask for shorter horizons, or for years that the history holds.",
        )
    weights = resampled(len(of.close), block=BLOCK, replicates=REPLICATES, seed=SEED)
    pooled: dict[tuple[int, float], Array] = {}
    mixed: dict[tuple[int, float], float] = {}
    everything = np.any(list(periods.values()), axis=0)
    for period, among in periods.items():
        usual = float(np.median(of.scale[among]))
        made = ladder(
            model, thresholds=thresholds, horizons=horizons,
            price="low" if low else "close", usual=usual,
        )  # fmt: skip
        part = among.sum() / everything.sum()
        for days in horizons:
            seen = _seen(reached[days], among, thresholds, weights)
            order = _shuffled(of, among, days, low=low)
            for place, level in enumerate(thresholds):
                draws = made.rung(level, days).answer.draws
                free = float((order <= np.log1p(level)).mean())
                key = days, level
                pooled[key] = pooled.get(key, 0.0) + part * draws
                mixed[key] = mixed.get(key, 0.0) + part * free
                yield _row(period, (days, level, usual, free), draws, seen, place)
    usual = float(np.median(of.scale[everything]))
    for days in horizons:
        seen = _seen(reached[days], everything, thresholds, weights)
        for place, level in enumerate(thresholds):
            key = days, level
            yield _row(ALL, (*key, usual, mixed[key]), pooled[key], seen, place)


def _worst(of: _Price, days: int, low: bool) -> Array:
    """ln(worst price of the next ``days`` days / today's close), NaN where a day is missing.

    min over i of 1..days of ln price_(t+i) - ln close_t, for every day t; above zero where no price
    is below today's.
    """
    prices = of.low if low else of.close
    found = np.full(len(prices), np.nan)
    if days >= len(prices):
        return found
    windows = np.lib.stride_tricks.sliding_window_view(prices[1:], days)
    found[: len(windows)] = windows.min(axis=-1)
    worst: Array = found - of.close
    return worst


def _seen(
    worst: Array, among: Flags, thresholds: Sequence[float], weights: BlockWeights
) -> Frequencies:
    hits = worst[:, None] <= np.log1p(np.array(thresholds))
    known = np.isfinite(worst)[:, None] & np.ones(len(thresholds), dtype=bool)
    return frequencies(among, hits, known, weights)


def _shuffled(of: _Price, among: Flags, days: int, *, low: bool) -> Array:
    """ln(worst price / close) over windows of the period's own days in random order.

    A day brings its log return and its dip (the low, or close, under the close before it); of a
    window of draws with replacement the worst is min_i (r_1 + .. + r_(i-1) + dip_i).
    """
    rng = np.random.default_rng(SEED)
    moves = np.diff(of.close, prepend=np.nan)
    dips = (of.low if low else of.close)[1:] - of.close[:-1]
    dips = np.concatenate([[np.nan], dips])
    own = np.flatnonzero(among & np.isfinite(moves) & np.isfinite(dips))
    chosen = rng.choice(own, size=(WINDOWS, days))
    before = np.cumsum(moves[chosen], axis=1) - moves[chosen]
    worst: Array = (before + dips[chosen]).min(axis=1)
    return worst


def _row(
    period: str,
    what: tuple[int, float, float, float],
    draws: Array,
    seen: Frequencies,
    place: int,
) -> DrawdownRow:
    days, level, usual, free = what
    below, above = seen.interval(LEVEL)
    return DrawdownRow(
        period=period,
        days=days,
        threshold=level,
        usual=usual,
        model=float(draws.mean()),
        model_interval=tail(draws, LEVEL),
        frequency=float(seen.shares[place]),
        frequency_interval=(float(below[place]), float(above[place])),
        shuffled=free,
        count=int(seen.days[place]),
        effect=float(seen.effect[place]),
    )
