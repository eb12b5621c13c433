"""FRED: any series as a CSV of two columns, the day and the series' own name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from causal.data.sources.reading import csv_columns, days_of, numbers_of, text_of
from causal.data.sources.source import Column, Observations, Request, Source, changed_shape

ENDPOINT = "https://fred.stlouisfed.org/graph/fredgraph.csv"
HEADS = ("observation_date", "DATE", "date")


def series(source: Source, since: date, until: date) -> Iterable[Request]:
    """One file from ``since`` on."""
    query = (("id", _id(source)), ("cosd", str(since)), ("coed", str(until)))
    yield Request(ENDPOINT, query)


def read_series(source: Source, body: bytes, request: Request) -> Observations:
    """Columns observation_date (earlier DATE) and the id; a holiday is a blank or a full stop."""
    first = text_of(source, body).partition("\n")[0].split(",")[0].strip()
    if first not in HEADS:
        raise changed_shape(source, f"the first column is {first[:40]!r}, not `observation_date`.")
    wanted = _id(source)
    cells = csv_columns(source, body, (first, wanted))
    days, values = days_of(source, cells[first]), numbers_of(source, wanted, cells[wanted])
    return Observations(days, {source.names[0]: values})


def fred(series_id: str, column: Column, **facts: object) -> Source:
    """A FRED series as a source: ``fred("DGS2", Column("us2y_yield", "percent"))``."""
    settled: dict[str, object] = {
        "name": f"fred_{series_id.lower()}",
        "title": series_id,
        "publisher": "FRED, Federal Reserve Bank of St. Louis",
        "endpoint": f"{ENDPOINT}?id={series_id}",
        "licence": "see the series' page on FRED",
        "citation": f"FRED, Federal Reserve Bank of St. Louis, series {series_id}",
        "columns": (column,),
        "plan": series,
        "read": read_series,
        "whole": False,
        "overlap": 60,
        "day_cut": "New York",
        "lag": 1,
        "pace": 1.0,
    }
    return Source(**{**settled, **facts})  # type: ignore[arg-type]


def _id(source: Source) -> str:
    return source.endpoint.rpartition("id=")[2]


FREDS = (
    fred(
        "NASDAQCOM",
        Column("nasdaq_close", "index", 1000, 200_000, 2),
        title="Nasdaq Composite, close",
        licence="(c) Nasdaq; citation, no commercial redistribution",
    ),
    fred(
        "DGS10",
        Column("us10y_yield", "percent", 0.2, 20, 3),
        title="US Treasury yield, 10 years",
        licence="public domain (Federal Reserve H.15)",
        sessions=True,
    ),
    fred(
        "DTWEXBGS",
        Column("usd_broad_dtwexbgs", "index, January 2006 = 100", 50, 250, 1.5),
        title="Broad dollar index",
        licence="public domain (Federal Reserve H.10)",
        lag=7,
        note="Published on Mondays for the week before.",
    ),
    fred(
        "VIXCLS",
        Column("vix_fred_close", "index points", 5, 100, 8),
        title="VIX, close, as FRED has it",
        licence="(c) Cboe; citation",
        core=False,
        note="A second way to the VIX should Cboe's file be out of reach.",
    ),
    fred(
        "USEPUINDXD",
        Column("epu_fred_daily", "index", 20, 1500),
        title="US economic policy uncertainty, as FRED has it",
        citation="Baker, Bloom and Davis (2016), QJE 131(4); via FRED",
        day_cut="newspaper date",
        core=False,
    ),
    fred(
        "SP500",
        Column("spx_close", "index", 300, 100_000, 2),
        title="S&P 500, close",
        licence="(c) S&P Dow Jones Indices; no redistribution",
        core=False,
        note="FRED keeps ten years only.",
    ),
    fred(
        "BAMLH0A0HYM2",
        Column("hy_oas_pct", "percent", 1, 30, 4),
        title="US high-yield option-adjusted spread",
        licence="(c) ICE; no redistribution",
        core=False,
        note="Since spring 2026 FRED keeps three years only.",
    ),
)
