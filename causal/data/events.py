"""Dated acts: lists made by rule, one row an act, read as columns of a panel.

A list begins with what it is complete in, ``# since = 2017-01-20``, ``# until = 2026-05-31`` and
``# columns = trade_escalation, trade_relief``; then a CSV follows that has at least the columns
day, column, size and memory.  Outside those days nothing is known of its acts: a gap, never
"nothing happened".  Lists of the user's own are added to the shipped ones, and carry them on.

Acts that Wall Street answers at its next opening have ``# effective = next session``: in the panel
they stand on the first US session that opens after them.  That moves them forward, never back.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import numpy as np

from causal import file
from causal.calendar import next_session, us_open
from causal.contract.array import Array
from causal.data.panel import DAY, Days, Panel, one_day
from causal.errors import DataError
from causal.text import written

NEEDED = ("day", "column", "size", "memory")
WANTED = ("since", "until", "columns")
EFFECTIVE = ("own day", "next session")
OPENING = "13:30"  # UTC; in winter the session opens an hour later
HEAD = re.compile(r"#\s*(\w+)\s*=\s*(.*?)\s*", re.ASCII)
HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
SIZE = re.compile(r"[1-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Act:
    """One dated act: the UTC day of its first public word, the panel's column and its size there.

    ``hour``: ``HH:MM`` UTC, empty where it is not known.  ``memory``: no page was found that shows
    the date.
    """

    day: np.datetime64
    hour: str
    column: str
    size: int
    memory: bool


@dataclass(frozen=True, slots=True)
class ActList:
    """The acts of a list in its order, complete by its rule from ``since`` to ``until``.

    ``columns``: the kinds of acts that it is complete in, whether or not there was one.
    ``effective``: ``own day``, or ``next session`` where an act counts from the first US session
    that opens after it.
    """

    since: np.datetime64
    until: np.datetime64
    columns: tuple[str, ...]
    acts: tuple[Act, ...]
    effective: str = EFFECTIVE[0]


def shipped_acts() -> tuple[ActList, ...]:
    """The lists of the package, in the order of their files: crypto-native shocks, earnings, trade
    and war.

    Their rules are in docs/reference/events.md.  Raises DataError where the package is damaged.
    """
    folder = file.shipped_folder() / "events"
    return tuple(read_acts(path) for path in sorted(folder.glob("*.csv")))


def read_acts(path: str | os.PathLike[str]) -> ActList:
    """A list of dated acts; raises DataError with every row that is none."""
    name = Path(path).name
    try:
        text = file.contents(path, DataError).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _malformed(name, [f"{name}: is not text in UTF-8"]) from None
    lines = [line for line in text.splitlines() if line.strip()]
    table = list(dropwhile(lambda line: line.startswith("#"), lines))
    heads = [m for line in lines[: len(lines) - len(table)] if (m := HEAD.fullmatch(line))]
    known, rows = {m[1]: m[2] for m in heads}, csv.DictReader(table)
    problems = [f"# {key} = ...: missing above the table" for key in WANTED if key not in known]
    problems += [f"# {key}: twice" for key in known if sum(m[1] == key for m in heads) > 1]
    problems += [f"column `{c}`: missing" for c in NEEDED if c not in (rows.fieldnames or ())]
    if problems:
        raise _malformed(name, problems)
    since, until = (_day(known[key], f"# {key}", problems) for key in ("since", "until"))
    columns = tuple(part.strip() for part in known["columns"].split(","))
    problems += [f"# columns: {written(c)} is no name like trade_relief"
                 for c in columns if not NAME.fullmatch(c)]  # fmt: skip
    effective = known.get("effective", EFFECTIVE[0])
    if effective not in EFFECTIVE:
        problems.append(f"# effective = {written(effective)}: not one of {', '.join(EFFECTIVE)}")
    try:
        found = [_act(row, f"row {n}", problems) for n, row in enumerate(rows, 1)]
    except csv.Error as trouble:
        raise _malformed(name, [f"{name}: {trouble}"]) from None
    acts = tuple(act for act in found if act is not None)
    problems += [f"{a.column} on {a.day}: not under # columns"
                 for a in acts if a.column not in columns]  # fmt: skip
    if since is not None and until is not None:
        if until < since:
            problems.append(f"# until = {until}: before # since = {since}")
        outside = [a for a in acts if not since <= a.day <= until]
        problems += [f"{a.column} on {a.day}: outside {since} to {until}" for a in outside]
    if problems or since is None or until is None:
        raise _malformed(name, problems)
    return ActList(since, until, columns, acts, effective)


def act_column(lists: Iterable[ActList], name: str, days: Days, *, memory: bool = True) -> Array:
    """The largest size of the day's acts, shape (days,): 0 on a day that a list covers without one.

    NaN on days that no list with such acts covers.  An act of a list that is effective at the next
    session stands on the first US session that opens after it; one whose hour is before the opening
    stays on its day.  ``memory=False`` leaves out acts whose date no page showed, a sensitivity
    run.  Raises DataError where no list speaks of ``name``.
    """
    mine = [some for some in lists if name in some.columns]
    if not mine:
        raise DataError(
            f"No list of dated acts has the column {written(name)}.",
            "It cannot be told on which days there were such acts.",
            "Name a column of docs/reference/events.md, or read the list that has it.",
        )
    found = np.full(len(days), np.nan)
    for some in mine:
        covered = (days >= _first(some)) & (days <= some.until)
        found[covered & np.isnan(found)] = 0.0
    for some in mine:
        acts = [a for a in some.acts if a.column == name and (memory or not a.memory)]
        for act, day in zip(acts, _effective(some, acts), strict=True):
            here = days == day
            found[here] = np.maximum(found[here], act.size)
    return found


def with_acts(panel: Panel, lists: Sequence[ActList], *, memory: bool = True) -> Panel:
    """The panel and a column for every kind of act of ``lists``; its own columns stay as they are.

    ``memory`` as in ``act_column``.
    """
    names = dict.fromkeys(c for some in lists for c in some.columns if c not in panel.names)
    columns = [act_column(lists, name, panel.dates, memory=memory) for name in names]
    values = np.column_stack([panel.values, *columns])
    return Panel(panel.dates, (*panel.names, *names), values, panel.text)


def _effective(some: ActList, acts: Sequence[Act]) -> Days:
    """The day that each act counts on."""
    days = np.array([act.day for act in acts], dtype="datetime64[D]")
    if some.effective == EFFECTIVE[0]:
        return days
    early = np.array([act.hour != "" and act.hour < OPENING for act in acts], dtype=bool)
    return np.where(early & us_open(days), days, next_session(days))


def _first(some: ActList) -> np.datetime64:
    """The first day on which no act from before the list can count."""
    if some.effective == EFFECTIVE[0]:
        return some.since
    opened: np.datetime64 = next_session(np.array([some.since - DAY]))[0]
    return opened + DAY


def _act(row: dict[str, str], where: str, problems: list[str]) -> Act | None:
    """One row as an act; what is wrong with it goes to ``problems``."""
    before = len(problems)
    cells = {key: (row.get(key) or "").strip() for key in (*NEEDED, "hour")}
    day = _day(cells["day"], where, problems)
    size, memory = cells["size"], cells["memory"]
    if not SIZE.fullmatch(size):
        problems.append(f"{where}: size {written(size)} is no whole number from 1 to 9")
    if memory not in ("yes", "no"):
        problems.append(f"{where}: memory {written(memory)} is neither yes nor no")
    if cells["hour"] and not HOUR.fullmatch(cells["hour"]):
        problems.append(f"{where}: hour {written(cells['hour'])} is not like 14:30")
    if None in row:
        problems.append(f"{where}: more cells than columns")
    if len(problems) > before or day is None:
        return None
    return Act(day, cells["hour"], cells["column"], int(size), memory == "yes")


def _day(text: str, where: str, problems: list[str]) -> np.datetime64 | None:
    try:
        return one_day(text)
    except DataError:
        problems.append(f"{where}: {written(text)} is no day like 2026-05-31")
        return None


def _malformed(name: str, problems: Sequence[str]) -> DataError:
    many = "mistake" if len(problems) == 1 else "mistakes"
    return DataError(
        f"{name} has {len(problems)} {many}: {'; '.join(problems[:20])}.",
        "None of its acts was read: a list that is read in part would say `nothing happened`.",
        "Mend them; docs/reference/events.md shows the format.",
    )
