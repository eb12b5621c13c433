"""The days of a panel: the first fault is named, whatever stands before and after it."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from causal.data.dates import DAY
from causal.data.panel import Panel, one_day, read_panel
from causal.errors import CausalError, DataError, SourceError

FIRST = np.datetime64("2024-02-27")
BAD = ("", "06:00")
"""What a cell may lack or have too much of: no date at all, a time of day."""


def cell(day: int, flaw: str | None = None) -> str:
    return "" if flaw == "" else f"{FIRST + day}" + (f"T{flaw}" if flaw else "")


def read(cells: list[str]) -> Panel:
    frame = pl.DataFrame({"date": cells, "x": np.arange(len(cells), dtype=float)})
    return read_panel(frame)


def fault(days: list[tuple[int, str | None]]) -> str | None:
    """What is to be said of these rows, counted from 1: gaps, times of day, then the order."""
    for row, (_, flaw) in enumerate(days, start=1):
        if flaw == "":
            return f"Row {row} has no date."
    for row, (day, flaw) in enumerate(days, start=1):
        if flaw:
            return f"Row {row} is dated {FIRST + day}T{flaw}"
    for row, ((one, _), (other, _)) in enumerate(itertools.pairwise(days), start=2):
        if other == one:
            return f"{FIRST + other} stands twice (row {row})."
        if other < one:
            return f"{FIRST + other} comes after {FIRST + one} (row {row})."
    return None


flaws = st.sampled_from([None] * 12 + [*BAD])


@settings(max_examples=80)
@given(
    st.lists(st.tuples(st.integers(0, 4), flaws), min_size=1, max_size=5)
    | st.lists(st.integers(0, 9), min_size=1, max_size=5, unique=True).map(
        lambda days: [(d, None) for d in sorted(days)]
    )
)
@example([(0, None), (1, None), (1, None), (0, None)])
@example([(0, None), (2, None), (1, None), (1, None)])
@example([(0, None), (1, "06:00"), (2, "06:00"), (3, None)])
@example([(0, None), (1, None), (2, ""), (3, ""), (4, None)])
def test_days_rise_or_the_first_fault_is_named(days: list[tuple[int, str | None]]) -> None:
    cells = [cell(*d) for d in days]
    wanted = fault(days)
    if wanted is not None:
        with pytest.raises(DataError) as caught:
            read(cells)
        assert wanted in caught.value.what
        advice = {"twice": "duplicate", "comes": "Sort"}.get(wanted.split()[-3], "")
        assert advice in caught.value.do
        return
    panel = read(cells)
    numbers = [d for d, _ in days]
    assert panel.dates.tolist() == [(FIRST + d).item() for d in range(numbers[0], numbers[-1] + 1)]
    seen = np.flatnonzero(~np.isnan(panel.column("x"))) + numbers[0]
    assert seen.tolist() == numbers
    assert panel.column("x")[np.array(numbers) - numbers[0]].tolist() == [*range(len(days))]


def test_what_to_do_about_the_order() -> None:
    with pytest.raises(DataError, match="Remove the duplicate"):
        read([cell(0), cell(0)])
    with pytest.raises(DataError, match="Sort the table"):
        read([cell(1), cell(0)])


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([date(2024, 3, 1), 3], "row 2: 3 (of type int)"),
        ([date(2024, 3, 1), 2.5], "row 2: 2.5 (of type float)"),
        ([date(2024, 3, 1), True], "row 2: True (of type bool)"),
        ([datetime(2024, 3, 1, tzinfo=timezone(timedelta(hours=8)))], "not in UTC"),
        ([datetime(2024, 3, 1, 6)], "is dated 2024-03-01T06:00"),
        ([date(2024, 3, 1), None], "Row 2 has no date"),
        ([date(2024, 3, 1), pd.NaT], "Row 2 has no date"),
        ([date(2024, 3, 1), " "], "Row 2 has no date"),
    ],
)
def test_what_is_no_day(cells: list[Any], says: str) -> None:
    with pytest.raises(DataError) as caught:
        read_panel(pd.DataFrame({"date": pd.Series(cells, dtype=object), "x": 1.0}))
    assert says in str(caught.value)
    assert caught.value.means
    assert caught.value.do


def test_what_is_a_day() -> None:
    zoned = datetime(2024, 3, 3, tzinfo=UTC)
    cells = [date(2024, 3, 1), datetime(2024, 3, 2), zoned, date(2024, 3, 4), " 2024-03-05 "]
    cells.append(pd.Timestamp("2024-03-06"))
    panel = read_panel(pd.DataFrame({"DATE": pd.Series(cells, dtype=object), "x": range(6)}))
    assert panel.dates.astype(str).tolist() == [f"2024-03-0{d}" for d in range(1, 7)]
    assert panel.column("x").tolist() == [*range(6)]


def test_an_index_is_a_date_only_where_no_column_is() -> None:
    index = pd.date_range("2020-05-05", periods=2)
    dated = pd.DataFrame({"date": ["2024-03-01", "2024-03-02"], "x": [1.0, 2.0]}, index=index)
    assert str(read_panel(dated).dates[0]) == "2024-03-01"
    assert str(read_panel(dated[["x"]]).dates[0]) == "2020-05-05"
    with pytest.raises(DataError, match="no column `date`"):
        read_panel(dated[["x"]].reset_index(drop=True))


@pytest.mark.parametrize("count", [1, 8, 9, 20])
def test_columns_are_listed_up_to_eight(count: int) -> None:
    with pytest.raises(DataError) as caught:
        read_panel(pl.DataFrame({f"c{k}": [1.0] for k in range(count)}))
    names = ", ".join(f"c{k}" for k in range(min(count, 8)))
    assert caught.value.means == f"Its columns are {names}{', ...' if count > 8 else ''}."


def test_a_lazy_frame_is_no_table() -> None:
    with pytest.raises(DataError, match="LazyFrame is no table"):
        read_panel(pl.LazyFrame({"date": ["2024-03-01"], "x": [1.0]}))


def test_numbers_flags_gaps_and_text() -> None:
    frame = pl.DataFrame(
        {
            "date": [cell(0), cell(1), cell(3)],
            "whole": [1, None, 3],
            "flag": [True, None, False],
            "gap": pl.Series([None, None, None], dtype=pl.String),
            "text": ["a", None, "b"],
            "day": [date(2024, 3, 1)] * 3,
        }
    )
    panel = read_panel(frame)
    assert (panel.names, panel.text) == (("whole", "flag", "gap"), ("text", "day"))
    np.testing.assert_array_equal(
        panel.values.T, [[1, np.nan, np.nan, 3], [1, np.nan, np.nan, 0], [np.nan] * 4]
    )
    for name, says in (("text", "holds text"), ("wholes", "Did you mean `whole`")):
        with pytest.raises(DataError, match=says):
            panel.column(name)


@pytest.mark.parametrize("column", ["x", "y"])
@pytest.mark.parametrize("rows", [(0,), (1,), (1, 3), (0, 1, 2, 3)])
def test_the_first_infinity_is_named(column: str, rows: tuple[int, ...]) -> None:
    values = {n: [np.inf if n == column and k in rows else 1.0 for k in range(4)] for n in "xy"}
    frame = pl.DataFrame({"date": [cell(k) for k in range(4)], **values, "text": ["a"] * 4})
    with pytest.raises(DataError, match=f"`{column}` is infinite on {FIRST + rows[0]}"):
        read_panel(frame)


def test_a_line_of_a_file_is_counted_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_text("date,x\n2024-01-01,1\n2024-01-02,2,3\n2024-01-03\n")
    with pytest.raises(SourceError, match="line 3 has 3 cells, the first has 2"):
        read_panel(path)
    for name in ("x", "date"):
        path.write_text(f"date,x,{name}\n2024-01-01,1,2\n")
        with pytest.raises(SourceError, match=f"The column `{name}` stands twice"):
            read_panel(path)
    path.write_text("\n Date , x \n\n2024-01-01, NA \n2024-01-02,-2e1\n")
    panel = read_panel(path)
    np.testing.assert_array_equal(panel.column("x"), [np.nan, -20])
    path.write_text("")
    with pytest.raises(SourceError, match="it is empty"):
        read_panel(path)


@pytest.mark.parametrize("name", ["p.parquet", "p.PQ", "p.pq"])
def test_a_name_tells_parquet(tmp_path: Path, name: str) -> None:
    pl.DataFrame({"date": [cell(0)], "x": [2.0]}).write_parquet(tmp_path / name)
    assert read_panel(tmp_path / name).column("x").tolist() == [2.0]


@pytest.mark.parametrize(
    "day", ["2024-02-28", np.datetime64("2024-02-28T23:59"), date(2024, 2, 28)]
)
def test_one_day(day: Any) -> None:
    found = one_day(day)
    assert (found, found.dtype) == (FIRST + 1, np.dtype("datetime64[D]"))


@pytest.mark.parametrize("day", ["", "NaT", "soon", None, np.datetime64("NaT"), 3.5])
def test_no_day(day: Any) -> None:
    with pytest.raises(CausalError, match="is no date"):
        one_day(day)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_until_a_day_is_until_its_end(rows: int) -> None:
    panel = read([cell(k) for k in range(3)])
    found = panel.until(FIRST + rows - 1)
    assert found.dates.tolist() == panel.dates[:rows].tolist()
    assert found.column("x").tolist() == [*range(rows)]
    with pytest.raises(DataError, match=f"no day up to {FIRST - 1}.* starts on {FIRST}"):
        panel.until(FIRST - 1)


def test_missing_columns_are_counted_once() -> None:
    panel = read([cell(0)])
    panel.require(["x", "x"])
    panel.require([])
    with pytest.raises(DataError, match="lacks 2 column"):
        panel.require(["y", "x", "z", "y"])


def test_the_digest_is_that_of_days_names_and_doubles() -> None:
    """As anyone can make it from the file; a gap is one gap, and zero has no sign."""
    values = np.array([[1.5, -0.0], [-np.nan, 2.0]])
    panel = Panel(FIRST + np.arange(2) * DAY, ("b", "a"), values)
    days = (panel.dates - np.datetime64("1970-01-01")).astype("<i8").tobytes()
    text = (
        days + b"a\0" + np.array([0.0, 2.0]).tobytes() + b"b\0" + np.array([1.5, np.nan]).tobytes()
    )
    assert panel.digest(["b", "a", "b"]) == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize("day", ["2026", "2026-06", "2026-6-1", "soon", "", "NaT"])
def test_what_is_no_whole_day_is_refused(day: str) -> None:
    with pytest.raises(DataError, match="no date"):
        one_day(day)


def test_a_whole_day_in_any_dress() -> None:
    day = np.datetime64("2026-06-01")
    late = np.datetime64("2026-06-01T23:59")
    assert one_day("2026-06-01") == one_day(day) == one_day(late) == day
