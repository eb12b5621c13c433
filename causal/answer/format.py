"""Numbers as they are printed: probabilities, differences, ratios, and their intervals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A posterior mean and its credible interval; None where there is no number."""

    value: float | None
    low: float | None
    high: float | None


def span(found: Estimate, written: Callable[[float | None], str]) -> str:
    """The interval of an estimate, in the words of its number."""
    if found.low is None:
        return "none: the base rate may be zero"
    return f"{written(found.low)} to {written(found.high)}"


def share(value: float | None) -> str:
    """A probability: three decimals, two significant digits below 0.01, never rounded to 0 or 1."""
    if value is None:
        return "-"
    if 0 < value < 0.01:
        return f"{value:.2g}"
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference of probabilities, with its sign."""
    return "-" if value is None else f"{value:+.3f}"


def times(value: float | None) -> str:
    """A ratio."""
    return "-" if value is None else f"{value:.2f}"
