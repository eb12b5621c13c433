"""Dated acts: what a list says of each day, what it does not say, and lists that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from causal.calendar import next_session, us_open
from causal.data.events import act_column, read_acts, shipped_acts, with_acts
from causal.data.panel import Panel
from causal.errors import DataError

DAYS = "# since = 2026-05-30\n# until = 2026-06-04\n"
HEAD = DAYS + "# columns = hack, trade_escalation\nday,hour,column,size,memory\n"


def listed(folder: Path, rows: str, head: str = HEAD) -> Path:
    path = folder / "own.csv"
    path.write_text(head + rows, encoding="utf-8")
    return path


def days(first: str, last: str) -> np.ndarray:
    return np.arange(np.datetime64(first), np.datetime64(last) + 1)


def test_shipped_lists_have_what_their_rules_found() -> None:
    lists = shipped_acts()
    names = {c for some in lists for c in some.columns}
    trade = {"trade_escalation", "trade_relief"}
    assert names == {"ai_earnings_day", "crypto_shock", "war_act"} | trade
    every = days("2014-01-01", "2026-06-30")
    sizes = {n: act_column(lists, n, every) for n in names}
    assert np.isnan(sizes["trade_escalation"][every < np.datetime64("2017-01-20")]).all()
    large = every[sizes["trade_escalation"] == 3]
    assert len(large) == 52
    assert np.datetime64("2025-10-10") in large
    for column in sizes.values():
        assert np.isnan(column[every > np.datetime64("2026-05-31")]).all()
        assert not np.isnan(column[every == np.datetime64("2026-05-31")]).any()


def test_the_largest_act_of_a_day_counts_and_a_day_without_one_is_zero(tmp_path: Path) -> None:
    rows = "2026-06-01,,hack,1,no\n2026-06-01,14:30,hack,2,no\n2026-06-03,,hack,1,yes\n"
    mine = [read_acts(listed(tmp_path, rows))]
    every = days("2026-05-29", "2026-06-05")
    nan = np.nan
    np.testing.assert_array_equal(act_column(mine, "hack", every), [nan, 0, 0, 2, 0, 1, 0, nan])
    without = act_column(mine, "hack", every, memory=False)
    np.testing.assert_array_equal(without, [nan, 0, 0, 2, 0, 0, 0, nan])


def test_a_list_of_ones_own_carries_a_shipped_one_on(tmp_path: Path) -> None:
    own = read_acts(listed(tmp_path, "2026-06-02,,trade_escalation,3,no\n"))
    every = days("2026-05-31", "2026-06-05")
    found = act_column([*shipped_acts(), own], "trade_escalation", every)
    np.testing.assert_array_equal(found, [0, 0, 3, 0, 0, np.nan])


def test_a_list_without_a_row_says_that_nothing_happened(tmp_path: Path) -> None:
    own = read_acts(listed(tmp_path, ""))
    every = days("2026-06-03", "2026-06-05")
    found = act_column([*shipped_acts(), own], "trade_escalation", every)
    np.testing.assert_array_equal(found, [0, 0, np.nan])


def test_earnings_come_after_the_close_and_count_on_the_next_session() -> None:
    (mine,) = (some for some in shipped_acts() if some.columns == ("ai_earnings_day",))
    released = np.array([a.day for a in mine.acts])
    assert us_open(released).all()
    assert all("20:00" <= a.hour < "21:30" for a in mine.acts)
    assert len(mine.acts) == 5 * 14
    every = days("2022-12-25", "2026-06-05")
    found = act_column([mine], "ai_earnings_day", every)
    np.testing.assert_array_equal(every[found == 1], np.unique(next_session(released)))
    assert (every[~np.isnan(found)][[0, -1]] == days("2022-12-31", "2026-05-31")[[0, -1]]).all()
    assert found[every == np.datetime64("2026-01-29")] == 1  # Microsoft, the evening before


NEXT = HEAD.replace("# columns", "# effective = next session\n# columns")


def test_an_act_after_the_close_counts_on_the_next_session(tmp_path: Path) -> None:
    rows = "2026-06-01,13:29,hack,2,no\n2026-06-01,13:30,hack,1,no\n2026-06-03,,hack,3,yes\n"
    own = read_acts(listed(tmp_path, rows, NEXT))
    assert [str(a.day) for a in own.acts] == ["2026-06-01", "2026-06-01", "2026-06-03"]
    every, nan = days("2026-05-29", "2026-06-06"), np.nan
    found = act_column([own], "hack", every)
    # 1 June is the first session of the list: what came before the list may count on it
    np.testing.assert_array_equal(found, [nan, nan, nan, nan, 1, 0, 3, nan, nan])
    without = act_column([own], "hack", every, memory=False)
    np.testing.assert_array_equal(without, [nan, nan, nan, nan, 1, 0, 0, nan, nan])


def test_before_the_opening_and_over_a_weekend(tmp_path: Path) -> None:
    head = NEXT.replace("2026-06-04", "2026-06-08")
    rows = "2026-06-03,12:00,hack,2,no\n2026-06-05,20:05,hack,1,no\n2026-06-07,12:00,hack,3,no\n"
    own = read_acts(listed(tmp_path, rows, head))
    found = act_column([own], "hack", days("2026-06-02", "2026-06-08"))
    np.testing.assert_array_equal(found, [0, 2, 0, 0, 0, 0, 3])


def test_an_act_that_counts_after_its_list_counts_in_the_one_that_carries_on(
    tmp_path: Path,
) -> None:
    first = read_acts(listed(tmp_path, "2026-06-04,20:30,hack,2,no\n", NEXT))
    every = days("2026-06-04", "2026-06-06")
    np.testing.assert_array_equal(act_column([first], "hack", every), [0, np.nan, np.nan])
    head = NEXT.replace("2026-05-30", "2026-06-04").replace(
        "until = 2026-06-04", "until = 2026-06-06"
    )
    second = read_acts(listed(tmp_path, "", head))
    np.testing.assert_array_equal(act_column([first, second], "hack", every), [0, 2, 0])


def test_what_came_later_changes_no_earlier_day() -> None:
    lists, every = shipped_acts(), days("2017-01-20", "2026-05-31")
    for name in {c for some in lists for c in some.columns}:
        whole = act_column(lists, name, every)
        np.testing.assert_array_equal(act_column(lists, name, every[:2000]), whole[:2000])


def test_columns_of_the_panel_stay_as_they_are() -> None:
    every = days("2025-10-09", "2025-10-10")
    panel = Panel(every, ("war_act",), np.array([[5.0], [6.0]]))
    found = with_acts(panel, shipped_acts())
    np.testing.assert_array_equal(found.column("war_act"), [5, 6])
    np.testing.assert_array_equal(found.column("trade_escalation"), [2, 3])
    assert found.names[0] == "war_act"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("2026-06-01,,hack,0,no\n", "size"),
        ("2026-06-01,,hack,1.5,no\n", "size"),
        ("2026-06-01,,hack,²,no\n", "size"),
        ("2026-06-01,,hack,1,maybe\n", "memory"),
        ("2026-06-01,25:00,hack,1,no\n", "hour"),
        ("2026-06-01,,Hack me,1,no\n", "not under # columns"),
        ("2026-06-01,,hack,10,no\n", "size"),
        ("2026-13-01,,hack,1,no\n", "no day"),
        ("2026-06,,hack,1,no\n", "no day"),
        ("2026-07-01,,hack,1,no\n", "outside 2026-05-30 to 2026-06-04"),
        ("2026-06-01,,hack,1,no,more\n", "more cells"),
        ("2026-06-01,,hack\n", "size"),
    ],
)
def test_a_row_that_is_no_act_is_named_and_nothing_is_read(
    tmp_path: Path, rows: str, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read_acts(listed(tmp_path, "2026-06-02,,hack,1,no\n" + rows))


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("day,hour,column,size,memory\n", "until"),
        (DAYS + "# columns = hack\nday,column,size\n", "memory"),
        (DAYS + "day,hour,column,size,memory\n", "columns"),
        (HEAD.replace("hack", "Hack me"), "no name like"),
        ("# until = 2026-07-01\n" + HEAD, "twice"),
        (HEAD.replace("2026-06-04", "2026-05-01"), "before"),
        (HEAD.replace("2026-06-04", "soon"), "no day"),
        (NEXT.replace("next session", "tomorrow"), "tomorrow.*: not one of own day, next session"),
    ],
)
def test_a_list_without_its_days_or_columns_is_refused(
    tmp_path: Path, head: str, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        read_acts(listed(tmp_path, "", head))


def test_bytes_that_are_no_text_and_unknown_columns(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(b"\xff\xfe\x00\xff")
    with pytest.raises(DataError, match="UTF-8"):
        read_acts(path)
    with pytest.raises(DataError, match="earthquake"):
        act_column(shipped_acts(), "earthquake", days("2026-01-01", "2026-01-02"))
