"""Panel: what was observed, one row a calendar day; a gap is NaN and stays one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal import file, limit
from causal.contract.array import Array
from causal.data.cells import column
from causal.data.dates import DAY, days
from causal.data.frames import columns, is_key
from causal.data.tables import damaged, read_table
from causal.errors import DataError, SourceError, nearest
from causal.text import OBEYED, VALUE, fault, shortened

__all__ = ["DAY", "Days", "Panel", "one_day", "panel_of", "panel_path", "read_panel", "write_panel"]

Days = NDArray[np.datetime64]
WHOLE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


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
    """A date as a whole day; raises DataError for anything else, a year or a month among them."""
    try:
        found: np.datetime64 = np.datetime64(str(day), "D")
    except (ValueError, TypeError):
        found = np.datetime64("NaT")
    if not WHOLE.match(str(day)):
        found = np.datetime64("NaT")  # NumPy would read 2026-06 as its first day
    if np.isnat(found):
        raise DataError(f"`{day}` is no date.", "Days are written 2025-10-10.", "Write it so.")
    return found


def read_panel(source: str | Path | Any) -> Panel:
    """The panel in a file (CSV, Parquet, Feather, .xlsx, .xls; gzip), or in a pandas, polars or
    Arrow frame.

    One column is called ``date`` (or pandas has an index of days); it increases, one row a day.
    Days that are left out become gaps; columns of text are set aside.  Raises SourceError when the
    file cannot be read, and DataError when names, dates or numbers are not what they should be
    (docs/reference/panels.md says which are).
    """
    if not isinstance(source, str | Path):
        return panel_of(columns(source))
    path = Path(source)
    body = file.contents(path, SourceError)
    if path.suffix.lower() in {".parquet", ".pq"} and not body.startswith(b"PAR1"):
        raise damaged(str(path), "it does not begin as Parquet does")
    return panel_of(read_table(body, str(path)))


def write_panel(panel: Panel, path: str | Path) -> Path:
    """Write a panel as CSV, whole or not at all; ``read_panel`` reads it back equal.

    Raises DataError for another suffix and where nothing can be written.
    """
    where = panel_path(path)
    rows = [",".join(("date", *panel.names))]
    for day, values in zip(panel.dates.astype(str), panel.values.tolist(), strict=True):
        cells = ("" if value != value else repr(value) for value in values)  # noqa: PLR0124 (a gap)
        rows.append(",".join((day, *cells)))
    file.replace(where, ("\n".join(rows) + "\n").encode(), DataError)
    return where


def panel_path(path: str | Path) -> Path:
    """Where a panel is written; raises DataError for another suffix than .csv."""
    where = Path(path)
    if where.suffix.lower() != ".csv":
        raise DataError(
            f"A panel cannot be written as `{where.suffix or where.name}`.",
            "It is written as text, one row a day.",
            "Name a file that ends in .csv.",
        )
    return where


def panel_of(cells: Mapping[str, Sequence[Any]]) -> Panel:
    """The panel that columns of cells make, one of them called ``date``; raises DataError."""
    for name in cells:
        if wrong := fault(name):
            raise DataError(
                f"The column `{shortened(name, VALUE)}` {wrong}.",
                OBEYED,
                "Rename the column in the file.",
            )
    keys = [name for name in cells if is_key(name)]
    if len(keys) != 1:
        raise _no_key([*cells], keys)
    dates = days(cells[keys[0]])
    found = {n: column(n, raw, dates) for n, raw in cells.items() if n != keys[0]}
    numbers = {name: values for name, values in found.items() if values is not None}
    count = int((dates[-1] - dates[0]) / DAY) + 1
    limit.afford(
        8.0 * count * max(len(numbers), 1),
        f"A panel of {count:,} days ({dates[0]} to {dates[-1]}) and {len(numbers):,} columns",
        "Leave out columns or days",
        DataError,
    )
    every = np.arange(dates[0], dates[-1] + DAY, DAY)
    values = np.full((len(every), len(numbers)), np.nan)
    rows = (dates - dates[0]).astype(int)
    for place, numeric in enumerate(numbers.values()):
        values[rows, place] = numeric
    return Panel(every, tuple(numbers), values, tuple(n for n in found if found[n] is None))


def _no_key(names: list[str], keys: list[str]) -> DataError:
    if keys:
        return DataError(
            f"The table has {len(keys)} columns of days: {', '.join(f'`{k}`' for k in keys)}.",
            "Which of them holds the days cannot be known.",
            "Rename or leave out all but one.",
        )
    listed = ", ".join(shortened(name, VALUE) for name in names[:8])
    return DataError(
        "The table has no column `date`.",
        f"Its columns are {listed}{', ...' if len(names) > 8 else ''}.",
        "Name the column of days `date`.",
    )
