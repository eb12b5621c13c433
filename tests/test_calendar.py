"""US sessions by rule, against known days and against the days on which the Nasdaq was quoted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from causal.calendar import next_session, us_holidays, us_open
from causal.data.panel import read_panel

GOOD_FRIDAY_2019 = np.datetime64("2019-04-19")  # FRED repeats Thursday's close there: no session


def test_against_the_quoted_days(panel_path: Path) -> None:
    panel = read_panel(panel_path)
    quoted = ~np.isnan(panel.column("nasdaq_close"))
    quoted[panel.dates == GOOD_FRIDAY_2019] = False
    np.testing.assert_array_equal(panel.dates[us_open(panel.dates) != quoted], [])
    assert quoted.sum() == 3120


@pytest.mark.parametrize(
    ("day", "is_open"),
    [
        ("2021-12-31", True),  # New Year's Day 2022 is a Saturday: not kept on the Friday
        ("2023-01-02", False),  # a Sunday holiday is kept on the Monday
        ("2021-07-05", False),
        ("2020-07-03", False),  # a Saturday holiday on the Friday
        ("2021-12-24", False),
        ("2021-06-18", True),  # Juneteenth is kept from 2022
        ("2022-06-20", False),
        ("2027-06-18", False),
        ("2024-03-29", False),  # Good Friday
        ("2012-10-29", False),  # Hurricane Sandy
        ("2018-12-05", False),  # day of mourning
        ("2025-01-09", False),
        ("2024-11-28", False),
        ("2024-11-29", True),  # a half day is a session
        ("2024-10-14", True),  # bonds close on Columbus Day, shares do not
        ("2024-06-15", False),  # a Saturday
    ],
)
def test_known_days(day: str, is_open: bool) -> None:
    assert us_open(np.array([day], dtype="datetime64[D]"))[0] == is_open


def test_any_order_and_nothing() -> None:
    days = np.array(["2024-12-25", "2001-09-11", "2024-12-24"], dtype="datetime64[D]")
    assert us_open(days).tolist() == [False, False, True]
    assert us_open(days[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("day", "session"),
    [
        ("2024-06-12", "2024-06-13"),
        ("2024-06-14", "2024-06-17"),  # a Friday
        ("2024-06-15", "2024-06-17"),
        ("2024-06-18", "2024-06-20"),  # over Juneteenth
        ("2024-12-31", "2025-01-02"),  # into the next year
        ("2025-01-08", "2025-01-10"),  # over a day of mourning
    ],
)
def test_next_session(day: str, session: str) -> None:
    assert next_session(np.array([day], dtype="datetime64[D]")) == np.datetime64(session)


def test_the_next_session_is_the_first_open_day_after() -> None:
    days = np.arange(np.datetime64("2020-01-01"), np.datetime64("2027-01-01"))
    opened = days[us_open(days)]
    early = days[days < opened[-1]]
    np.testing.assert_array_equal(
        next_session(early), opened[np.searchsorted(opened, early, side="right")]
    )
    assert next_session(days[:0]).shape == (0,)


def test_nine_or_ten_holidays_a_year() -> None:
    for year in range(2000, 2040):
        days = us_holidays(year, year)
        days = days[days.astype("datetime64[Y]") == np.datetime64(str(year), "Y")]
        assert 8 <= len(days) <= 13, (year, days)
        assert np.is_busday(days).all()
