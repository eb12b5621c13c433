"""Each publisher's documented format, written from a History: (host, path, query) -> body."""

from __future__ import annotations

import io
import json
import math
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.replay.history import History, Series

Query = dict[str, str]
FRED = {
    "NASDAQCOM": "nasdaq_close",
    "DGS10": "us10y_yield",
    "DTWEXBGS": "usd_broad_dtwexbgs",
    "VIXCLS": "vix_close",
    "USEPUINDXD": "epu_daily",
    "SP500": "spx_close",
    "BAMLH0A0HYM2": "hy_oas_pct",
}
YAHOO = {
    "BTC-USD": ("btc_open", "btc_high", "btc_low", "btc_close", "btc_volume_usd"),
    "ETH-USD": ("eth_close",) * 5,
    "QQQ": ("qqq_adj_close",) * 4 + ("qqq_volume_shares",),
    "GC=F": ("gold_usd",) * 5,
    "DX-Y.NYB": ("dxy",) * 5,
    "^MOVE": ("move_index",) * 5,
}
BARS = tuple(f"btc_binance_{n}" for n in ("open", "high", "low", "close", "quote_volume_usdt"))
BARS += ("btc_binance_taker_buy_frac",)
MOVES = ("btc_move_before", "btc_move_session", "btc_move_after")
KEY = "a-key-that-must-never-be-shown"


def body(history: History, host: str, path: str, query: Query, headers: Any) -> bytes | None:
    """What the publisher answers; None: it has nothing there."""
    if host == "api.coinalyze.net":
        return coinalyze(history, query) if headers.get("api_key") == KEY else None
    for (known, start), written in ROUTES.items():
        if host == known and path.startswith(start):
            return written(history, path, query)
    return None


def text(value: float) -> str:
    return "" if math.isnan(value) else repr(float(value))


def csv(head: str, rows: list[str]) -> bytes:
    return ("\n".join([head, *rows]) + "\n").encode()


