"""Which days of a question have a session: the real ones from a date on, else a mean over weekdays.

A variable measured by the US calendar is no chance: next Saturday is closed.  With a date every day
has the session that the rules give it.  Without one the question may begin on any weekday,

    P(event, e) = sum_w P(w) P(event, e | w),   P(w) = 1/7,   P(closed | w) = ``closed_share``,

so that evidence e weighs the weekdays by P(e | w), and a holiday falls on a weekday as often as the
rules have it.  The weekday is one more variable of the *question*, which turns by one every day: in
the graph of a model it would make the first slice, a long-run distribution, periodic.  Each table
here stands in the place of the fitted one of the calendar, and is no surgery: it touches no
licence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from causal.calendar import closed_share, us_open
from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.section import CALENDAR_STATES, CLOSED, OPEN
from causal.graph.variable import Edge, Variable
from causal.query.event import Condition

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NAME = "weekday"

Sessions = Mapping[int, Mapping[str, Array]]
"""By day and variable the table that the calendar gives: (states,), or (weekday, states)."""


@lru_cache(maxsize=64)
def calendars(graph: CausalGraph) -> tuple[str, ...]:
    """The variables that say whether a day has a session, and that nothing else acts on."""
    return tuple(
        v.name
        for v in graph.variables
        if v.measurement is not None
        and v.measurement.calendar
        and set(CALENDAR_STATES) <= set(v.states)
        and not graph.parents(v.name)
        and not graph.start_parents(v.name)
    )


@lru_cache(maxsize=64)
def turning(graph: CausalGraph) -> tuple[str, ...]:
    """Calendars that follow the week where no date is known (files before version 4 have none)."""
    among = calendars(graph)
    follow = (v for v in graph.variables if v.measurement and v.measurement.calendar == "us")
    return tuple(v.name for v in follow if v.name in among)


@lru_cache(maxsize=64)
def telling(graph: CausalGraph) -> tuple[str, ...]:
    """The variables whose states say whether there was a session: calendars, markets that close."""
    among = set(calendars(graph))
    closing = [
        v.name
        for v in graph.variables
        if v.measurement is not None and v.measurement.closed and among & graph.ancestors([v.name])
    ]
    return (*among, *closing) if among else ()


def dated_sessions(
    graph: CausalGraph, start: str, days: Sequence[int], seeing: Mapping[int, Mapping[str, Array]]
) -> Sessions:
    """The sessions of days whose dates are known; ``seeing``: evidence by day and variable.

    A day on which the question sees the calendar itself, or a market in a state that it cannot have
    then, is left to the question: what it says goes before what the date says.
    """
    first = np.datetime64(start, "D")
    is_open = us_open(first + np.array(days, dtype=np.int64))
    found: dict[int, dict[str, Array]] = {}
    for day, session in zip(days, is_open.tolist(), strict=True):
        if not _contradicted(graph, session, seeing.get(day, {})):
            found[day] = {n: _sure(graph, n, session) for n in calendars(graph)}
    return found


def _sure(graph: CausalGraph, name: str, session: bool) -> Array:
    states = graph.variable(name).states
    weights = np.zeros(len(states))
    weights[states.index(OPEN if session else CLOSED)] = 1.0
    return weights


def _contradicted(graph: CausalGraph, session: bool, seen: Mapping[str, Array]) -> bool:
    """Whether the evidence of a day speaks of its session itself, or rules out the real one.

    A market that closes is closed in its first state.
    """
    among = calendars(graph)
    for name in telling(graph):
        if name in seen and (
            name in among or not np.any(seen[name][1:] if session else seen[name][:1])
        ):
            return True
    return False


def spoken(graph: CausalGraph, given: Iterable[Condition]) -> tuple[Condition, ...]:
    """The evidence that may go before what a date says of its day."""
    return tuple(c for c in given if c.variable in telling(graph))


def shut(graph: CausalGraph, seeing: Mapping[int, Mapping[str, Array]]) -> bool:
    """Whether evidence, by day and variable, says that a day has no session."""
    return any(
        np.flatnonzero(seen[name]).tolist() == [graph.variable(name).index(_closed(graph, name))]
        for seen in seeing.values()
        for name in telling(graph)
        if name in seen
    )


def _closed(graph: CausalGraph, name: str) -> str:
    """The state of a day without a session: a market that closes is closed in its first state."""
    return CLOSED if name in calendars(graph) else graph.variable(name).states[0]


@lru_cache(maxsize=64)
def weekly(graph: CausalGraph) -> tuple[CausalGraph, str]:
    """The graph joined by the weekday that its calendars follow, and that variable's name.

    The graph itself, and no name, where it has no calendar or its days do not act on one another.
    """
    among = turning(graph)
    if not among or not graph.persistent:
        return graph, ""
    name = NAME
    while name in graph.names:
        name += "'"
    turns = Edge(name, name, 1)
    joined = replace(
        graph,
        variables=(Variable(name, WEEKDAYS, start=()), *graph.variables),
        edges=(turns, *(Edge(name, n) for n in among), *graph.edges),
    )
    return joined, name


@lru_cache(maxsize=64)
def without(graph: CausalGraph, name: str) -> CausalGraph:
    """A graph joined by a weekday as it was before."""
    return replace(
        graph,
        variables=tuple(v for v in graph.variables if v.name != name),
        edges=tuple(e for e in graph.edges if e.cause != name),
    )


def any_weekday(graph: CausalGraph, days: Sequence[int]) -> Sessions:
    """The sessions of days whose dates are not known, for a graph joined by the weekday.

    P(session | weekday) on every day, and on every day but the first how the weekday turns.
    """
    _, name = weekly(graph)
    shares = {n: _shares(graph, n) for n in turning(graph)}
    if not name:
        return {day: {n: s.mean(axis=0) for n, s in shares.items()} for day in days}
    turned: Array = np.roll(np.eye(len(WEEKDAYS)), 1, axis=1)
    return {day: {name: turned if day > days[0] else evenly(), **shares} for day in days}


def evenly() -> Array:
    """P(weekday) where nothing tells which it is, shape (7,)."""
    return np.full(len(WEEKDAYS), 1 / len(WEEKDAYS))


def _shares(graph: CausalGraph, name: str) -> Array:
    """P(state of a calendar | weekday), shape (7, states)."""
    states, closed = graph.variable(name).states, closed_share()
    found = np.zeros((len(closed), len(states)))
    found[:, states.index(CLOSED)] = closed
    found[:, states.index(OPEN)] = 1 - closed
    return found


def calendar_used(graph: CausalGraph, start: str | None, horizon: int) -> str | None:
    """Which sessions an answer is about, in words; None where the model has no calendar."""
    if start is None:
        return "mean over weekdays" if turning(graph) else None
    if not calendars(graph):
        return None
    first = np.datetime64(start, "D")
    return f"{start} to {first + horizon}" if horizon else start
