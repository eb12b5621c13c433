"""The daily panel of everything stored, and from which day on each of its values could be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from causal.contract.array import Array
from causal.data.panel import DAY, Days, Panel, one_day
from causal.data.pull.cache import manifests, stored_rows
from causal.data.sources.catalogue import ALL
from causal.errors import DataError

FIRST = np.datetime64("2014-01-01")
NEVER = np.datetime64("NaT", "D")
# A column that nobody publishes freely, and what is read in its place where it is not there.
STAND_INS: Mapping[str, str] = {
    "long_liquidations_usd_spliced": "long_liq_coinalyze_btcusdt_usd",
    "short_liquidations_usd_spliced": "short_liq_coinalyze_btcusdt_usd",
    "vix_close": "vix_fred_close",
    "epu_daily": "epu_fred_daily",
}


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """All stored columns as one panel; ``available`` has its shape: the day from whose end on a
    value could be read, observation plus publication lag.  ``origin`` names each column's sources.
    """

    panel: Panel
    available: Days
    origin: Mapping[str, tuple[str, ...]]

    def as_of(self, day: str | np.datetime64) -> Panel:
        """The panel as it could be read at the end of ``day``: its last row is that day."""
        last = one_day(day)
        if last < self.panel.dates[0]:
            raise DataError(
                f"Nothing is stored up to {last}.",
                f"The stored history starts on {self.panel.dates[0]}.",
                "Choose a later day.",
            )
        every = np.arange(self.panel.dates[0], last + DAY, DAY)
        values = np.full((len(every), len(self.panel.names)), np.nan)
        rows = min(len(every), len(self.panel.dates))
        known = self.available[:rows] <= last
        values[:rows] = np.where(known, self.panel.values[:rows], np.nan)
        return Panel(every, self.panel.names, values, self.panel.text)


def holdings(cache: Path, *, vintage: str | None = None, first: np.datetime64 = FIRST) -> Holdings:
    """Everything in the cache from ``first`` on, as it was known at the end of the day ``vintage``.

    Where two sources yield a column, the user's own comes first, then the order of the catalogue;
    the later one fills days that the earlier one lacks.  Raises DataError when nothing is stored,
    IntegrityError when something is damaged.
    """
    rank = {s.name: i for i, s in enumerate(ALL)}
    found = []
    for entry in sorted(manifests(cache), key=lambda e: rank.get(e.name, -1)):
        rows = stored_rows(cache, entry.name, vintage)
        if rows is not None and len(rows) and rows.days[-1] >= first:
            found.append((entry, rows.pick(rows.days >= first)))
    if not found:
        _nothing(cache, vintage)
    last = max(rows.days[-1] for _, rows in found)
    every = np.arange(min(rows.days[0] for _, rows in found), last + DAY, DAY)
    columns: dict[str, Array] = {}
    available: dict[str, Days] = {}
    origin: dict[str, tuple[str, ...]] = {}
    for entry, rows in found:
        place = (rows.days - every[0]).astype(int)
        when = readable(rows.days, entry.lag, sessions=entry.sessions)
        for name, values in rows.values.items():
            column = columns.setdefault(name, np.full(len(every), np.nan))
            known = available.setdefault(name, np.full(len(every), NEVER))
            fills = np.isnan(column[place]) & ~np.isnan(values)
            column[place[fills]] = values[fills]
            known[place[fills]] = when[fills]
            origin[name] = (*origin.get(name, ()), entry.name)
    for name, other in STAND_INS.items():
        if name not in columns and other in columns:
            columns[name], available[name] = columns[other], available[other]
            origin[name] = origin[other]
    panel = Panel(every, tuple(columns), np.stack(list(columns.values()), axis=1))
    return Holdings(panel, np.stack(list(available.values()), axis=1), origin)


def panel_holdings(panel: Panel, lags: Mapping[str, int]) -> Holdings:
    """A panel of one's own in place of what is pulled; raises DataError where it is empty.

    A column that a known publisher yields can be read after that publisher's lag, another one after
    that of ``lags`` (days, by column; none is zero): no value is read before it was known.
    """
    by_column = {name: s for s in reversed(ALL) for name in s.names}
    known = []
    for name in panel.names:
        source = by_column.get(name)
        lag = source.lag if source is not None else lags.get(name, 0)
        sessions = source is not None and source.sessions
        known.append(readable(panel.dates, lag, sessions=sessions))
    origin = dict.fromkeys(panel.names, ("data",))
    return Holdings(panel, np.stack(known, axis=1), origin)


def readable(days: Days, lag: int, *, sessions: bool) -> Days:
    """The day from whose end on an observation can be read; with ``sessions`` the lag counts US
    business days (Friday's yield is published on Monday)."""
    if not sessions:
        return days + lag * DAY
    from causal.calendar import us_holidays

    years = days.astype("datetime64[Y]").astype(int) + 1970
    holidays = us_holidays(int(years.min()), int(years.max()) + 1)
    found: Days = np.busday_offset(days, lag, roll="preceding", holidays=holidays)
    return found


def standing_in(held: Holdings, wanted: Iterable[str]) -> dict[str, str]:
    """Which of the wanted columns are read from another one, of another scale, in their place."""
    offers = {s.name: s.names for s in ALL}
    return {
        name: STAND_INS[name]
        for name in wanted
        if name in STAND_INS
        and name in held.origin
        and all(s in offers and name not in offers[s] for s in held.origin[name])
    }


def widened(panel: Panel, names: Iterable[str]) -> Panel:
    """The panel with a column of gaps for each of ``names`` that it lacks."""
    missing = [n for n in dict.fromkeys(names) if n not in panel.names]
    gaps = np.full((len(panel.dates), len(missing)), np.nan)
    values = np.concatenate([panel.values, gaps], axis=1)
    return Panel(panel.dates, (*panel.names, *missing), values, panel.text)


def publishers_of(column: str) -> tuple[str, ...]:
    """Names of the sources that yield a column, itself or in its place."""
    wanted = {column, STAND_INS.get(column, column)}
    return tuple(s.name for s in ALL if wanted & set(s.names))


def sufficient(panel: Panel, wanted: Iterable[str]) -> None:
    """Raise DataError naming, for every column that is not stored, the sources to pull it from."""
    lines = []
    for name in dict.fromkeys(wanted):
        if name in panel.names and not np.isnan(panel.column(name)).all():
            continue
        sources = [s for s in ALL if s.name in publishers_of(name)]
        if not sources:
            lines.append(f"`{name}` is offered by none of the known publishers.")
            continue
        keys = [f" (set {s.key} to your own key)" if s.key else "" for s in sources]
        offers = " or ".join(f"`{s.name}`{key}" for s, key in zip(sources, keys, strict=True))
        lines.append(f"`{name}` comes from {offers}.")
    if lines:
        raise DataError(
            f"{len(lines)} column(s) of the story are not stored: {' '.join(lines)}",
            "What is measured by them would stay prior, and so would all that it acts on.",
            "Pull the sources that are named, describe one of your own (--sources), or pass the "
            "whole history with --data.",
        )


def today() -> np.datetime64:
    """The last day that is over in UTC."""
    return np.datetime64("now", "D") - DAY


def _nothing(cache: Path, vintage: str | None) -> NoReturn:
    kept = manifests(cache)
    if kept and vintage is not None:
        began = min((p.at for e in kept for p in e.pulls[:1]), default="")[:10]
        raise DataError(
            f"Nothing was known at the end of {one_day(vintage)} in {cache}.",
            f"The first pull was on {began}, and a vintage before it cannot be told.",
            "Ask for a later vintage; `--asof` works on any day, by publication lags.",
        )
    raise DataError(
        f"There is no history in {cache}.",
        "Nothing has been pulled yet.",
        "Run `causal data pull`, or pass a history of your own with --data (`fit`, `now`, `ask`).",
    )
