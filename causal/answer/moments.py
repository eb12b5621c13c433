"""Credible intervals in closed form: the delta method, with its second-order terms.

An answer f is a smooth function of table rows that are independent Dirichlet vectors with small
covariance Sigma.  With gradient g and Hessian H at the posterior mean (Hurt 1976):
mean = f + tr(H Sigma) / 2,  variance = g' Sigma g + |H|^2 / 2,
third moment = sum of the rows' own + 3 (Sigma g)' H (Sigma g); Cornish & Fisher (1938) turn the
three into quantiles.  g comes from two backward passes; H only through second differences along
Sigma g and along random signs, whose mean is the trace (Hutchinson 1990).

The interval is taken on two scales, as log-odds and as a Beta distribution with a correction for
its skewness; it is their mean.  Where they part by ``GAP`` the expansion does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from causal.answer.draws import LEVEL, NONE, QUOTIENT
from causal.answer.format import Estimate
from causal.answer.gradient import (
    Entries,
    Slope,
    added,
    concentrations,
    covariance,
    shares,
    shifted_model,
    slope,
    steepest,
)
from causal.answer.support import TableRow, row_name, thinnest
from causal.contract.array import Array
from causal.infer.expected_counts import Key
from causal.infer.forward import forward
from causal.infer.frontier import compile_slices
from causal.model.learnt.prior import LearntPrior
from causal.model.network import CausalModel
from causal.query.unrolled import Unrolled

THIN = 5.0  # least mean count (prior and data, in days) of a row that the expansion may rest on
GAP = 0.03  # most that the two scales may differ at an end, as a share of the width
SKEW = 1.0  # most skewness of a contrast, whose scale has no second one to be held against
SIGNS = 32  # random sign vectors behind the trace
STEP = 1e-3  # of the second differences, in posterior standard deviations
CERTAIN = 1e-10  # of its own size: an answer that moves less, or is nearer to one, is certain


@dataclass(frozen=True, slots=True)
class Moments:
    """Posterior mean, standard deviation and skewness of a quantity on some scale."""

    mean: float
    deviation: float = 0.0
    skewness: float = 0.0

    def quantile(self, level: float) -> float:
        """Mean + deviation (z + skewness (z^2 - 1) / 6): Cornish & Fisher to the third cumulant."""
        z = NormalDist().inv_cdf(level)
        return self.mean + self.deviation * (z + self.skewness * (z * z - 1) / 6)

    def interval(self, level: float) -> tuple[float, float]:
        """Equal-tailed: the quantiles (1 - level)/2 and (1 + level)/2."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)


@dataclass(frozen=True, slots=True)
class Closed:
    """An answer's posterior without draws: itself, its base rate and their two contrasts.

    ``odds`` is the probability as log-odds, ``ratio`` the logarithm of the risk ratio (None where
    the base rate is zero).
    """

    plain: Moments
    odds: Moments | None
    base: Moments
    difference: Moments
    ratio: Moments | None

    @property
    def count(self) -> int:
        """No draws."""
        return 0

    @property
    def probability(self) -> float:
        """Posterior mean."""
        return min(max(self.plain.mean, 0.0), 1.0)

    @property
    def base_rate(self) -> float:
        """Posterior mean of the base rate."""
        return self.base.mean

    def risk_difference(self, level: float = LEVEL) -> Estimate:
        """P(event | do, evidence) - P(event)."""
        return Estimate(self.difference.mean, *self.difference.interval(level))

    def risk_ratio(self, level: float = LEVEL) -> Estimate:
        """From the logarithm, which is near normal: its mean is exp(mean + variance / 2)."""
        found = self.ratio
        if found is None:
            return Estimate(None, None, None)
        value, (low, high) = found.mean + found.deviation**2 / 2, found.interval(level)
        if max(value, high) >= math.log(QUOTIENT):
            return Estimate(None, None, None)
        return Estimate(math.exp(value), math.exp(low), math.exp(high))

    def errors(self) -> dict[str, Any]:
        """None of each: nothing was drawn."""
        return dict.fromkeys(NONE)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Equal-tailed credible interval: the mean of the two scales."""
        if self.odds is None:
            return self.probability, self.probability
        low, high = zip(self._odds(level), self._beta(level), strict=True)
        return sum(low) / 2, sum(high) / 2

    def gap(self, level: float = LEVEL) -> float:
        """By how much the two scales differ at an end, as a share of the interval's width."""
        if self.odds is None:
            return 0.0
        one, other = self._odds(level), self._beta(level)
        apart = max(abs(a - b) for a, b in zip(one, other, strict=True))
        width = one[1] - one[0]
        return apart / width if width > 0 and math.isfinite(apart) else math.inf

    def _odds(self, level: float) -> tuple[float, float]:
        """The interval taken on the scale of log-odds, as probabilities."""
        assert self.odds is not None
        low, high = self.odds.interval(level)
        return _expit(low), _expit(high)

    def _beta(self, level: float) -> tuple[float, float]:
        """The interval of a Beta with this mean and variance, moved for what its skewness lacks.

        Beta(a, b) with a + b = mean (1 - mean) / variance - 1; NaN where there is no such Beta.
        """
        mean, spread = self.plain.mean, self.plain.deviation
        total = mean * (1 - mean) / spread / spread - 1 if 0 < mean < 1 and spread > 0 else 0.0
        if not 0 < total < math.inf:
            return math.nan, math.nan
        a, b = mean * total, (1 - mean) * total
        skewness = 2 * (b - a) * math.sqrt(total + 1) / ((total + 2) * math.sqrt(a * b))
        z = NormalDist().inv_cdf((1 + level) / 2)
        # Cornish & Fisher's third term for the difference of the skewnesses alone; z^2 is the same
        # at both ends, so they move together.
        more = spread * (self.plain.skewness - skewness) * (z * z - 1) / 6
        low, high = beta_quantiles(a, b, ((1 - level) / 2, (1 + level) / 2))
        return min(max(low + more, 0.0), 1.0), min(max(high + more, 0.0), 1.0)


