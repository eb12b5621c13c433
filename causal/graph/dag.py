"""Variables, edges and the causal graph: structure only, no numbers (networkx underneath).

A graph describes one day (a *slice*) and its dependence on the day before: an edge with ``lag`` 0
acts within the day, an edge with ``lag`` 1 from the day before.  The name of a variable one day
back is ``name@-1``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import networkx as nx

from causal.errors import CycleError, SpecError, UnknownStateError, UnknownVariableError, nearest

LAST = "@-1"


def lagged(name: str) -> str:
    """The axis of a variable one day back: ``leverage`` -> ``leverage@-1``."""
    return name + LAST


def unlagged(axis: str) -> str:
    """The variable of an axis: ``leverage@-1`` -> ``leverage``."""
    return axis.removesuffix(LAST)


@dataclass(frozen=True, slots=True)
class Series:
    """One column of the panel and the trailing steps that turn it into a number a day."""

    column: str
    steps: tuple[str, ...] = ()
    weight: float = 1.0
    restart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """How a variable is read off the panel: the weighted mean of its series, cut into states.

    A value x falls in the state whose index is the number of cuts <= x.  ``cuts`` are fixed;
    ``quantiles`` are learnt from the values up to ``fit_until``.  With ``closed`` the first state
    stands for days without a US session and the cuts divide the others.
    """

    series: tuple[Series, ...] = ()
    cuts: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    closed: bool = False
    calendar: Literal["", "us"] = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the story.  ``states`` are ordered calmest first; the last is the worst."""

    name: str
    states: tuple[str, ...]
    measurement: Measurement | None = None
    rule: Literal["", "worst"] = ""
    start: tuple[str, ...] | None = None
    publication_lag: int = 0
    manipulable: bool = False
    label: str = ""
    label_zh: str = ""
    states_zh: tuple[str, ...] = ()
    why: str = ""

    def index(self, state: str) -> int:
        """Position of ``state``; raises UnknownStateError with the nearest state."""
        if state not in self.states:
            raise UnknownStateError(
                f"`{self.name}` has no state `{state}`.",
                f"Its states are {', '.join(self.states)} (calmest first).",
                nearest(state, self.states),
            )
        return self.states.index(state)


@dataclass(frozen=True, slots=True)
class Edge:
    """``cause`` acts on ``effect`` the same day (lag 0) or the day after (lag 1), ``because``."""

    cause: str
    effect: str
    lag: int = 0
    because: str = ""

    @property
    def axis(self) -> str:
        """The cause as an axis of the effect's table."""
        return lagged(self.cause) if self.lag else self.cause


@dataclass(frozen=True, slots=True)
class Confounded:
    """Two variables with an unmeasured common cause, and the reason to believe in it."""

    one: str
    other: str
    because: str = ""


