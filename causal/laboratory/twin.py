"""The twin of a question: a variable of the story set to a measured state, in the mechanisms.

What the story reads of a day is a number x, cut into states.  To set a state is to change the
mechanism that makes x, just on that day and no further than needed: a path on which x lies in the
state already is left alone; on another one x is put where it lies on days that are in the state
anyway (a quantile of what the market showed in the year before, drawn up front).

What is set: for yields, risk-off, equity selling, rebalancing and crypto selling the move or the
order of the day; for volatility, leverage, distance to support and equity drawdown the level with
which the day begins; for liquidations how much is liquidated at most and at least; for a support
break whether stops go off; for Bitcoin the close; for war and trade the act, which newspapers then
report as they do (``agreement`` says how often they read as set).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from causal.contract.array import Array
from causal.data.steps import transform
from causal.errors import QueryError
from causal.laboratory.hours import natural_volatility
from causal.laboratory.macro import macro
from causal.laboratory.measurement import (
    FUNDING_SLOPE,
    SMALL,
    VOLUME_ORDER,
    VOLUME_UNIT,
    funding_of,
    market_columns,
    reported,
    turnover_of,
    unreported,
)
from causal.laboratory.reading import POOLED, StateReader, pools
from causal.laboratory.state import Rules, State
from causal.laboratory.world import Range

PROBE = 0.01  # by which a quantity is moved to see how its measure follows


@dataclass(slots=True, eq=False)
class Wanted:
    """One variable to be set today: the state of every path as a band of its number and a
    target."""

    low: Array
    high: Array
    target: Array

    def outside(self, number: Array) -> Array:
        """The target where the number is not in the band, NaN where it is."""
        inside = (number >= self.low) & (number < self.high)
        return np.where(inside, np.nan, self.target)


@dataclass(slots=True, eq=False)
class Twin:
    """Sets measured states on one chunk of paths.

    ``pool``: what each state looked like on the paths of the chunk in the year before; ``levels``:
    levels that are held, and for which state.
    """

    reader: StateReader
    pool: dict[str, Mapping[int, Array]] = field(default_factory=dict)
    levels: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def ranges(self, state: State, rules: Rules, states: Mapping[str, Array]) -> dict[str, Range]:
        """What the mechanisms are held to on the next day; ``states``: codes by variable, (paths,).

        Raises QueryError for a variable or state that cannot be set here.
        """
        found: dict[str, Range] = {}
        for name in sorted(states, key=_early):
            wanted = states[name]
            if name in ACTS:
                found |= _acts(name, wanted, macro(state, self.reader.noise, rules, found))
            elif name == "calendar":
                shut = self.reader.graph.variable(name).index("closed")
                found["session"] = _all(np.where(wanted == shut, 0.0, 1.0))
            elif name == "support_break":
                found["broken"] = _all(wanted.astype(float))
            elif name in SETTERS:
                found |= SETTERS[name](self, state, rules, found, self._band(state, name, wanted))
            else:
                known = sorted({*ACTS, *SETTERS, "calendar", "support_break"})
                raise QueryError(
                    f"The laboratory does not know how to set `{name}`.",
                    "Its mechanisms are those behind the shipped story.",
                    f"Set one of: {', '.join(known)}.",
                )
        return found

    def _band(self, state: State, name: str, wanted: Array) -> Wanted:
        variable = self.reader.variable(name)
        how = variable.measurement
        assert how is not None
        codes = wanted.astype(int) - how.closed
        if (codes < 0).any():
            raise QueryError(
                f"`{name}={variable.states[0]}` is what the calendar does.",
                "A market is closed by its calendar, not by a price.",
                "Write do(calendar=closed).",
            )
        edges = np.array([-np.inf, *how.cuts, np.inf])
        if name not in self.pool:
            self.pool[name] = pools(self.reader.numbers(state, name, POOLED), how.cuts)
        share = self.reader.noise.uniform(f"within {name}", state.row)
        target = np.empty(state.paths)
        for code in np.unique(codes):
            seen = self.pool[name][int(code)]
            if not len(seen):
                raise QueryError(
                    f"`{name}={variable.states[code + how.closed]}` was never seen in this market.",
                    "What it looks like there is not known.",
                    "Run more paths, or set another state.",
                )
            at = codes == code
            target[at] = np.quantile(seen, share[at], method="inverted_cdf")
        return Wanted(edges[codes], edges[codes + 1], target)

    def today(self, state: State, name: str, now: Mapping[str, Array]) -> Array:
        """The number of the next day if its quantities were ``now``; the others as the day
        before."""
        trial = State(
            state.session, dict(state.day), state.price, state.depressed, state.book, state.row + 1
        )
        for key, values in state.day.items():
            given = now.get(key, values[state.row - 1])
            if key == "session" and key not in now:
                given = np.full(state.paths, float(state.session[state.row]))
            trial.day[key] = np.vstack([values[: state.row], given[None, :]])
        found: Array = self.reader.numbers(trial, name, 1)[0]
        return found

    def past(self, state: State, name: str, steps: int, count: int) -> tuple[Array, Array]:
        """After the first ``steps`` steps of a variable's series: the last value of every path, and
        the ``count`` before it, (count, paths)."""
        how = self.reader.variable(name).measurement
        assert how is not None
        (series,) = how.series
        made = market_columns(
            state,
            self.reader.noise,
            self.reader.dates,
            plain=self.reader.plain,
            names=(series.column,),
        )[series.column]
        back = 2 * count + 100
        dates = self.reader.dates[: state.row][-back:]
        last, window = np.empty(state.paths), np.full((count, state.paths), np.nan)
        for path in range(state.paths):
            read = transform(made[-back:, path], dates, series.steps[:steps])
            seen = read[~np.isnan(read)]
            last[path] = seen[-1]
            kept = seen[-count - 1 : -1]
            window[len(window) - len(kept) :, path] = kept
        return last, window


def _early(name: str) -> tuple[int, str]:
    """Causes before effects among what is known before the hours begin."""
    order = ("calendar", "war", "trade", "geopolitics", "yields", "risk_off", "equity_selling")
    return (order.index(name) if name in order else len(order), name)


def _all(values: Array) -> Range:
    return Range(values, values, values)


def _acts(name: str, wanted: Array, natural: Mapping[str, Array]) -> dict[str, Range]:
    """The act behind the news.

    Geopolitics is the worse of two: where it is not what is wanted, trade is set, and war is not
    above it.
    """
    states = wanted.astype(float)
    if name != "geopolitics":
        return {name: _all(states)}
    there = np.maximum(natural["trade"], natural["war"]) == states
    war = np.where(there, natural["war"], np.minimum(natural["war"], states))
    return {"trade": _put(np.where(there, np.nan, states)), "war": _all(war)}


Setter = Callable[[Twin, State, Rules, Mapping[str, Range], Wanted], dict[str, Range]]


def _linear(variable: str, quantity: str) -> Setter:
    """A quantity of the macro day on which the variable's number depends linearly."""

    def setter(
        twin: Twin, state: State, rules: Rules, ranges: Mapping[str, Range], wanted: Wanted
    ) -> dict[str, Range]:
        natural = macro(state, twin.reader.noise, rules, ranges)
        moved = {**ranges, quantity: _all(natural[quantity] + PROBE)}
        number = twin.today(state, variable, natural)
        beside = twin.today(state, variable, macro(state, twin.reader.noise, rules, moved))
        slope = (beside - number) / PROBE
        target = natural[quantity] + (wanted.outside(number) - number) / np.where(
            slope == 0, np.nan, slope
        )
        return {quantity: _put(target)}

    return setter