def gpr(history: History, path: str, query: Query) -> bytes:
    own = history.file("data_gpr_daily_recent.xls")
    if own is not None:
        return own
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for place, name in enumerate(("DAY", "N10D", "GPRD", "GPRD_ACT", "GPRD_THREAT")):
        sheet.write(0, place, name)
    rows = history.series("gpr_daily", "gpr_acts_daily", "gpr_threats_daily")
    for number, (day, values) in enumerate(rows, start=1):
        for place, value in enumerate((float(f"{day:%Y%m%d}"), 400.0, *values)):
            if not math.isnan(value):
                sheet.write(number, place, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def uncertainty(history: History, path: str, query: Query) -> bytes | None:
    name = path.rpartition("/")[2]
    known = {
        "All_Daily_TPU_Data.csv": ("tpu_daily", "daily_tpu_index"),
        "All_Daily_Policy_Data.csv": ("epu_daily", "daily_policy_index"),
    }
    if name not in known:
        return None
    own = history.file(name)
    if own is not None:
        return own
    column, index = known[name]
    rows = [f"{d.day},{d.month},{d.year},{v[0]}" for d, v in history.series(column)]
    return csv(f"day,month,year,{index}", rows)


def fred(history: History, path: str, query: Query) -> bytes | None:
    if query.get("id") not in FRED:
        return None
    known = {d: v[0] for d, v in history.series(FRED[query["id"]])}
    first, last = (date.fromisoformat(query[n]) for n in ("cosd", "coed"))
    if known:
        first, last = max(first, min(known)), min(last, max(known))
    rows, day = [], first
    while day <= last:
        if day in known or day.weekday() < 5:
            rows.append(f"{day},{text(known.get(day, math.nan))}")
        day += timedelta(days=1)
    return csv(f"observation_date,{query['id']}", rows)


def vix(history: History, path: str, query: Query) -> bytes:
    own = history.file("VIX_History.csv")
    if own is not None:
        return own
    rows = history.series("vix_open", "vix_high", "vix_close")
    lines = [f"{d:%m/%d/%Y},{o:f},{h:f},{c:f},{c:f}" for d, (o, h, c) in rows]
    return csv("DATE,OPEN,HIGH,LOW,CLOSE", lines)


def gold(history: History, path: str, query: Query) -> bytes:
    rows = history.series("gold_usd_lbma_pm")
    parts = [{"is_cms_locked": 0, "d": str(d), "v": [v, 0.8 * v, 0.9 * v]} for d, (v,) in rows]
    return json.dumps(parts).encode()


def yahoo(history: History, path: str, query: Query) -> bytes | None:
    symbol = path.rpartition("/")[2].replace("%5E", "^").replace("%3D", "=")
    if symbol not in YAHOO:
        return None
    low, high = int(query["period1"]), int(query["period2"])
    rows = [(seconds(d), v) for d, v in history.series(*YAHOO[symbol])]
    rows = [r for r in rows if low <= r[0] <= high]
    names = ("open", "high", "low", "close", "volume")
    cells = {n: [blank(v[i]) for _, v in rows] for i, n in enumerate(names)}
    start = 0 if symbol.endswith("-USD") else 13 * 3600 + 1800
    result = {
        "meta": {"symbol": symbol, "gmtoffset": 0 if start == 0 else -14400},
        "timestamp": [s + start for s, _ in rows],
        "indicators": {"quote": [cells], "adjclose": [{"adjclose": cells["close"]}]},
    }
    return json.dumps({"chart": {"result": [result], "error": None}}).encode()


def klines(history: History, path: str, query: Query) -> bytes:
    low, high = int(query["startTime"]), int(query["endTime"])
    some = fours(history) if query["interval"] == "4h" else bars(history)
    rows = [r for r in some if low <= r[0] <= high][: int(query["limit"])]
    return json.dumps(rows).encode()


def fours(history: History) -> list[list[Any]]:
    return history.once("fours", lambda: _fours(history))


def _fours(history: History) -> list[list[Any]]:
    """Six bars a day: the price goes in equal steps to each of the ends of the moves."""
    found = []
    for day, (price, *moves) in history.series("btc_binance_open", *MOVES):
        if math.isnan(price + sum(moves)):
            continue
        at, last = seconds(day) * 1000, price
        for share in (moves[0] / 3,) * 3 + (moves[1] / 2,) * 2 + (moves[2],):
            first, last = last, last * math.exp(share)
            ends = [repr(float(v)) for v in (first, last * 1.1, last * 0.9, last)]
            found.append([at, *ends, "10.0", at + 14_399_999, "9.0", 9, "5.0", "4.5", "0"])
            at += 14_400_000
    return found


def bars(history: History) -> list[list[Any]]:
    return history.once("bars", lambda: _bars(history))


def _bars(history: History) -> list[list[Any]]:
    found = []
    for day, (o, h, lo, c, quote, taker) in history.series(*BARS):
        at = seconds(day) * 1000
        texts = [repr(float(v)) for v in (o, h, lo, c)]
        taken = repr(float(taker * quote))
        row = [at, *texts, "1000.0", at + 86_399_999, repr(float(quote)), 9, "500.0", taken, "0"]
        found.append(row)
    return found


def fundings(history: History, path: str, query: Query) -> bytes:
    low, high = int(query["startTime"]), int(query["endTime"])
    rows = [r for r in eights(history) if low <= r[0] <= high][: int(query["limit"])]
    parts = [{"symbol": "BTCUSDT", "fundingTime": t, "fundingRate": repr(v)} for t, v in rows]
    return json.dumps(parts).encode()


def eights(history: History) -> list[tuple[int, float]]:
    return history.once("eights", lambda: _eights(history))


def _eights(history: History) -> list[tuple[int, float]]:
    rows = history.series("funding_rate_daily")
    return [(seconds(d) * 1000 + i * 28_800_000, float(v)) for d, (v,) in rows for i in range(3)]


def archive(history: History, path: str, query: Query) -> bytes | None:
    name = path.rpartition("/")[2].removesuffix(".zip")
    if "/metrics/" in path:
        day = name.removeprefix("BTCUSDT-metrics-")
        columns = ("open_interest_btc", "open_interest_usd")
        rows = history.once("metrics", lambda: {str(d): v for d, v in history.series(*columns)})
        values = rows.get(day)
        if values is None:
            return None
        head = "create_time,symbol,sum_open_interest,sum_open_interest_value,"
        head += "count_toptrader_long_short_ratio,sum_toptrader_long_short_ratio,"
        head += "count_long_short_ratio,sum_taker_long_short_vol_ratio"
        lines = [f"{day} 23:{m:02d}:00,BTCUSDT,{m},{m},1,1,1,1" for m in (45, 50)]
        lines.append(f"{day} 23:55:00,BTCUSDT,{text(values[0])},{text(values[1])},1,1,1,1")
        return zipped(name, csv(head, lines))
    span = name[-10:] if "/daily/" in path else name[-7:]
    if "/fundingRate/" in path:
        rows = [(t, v) for t, v in eights(history) if day_of(t).startswith(span)]
        lines = [f"{t},8,{v!r}" for t, v in rows]
        return zipped(name, csv("calc_time,funding_interval_hours,last_funding_rate", lines))
    some = fours(history) if "/4h/" in path else bars(history)
    micro = [[b[0] * 1000, *b[1:6], b[6] * 1000, *b[7:]] for b in some]
    lines = [",".join(map(str, b)) for b in micro if day_of(b[0] // 1000).startswith(span)]
    return zipped(name, ("\n".join(lines) + "\n").encode()) if lines else None


def coinmetrics(history: History, path: str, query: Query) -> bytes:
    names = ("exchange_inflow_usd", "exchange_outflow_usd", "btc_mvrv")
    rows = [r for r in history.series(*names) if str(r[0]) <= query["end_time"]]
    size, at = min(int(query["page_size"]), 1000), int(query.get("next_page_token", "0"))
    parts = []
    for day, values in rows[at : at + size]:
        cells = zip(query["metrics"].split(","), values, strict=True)
        known = {n: repr(float(v)) for n, v in cells if not math.isnan(v)}
        parts.append({"asset": "btc", "time": f"{day}T00:00:00.000000000Z", **known})
    answer: dict[str, Any] = {"data": parts}
    if at + size < len(rows):
        again = "&".join(f"{n}={v}" for n, v in query.items() if n != "next_page_token")
        answer["next_page_token"] = str(at + size)
        answer["next_page_url"] = (
            "https://community-api.coinmetrics.io/v4/timeseries/asset-metrics?"
            f"{again}&next_page_token={at + size}"
        )
    return json.dumps(answer).encode()


def deribit(history: History, path: str, query: Query) -> bytes:
    low, high = int(query["start_timestamp"]), int(query["end_timestamp"])
    rows = [(seconds(d) * 1000, float(v)) for d, (v,) in history.series("dvol")]
    data = [[t, v, v, v, v] for t, v in rows if low <= t <= high]
    return json.dumps({"jsonrpc": "2.0", "result": {"data": data, "continuation": None}}).encode()


def sentiment(history: History, path: str, query: Query) -> bytes:
    rows = history.series("fear_greed")[::-1]
    data = [{"value": f"{v:g}", "timestamp": str(seconds(d))} for d, (v,) in rows]
    return json.dumps({"name": "Fear and Greed Index", "data": data}).encode()


def stablecoins(history: History, path: str, query: Query) -> bytes:
    rows = history.series("stablecoin_supply_defillama_usd")
    parts = [{"date": str(seconds(d)), "totalCirculatingUSD": {"peggedUSD": v}} for d, (v,) in rows]
    return json.dumps(parts).encode()


def etf(history: History, path: str, query: Query) -> bytes:
    rows = history.series("etf_net_flow_usd")
    parts = [{"date": str(d), "netFlowUsd": v, "perEtfUsd": {"IBIT": v}} for d, (v,) in rows]
    last = str(rows[-1][0]) if rows else None
    return json.dumps({"updatedThrough": last, "days": parts}).encode()


def coinalyze(history: History, query: Query) -> bytes:
    low, high = int(query["from"]), int(query["to"])
    rows: Series = history.series(
        "long_liq_coinalyze_btcusdt_usd", "short_liq_coinalyze_btcusdt_usd"
    )
    parts = [{"t": seconds(d), "l": v, "s": w} for d, (v, w) in rows if low <= seconds(d) <= high]
    return json.dumps([{"symbol": query["symbols"], "history": parts}]).encode()


def zipped(name: str, inside: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as found:
        found.writestr(f"{name}.csv", inside)
    return stream.getvalue()


def seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def day_of(milliseconds: int) -> str:
    return str(datetime.fromtimestamp(milliseconds / 1000, tz=UTC).date())


def blank(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


ROUTES = {
    ("www.matteoiacoviello.com", "/gpr_files/data_gpr_daily_recent.xls"): gpr,
    ("www.policyuncertainty.com", "/media/"): uncertainty,
    ("fred.stlouisfed.org", "/graph/fredgraph.csv"): fred,
    ("cdn.cboe.com", "/api/global/us_indices/daily_prices/VIX_History.csv"): vix,
    ("prices.lbma.org.uk", "/json/gold_pm.json"): gold,
    ("query1.finance.yahoo.com", "/v8/finance/chart/"): yahoo,
    ("data-api.binance.vision", "/api/v3/klines"): klines,
    ("fapi.binance.com", "/fapi/v1/fundingRate"): fundings,
    ("data.binance.vision", "/data/"): archive,
    ("community-api.coinmetrics.io", "/v4/timeseries/asset-metrics"): coinmetrics,
    ("www.deribit.com", "/api/v2/public/get_volatility_index_data"): deribit,
    ("api.alternative.me", "/fng/"): sentiment,
    ("stablecoins.llama.fi", "/stablecoincharts/all"): stablecoins,
    ("www.tftc.io", "/bitcoin-etf-flows/data.json"): etf,
}
