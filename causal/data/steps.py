"""A series of the story: a column of the panel and its trailing steps.

A step is a word and its numbers, ``"zscore 365 250"``; this file has them all.  They run over
the days on which something was observed, so a Monday follows its Friday.

A window counts observations; one that ends at t-1 measures x_t against a past without it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.panel import Days, one_day
from causal.errors import DataError, SpecError, nearest

LONGEST_CLOSURE = 7  # days; a difference over a longer hole is no one-day move
COLUMN_STEPS = frozenset({"ratio", "relative", "times"})
LONGEST_WINDOW = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """The observed days of one stretch, and the panel's other columns on all its days."""

    days: Days
    rows: NDArray[np.intp]
    others: Mapping[str, Array]


def log(x: Array) -> Array:
    """ln x; raises DataError unless x > 0."""
    found: Array = np.log(_positive(x, "log"))
    return found


def log1p(x: Array) -> Array:
    """ln(1 + x), for an index that may be zero."""
    found: Array = np.log1p(_positive(x, "log1p", zero=True))
    return found


def negate(x: Array) -> Array:
    """-x: so that the worst is the largest."""
    return -x


def absolute(x: Array) -> Array:
    """|x|."""
    found: Array = np.abs(x)
    return found


def diff(x: Array, *, seen: Observed) -> Array:
    """x_t - x_{t-1}."""
    change = x - delay(x, 1)
    age = np.diff(seen.days, prepend=seen.days[:1]).astype(int)
    change[age > LONGEST_CLOSURE] = np.nan
    return change


def logreturn(x: Array, *, seen: Observed) -> Array:
    """ln x_t - ln x_{t-1}."""
    return diff(log(x), seen=seen)


def delay(x: Array, n: int) -> Array:
    """x_{t-n}: what was known n observations ago."""
    return np.concatenate([np.full(min(n, len(x)), np.nan), x[: max(len(x) - n, 0)]])


def trailing_mean(x: Array, n: int) -> Array:
    """(x_{t-n+1} + ... + x_t) / n."""
    found: Array = _windows(x, n).mean(axis=-1)
    return found


def trailing_sum(x: Array, n: int) -> Array:
    """x_{t-n+1} + ... + x_t."""
    found: Array = _windows(x, n).sum(axis=-1)
    return found


def ewma_vol(x: Array, half_life: int) -> Array:
    """s_t, s_t^2 = sum_k a^k x_{t-k}^2 / sum_k a^k, a = 2^(-1/half_life); needs a half-life."""
    from scipy.signal import lfilter

    a = 0.5 ** (1 / half_life)
    weight = np.cumsum(a ** np.arange(len(x)))
    found: Array = np.sqrt(lfilter([1.0], [1.0, -a], x**2) / weight)
    found[:half_life] = np.nan
    return found


def ewma_z(x: Array, half_life: int) -> Array:
    """x_t / s_{t-1}: the move in units of the volatility known the day before."""
    scale = delay(ewma_vol(x, half_life), 1)
    found: Array = np.divide(x, scale, out=np.full(len(x), np.nan), where=scale > 0)
    return found


def zscore(x: Array, n: int, minimum: int) -> Array:
    """(x_t - m) / s, mean and standard deviation over t-n..t-1."""
    past, count = _past(x, n)
    centre = np.nansum(past, axis=-1) / np.maximum(count, 1)
    spread = np.sqrt(np.nansum((past - centre[:, None]) ** 2, axis=-1) / np.maximum(count - 1, 1))
    spread[(count < minimum) | (spread == 0)] = np.nan
    found: Array = (x - centre) / spread
    return found


def excess(x: Array, n: int) -> Array:
    """x_t less the mean of t-n..t-1: what is new beside the trailing level."""
    return x - delay(trailing_mean(x, n), 1)


def percentile(x: Array, n: int, minimum: int) -> Array:
    """Share of t-n..t-1 below x_t, ties counted half; between 0 and 1."""
    past, count = _past(x, n)
    below = (past < x[:, None]).sum(axis=-1) + 0.5 * (past == x[:, None]).sum(axis=-1)
    found: Array = below / np.where(count >= minimum, count, np.nan)
    return found


