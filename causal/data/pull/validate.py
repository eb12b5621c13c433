"""Whether a response may replace what is stored: order of days, units, history, overlap."""

from __future__ import annotations

from datetime import date

import numpy as np

from causal.contract.array import Array
from causal.data.sources.source import Column, Observations, Source, changed_shape
from causal.errors import SourceError

UNIT = 1.5  # the overlap's median ratio, new over stored, lies between 1/UNIT and UNIT
FEW = 5  # values that a median needs to be judged by
RECENT = 20  # newest values, stored and new, that are held against each other
LOST = 5  # vanished days that a message names


def ordered(source: Source, rows: Observations) -> Observations:
    """The rows, oldest first; raises SourceError if days repeat, or neither rise nor fall."""
    unequal = [n for n, v in rows.values.items() if len(v) != len(rows.days)]
    if unequal or set(rows.values) != set(source.names):
        raise changed_shape(source, "its columns do not belong together.")
    steps = np.diff(rows.days).astype(int)
    if len(steps) and (steps < 0).sum() * 2 > len(steps):
        rows = rows.pick(np.arange(len(rows))[::-1])
        steps = np.diff(rows.days).astype(int)
    if (steps == 0).any():
        day = rows.days[int(np.argmax(steps == 0))]
        raise changed_shape(source, f"the day {day} stands twice.")
    if (steps < 0).any():
        at = int(np.argmax(steps < 0))
        raise changed_shape(
            source, f"the days are out of order: {rows.days[at + 1]} after {rows.days[at]}."
        )
    return rows


def observed_until(rows: Observations, until: date) -> Observations:
    """The days up to ``until`` on which anything was observed; the day that still runs is not."""
    there = ~np.all([np.isnan(v) for v in rows.values.values()], axis=0)
    return rows.pick(there & (rows.days <= np.datetime64(until)))


def plausible(source: Source, rows: Observations) -> None:
    """Raise SourceError unless the median of every column lies where its unit puts it."""
    if source.whole and not len(rows):
        raise changed_shape(source, "the file holds no values.")
    for column in source.columns:
        known = present(rows.values[column.name])
        if not len(known) or (len(known) < FEW and not source.whole):
            continue
        middle = float(np.median(known))
        if not column.low <= middle <= column.high:
            raise changed_shape(
                source,
                f"the median of `{column.name}` is {middle:g}; in {column.unit} it lies between "
                f"{column.low:g} and {column.high:g}.",
                "The unit has changed, or this is another series. "
                "Nothing that was stored has been replaced.",
            )


def comparable(source: Source, rows: Observations, stored: Observations) -> None:
    """Raise SourceError if the overlap with the stored days says that the unit has changed, or the
    newest values jump where no such series jumps."""
    _, here, there = np.intersect1d(rows.days, stored.days, return_indices=True)
    for column in source.columns:
        new, old = rows.values[column.name], stored.values[column.name]
        if len(present(old[there])) >= FEW and not len(present(new)):
            raise changed_shape(source, f"`{column.name}` has no values any more.")
        pairs = ~np.isnan(new[here]) & ~np.isnan(old[there]) & (old[there] != 0)
        ratios = np.abs(new[here][pairs] / old[there][pairs])
        middle = float(np.median(ratios)) if len(ratios) else 1.0
        if len(ratios) and not 1 / UNIT <= middle <= UNIT:
            last = (new[here][pairs][-1], old[there][pairs][-1])
            raise _differs(source, column, middle, last)
        _jump(source, column, new[rows.days > stored.days[-1]], old)


def complete(source: Source, rows: Observations, stored: Observations, since: date) -> None:
    """Raise SourceError naming the stored days, from ``since`` on, that the response has lost."""
    expected = stored.days[stored.days >= np.datetime64(since)]
    if not source.whole and len(rows):
        expected = expected[expected <= rows.days[-1]]
    lost = np.setdiff1d(expected, rows.days)
    if not len(lost):
        return
    more = ", ..." if len(lost) > LOST else ""
    raise SourceError(
        f"{source.publisher} ({source.name}): {len(lost)} day(s) that are stored have vanished "
        f"from the response: {', '.join(map(str, lost[:LOST]))}{more}.",
        "The history has shrunk; what is stored has been kept as it was.",
        "Try again later.  If the publisher has withdrawn these days on purpose, take its word "
        f"with `causal data pull {source.name} --accept`; earlier vintages stay readable.",
    )


def present(values: Array) -> Array:
    """The values that are there."""
    found: Array = values[~np.isnan(values)]
    return found


def _jump(source: Source, column: Column, new: Array, old: Array) -> None:
    recent, before = present(new)[:RECENT], present(old)[-RECENT:]
    if not column.jump or len(recent) == 0 or len(before) < FEW:
        return
    factor = float(np.median(recent) / np.median(before))
    if not 1 / column.jump <= factor <= column.jump:
        raise changed_shape(
            source,
            f"`{column.name}` jumps from about {np.median(before):g} to about "
            f"{np.median(recent):g} {column.unit}.",
            f"More than {column.jump:g} times in {RECENT} days is not credible. "
            "Nothing that was stored has been replaced.",
        )


def _differs(
    source: Source, column: Column, middle: float, last: tuple[float, float]
) -> SourceError:
    return changed_shape(
        source,
        f"`{column.name}` is {middle:g} times what is stored for the same days "
        f"(the last is {last[0]:g}, stored {last[1]:g} {column.unit}).",
        "The unit has changed, or this is another series. "
        "Nothing that was stored has been replaced.",
    )
