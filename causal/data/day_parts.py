"""The day split by the US session: how far Bitcoin moved before it, in it and after it.

From bars of four hours or less, all in UTC, a day t has three moves that follow each other,

    btc_move_before  = ln(P_12 / P_0)       known at 12:00, before New York opens
    btc_move_session = ln(P_20 / P_12)
    btc_move_after   = ln(P_24 / P_20)

P_0 is the open of the bar that opens at 00:00, the others are closes of the bars that end then, so
the three add up to ln(close / open) of the day, and no day needs another day's bars.  New York's
session is 13:30-20:00 UTC under daylight saving and 14:30-21:00 else: in winter its last hour is in
``after``.  Where the bar of one end is missing, the moves that need it are gaps; none is filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal import file
from causal.contract.array import Array
from causal.data.cells import column
from causal.data.dates import DAY, LONGEST_GAP, instants
from causal.data.frames import columns
from causal.data.panel import Panel
from causal.data.tables import read_table
from causal.errors import DataError, SourceError
from causal.text import VALUE, shortened

MOVES = ("btc_move_before", "btc_move_session", "btc_move_after")
ENDS = (12, 20, 24)  # hours of UTC at which the three end
TIMES = ("open_time", "timestamp", "time", "date")  # what the column of opening times is called
MINUTE, HOUR = np.timedelta64(1, "m"), np.timedelta64(60, "m")
LONGEST = 4 * HOUR  # a bar that is longer hides one of the ends


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Prices of bars of one length ``step``, by when they open (UTC, increasing); gaps are NaN."""

    opened: NDArray[np.datetime64]
    first: Array
    last: Array
    step: np.timedelta64


def read_bars(source: str | Path | Any) -> Bars:
    """The bars in a file or frame, as ``read_panel`` reads one: columns open and close, and one of
    opening times in UTC (open_time, timestamp, time or date; in pandas the index may be it).

    A bar of volume 0, where there is a column ``volume``, has no price: nothing traded.  Raises
    SourceError when the file cannot be read, and DataError for rows that are no such bars.
    """
    if not isinstance(source, str | Path):
        return _bars(columns(source))
    cells = read_table(file.contents(source, SourceError), str(source))
    try:
        return _bars(cells)
    except DataError as wrong:
        raise DataError(f"`{source}`: {wrong.what}", wrong.means, wrong.do) from None


def bars_of(
    opened: NDArray[np.datetime64], first: Array, last: Array, step: np.timedelta64 | None = None
) -> Bars:
    """Bars that open then, with their first and last prices, each of shape (bars,).

    Without ``step`` their length is the commonest distance between two.  Raises DataError, naming
    the row, for bars out of order, twice, more than ten years apart, of a length that does not
    divide four hours, that do not open on its multiples, and for prices that are not above zero.
    """
    opened = opened.astype("datetime64[us]")
    steps = np.diff(opened)
    _in_turn(opened, steps)
    if step is None:
        if len(opened) < 2:
            raise DataError(
                "There is one bar.",
                "How long it is cannot be told, and no day can be made of it.",
                "Pass the bars of some days.",
            )
        lengths, counts = np.unique(steps, return_counts=True)
        step = lengths[np.argmax(counts)]
    if LONGEST % step != np.timedelta64(0, "us"):
        raise DataError(
            f"The bars are {_clock(step)} long.",
            "Of such bars none ends at 12:00, or none at 20:00 UTC: they must divide four hours.",
            "Pass bars of one or four hours.",
        )
    strays = (opened - opened.astype("datetime64[D]")) % step != np.timedelta64(0, "us")
    if strays.any():
        row = int(np.argmax(strays))
        raise DataError(
            f"Row {row + 1} opens at {opened[row].item():%Y-%m-%d %H:%M:%S}, and bars of "
            f"{_clock(step)} open at multiples of it, from 00:00 UTC on.",
            "The times are not in UTC, say when bars end, or are of several lengths.",
            "Pass bars of one length, by their opening time in UTC.",
        )
    for name, prices in (("open", first), ("close", last)):
        if (prices <= 0).any() or np.isinf(prices).any():
            row = int(np.argmax((prices <= 0) | np.isinf(prices)))
            raise DataError(
                f"`{name}` is {prices[row]:g} in row {row + 1} "
                f"({opened[row].item():%Y-%m-%d %H:%M}).",
                "A price is above zero, and its logarithm is taken.",
                "Mend the row, or leave the cell blank: the moves that need it become gaps.",
            )
    return Bars(opened, first, last, step)


