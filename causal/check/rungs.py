"""The ladder's rungs as forecasts: asked as of every day of a year, by a model of the years before.

A rung (L, H) is forecast at the end of day t from what could be read then: the story fitted to all
before the year, evidence with its publication lags, and the usual volatility m_t of the day.  The
year's mean forecast stands beside the share of its days after which the price did fall so far.

Windows overlap and volatility clusters, so how far the two may lie apart is not told by counting
days, and by blocks of one year only where something fell.  The forecasts tell it themselves: the
year is lived ``RUNS`` times by the model, states and moves drawn day by day, each run from another
posterior draw, each day judged by the usual volatility that it really had.  In each run the model
forecasts its own days and meets its own falls,

    e = 1/n sum_t (1{fall_t} - p_t),

which has mean zero in a world that is the model's, whatever the overlap.  Where the story says that
the unit is uncertain (``spread``), each run has a unit of its own for its year, since what the
usual volatility misses lasts for as long as it looks back.  The 90 % band of a year
is its mean forecast plus the 5 % and 95 % quantiles of e, opened to whole days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from causal.answer.draws import LEVEL
from causal.check.inputs import inputs
from causal.check.scores import brier, log_loss
from causal.check.simulate import moves_along, paths
from causal.contract.array import Array
from causal.data.history import Holdings
from causal.data.panel import DAY, Panel
from causal.drawdown.probability import known_horizons
from causal.drawdown.state_value import StateValue, state_of_today, state_values
from causal.errors import DataError, SpecError
from causal.executor import Executor, executor_of
from causal.graph.story import Moves, Story
from causal.learn.as_of import with_known_evidence
from causal.learn.fit import fit, measured_moves
from causal.model.network import CausalModel
from causal.model.returns import MoveCounts
from causal.query.event import Condition, Drawdown
from causal.query.query import Query

K = TypeVar("K")
DRAWS = 100  # posterior draws that the runs are of
RUNS = 1_000
SEED = 20260601
FEWEST = 30  # days of a year that have to be known


@dataclass(frozen=True, slots=True)
class RungYear:
    """One rung in one year: mean forecast, frequency, and the band that the forecasts imply.

    ``days`` is the horizon, ``threshold`` a return below zero; ``count`` the days that were judged.
    ``log_loss`` and ``brier`` are means over these days (less is better), the last two of always
    saying the frequency of all days before the year.
    """

    year: int
    days: int
    threshold: float
    forecast: float
    frequency: float
    low: float
    high: float
    count: int
    log_loss: float
    brier: float
    usual_log_loss: float
    usual_brier: float

    @property
    def outside(self) -> bool:
        """Whether the frequency lies outside the band."""
        return not self.low <= self.frequency <= self.high


@dataclass(frozen=True, slots=True, eq=False)
class _Year:
    """What one year's forecasts are made of; ``horizons`` in days, ``thresholds`` returns."""

    story: Story
    held: Holdings
    year: int
    thresholds: tuple[float, ...]
    horizons: tuple[int, ...]


def rungs(
    story: Story,
    held: Holdings,
    *,
    years: Sequence[int],
    thresholds: Sequence[float],
    horizons: Sequence[int],
    executor: Executor | str | None = None,
) -> tuple[RungYear, ...]:
    """Every rung of every year, forecast as of each of its days; to the worst close.

    ``years`` one after the other through an executor, each by a story fitted to the days before it.
    A year with fewer than ``FEWEST`` days whose ``horizons`` are over has no row for that horizon.
    Raises SpecError for a story without a price, QueryError for what is no horizon or no return
    below zero, DataError where no year can be judged.
    """
    known_horizons(horizons)
    for level in thresholds:
        Drawdown(level)
    if story.moves is None:
        raise SpecError(
            f"`{story.graph.name}` knows no price.",
            "There is no ladder to forecast with.",
            "Add a section [moves] to the story.",
        )
    jobs = [_Year(story, held, y, tuple(thresholds), tuple(horizons)) for y in years]
    found = tuple(row for rows in executor_of(executor).map(_rungs_of, jobs) for row in rows)
    if not found:
        raise DataError(
            "No year has days enough whose rungs can be judged.",
            f"A day counts where its volatility and its price {min(horizons)} days on are known, "
            f"and a year has to have {FEWEST} such days.",
            "Ask for shorter horizons, or for years that the history holds.",
        )
    return found


def outside_by(rows: Iterable[RungYear], of: Callable[[RungYear], K]) -> dict[K, tuple[int, int]]:
    """How many frequencies lie outside their band, of how many, by what ``of`` says of a row."""
    rows = tuple(rows)
    every, apart = Counter(map(of, rows)), Counter(of(r) for r in rows if r.outside)
    return {key: (apart[key], many) for key, many in every.items()}


def fallen(
    panel: Panel, moves: Moves, thresholds: Sequence[float], horizons: Sequence[int]
) -> Array:
    """1 where the price fell so far, 0 where not, NaN where not known, (days, horizons, levels).

    min over i = 1..H of close_(t+i) / close_t <= 1 + L, for every day t, horizon H, threshold L.
    """
    close = np.log(panel.column(moves.close))
    levels = np.log1p(np.array(thresholds))
    found = np.full((len(close), len(horizons), len(thresholds)), np.nan)
    for place, days in enumerate(horizons):
        if days >= len(close):
            continue
        worst = np.lib.stride_tricks.sliding_window_view(close[1:], days).min(axis=-1)
        worst = worst - close[: len(worst)]
        hit = (worst[:, None] <= levels).astype(np.float64)
        found[: len(worst), place] = np.where(np.isnan(worst)[:, None], np.nan, hit)
    return found


