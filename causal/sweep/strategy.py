"""Which way each scenario of a sweep goes, by the operations of the plans, and what it costs.

    open    evidence (and, for one day, what is done) are axes of one table that many share
    shut    the evidence is absorbed into a past of its own, the future of its do is shared
    plain   one forward pass for the scenario alone

Nothing is computed to find out: plans say what they would cost, in multiply-adds a draw, and each
structure is planned once.  So a sweep that is too dear is refused before it begins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from causal.contract.array import Axes
from causal.contract.slice import OPERATIONS, Slice, memory_of
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.infer.frontier import compile_slices
from causal.limit import memory
from causal.query.event import Condition
from causal.query.intervention import Hard, Intervention, Mix, Schedule
from causal.query.query import Query
from causal.query.surgery import unscheduled
from causal.query.unrolled import tells_a_closed_day, unroll
from causal.query.week import spoken, turning
from causal.sweep.open_table import (
    cells,
    day_table_days,
    done_today,
    earlier,
    future_days,
    handed_on,
    later,
    past_days,
    seen_today,
)
from causal.text import written

Way = Literal["open", "shut", "plain"]

RATE = 1e9  # multiply-adds a second that a budget in seconds counts with
ENTRIES = 200_000  # cells of an open table at most, per draw
NODES = 60  # of the grid on which a drawdown is computed, about
HELD = 8  # tables of each kind that are kept at a time


@dataclass(frozen=True, slots=True)
class Route:
    """The way of every scenario, and what all of them cost: multiply-adds, and bytes at a time."""

    ways: tuple[Way, ...]
    operations: float
    memory: float


@dataclass(slots=True)
class Survey:
    """Plans of the structures in a sweep, each made once; operations are per draw.

    ``known``: by structure what it costs, and what its result is over; ``working``: the most bytes
    that running one of them takes; ``held``: those of the largest open table.
    """

    graph: CausalGraph
    draws: int
    moved: frozenset[str] = frozenset()
    known: dict[Hashable, tuple[float, Axes]] = field(default_factory=dict)
    working: int = 0
    held: float = 0.0

    def ways(self, queries: Sequence[Query]) -> tuple[list[Way], float]:
        """The way of every query and their operations in all.

        A group of scenarios that could share one table takes the cheaper of that table and the next
        best way; then, through time, a do that only one scenario has may still be cheaper
        ``plain``.
        """
        if queries[0].drawdown is not None:
            return ["plain"] * len(queries), sum(map(self._drawdown, queries))
        horizon = bool(queries[0].horizon)
        found: list[Way] = ["plain"] * len(queries)
        groups: dict[Hashable, list[int]] = defaultdict(list)
        total = 0.0
        for place, query in enumerate(queries):
            if self._alone(query) or not (horizon or _soft(query.do)):
                total += self.plain(query)
            elif horizon:
                groups[self._past_key(query)].append(place)
            else:
                key = (earlier(query.given), done_today(query.do), seen_today(query.given))
                groups[key].append(place)
        for places in groups.values():
            some = [queries[i] for i in places]
            way, cost = self._horizon(some) if horizon else self._one_day(some)
            total += cost
            for i in places:
                found[i] = way
        if horizon:
            total += self._futures(queries, found)
        return found, total

    def _alone(self, query: Query) -> bool:
        """Whether no table can be shared.

        That is with evidence on later days, or that may gainsay a date, or tells the weekday (where
        the days of draws are not independent); and where the calendar is acted on, since its other
        days may then be those of the model.
        """
        if later(query.given):
            return True
        if query.start is not None:
            return bool(spoken(self.graph, query.given))
        acted = not {*turning(self.graph)}.isdisjoint(done_today(query.do))
        return acted or (self.draws > 1 and not query.independent)

    def _past_key(self, query: Query) -> Hashable:
        """Equal for scenarios whose pasts may be one open table: their futures ask for equal
        states.
        """
        return (earlier(query.given), seen_today(query.given), self.future(query)[1])

    def _one_day(self, some: Sequence[Query]) -> tuple[Way, float]:
        """One table with everything open, or each scenario by itself.

        Taken as alike in cost are scenarios of one group: they do and see the same variables.
        """
        first = some[0]
        alone = len(some) * self.plain(first)
        done, seen = done_today(first.do), seen_today(first.given)
        axes = tuple(dict.fromkeys((*done, *seen, *(c.variable for c in first.event))))
        if cells(self.graph, axes) > ENTRIES:
            return "plain", alone
        asked = replace(first, given=earlier(first.given))
        together, _ = self._planned(
            ("one day", done, seen, _shape(earlier(first.given))),
            lambda: day_table_days(self.graph, asked, done, seen, batch=self.draws),
        )
        if together > alone or not self._fits(axes):
            return "plain", alone
        return "open", together

    def _horizon(self, some: Sequence[Query]) -> tuple[Way, float]:
        """A past with its evidence open, or one for each distinct evidence.

        open   one past, and two sums over its table for each do
        shut   a past for each evidence; the sum over the states handed on is small beside it
        """
        first = some[0]
        _, handed = self.future(first)
        seen = seen_today(first.given)
        distinct = len({q.given for q in some})
        shut, _ = self._planned(
            ("shut", handed, _shape(first.given)),
            lambda: past_days(self.graph, first, handed, batch=self.draws)[0],
        )
        axes = tuple(dict.fromkeys((*handed, *seen)))
        before = replace(first, given=earlier(first.given))
        if cells(self.graph, axes) > ENTRIES:
            return "shut", distinct * shut
        together, _ = self._planned(
            ("open", axes, _shape(earlier(first.given))),
            lambda: past_days(self.graph, before, axes, batch=self.draws)[0],
        )
        together += len({q.do for q in some}) * 2 * cells(self.graph, axes)
        if together > distinct * shut or not self._fits(axes):
            return "shut", distinct * shut
        return "open", together

    def _futures(self, queries: Sequence[Query], found: list[Way]) -> float:
        """One backward pass for each do; a scenario that shares nothing is better off alone.

        Changes the ways in ``found`` where that is so, and returns the operations of all futures.
        """
        by_do: dict[Hashable, list[int]] = defaultdict(list)
        for place, query in enumerate(queries):
            if found[place] != "plain":
                by_do[query.do].append(place)
        total = 0.0
        for places in by_do.values():
            first = queries[places[0]]
            back, _ = self.future(first)
            if len(places) == 1 and found[places[0]] == "shut" and self.plain(first) < back:
                found[places[0]] = "plain"
                total += self.plain(first)
            else:  # an effect that is only bounded takes two futures more
                bounded = bool(first.do and self.graph.confounded)
                total += back * (3 if bounded else 1)
        return total

    def _drawdown(self, query: Query) -> float:
        """About one passage of the moves' day for every node of the price's grid, and its base."""
        moves = [self.graph.variable(n) for n in sorted(self.moved)]
        stand_in = tuple(Condition(v.name, ((v.states[-1], 1.0),)) for v in moves)
        return 2 * NODES * self.plain(replace(query, drawdown=None, event=stand_in))

    def plain(self, query: Query) -> float:
        """Operations of one forward pass, per draw."""
        key = ("plain", _doing(query.do), _shape(query.given), query.independent)
        days = lambda: compile_slices(unroll(self.graph, query), batch=self.draws)  # noqa: E731
        return self._planned(key, days)[0]

    def future(self, query: Query) -> tuple[float, Axes]:
        """Operations of the backward pass for a query's do, and the states it rests on."""
        key = ("future", _doing(query.do))
        return self._planned(key, lambda: future_days(self.graph, query, batch=self.draws))

    def _fits(self, axes: Axes) -> bool:
        """Whether a table over ``axes`` leaves half of the memory to what else is held.

        16 bytes a cell and draw (event and evidence), ``HELD`` tables at a time.
        """
        size = 16.0 * self.draws * cells(self.graph, axes)
        if HELD * size > memory() / 2:
            return False
        self.held = max(self.held, size)
        return True

    def _planned(self, key: Hashable, build: Callable[[], Sequence[Slice]]) -> tuple[float, Axes]:
        """Operations of some days and the states that they rest on, built once a structure."""
        if key not in self.known:
            days = build()
            self.working = max(self.working, memory_of(days, self.draws))
            self.known[key] = float(sum(d.plan.operations for d in days)), handed_on(days)
        return self.known[key]


