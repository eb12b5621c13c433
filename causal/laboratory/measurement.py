"""The measurement layer: the market as a panel would show it, in the columns that the story reads.

Newspapers count a day late, thinly on weekends and with noise; the taker share holds some of the
price's own noise; liquidations are reported under rules that changed twice, capped in between; some
series start late.  A ``plain`` layer leaves all that out: no lag, no weekday pattern, no caps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.data.panel import Days
from causal.laboratory.noise import HOURS, Noise
from causal.laboratory.state import State

FIRST_PRICE = 40_000.0  # dollars, at log price zero
WEEKEND = {5: -0.30, 6: -0.45}  # log newspaper count on Saturdays and Sundays
READ = (
    0.3,
    0.5,
    0.2,
)  # share of an act that the newspapers of its day, the next and the one after count
BUMP = (0.0, 0.6, 1.5)  # log count for calm, elevated, escalation
PRESS_SD = 0.30
CAPPED, RESUMED = np.datetime64("2021-04-27"), np.datetime64("2025-03-01")
REPORTED = {"full": 0.8, "capped": 0.4}  # share of liquidations that is reported
CAP = 1.5  # $B a day, near which capped reports saturate
HIGHEST = 0.98  # share of the cap that is the highest report
SMALL = 0.015  # $B a day of small liquidations that the book does not follow
TAKER_FLOW, TAKER_NOISE, TAKER_PRICE = 0.010, 0.005, 0.003
FUNDING, FUNDING_SLOPE, FUNDING_NOISE, NEAR_USUAL = 0.00007, 0.00013, 0.00002, 4.4
VIX_RISE, VIX_FALL, VIX_SD, VIX_MEMORY = 0.15, 4.5, 0.04, 0.93
DOLLAR_RISE, DOLLAR_SD = 0.006, 0.0030
GOLD_RISE, GOLD_SD = 0.008, 0.0085
VOLUME_ORDER, VOLUME_SD, VOLUME_UNIT = 0.35, 0.16, 0.012
STARTS: Mapping[str, str] = {
    "btc_binance_close": "2017-08-17",
    "btc_binance_low": "2017-08-17",
    "btc_binance_high": "2017-08-17",
    "btc_binance_taker_buy_frac": "2017-08-17",
    "funding_rate_daily": "2019-09-10",
    "open_interest_usd": "2020-02-01",
    "long_liquidations_usd_spliced": "2020-10-01",
    "short_liquidations_usd_spliced": "2020-10-01",
}
"""First days of the columns whose series start late."""


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What columns are made of: the market, its noise, its days."""

    state: State
    noise: Noise
    dates: Days
    plain: bool

    @property
    def rows(self) -> int:
        return self.state.row

    def day(self, name: str) -> Array:
        """A quantity on the days that have been, (days, paths)."""
        return self.state.day[name][: self.rows]

    def drawn(self, name: str) -> Array:
        """A noise on those days; none in a plain layer."""
        return self.noise.day[name][: self.rows] * (0.0 if self.plain else 1.0)


def market_columns(
    state: State, noise: Noise, dates: Days, *, plain: bool = False, names: tuple[str, ...] = ()
) -> dict[str, Array]:
    """Columns of the panel on the days that have been, each (days, paths); all, or those named."""
    record = Record(state, noise, dates[: state.row], plain)
    found = {}
    for name in names or COLUMNS:
        values = COLUMNS[name](record)
        if name in SESSIONS_ONLY:
            values = np.where(record.day("session") > 0, values, np.nan)
        if not plain and name in STARTS:
            late = record.dates < np.datetime64(STARTS[name])
            values = np.where(late[:, None], np.nan, values)
        found[name] = values
    return found


def _price(name: str) -> Callable[[Record], Array]:
    return lambda record: FIRST_PRICE * np.exp(record.day(name))


def _press(name: str) -> Callable[[Record], Array]:
    """A newspaper index, around 100."""

    def count(record: Record) -> Array:
        acts = np.array(BUMP)[record.day(name).astype(int)]
        if not record.plain:
            late = [np.vstack([np.zeros((k, acts.shape[1])), acts])[: len(acts)] for k in range(3)]
            acts = sum(
                (share * one for share, one in zip(READ, late, strict=True)), np.zeros_like(acts)
            )
            weekday = (record.dates.astype(int) + 3) % 7
            acts = acts + np.array([WEEKEND.get(d, 0.0) for d in weekday])[:, None]
        tremble = 0.02 * record.noise.day[f"{name}_press"][: record.rows]
        found: Array = 100 * np.exp(acts + PRESS_SD * record.drawn(f"{name}_press") + tremble)
        return found

    return count


def _fund(record: Record) -> Array:
    """Funding a day's mean of eight hours: higher the more long leverage stands near the price."""
    return funding_of(record.day("near")) + FUNDING_NOISE * record.drawn("funding")


def funding_of(near: Array) -> Array:
    """Funding without its noise, for $B of longs within thirty log points of the price."""
    found: Array = FUNDING + FUNDING_SLOPE * np.log(np.maximum(near, 1e-3) / NEAR_USUAL)
    return found


