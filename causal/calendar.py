"""On which days the US stock exchanges are open: rules of the calendar, no data.

Rules of NYSE and Nasdaq (rule 7.2; the same days for both since 2002).  A Saturday holiday other
than New Year's Day is kept on the Friday before, a Sunday holiday on the Monday after.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

# Closed once: storms, days of mourning.  They are announced at most some days ahead.
CLOSED_ONCE = (
    "2001-09-11",
    "2001-09-12",
    "2001-09-13",
    "2001-09-14",
    "2004-06-11",
    "2007-01-02",
    "2012-10-29",
    "2012-10-30",
    "2018-12-05",
    "2025-01-09",
)

DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6
JUNETEENTH = 2022  # the first year in which it is kept
WEEKS_FROM, WEEKS_TO = 2022, 2049  # 28 years: every date falls on each weekday equally often


def us_open(dates: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """True on days with a US stock session; ``dates`` in any order, from 2000 on."""
    days = dates.astype("datetime64[D]")
    if days.size == 0:
        return np.zeros(0, dtype=bool)
    years = days.astype("datetime64[Y]").astype(int) + 1970
    holidays = us_holidays(int(years.min()), int(years.max()))
    return np.is_busday(days, holidays=holidays)


def next_session(dates: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The first day with a US stock session after each of ``dates``; Friday's is Monday's."""
    days = dates.astype("datetime64[D]")
    if days.size == 0:
        return days
    years = days.astype("datetime64[Y]").astype(int) + 1970
    holidays = us_holidays(int(years.min()), int(years.max()) + 1)
    found: NDArray[np.datetime64] = np.busday_offset(days, 1, roll="backward", holidays=holidays)
    return found


@cache
def us_holidays(first: int, last: int) -> NDArray[np.datetime64]:
    """Weekdays without a US stock session, from ``first`` to ``last`` year, both included."""
    found = [day for year in range(first, last + 1) for day in _kept(year)]
    once = [day for day in CLOSED_ONCE if first <= int(day[:4]) <= last]
    days = np.unique(np.array([*found, *once], dtype="datetime64[D]"))
    weekday: NDArray[np.datetime64] = days[np.is_busday(days)]
    weekday.setflags(write=False)  # it is kept, and handed to everybody
    return weekday


@cache
def closed_share() -> NDArray[np.float64]:
    """How often the US exchanges are closed on a Monday, ..., a Sunday, shape (7,): 1 on weekends.

    Counted by today's rules over the 28 years from 2022, days that were closed once left out.
    """
    days = np.arange(f"{WEEKS_FROM}-01-01", f"{WEEKS_TO + 1}-01-01", dtype="datetime64[D]")
    rules = [d for year in range(WEEKS_FROM, WEEKS_TO + 1) for d in _kept(year)]
    shut = ~np.is_busday(days, holidays=np.array(rules, dtype="datetime64[D]"))
    weekday = (days.astype(np.int64) + 3) % 7  # day 0, 1970-01-01, is a Thursday
    found: NDArray[np.float64] = np.bincount(weekday, shut, 7) / np.bincount(weekday, minlength=7)
    found.setflags(write=False)
    return found


def _kept(year: int) -> Iterator[str]:
    """The rules' holidays of a year, as they are kept; some of them on a weekend."""
    new_year = date(year, 1, 1)
    yield str(new_year + DAY * (new_year.weekday() == SUNDAY))
    yield str(_nth(year, 1, 0, 3))  # Martin Luther King's birthday
    yield str(_nth(year, 2, 0, 3))  # Presidents' Day
    yield str(_easter(year) - 2 * DAY)  # Good Friday
    yield str(_nth(year, 6, 0, 1) - 7 * DAY)  # Memorial Day: the last Monday of May
    if year >= JUNETEENTH:
        yield str(_nearest(date(year, 6, 19)))
    yield str(_nearest(date(year, 7, 4)))
    yield str(_nth(year, 9, 0, 1))  # Labor Day
    yield str(_nth(year, 11, 3, 4))  # Thanksgiving
    yield str(_nearest(date(year, 12, 25)))


def _nth(year: int, month: int, weekday: int, place: int) -> date:
    """The ``place``-th of a weekday (Monday: 0) in a month."""
    first = date(year, month, 1)
    return first + DAY * ((weekday - first.weekday()) % 7 + 7 * (place - 1))


def _nearest(day: date) -> date:
    """A Saturday is kept on the Friday, a Sunday on the Monday."""
    return day + DAY * {SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0)


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus 1991, Astronomical Algorithms, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + k - 7 * ((a + 11 * h + 22 * k) // 451) + 114, 31)
    return date(year, month, day + 1)
