"""Reading a panel: every door leads to the same values, and mistakes are named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from causal.data.panel import Panel, read_panel
from causal.errors import CausalError, DataError, SourceError

CSV = """date,price,volume,venue,empty
2024-01-01,100.5,7,binance,
2024-01-02,,8,binance,
2024-01-05,0.1,,okx,
"""


def wide(rows: int = 3) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=rows, name="date")
    return pd.DataFrame({"date": days, "price": np.arange(rows, dtype=float)})


def same(one: Panel, other: Panel) -> bool:
    return (
        np.array_equal(one.dates, other.dates)
        and one.names == other.names
        and np.array_equal(one.values, other.values, equal_nan=True)
        and one.text == other.text
    )


def test_csv_is_daily_with_gaps(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(CSV)
    panel = read_panel(path)
    assert panel.dates.astype(str).tolist() == [f"2024-01-0{d}" for d in range(1, 6)]
    assert panel.names == ("price", "volume", "empty")
    assert panel.text == ("venue",)
    np.testing.assert_array_equal(panel.column("price"), [100.5, np.nan, np.nan, np.nan, 0.1])
    np.testing.assert_array_equal(panel.column("volume"), [7, 8, np.nan, np.nan, np.nan])
    assert np.isnan(panel.column("empty")).all()


def test_every_door_gives_the_same_panel(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(CSV)
    panel = read_panel(path)
    frame = pd.read_csv(path)
    parquet = tmp_path / "panel.parquet"
    frame.to_parquet(parquet)
    dated = frame.assign(date=pd.to_datetime(frame["date"]))
    doors = {
        "str path": str(path),
        "parquet": parquet,
        "pandas, text dates": frame,
        "pandas, days": dated,
        "pandas, UTC": dated.assign(date=dated["date"].dt.tz_localize("UTC")),
        "pandas, index": dated.set_index("date"),
        "pandas, nameless index": dated.set_index("date").rename_axis(None),
        "pandas, nullable": frame.convert_dtypes(),
        "polars": pl.read_csv(path),
        "polars, dates": pl.read_csv(path, try_parse_dates=True),
        "arrow": pa.Table.from_pandas(dated),
    }
    for name, door in doors.items():
        found = read_panel(door)
        assert same(found, panel), name
        assert found.digest(panel.names) == panel.digest(panel.names), name


def test_the_real_history_through_every_door(panel_path: Path, tmp_path: Path) -> None:
    panel = read_panel(panel_path)
    assert panel.values.shape == (4534, 63)
    assert panel.text == ("liquidations_spliced_source",)
    frame = pl.read_csv(panel_path, infer_schema_length=None, try_parse_dates=True)
    frame.write_parquet(tmp_path / "panel.parquet")
    for door in (frame, frame.to_arrow(), frame.to_pandas(), tmp_path / "panel.parquet"):
        assert same(read_panel(door), panel)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("day,x\n2024-01-01,1\n", "no column `date`"),
        ("date,x\n2024-01-01,1\n2024-01-01,2\n", "2024-01-01 stands twice (row 2)"),
        ("date,x\n2024-01-02,1\n2024-01-01,2\n", "2024-01-01 comes after 2024-01-02"),
        ("date,x\n2024-01-01T06:00,1\n", "without a time of day"),
        ("date,x\n2024-01-01,1\n,2\n", "Row 2 has no date"),
        ("date,x\nyesterday,1\n", "no date"),
        ("date,x\n2024-01-01,inf\n", "`x` is infinite on 2024-01-01"),
        ("date,x\n", "no rows"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "panel.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_panel(path)
    assert words in str(caught.value)
    assert caught.value.means
    assert caught.value.do


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ragged.csv", b"date,x\n2024-01-01,1,2\n"),
        ("twice.csv", b"date,x,x\n2024-01-01,1,2\n"),
        ("empty.csv", b""),
        ("latin.csv", b"date,\xff\xfe\n2024-01-01,1\n"),
        ("broken.parquet", b"not parquet"),
    ],
)
def test_unreadable_files(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError):
        read_panel(path)


def test_no_such_file_no_such_thing(tmp_path: Path) -> None:
    for source in (tmp_path / "none.csv", tmp_path / "none.parquet", tmp_path, 3, [1, 2], None):
        with pytest.raises(CausalError):
            read_panel(source)


def test_local_midnight_is_no_utc_day() -> None:
    frame = wide()
    frame["date"] = frame["date"].dt.tz_localize("Asia/Taipei")
    with pytest.raises(DataError, match="not in UTC"):
        read_panel(frame)


def test_missing_columns_are_all_listed_with_the_nearest() -> None:
    panel = read_panel(wide().assign(venue="x"))
    with pytest.raises(DataError) as caught:
        panel.require(["prize", "price", "venue", "nothing_like_it"])
    text = str(caught.value)
    assert "Did you mean `price`?" in text
    assert "`venue` holds text" in text
    assert "nothing_like_it" in text
    assert "lacks 3 column(s)" in text


def test_until() -> None:
    panel = read_panel(wide(5))
    assert panel.until("2024-01-03").values.ravel().tolist() == [0, 1, 2]
    assert same(panel.until("2030-01-01"), panel)
    for day in ("2023-12-31", "no day"):
        with pytest.raises(DataError):
            panel.until(day)


def test_digest_sees_values_dates_and_names_only() -> None:
    panel = read_panel(wide().assign(other=1.0))
    assert panel.digest(["price"]) == read_panel(wide()).digest(["price"])
    assert panel.digest(["price", "other"]) == panel.digest(["other", "price", "other"])
    seen = {panel.digest(["price"]), panel.digest(["other"]), panel.digest(["price", "other"])}
    later = wide()
    later["date"] += pd.Timedelta(days=1)
    seen |= {read_panel(frame).digest(["price"]) for frame in (later, wide(4))}
    changed = wide()
    changed.loc[1, "price"] += 1e-12
    seen.add(read_panel(changed).digest(["price"]))
    assert len(seen) == 6
    zero = Panel(panel.dates, ("x",), np.array([[0.0], [np.nan], [1.0]]))
    signed = Panel(panel.dates, ("x",), np.array([[-0.0], [-np.nan], [1.0]]))
    assert zero.digest(["x"]) == signed.digest(["x"])
