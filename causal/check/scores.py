"""Scores of probability forecasts, as pure functions: what is proper, what is calibrated.

Forecasts p in [0, 1] of events y in {0, 1}, both of shape (days,).  A score is a loss: smaller is
better, and it is proper if no forecast beats the true chance on average (Gneiting & Raftery 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.errors import DataError

SEED, RESAMPLES = 20260601, 200
SPELLS = 5  # blocks that a sample is made of at least
SMALLEST = 1e-6  # no forecast is taken as surer, in a logarithm or a logit
LEVEL = 0.9
Levels = NDArray[np.int8]
FEWEST = 2  # events, and days without one, that a calibration needs


def brier(p: Array, y: Array) -> Array:
    """(p - y)^2 of every day (Brier 1950)."""
    _alike(p, y)
    found: Array = (p - y) ** 2
    return found


def log_loss(p: Array, y: Array) -> Array:
    """-[y ln p + (1 - y) ln(1 - p)] of every day, in nats (Good 1952); p is kept from 0 and 1."""
    _alike(p, y)
    sure = np.clip(p, SMALLEST, 1 - SMALLEST)
    found: Array = -(y * np.log(sure) + (1 - y) * np.log1p(-sure))
    return found


def rps(exceeds: Array, level: Levels) -> Array:
    """Ranked probability score sum_k (P(Y >= k) - 1{y >= k})^2 of every day (Epstein 1969).

    ``exceeds``: P(Y >= k) for k = 1..K, (days, K); ``level``: the level y that came, (days,).
    """
    steps = np.arange(1, exceeds.shape[1] + 1)
    found: Array = ((exceeds - (level[:, None] >= steps)) ** 2).sum(axis=1)
    return found


def skill(loss: Array, reference: Array) -> float:
    """1 - mean loss / mean loss of the reference; NaN where the reference never loses."""
    worst = float(reference.mean())
    return 1 - float(loss.mean()) / worst if worst > 0 else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """A CORP reliability curve (Dimitriadis, Gneiting & Jordan 2021).

    ``forecast`` in increasing order and ``recalibrated``, the isotonic regression of the events on
    it (pool adjacent violators), each (days,).  The mean Brier score is MCB - DSC + UNC:
    ``miscalibration`` is what recalibration would gain, ``discrimination`` what forecasts tell
    beyond the frequency, ``uncertainty`` the score of the frequency.
    """

    forecast: Array
    recalibrated: Array
    miscalibration: float
    discrimination: float
    uncertainty: float


def reliability(p: Array, y: Array) -> Reliability:
    """The CORP curve and decomposition of forecasts."""
    from scipy.optimize import isotonic_regression

    _alike(p, y)
    order = np.argsort(p, kind="stable")
    sorted_p, sorted_y = p[order], y[order].astype(float)
    # equal forecasts are one forecast: they share the mean of their events
    _, group, sizes = np.unique(sorted_p, return_inverse=True, return_counts=True)
    means = np.bincount(group, sorted_y) / sizes
    fitted = isotonic_regression(means, weights=sizes.astype(float)).x[group]
    score, best = brier(sorted_p, sorted_y).mean(), brier(fitted, sorted_y).mean()
    base = brier(np.full(len(y), y.mean()), y).mean()
    return Reliability(sorted_p, fitted, float(score - best), float(base - best), float(base))


def murphy(p: Array, y: Array, thresholds: Array) -> Array:
    """Mean elementary score at each threshold (Ehm, Gneiting, Jordan & Krueger 2016),
    (thresholds,).

    S_c(p, y) = c 1{p > c, y = 0} + (1 - c) 1{p <= c, y = 1}: the loss of who acts when p > c at a
    cost-loss ratio of c.  A forecast that is below another at every c is better whatever the loss.
    """
    _alike(p, y)
    acts = p[None, :] > thresholds[:, None]
    c = thresholds[:, None]
    found: Array = np.where(y == 0, c * acts, (1 - c) * ~acts).mean(axis=1)
    return found


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic recalibration logit P(y) = a + b logit p (Cox 1958).

    ``slope`` b (1: right; below: too bold; above: too timid), ``in_the_large`` the mean forecast
    over the frequency (1: right).  None where events are too few, or all alike.
    """

    slope: float | None
    in_the_large: float | None