def _taker(record: Record) -> Array:
    """Share of spot volume whose buyer crosses the spread."""
    return np.clip(
        0.5 - TAKER_FLOW * record.day("flow") + taker_rest(record.noise, record.rows), 0.02, 0.98
    )


def taker_rest(noise: Noise, rows: int) -> Array:
    """What the taker share holds beside the flow: some of the price's noise, and its own."""
    own = noise.hour[:rows].sum(axis=1) / np.sqrt(HOURS)
    found: Array = TAKER_PRICE * own + TAKER_NOISE * noise.day["taker"][:rows]
    return found


def _reported(name: str) -> Callable[[Record], Array]:
    def count(record: Record) -> Array:
        small = SMALL * np.exp(0.5 * record.noise.day["report"][: record.rows])
        return 1e9 * reported(record.day(name) + small, record.dates[:, None], record.plain)

    return count


def reported(true: Array, dates: Days, plain: bool) -> Array:
    """$B that are reported of ``true`` $B liquidated on ``dates``."""
    if plain:
        return true
    capped = (dates >= CAPPED) & (dates < RESUMED)
    full = REPORTED["full"] * true
    found: Array = np.where(capped, REPORTED["capped"] * CAP * -np.expm1(-true / CAP), full)
    return found


def unreported(seen: Array, date: np.datetime64, plain: bool) -> Array:
    """The inverse of ``reported``; a capped report that cannot be so high is taken as the
    highest."""
    if plain:
        return seen
    if not CAPPED <= date < RESUMED:
        return seen / REPORTED["full"]
    share = np.minimum(seen / (REPORTED["capped"] * CAP), HIGHEST)
    found: Array = np.where(np.isinf(seen), np.inf, -CAP * np.log1p(-share))
    return found


def _vix(record: Record) -> Array:
    moved = vix_moves(
        record.day("rise"), record.day("equity"), record.noise.day["vix"][: record.rows]
    )
    level = np.zeros_like(moved)
    held = np.zeros(moved.shape[1])
    waits = np.zeros(moved.shape[1])
    for row, session in enumerate(record.day("session") > 0):
        waits = waits + moved[row]  # what happens over a closed market shows on its next session
        held = np.where(session, VIX_MEMORY * held + waits, held)
        waits = np.where(session, 0.0, waits)
        level[row] = held
    found: Array = 18 * np.exp(level)
    return found


def vix_moves(rise: Array, equity: Array, own: Array) -> Array:
    """Log moves of the VIX before it returns to its level."""
    return VIX_RISE * rise - VIX_FALL * equity + VIX_SD * own


def _walk(level: float, per_rise: float, sd: float, name: str) -> Callable[[Record], Array]:
    """A price that rises with risk-off, beside noise of its own."""

    def prices(record: Record) -> Array:
        own = record.noise.day[name][: record.rows]
        found: Array = level * np.exp(np.cumsum(per_rise * record.day("rise") + sd * own, axis=0))
        return found

    return prices


def _yields(record: Record) -> Array:
    found: Array = 3.0 + np.cumsum(record.day("yields"), axis=0)
    return found


def _turnover(record: Record) -> Array:
    """Shares of the Nasdaq fund traded: more on days of large orders."""
    own = VOLUME_SD * record.noise.day["volume"][: record.rows]
    found: Array = 4e7 * np.exp(turnover_of(record.day("order")) + own)
    return found


def turnover_of(order: Array) -> Array:
    """Log turnover for an order, a share of the sleeve, without its noise."""
    found: Array = VOLUME_ORDER * np.log1p(np.abs(order) / VOLUME_UNIT)
    return found


def _nasdaq(record: Record) -> Array:
    found: Array = 8000 * np.exp(record.day("level"))
    return found


def _open_interest(record: Record) -> Array:
    return 1e9 * np.maximum(record.day("longs"), 1e-6)


COLUMNS: Mapping[str, Callable[[Record], Array]] = {
    "gpr_daily": _press("war"),
    "tpu_daily": _press("trade"),
    "us10y_yield": _yields,
    "vix_close": _vix,
    "usd_broad_dtwexbgs": _walk(100.0, DOLLAR_RISE, DOLLAR_SD, "dollar"),
    "gold_usd_lbma_pm": _walk(2000.0, GOLD_RISE, GOLD_SD, "gold"),
    "qqq_volume_shares": _turnover,
    "nasdaq_close": _nasdaq,
    "btc_binance_close": _price("close"),
    "btc_binance_low": _price("low"),
    "btc_binance_high": _price("high"),
    "btc_binance_taker_buy_frac": _taker,
    "funding_rate_daily": _fund,
    "open_interest_usd": _open_interest,
    "long_liquidations_usd_spliced": _reported("liquidated"),
    "short_liquidations_usd_spliced": _reported("squeezed"),
}
"""Every column that is made, and how."""

SESSIONS_ONLY = frozenset(
    {
        "us10y_yield",
        "vix_close",
        "usd_broad_dtwexbgs",
        "gold_usd_lbma_pm",
        "qqq_volume_shares",
        "nasdaq_close",
    }
)