def median(x: Array, n: int, minimum: int) -> Array:
    """Median of t-n..t-1: the usual value, known the day before."""
    past, count = _past(x, n)
    ordered = np.sort(past, axis=-1)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    rows = np.arange(len(x))
    middle: Array = (ordered[rows, low] + ordered[rows, np.minimum(high, n - 1)]) / 2
    middle[count < minimum] = np.nan
    return middle


def median_ratio(x: Array, n: int, minimum: int) -> Array:
    """ln(x_t / median of t-n..t-1); raises DataError unless x > 0."""
    found: Array = np.log(x / median(_positive(x, "median_ratio"), n, minimum))
    return found


def drawdown(x: Array, n: int) -> Array:
    """1 - x_t / max(x_{t-n+1}, ..., x_t): how far below the trailing high."""
    found: Array = 1 - x / _windows(_positive(x, "drawdown"), n).max(axis=-1)
    return found


def above_low(x: Array, n: int) -> Array:
    """ln(x_t / min(x_{t-n+1}, ..., x_t)): how far above the trailing low."""
    found: Array = np.log(x / _windows(_positive(x, "above_low"), n).min(axis=-1))
    return found


def breaks_low(x: Array, n: int) -> Array:
    """ln(min(x_{t-n}, ..., x_{t-1}) / x_t): above zero when the trailing low gives way."""
    low = _windows(delay(_positive(x, "breaks_low"), 1), n).min(axis=-1)
    found: Array = np.log(low / x)
    return found


def weekday(x: Array, n: int, *, seen: Observed) -> Array:
    """x_t less the trailing pattern of the week: mean of its weekday less mean of all, n days back.

    Needs n days of history.  Newspapers are thin on Sundays, and that is no calm.
    """
    ordinal = seen.days.astype(int)
    width = min(n, len(x))
    past, _ = _past(x, width)
    back = _past(ordinal.astype(float), width)[0]
    recent = (back >= (ordinal - n)[:, None]) & ~np.isnan(past)
    same = recent & (back % 7 == (ordinal % 7)[:, None])
    values = np.where(np.isnan(past), 0.0, past)
    pattern: Array = _mean_where(values, same) - _mean_where(values, recent)
    pattern[ordinal - ordinal[:1] < n] = np.nan
    return x - pattern


def ratio(x: Array, column: str, *, seen: Observed) -> Array:
    """x_t / y_t, y another column of the panel; a gap where y is one or zero."""
    other = seen.others[column][seen.rows]
    found: Array = np.full(len(x), np.nan)
    np.divide(x, other, out=found, where=np.nan_to_num(other) != 0)
    return found


def relative_return(x: Array, column: str, *, seen: Observed) -> Array:
    """ln(x_t / x_{t-1}) - ln(y_t / y_{t-1}), y another column of the panel: what x gained beside y.

    Over the days on which x was observed; a gap where y is one, today or the day before.
    """
    return logreturn(x, seen=seen) - logreturn(seen.others[column][seen.rows], seen=seen)


def product_with(x: Array, column: str, *, seen: Observed) -> Array:
    """x_t y_t, y another column of the panel (1 and 0: x where something was so, else nothing)."""
    return x * seen.others[column][seen.rows]


def carry(x: Array, n: int) -> Array:
    """On a day without a value the last one known, at most n days old; runs over every day."""
    days = np.arange(len(x))
    last = np.maximum.accumulate(np.where(np.isnan(x), -1, days))
    fresh = (last >= 0) & (days - last <= n)
    found: Array = np.where(fresh, x[np.maximum(last, 0)], np.nan)
    return found


def _windows(x: Array, n: int) -> Array:
    """Rows x_{t-n+1}..x_t; NaN before the series began, and so is what is made of them."""
    return _rows(x, n)[1:]


def _past(x: Array, n: int) -> tuple[Array, NDArray[np.intp]]:
    """Rows x_{t-n}..x_{t-1} (NaN before the series began), and how many are there."""
    return _rows(x, n)[:-1], np.minimum(np.arange(len(x)), n)


def _rows(x: Array, n: int) -> Array:
    padded = np.concatenate([np.full(n, np.nan), x])
    found: Array = sliding_window_view(padded, n)
    return found


