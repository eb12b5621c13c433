"""Cells of a column of days: which are read, and what is said of the first that is none.

Read are days as ISO 8601 writes them (2025-10-10, with a midnight of UTC behind it or without) and
as Python, NumPy and pandas hold them.  A number is no day: 20250101, 45658 and 1735689600 stand for
one in three notations, and a wrong guess is a wrong year without a word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.data.cells import is_gap
from causal.errors import DataError
from causal.text import VALUE, shortened, written

ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)([T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)? ?(Z|UTC|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.I,
)
LONG_YEAR = re.compile(r"(?:[+-]\d{4,}|\d{5,})-\d\d?-\d\d?\b.*", re.ASCII | re.S)
FIRST, LAST = np.datetime64("1677-09-22"), np.datetime64("2262-04-11")  # days that pandas can hold
LONGEST_GAP = 3_653  # days between two rows, ten years: more is a slip of the pen
EXCEL = date(1899, 12, 30)  # its day 0 (from March 1900 on)
STAMPS = (("seconds", 1.0), ("milliseconds", 1e3), ("microseconds", 1e6), ("nanoseconds", 1e9))
DAY = np.timedelta64(1, "D")
DO = (
    "Write 2025-10-10, or convert the column with `pandas.to_datetime`, which is told what it is: "
    '`format="%Y%m%d"`, `unit="ms"`, or `unit="D", origin="1899-12-30"` for Excel.'
)


def days(raw: Sequence[Any]) -> NDArray[np.datetime64]:
    """The days of a column, which increase; raises DataError naming the first row that is amiss."""
    exact = instants(raw)
    found: NDArray[np.datetime64] = exact.astype("datetime64[D]")
    if (found != exact).any():
        raise DataError(
            f"Row {int(np.argmax(found != exact)) + 1} is dated {exact[found != exact][0]}.",
            "The panel is daily: one row a UTC day, without a time of day.",
            "Aggregate the table to days first.",
        )
    _in_order(found)
    return found


def instants(raw: Sequence[Any]) -> NDArray[np.datetime64]:
    """The instants in UTC of a column of days or times, in its order; raises DataError naming the
    first row that holds none."""
    if len(raw) == 0:
        raise DataError("The table has no rows.", "There is no history.", "Pass one with rows.")
    found = np.array([_moment(cell, row) for row, cell in enumerate(raw, 1)], "datetime64[us]")
    if np.isnat(found).any():
        raise DataError(
            f"Row {int(np.argmax(np.isnat(found))) + 1} has no date.",
            "A value without a day cannot be placed.",
            "Mend or remove this row.",
        )
    _in_range(found.astype("datetime64[D]"))
    return found


def _in_range(found: NDArray[np.datetime64]) -> None:
    outside = (found < FIRST) | (found > LAST)
    if outside.any():
        row = int(np.argmax(outside))
        raise _outside(row + 1, str(found[row]))


def _outside(row: int, day: str) -> DataError:
    return DataError(
        f"Row {row} is dated {shortened(day, VALUE)}.",
        f"Days run from {FIRST} to {LAST}, as pandas holds them; a year outside is a slip of the "
        "pen.",
        "Mend this row.",
    )


def _in_order(found: NDArray[np.datetime64]) -> None:
    steps = np.diff(found)
    if (steps <= np.timedelta64(0, "D")).any():
        row = int(np.argmax(steps <= np.timedelta64(0, "D")))
        twice = steps[row] == np.timedelta64(0, "D")
        raise DataError(
            f"{found[row + 1]} {'stands twice' if twice else f'comes after {found[row]}'}"
            f" (row {row + 2}).",
            "Dates must increase, one row a day.",
            "Remove the duplicate." if twice else "Sort the table by date.",
        )
    if (steps > LONGEST_GAP * DAY).any():
        row = int(np.argmax(steps > LONGEST_GAP * DAY))
        raise DataError(
            f"Row {row + 2} is dated {found[row + 1]}, and the row before it {found[row]}.",
            "Nothing for more than ten years is a slip of the pen in a daily history.",
            "Mend the year, or leave out the rows before the gap.",
        )


def _moment(cell: Any, row: int) -> np.datetime64:
    """A cell as a moment of UTC, NaT where it is a gap; raises DataError."""
    if type(cell).__name__ == "Period":
        cell = _start(cell, row)
    if isinstance(cell, np.datetime64):
        return _whole(cell, row)
    if isinstance(cell, str):
        return _read(cell.strip(), row)
    if cell is None or str(cell) in {"NaT", "nan", "<NA>"}:
        return np.datetime64("NaT", "us")
    if not isinstance(cell, date):
        raise _none(row, f"{written(cell)} (of type {type(cell).__name__})", _meaning(cell))
    if not isinstance(cell, datetime):
        return np.datetime64(cell, "us")
    if cell.utcoffset():
        raise _none(row, f"{cell} is not in UTC", "Its day in UTC may be another.")
    nanoseconds = getattr(cell, "nanosecond", 0)
    return np.datetime64(cell.replace(tzinfo=None), "us") + np.timedelta64(bool(nanoseconds), "us")


def _whole(cell: np.datetime64, row: int) -> np.datetime64:
    """NumPy's own, whose units may be too coarse for a day, or wrap around in finer ones."""
    unit = np.datetime_data(cell.dtype)[0]
    if np.isnat(cell):
        return np.datetime64("NaT", "us")
    if unit in {"Y", "M", "W", "generic"}:
        raise _none(row, f"{cell} is no day", "The panel is daily: one row a UTC day.")
    day = cell.astype("datetime64[D]")
    if not FIRST <= day <= LAST:
        raise _outside(row, str(cell))
    found: np.datetime64 = cell.astype("datetime64[us]")
    return found


