"""A question about a model, unrolled into weights on numbered days; it decides, never counts.

Day -1 is the first slice (the observed distribution), day 0 today, days 1..H the horizon.  A model
without lagged edges has day 0 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, unlagged
from causal.query.event import Condition
from causal.query.intervention import Intervention, checked_intervention
from causal.query.query import Query
from causal.query.surgery import Mechanism, mechanism, stacks
from causal.query.validation import check
from causal.query.week import (
    Sessions,
    any_weekday,
    calendars,
    dated_sessions,
    shut,
    turning,
    weekly,
    without,
)

DayWeights = Mapping[str, Array]
"""Of one day: under a variable a weight for each of its states, (states,)."""


@dataclass(frozen=True, slots=True, eq=False)
class Unrolled:
    """What is set, seen and asked on each day, as one vector of weights per variable.

    ``doing``: vectors in the place of a table; ``seeing``: evidence, scaled to a largest weight of
    one, ``log_scale`` being the logarithm of what was taken out; ``event``: weights of the event on
    each of ``event_days``, of which at least one must hold.  Vectors have shape (states,).
    ``kept``: variables of the last day whose axes stay open in its result.  ``made``: the tables
    that policies and cuts change, which still read something.  ``sessions``: tables that the
    calendar gives, in the place of fitted ones; ``week``: the variable of ``graph`` that is none of
    the model's but the weekday, empty without one (see ``week.py``).
    """

    graph: CausalGraph
    days: tuple[int, ...]
    doing: Mapping[int, DayWeights]
    seeing: Mapping[int, DayWeights]
    event: DayWeights
    event_days: frozenset[int]
    log_scale: float = 0.0
    kept: tuple[str, ...] = ()
    made: Mapping[int, Mapping[str, Mechanism]] = field(default_factory=dict)
    sessions: Sessions = field(default_factory=dict)
    week: str = ""

    @property
    def undated(self) -> Unrolled:
        """The same with the calendar as the model has it: what licences are read off."""
        graph = without(self.graph, self.week) if self.week else self.graph
        return replace(self, graph=graph, sessions={}, week="")

    @property
    def independent(self) -> Unrolled:
        """The same with days that have a session as often as any day has, each by itself.

        The mean over weekdays with what one day tells of the next left out; a dated question as is.
        """
        if not self.week:
            return self
        graph = without(self.graph, self.week)
        sessions = {
            day: {n: t.mean(axis=0) for n, t in some.items() if n != self.week}
            for day, some in self.sessions.items()
        }
        return replace(self, graph=graph, sessions=sessions, week="")

    @property
    def tells_a_closed_day(self) -> bool:
        """Whether the evidence says that a day has no session, and so about which weekday it is."""
        return shut(self.undated.graph, self.seeing)

    @property
    def untouched(self) -> Unrolled:
        """The world before surgery."""
        return replace(self, doing={}, made={})

    @property
    def observing(self) -> Unrolled:
        """The world before surgery in which all that is done was seen instead."""
        seeing = {d: {**w, **self.doing.get(d, {})} for d, w in self.seeing.items()}
        return replace(self.untouched, seeing=seeing)

    def reads(self, name: str, day: int) -> tuple[str, ...]:
        """Axes that a variable's table, or what surgery made of it, reads on a day."""
        if name in self.doing.get(day, ()):
            return ()
        if name in (made := self.made.get(day, {})):
            return made[name].reads
        if (table := self.session(name, day)) is not None and table.ndim == 1:
            return ()
        return self.graph.start_parents(name) if day < 0 else self.graph.parents(name)

    def session(self, name: str, day: int) -> Array | None:
        """The table that the calendar gives a variable on a day, unless something is done to it."""
        if name in self.doing.get(day, ()) or name in self.made.get(day, ()):
            return None
        return self.sessions.get(day, {}).get(name)

    @property
    def last_seen(self) -> int:
        """The last day with evidence; before the first day where there is none."""
        return max((d for d, w in self.seeing.items() if w), default=self.days[0] - 1)


def unroll(graph: CausalGraph, query: Query) -> Unrolled:
    """The days of a query, from the first slice (or day 0 in a model of one day) to its horizon.

    Several conditions on one variable and day multiply.  Without a date the sessions are those of
    any weekday, or of independent days (see ``Query``).  Raises UnknownVariableError,
    UnknownStateError, and QueryError where a day or a horizon does not fit the model (see
    ``validation.faults``).
    """
    horizon = check(query, graph).horizon
    first = -1 if graph.persistent else 0
    days = tuple(range(first, horizon + 1))
    seeing: dict[int, dict[str, Array]] = {d: {} for d in days}
    for item in query.given:
        _multiply(graph, seeing[item.day or 0], item)
    event: dict[str, Array] = {}
    for item in query.event:
        _multiply(graph, event, item)
    scale = 0.0
    for weights in seeing.values():
        for name, vector in weights.items():
            most = float(vector.max())
            if most > 0:
                weights[name] = vector / most
                scale += float(np.log(most))
    doing, made = _surgery(graph, query.do, horizon)
    found = Unrolled(graph, days, doing, seeing, event, frozenset(query.asked), scale, made=made)
    found = _with_sessions(found, query.start)
    return found.independent if query.independent else found


