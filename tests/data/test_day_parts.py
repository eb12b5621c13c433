"""The day split by the US session: what a move is made of, and bars that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from causal.data.day_parts import (
    ENDS,
    MOVES,
    Bars,
    bars_of,
    day_moves,
    moves_of,
    read_bars,
    with_moves,
)
from causal.data.panel import Panel, read_panel
from causal.errors import DataError, SourceError

HOURLY, FOURLY = np.timedelta64(1, "h"), np.timedelta64(4, "h")


def walk(step: np.timedelta64, first: str = "2024-03-01", days: int = 5, seed: int = 3) -> Bars:
    """Bars of a random walk, each opening a little off the close before."""
    rng = np.random.default_rng(seed)
    many = int(days * np.timedelta64(24, "h") / step)
    last = 60_000 * np.exp(np.cumsum(0.01 * rng.standard_normal(many)))
    first_prices = last * np.exp(0.001 * rng.standard_normal(many))
    return bars_of(np.datetime64(first) + np.arange(many) * step, first_prices, last)


def frame(bars: Bars, time: str = "timestamp") -> pd.DataFrame:
    return pd.DataFrame({time: bars.opened, "open": bars.first, "close": bars.last})


def panel(first: str, days: int, **columns: list[float]) -> Panel:
    dates = np.datetime64(first) + np.arange(days)
    values = np.array([*columns.values()]).T if columns else np.zeros((days, 0))
    return Panel(dates, tuple(columns), values)


@pytest.mark.parametrize("step", [HOURLY, FOURLY])
def test_the_moves_are_those_of_the_prices_at_their_ends(step: np.timedelta64) -> None:
    bars = walk(step)
    a_day = int(np.timedelta64(24, "h") / step)
    found = day_moves(bars)
    assert found.names == MOVES
    assert [str(d) for d in found.dates[[0, -1]]] == ["2024-03-01", "2024-03-05"]
    for day in range(5):
        first, last = (p[day * a_day : (day + 1) * a_day] for p in (bars.first, bars.last))
        noon, evening = (last[a_day * hour // 24 - 1] for hour in (12, 20))
        ratios = [noon / first[0], evening / noon, last[-1] / evening]
        np.testing.assert_allclose(found.values[day], np.log(ratios))
        assert found.values[day].sum() == pytest.approx(np.log(last[-1] / first[0]))


def test_bars_of_one_hour_and_of_four_agree() -> None:
    hours = walk(HOURLY)
    fours = bars_of(hours.opened[::4], hours.first[::4], hours.last[3::4])
    np.testing.assert_allclose(day_moves(hours).values, day_moves(fours).values)


@pytest.mark.parametrize(("place", "hour"), [(0, 12), (1, 20), (2, 24)])
@pytest.mark.parametrize("step", [HOURLY, FOURLY])
def test_a_move_uses_no_bar_that_ends_after_it(step: np.timedelta64, place: int, hour: int) -> None:
    """No look-ahead: with later prices others, and later bars gone, it is what it was."""
    bars = walk(step)
    day = np.datetime64("2024-03-03")
    later = bars.opened + step > day + np.timedelta64(hour, "h")
    other = Bars(
        bars.opened,
        np.where(later, 1.0, bars.first),
        np.where(later, 2.0, bars.last),
        bars.step,
    )
    gone = Bars(bars.opened[~later], bars.first[~later], bars.last[~later], bars.step)
    whole = day_moves(bars).values[:3]
    for some in (other, gone):
        found = day_moves(some).values
        np.testing.assert_array_equal(found[:2], whole[:2])
        np.testing.assert_array_equal(found[2, : place + 1], whole[2, : place + 1])
    assert np.isnan(day_moves(gone).values[2, place + 1 :]).all()


def test_only_before_is_known_when_new_york_opens_and_winter_moves_an_hour_to_after() -> None:
    """13:30-20:00 UTC under daylight saving, 14:30-21:00 else: every day of three years."""
    zone, seen = ZoneInfo("America/New_York"), set()
    for n in range(3 * 365):
        day = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=n)
        local = datetime(day.year, day.month, day.day, tzinfo=zone)
        opens, closes = (
            (local.replace(hour=h, minute=m).astimezone(UTC) - day) / timedelta(hours=1)
            for h, m in ((9, 30), (16, 0))
        )
        summer = bool(local.replace(hour=12).dst())
        assert ENDS[0] < opens < ENDS[1]
        assert closes - ENDS[1] == (0 if summer else 1)
        seen.add((summer, opens, closes))
    assert seen == {(True, 13.5, 20), (False, 14.5, 21)}


@pytest.mark.parametrize(
    ("lost", "gaps"),
    [(0, [0]), (2, [0, 1]), (4, [1, 2]), (5, [2]), (1, []), (3, [])],
)
def test_a_lost_bar_leaves_gaps_and_nothing_is_filled(lost: int, gaps: list[int]) -> None:
    """Of six bars of a day; a bar inside a move is not needed to know it."""
    bars = walk(FOURLY)
    keep = np.arange(len(bars.opened)) != 6 + lost
    found = day_moves(bars_of(bars.opened[keep], bars.first[keep], bars.last[keep])).values
    whole = day_moves(bars).values
    assert np.argwhere(np.isnan(found)).tolist() == [[1, g] for g in gaps]
    np.testing.assert_array_equal(found[~np.isnan(found)], whole[~np.isnan(found)])


def test_a_bar_in_which_nothing_traded_has_no_price_and_a_blank_is_a_gap(tmp_path: Path) -> None:
    bars = walk(FOURLY)
    idle = frame(bars).assign(volume=[0.0 if n == 8 else 1.0 for n in range(30)])
    blank = frame(bars)
    blank.loc[8, "close"] = np.nan
    blank.to_csv(tmp_path / "bars.csv", index=False)
    for source in (idle, tmp_path / "bars.csv"):
        found = day_moves(read_bars(source)).values
        assert np.argwhere(np.isnan(found)).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("time", ["timestamp", "open_time", "time", "date", "Timestamp"])
def test_files_and_frames_are_read_alike(tmp_path: Path, time: str) -> None:
    bars = walk(HOURLY)
    table = frame(bars, time)
    table.to_csv(tmp_path / "bars.csv", index=False)
    table.to_parquet(tmp_path / "bars.parquet", index=False)
    aware = table.set_index(table.pop(time).dt.tz_localize("UTC"))
    aware.to_parquet(tmp_path / "indexed.parquet")
    sources: list[Any] = [aware, *(tmp_path / n for n in ("bars.csv", "bars.parquet"))]
    for source in (*sources, str(tmp_path / "indexed.parquet")):
        found = read_bars(source)
        assert found.step == HOURLY
        np.testing.assert_array_equal(found.opened, bars.opened)
        np.testing.assert_allclose(day_moves(found).values, day_moves(bars).values, rtol=1e-9)


def test_a_later_file_fills_only_days_that_the_earlier_lack_whole() -> None:
    """The splice: no day mixes two sources, and what is there stays as it is."""
    spot, perpetual = walk(FOURLY), walk(HOURLY, "2024-03-04", days=4, seed=8)
    part = Bars(spot.opened[:-2], spot.first[:-2], spot.last[:-2], spot.step)  # until 16:00
    start = panel("2024-02-28", 12, nasdaq_close=[*map(float, range(12))])
    found = with_moves(with_moves(start, part), perpetual)
    assert found.names == ("nasdaq_close", *MOVES)
    np.testing.assert_array_equal(found.column("nasdaq_close"), range(12))
    moves = moves_of(found)
    assert np.isnan(moves[[0, 1, 9, 10, 11]]).all()
    np.testing.assert_array_equal(moves[2:6], day_moves(spot).values[:4])
    assert moves[6, 0] == day_moves(spot).values[4, 0]
    assert np.isnan(moves[6, 1:]).all()  # the day that spot knows in part stays spot's
    np.testing.assert_array_equal(moves[7:9], day_moves(perpetual).values[2:])
    again = with_moves(found, perpetual)
    np.testing.assert_array_equal(again.values, found.values)


def test_moves_that_the_panel_has_go_before_the_bars() -> None:
    own = panel("2024-03-01", 3, btc_move_session=[np.nan, 0.5, np.nan], gold=[1.0, 2.0, 3.0])
    found = with_moves(own, walk(FOURLY))
    np.testing.assert_array_equal(found.column("gold"), [1, 2, 3])
    expected = day_moves(walk(FOURLY)).values[:3].copy()
    expected[1] = [np.nan, 0.5, np.nan]
    np.testing.assert_array_equal(moves_of(found), expected)


def test_a_panel_without_columns_takes_the_moves_and_text_stays_named(tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text("date,word\n2024-03-01,one\n2024-03-02,two\n")
    found = with_moves(read_panel(tmp_path / "panel.csv"), walk(FOURLY))
    assert found.names == MOVES
    assert found.text == ("word",)
    assert not np.isnan(found.values).any()


def spoilt(change: str) -> pd.DataFrame:
    table = frame(walk(FOURLY))
    match change:
        case "twice":
            return pd.concat([table[:8], table[7:]])
        case "order":
            return table[::-1]
        case "shifted":
            return table.assign(timestamp=table.timestamp + pd.Timedelta(minutes=90))
        case "mixed":
            stray = table[7:8].assign(timestamp=table.timestamp[7] + pd.Timedelta(hours=1))
            return pd.concat([table[:8], stray, table[8:]])
        case "zone":
            return table.assign(timestamp=table.timestamp.dt.tz_localize("Asia/Taipei"))
        case "long":
            return table[::2]
        case "negative":
            return table.assign(close=-table.close)
        case "zero":
            return table.assign(open=[0.0 if n == 4 else 1.0 for n in range(30)])
        case "infinite":
            return table.assign(open=[np.inf if n == 4 else 1.0 for n in range(30)])
        case "words":
            return table.assign(close="high")
        case "one":
            return table[:1]
        case "none":
            return table[:0]
        case "unnamed":
            return table.rename(columns={"close": "price"})
        case "timeless":
            return table.rename(columns={"timestamp": "when"})
        case "two times":
            return table.assign(open_time=table.timestamp)
        case "stamps":
            return table.assign(timestamp=table.timestamp.astype("int64"))
        case "gap":
            return table.assign(timestamp=[*table.timestamp[:29], pd.Timestamp("2044-03-01")])
    return table.assign(timestamp=[None, *table.timestamp[1:]])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("twice", r"2024-03-02 04:00 stands twice \(row 9\)"),
        ("order", r"comes after a later one \(row 2\)"),
        ("shifted", r"Row 1 opens at 2024-03-01 01:30:00, and bars of 4 hours"),
        ("mixed", r"Row 9 opens at 2024-03-02 05:00:00"),
        ("zone", "not in UTC"),
        ("long", "8 hours long"),
        ("negative", r"`close` is -\d+.* in row 1 \(2024-03-01 00:00\)"),
        ("zero", "`open` is 0 in row 5"),
        ("infinite", "infinite"),
        ("words", "`close` holds text"),
        ("one", "There is one bar"),
        ("none", "no rows"),
        ("unnamed", "no table of bars; its columns are timestamp, open, price"),
        ("timeless", "opening times"),
        ("two times", "no table of bars"),
        ("stamps", "since 1970"),
        ("gap", "ten years"),
        ("blank", "Row 1 has no date"),
    ],
)
def test_what_are_no_bars_is_named(tmp_path: Path, change: str, said: str) -> None:
    table = spoilt(change)
    with pytest.raises(DataError, match=said) as caught:
        read_bars(table)
    assert caught.value.means
    assert caught.value.do
    if change not in {"stamps", "zone"}:
        table.to_csv(tmp_path / "bars.csv", index=False)
        with pytest.raises(DataError, match=r"bars\.csv`: "):
            read_bars(tmp_path / "bars.csv")


def test_a_file_that_is_not_there_and_days_that_do_not_meet(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.csv"):
        read_bars(tmp_path / "none.csv")
    with pytest.raises(DataError, match="no day of the panel: they run from 2024-03-01 to"):
        with_moves(panel("2023-01-01", 9), walk(FOURLY))


def test_bars_of_a_known_length_may_be_few() -> None:
    one = np.array(["2024-03-01T08:00"], dtype="datetime64[m]")
    found = day_moves(bars_of(one, np.array([1.0]), np.array([2.0]), FOURLY))
    assert np.isnan(found.values).all()
    assert found.values.shape == (1, 3)