def _put(target: Array) -> Range:
    """Put at a target wherever there is one."""
    return Range(np.full(len(target), np.inf), np.full(len(target), -np.inf), target)


def _rebalancing(
    twin: Twin, state: State, rules: Rules, ranges: Mapping[str, Range], wanted: Wanted
) -> dict[str, Range]:
    """The day's order: raised towards selling, or lowered, until turnover reads as wanted."""
    natural = macro(state, twin.reader.noise, rules, ranges)
    order = natural["order"]
    number = twin.today(state, "rebalancing", natural)
    larger = np.abs(order) + PROBE
    beside = twin.today(state, "rebalancing", {**natural, "order": larger})
    slope = (beside - number) / (turnover_of(larger) - turnover_of(order))
    turnover = turnover_of(order) + (wanted.outside(number) - number) / slope
    size = VOLUME_UNIT * np.expm1(np.maximum(turnover, 0) / VOLUME_ORDER)
    sells = size > np.abs(order)
    return {"order": _put(np.where(sells, size, np.sign(order) * size))}


def _drawdown(
    twin: Twin, state: State, rules: Rules, ranges: Mapping[str, Range], wanted: Wanted
) -> dict[str, Range]:
    """How deep shares stand below their high, by rank among the sessions of a year."""
    _, past = twin.past(state, "equity_drawdown", 1, 250)
    low, high, target = (
        -np.log1p(-_ranked(past, np.clip(x, 0, 1)))
        for x in (wanted.low, wanted.high, wanted.target)
    )
    low = np.where(np.isneginf(wanted.low), -np.inf, low)
    return {"drawdown": Range(low, np.where(np.isposinf(wanted.high), np.inf, high), target)}