def routed(
    graph: CausalGraph,
    queries: Sequence[Query],
    draws: int,
    budget: float | str | None,
    *,
    moved: frozenset[str] = frozenset(),
) -> Route:
    """The way and the cost of every scenario; ``moved``: whose moves a drawdown is made of.

    Raises QueryError when the sweep costs more than ``budget``: multiply-adds, or a text like
    ``"60s"`` at a thousand million a second; or more memory than CAUSAL_MEMORY_GB.
    """
    most = _most(budget)
    survey = Survey(graph, draws, moved)
    # Draws take the days of any weekday as independent (``infer.weekdays``).
    apart = [draws > 1 and not tells_a_closed_day(graph, q.given) for q in queries]
    ways, operations = survey.ways(
        [replace(q, independent=here) for q, here in zip(queries, apart, strict=True)]
    )
    operations *= draws
    needed = HELD * survey.held + survey.working
    if operations > most or needed > memory():
        raise QueryError(
            f"This sweep of {len(queries):,} scenarios and {draws:,} draws would need about "
            f"{operations:.1e} multiply-adds and {needed / 1e9:,.1f} GB of memory.",
            f"The budget is {most:.1e} multiply-adds (about {most / RATE:,.0f} seconds) and "
            f"{memory() / 1e9:g} GB.",
            "Ask with fewer draws or a shorter horizon, repeat what is done (scenarios with the "
            "same do share their future), see the same variables, or raise `budget` or "
            "CAUSAL_MEMORY_GB.",
        )
    return Route(tuple(ways), operations, needed)


def _most(budget: float | str | None) -> float:
    """Multiply-adds of a budget; raises QueryError for what is none."""
    if budget is None:
        return OPERATIONS
    try:
        text = str(budget).strip()
        seconds = text.endswith("s")
        most = float(text.removesuffix("s")) * (RATE if seconds else 1)
    except (ValueError, RecursionError):
        most = 0.0
    if not most > 0:
        raise QueryError(
            f"{written(budget)} is no budget.",
            "A budget is a number of multiply-adds, or of seconds.",
            'Write 1e12 or "60s".',
        )
    return most


def _soft(do: Sequence[Intervention]) -> bool:
    """Whether each is a vector in the place of a table, so that its variable can stay open."""
    return all(isinstance(i, Hard | Mix) for i in do)


def _doing(do: Sequence[Intervention]) -> Hashable:
    """Equal for dos whose plans are the same."""
    found: list[Hashable] = []
    for item in do:
        what = unscheduled(item)
        days = (item.first, item.last) if isinstance(item, Schedule) else ()
        plain = isinstance(what, Hard | Mix)
        found.append((what.variable, isinstance(what, Hard), *days) if plain else item)
    return tuple(found)


def _shape(given: Sequence[Condition]) -> Hashable:
    """Equal for evidence whose plans are the same."""
    return tuple((c.variable, c.day or 0, len(c.weights) == 1) for c in given)
