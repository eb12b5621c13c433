"""Crypto series: flows, implied volatility, sentiment, stablecoins, ETF flows, liquidations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

from causal.data.sources.binance import stretches
from causal.data.sources.newspaper import one_file
from causal.data.sources.reading import (
    days_of,
    days_of_stamps,
    inside,
    json_of,
    numbers_of,
    rows_of,
    stamp,
)
from causal.data.sources.source import Column, Observations, Request, Source, changed_shape

FLOWS = "https://community-api.coinmetrics.io/v4/timeseries/asset-metrics"
DVOL_DAYS = 500
METRICS = ("FlowInExUSD", "FlowOutExUSD", "CapMVRVCur")


def flows(source: Source, since: date, until: date) -> Iterable[Request]:
    """The whole history: it is re-labelled backwards."""
    wanted = (("assets", "btc"), ("metrics", ",".join(METRICS)), ("frequency", "1d"))
    lenient = (("ignore_forbidden_errors", "true"), ("ignore_unsupported_errors", "true"))
    yield Request(FLOWS, (*wanted, ("end_time", str(until)), ("page_size", "10000"), *lenient))


def next_page(source: Source, body: bytes, request: Request) -> Request | None:
    """The page after, if there is one; it stays on the publisher's own host."""
    address = json_of(source, body).get("next_page_url")
    if not address:
        return None
    parts = urlsplit(str(address))
    if parts.path != urlsplit(FLOWS).path:
        raise changed_shape(source, "the next page lies at another address.")
    return Request(FLOWS, tuple(parse_qsl(parts.query)))


def read_flows(source: Source, body: bytes, request: Request) -> Observations:
    """data: rows of {asset, time, metric: text of a number}."""
    rows = rows_of(source, inside(source, json_of(source, body), "data"), ("time",))
    if rows and not any(name in row for row in rows for name in METRICS[:2]):
        raise changed_shape(source, f"no row has {METRICS[0]} or {METRICS[1]}.")
    found = {n: numbers_of(source, n, [r.get(n) for r in rows]) for n in METRICS}
    into, out = found["FlowInExUSD"], found["FlowOutExUSD"]
    values = (into, out, into - out, found["CapMVRVCur"])
    days = days_of(source, [r["time"] for r in rows])
    return Observations(days, dict(zip(source.names, values, strict=True)))


def candles(source: Source, since: date, until: date) -> Iterable[Request]:
    """Daily candles of the index, 500 a request."""
    for start, end in stretches(since, until, DVOL_DAYS):
        last = stamp(end + timedelta(days=1)) - 1
        ends = (("start_timestamp", str(stamp(start))), ("end_timestamp", str(last)))
        yield Request(source.endpoint, (("currency", "BTC"), ("resolution", "1D"), *ends))


def read_candles(source: Source, body: bytes, request: Request) -> Observations:
    """result.data: [milliseconds, open, high, low, close], oldest first or newest first."""
    result = inside(source, json_of(source, body), "result")
    bars = inside(source, result, "data")
    if not isinstance(bars, list) or any(not isinstance(b, list) or len(b) != 5 for b in bars):
        raise changed_shape(source, "`data` is no list of candles of five numbers.")
    if result.get("continuation"):
        raise changed_shape(source, f"more than {DVOL_DAYS} candles came for {DVOL_DAYS} days.")
    days = days_of_stamps(source, [b[0] for b in bars])
    return Observations(days, {source.names[0]: numbers_of(source, "close", [b[4] for b in bars])})


def sentiment(source: Source, since: date, until: date) -> Iterable[Request]:
    """The whole history (limit=0)."""
    yield Request(source.endpoint, (("limit", "0"),))


def read_sentiment(source: Source, body: bytes, request: Request) -> Observations:
    """data: {value: "28", timestamp: seconds}, newest first."""
    rows = rows_of(source, inside(source, json_of(source, body), "data"), ("value", "timestamp"))
    days = days_of_stamps(source, [r["timestamp"] for r in rows], "s")
    return Observations(
        days, {source.names[0]: numbers_of(source, "value", [r["value"] for r in rows])}
    )


def read_stablecoins(source: Source, body: bytes, request: Request) -> Observations:
    """A list of {date: "seconds", totalCirculatingUSD: {peggedUSD: ...}}."""
    rows = rows_of(source, json_of(source, body), ("date", "totalCirculatingUSD"))
    supplies = [inside(source, r["totalCirculatingUSD"], "peggedUSD") for r in rows]
    days = days_of_stamps(source, [r["date"] for r in rows], "s")
    return Observations(days, {source.names[0]: numbers_of(source, "peggedUSD", supplies)})


def read_etf(source: Source, body: bytes, request: Request) -> Observations:
    """days: {date, netFlowUsd}."""
    rows = rows_of(source, inside(source, json_of(source, body), "days"), ("date", "netFlowUsd"))
    days = days_of(source, [r["date"] for r in rows])
    values = numbers_of(source, "netFlowUsd", [r["netFlowUsd"] for r in rows])
    return Observations(days, {source.names[0]: values})


