"""The causal graph: variables and edges, structure only, no numbers (networkx underneath).

A graph describes one day (a *slice*) and its dependence on the day before (see ``variable``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from causal.errors import SpecError, UnknownVariableError
from causal.graph.fault import no_cycle, problems
from causal.graph.suggestion import meant
from causal.graph.variable import LAST, Confounded, Edge, Variable, unlagged
from causal.memo import fields_alone
from causal.text import shown, written

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, repr=False)
class CausalGraph:
    """What causes what.

    Raises SpecError (every problem listed), CycleError or UnknownVariableError when built wrongly.
    """

    variables: tuple[Variable, ...]
    edges: tuple[Edge, ...] = ()
    confounded: tuple[Confounded, ...] = ()
    name: str = field(default="graph")
    __getstate__ = fields_alone

    def __post_init__(self) -> None:
        found = problems(self.name, self.variables, self.edges, self.confounded)
        if found:
            unknown = all("is no variable" in p for p in found)
            raise (UnknownVariableError if unknown else SpecError)(
                f"The graph `{self.name}` has {len(found)} problem(s).",
                "No model can be built on it.",
                "Mend each of these:",
                found,
            )
        no_cycle(
            self._same_day_causes,
            "Same-day edges",
            "Give one of these edges `lag = 1`, or split the variable in two.",
        )
        start = {n: self.start_parents(n) for n in self.names}
        no_cycle(start, "The parents in `start`", "Take one of these out of `start`.")

    def __repr__(self) -> str:
        sizes = f"{len(self.variables)} variables, {len(self.edges)} edges"
        return shown(f"<CausalGraph {self.name}: {sizes}, {len(self.confounded)} confounded>")

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(v.name for v in self.variables)

    @cached_property
    def same_day(self) -> nx.DiGraph:
        """The lag-0 edges as a networkx graph over all variables."""
        import networkx as nx

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
        if not isinstance(name, str) or name not in self._by_name:
            what = f"`{name}`" if isinstance(name, str) else written(name)
            raise UnknownVariableError(
                f"There is no variable {what}.",
                "The question or the story names something the model does not hold.",
                meant(name, self.variables, self.edges),
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
        going = TopologicalSorter(self._same_day_causes)
        going.prepare()
        ready: list[int] = []
        found: list[str] = []
        while going.is_active():
            for name in going.get_ready():
                heappush(ready, place[name])
            found.append(self.names[heappop(ready)])
            going.done(found[-1])
        return tuple(found)

    @property
    def _same_day_causes(self) -> dict[str, list[str]]:
        return {n: [p for p in self._parents[n] if not p.endswith(LAST)] for n in self.names}

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
        import networkx as nx

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
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from(self.names)
        graph.add_edges_from((c.one, c.other) for c in self.confounded)
        return tuple(frozenset(c) for c in nx.connected_components(graph))