@dataclass(frozen=True)
class CausalGraph:
    """What causes what.

    Raises SpecError (every problem listed), CycleError or UnknownVariableError when built wrongly.
    """

    variables: tuple[Variable, ...]
    edges: tuple[Edge, ...] = ()
    confounded: tuple[Confounded, ...] = ()
    name: str = field(default="graph")

    def __post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            unknown = all("is no variable" in p for p in problems)
            raise (UnknownVariableError if unknown else SpecError)(
                f"The graph `{self.name}` has {len(problems)} problem(s).",
                "No model can be built on it.",
                "Mend each of these:",
                problems,
            )
        _no_cycle(
            self.same_day,
            "Same-day edges",
            "Give one of these edges `lag = 1`, or split the variable in two.",
        )
        start = nx.DiGraph((p, n) for n in self.names for p in self.start_parents(n))
        _no_cycle(start, "The parents in `start`", "Take one of these out of `start`.")

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(v.name for v in self.variables)

    @cached_property
    def same_day(self) -> nx.DiGraph:
        """The lag-0 edges as a networkx graph over all variables."""
        graph = nx.DiGraph()
        graph.add_nodes_from(self.names)
        graph.add_edges_from((e.cause, e.effect) for e in self.edges if e.lag == 0)
        return graph

    @cached_property
    def _by_name(self) -> dict[str, Variable]:
        return {v.name: v for v in self.variables}

    @cached_property
    def _parents(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {n: [] for n in self.names}
        for edge in self.edges:
            found[edge.effect].append(edge.axis)
        return {n: tuple(p) for n, p in found.items()}

    def variable(self, name: str) -> Variable:
        """The variable called ``name``; raises UnknownVariableError with the nearest name."""
        if name not in self._by_name:
            raise UnknownVariableError(
                f"There is no variable `{name}`.",
                "The question or the story names something the model does not hold.",
                nearest(name, self.names),
            )
        return self._by_name[name]

    def size(self, axis: str) -> int:
        """Number of states along an axis (``x`` or ``x@-1``)."""
        return len(self.variable(unlagged(axis)).states)

    def parents(self, name: str) -> tuple[str, ...]:
        """Axes of the direct causes, in the order of the story: ``("war", "bitcoin@-1")``."""
        self.variable(name)
        return self._parents[name]

    def start_parents(self, name: str) -> tuple[str, ...]:
        """Parents in the first slice: declared by ``start``, else the same-day causes.

        The first slice describes the observed distribution of a day; it is not causal.
        """
        declared = self.variable(name).start
        if declared is not None:
            return declared
        return tuple(p for p in self._parents[name] if not p.endswith(LAST))

    def children(self, name: str) -> tuple[str, ...]:
        """Same-day effects of ``name``."""
        self.variable(name)
        return tuple(e.effect for e in self.edges if e.cause == name and e.lag == 0)

    @cached_property
    def persistent(self) -> tuple[str, ...]:
        """Variables that act on the next day: the interface between slices."""
        causes = {e.cause for e in self.edges if e.lag == 1}
        return tuple(n for n in self.names if n in causes)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Topological order of the same-day edges; ties in the order of the story."""
        place = {n: i for i, n in enumerate(self.names)}
        return tuple(nx.lexicographical_topological_sort(self.same_day, key=place.__getitem__))

    def ancestors(self, names: Iterable[str]) -> frozenset[str]:
        """Same-day ancestors of ``names``, themselves included."""
        found: set[str] = set()
        stack = list(names)
        while stack:
            name = stack.pop()
            if name not in found:
                found.add(name)
                stack += [p for p in self.parents(name) if not p.endswith(LAST)]
        return frozenset(found)

    def descendants(self, name: str) -> frozenset[str]:
        """Same-day descendants of ``name``, itself excluded."""
        self.variable(name)
        return frozenset(nx.descendants(self.same_day, name))

    def mutilated(self, names: Iterable[str]) -> CausalGraph:
        """The graph after surgery: no arrow, and no confounder, enters any of ``names``."""
        cut = frozenset(names)
        for name in cut:
            self.variable(name)
        return replace(
            self,
            edges=tuple(e for e in self.edges if e.effect not in cut),
            confounded=tuple(c for c in self.confounded if c.one not in cut and c.other not in cut),
        )

    def districts(self) -> tuple[frozenset[str], ...]:
        """Sets of variables joined by unmeasured common causes (c-components)."""
        graph = nx.Graph()
        graph.add_nodes_from(self.names)
        graph.add_edges_from((c.one, c.other) for c in self.confounded)
        return tuple(frozenset(c) for c in nx.connected_components(graph))


def _no_cycle(graph: nx.DiGraph, what: str, do: str) -> None:
    try:
        cycle = nx.find_cycle(graph)
    except nx.NetworkXNoCycle:
        return
    path = " -> ".join([cycle[0][0], *(b for _, b in cycle)])
    raise CycleError(
        f"{what} form a cycle: {path}.", "A day's causes must come before their effects.", do
    )


def _problems(graph: CausalGraph) -> list[str]:
    names = [v.name for v in graph.variables]
    known = set(names)
    found = [f"`{n}` is declared twice" for n in sorted({n for n in names if names.count(n) > 1})]
    found += [
        f"`{n}` cannot name a variable: empty, or with `@`" for n in names if not n or "@" in n
    ]
    for v in graph.variables:
        if len(v.states) < 1 or len(set(v.states)) != len(v.states):
            found.append(f"`{v.name}`: states must be distinct and at least one")
        mentioned = [(f"`{v.name}`.start", s) for s in v.start or ()]
        found += [
            f"{w}: `{n}` is no variable. {nearest(n, names)}"
            for w, n in mentioned
            if n not in known
        ]
    for e in graph.edges:
        where = f"edge {e.cause} -> {e.effect}"
        found += [
            f"{where}: `{n}` is no variable. {nearest(n, names)}"
            for n in (e.cause, e.effect)
            if n not in known
        ]
        if e.lag not in (0, 1):
            found.append(f"{where}: lag must be 0 or 1, not {e.lag}")
    pairs = [(e.cause, e.effect, e.lag) for e in graph.edges]
    found += [
        f"edge {c} -> {f} (lag {g}) is given twice"
        for c, f, g in sorted(set(pairs))
        if pairs.count((c, f, g)) > 1
    ]
    for c in graph.confounded:
        where = f"confounded {c.one} <-> {c.other}"
        found += [
            f"{where}: `{n}` is no variable. {nearest(n, names)}"
            for n in (c.one, c.other)
            if n not in known
        ]
        if c.one == c.other:
            found.append(f"{where}: a variable cannot be confounded with itself")
    return found
