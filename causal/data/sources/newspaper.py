"""Indices counted in newspapers: geopolitical risk (.xls), trade and economic policy uncertainty.

All three carry the date of the newspaper: today's index mostly reports yesterday's events.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from causal.data.sources.reading import csv_columns, numbers_of, text_of
from causal.data.sources.source import Column, Observations, Request, Source, changed_shape
from causal.errors import SourceError

OLE = b"\xd0\xcf\x11\xe0"
FREE = "free with citation"
_GPR = ("DAY", "GPRD", "GPRD_ACT", "GPRD_THREAT")


def one_file(source: Source, since: date, until: date) -> Iterable[Request]:
    """The whole history in one file."""
    yield Request(source.endpoint)


def read_gpr(source: Source, body: bytes, request: Request) -> Observations:
    """The columns DAY (20260526), GPRD, GPRD_ACT, GPRD_THREAT of the first sheet."""
    if not body.startswith(OLE):
        text_of(source, body)
        raise changed_shape(source, "the response is no .xls workbook.")
    try:
        import xlrd
    except ImportError:
        raise SourceError(
            "The geopolitical risk index is an .xls workbook, and `xlrd` is not installed.",
            "It cannot be read.",
            'Install it with `pip install "causal-crash[data]"`.',
        ) from None
    try:
        sheet = xlrd.open_workbook(file_contents=body, logfile=_Silence()).sheet_by_index(0)
        head = [str(cell).strip() for cell in sheet.row_values(0)]
        cells = {name: sheet.col_values(head.index(name), 1) for name in _GPR if name in head}
    except Exception as problem:  # a damaged workbook fails in xlrd in any of many ways
        raise changed_shape(source, f"the workbook is damaged or cut short ({problem}).") from None
    missing = [name for name in _GPR if name not in cells]
    if missing:
        raise changed_shape(
            source, f"the column(s) {', '.join(missing)} are missing; it has {', '.join(head)}."
        )
    days = _days(source, [f"{d:08.0f}" for d in numbers_of(source, "DAY", cells["DAY"])])
    values = (numbers_of(source, n, cells[n]) for n in _GPR[1:])
    return Observations(days, dict(zip(source.names, values, strict=True)))


def read_uncertainty(source: Source, body: bytes, request: Request) -> Observations:
    """Columns day, month, year and one index."""
    index = "daily_tpu_index" if source.name == "tpu" else "daily_policy_index"
    cells = csv_columns(source, body, ("day", "month", "year", index))
    parts = zip(cells["year"], cells["month"], cells["day"], strict=True)
    days = _days(source, [f"{y.strip()}{m.strip():0>2}{d.strip():0>2}" for y, m, d in parts])
    return Observations(days, {source.names[0]: numbers_of(source, index, cells[index])})


def _days(source: Source, compact: list[str]) -> np.ndarray:
    try:
        found = [date(int(c[:4]), int(c[4:6]), int(c[6:])) for c in compact]
    except ValueError:
        raise changed_shape(source, "a row has no date.") from None
    return np.array(found, dtype="datetime64[D]")


class _Silence:
    """What xlrd writes its notes to."""

    def write(self, text: str) -> int:
        return len(text)


GPR = Source(
    name="gpr",
    title="Geopolitical risk, daily",
    publisher="Caldara and Iacoviello",
    endpoint="https://www.matteoiacoviello.com/gpr_files/data_gpr_daily_recent.xls",
    licence=FREE,
    citation="Caldara and Iacoviello (2022), Measuring Geopolitical Risk, AER 112(4)",
    columns=(
        Column("gpr_daily", "index, 1985-2019 = 100", 20, 1000),
        Column("gpr_acts_daily", "index, 1985-2019 = 100", 10, 1500),
        Column("gpr_threats_daily", "index, 1985-2019 = 100", 10, 1500),
    ),
    plan=one_file,
    read=read_gpr,
    first=date(1985, 1, 1),
    day_cut="newspaper date",
    lag=7,
    note="Published on Mondays; the last weeks are revised.",
)
TPU = Source(
    name="tpu",
    title="Trade policy uncertainty, daily",
    publisher="policyuncertainty.com",
    endpoint="https://www.policyuncertainty.com/media/All_Daily_TPU_Data.csv",
    licence=FREE,
    citation="Caldara, Iacoviello, Molligo, Prestipino and Raffo (2020), JME 109",
    columns=(Column("tpu_daily", "index", 10, 5000),),
    plan=one_file,
    read=read_uncertainty,
    first=date(1985, 1, 1),
    day_cut="newspaper date",
    lag=7,
    note="Levels rise by an order of magnitude in 2025; strong weekday pattern.",
)
EPU = Source(
    name="epu",
    title="US economic policy uncertainty, daily",
    publisher="policyuncertainty.com",
    endpoint="https://www.policyuncertainty.com/media/All_Daily_Policy_Data.csv",
    licence=FREE,
    citation="Baker, Bloom and Davis (2016), Measuring Economic Policy Uncertainty, QJE 131(4)",
    columns=(Column("epu_daily", "index", 20, 1500),),
    plan=one_file,
    read=read_uncertainty,
    first=date(1985, 1, 1),
    day_cut="newspaper date",
    lag=2,
    note="The last weeks are revised.",
)
