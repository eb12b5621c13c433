"""The posterior of an answer: one value a draw, or a pair of bounds a draw.

With q_s = P(event | do, evidence) and b_s = P(event) under draw s, contrasts are paired: risk
difference q_s - b_s, risk ratio q_s / b_s, so that their intervals do not count the uncertainty
that both share twice.  Intervals are equal-tailed quantiles of the draws.  ``moments.Closed`` is
the third kind: the same questions answered in closed form, with nothing drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from causal import limit
from causal.answer.format import Estimate, error, finite_or_none
from causal.contract.array import Array

LEVEL = 0.9
QUOTIENT = 1e100  # beyond it the mean or the variance of a ratio's draws may be no float
NONE = ("probability", "base_rate", "risk_difference", "risk_ratio")


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """One value a draw of the question and of its base rate, shape (draws,).

    ``curve``: P(the event happens for the first time on day d), shape (days asked, draws), and
    ``base_curve`` the same of the base rate; None where the days cannot be told apart, because
    evidence comes after one of them, and for a drawdown.
    """

    values: Array
    base: Array
    curve: Array | None = None
    base_curve: Array | None = None

    @property
    def count(self) -> int:
        """How many draws there are; one is no posterior."""
        return len(self.values)

    @property
    def probability(self) -> float | None:
        """Posterior mean."""
        return float(self.values.mean())

    @property
    def base_rate(self) -> float:
        """Posterior mean of the base rate."""
        return float(self.base.mean())

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Equal-tailed credible interval of the probability."""
        return tail(self.values, level)

    def risk_difference(self, level: float = LEVEL) -> Estimate:
        """q - b, draw by draw."""
        return mean_estimate(self.values - self.base, level)

    def risk_ratio(self, level: float = LEVEL) -> Estimate:
        """q / b, draw by draw; empty where there is no such number."""
        return ratio_estimate(self.values, self.base, level)

    def errors(self) -> dict[str, Any]:
        """Monte-Carlo error of the probability, the base rate and the paired contrasts."""
        ratio = quotient(self.values, self.base)
        return {
            "probability": error(self.values),
            "base_rate": error(self.base),
            "risk_difference": error(self.values - self.base),
            "risk_ratio": None if ratio is None else error(ratio),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Two values a draw between which the probability lies, and its base rate, shape (draws,).

    ``tables`` is the number of the tables alone, which nothing prints or draws.  Intervals cover
    both bounds; there is no number in between.
    """

    low: Array
    high: Array
    base: Array
    tables: Array

    @property
    def count(self) -> int:
        """How many draws there are; one is no posterior."""
        return len(self.low)

    @property
    def probability(self) -> float | None:
        """None: there is a range in place of a number."""
        return None

    @property
    def base_rate(self) -> float:
        """Posterior mean of the base rate."""
        return float(self.base.mean())

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """From the lower end of the lower bound to the upper end of the upper one."""
        return tail(self.low, level)[0], tail(self.high, level)[1]

    def risk_difference(self, level: float = LEVEL) -> Estimate:
        """The ends of low - b and high - b."""
        return _ends(self.low - self.base, self.high - self.base, level)

    def risk_ratio(self, level: float = LEVEL) -> Estimate:
        """The ends of low / b and high / b; empty where there is no such number."""
        low, high = quotient(self.low, self.base), quotient(self.high, self.base)
        if low is None or high is None:
            return Estimate(None, None, None)
        return _ends(low, high, level)

    def errors(self) -> dict[str, Any]:
        """Monte-Carlo error of both bounds and of the base rate."""
        none: dict[str, Any] = dict.fromkeys(NONE)
        return {
            **none,
            "base_rate": error(self.base),
            "lower_bound": error(self.low),
            "upper_bound": error(self.high),
        }


def mean_estimate(values: Array, level: float = LEVEL) -> Estimate:
    """Mean and equal-tailed interval of some draws."""
    low, high = tail(values, level)
    return Estimate(
        finite_or_none(float(np.mean(values))), finite_or_none(low), finite_or_none(high)
    )


def ratio_estimate(one: Array, other: Array, level: float = LEVEL) -> Estimate:
    """one / other, paired over the draws; empty where there is no such number (``quotient``)."""
    found = quotient(*np.broadcast_arrays(one, other))
    return Estimate(None, None, None) if found is None else mean_estimate(found, level)


def _ends(low: Array, high: Array, level: float) -> Estimate:
    ends = tail(low, level)[0], tail(high, level)[1]
    return Estimate(None, *map(finite_or_none, ends))


def quotient(one: Array, other: Array) -> Array | None:
    """one / other, draw by draw; None where a denominator is zero, or next to it.

    Beyond ``QUOTIENT`` the mean or the variance of the draws may be no float.
    """
    if not (other > 0).all():
        return None
    with np.errstate(over="ignore"):
        found: Array = one / other
    return found if (found < QUOTIENT).all() else None


def tail(values: Array, level: float = LEVEL) -> tuple[float, float]:
    """The quantiles (1 - level)/2 and (1 + level)/2 of the draws; raises QueryError."""
    limit.level(level)
    ordered = np.sort(values)
    return _quantile(ordered, (1 - level) / 2), _quantile(ordered, (1 + level) / 2)


def _quantile(ordered: Array, share: float) -> float:
    """Linear between the two nearest of the sorted values; NaN if there is one (it sorts last).

    As ``numpy.quantile``, which imports masked arrays for it: some milliseconds of a cold start.
    """
    if math.isnan(ordered[-1]):
        return math.nan
    part, place = math.modf(share * (len(ordered) - 1))
    low, high = float(ordered[int(place)]), float(ordered[min(int(place) + 1, len(ordered) - 1)])
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)