def _rungs_of(job: _Year) -> list[RungYear]:
    """The rows of one year."""
    moves = job.story.moves
    assert moves is not None
    panel = job.held.panel
    _, _, scale = measured_moves(moves, panel)
    hits = fallen(panel, moves, job.thresholds, job.horizons)
    first = np.datetime64(f"{job.year}-01-01")
    year = (panel.dates >= first) & (panel.dates < np.datetime64(f"{job.year + 1}-01-01"))
    rows = np.flatnonzero(year & np.isfinite(scale))
    judged = np.isfinite(hits[rows, :, 0])
    if judged.sum(axis=0).max(initial=0) < FEWEST:
        return []
    model = fit(job.story, job.held.as_of(first - DAY), draws=DRAWS)
    assert model.fit is not None
    assert model.fit.moves is not None
    distances = -np.log1p(np.array(job.thresholds)) / scale[rows, None]  # (days, levels)
    values = state_values(model, model.fit.moves, job.horizons, float(distances.max()))
    chances = _chances(model, job.held, rows, values, distances)
    errors = implied_errors(model, model.fit.moves, values, distances, judged)
    found = []
    for place, days in enumerate(job.horizons):
        known = judged[:, place]
        if known.sum() < FEWEST:
            continue
        before = hits[: max(rows[0] - days + 1, 0), place]
        for at, level in enumerate(job.thresholds):
            p, came = chances[known, place, at], hits[rows[known], place, at]
            found.append(
                _row(job.year, (days, level), (p, came), errors[:, place, at], before[:, at])
            )
    return found


def _chances(
    model: CausalModel,
    held: Holdings,
    rows: NDArray[np.intp],
    values: Sequence[StateValue],
    distances: Array,
) -> Array:
    """P(rung | what could be read) as of every row, (rows, horizons, levels)."""
    assert model.fit is not None
    assert model.fit.provenance is not None
    known = inputs(held, model.graph, model.fit.provenance.cuts)
    mean = model.mean()
    nothing = Query((), within=max(v.days for v in values))
    seen: dict[tuple[Condition, ...], list[Array]] = {}
    found = np.zeros((len(rows), len(values), distances.shape[1]))
    for at, row in enumerate(rows):
        readings = list(known.readings(int(row)))
        given = with_known_evidence(mean, nothing, readings, known.dates[row])[0].given
        if given not in seen:
            seen[given] = [state_of_today(mean, given, v.names) for v in values]
        for place, (value, today) in enumerate(zip(values, seen[given], strict=True)):
            found[at, place] = today.ravel() @ value.read(distances[at]).reshape(today.size, -1)
    return found


def implied_errors(
    model: CausalModel,
    moves: MoveCounts,
    values: Sequence[StateValue],
    distances: Array,
    judged: Array,
) -> Array:
    """Frequency less mean forecast in ``RUNS`` years of the model's own, (runs, horizons, levels).

    ``distances``: -ln(1 + L) / m_t of every day and threshold, (days, levels); ``judged``: the days
    that count for each horizon, (days, horizons).  The forecasts are those of the posterior mean,
    which see the whole state of the day; the runs are of the model's draws, so that what is not
    known of the tables widens the errors, too.
    """
    rng = np.random.default_rng(SEED)
    many = len(distances)
    codes = paths(model, many + max(v.days for v in values), RUNS, rng)
    moved = moves_along(model, moves, codes, rng)
    moved *= np.exp(moves.declared.spread * rng.standard_normal(RUNS))
    price = np.vstack([np.zeros(RUNS), np.cumsum(moved[1:], axis=0)])  # at the end of each day
    found = np.zeros((RUNS, len(values), distances.shape[1]))
    for place, value in enumerate(values):
        worst = np.lib.stride_tricks.sliding_window_view(price[1:], value.days, axis=0)[:many]
        fall = worst.min(axis=-1) - price[:many]
        states = tuple(codes[:many, :, model.graph.names.index(n)].astype(int) for n in value.names)
        sizes = value.chance.shape[:-1]
        cell = np.ravel_multi_index(states, sizes) if states else np.zeros(fall.shape, dtype=int)
        there = judged[:, place]
        for level in range(distances.shape[1]):
            away = distances[:, level]
            chance = value.read(away).reshape(-1, many)[cell, np.arange(many)[:, None]]
            error = (fall <= -away[:, None]) - chance
            found[:, place, level] = error[there].sum(axis=0) / max(there.sum(), 1)
    return found


def _row(
    year: int,
    rung: tuple[int, float],
    known: tuple[Array, Array],
    errors: Array,
    before: Array,
) -> RungYear:
    """One row; ``known``: forecasts and what came, (days,); ``before``: what came in earlier years,
    its frequency with half a fall and half a day without one added, so that it is never sure."""
    (days, level), (p, came) = rung, known
    count, forecast = len(p), float(p.mean())
    low, high = np.clip(forecast + np.quantile(errors, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]), 0, 1)
    past = before[np.isfinite(before)]
    usual = np.full(count, (past.sum() + 0.5) / (len(past) + 1))
    return RungYear(
        year=year,
        days=days,
        threshold=level,
        forecast=forecast,
        frequency=float(came.mean()),
        low=float(np.floor(low * count + 1e-9) / count),
        high=float(np.ceil(max(high * count - 1e-9, 0.0)) / count),
        count=count,
        log_loss=float(log_loss(p, came).mean()),
        brier=float(brier(p, came).mean()),
        usual_log_loss=float(log_loss(usual, came).mean()),
        usual_brier=float(brier(usual, came).mean()),
    )