def liquidations(source: Source, since: date, until: date) -> Iterable[Request]:
    """Daily totals; times in seconds."""
    ends = (("from", stamp(since) // 1000), ("to", stamp(until + timedelta(days=1)) // 1000 - 1))
    wanted = (("symbols", "BTCUSDT_PERP.A"), ("interval", "daily"))
    texts = tuple((name, str(value)) for name, value in ends)
    yield Request(source.endpoint, (*wanted, *texts, ("convert_to_usd", "true")))


def read_liquidations(source: Source, body: bytes, request: Request) -> Observations:
    """[{symbol, history: [{t: seconds, l: long, s: short}]}]."""
    markets = rows_of(source, json_of(source, body), ("symbol", "history"))
    rows = rows_of(source, markets[0]["history"] if markets else [], ("t", "l", "s"))
    days = days_of_stamps(source, [r["t"] for r in rows], "s")
    values = (numbers_of(source, n, [r[n] for r in rows]) for n in ("l", "s"))
    return Observations(days, dict(zip(source.names, values, strict=True)))


COIN_METRICS = Source(
    name="coinmetrics",
    title="Flows into and out of exchanges",
    publisher="Coin Metrics",
    endpoint=FLOWS,
    licence="CC BY-NC 4.0",
    citation="Coin Metrics, Community Network Data",
    columns=(
        Column("exchange_inflow_usd", "USD per day", 1e5, 1e11, 30),
        Column("exchange_outflow_usd", "USD per day", 1e5, 1e11, 30),
        Column("exchange_netflow_usd", "USD per day"),
        Column("btc_mvrv", "ratio", 0.3, 10, 3),
    ),
    plan=flows,
    read=read_flows,
    following=next_page,
    first=date(2010, 7, 18),
    lag=1,
    note="Addresses are re-labelled backwards: every vintage differs from the one before.",
)
DVOL = Source(
    name="deribit_dvol",
    title="Implied volatility of bitcoin options (DVOL)",
    publisher="Deribit",
    endpoint="https://www.deribit.com/api/v2/public/get_volatility_index_data",
    licence="Deribit public API",
    citation="Deribit, DVOL index",
    columns=(Column("dvol", "percent a year", 15, 250, 5),),
    plan=candles,
    read=read_candles,
    whole=False,
    first=date(2021, 3, 24),
)
FEAR_GREED = Source(
    name="fear_greed",
    title="Fear and greed",
    publisher="alternative.me",
    endpoint="https://api.alternative.me/fng/",
    licence="free with attribution",
    citation="alternative.me, Crypto Fear & Greed Index",
    columns=(Column("fear_greed", "0 to 100", 3, 100),),
    plan=sentiment,
    read=read_sentiment,
    first=date(2018, 2, 1),
    day_cut="UTC, stamped at the start of the day",
)
STABLECOINS = Source(
    name="stablecoins",
    title="Supply of stablecoins",
    publisher="DefiLlama",
    endpoint="https://stablecoins.llama.fi/stablecoincharts/all",
    licence="free",
    citation="DefiLlama, stablecoins",
    columns=(Column("stablecoin_supply_defillama_usd", "USD", 1e7, 1e14, 3),),
    plan=one_file,
    read=read_stablecoins,
    first=date(2017, 11, 29),
    lag=1,
)
ETF = Source(
    name="etf_flows",
    title="Net flow of US spot bitcoin ETFs",
    publisher="TFTC",
    endpoint="https://www.tftc.io/bitcoin-etf-flows/data.json",
    licence="CC BY 4.0",
    citation="TFTC, Bitcoin ETF flows (from SoSoValue and Farside)",
    columns=(Column("etf_net_flow_usd", "USD per US session", -5e9, 5e9),),
    plan=one_file,
    read=read_etf,
    first=date(2024, 1, 11),
    day_cut="New York; published the next morning",
    lag=1,
)
COINALYZE = Source(
    name="coinalyze",
    title="Liquidations of the Binance BTCUSDT perpetual",
    publisher="Coinalyze",
    endpoint="https://api.coinalyze.net/v1/liquidation-history",
    licence="Coinalyze terms; your own key",
    citation="Coinalyze, liquidation history",
    columns=(
        Column("long_liq_coinalyze_btcusdt_usd", "USD per day", 0, 1e11),
        Column("short_liq_coinalyze_btcusdt_usd", "USD per day", 0, 1e11),
    ),
    plan=liquidations,
    read=read_liquidations,
    whole=False,
    first=date(2020, 1, 1),
    pace=1.6,
    key="COINALYZE_KEY",
    key_header="api_key",
    note="40 requests a minute; a key is free.",
)
