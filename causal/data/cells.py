"""Cells of a column of values: which are gaps, which are numbers, and what is neither.

A column is one of numbers where at least half of what it holds are numbers, or are meant as such
(1.234,5 or 5 %); any other is text and is set aside.  In a column of numbers a cell that is none is
refused, with its row: leaving out the cell or the column would hide it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.errors import DataError
from causal.text import VALUE, shortened, written

GAPS = frozenset(
    {
        "", ".", "-", "--", "–", "—", "na", "n/a", "n.a.", "#n/a", "#n/a n/a", "#na", "nan", "-nan",
        "+nan", "null", "none", "nat", "<na>",
    }
)  # fmt: skip
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf(?:inity)?", re.ASCII | re.I)
OTHERWISE = re.compile(
    r"[-+(]?\s*[$€£¥]?\s*[-+]?\d[\d.,'’_ \u00a0\u202f]*(?:e[+-]?\d+)?\s*[%)kmb]?", re.I
)
DO = (
    "Leave the cell blank where nothing was observed, write numbers like -1234.5, or leave out "
    "the column."
)


def is_gap(text: str) -> bool:
    """Whether a cell of text says that nothing was observed."""
    return text.strip().casefold() in GAPS


def as_number(text: str) -> float | None:
    """A number as English and Python write it, NaN for a gap; None for any other text.

    ``float`` alone would take 1_0 for ten, and digits of other scripts.
    """
    plain = text.strip()
    if NUMBER.fullmatch(plain):
        return float(plain)
    return float("nan") if is_gap(plain) else None


def column(
    name: str, raw: Sequence[Any], days: NDArray[np.datetime64]
) -> NDArray[np.float64] | None:
    """The cells of a column as numbers, gaps NaN; None where it holds text.

    Raises DataError, with row and day, for a cell that is no number where others are, and for an
    infinite one.
    """
    values = _quick(raw)
    if values is None:
        found = [_value(cell) for cell in raw]
        held = [c for c, v in zip(raw, found, strict=True) if v is None or not np.isnan(v)]
        if 2 * sum(map(_numeric, held)) < len(held):
            return None
        for row, (cell, value) in enumerate(zip(raw, found, strict=True)):
            if value is None:
                raise _neither(name, cell, f"row {row + 1} ({days[row]})")
        values = np.array(found, dtype=np.float64)
    if np.isinf(values).any():
        row = int(np.argmax(np.isinf(values)))
        raise DataError(
            f"`{shortened(name, VALUE)}` is infinite on {days[row]} (row {row + 1}).",
            "An infinite value has no state.",
            "Leave the cell blank where nothing was observed.",
        )
    return values


def _quick(raw: Sequence[Any]) -> NDArray[np.float64] | None:
    """Numbers, or ASCII text that holds nothing but plain numbers and gaps; None if unsure."""
    if isinstance(raw, np.ndarray):
        return raw.astype(np.float64)
    try:
        whole = "".join(raw)
        if "_" in whole or not whole.isascii():
            return None
        return np.array([float(c) if c not in GAPS else np.nan for c in raw])
    except (TypeError, ValueError):
        return None


def _value(cell: Any) -> float | None:
    if isinstance(cell, str):
        return as_number(cell)
    if cell is None or str(cell) in {"NaT", "<NA>"}:
        return float("nan")
    if isinstance(cell, Real | np.bool_) or type(cell).__name__ == "Decimal":
        try:
            return float(cell)
        except OverflowError:
            return float("inf")
        except ValueError:
            return None
    return None


def _numeric(cell: Any) -> bool:
    """Whether a cell is a number, or is meant as one."""
    meant = isinstance(cell, str) and OTHERWISE.fullmatch(cell.strip()) is not None
    return meant or _value(cell) is not None


def _neither(name: str, cell: Any, where: str) -> DataError:
    return DataError(
        f"`{shortened(name, VALUE)}` holds {written(cell)} in {where}, which is neither a number "
        "nor a gap.",
        "Other cells of the column are numbers, so it cannot be set aside as text.",
        DO,
    )