def _volatility(
    twin: Twin, state: State, rules: Rules, ranges: Mapping[str, Range], wanted: Wanted
) -> dict[str, Range]:
    """The day's own volatility, by as much as the measured one is away from what is wanted.

    A level once set is held: the measured one follows only as days go by.
    """
    number = twin.today(state, "volatility", {})
    moved = natural_volatility(state, rules.p) * np.exp(wanted.target - number)
    before, level = twin.levels.get("volatility", (wanted.low, moved))
    level = np.where(before == wanted.low, level, moved)
    twin.levels["volatility"] = (wanted.low, level)
    return {"volatility": _put(np.where(np.isnan(wanted.outside(number)), np.nan, level))}


def _support(
    twin: Twin, state: State, rules: Rules, ranges: Mapping[str, Range], wanted: Wanted
) -> dict[str, Range]:
    """The low of twenty days, by the rank of the distance to it."""
    number = twin.today(state, "near_support", {})
    _, past = twin.past(state, "near_support", 1, 365)
    distance = _ranked(past, -wanted.outside(number))
    return {"low": _put(state.before("low") - distance)}


def _leverage(
    twin: Twin, state: State, rules: Rules, ranges: Mapping[str, Range], wanted: Wanted
) -> dict[str, Range]:
    """All long positions, by a factor that puts funding at the rank wanted.

    Left alone where the week's funding reads so already, or today's book would make it read so.
    """
    number = twin.today(state, "leverage", {})
    _, past = twin.past(state, "leverage", 1, 365)
    implied = funding_of(state.before("near"))
    rank = np.nanmean(np.where(np.isnan(past), np.nan, past < implied[None, :]), axis=0)
    missing = np.isnan(wanted.outside(number)) | np.isnan(wanted.outside(rank))
    level = _ranked(past, wanted.target)
    factor = np.exp((level - implied) / FUNDING_SLOPE)
    return {"book": _put(np.where(missing, np.nan, factor))}


def _liquidations(
    twin: Twin, state: State, rules: Rules, ranges: Mapping[str, Range], wanted: Wanted
) -> dict[str, Range]:
    """How much is liquidated, at least and at most, from the usual report of ninety days."""
    reader, row = twin.reader, state.row
    date = reader.dates[row]
    small = SMALL * np.exp(0.5 * reader.noise.day["report"][row])
    number = twin.today(state, "liquidations", {"liquidated": np.ones(state.paths)})
    usual = reported(1 + small, date, reader.plain) / np.exp(number)

    def true(cut: Array) -> Array:
        seen = unreported(usual * np.exp(cut), date, reader.plain)
        found: Array = np.maximum(seen - small, 0.0)
        return found

    return {"liquidations": Range(true(wanted.low), true(wanted.high), true(wanted.target))}


def _bitcoin(
    twin: Twin, state: State, rules: Rules, ranges: Mapping[str, Range], wanted: Wanted
) -> dict[str, Range]:
    """The day's log return, in units of the volatility known the day before."""
    start = state.before("close")
    scale = PROBE / twin.today(state, "bitcoin", {"close": start - PROBE})
    return {"bitcoin": Range(-wanted.high * scale, -wanted.low * scale, -wanted.target * scale)}


def _ranked(past: Array, rank: Array) -> Array:
    """The value of a given rank in the past of every path; NaN where the rank is."""
    found = np.full(len(rank), np.nan)
    for path in np.flatnonzero(~np.isnan(rank)):
        seen = past[:, path]
        found[path] = np.quantile(seen[~np.isnan(seen)], np.clip(rank[path], 0, 1))
    return found


LEVELS = frozenset({"equity_drawdown", "volatility", "near_support", "leverage"})
"""What is set in place of the history that it is read from."""

ACTS = ("war", "trade", "geopolitics")
SETTERS: Mapping[str, Setter] = {
    "yields": _linear("yields", "yields"),
    "risk_off": _linear("risk_off", "risk_off"),
    "equity_selling": _linear("equity_selling", "equity"),
    "crypto_selling": _linear("crypto_selling", "flow"),
    "rebalancing": _rebalancing,
    "equity_drawdown": _drawdown,
    "volatility": _volatility,
    "near_support": _support,
    "leverage": _leverage,
    "liquidations": _liquidations,
    "bitcoin": _bitcoin,
}
"""How each variable of the story is set; ``ACTS``, the calendar and a support break beside them."""
