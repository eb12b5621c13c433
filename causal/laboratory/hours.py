"""The hours of a day: the price, what is liquidated, the book; and a whole day run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.laboratory.book import (
    FRONT,
    LONG,
    NEAR,
    SHORT,
    STEP,
    Book,
    Cascade,
    cascade,
    impact,
    opening_shares,
    tilted,
)
from causal.laboratory.macro import macro
from causal.laboratory.noise import HOURS, Noise
from causal.laboratory.parameters import Parameters
from causal.laboratory.state import Rules, State
from causal.laboratory.world import Held, as_held

DAYS_LOW = 20
WORKED = (14, 20)  # hours UTC in which institutions work their orders
OPENS = (0, 8, 16)  # hours at which new positions are opened, with the funding
SUMS = ("liquidated", "squeezed", "deleveraged", "forced")


def advance(state: State, noise: Noise, rules: Rules, ranges: Held) -> None:
    """Run the next day, in place."""
    for name, values in macro(state, noise, rules, ranges).items():
        state.day[name][state.row] = values
    if "book" in ranges:
        state.book.scale(LONG, as_held("book", np.ones(state.paths), ranges))
    hours(state, noise, rules, ranges)
    state.book.age(rules.p.closed, rules.p.fund_refill, rules.p.fund_most)
    state.row += 1


@dataclass(slots=True, eq=False)
class Today:
    """What stays for the day, and what its hours add up to; each (paths,)."""

    now: dict[str, Array]
    sd: Array
    noisy: Array
    drift: Array
    told: Array
    low20: Array
    lam: Array
    momentum: Array
    stopped: NDArray[np.bool_]
    lowest: Array
    highest: Array
    sums: dict[str, Array]


def hours(state: State, noise: Noise, rules: Rules, ranges: Held) -> None:
    """Run the day's hours, in place, and write its record."""
    today = _begun(state, rules, ranges)
    p, t = rules.p, state.row
    worked = _worked(today.now["session"])
    opened = _openings(state, today.momentum, today.now, rules)
    limit = ranges.get("liquidations")
    most = np.inf if limit is None else np.where(np.isnan(limit.target), np.inf, limit.high)
    for hour in range(HOURS):
        if hour in OPENS:
            for side, (amount, shares) in enumerate(opened):
                state.book.open(state.price, side, amount, shares)
        proposed = (
            state.price
            + today.drift
            + today.noisy * noise.hour[t, hour]
            + today.told * (today.now["hour"] == hour)
            - p.impact * today.now["flow"] * worked[hour]
            - p.recovery * state.depressed
        )
        squeezed = 0.0 if "squeeze" in rules.cut else np.inf
        falls = proposed < state.price
        left = np.where(falls, most - today.sums["liquidated"], squeezed)
        stop_at = _stop_at(today.low20, today.stopped, ranges)
        done = cascade(
            state.book, state.price, proposed, today.lam, p, stop_at=stop_at, allowed=left
        )
        _after(state, today, done, p, hour)
    _held_at_close(state, ranges, today, p)
    _write(state, today)


def _begun(state: State, rules: Rules, ranges: Held) -> Today:
    """The day before its first hour."""
    p, paths = rules.p, state.paths
    now = {name: values[state.row] for name, values in state.day.items()}
    worse = now["regime"] > 0
    sd = as_held("volatility", natural_volatility(state, p), ranges)
    return Today(
        now,
        sd,
        noisy=sd * np.where(worse, p.regime_volatility, 1.0) / np.sqrt(HOURS),
        drift=(p.drift + p.price_appetite * now["appetite"] + p.regime_drift * worse) / HOURS,
        told=rules.open("sentiment") * p.sentiment * now["rise"] + now["jump"],
        low20=as_held("low", _low(state), ranges),
        lam=_depth(sd, now["thin"], now["session"], rules),
        momentum=state.price - state.before("close", DAYS_LOW),
        stopped=np.zeros(paths, dtype=bool),
        lowest=np.full(paths, np.inf),
        highest=np.full(paths, -np.inf),
        sums={name: np.zeros(paths) for name in SUMS},
    )


def _after(state: State, today: Today, done: Cascade, p: Parameters, hour: int) -> None:
    """What an hour's forced orders leave behind."""
    before, fell = state.price, done.fell
    today.stopped |= done.stopped
    state.price = done.price
    state.depressed = (1 - p.recovery) * state.depressed + p.transitory * done.forced
    today.sums["liquidated"] += done.liquidated * fell
    today.sums["squeezed"] += done.liquidated * ~fell
    today.sums["deleveraged"] += done.deleveraged
    today.sums["forced"] += done.forced
    wick = p.wick * today.noisy
    np.minimum(today.lowest, np.minimum(before, done.price) - wick, out=today.lowest)
    np.maximum(today.highest, np.maximum(before, done.price) + wick, out=today.highest)
    if state.hour:
        kept = {
            "price": state.price,
            "liquidated": done.liquidated * fell,
            "squeezed": done.liquidated * ~fell,
            "longs": state.book.interest[LONG],
            "gain": today.lam * density(state.book, state.price, LONG),
        }
        for name, values in kept.items():
            state.hour[name][state.row, hour] = values


