"""Binance: spot bars (of a day, and of four hours for the moves within one) and funding from its
APIs, the same and open interest from its archive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from causal.contract.array import Array
from causal.data.day_parts import HOUR, MOVES, bars_of, day_moves
from causal.data.panel import Days
from causal.data.sources.reading import (
    csv_columns,
    days_of_stamps,
    json_of,
    member,
    moments_of_stamps,
    numbers_of,
    rows_of,
    stamp,
    text_of,
)
from causal.data.sources.source import Column, Observations, Request, Source, changed_shape
from causal.errors import DataError

API = "https://data-api.binance.vision/api/v3/klines"
FUNDING_API = "https://fapi.binance.com/fapi/v1/fundingRate"
ARCHIVE = "https://data.binance.vision/data/"
SYMBOL = "BTCUSDT"
BAR = ("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume")
TRADES = ("count", "taker_buy_volume", "taker_buy_quote_volume", "ignore")
KLINES, FOURS, FUNDINGS = 900, 160, 300  # days a request, all under the limit of 1,000 rows
_DAY = timedelta(days=1)
_TERMS = "Binance terms; public data"
_BARS = (
    *(Column(f"btc_binance_{n}", "USDT", 50, 5_000_000, 3) for n in BAR[1:5]),
    Column("btc_binance_quote_volume_usdt", "USDT", 1e4, 1e12),
    Column("btc_binance_taker_buy_frac", "fraction of volume", 0.2, 0.8),
)
_MOVES = tuple(Column(name, "log return", -1.0, 1.0) for name in MOVES)
_FUNDING = Column("funding_rate_daily", "fraction per 8 hours, mean of the day", -0.005, 0.005)


def klines(source: Source, since: date, until: date) -> Iterable[Request]:
    """Daily bars, 900 days a request."""
    return _asked("1d", KLINES, since, until)


def four_hours(source: Source, since: date, until: date) -> Iterable[Request]:
    """Bars of four hours, 160 days a request."""
    return _asked("4h", FOURS, since, until)


def read_klines(source: Source, body: bytes, request: Request) -> Observations:
    """A list of bars, each a list of twelve."""
    return _bars(source, _listed_bars(source, body))


def read_four_hours(source: Source, body: bytes, request: Request) -> Observations:
    """A list of bars of four hours, as ``read_klines`` reads one of days; the moves of each day."""
    return _moves(source, _listed_bars(source, body))


def archived_bars(source: Source, since: date, until: date) -> Iterable[Request]:
    """A zip a month, a zip a day in this month and the last (whose own may not be out yet)."""
    return _zips("1d", since, until)


def archived_four_hours(source: Source, since: date, until: date) -> Iterable[Request]:
    """The same of bars of four hours."""
    return _zips("4h", since, until)


def read_archived_bars(source: Source, body: bytes, request: Request) -> Observations:
    """A CSV without a head line (spot) or with one, in a zip."""
    return _bars(source, _zipped_bars(source, body))


def read_archived_four_hours(source: Source, body: bytes, request: Request) -> Observations:
    """The same of bars of four hours; the moves of each day."""
    return _moves(source, _zipped_bars(source, body))


def fundings(source: Source, since: date, until: date) -> Iterable[Request]:
    """Fundings every eight hours, 300 days a request."""
    for start, end in stretches(since, until, FUNDINGS):
        ends = (("startTime", str(stamp(start))), ("endTime", str(stamp(end + _DAY) - 1)))
        yield Request(FUNDING_API, (("symbol", SYMBOL), *ends, ("limit", "1000")))


def read_fundings(source: Source, body: bytes, request: Request) -> Observations:
    """A list of {symbol, fundingTime, fundingRate}; the mean of each day."""
    rows = rows_of(source, json_of(source, body), ("fundingTime", "fundingRate"))
    days = days_of_stamps(source, [r["fundingTime"] for r in rows])
    rates = numbers_of(source, "fundingRate", [r["fundingRate"] for r in rows])
    return Observations(*_daily_mean(source, days, rates))


def archived_fundings(source: Source, since: date, until: date) -> Iterable[Request]:
    """A zip a month that is over."""
    folder = f"{ARCHIVE}futures/um/monthly/fundingRate/{SYMBOL}/"
    for month in months(since, until):
        yield Request(f"{folder}{SYMBOL}-fundingRate-{month:%Y-%m}.zip", optional=True, day=month)


def read_archived_fundings(source: Source, body: bytes, request: Request) -> Observations:
    """Columns calc_time, funding_interval_hours, last_funding_rate; the mean of each day."""
    cells = csv_columns(source, member(source, body), ("calc_time", "last_funding_rate"))
    days = days_of_stamps(source, cells["calc_time"])
    rates = numbers_of(source, "last_funding_rate", cells["last_funding_rate"])
    return Observations(*_daily_mean(source, days, rates))


def metrics(source: Source, since: date, until: date) -> Iterable[Request]:
    """A zip a day."""
    folder = f"{ARCHIVE}futures/um/daily/metrics/{SYMBOL}/"
    for start, _ in stretches(since, until, 1):
        yield Request(f"{folder}{SYMBOL}-metrics-{start}.zip", optional=True, day=start)


def read_metrics(source: Source, body: bytes, request: Request) -> Observations:
    """Open interest every five minutes; the last of the day is its close."""
    names = ("create_time", "symbol", "sum_open_interest", "sum_open_interest_value")
    cells = csv_columns(source, member(source, body), names)
    if not cells["create_time"] or request.day is None:
        raise changed_shape(source, "a day's file is empty.")
    day, after = str(request.day), str(request.day + _DAY)
    clocks = [c.strip() for c in cells["create_time"]]
    strays = [c for c in clocks if not c.startswith(day) and c != f"{after} 00:00:00"]
    if strays:
        raise changed_shape(source, f"the file of {day} holds {strays[0][:40]!r}.")
    coins, dollars = (numbers_of(source, name, cells[name]) for name in names[2:])
    known = np.flatnonzero((coins > 0) & (dollars > 0))  # zeros are outages
    days = np.array([day] if len(known) else [], dtype="datetime64[D]")
    last = np.array(sorted(known, key=clocks.__getitem__)[-1:], dtype=int)
    values = (dollars[last], coins[last])
    return Observations(days, dict(zip(source.names, values, strict=True)))


def stretches(since: date, until: date, days: int) -> Iterable[tuple[date, date]]:
    """``since`` to ``until`` in stretches of so many days."""
    while since <= until:
        end = min(since + timedelta(days=days - 1), until)
        yield since, end
        since = end + _DAY


def months(since: date, until: date) -> Iterable[date]:
    """First days of the months that are over by ``until`` and end on or after ``since``."""
    month = since.replace(day=1)
    while (after := _next(month)) <= until + _DAY:
        yield month
        month = after


def _recent(until: date) -> date:
    """First day of the month before that of ``until``."""
    return (until.replace(day=1) - _DAY).replace(day=1)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _asked(interval: str, days: int, since: date, until: date) -> Iterable[Request]:
    for start, end in stretches(since, until, days):
        ends = (("startTime", str(stamp(start))), ("endTime", str(stamp(end + _DAY) - 1)))
        yield Request(API, (("symbol", SYMBOL), ("interval", interval), *ends, ("limit", "1000")))


def _zips(interval: str, since: date, until: date) -> Iterable[Request]:
    folder = f"{ARCHIVE}spot/monthly/klines/{SYMBOL}/{interval}/"
    for month in months(since, _recent(until) - _DAY):
        name = f"{SYMBOL}-{interval}-{month:%Y-%m}.zip"
        yield Request(folder + name, optional=True, day=month)
    folder = f"{ARCHIVE}spot/daily/klines/{SYMBOL}/{interval}/"
    for day, _ in stretches(max(since, _recent(until)), until, 1):
        yield Request(f"{folder}{SYMBOL}-{interval}-{day}.zip", optional=True, day=day)


def _listed_bars(source: Source, body: bytes) -> dict[str, list[str]]:
    bars = json_of(source, body)
    if not isinstance(bars, list) or any(not isinstance(b, list) or len(b) != 12 for b in bars):
        raise changed_shape(source, "the response is no list of bars of twelve numbers.")
    return {name: [b[at] for b in bars] for at, name in enumerate((*BAR, *TRADES))}


def _zipped_bars(source: Source, body: bytes) -> dict[str, list[str]]:
    inside = text_of(source, member(source, body))
    if not inside.startswith("open_time"):
        inside = ",".join((*BAR, *TRADES)) + "\n" + inside
    return csv_columns(source, inside.encode(), (*BAR, *TRADES))


def _moves(source: Source, cells: dict[str, list[str]]) -> Observations:
    """The moves of the days of the bars; a bar in which nothing traded has no price."""
    opened = moments_of_stamps(source, cells["open_time"])
    if not len(opened):
        none = np.full(0, np.nan)
        return Observations(opened.astype("datetime64[D]"), dict.fromkeys(source.names, none))
    idle = numbers_of(source, "volume", cells["volume"]) == 0
    first, last = (numbers_of(source, name, cells[name]) for name in ("open", "close"))
    first, last = np.where(idle, np.nan, first), np.where(idle, np.nan, last)
    try:
        found = day_moves(bars_of(opened, first, last, 4 * HOUR))
    except DataError as wrong:
        raise changed_shape(source, wrong.what) from None
    return Observations(found.dates, dict(zip(source.names, found.values.T, strict=True)))


def _bars(source: Source, cells: dict[str, list[str]]) -> Observations:
    wanted = (*BAR[1:5], "quote_volume", "taker_buy_quote_volume")
    found = {name: numbers_of(source, name, cells[name]) for name in wanted}
    bought, total = found.pop("taker_buy_quote_volume"), found["quote_volume"]
    found["taker"] = np.divide(bought, total, out=np.full(len(total), np.nan), where=total > 0)
    days = days_of_stamps(source, cells["open_time"])
    return Observations(days, dict(zip(source.names, found.values(), strict=True)))


def _daily_mean(source: Source, days: Days, rates: Array) -> tuple[Days, dict[str, Array]]:
    if (np.diff(days) < np.timedelta64(0, "D")).any():
        raise changed_shape(source, "the times do not increase.")
    every, first, count = np.unique(days, return_index=True, return_counts=True)
    sums = np.add.reduceat(rates, first) if len(rates) else rates
    return every, {source.names[0]: sums / count}


def _binance(name: str, **facts: object) -> Source:
    settled: dict[str, object] = {
        "name": name,
        "publisher": "Binance",
        "licence": _TERMS,
        "citation": "Binance, public market data",
        "whole": False,
        "overlap": 3,
    }
    return Source(**{**settled, **facts})  # type: ignore[arg-type]


SPOT = _binance(
    "binance_spot",
    title="Bitcoin on Binance spot, daily bars",
    endpoint=API,
    columns=_BARS,
    plan=klines,
    read=read_klines,
    first=date(2017, 8, 17),
)
HOURS = _binance(
    "binance_hours",
    title="Moves of Bitcoin before, in and after the US session, from bars of four hours",
    endpoint=API,
    columns=_MOVES,
    plan=four_hours,
    read=read_four_hours,
    first=date(2017, 8, 17),
)
FUNDING = _binance(
    "binance_funding",
    title="Funding of the BTCUSDT perpetual",
    endpoint=FUNDING_API,
    columns=(_FUNDING,),
    plan=fundings,
    read=read_fundings,
    first=date(2019, 9, 10),
    note="Refused in some countries (403 or 451): pull `binance_funding_archive` there.",
)
METRICS = _binance(
    "binance_metrics",
    title="Open interest of the BTCUSDT perpetual",
    publisher="Binance archive",
    endpoint=f"{ARCHIVE}futures/um/daily/metrics/{SYMBOL}/",
    columns=(
        Column("open_interest_usd", "USD, Binance only, close of the day", 1e7, 1e12, 5),
        Column("open_interest_btc", "BTC, Binance only, close of the day", 1e3, 1e7, 5),
    ),
    plan=metrics,
    read=read_metrics,
    first=date(2020, 9, 1),
    overlap=0,
    lag=1,
    pace=0.2,
    note="One file a day: the first pull asks for some two thousand, and may be interrupted.",
)
SPOT_ARCHIVE = _binance(
    "binance_spot_archive",
    title="Bitcoin on Binance spot, daily bars (archive)",
    publisher="Binance archive",
    endpoint=f"{ARCHIVE}spot/",
    columns=_BARS,
    plan=archived_bars,
    read=read_archived_bars,
    first=date(2017, 8, 1),
    lag=1,
    core=False,
)
HOURS_ARCHIVE = _binance(
    "binance_hours_archive",
    title="Moves of Bitcoin before, in and after the US session (archive)",
    publisher="Binance archive",
    endpoint=f"{ARCHIVE}spot/",
    columns=_MOVES,
    plan=archived_four_hours,
    read=read_archived_four_hours,
    first=date(2017, 8, 1),
    lag=1,
    core=False,
)
FUNDING_ARCHIVE = _binance(
    "binance_funding_archive",
    title="Funding of the BTCUSDT perpetual (archive)",
    publisher="Binance archive",
    endpoint=f"{ARCHIVE}futures/um/monthly/fundingRate/{SYMBOL}/",
    columns=(_FUNDING,),
    plan=archived_fundings,
    read=read_archived_fundings,
    first=date(2020, 1, 1),
    lag=31,
    core=False,
    note="A file a month, out when the month is over.",
)
