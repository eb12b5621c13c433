"""What is stored of each source, how old it is, and what looks wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from causal.calendar import us_open
from causal.data.history import readable
from causal.data.panel import DAY, Days, one_day
from causal.data.pull.cache import manifest_of, stored_names, stored_rows
from causal.data.sources.catalogue import ALL
from causal.data.sources.source import Source
from causal.errors import CausalError

LATE = 5  # days behind what its publication lag allows, before a source looks late
WEEKENDS = 0.05  # share of weekend days below which a series is one of US sessions
HOLES = 0.02  # share of missing days from which holes are worth a word


@dataclass(frozen=True, slots=True)
class Status:
    """One source in the cache; ``first`` is None when it was never pulled."""

    name: str
    title: str
    publisher: str
    licence: str
    citation: str
    columns: tuple[str, ...]
    lag: int
    first: str | None = None
    last: str | None = None
    rows: int = 0
    gaps: int = 0
    age: int | None = None
    checked: str = ""
    pulls: int = 0
    revised: int = 0
    wrong: tuple[str, ...] = field(default=())


def status(
    cache: Path, day: np.datetime64, *, vintage: str | None = None, every: bool = False
) -> list[Status]:
    """What the cache holds, aged as of ``day``; with ``every`` also the sources never pulled.

    What is damaged is a line of the list, which says so.  Raises DataError if the cache cannot be
    listed, or the vintage is no day.
    """
    if vintage is not None:
        one_day(vintage)
    rank = {s.name: i for i, s in enumerate(ALL)}
    names = stored_names(cache)
    found = [_stored(cache, n, day, vintage) for n in names]
    if every:
        found += [_known(s) for s in ALL if s.name not in names]
    return sorted(found, key=lambda s: (rank.get(s.name, len(rank)), s.name))


def holes(days: Days) -> int:
    """Days between the first and the last on which a value is missing: sessions, if weekends are
    empty, else calendar days."""
    if len(days) == 0:
        return 0
    every = np.arange(days[0], days[-1] + DAY, DAY)
    weekend = ~np.is_busday(every)
    there = np.isin(every, days)
    if there[weekend].sum() <= WEEKENDS * max(weekend.sum(), 1):
        return int((us_open(every) & ~there).sum())
    return int((~there).sum())


def _stored(cache: Path, name: str, day: np.datetime64, vintage: str | None) -> Status:
    try:
        entry = manifest_of(cache, name)
        rows = stored_rows(cache, name, vintage)
    except CausalError as error:
        known = next((s for s in ALL if s.name == name), None)
        if known is None:
            return Status(name, "", "", "", "", (), 0, wrong=(error.what,))
        return _known(known, (error.what,))
    if entry is None or rows is None:
        return Status(name, "", "", "", "", (), 0, wrong=("it is gone",))
    facts = (entry.name, entry.title, entry.publisher, entry.licence, entry.citation)
    if not len(rows):
        return Status(*facts, tuple(entry.columns), entry.lag, wrong=("no value is stored",))
    missing = holes(rows.days)
    age = int((day - rows.days[-1]).astype(int))
    due = readable(rows.days[-1:] + DAY, entry.lag, sessions=entry.sessions)[0]
    wrong = []
    if (day - due).astype(int) > LATE:
        wrong.append(f"late by {(day - due).astype(int)} days")
    if missing > HOLES * (len(rows) + missing):
        wrong.append(f"{missing} days are missing")
    return Status(
        *facts,
        tuple(entry.columns),
        entry.lag,
        str(rows.days[0]),
        str(rows.days[-1]),
        len(rows),
        missing,
        age,
        entry.checked,
        len(entry.pulls),
        sum(p.revised for p in entry.pulls),
        tuple(wrong),
    )


def _known(source: Source, wrong: Iterable[str] = ()) -> Status:
    return Status(
        source.name,
        source.title,
        source.publisher,
        source.licence,
        source.citation,
        source.names,
        source.lag,
        wrong=tuple(wrong),
    )