def _held_at_close(state: State, ranges: Held, today: Today, p: Parameters) -> None:
    """Hold what is only known at the day's end: liquidations, a break of the support, the close.

    Positions whose price a held close has jumped over stay open until their holders close them.
    """
    if "liquidations" in ranges:
        _force(state, ranges, today, p)
        np.minimum(today.lowest, state.price, out=today.lowest)
    if "broken" in ranges:
        _break(state, ranges, today, p)
    if "bitcoin" in ranges:
        start = state.before("close")
        moved = state.price - start
        wanted = as_held("bitcoin", moved, ranges)
        state.price = np.where(wanted == moved, state.price, start + wanted)
        np.minimum(today.lowest, state.price, out=today.lowest)
        np.maximum(today.highest, state.price, out=today.highest)


def natural_volatility(state: State, p: Parameters) -> Array:
    """The day's own sd, by GARCH on yesterday's return."""
    if state.row == 0:
        return np.full(state.paths, p.usual_sd)
    moved = state.before("close") - state.before("close", 2)
    return np.sqrt(
        p.garch_base * p.usual_sd**2
        + p.garch_news * np.minimum(moved**2, 0.01)
        + p.garch_memory * state.before("volatility") ** 2
    )


def _worked(session: Array) -> Array:
    """The share of the day's orders that each hour works, (24, paths)."""
    busy = np.zeros(HOURS)
    busy[slice(*WORKED)] = 1 / (WORKED[1] - WORKED[0])
    found: Array = np.where(session > 0, busy[:, None], 1 / HOURS)
    return found


def _low(state: State) -> Array:
    """The lowest low of the twenty days before."""
    found: Array = state.trailing("low", DAYS_LOW).min(axis=0, initial=np.inf)
    return np.where(np.isfinite(found), found, -np.inf)


def _depth(sd: Array, thin: Array, session: Array, rules: Rules) -> Array:
    """lam: the impact of the first billion of forced orders; zero where the loop is cut."""
    p = rules.p
    found: Array = p.forced_impact * np.minimum(
        np.exp(p.thin_market * np.maximum(sd / p.usual_sd - 1, 0)), p.thin_most
    )
    found = found * (1 + thin) * np.where(session > 0, 1.0, p.thin_weekend)
    return found * rules.open("loop")


def _openings(
    state: State, momentum: Array, now: dict[str, Array], rules: Rules
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """What is opened at each funding hour: amount and shares by level, for longs and for shorts."""
    p = rules.p
    wish = np.clip(p.chase * momentum, -1.5, 1.5)
    mood = now["demand"] + p.regime_leverage * (now["regime"] > 0)
    longs = p.longs_opened / len(OPENS) * np.exp(wish + mood)
    shorts = p.shorts_opened / len(OPENS) * np.exp(-wish + mood)
    how = (p.leverage_spread, p.leverage_cap, p.maintenance, rules.addon)
    return (
        (longs, tilted(opening_shares(p.leverage, *how), momentum)),
        (shorts, tilted(opening_shares(p.leverage_short, *how), -momentum)),
    )


def density(book: Book, price: Array, side: int) -> Array:
    """q: $B of liquidations for a unit of log price, just ahead of the price."""
    found: Array = book.ahead(price, side, FRONT).sum(axis=1) / (FRONT * STEP)
    return found


def _stop_at(low20: Array, stopped: NDArray[np.bool_], ranges: Held) -> Array:
    """Below which price stop orders wait: the low of twenty days, until they have gone off; none
    where the support is held intact."""
    found: Array = np.where(stopped, -np.inf, low20)
    if "broken" in ranges:
        found = np.where(ranges["broken"].target == 0, -np.inf, found)
    return found


def _break(state: State, ranges: Held, today: Today, p: Parameters) -> None:
    """Set off the stops, at the day's end, where a break is set and none has come; and write a low
    that says so, just under the support, or none below it but for the close."""
    low20, lowest = today.low20, today.lowest
    natural = np.where(lowest < low20, 1.0, 0.0)
    broken = as_held("broken", natural, ranges) > 0
    forced = broken & (natural == 0)
    _sell(state, today, p.stop_lump * forced, p)
    lowest = np.where(forced, np.minimum(np.minimum(lowest, low20 - 1e-6), state.price), lowest)
    mended = ~broken & (natural == 1)
    today.lowest = np.where(mended, np.maximum(lowest, np.minimum(low20, state.price)), lowest)


def _force(state: State, ranges: Held, today: Today, p: Parameters) -> None:
    """Liquidate by order, at the day's end, what is short of the liquidations that are set."""
    wanted = as_held("liquidations", today.sums["liquidated"], ranges)
    there = np.maximum(state.book.interest[LONG], 1e-9)
    more = np.clip(wanted - today.sums["liquidated"], 0.0, there)
    state.book.scale(LONG, np.maximum(1 - more / there, 0.0))
    _sell(state, today, more, p)
    today.sums["liquidated"] += more


def _sell(state: State, today: Today, orders: Array, p: Parameters) -> None:
    """Sell by force, at the day's end, $B that the hours did not."""
    fall = impact(orders, today.lam, p.forced_depth)
    state.price = state.price - fall
    state.depressed = state.depressed - p.transitory * fall
    today.sums["forced"] -= fall


def _write(state: State, today: Today) -> None:
    """The day's record, under the names of ``CRYPTO``."""
    book, price = state.book, state.price
    found = {
        "close": price,
        "low": today.lowest,
        "high": today.highest,
        "volatility": today.sd,
        "momentum": today.momentum,
        "low20": today.low20,
        "broken": (today.lowest < today.low20) * 1.0,
        "longs": book.interest[LONG],
        "shorts": book.interest[SHORT],
        "near": book.ahead(price, LONG, NEAR).sum(axis=1),
        "gain": today.lam * density(book, price, LONG),
        **today.sums,
    }
    for name, values in found.items():
        state.day[name][state.row] = values
