"""Frames as people have them: yfinance's names, an index of days, names that clash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from causal.data.panel import read_panel
from causal.errors import DataError

DAYS = pd.date_range("2025-01-01", periods=2, name="Date")


def yahoo(prices: list[str], tickers: list[str], swapped: bool = False) -> pd.DataFrame:
    names = pd.MultiIndex.from_product([prices, tickers], names=["Price", "Ticker"])
    frame = pd.DataFrame(np.arange(2.0 * len(names)).reshape(2, -1), index=DAYS, columns=names)
    return frame.swaplevel(axis=1) if swapped else frame


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("prices", "tickers", "names"),
    [
        (["Close", "High"], ["BTC-USD"], ("Close", "High")),
        (["Close"], ["BTC-USD", "ETH-USD"], ("BTC-USD", "ETH-USD")),
        (["Close", "High"], ["B", "E"], ("Close B", "Close E", "High B", "High E")),
    ],
)
def test_names_of_two_levels(
    prices: list[str], tickers: list[str], names: tuple[str, ...], swapped: bool
) -> None:
    frame = yahoo(prices, tickers, swapped)
    wanted = tuple(" ".join(n.split()[::-1]) for n in names) if swapped else names
    for source in (frame, frame.reset_index()):
        panel = read_panel(source)
        assert panel.names == wanted
        assert panel.values[0].tolist() == [*range(len(names))]
        assert str(panel.dates[0]) == "2025-01-01"


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["2025-01-01", "2025-01-02"], name="date"),
        pd.Index(["2025-01-01", "2025-01-02"], name="Date", dtype=object),
        pd.period_range("2025-01-01", periods=2, freq="D", name="date"),
        pd.period_range("2025-01-01", periods=2, freq="D"),
        pd.CategoricalIndex(["2025-01-01", "2025-01-02"], name="date"),
        DAYS.tz_localize("UTC"),
        DAYS.rename(None).as_unit("s"),
    ],
)
def test_an_index_of_days(index: Any) -> None:
    panel = read_panel(pd.DataFrame({"x": [1.0, 2.0]}, index=index))
    assert panel.dates.astype(str).tolist() == ["2025-01-01", "2025-01-02"]
    assert panel.column("x").tolist() == [1, 2]


X = np.ones((2, 2))
FAR = pl.Series([20_000, 6_000_000])
OUT_OF_RANGE = pd.Series(np.array(["20255-01-01", "20255-01-02"], "datetime64[s]"))


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pd.DataFrame(X, index=DAYS, columns=["x", "x"]), "`x` stands twice"),
        (pd.DataFrame(X, index=DAYS, columns=[0, 1]), "Column 1 is named by 0"),
        (pd.DataFrame(X, index=DAYS, columns=["x", None]), "Column 2 is named by"),
        (pd.DataFrame(X, index=DAYS, columns=["date", "x"]), "two columns of days"),
        (pd.DataFrame({"date": DAYS, "DATE": DAYS}), "2 columns of days: `date`, `DATE`"),
        (
            pd.DataFrame({"x": 1.0}, index=pd.MultiIndex.from_product([["B"], DAYS])),
            "levels None, Date",
        ),
        (pd.DataFrame({"x": [1.0]}, index=pd.period_range("2025", periods=1, freq="M")), "of M"),
        (pd.DataFrame({"date": OUT_OF_RANGE, "x": 1.0}), "Row 1 is dated 20255"),
        (pa.table([[1.0], [2.0]], names=["x", "x"]), "stands twice"),
        (pd.DataFrame({"date": DAYS, "x": 1.0, "x\x1b": 2.0}), "control character"),
        (pd.DataFrame(), "no column `date`"),
        (pl.DataFrame({"date": [], "x": []}), "no rows"),
        (pl.DataFrame({"date": FAR.cast(pl.Date), "x": 1.0}), "Row 2 is dated +18397-06-11"),
        (pa.table({"date": FAR.cast(pl.Date).to_arrow(), "x": [1, 2]}), "Row 2 is dated"),
    ],
)  # fmt: skip
def test_what_is_no_panel_is_named(frame: Any, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read_panel(frame)
    assert says in str(caught.value)
    assert caught.value.do


def test_every_frame_reads_cells_alike() -> None:
    cells = {"date": ["2025-01-01", "2025-01-02"], "x": ["1.5", "."], "note": ["a", None]}
    frames = (
        pd.DataFrame(cells),
        pd.DataFrame(cells, dtype=object),
        pd.DataFrame(cells).astype("category"),
        pd.DataFrame(cells).astype({"x": "string[pyarrow]"}),
        pl.DataFrame(cells),
        pl.DataFrame(cells).with_columns(pl.all().cast(pl.Categorical)),
        pa.table(cells),
        pa.table({n: pa.array(c).dictionary_encode() for n, c in cells.items()}),
    )
    for frame in frames:
        panel = read_panel(frame)
        assert (panel.names, panel.text) == (("x",), ("note",))
        np.testing.assert_array_equal(panel.column("x"), [1.5, np.nan])
        spoilt = {**cells, "x": ["1.5", "soon"]}
        with pytest.raises(DataError, match="row 2"):
            read_panel(pa.table(spoilt) if isinstance(frame, pa.Table) else type(frame)(spoilt))


def test_a_series_and_a_grouping_are_no_tables() -> None:
    frame = pd.DataFrame({"date": DAYS, "x": 1.0})
    for source in (frame["x"], frame.groupby("x"), {"date": ["2025-01-01"]}, np.ones(3), b"date"):
        with pytest.raises(DataError, match="is no table"):
            read_panel(source)