def day_moves(bars: Bars) -> Panel:
    """The three moves of each day from the first bar to the last, as a panel of ``MOVES``.

    A move of day t uses bars of t that end when it ends, or before, and no other day's.
    """
    first, last = bars.opened[[0, -1]].astype("datetime64[D]")
    every = np.arange(first, last + DAY, DAY)
    start: NDArray[np.datetime64] = every.astype("datetime64[us]")
    prices = [_at(bars, bars.first, start)]
    for hour in ENDS:
        ends: NDArray[np.datetime64] = start + hour * HOUR
        prices.append(_at(bars, bars.last, ends - bars.step))
    return Panel(every, MOVES, np.diff(np.log(prices), axis=0).T)


def with_moves(panel: Panel, bars: Bars) -> Panel:
    """The panel with the three moves of its days; every other column stays as it is.

    A day of which the panel knows any of the three stays, too, so a day never mixes two sources and
    the bars that are joined first go before those joined later.  Raises DataError where the bars
    have no day of the panel.
    """
    found = day_moves(bars)
    here = np.isin(panel.dates, found.dates)
    if not here.any():
        raise DataError(
            f"The bars have no day of the panel: they run from {found.dates[0]} to "
            f"{found.dates[-1]}, the panel from {panel.dates[0]} to {panel.dates[-1]}.",
            "Nothing can be joined.",
            "Pass bars of the panel's days.",
        )
    held = moves_of(panel)
    fills = here & np.isnan(held).all(axis=1)
    held[fills] = found.values[(panel.dates[fills] - found.dates[0]).astype(int)]
    own = [name for name in panel.names if name not in MOVES]
    others = np.stack([panel.column(name) for name in own], axis=1) if own else held[:, :0]
    return Panel(panel.dates, (*own, *MOVES), np.concatenate([others, held], axis=1), panel.text)


def moves_of(panel: Panel) -> Array:
    """The moves that a panel holds, shape (days, 3); NaN for a column that it lacks."""
    gap = np.full(len(panel.dates), np.nan)
    return np.stack([panel.column(n) if n in panel.names else gap for n in MOVES], axis=1)


def _bars(cells: Mapping[str, Sequence[Any]]) -> Bars:
    """The bars in columns of cells, which are called as they please in capitals or not."""
    known: dict[str, list[str]] = {}
    for name in cells:
        known.setdefault(name.strip().lower(), []).append(name)
    times = [n for key in TIMES for n in known.get(key, ())]
    prices = [known.get(key, []) for key in ("open", "close")]
    if len(times) != 1 or any(len(names) != 1 for names in prices):
        listed = ", ".join(shortened(name, VALUE) for name in [*cells][:8])
        raise DataError(
            f"This is no table of bars; its columns are {listed}"
            f"{', ...' if len(cells) > 8 else ''}.",
            "Bars have one column `open`, one `close`, and one of opening times "
            f"({', '.join(TIMES)}).",
            "Name the columns so, and leave out what stands twice.",
        )
    opened = instants(cells[times[0]])
    first, last = (_numbers(name, cells[name], opened) for (name,) in prices)
    for name in known.get("volume", ()):
        idle = _numbers(name, cells[name], opened) == 0
        first, last = np.where(idle, np.nan, first), np.where(idle, np.nan, last)
    return bars_of(opened, first, last)


def _numbers(name: str, cells: Sequence[Any], opened: NDArray[np.datetime64]) -> Array:
    """A column of numbers; raises DataError for one of text."""
    found = column(name, cells, opened.astype("datetime64[s]"))
    if found is None:
        raise DataError(
            f"`{shortened(name, VALUE)}` holds text, not numbers.",
            "A bar has a first and a last price.",
            "Write numbers like 93895.5, and leave the cell blank where there was none.",
        )
    return found


def _in_turn(opened: NDArray[np.datetime64], steps: NDArray[np.timedelta64]) -> None:
    """Raise DataError unless the bars follow each other, within ten years."""
    for wrong, what, do in (
        (steps == 0 * MINUTE, "stands twice", "Remove the duplicate."),
        (steps < 0 * MINUTE, "comes after a later one", "Sort the bars by time."),
        (steps > LONGEST_GAP * DAY, "comes ten years after the one before", "Mend the year."),
    ):
        if wrong.any():
            row = int(np.argmax(wrong)) + 1
            raise DataError(
                f"The bar of {opened[row].item():%Y-%m-%d %H:%M} {what} (row {row + 1}).",
                "Bars increase, one row a bar.",
                do,
            )


def _at(bars: Bars, prices: Array, opened: NDArray[np.datetime64]) -> Array:
    """Prices of the bars that open at these times; NaN where there is none."""
    places = np.searchsorted(bars.opened, opened).clip(max=len(bars.opened) - 1)
    found: Array = np.where(bars.opened[places] == opened, prices[places], np.nan)
    return found


def _clock(step: np.timedelta64) -> str:
    """A length of time in words."""
    minutes = step / MINUTE
    return f"{minutes / 60:g} hours" if minutes >= 60 else f"{minutes:g} minutes"