def calibration(p: Array, y: Array) -> Calibration:
    """Slope and calibration in the large."""
    from scipy.optimize import minimize

    _alike(p, y)
    events = float(y.sum())
    large = float(p.mean()) / (events / len(y)) if events else None
    x = _logit(p)
    apart = events and events < len(y) and x[y == 0].max() <= x[y == 1].min()
    if min(events, len(y) - events) < FEWEST or np.ptp(x) < 1e-9 or apart:  # no slope is best
        return Calibration(None, large)
    centre, scale = x.mean(), x.std()

    def loss(beta: Array) -> tuple[float, Array]:
        z = beta[0] + beta[1] * (x - centre) / scale
        apart = 1 / (1 + np.exp(-z)) - y
        value = np.mean(np.logaddexp(0, z) - y * z)
        return float(value), np.array([apart.mean(), (apart * (x - centre) / scale).mean()])

    found = minimize(loss, np.array([_logit(np.array([y.mean()]))[0], scale]), jac=True)
    return Calibration(float(found.x[1] / scale), large)


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two sums of losses over the same days, and its interval over blocks of
    days."""

    total: float
    low: float
    high: float


def difference(
    loss: Array, other: Array, *, block: int, replicates: int = 1_000, seed: int = SEED
) -> Difference:
    """sum_t (other_t - loss_t): above zero, the first is better; 90 % over circular block resamples
    (Politis & Romano 1992), which allow for days that are alike; of few days blocks are shorter."""
    from causal.check.frequency import resampled

    apart = other - loss
    weights = resampled(
        len(apart), block=min(block, max(len(apart) // SPELLS, 1)), replicates=replicates, seed=seed
    )
    totals = (weights[:, : len(apart)] @ apart) * len(apart)
    totals = totals / weights.sum(axis=1)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(totals, [tail, 1 - tail])
    return Difference(float(apart.sum()), float(low), float(high))


def confidence_sequence(apart: Array, *, reach: float = 1.0, level: float = LEVEL) -> Array:
    """A sequence of intervals for the mean difference of scores so far, valid at all times at once.

    Of differences d_t, |d_t| <= ``reach``, with running means m_t: |m_t - average of E_(t-1) d_t|
    <= u(V_t) / t, V_t = sum_(i<=t) (d_i - m_(i-1))^2, u the stitched boundary of Howard, Ramdas,
    McAuliffe & Sekhon (2021, eq. 10; c = ``reach`` doubled, both tails), as Choe & Ramdas (2023)
    compare forecasters one step ahead.  Shape (days, 2): low, high."""
    from scipy.special import zeta

    if len(apart) and not np.abs(apart).max() <= reach:
        raise DataError(
            f"A difference of scores is {np.abs(apart).max():g}, beyond {reach:g}.",
            "The sequence holds for differences within its reach only.",
            "Give their largest size as `reach`.",
        )
    days = np.arange(1, len(apart) + 1)
    means = np.cumsum(apart) / days
    before = np.concatenate([[0.0], means[:-1]])
    spread = np.cumsum((apart - before) ** 2)
    c, eta, s, least = 2 * reach, 2.0, 1.4, 1.0
    v = np.maximum(spread, least)
    tail = (1 - level) / 2
    long = s * np.log(np.log(eta * v / least)) + np.log(zeta(s) / (tail * np.log(eta) ** s))
    k1, k2 = (eta**0.25 + eta**-0.25) / np.sqrt(2), (np.sqrt(eta) + 1) / 2
    edge = np.sqrt(k1**2 * v * long + k2**2 * c**2 * long**2) + k2 * c * long
    return np.stack([means - edge / days, means + edge / days], axis=1)


def bands(p: Array, y: Array, at: Sequence[float], *, block: int, seed: int = SEED) -> Array:
    """90 % bands of the CORP curve at some forecasts, over block resamples of days, (points, 2)."""
    rng = np.random.default_rng(seed)
    days, points = len(p), np.asarray(at, dtype=float)
    curves = np.empty((RESAMPLES, len(points)))
    for k in range(RESAMPLES):
        starts = rng.integers(days, size=-(-days // block))
        rows = (starts[:, None] + np.arange(block)).ravel()[:days] % days
        curve = reliability(p[rows], y[rows])
        curves[k] = np.interp(points, curve.forecast, curve.recalibrated)
    found: Array = np.quantile(curves, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0).T
    return found


def _logit(p: Array) -> Array:
    sure = np.clip(p, SMALLEST, 1 - SMALLEST)
    found: Array = np.log(sure) - np.log1p(-sure)
    return found


def _alike(p: Array, y: Array) -> None:
    if p.shape != y.shape or p.ndim != 1 or not len(p):
        raise DataError(
            f"{p.shape} forecasts meet {y.shape} events.",
            "A score needs one forecast for each day, and a day at least.",
            "Give both as vectors of one length.",
        )
    if not (np.isfinite(p) & (p >= 0) & (p <= 1)).all() or not np.isin(y, (0, 1)).all():
        raise DataError(
            "A forecast is no probability, or an event is neither 0 nor 1.",
            "No score can be made of it.",
            "Leave out days on which either is unknown.",
        )
