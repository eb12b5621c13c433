"""Interventions: data that say how to replace a table.

``Hard`` sets a state, ``Mix`` a distribution: they replace the whole table of the variable, so its
marginal is exactly what was asked for.  ``Policy`` looks before it acts, ``Cut`` lets one effect
see a chosen state of one cause; ``Schedule`` confines any of them to some days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from causal import limit
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut, checked_cut
from causal.query.event import StatesLike, condition
from causal.text import written

__all__ = [
    "Action",
    "Cut",
    "Hard",
    "Intervention",
    "Mix",
    "Policy",
    "Schedule",
    "checked_intervention",
    "intervention",
    "interventions",
]

Action = Hard | Mix | Policy | Cut


@dataclass(frozen=True, slots=True)
class Schedule:
    """An intervention that holds from day ``first`` to ``last`` of the horizon, both included.

    Days are counted from 1, the day after today; ``last`` None means to the end.  On every other
    day the table is the model's own.  Raises QueryError for what is no span of days.
    """

    what: Action
    first: int = 1
    last: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.what, Action):
            raise _no_intervention(self.what)
        whole = limit.day(self.first) and (self.last is None or limit.day(self.last))
        if not whole or self.first < 1 or (self.last is not None and self.last < self.first):
            raise QueryError(
                f"An intervention on days {written(self.first)} to {written(self.last)} is not a "
                "span of days.",
                "Days of the horizon are counted from 1.",
                "Write `do(x=a for 3d)` for the first three days, `do(x=a on d2)` for the second.",
            )

    @property
    def variable(self) -> str:
        """Whose table is changed."""
        return self.what.variable

    def holds(self, day: int) -> bool:
        """Whether it is done on a day of the horizon."""
        return self.first <= day and (self.last is None or day <= self.last)

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.what} on d{self.first}"
        if self.first == 1 and self.last is not None:
            return f"{self.what} for {self.last}d"
        if self.last is None:
            return f"{self.what} from d{self.first}"
        return f"{self.what} on d{self.first}-d{self.last}"


Intervention = Action | Schedule


def intervention(graph: CausalGraph, name: str, states: StatesLike) -> Hard | Mix:
    """A checked intervention from what a caller may say of a variable's states.

    One state is ``Hard``; a set of states shares the weight evenly; weights must sum to one.
    Raises UnknownVariableError, UnknownStateError, and QueryError for a name with a day or weights
    that are no distribution.
    """
    found = condition(graph, name, states)
    if found.day is not None:
        raise QueryError(
            f"`do({found})` names a day with `@`.",
            "An intervention holds on every day of the horizon unless it says for how long.",
            f"Write `do({found.variable}=... on d{max(found.day, 1)})` or `for 3d`.",
        )
    if isinstance(states, Mapping):
        return Mix(found.variable, found.weights)
    if len(found.weights) == 1:
        return Hard(found.variable, found.weights[0][0])
    share = 1 / len(found.weights)
    return Mix(found.variable, tuple((s, share) for s, _ in found.weights))


def interventions(
    graph: CausalGraph, what: Intervention | Mapping[str, StatesLike] | Iterable[Intervention]
) -> tuple[Intervention, ...]:
    """Interventions from values or from a mapping, each checked against the graph, in their order.

    The order counts: of two assignments on one variable on one day the later one holds.  Raises as
    ``intervention`` and ``checked_intervention`` do, and QueryError for what is neither.
    """
    if isinstance(what, Mapping):
        return tuple(intervention(graph, name, states) for name, states in what.items())
    found = (what,) if isinstance(what, Intervention) else what
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise _no_intervention(what)
    return tuple(checked_intervention(graph, item) for item in found)


def checked_intervention(graph: CausalGraph, item: Intervention) -> Intervention:
    """The intervention, its names and states known to the graph.

    Raises UnknownVariableError, UnknownStateError, and QueryError for an edge that is not there or
    a policy on the day before in a model of one day.
    """
    match item:
        case Schedule():
            what = checked_intervention(graph, item.what)
            assert isinstance(what, Action)
            return replace(item, what=what)
        case Cut():
            return checked_cut(graph, item)
        case Policy():
            item.chance(graph)
            item.vector(graph.variable(item.variable))
            if item.condition.day is not None and not graph.persistent:
                raise QueryError(
                    f"`do({item})` looks at the day before, which `{graph.name}` does not have.",
                    "No edge of the model is lagged: it is a model of one day.",
                    f"Let the policy look at `{item.condition.variable}` of the same day.",
                )
            return item
        case Hard() | Mix():
            item.vector(graph.variable(item.variable))
            return item
    raise _no_intervention(item)


def _no_intervention(what: object) -> QueryError:
    """The error of a value that says nothing of a table."""
    return QueryError(
        f"{written(what)} is no intervention.",
        "`do` takes a mapping of variables to states, or Hard, Mix, Policy, Cut and Schedule "
        "values.",
        'Write model.do(leverage="low") or model.do(Schedule(Hard("leverage", "low"), 1, 3)).',
    )
