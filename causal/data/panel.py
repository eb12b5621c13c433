"""Panel: what was observed, one row a calendar day; a gap is NaN and stays one."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.errors import DataError, SourceError, nearest
from causal.text import OBEYED, fault

Array = NDArray[np.float64]
Days = NDArray[np.datetime64]
DAY = np.timedelta64(1, "D")
KEY = "date"
BLANK = frozenset({"", ".", "NA", "N/A", "#N/A", "NaN", "nan", "null", "None"})


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Daily values, shape (days, columns): ``dates`` run without a hole, gaps are NaN.

    ``text`` names the columns of the source that hold no numbers and were left out.
    """

    dates: Days
    names: tuple[str, ...]
    values: Array
    text: tuple[str, ...] = ()

    def column(self, name: str) -> Array:
        """One column; raises DataError with the nearest name."""
        self.require([name])
        return self.values[:, self.names.index(name)]

    def require(self, names: Iterable[str]) -> None:
        """Raise DataError, naming every one of ``names`` that the panel does not hold."""
        known = set(self.names)
        missing = list(dict.fromkeys(n for n in names if n not in known))
        if not missing:
            return
        lines = [
            f"`{n}` holds text, not numbers."
            if n in self.text
            else f"`{n}` is no column. {nearest(n, self.names)}"
            for n in missing
        ]
        raise DataError(
            f"The panel lacks {len(missing)} column(s) that are asked of it: {' '.join(lines)}",
            "The variables measured by them cannot be read.",
            "Add the columns to the file, or name the right ones in the story's `series`.",
        )

    def until(self, day: str | np.datetime64) -> Panel:
        """The panel as it stood at the end of ``day``; raises DataError if nothing is left."""
        last = one_day(day)
        keep = self.dates <= last
        if not keep.any():
            raise DataError(
                f"The panel has no day up to {last}.",
                f"It starts on {self.dates[0]}.",
                "Choose a later day.",
            )
        return Panel(self.dates[keep], self.names, self.values[keep], self.text)

    def digest(self, names: Iterable[str]) -> str:
        """SHA-256 over the dates and the named columns (sorted), whatever file they came from."""
        wanted = sorted(set(names))
        self.require(wanted)
        sha = hashlib.sha256()
        sha.update(self.dates.astype("datetime64[D]").astype("<i8").tobytes())
        for name in wanted:
            column = self.column(name) + 0.0  # -0.0 is 0.0
            sha.update(name.encode() + b"\0")
            sha.update(np.where(np.isnan(column), np.nan, column).astype("<f8").tobytes())
        return sha.hexdigest()


def one_day(day: str | np.datetime64) -> np.datetime64:
    """A date as a whole day; raises DataError for anything else."""
    try:
        found: np.datetime64 = np.datetime64(str(day), "D")
    except (ValueError, TypeError):
        found = np.datetime64("NaT")
    if np.isnat(found):
        raise DataError(f"`{day}` is no date.", "Days are written 2025-10-10.", "Write it so.")
    return found


def read_panel(source: str | Path | Any) -> Panel:
    """The panel in a CSV or Parquet file, or in a pandas, polars or Arrow frame.

    One column is called ``date`` (or pandas has an index of days); it increases, one row a day.
    Days that are left out become gaps; columns of text are set aside.  Raises SourceError when the
    file cannot be read, and DataError when dates or numbers are not what they should be.
    """
    if not isinstance(source, str | Path):
        return _panel(_frame_columns(source))
    path = Path(source)
    try:
        if path.suffix.lower() not in {".parquet", ".pq"}:
            return _panel(_csv_columns(path))
        import pandas as pd

        return _panel(_frame_columns(pd.read_parquet(path)))
    except FileNotFoundError:
        raise SourceError(
            f"There is no file `{path}`.", "Nothing was read.", "Check the path."
        ) from None
    except ImportError:
        raise SourceError(
            f"`{path}` is Parquet, and no Parquet reader is installed.",
            "Nothing was read.",
            "Install pyarrow (`pip install pyarrow`), or pass a CSV file.",
        ) from None
    except (OSError, ValueError, csv.Error) as problem:
        raise SourceError(
            f"`{path}` cannot be read: {problem}",
            "It is no whole CSV or Parquet table.",
            "Open it and check it.",
        ) from problem


