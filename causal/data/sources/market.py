"""Prices of markets that close: VIX from Cboe, gold from LBMA, chart data from Yahoo."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import numpy as np

from causal.data.sources.newspaper import one_file
from causal.data.sources.reading import (
    csv_columns,
    days_of,
    inside,
    json_of,
    numbers_of,
    rows_of,
    stamp,
)
from causal.data.sources.source import Column, Observations, Request, Source, changed_shape

CHART = "https://query1.finance.yahoo.com/v8/finance/chart/"
_CHARTED = {
    "yahoo_btc": {f"btc_{n}": n for n in ("open", "high", "low", "close")}
    | {"btc_volume_usd": "volume"},
    "yahoo_eth": {"eth_close": "close"},
    "yahoo_qqq": {"qqq_adj_close": "adjclose", "qqq_volume_shares": "volume"},
    "yahoo_gold": {"gold_usd": "close"},
    "yahoo_dxy": {"dxy": "close"},
    "yahoo_move": {"move_index": "close"},
}


def read_vix(source: Source, body: bytes, request: Request) -> Observations:
    """Columns DATE (05/29/2026, or 2026-05-29), OPEN, HIGH, LOW, CLOSE."""
    cells = csv_columns(source, body, ("DATE", "OPEN", "HIGH", "LOW", "CLOSE"))
    days = days_of(source, [_day(source, cell) for cell in cells["DATE"]])
    wanted = ("OPEN", "HIGH", "CLOSE")
    values = (numbers_of(source, n, cells[n]) for n in wanted)
    return Observations(days, dict(zip(source.names, values, strict=True)))


def read_gold(source: Source, body: bytes, request: Request) -> Observations:
    """A list of {"d": day, "v": [USD, GBP, EUR]}."""
    rows = rows_of(source, json_of(source, body), ("d", "v"))
    if not all(isinstance(r["v"], list) and len(r["v"]) == 3 for r in rows):
        raise changed_shape(source, "`v` is not three prices (USD, GBP, EUR).")
    values = numbers_of(source, "v", [r["v"][0] for r in rows])
    values[values == 0] = np.nan  # a fixing that did not take place
    return Observations(days_of(source, [r["d"] for r in rows]), {source.names[0]: values})


def chart(source: Source, since: date, until: date) -> Iterable[Request]:
    """Daily bars from ``since`` to the end of ``until``."""
    ends = (stamp(since) // 1000, stamp(until + timedelta(days=1)) // 1000 - 1)
    query = (("interval", "1d"), ("period1", str(ends[0])), ("period2", str(ends[1])))
    yield Request(source.endpoint, query)


def read_chart(source: Source, body: bytes, request: Request) -> Observations:
    """chart.result[0]: timestamps (at the session's start), quotes, adjusted closes.

    ``gmtoffset`` is that of today: six hours keep a session that starts at midnight, an hour off in
    the other half of the year, on its day.  A bar of the running day may stand at the end.
    """
    result = inside(source, json_of(source, body), "chart", "result")
    if not isinstance(result, list) or not result:
        raise changed_shape(source, "the chart is empty.")
    chart_ = result[0]
    offset = inside(source, chart_, "meta", "gmtoffset")
    stamps = chart_.get("timestamp") or []
    shift = int(offset) + 6 * 3600
    moments = [datetime.fromtimestamp(int(t) + shift, tz=UTC).date() for t in stamps]
    (quotes,) = inside(source, chart_, "indicators", "quote")
    wanted = ("open", "high", "low", "close", "volume")
    found = {n: numbers_of(source, n, inside(source, quotes, n)) for n in wanted} if stamps else {}
    if stamps and "adjclose" in chart_["indicators"]:
        (adjusted,) = chart_["indicators"]["adjclose"]
        found["adjclose"] = numbers_of(source, "adjclose", inside(source, adjusted, "adjclose"))
    names = _CHARTED[source.name]
    if stamps and any(len(v) != len(stamps) for v in found.values()):
        raise changed_shape(source, "the chart's columns differ in length.")
    values = {column: found.get(cell, np.zeros(0)) for column, cell in names.items()}
    rows = Observations(np.array(moments, dtype="datetime64[D]"), values)
    last = int(dict(request.query)["period2"])
    return rows.pick(np.array([int(t) <= last for t in stamps], dtype=bool))


def _day(source: Source, cell: str) -> str:
    if "/" not in cell:
        return cell
    parts = cell.split("/")
    if len(parts) != 3:
        raise changed_shape(source, f"{cell[:40]!r} is no date like 05/29/2026.")
    return f"{parts[2]}-{parts[0]:0>2}-{parts[1]:0>2}"


VIX = Source(
    name="vix",
    title="VIX",
    publisher="Cboe",
    endpoint="https://cdn.cboe.com/api/global/us_indices/daily_prices/VIX_History.csv",
    licence="Cboe data terms; no redistribution",
    citation="Cboe Global Markets, VIX historical data",
    columns=tuple(Column(f"vix_{n}", "index points", 8, 80, 8) for n in ("open", "high", "close")),
    plan=one_file,
    read=read_vix,
    first=date(1990, 1, 2),
    day_cut="Chicago 15:15",
    lag=1,
)
GOLD = Source(
    name="lbma_gold",
    title="Gold, LBMA afternoon price",
    publisher="LBMA",
    endpoint="https://prices.lbma.org.uk/json/gold_pm.json",
    licence="LBMA/IBA licence for commercial use",
    citation="LBMA Gold Price PM, ICE Benchmark Administration",
    columns=(Column("gold_usd_lbma_pm", "USD per ounce", 30, 50_000, 2),),
    plan=one_file,
    read=read_gold,
    first=date(1968, 4, 1),
    day_cut="London 15:00",
    lag=1,
    note="Was seen to refuse programs (403) in October 2026.",
)


def _yahoo(name: str, symbol: str, title: str, *columns: Column, **facts: object) -> Source:
    settled: dict[str, object] = {
        "name": name,
        "title": title,
        "publisher": "Yahoo Finance",
        "endpoint": CHART + symbol,
        "licence": "Yahoo terms: personal use, no redistribution",
        "citation": f"Yahoo Finance, {symbol}",
        "columns": columns,
        "plan": chart,
        "read": read_chart,
        "whole": False,
        "day_cut": "New York",
        "pace": 1.5,
        "verified": False,
        "note": "Not an official interface; it may refuse programs (429).",
    }
    return Source(**{**settled, **facts})  # type: ignore[arg-type]


YAHOOS = (
    _yahoo(
        "yahoo_btc",
        "BTC-USD",
        "Bitcoin, all exchanges",
        *(Column(f"btc_{n}", "USD", 50, 5_000_000, 3) for n in ("open", "high", "low", "close")),
        Column("btc_volume_usd", "USD", 1e5, 1e13),
        day_cut="UTC",
        first=date(2014, 9, 17),
    ),
    _yahoo(
        "yahoo_qqq",
        "QQQ",
        "Nasdaq-100 fund",
        Column("qqq_adj_close", "USD, adjusted for dividends", 5, 20_000, 2),
        Column("qqq_volume_shares", "shares", 1e5, 1e10),
        whole=True,
        first=date(1999, 3, 10),
        note="Not an official interface; adjusted closes are rescaled at every dividend.",
    ),
    _yahoo(
        "yahoo_eth",
        "ETH-USD",
        "Ether, all exchanges",
        Column("eth_close", "USD", 1, 1_000_000, 3),
        day_cut="UTC",
        first=date(2017, 11, 9),
        core=False,
    ),
    _yahoo(
        "yahoo_gold",
        "GC=F",
        "Gold, front future",
        Column("gold_usd", "USD per ounce", 100, 50_000, 2),
    ),
    _yahoo("yahoo_dxy", "DX-Y.NYB", "Dollar index", Column("dxy", "index", 40, 250, 1.5)),
    _yahoo(
        "yahoo_move",
        "^MOVE",
        "Bond volatility (MOVE)",
        Column("move_index", "index", 10, 400, 6),
        licence="(c) ICE; Yahoo terms",
        core=False,
    ),
)
