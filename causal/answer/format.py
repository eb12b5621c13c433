"""Numbers as they are printed: probabilities, differences, ratios, intervals, Monte-Carlo errors.

Every number that is printed is a mean over independent posterior draws, so its standard error is
s / sqrt(n), s the standard deviation over n draws.  It is not the credible interval: that says how
far the data leave the number open, and more draws do not narrow it
(docs/decisions/0010-monte-carlo-error.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from causal.contract.array import Array

TINY = 1e-300
DIGIT = 1e-3  # the last digit that is printed of a probability from 0.01 on


@dataclass(frozen=True, slots=True)
class Estimate:
    """A posterior mean and its credible interval; None where there is no number."""

    value: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Plain JSON values."""
        return {"value": self.value, "low": self.low, "high": self.high}


def share(value: float | None) -> str:
    """A probability: three decimals, two significant digits below 0.01, never rounded to 0 or 1."""
    if value is None:
        return "-"
    if 0 < value < 0.01:
        return f"{value:.2g}"
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def in_days(count: float) -> str:
    """A number of days, in words: ``1 day``, ``1,200 days``."""
    written = f"{count:,.0f}"
    return f"{written} day" if written == "1" else f"{written} days"


def signed(value: float | None) -> str:
    """A difference of probabilities, with its sign."""
    return "-" if value is None else f"{value:+.3f}"


def times(value: float | None) -> str:
    """A ratio."""
    return "-" if value is None else f"{value:.2f}"


def span(found: Estimate, written: Callable[[float | None], str]) -> str:
    """The interval of an estimate, in the words of its number."""
    if found.low is None:
        return "none: the base rate may be zero"
    return f"{written(found.low)} to {written(found.high)}"


def error(values: Array) -> float | None:
    """Standard error of the mean of some draws; None for a single one, or where one is infinite.

    s / sqrt(n),   s^2 = sum (x - mean)^2 / (n - 1)
    """
    scale = float(abs(values).max())  # a ratio may be so large that its square is infinite
    if len(values) < 2 or not math.isfinite(scale):
        return None
    if scale < TINY:
        return 0.0
    return scale * float((values / scale).std(ddof=1)) / math.sqrt(len(values))


def digit(value: float) -> float:
    """The error from which the last digit that ``share`` prints of a probability is noise.

    One unit of it; two where the two digits of a number below 0.01 go further than a thousandth.
    """
    if not 0 < value < 0.01:
        return DIGIT
    return 2 * 10.0 ** (math.floor(math.log10(value)) - 1)


def finite_or_none(value: float | None) -> float | None:
    """The number, or None where it is none: JSON knows neither NaN nor infinity."""
    return float(value) if value is not None and math.isfinite(value) else None