def closed_form(model: CausalModel, asked: Unrolled, plain: Unrolled) -> Closed | str:
    """The posterior of P(event | do, evidence) and of its contrasts; or why draws are needed.

    ``plain`` is the world of the base rate.  A row used (see ``expected_counts.used``) whose mean
    count is below ``THIN`` needs draws, and so does an answer whose two scales part.
    """
    if model.fit is None:
        return "the model holds tables, not counts"
    if isinstance(model.fit.prior, LearntPrior):
        return "the rows of a table lean on one prior mean, so that they are not independent"
    mean, rows = model.mean(), concentrations(model)
    answer, base = slope(mean, asked), slope(mean, plain)
    thin = min(filter(None, (_thinnest(s, rows) for s in (answer, base))), default=None)
    if thin is not None and thin[0] < THIN:
        key, place = thin[1]
        name = row_name(model.graph, *key, place)
        return f"the row {name} has a mean count of {thin[0]:.1f}, below {THIN:g}"
    found = _expanded(mean, rows, (asked, plain), (answer, base))
    skew = max(abs(m.skewness) for m in (found.difference, found.ratio) if m is not None)
    if found.gap() > GAP or skew > SKEW:
        return "the expansion does not hold: the posterior is too skewed"
    return found


def _thinnest(answer: Slope, rows: Entries) -> tuple[float, TableRow] | None:
    """Mean count of the thinnest row used; rows of one possible state do not count."""
    held = {key: rows[key].sum(axis=-1) for key in answer.touched}
    loose = {key: ((rows[key] > 0).sum(axis=-1) > 1)[..., None] for key in held}
    return thinnest(held, {key: flags & loose[key] for key, flags in answer.touched.items()})[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Scale:
    """A function of (probability, base rate) and its slopes theta d/dtheta."""

    of: Callable[[Array, Array], Array]
    slopes: dict[Key, Array]


def _expanded(
    mean: CausalModel, rows: Entries, worlds: tuple[Unrolled, Unrolled], slopes: tuple[Slope, Slope]
) -> Closed:
    """Every scale's moments: two slopes, and one forward pass for all second differences."""
    q, b = slopes[0].value, slopes[1].value
    up, down = slopes[0].entries, slopes[1].entries
    relative = math.sqrt(max(covariance(up, up, rows), 0.0))
    loose = q > 0 and relative > CERTAIN and 1 - q > CERTAIN
    scales = {
        "plain": _Scale(lambda x, _: x, _times(up, q if loose else 0.0)),
        "base": _Scale(lambda _, y: y, _times(down, b)),
        "difference": _Scale(lambda x, y: x - y, added(_times(up, q), down, -b)),
    }
    if loose:
        scales["odds"] = _Scale(lambda x, _: np.log(x) - np.log1p(-x), _times(up, 1 / (1 - q)))
    if q > 0 and b > 0:
        scales["ratio"] = _Scale(lambda x, y: np.log(x) - np.log(y), added(up, down, -1.0))
    spreads = [math.sqrt(max(covariance(s.slopes, s.slopes, rows), 0.0)) for s in scales.values()]
    lines = [
        _times(steepest(s.slopes, rows), 1 / d) if d > 0 else {}
        for s, d in zip(scales.values(), spreads, strict=True)
    ]
    # Its draws are no posterior: mean + STEP * v for every direction v, then mean - STEP * v; the
    # directions are SIGNS random ones, and the steepest of each scale.
    near = shifted_model(mean, _shifts({k: rows[k] for k in {**up, **down}}, lines))
    width = 2 * (SIGNS + len(scales))
    x, y = (np.broadcast_to(forward(near, compile_slices(w)).probability, (width,)) for w in worlds)
    moments = {}
    for place, ((name, scale), spread) in enumerate(zip(scales.items(), spreads, strict=True)):
        value = float(scale.of(np.array(q), np.array(b)))
        # f(m + h v) + f(m - h v) - 2 f(m) = h^2 v' H v + O(h^4): there first, back second.
        bend = (scale.of(x, y).reshape(2, -1).sum(axis=0) - 2 * value) / STEP**2
        around = value, spread
        moments[name] = _moments(scale, around, rows, bend[:SIGNS], float(bend[SIGNS + place]))
    return Closed(
        moments["plain"],
        moments.get("odds"),
        moments["base"],
        moments["difference"],
        moments.get("ratio"),
    )


def _moments(
    scale: _Scale, around: tuple[float, float], rows: Entries, bend: Array, along: float
) -> Moments:
    """From value and first-order spread: ``bend`` along random signs, ``along`` the steepest."""
    value, spread = around
    if spread <= CERTAIN * abs(value):
        return Moments(value)
    # v = Sigma^(1/2) e with random signs e: v' H v has mean tr(H Sigma), and variance of about 2
    # |H|^2 (Hutchinson 1990).  ``along`` is v' H v at v = Sigma g / spread.
    deviation = math.sqrt(spread**2 + float(bend.var()) / 4)
    third = sum(_third(entries, rows[key]) for key, entries in scale.slopes.items())
    third += 3 * along * spread**2
    return Moments(value + float(bend.mean()) / 2, deviation, third / spread**3)


def _third(entries: Array, alpha: Array) -> float:
    """Third central moment of a linear form of Dirichlet rows, 2 mu_3 / ((a + 1)(a + 2)).

    mu_3 = sum_j m_j (g_j - sum_k m_k g_k)^3, summed over the rows, which are independent.
    """
    mean, total = shares(alpha)
    gradient = np.divide(entries, mean, out=np.zeros_like(mean), where=mean > 0)
    centred = gradient - (mean * gradient).sum(axis=-1, keepdims=True)
    moment = (mean * centred**3).sum(axis=-1)
    return float((2 * moment / ((total + 1) * (total + 2))[..., 0]).sum())


def _shifts(rows: Entries, lines: list[dict[Key, Array]]) -> dict[Key, Array]:
    """Steps there (first half) and back: along random signs with covariance Sigma, then lines.

    An entry with less mass than the step could reach keeps still.
    """
    rng = np.random.default_rng(0)
    found = {}
    for key, alpha in rows.items():
        mean, total = shares(alpha)
        loose = (alpha > 4 * STEP**2)[..., None]
        signs = rng.choice([-1.0, 1.0], size=(*alpha.shape, SIGNS))
        signs *= np.sqrt(mean / (total + 1))[..., None]
        along = [line.get(key, np.zeros_like(alpha))[..., None] for line in lines]
        there = np.where(loose, np.concatenate([signs, *along], axis=-1), 0.0)
        # Rows go on summing to one; (I - m 1') takes diag(m) / (a + 1) to the covariance of the
        # row.
        there = STEP * (there - mean[..., None] * there.sum(axis=-2, keepdims=True))
        found[key] = np.concatenate([there, -there], axis=-1)
    return found


def beta_quantiles(a: float, b: float, levels: tuple[float, ...]) -> tuple[float, ...]:
    """Quantiles of Beta(a, b), by adding up its density in log-odds, which has one peak.

    log density of f = log(x / (1 - x)) is a f - (a + b) log(1 + e^f) + constant.
    """
    width = math.sqrt((a + b) / a / b)
    reach = math.asinh(max(40 / (min(a, b) * width), 12.0))
    steps = np.linspace(-reach, reach, 4001)
    odds = math.log(a / b) + width * np.sinh(steps)
    log_density = a * odds - (a + b) * np.logaddexp(0, odds)
    density = np.exp(log_density - log_density.max()) * np.cosh(steps)
    mass = np.cumsum(density) - density / 2
    return tuple(_expit(float(np.interp(p * density.sum(), mass, odds))) for p in levels)


def _times(entries: Mapping[Key, Array], factor: float) -> dict[Key, Array]:
    """Slopes times a number, table by table."""
    return {k: factor * v for k, v in entries.items()}


def _expit(odds: float) -> float:
    """The probability of log-odds; zero where the exponential would be no float."""
    return 1 / (1 + math.exp(-odds)) if odds > -700 else 0.0