def _start(cell: Any, row: int) -> Any:
    """The day that a pandas Period is; raises DataError for a month or a year."""
    if getattr(cell, "freqstr", "") != "D":
        raise _none(
            row,
            f"{cell} is a period of {getattr(cell, 'freqstr', 'another length')}",
            "The panel is daily, and a value belongs to the day on which it could be read.",
        )
    return cell.to_timestamp()


def _read(text: str, row: int) -> np.datetime64:
    if is_gap(text):
        return np.datetime64("NaT", "us")
    match = ISO.fullmatch(text)
    if match is None and LONG_YEAR.fullmatch(text):
        raise _outside(row, text)
    if match is None:
        raise _none(row, written(text), _meaning(text))
    day, clock, zone = match.groups()
    try:
        moment = datetime.fromisoformat(day + (clock or "").replace(",", "."))
    except ValueError as problem:
        raise _none(row, f"{written(text)}, {problem}", "") from None
    if zone and zone.upper() not in {"Z", "UTC"} and any(c in zone for c in "123456789"):
        raise _none(row, f"{text} is not in UTC", "Its day in UTC may be another.")
    return np.datetime64(moment, "us")


def _none(row: int, what: str, means: str) -> DataError:
    return DataError(
        f"There is no date in row {row}: {what}.",
        means or "Every row needs a day, written 2025-10-10.",
        DO,
    )


def _meaning(cell: Any) -> str:
    """Which days a number, or a text of digits, may stand for; "" if for none."""
    try:
        number = float(cell) if isinstance(cell, Real | str) and not isinstance(cell, bool) else -1
    except (ValueError, OverflowError):
        return ""
    found = [f"{day} {how}" for day, how in _readings(number)]
    return f"It may stand for {' or '.join(found)}; a panel does not guess." if found else ""


def _readings(number: float) -> list[tuple[date, str]]:
    found = []
    if 16_770_922 <= number <= 22_620_411 and number == int(number):
        year, rest = divmod(int(number), 10_000)
        try:
            found.append((date(year, *divmod(rest, 100)), "without hyphens"))
        except ValueError:
            return []
    if 10_000 <= number < 100_000:
        found.append((EXCEL + timedelta(days=int(number)), "as a day number of Excel"))
    for unit, many in STAMPS:
        if 1e8 <= number / many < 5e9:
            stamp = datetime.fromtimestamp(number / many, UTC).date()
            found.append((stamp, f"in {unit} since 1970"))
    return found
