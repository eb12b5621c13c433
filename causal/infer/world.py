"""World: a question about a model, resolved into weights on numbered days.  Decides, never counts.

Day -1 is the first slice (the observed distribution), day 0 today, days 1..H the horizon.  A model
without lagged edges has day 0 only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.infer.query import Query
from causal.model.event import Condition
from causal.model.intervention import Intervention, Schedule
from causal.model.table import Array

Weights = Mapping[str, Array]
LONGEST = 60


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """What is set, seen and asked on each day, as one vector of weights per variable."""

    graph: CausalGraph
    days: tuple[int, ...]
    doing: Mapping[int, Weights]
    seeing: Mapping[int, Weights]
    event: Weights
    event_days: frozenset[int]

    @property
    def last_seen(self) -> int:
        """The last day with evidence; before the first day where there is none."""
        return max((d for d, w in self.seeing.items() if w), default=self.days[0] - 1)


def world(graph: CausalGraph, query: Query) -> World:
    """The days of a query.  Raises QueryError where a day or a horizon does not fit the model."""
    horizon = _horizon(graph, query)
    first = -1 if graph.persistent else 0
    days = tuple(range(first, horizon + 1))
    asked = frozenset(range(1, horizon + 1)) if query.within else frozenset({horizon})
    for item in query.event:
        if item.day is not None:
            raise QueryError(
                f"The event `{item}` names a day.",
                "The day of the event is today, or the one that `within` or `at` gives.",
                f"Write `P({item.variable}=... at 3d)` for the third day.",
            )
    seeing: dict[int, dict[str, Array]] = {d: {} for d in days}
    for item in query.given:
        day = item.day or 0
        if day not in seeing:
            raise QueryError(
                f"The evidence `{item}` is about day {day}.",
                f"This question knows the days {days[0]} to {days[-1]}.",
                "Ask with a longer horizon (`within 7d`), or drop the evidence.",
            )
        _multiply(graph, seeing[day], item)
    event: dict[str, Array] = {}
    for item in query.event:
        _multiply(graph, event, item)
        _probability_weights(item)
    return World(graph, days, _doing(graph, query.do, horizon), seeing, event, asked)


def _horizon(graph: CausalGraph, query: Query) -> int:
    horizon = query.horizon
    if query.within is not None and query.at is not None:
        raise QueryError(
            "The question has both `within` and `at`.",
            "`within 7d` means at least once by day 7, `at 7d` on day 7.",
            "Keep one of the two.",
        )
    wanted = query.within if query.within is not None else query.at
    if wanted is None:
        return 0
    if not 1 <= wanted <= LONGEST:
        raise QueryError(
            f"A horizon of {wanted} days cannot be asked.",
            f"Horizons are whole days from 1 to {LONGEST}; beyond that a daily model says no more "
            "than its long-run average.",
            "Write `within 7d`, or leave the horizon out to ask about one day.",
        )
    if not graph.persistent:
        raise QueryError(
            f"`{graph.name}` has no days: none of its edges has `lag = 1`.",
            "A horizon needs a model through time.",
            "Leave out `within` and `at`.",
        )
    return horizon


def _doing(
    graph: CausalGraph, do: Iterable[Intervention], horizon: int
) -> dict[int, dict[str, Array]]:
    days = range(1, horizon + 1) if horizon else range(1)
    found: dict[int, dict[str, Array]] = {d: {} for d in days}
    for item in do:
        vector = item.vector(graph.variable(item.variable))
        if isinstance(item, Schedule):
            if not horizon or not any(item.holds(d) for d in days):
                raise QueryError(
                    f"`do({item})` holds on no day of this question.",
                    "Days of an intervention are counted from 1 and need a horizon.",
                    "Ask `within 7d`, or drop the days of the intervention.",
                )
            for day in days:
                if item.holds(day):
                    found[day][item.variable] = vector
        else:
            for day in days:
                found[day][item.variable] = vector
    return found


def _multiply(graph: CausalGraph, into: dict[str, Array], item: Condition) -> None:
    vector = item.vector(graph.variable(item.variable))
    into[item.variable] = into[item.variable] * vector if item.variable in into else vector


def _probability_weights(item: Condition) -> None:
    if max(w for _, w in item.weights) > 1:
        raise QueryError(
            f"The event `{item}` has a weight above one.",
            "The weight of a state is the chance that it counts as the event.",
            "Keep the weights of an event between 0 and 1.",
        )


def certain(vector: Array) -> int | None:
    """The state that carries all the weight, or None."""
    (places,) = np.nonzero(vector)
    return int(places[0]) if len(places) == 1 else None
