"""Every publisher's format is read to the numbers that were published, and nothing else is."""

from __future__ import annotations

import itertools
import json
from datetime import date

import numpy as np
import pytest

from causal.data.pull.validate import observed_until, ordered, plausible
from causal.data.sources.catalogue import ALL, selected
from causal.data.sources.fred import fred
from causal.data.sources.source import (
    Column,
    Observations,
    Request,
    Source,
    read_response,
    requests,
)
from causal.errors import DataError, SourceError
from tests.replay import publishers
from tests.replay.history import History, made_up
from tests.replay.server import PAGE

HISTORY = made_up(60)
FIRST, LAST = HISTORY.days[0], HISTORY.days[-1]
NAMES = [s.name for s in ALL]
SAME = {"vix_fred_close": "vix_close", "epu_fred_daily": "epu_daily"}
ONE_DAY = "binance_metrics"


def served(history: History, request: Request) -> bytes | None:
    address = request.full.partition("://")[2]
    host, _, rest = address.partition("/")
    path, _, query = ("/" + rest).partition("?")
    from urllib.parse import parse_qsl, unquote

    headers = {"api_key": publishers.KEY}
    return publishers.body(history, host, unquote(path), dict(parse_qsl(query)), headers)


def pulled(source: Source, history: History) -> Observations:
    parts = []
    for request in requests(source, FIRST, LAST):
        body = served(history, request)
        assert body is not None or request.optional, request
        if body is not None:
            parts.append(ordered(source, read_response(source, body, request)))
    values = {n: np.concatenate([p.values[n] for p in parts]) for n in source.names}
    return observed_until(Observations(np.concatenate([p.days for p in parts]), values), LAST)


@pytest.mark.parametrize("source", ALL, ids=NAMES)
def test_what_is_published_is_what_is_read(source: Source) -> None:
    rows = pulled(source, HISTORY)
    plausible(source, rows)
    expected = dict(HISTORY.columns)
    expected["exchange_netflow_usd"] = (
        expected["exchange_inflow_usd"] - expected["exchange_outflow_usd"]
    )
    whole = source.name == "binance_funding_archive"  # months that are over
    assert len(rows) >= (30 if whole else 38)
    every = np.array(HISTORY.days, dtype="datetime64[D]")
    place = np.searchsorted(every, rows.days)
    for name, values in rows.values.items():
        truth = expected[SAME.get(name, name)]
        np.testing.assert_allclose(values, truth[place], rtol=1e-12, atol=1e-14)
        if not whole:
            assert (~np.isnan(truth)).sum() == (~np.isnan(values)).sum()


def read_and_judged(source: Source, body: bytes, request: Request) -> None:
    rows = read_response(source, body, request)
    if source.whole:
        plausible(source, rows)


@pytest.mark.parametrize("source", ALL, ids=NAMES)
@pytest.mark.parametrize("body", [PAGE, b"", b"{}", b"[1]", b"no,such\n1,2\n", b"PK\x03\x04"])
def test_anything_else_is_refused(source: Source, body: bytes) -> None:
    request = next(iter(requests(source, FIRST, LAST)))
    with pytest.raises(SourceError, match=r"stored|not installed") as caught:
        read_and_judged(source, body, request)
    assert source.publisher in caught.value.what
    assert caught.value.means
    assert caught.value.do


@pytest.mark.parametrize("source", ALL, ids=NAMES)
def test_half_a_response_is_refused_or_shorter(source: Source) -> None:
    """What is cut short fails, except lines of a CSV cut at a line's end, which are only fewer."""
    request = next(iter(requests(source, FIRST, LAST)))
    body = served(HISTORY, request) or served(HISTORY, Request(request.url, request.query))
    if body is None:
        request = list(requests(source, FIRST, LAST))[-1]
        body = served(HISTORY, request)
    assert body is not None
    whole = len(read_response(source, body, request))
    for share in (0.3, 0.5, 0.9):
        try:
            assert len(read_response(source, body[: int(len(body) * share)], request)) <= whole
        except SourceError:
            continue


@pytest.mark.parametrize("source", ALL, ids=NAMES)
def test_every_source_says_what_a_user_has_to_know(source: Source) -> None:
    assert source.endpoint.startswith("https://")
    for text in (source.title, source.publisher, source.licence, source.citation, source.day_cut):
        assert text
    assert source.columns
    assert all(c.unit for c in source.columns)
    assert source.lag >= 0
    assert source.pace > 0
    hosts = {r.shown.split("/")[2] for r in itertools.islice(requests(source, FIRST, LAST), 3)}
    assert hosts == {source.endpoint.split("/")[2]}


def test_names_and_columns_are_settled() -> None:
    assert len(set(NAMES)) == len(NAMES)
    core = [c for s in ALL if s.core for c in s.names]
    assert len(set(core)) == len(core)


def test_the_core_needs_no_key() -> None:
    assert all(s.key is None for s in selected((), environment={}))
    assert "coinalyze" in {s.name for s in selected((), environment={"COINALYZE_KEY": "x"})}


def test_any_series_of_fred_can_be_chosen() -> None:
    (source,) = selected(["fred:dgs2"])
    assert source.names == ("fred_dgs2",)
    request = next(iter(requests(source, FIRST, LAST)))
    assert "id=DGS2" in request.full
    assert "https://fred.stlouisfed.org/" in request.shown
    body = b"DATE,DGS2\n2026-05-29,4.01\n2026-05-30,.\n"
    rows = read_response(source, body, request)
    assert str(rows.days[0]) == "2026-05-29"
    assert np.isnan(rows.values["fred_dgs2"][1])