def _csv_columns(path: Path) -> dict[str, Any]:
    """Columns of a CSV file; the standard library reads each number to its nearest double."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        rows = [row for row in csv.reader(lines) if row]
    if not rows:
        raise ValueError("it is empty")
    head = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(head):
            raise ValueError(f"line {number} has {len(row)} cells, the first has {len(head)}")
    cells = list(zip(*rows[1:], strict=True)) or [()] * len(head)
    columns = {}
    for name, column in zip(head, cells, strict=True):
        if name in columns:
            raise ValueError(f"the column `{name}` stands twice")
        columns[name] = list(column) if name.lower() == KEY else _parsed(column)
    return columns


def _parsed(cells: tuple[str, ...]) -> Array | None:
    try:
        return np.array([float(c) if c.strip() not in BLANK else np.nan for c in cells])
    except ValueError:
        return None


def _frame_columns(native: Any) -> dict[str, Any]:
    """Columns of any eager frame that narwhals knows; None where one holds text."""
    import narwhals as nw

    try:
        frame = nw.from_native(native, eager_only=True)
    except TypeError:
        raise DataError(
            f"A {type(native).__name__} is no table.",
            "A panel is read from a path, or from a pandas, polars or Arrow frame.",
            "Pass a path to a CSV or Parquet file, or a frame with a `date` column.",
        ) from None
    index = getattr(native, "index", None)
    if KEY not in (str(c).lower() for c in frame.columns) and hasattr(index, "tz_localize"):
        frame = nw.from_native(native.rename_axis(KEY).reset_index(), eager_only=True)
    columns: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        if str(name).lower() == KEY:
            columns[str(name)] = column.to_list()
        elif column.null_count() == len(column):
            columns[str(name)] = np.full(len(column), np.nan)
        elif column.dtype.is_numeric() or column.dtype == nw.Boolean:
            columns[str(name)] = column.cast(nw.Float64()).to_numpy().astype(np.float64)
        else:
            columns[str(name)] = None
    return columns


def _panel(columns: dict[str, Any]) -> Panel:
    for name in columns:
        if wrong := fault(name):
            raise DataError(
                f"The column `{name}` {wrong}.",
                OBEYED,
                "Rename the column in the file.",
            )
    key = next((name for name in columns if name.lower() == KEY), None)
    if key is None:
        raise DataError(
            "The table has no column `date`.",
            f"Its columns are {', '.join([*columns][:8])}{', ...' if len(columns) > 8 else ''}.",
            "Name the column of days `date`.",
        )
    dates = _dates(columns.pop(key))
    for name, column in columns.items():
        if column is not None and np.isinf(column).any():
            raise DataError(
                f"`{name}` is infinite on {dates[np.isinf(column)][0]}.",
                "An infinite value has no state.",
                "Leave the cell blank where nothing was observed.",
            )
    numbers = {name: column for name, column in columns.items() if column is not None}
    every = np.arange(dates[0], dates[-1] + DAY, DAY)
    values = np.full((len(every), len(numbers)), np.nan)
    rows = (dates - dates[0]).astype(int)
    for place, column in enumerate(numbers.values()):
        values[rows, place] = column
    return Panel(every, tuple(numbers), values, tuple(n for n in columns if columns[n] is None))


def _moment(cell: Any) -> np.datetime64:
    """A date cell: text, a date, a datetime (in UTC if it has a time zone), or nothing."""
    if isinstance(cell, str):
        return np.datetime64(cell.strip() or "NaT", "us")
    if str(cell) in {"None", "NaT", "nan"}:
        return np.datetime64("NaT", "us")
    if not isinstance(cell, date):
        raise ValueError(f"{cell!r} is a {type(cell).__name__}")
    if isinstance(cell, datetime):
        if cell.utcoffset():
            raise ValueError(f"{cell} is not in UTC")
        return np.datetime64(cell.replace(tzinfo=None), "us")
    return np.datetime64(cell, "us")


def _dates(raw: list[Any]) -> Days:
    try:
        moments = np.array([_moment(cell) for cell in raw], dtype="datetime64[us]")
    except (ValueError, TypeError) as problem:
        raise DataError(
            f"The column `date` holds something that is no date: {problem}.",
            "Every row needs a day, written 2025-10-10.",
            "Mend or remove these rows.",
        ) from None
    days: Days = moments.astype("datetime64[D]")
    if len(days) == 0:
        raise DataError("The table has no rows.", "There is no history.", "Pass one with rows.")
    if np.isnat(days).any():
        raise DataError(
            f"Row {int(np.argmax(np.isnat(days))) + 1} has no date.",
            "A value without a day cannot be placed.",
            "Mend or remove this row.",
        )
    if (days != moments).any():
        raise DataError(
            f"Row {int(np.argmax(days != moments)) + 1} is dated {moments[days != moments][0]}.",
            "The panel is daily: one row a UTC day, without a time of day.",
            "Aggregate the table to days first.",
        )
    steps = np.diff(days)
    if (steps <= np.timedelta64(0, "D")).any():
        row = int(np.argmax(steps <= np.timedelta64(0, "D")))
        twice = steps[row] == np.timedelta64(0, "D")
        raise DataError(
            f"{days[row + 1]} {'stands twice' if twice else f'comes after {days[row]}'}"
            f" (row {row + 2}).",
            "Dates must increase, one row a day.",
            "Remove the duplicate." if twice else "Sort the table by date.",
        )
    return days
