"""On which days the US stock exchanges are open: rules of the calendar, no data.

Rules of NYSE and Nasdaq (rule 7.2; the same days for both since 2002).  A Saturday holiday other
than New Year's Day is kept on the Friday before, a Sunday holiday on the Monday after.
"""

from __future__ import annotations

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
    from pandas.tseries import holiday as h

    rules = [
        h.Holiday("New Year", month=1, day=1, observance=h.sunday_to_monday),
        h.USMartinLutherKingJr,
        h.USPresidentsDay,
        h.GoodFriday,
        h.USMemorialDay,
        h.Holiday(
            "Juneteenth",
            month=6,
            day=19,
            start_date="2022-06-01",
            observance=h.nearest_workday,
        ),
        h.Holiday("Independence Day", month=7, day=4, observance=h.nearest_workday),
        h.USLaborDay,
        h.USThanksgivingDay,
        h.Holiday("Christmas", month=12, day=25, observance=h.nearest_workday),
    ]
    start, end = f"{first - 1}-12-01", f"{last + 1}-01-31"
    found = [d for rule in rules for d in rule.dates(start, end).to_numpy()]
    once = np.array(CLOSED_ONCE, dtype="datetime64[D]")
    days = np.unique(np.concatenate([np.array(found, dtype="datetime64[D]"), once]))
    weekday: NDArray[np.datetime64] = days[np.is_busday(days)]
    weekday.setflags(write=False)  # it is kept, and handed to everybody
    return weekday