@pytest.mark.parametrize("name", ["gpt", "fred:", "fred:a b", "../x"])
def test_an_unknown_source_is_named(name: str) -> None:
    with pytest.raises(DataError, match="no source"):
        selected([name])


def test_the_message_shows_what_changed() -> None:
    source = fred("DGS10", Column("us10y_yield", "percent"))
    request = next(iter(requests(source, FIRST, LAST)))
    with pytest.raises(SourceError, match=r"DGS10.*missing.*observation_date, DGS30"):
        read_response(source, b"observation_date,DGS30\n2026-01-02,4\n", request)


def test_times_in_milliseconds_and_microseconds_agree() -> None:
    by_name = {s.name: s for s in ALL}
    from_api = pulled(by_name["binance_spot"], HISTORY)
    archived = pulled(by_name["binance_spot_archive"], HISTORY)
    np.testing.assert_array_equal(from_api.days, archived.days)
    assert "2026-04.zip" not in str(
        [r.url for r in requests(by_name["binance_spot_archive"], FIRST, date(2026, 5, 3))]
    )


@pytest.mark.parametrize("name", ["binance_hours", "binance_hours_archive"])
def test_bars_that_are_not_of_four_hours_are_refused_and_a_lost_one_is_a_gap(name: str) -> None:
    source = next(s for s in ALL if s.name == name)
    request = next(iter(requests(source, FIRST, LAST)))
    bars = publishers.fours(HISTORY)[:18]

    def read(rows: list[list[object]]) -> Observations:
        lines = "\n".join(",".join(map(str, row)) for row in rows) + "\n"
        zipped = publishers.zipped("bars", lines.encode())
        body = zipped if "archive" in name else json.dumps(rows).encode()
        return read_response(source, body, request)

    whole = read(bars)
    assert len(whole) == 3
    lost = read([*bars[:8], *bars[9:]])  # the one that ends at 12:00 on the second day
    idle = read([[*bar[:5], "0.0", *bar[6:]] if n == 8 else bar for n, bar in enumerate(bars)])
    for rows in (lost, idle):
        gaps = [np.isnan(rows.values[n]).tolist() for n in source.names]
        assert gaps == [[False, True, False], [False, True, False], [False] * 3]
        np.testing.assert_array_equal(rows.values[source.names[2]], whole.values[source.names[2]])
    with pytest.raises(SourceError, match="stands twice"):
        read([*bars[:8], bars[7], *bars[8:]])
    with pytest.raises(SourceError, match="opens at"):
        read([[int(str(bar[0])) + 60_000, *bar[1:]] for bar in bars])
    with pytest.raises(SourceError, match="`open` is -1"):
        read([[bars[0][0], "-1.0", *bars[0][2:]], *bars[1:]])


def test_an_outage_in_the_day_is_not_its_close() -> None:
    """Zeros are outages; the last true value of the day is its close."""
    head = "create_time,symbol,sum_open_interest,sum_open_interest_value\n"
    lines = [
        "2026-05-02 23:50:00,BTCUSDT,90,900",
        "2026-05-02 00:05:00,BTCUSDT,10,100",
        "2026-05-02 23:55:00,BTCUSDT,0,0",
    ]
    source = next(s for s in ALL if s.name == ONE_DAY)
    request = next(iter(requests(source, date(2026, 5, 2), date(2026, 5, 2))))
    body = publishers.zipped("m", (head + "\n".join(lines) + "\n").encode())
    rows = read_response(source, body, request)
    assert rows.values["open_interest_usd"].tolist() == [900.0]
    dead = publishers.zipped("m", (head + lines[2] + "\n").encode())
    assert len(read_response(source, dead, request)) == 0
    other = publishers.zipped("m", (head + "2026-05-04 00:05:00,BTCUSDT,1,1\n").encode())
    with pytest.raises(SourceError, match="holds '2026-05-04"):
        read_response(source, other, request)


@pytest.mark.parametrize("offset", [-14400, -18000])
def test_a_session_that_starts_at_midnight_keeps_its_day(offset: int) -> None:
    """Midnight in New York is 05:00 UTC in winter, 04:00 in summer; the offset is that of today."""
    source = next(s for s in ALL if s.name == "yahoo_dxy")
    request = next(iter(requests(source, date(2026, 1, 1), date(2026, 7, 2))))
    moments = ["2026-01-15T05:00", "2026-07-01T04:00", "2026-07-02T04:00", "2026-07-03T01:30"]
    stamps = [int(np.datetime64(m, "s").astype(int)) for m in moments]
    cells = {n: [100.0, 101.0, 102.0, 103.0] for n in ("open", "high", "low", "close", "volume")}
    result = {
        "meta": {"gmtoffset": offset},
        "timestamp": stamps,
        "indicators": {"quote": [cells]},
    }
    body = json.dumps({"chart": {"result": [result]}}).encode()
    rows = read_response(source, body, request)
    assert [str(d) for d in rows.days] == ["2026-01-15", "2026-07-01", "2026-07-02"]
    assert rows.values["dxy"].tolist() == [100.0, 101.0, 102.0]
