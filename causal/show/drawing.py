"""Drawing: what was asked of a graph, and what that makes of its variables and arrows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import networkx as nx

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.query.event import Condition
from causal.query.intervention import Cut, Hard, Intervention, Mix, Policy
from causal.query.surgery import unscheduled
from causal.show.palette import MANY_VARIABLES, Lang

Role = Literal["do", "given", "event", ""]


@dataclass(frozen=True)
class Drawing:
    """A graph, the question put to it, and the language of the picture.

    ``bounds``: the least and the greatest probability of each state, of the variables on which the
    effect is only bounded.  ``assumed``: those on which it rests on an assumption.
    """

    graph: CausalGraph
    do: tuple[Intervention, ...] = ()
    given: tuple[Condition, ...] = ()
    event: tuple[Condition, ...] = ()
    horizon: int = 0
    day: int = 0
    title: str = ""
    lang: Lang = "en"
    bounds: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)
    assumed: frozenset[str] = frozenset()

    @cached_property
    def done(self) -> frozenset[str]:
        """The variables that a do sets, always or by a policy."""
        return frozenset(i.variable for i in self.do if not isinstance(unscheduled(i), Cut))

    @cached_property
    def replaced(self) -> frozenset[str]:
        """The variables whose whole tables a do replaces."""
        return frozenset(i.variable for i in self.do if isinstance(unscheduled(i), Hard | Mix))

    @cached_property
    def severed(self) -> frozenset[tuple[str, str]]:
        """The edges (axis, effect) that a do cuts."""
        cuts = [what for i in self.do if isinstance(what := unscheduled(i), Cut)]
        return frozenset((c.cause, c.effect) for c in cuts)

    @cached_property
    def conditions(self) -> tuple[Policy, ...]:
        """The policies, each of which draws an arrow from what it looks at."""
        return tuple(what for i in self.do if isinstance(what := unscheduled(i), Policy))

    @cached_property
    def seen(self) -> frozenset[str]:
        return frozenset(c.variable for c in self.given)

    @cached_property
    def asked(self) -> frozenset[str]:
        return frozenset(c.variable for c in self.event)

    def roles(self, name: str) -> frozenset[Role]:
        """What the question says about a variable; it may say several things."""
        found: set[Role] = set()
        if name in self.done:
            found.add("do")
        if name in self.seen:
            found.add("given")
        if name in self.asked:
            found.add("event")
        return frozenset(found)

    def states(self, name: str) -> frozenset[str]:
        """The states of ``name`` that the question names as event, evidence or do."""
        variable = self.graph.variable(name)
        found: set[str] = set()
        for item in (*self.event, *self.given, *map(unscheduled, self.do)):
            if item.variable == name and not isinstance(item, Cut):
                vector = item.vector(variable)
                found |= {s for s, w in zip(variable.states, vector, strict=True) if w > 0}
        return frozenset(found)

    @cached_property
    def drawn(self) -> tuple[str, ...]:
        """The variables to draw: all, or in a large graph the ancestors of what was asked.

        Ancestors in the graph before surgery, so that the arrows that were cut are seen; through
        both slices, so that the day before is seen as well.
        """
        read = {p.condition.variable for p in self.conditions}
        wanted = self.done | self.seen | self.asked | read | {e for _, e in self.severed}
        if len(self.graph.names) <= MANY_VARIABLES or not wanted:
            return self.graph.names
        whole = _links(self.graph.edges)
        kept = set(wanted).union(*(nx.ancestors(whole, n) for n in wanted if n in whole))
        return tuple(n for n in self.graph.names if n in kept)

    def is_cut(self, edge: Edge) -> bool:
        """Whether surgery takes the arrow away: it is cut, or enters a variable that is set."""
        return edge.effect in self.replaced or (edge.axis, edge.effect) in self.severed

    @cached_property
    def active(self) -> frozenset[tuple[str, str, int]]:
        """Arrows (cause, effect, lag) on directed paths to the event in the mutilated graph.

        Paths start at the do-variables, without any at the evidence, and end where they first
        reach the event: what the event causes in its turn is left aside.  Without a horizon only
        same-day arrows count, with one the arrows to the next day as well.
        """
        sources = self.done | {e for _, e in self.severed} or self.seen
        edges = [
            e
            for e in self.graph.edges
            if (e.lag == 0 or self.horizon)
            and e.effect not in sources
            and e.cause not in self.asked
            and e.cause != e.effect
        ]
        links = _links(edges)
        below = set(sources).union(*(nx.descendants(links, n) for n in sources if n in links))
        above = set(self.asked).union(*(nx.ancestors(links, n) for n in self.asked if n in links))
        return frozenset(
            (e.cause, e.effect, e.lag) for e in edges if e.cause in below and e.effect in above
        )

    def label(self, name: str) -> str:
        """The variable's name in the language of the picture, falling back to English."""
        variable = self.graph.variable(name)
        chinese = variable.label_zh if self.lang == "zh" else ""
        return chinese or variable.label or name

    def state_labels(self, variable: Variable) -> tuple[str, ...]:
        chinese = self.lang == "zh" and len(variable.states_zh) == len(variable.states)
        return variable.states_zh if chinese else variable.states


def is_calendar(variable: Variable) -> bool:
    """Whether a variable is the trading calendar itself."""
    return variable.measurement is not None and bool(variable.measurement.calendar)


def _links(edges: Iterable[Edge]) -> nx.DiGraph:
    return nx.DiGraph((e.cause, e.effect) for e in edges)
