"""Cells: which are gaps, which are numbers, which days; whatever else is refused with its row."""

from __future__ import annotations

import warnings
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal.data.cells import GAPS, as_number
from causal.data.panel import Panel, panel_of
from causal.errors import DataError

DAYS = ["2025-01-01", "2025-01-02", "2025-01-03"]


def read(x: Any, days: Any = None) -> Panel:
    return panel_of({"date": days if days is not None else DAYS[: len(x)], "x": x})


def refused(x: Any, days: Any = None) -> DataError:
    with pytest.raises(DataError) as caught:
        read(x, days)
    assert caught.value.means
    assert caught.value.do
    return caught.value


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["{!r}", " {:+.17g} ", "{:.17E}"]),
)
def test_a_number_is_read_to_its_nearest_double(value: float, spelt: str) -> None:
    assert as_number(spelt.format(value)) == value


@given(st.text(max_size=8))
def test_what_is_read_as_a_number_is_one_in_plain_ascii(text: str) -> None:
    found = as_number(text)
    if found is not None and not np.isnan(found):
        assert text.strip().isascii()
        assert "_" not in text
        assert found == float(text)


@pytest.mark.parametrize("gap", sorted(GAPS | {"NULL", "N/A", "#N/A", " NaN ", "None", "Na"}))
def test_a_gap_is_a_gap(gap: str) -> None:
    for cells in (["1.5", gap], [gap, "1.5"]):
        values = read(cells).column("x")
        assert np.isnan(values).sum() == 1
        assert np.nansum(values) == 1.5
    assert read([gap, gap]).names == ("x",)


@pytest.mark.parametrize(
    "cell",
    [
        "1,5",
        "1 000",
        "5%",
        "$5",
        "1_0",
        "１２",
        "٣",
        "0x10",
        "one",
        "#DIV/0!",
        "5k",
        "--1",
        "1.2.3",
        b"1",
        date(2025, 1, 1),
    ],
)
def test_a_cell_that_is_neither_number_nor_gap_is_named(cell: Any) -> None:
    error = refused(["1", cell, "2"])
    assert "in row 2 (2025-01-02)" in error.what
    assert "`x`" in error.what


@pytest.mark.parametrize("cell", ["1,5", "1.234,5", "5 %", "$5", "1_0", "1'000"])
def test_numbers_written_otherwise_are_no_text(cell: str) -> None:
    assert repr(cell) in refused([cell, cell]).what


def test_a_column_that_holds_mostly_text_is_text() -> None:
    for cells in (
        ["a", "b"],
        ["binance", "5", "okx"],
        ["2025-01-01", ""],
        [datetime(2025, 1, 1), None],
    ):
        panel = read(cells)
        assert (panel.names, panel.text) == ((), ("x",))


def test_objects_that_are_numbers() -> None:
    cells = [1.5, None, Decimal("2.5")]
    for x in (
        cells,
        [1.5, pd.NA, np.float32(2.5)],
        ["1.5", float("nan"), "2.5"],
        [np.int64(1) * 1.5, pd.NaT, "2.5"],
    ):
        np.testing.assert_array_equal(read(x).column("x"), [1.5, np.nan, 2.5])
    for error in (refused([1.0, 10**400]), refused(["1", "1e999"]), refused([1.0, float("-inf")])):
        assert "`x` is infinite on 2025-01-02" in error.what


@pytest.mark.parametrize(
    "cell",
    [
        "2025-01-03T00:00:00Z", "2025-01-03 00:00:00+00:00", "2025-01-03T00:00:00.000000000",
        "2025-01-03 00:00 UTC", "2025-01-03T00:00-0000", np.datetime64("2025-01-03"),
        np.datetime64("2025-01-03T00", "ns"), pd.Timestamp("2025-01-03", tz="UTC"),
        pd.Period("2025-01-03", "D"),
    ],
)  # fmt: skip
def test_what_is_a_day_without_a_warning(cell: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(read([1, 2, 3], [*DAYS[:2], cell]).dates[-1]) == "2025-01-03"


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("20250103", "2025-01-03 without hyphens"),
        (20250103, "2025-01-03 without hyphens"),
        ("45660", "2025-01-03 as a day number of Excel"),
        (45660.0, "2025-01-03 as a day number of Excel"),
        (1735862400, "2025-01-03 in seconds since 1970"),
        ("1735862400000", "2025-01-03 in milliseconds since 1970"),
        (np.int64(1735862400000000000), "2025-01-03 in nanoseconds since 1970"),
        ("2025-01-03T00:00+08:00", "not in UTC"),
        ("2025-01", "'2025-01'"),
        ("2025", "'2025'"),
        (np.datetime64("2025-01"), "is no day"),
        (pd.Period("2025-01", "M"), "is a period of M"),
        ("03/01/2025", "'03/01/2025'"),
        ("2025-1-3", "'2025-1-3'"),
        ("2025-02-30", "day is out of range"),
        ("now", "'now'"),
        ("today", "'today'"),
        ("x" * 100_000, "xxx ..."),
        (10**400, "of type int"),
        (2.5, "of type float"),
    ],
)
def test_what_is_no_day_is_named_with_what_it_may_be(cell: Any, says: str) -> None:
    error = refused([1, 2, 3], [*DAYS[:2], cell])
    assert "row 3" in error.what
    assert says in str(error)
    assert len(str(error)) < 1_000


@pytest.mark.parametrize(
    "cell",
    [
        "20255-01-03",
        "-2025-01-03",
        "1600-01-01",
        "9999-12-31",
        "0001-01-01",
        date(2300, 1, 1),
        np.datetime64("20255-01-03"),
        datetime(1500, 1, 1),
        np.datetime64(2**62, "s"),
    ],
)
def test_years_that_pandas_cannot_hold_are_refused(cell: Any) -> None:
    assert "Row 3 is dated" in refused([1, 2, 3], [*DAYS[:2], cell]).what


def test_a_time_of_day_is_seen_to_the_nanosecond() -> None:
    for cell in (pd.Timestamp("2025-01-01T00:00:00.000000001"), "2025-01-01T00:00:00.000001Z"):
        assert "is dated 2025-01-01T00:00:00.000001" in refused([1], [cell]).what


def test_ten_years_without_a_row_are_a_slip_of_the_pen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(read([1, 2], ["2015-01-01", "2025-01-01"]).dates) == 3654
    error = refused([1, 2], ["2025-01-01", "2052-01-02"])
    assert "Row 2 is dated 2052-01-02, and the row before it 2025-01-01" in error.what
    monkeypatch.setenv("CAUSAL_MEMORY_GB", "1e-5")
    assert "3,654 days" in refused([1, 2], ["2015-01-01", "2025-01-01"]).what