def _with_sessions(found: Unrolled, start: str | None) -> Unrolled:
    """The days with the sessions of their dates, or of any weekday where no date is known.

    A calendar that a policy acts on is left to the model: the policy is laid on its fitted table.
    """
    graph = found.graph
    among = turning(graph)
    if start is not None:
        return replace(found, sessions=dated_sessions(graph, start, found.days, found.seeing))
    acted = any(n in made for made in found.made.values() for n in calendars(graph))
    if not among or acted:
        return found
    joined, name = weekly(graph)
    return replace(found, graph=joined, sessions=any_weekday(graph, found.days), week=name)


def _surgery(
    graph: CausalGraph, do: Iterable[Intervention], horizon: int
) -> tuple[dict[int, dict[str, Array]], dict[int, dict[str, Mechanism]]]:
    """On every day the vectors that replace a table, and the mechanisms that change one."""
    doing: dict[int, dict[str, Array]] = {}
    made: dict[int, dict[str, Mechanism]] = {}
    known: dict[Intervention, Array] = {}
    do = tuple(checked_intervention(graph, item) for item in do)
    for day in range(1, horizon + 1) if horizon else range(1):
        doing[day], made[day] = {}, {}
        for name, stack in stacks(do, day).items():
            if stack.base is not None and not stack.policies:
                vector = known.setdefault(stack.base, stack.base.vector(graph.variable(name)))
                doing[day][name] = vector
            elif stack.base is not None or stack.policies or stack.cuts:
                made[day][name] = mechanism(graph, name, stack)
    return doing, made


def _multiply(graph: CausalGraph, into: dict[str, Array], item: Condition) -> None:
    """Multiply a condition's weights into those of its variable."""
    vector = item.vector(graph.variable(item.variable))
    into[item.variable] = into[item.variable] * vector if item.variable in into else vector


def tells_a_closed_day(graph: CausalGraph, given: Iterable[Condition]) -> bool:
    """Whether the evidence of a question says that a day has no session (see ``week.shut``)."""
    seeing: dict[int, dict[str, Array]] = {}
    for item in given:
        _multiply(graph, seeing.setdefault(item.day or 0, {}), item)
    return shut(graph, seeing)


def certain(vector: Array) -> int | None:
    """The state that carries all the weight of a vector (states,), or None."""
    (places,) = np.nonzero(vector)
    return int(places[0]) if len(places) == 1 else None


def relevant(
    unrolled: Unrolled, targets: Mapping[int, frozenset[str]], *, late: bool = True
) -> tuple[dict[int, frozenset[str]], dict[int, frozenset[str]]]:
    """Variables each day needs, and the persistent ones it hands on (backward sweep).

    A variable is needed when it is an ancestor, after surgery, of evidence, of the event or of
    ``targets``; all others sum out to one (barren nodes, Shachter 1986).  Returns two mappings by
    day: what is needed, and what must cross from the day before.  ``late``: no other world comes
    before this one, so that the weekday may begin where something reads it.
    """
    needed: dict[int, frozenset[str]] = {}
    crossing: dict[int, frozenset[str]] = {unrolled.days[-1]: frozenset()}
    for day in reversed(unrolled.days):
        wanted = crossing[day] | frozenset(unrolled.seeing[day]) | targets.get(day, frozenset())
        if day in unrolled.event_days:
            wanted |= frozenset(unrolled.event)
        if day == unrolled.days[-1]:
            wanted |= frozenset(unrolled.kept)
        needed[day], crossing[day - 1] = _ancestors(unrolled, wanted, day)
    if unrolled.week and late:
        _late(unrolled, targets, needed, crossing)
    return needed, crossing


def _late(
    unrolled: Unrolled,
    targets: Mapping[int, frozenset[str]],
    needed: dict[int, frozenset[str]],
    crossing: dict[int, frozenset[str]],
) -> None:
    """Let the weekday begin on the first day on which something reads it: before, it turns idly."""
    week = frozenset([unrolled.week])
    for day in unrolled.days:
        kept = unrolled.kept if day == unrolled.days[-1] else ()
        read = any(unrolled.week in unrolled.reads(n, day) for n in needed[day])
        if read or week & targets.get(day, frozenset()) or unrolled.week in kept:
            return
        needed[day], crossing[day] = needed[day] - week, crossing[day] - week


def _ancestors(
    unrolled: Unrolled, wanted: frozenset[str], day: int
) -> tuple[frozenset[str], frozenset[str]]:
    """What ``wanted`` rests on within a day, and what that reads of the day before."""
    reached: set[str] = set()
    lasting: set[str] = set()
    stack = list(wanted)
    while stack:
        name = stack.pop()
        if name in reached:
            continue
        reached.add(name)
        for parent in unrolled.reads(name, day):
            if parent.endswith(LAST):
                lasting.add(unlagged(parent))
            else:
                stack.append(parent)
    return frozenset(reached), frozenset(lasting)


def settled(unrolled: Unrolled, day: int) -> dict[str, int]:
    """Variables that can be in one state only, set or seen: their axes are indexed away."""
    found: dict[str, int] = {}
    for name in unrolled.sessions.get(day, ()):
        table = unrolled.session(name, day)
        state = certain(table) if table is not None and table.ndim == 1 else None
        if state is not None:
            found[name] = state
    for weights in (unrolled.seeing.get(day, {}), unrolled.doing.get(day, {})):
        for name, vector in weights.items():
            state = certain(vector)
            if state is not None:
                found[name] = state
    return found
