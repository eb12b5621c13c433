"""Parameters of the market: one table, each with its unit and what it says.

Money is in billions of dollars, moves are log returns, a session is a day on which US shares trade.
The mechanisms are those of Brunnermeier and Pedersen (2009: margins and funding liquidity), Kyle
and Xiong (2001: holders of both), Donier and Bonart (2015: impact of forced orders); the numbers
were chosen so that the moments of ``stylised_facts.py`` agree with history, by
``docs/reference/laboratory.py``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from causal.errors import QueryError, nearest
from causal.graph.section import finite
from causal.text import written


def _is(value: float, unit: str, meaning: str) -> Any:
    return field(default=value, metadata={"usual": value, "unit": unit, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What the market is made of; ``parameter_table()`` prints it.  Raises QueryError for what is
    no number.

    ``confounding``, ``regime`` and ``war_effect`` are zero in the base world; they switch on a
    latent appetite that drives the news, a persistent hidden regime, and wars that move markets.
    """

    # the news
    appetite_memory: float = _is(0.97, "", "latent appetite for risk: share kept a day")
    confounding: float = _is(
        0.0, "", "how much a low appetite makes upward moves of trade likelier"
    )
    trade_elevated: float = _is(0.022, "a day", "calm to elevated")
    trade_escalated: float = _is(0.006, "a day", "calm to escalation")
    trade_rise: float = _is(0.05, "a day", "elevated to escalation")
    trade_ease: float = _is(0.15, "a day", "elevated to calm")
    trade_cool: float = _is(0.35, "a day", "escalation to elevated")
    trade_end: float = _is(0.05, "a day", "escalation to calm")
    war_effect: float = _is(0.0, "", "a war's entry as a share of what a trade escalation does")

    # risk-off, yields, shares
    risk_memory: float = _is(0.75, "", "risk-off: share kept a day")
    risk_escalation: float = _is(1.6, "", "rise of risk-off when an escalation begins")
    risk_elevated: float = _is(0.35, "", "rise when trade turns from calm to elevated")
    risk_relief: float = _is(-0.2, "", "change when trade turns calm")
    risk_appetite: float = _is(-0.05, "", "change a day for a unit of latent appetite")
    risk_noise: float = _is(0.15, "", "sd of the day's other changes")
    yield_noise: float = _is(0.06, "points", "sd of a session's change of the ten-year yield")
    yield_flight: float = _is(
        -0.02, "points", "change for a unit rise of risk-off: flight to safety"
    )
    ai_miss: float = _is(0.03, "a session", "chance that AI earnings disappoint")
    ai_loss: float = _is(-0.011, "", "mean move of shares on a miss (size exponential)")
    equity_drift: float = _is(0.0009, "a session", "drift of shares, news left out")
    equity_sd: float = _is(0.0105, "a session", "sd of other news (Student t, 5 degrees)")
    equity_yield: float = _is(-0.0020, "", "move for a one-sd rise of yields")
    equity_appetite: float = _is(0.0003, "", "move for a unit of latent appetite")
    equity_risk: float = _is(
        -0.0065, "", "move for a unit rise of risk-off; waits over a closed market"
    )

    # institutions
    sleeve: float = _is(40.0, "$B", "crypto held by those who hold both")
    reallocation: float = _is(0.006, "a day", "share of the sleeve sold for a unit of risk-off")
    fall_unit: float = _is(0.0115, "", "the fall of shares that counts as one sd")
    pro_rata: float = _is(0.009, "", "share sold for a one-sd fall of shares, bought for a rise")
    margin_sale: float = _is(
        0.015, "", "further share for a one-sd fall under full margin pressure"
    )
    margin_from: float = _is(
        0.04, "", "fall of shares from their 60-session high where pressure begins"
    )
    margin_span: float = _is(0.08, "", "further fall at which it is full")
    order_limit: float = _is(0.15, "", "largest share of the sleeve ordered in a day")
    order_noise: float = _is(0.005, "", "sd of orders for other reasons, share of the sleeve")
    weekend_work: float = _is(0.02, "an hour", "share of waiting orders worked on a closed day")

    # the price
    drift: float = _is(0.0022, "a day", "drift that pays holders for the selling")
    price_appetite: float = _is(0.0002, "a day", "drift for a unit of latent appetite")
    sentiment: float = _is(-0.008, "", "move at the hour of the news for a unit rise of risk-off")
    impact: float = _is(0.020, "per $B", "fall of the price for a billion sold")
    flow_sd: float = _is(0.3, "$B", "sd of what other investors sell on a day")
    usual_sd: float = _is(
        0.0128, "a day", "usual sd of the price's own noise (Student t, 5, hourly)"
    )
    garch_base: float = _is(0.07, "", "weight of the usual variance")
    garch_news: float = _is(0.055, "", "weight of yesterday's squared return (at most .01)")
    garch_memory: float = _is(0.86, "", "weight of yesterday's variance")
    shock_rate: float = _is(0.002, "a day", "chance of a crypto-native shock (failure, depeg)")
    shock_size: float = _is(-0.05, "", "its move, times uniform on .5 to 1.5")
    shock_thin: float = _is(0.5, "", "by how much it thins the book; fades 20 % a day")
    wick: float = _is(0.25, "", "how far an hour reaches beyond its closes, in hourly sd")

    # the leveraged book
    longs_opened: float = _is(0.95, "$B a day", "new long positions in usual times")
    shorts_opened: float = _is(1.0, "$B a day", "new short positions in usual times")
    chase: float = _is(3.0, "", "log change of new longs for a unit of 20-day momentum")
    leverage_memory: float = _is(0.97, "", "leverage appetite (log new longs): share kept a day")
    leverage_noise: float = _is(0.09, "", "its sd a day")
    leverage: float = _is(4.5, "x", "median leverage of a new long")
    leverage_short: float = _is(5.0, "x", "median leverage of a new short")
    leverage_spread: float = _is(0.8, "", "sd of log leverage")
    leverage_cap: float = _is(100.0, "x", "largest leverage that the exchange allows")
    maintenance: float = _is(
        0.005, "", "maintenance margin: what is left when a position is closed"
    )
    closed: float = _is(0.10, "a day", "share of positions closed by their holders")

    # liquidations
    forced_impact: float = _is(
        0.0195, "per $B", "fall for the first billion of forced sales, calm book"
    )
    forced_depth: float = _is(8.0, "$B", "forced sales that halve the impact of the next")
    thin_market: float = _is(0.2, "", "log rise of impact for volatility twice its usual")
    thin_most: float = _is(2.5, "", "largest such factor")
    thin_weekend: float = _is(1.25, "", "factor on closed days")
    transitory: float = _is(0.75, "", "share of a forced move that dip buyers take back")
    recovery: float = _is(0.08, "an hour", "how fast they do")
    stop_lump: float = _is(0.15, "$B", "stop orders below the low of 20 days, once a day")
    fund_most: float = _is(
        0.3, "$B", "insurance fund, full; when empty, the other side is deleveraged"
    )
    fund_refill: float = _is(0.3, "a day", "share of what the fund lacks that is paid in")

    # the hidden regime
    regime: float = _is(0.0, "", "1 switches the hidden regime on")
    regime_switch: float = _is(1 / 150, "a day", "chance that it changes")
    regime_volatility: float = _is(1.35, "", "factor of volatility in the bad regime")
    regime_drift: float = _is(-0.004, "a day", "drift of the price in the bad regime")
    regime_leverage: float = _is(-0.4, "", "log change of new longs in the bad regime")

    def __post_init__(self) -> None:
        for one in fields(self):
            number_in(one.name, getattr(self, one.name), *limits(one.name, one.metadata["usual"]))


