"""Moments by which the market is held against history, and whether a start-up transient is left.

Of a daily close, a daily low and a session's return of shares: the same function measures a panel
and a market.  Ranges of days are those of the panel's eras 2022-23 and 2024-26, from the smaller to
the larger; those of weeks and of shares run over the years since 2018, since two eras are few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.panel import Panel
from causal.laboratory.simulation import Market

WEEK = 7
FEW = 20  # days, below which nothing is said


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment: what it is, and the range in which history holds it; ``used``: whether the
    parameters were chosen by it."""

    meaning: str
    low: float
    high: float
    used: bool = True


MOMENTS: Mapping[str, Moment] = {
    "sd": Moment("sd of the day's log return", 0.025, 0.029),
    "kurtosis": Moment("kurtosis of it", 6.4, 8.3),
    "skewness": Moment("skewness of it", -0.4, 0.1),
    "fall_5": Moment("P(day <= -5 %)", 0.024, 0.041),
    "fall_10": Moment("P(day <= -10 %)", 0.001, 0.007),
    "rise_5": Moment("P(day >= 5 %)", 0.028, 0.043),
    "week_10": Moment("P(worst close in 7 days <= -10 %)", 0.064, 0.127),
    "week_15": Moment("P(worst close in 7 days <= -15 %)", 0.015, 0.053),
    "week_20": Moment("P(worst close in 7 days <= -20 %)", 0.004, 0.024),
    "low_10": Moment("P(worst low in 7 days <= -10 %)", 0.128, 0.19),
    "correlation": Moment("correlation with shares, same day", 0.18, 0.58),
    "fall_given_shock": Moment("P(day <= -5 %), shares below -2 sd", 0.18, 0.56, used=False),
    "fall_given_calm": Moment("P(day <= -5 %), shares above -1 sd", 0.011, 0.055, used=False),
    "shock_given_fall": Moment(
        "share of -5 % days with shares below -1 sd", 0.45, 0.64, used=False
    ),
}
"""Every moment, with the range that history gives it."""


def moments(close: Array, low: Array, shares: Array) -> dict[str, float]:
    """The moments of log closes, log lows and sessions' log returns of shares (NaN on closed days),
    each (days, paths); NaN for a moment of which there is no case."""
    moved = np.diff(close, axis=0)
    r = moved.ravel()
    r = r[~np.isnan(r)]
    if len(r) <= FEW or not r.std() > 0:
        return dict.fromkeys(MOMENTS, float("nan"))
    z = (r - r.mean()) / r.std()
    simple = np.expm1(r)
    found = {
        "sd": r.std(),
        "kurtosis": (z**4).mean(),
        "skewness": (z**3).mean(),
        "fall_5": (simple <= -0.05).mean(),
        "fall_10": (simple <= -0.10).mean(),
        "rise_5": (simple >= 0.05).mean(),
    }
    worst = np.expm1(_worst(close, close, WEEK))
    for share in (10, 15, 20):
        found[f"week_{share}"] = _share(worst <= -share / 100)
    found["low_10"] = _share(np.expm1(_worst(close, low, WEEK)) <= -0.10)
    both = ~np.isnan(shares[1:]) & ~np.isnan(moved)
    e, b = shares[1:][both], moved[both]
    moving = len(e) > FEW and e.std() > 0 < b.std()
    found["correlation"] = np.corrcoef(e, b)[0, 1] if moving else np.nan
    scaled, fell = e / e.std() if moving else e[:0], np.expm1(b if moving else b[:0]) <= -0.05
    found["fall_given_shock"] = _share(fell[scaled <= -2])
    found["fall_given_calm"] = _share(fell[scaled > -1])
    found["shock_given_fall"] = _share(scaled[fell] <= -1)
    return {name: float(value) for name, value in found.items()}


def mismatch(found: Mapping[str, float]) -> float:
    """How far moments are from the middle of their ranges: the mean over those that are used of
    ((m - middle) / half the range)^2; 1 is the edge of every range."""
    apart = [
        ((found[n] - (m.low + m.high) / 2) / ((m.high - m.low) / 2)) ** 2
        for n, m in MOMENTS.items()
        if m.used
    ]
    return float(np.mean(apart))


def _share(cases: NDArray[np.bool_]) -> float:
    """The share of cases that are true; NaN where there is none."""
    return float(cases.mean()) if cases.size else float("nan")


def _worst(close: Array, reached: Array, days: int) -> Array:
    """The lowest of the next ``days`` values against a close, in logs, gaps left out."""
    if len(close) <= days:
        return np.empty(0)
    ahead = [reached[k : len(reached) - days + k] for k in range(1, days + 1)]
    found = np.min(ahead, axis=0) - close[: len(close) - days]
    seen: Array = found[~np.isnan(found)]
    return seen


def market_moments(market: Market) -> dict[str, float]:
    """The moments of a market."""
    session = ~np.isnan(market.columns["nasdaq_close"])
    shares = np.where(session, market.day["equity"], np.nan)
    return moments(market.day["close"], market.day["low"], shares)


def panel_moments(panel: Panel, first: str, last: str) -> dict[str, float]:
    """The moments of a panel between two days, both included."""
    inside = (panel.dates >= np.datetime64(first)) & (panel.dates <= np.datetime64(last))
    price = panel.column("nasdaq_close")
    sessions = np.flatnonzero(~np.isnan(price))
    shares = np.full(len(price), np.nan)
    shares[sessions[1:]] = np.diff(np.log(price[sessions]))
    close, low = (np.log(panel.column(f"btc_binance_{n}"))[inside, None] for n in ("close", "low"))
    return moments(close, low, shares[inside, None])


def levels(market: Market, days: tuple[int, ...]) -> dict[str, list[tuple[float, float]]]:
    """Means over paths of slow quantities on some days (counted from 1), each with its standard
    error: what drifts while a market without positions fills up."""
    found = {}
    for name in ("longs", "near", "drawdown", "volatility", "gain"):
        rows = [market.day[name][day - 1] for day in days]
        found[name] = [(float(v.mean()), float(v.std() / np.sqrt(len(v)))) for v in rows]
    return found
