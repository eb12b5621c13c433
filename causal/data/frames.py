"""Columns of the frames that people have: pandas (index of days, two-level names), polars, Arrow.

Every column comes out as numbers or as a list of cells, under a name that is text and stands once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from causal.errors import CausalError, DataError
from causal.text import VALUE, shortened, written

KEY = "date"  # name of the column of days, in capitals or not
Columns = dict[str, Sequence[Any]]


def columns(native: Any) -> Columns:
    """Columns of any eager frame that narwhals knows; raises DataError for what is no such table,
    and where names are no text or stand twice."""
    import narwhals as nw

    try:
        flat = _flat(native) if nw.dependencies.is_pandas_dataframe(native) else native
        if nw.dependencies.is_pyarrow_table(flat):
            unique(flat.column_names)
        frame = _frame(flat)
        unique(frame.columns)
        return {name: _cells(frame[name]) for name in frame.columns}
    except CausalError:
        raise
    except Exception as problem:  # each of the libraries fails in ways of its own
        raise _unread(native, problem) from problem


def _frame(native: Any) -> Any:
    import narwhals as nw

    try:
        return nw.from_native(native, eager_only=True)
    except TypeError:
        raise DataError(
            f"A {type(native).__name__} is no table.",
            "A panel is read from a path, or from a pandas, polars or Arrow frame.",
            "Pass a path to a CSV or Parquet file, or a frame with a `date` column.",
        ) from None


def unique(names: Iterable[Any], error: type[DataError] = DataError) -> None:
    """Raise ``error`` unless every name is text, and none stands twice."""
    counted = Counter(names)
    for place, name in enumerate(counted, 1):
        if not isinstance(name, str):
            raise error(
                f"Column {place} is named by {written(name)}, which is a {type(name).__name__}.",
                "Columns are asked for by text; a number is often the sign of a lost header.",
                "Name the columns, or take the numbers as text: `frame.rename(columns=str)`.",
            )
    twice = [name for name, count in counted.items() if count > 1]
    if twice:
        raise error(
            f"The column `{shortened(twice[0], VALUE)}` stands twice.",
            "Which of the two is meant cannot be known.",
            "Rename one of them, or leave it out.",
        )


def is_key(name: Any) -> bool:
    """Whether this is the name of the column of days."""
    return isinstance(name, str) and name.strip().lower() == KEY


def _cells(series: Any) -> Sequence[Any]:
    """Numbers where the frame says so, else cells one by one."""
    import narwhals as nw

    if is_key(series.name):
        try:
            return list(series.to_list())
        except (ValueError, OverflowError):  # a year that Python has no date for: as text, it is
            return list(series.cast(nw.String()).to_list())  # named with its row
    if series.null_count() == len(series):
        return np.full(len(series), np.nan)  # type: ignore[return-value]
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        values = series.cast(nw.Float64()).to_numpy()
        return np.asarray(values, dtype=np.float64)  # type: ignore[return-value]
    return list(series.to_list())


def _flat(frame: Any) -> Any:
    """A pandas frame whose names are plain and whose index, if it is one of days, is a column."""
    import pandas as pd

    index = frame.index
    named = is_key(index.name) or any(map(is_key, index.names))
    if isinstance(index, pd.MultiIndex):
        if named:
            raise DataError(
                f"The index has the levels {', '.join(map(str, index.names))}.",
                "A panel has one row a day, and one column for each thing that was measured.",
                'Make columns of the others: `frame.unstack("...")`.',
            )
        return frame.set_axis(_names(frame.columns), axis=1)
    flat = frame.set_axis(_names(frame.columns), axis=1)
    held = [name for name in flat.columns if is_key(name)]
    dated = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)
    if held and named:
        raise DataError(
            f"There are two columns of days: the index `{index.name}` and `{held[0]}`.",
            "Which of the two holds the days cannot be known.",
            "Rename or drop one: `frame.reset_index(drop=True)`.",
        )
    if named or (dated and not held):
        return flat.rename_axis(KEY).reset_index()
    return flat


def _names(columns: Any) -> list[Any]:
    """Plain names: of two-level ones, the levels that tell columns apart, `Close BTC-USD`."""
    if columns.nlevels == 1:
        unique(columns)
        return list(columns)
    parts = [[str(part) for part in name if part is not None and part != ""] for name in columns]
    rest = [name for name, part in zip(columns, parts, strict=True) if not _only_key(part)]
    telling = [k for k in range(columns.nlevels) if len({name[k] for name in rest}) > 1] or [0]
    names = [
        part[0] if _only_key(part) else " ".join(str(name[k]) for k in telling).strip()
        for name, part in zip(columns, parts, strict=True)
    ]
    unique(names)
    return names


def _only_key(parts: Sequence[str]) -> bool:
    return len(parts) == 1 and is_key(parts[0])


def _unread(native: Any, problem: Exception) -> DataError:
    return DataError(
        f"The {type(native).__name__} cannot be read: {type(problem).__name__}, {problem}.",
        "Some column of it holds what a panel cannot.",
        "Keep a column `date` and columns of numbers, and leave out the others.",
    )