def limits(name: str, usual: float) -> tuple[float, float]:
    """Between what a parameter may lie: zero (what divides: a hundredth of the usual value) and
    twenty times the usual value, shares nearly one."""
    if not usual:
        return LOOSE[name]
    low, high = sorted((usual / 100 if name in DIVISORS else 0.0, 20 * usual))
    return (low, MOST_SHARE) if name in SHARES else (low, high)


DIVISORS = {"usual_sd", "yield_noise", "fall_unit", "margin_span", "sleeve", "forced_depth"}
DIVISORS |= {"leverage", "leverage_short", "leverage_spread", "leverage_cap", "fund_most"}
SHARES = {"appetite_memory", "risk_memory", "leverage_memory", "trade_elevated", "trade_rise"}
SHARES |= {"trade_escalated", "trade_ease", "trade_cool", "trade_end", "ai_miss", "weekend_work"}
SHARES |= {"order_limit", "garch_base", "garch_news", "garch_memory", "shock_rate", "closed"}
SHARES |= {"transitory", "recovery", "fund_refill", "regime_switch", "maintenance"}
MOST_SHARE = 0.995
LOOSE = {"confounding": (-10.0, 10.0), "war_effect": (-5.0, 5.0), "regime": (0.0, 1.0)}


def number_in(name: str, value: object, least: float, most: float, *, whole: bool = False) -> None:
    """Raise QueryError unless a value is a finite number in its range, whole where it has to be."""
    plain = isinstance(value, int | float | np.integer | np.floating)
    plain = plain and not isinstance(value, bool) and finite(value)
    if not plain or not least <= value <= most or (whole and float(value) % 1):  # type: ignore
        raise QueryError(
            f"`{name}` is {written(value)}.",
            f"It is a {'whole ' if whole else ''}number from {least:g} to {most:g}.",
            f"Choose such a number for `{name}`.",
        )


USUAL = Parameters()
"""The base world."""


def parameters(**changed: float) -> Parameters:
    """The base world with some parameters changed; raises QueryError for a name that is none."""
    known = [one.name for one in fields(Parameters)]
    for name in changed:
        if name not in known:
            raise QueryError(
                f"The market has no parameter `{name}`.",
                "Its parameters are listed in docs/reference/laboratory.md.",
                nearest(name, known),
            )
    return Parameters(**changed)


def parameter_table() -> list[tuple[str, float, str, str]]:
    """Every parameter: name, value in the base world, unit, meaning."""
    return [
        (one.name, getattr(USUAL, one.name), one.metadata["unit"], one.metadata["meaning"])
        for one in fields(Parameters)
    ]