def _mean_where(values: Array, where: NDArray[np.bool_]) -> Array:
    found: Array = (values * where).sum(axis=-1) / np.maximum(where.sum(axis=-1), 1)
    return found


def _positive(x: Array, step: str, *, zero: bool = False) -> Array:
    if ((x < 0) if zero else (x <= 0)).any():
        raise DataError(
            f"The step `{step}` met the value {x.min():g}.",
            "It is defined for values above zero." if not zero else "It takes no negative values.",
            "Choose another step, or blank the cell if it is an error of the source.",
        )
    return x


STEPS: Mapping[str, Callable[..., Array]] = {
    "above_low": above_low,
    "abs": absolute,
    "breaks_low": breaks_low,
    "carry": carry,
    "delay": delay,
    "diff": diff,
    "drawdown": drawdown,
    "ewma_vol": ewma_vol,
    "ewma_z": ewma_z,
    "excess": excess,
    "log": log,
    "log1p": log1p,
    "logreturn": logreturn,
    "mean": trailing_mean,
    "median": median,
    "median_ratio": median_ratio,
    "negate": negate,
    "percentile": percentile,
    "ratio": ratio,
    "relative": relative_return,
    "sum": trailing_sum,
    "times": product_with,
    "weekday": weekday,
    "zscore": zscore,
}


def transform(
    column: Array,
    dates: Days,
    steps: Iterable[str],
    *,
    restart: Iterable[str] = (),
    others: Mapping[str, Array] | None = None,
) -> Array:
    """The column after all its steps, one value a day of ``dates``, NaN where there is none.

    At every day of ``restart`` the series begins anew: no window reaches back over it.
    """
    cuts = np.unique([np.searchsorted(dates, one_day(day)) for day in restart])
    found = []
    for rows in np.split(np.arange(len(dates)), cuts.astype(int)):
        stretch = {n: c[rows] for n, c in (others or {}).items()}
        values = column[rows]
        for step in steps:
            values = _apply(step, values, dates[rows], stretch)
        found.append(values)
    return np.concatenate(found)


def check_step(step: str) -> list[str]:
    """What is wrong with a step, as sentences; nothing when it is well written."""
    name, *words = step.split() or [""]
    if name not in STEPS:
        return [f"`{step}`: there is no step `{name}`. {nearest(name, STEPS)}"]
    _, *wanted = inspect.signature(STEPS[name]).parameters.values()
    wanted = [p for p in wanted if p.name != "seen"]
    least = sum(p.default is inspect.Parameter.empty for p in wanted)
    usage = " ".join([name, *(p.name.upper() for p in wanted)])
    if not least <= len(words) <= len(wanted):
        return [f"`{step}`: it is written `{usage}`."]
    if name in COLUMN_STEPS:
        return []
    if not all(w.isdecimal() and len(w) < 9 and 0 < int(w) <= LONGEST_WINDOW for w in words):
        return [f"`{step}`: whole numbers from 1 to {LONGEST_WINDOW} follow, as in `{usage}`."]
    if len(words) == 2 and int(words[1]) > int(words[0]):
        return [f"`{step}`: MINIMUM is larger than the window."]
    return []


def step_columns(steps: Iterable[str]) -> list[str]:
    """Other columns of the panel that the steps name."""
    words = [s.split() for s in steps]
    return [w[1] for w in words if len(w) == 2 and w[0] in COLUMN_STEPS]


def _apply(step: str, values: Array, dates: Days, others: Mapping[str, Array]) -> Array:
    problems = check_step(step)
    if problems:
        raise SpecError(
            "A step of a series is not understood.", "No state can be read.", "Mend it:", problems
        )
    name, *words = step.split()
    rows = np.flatnonzero(~np.isnan(values))
    seen = Observed(dates[rows], rows, others)
    if name == "carry":
        return carry(values, int(words[0]))
    arguments = words if name in COLUMN_STEPS else [int(w) for w in words]
    verb = STEPS[name]
    if "seen" in inspect.signature(verb).parameters:
        short = verb(values[rows], *arguments, seen=seen)
    else:
        short = verb(values[rows], *arguments)
    found = np.full(len(values), np.nan)
    found[rows] = np.where(np.isfinite(short), short, np.nan)
    return found
