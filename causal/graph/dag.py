"""The causal graph: variables and edges, structure only, no numbers (networkx underneath).

A graph describes one day (a *slice*) and its dependence on the day before (see ``variable``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError as GraphlibCycleError
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from typing import TYPE_CHECKING, TypeVar

from causal.errors import CycleError, SpecError, UnknownVariableError, closest, nearest
from causal.graph.variable import LAST, Confounded, Edge, Variable, unlagged
from causal.memo import fields_alone
from causal.text import fault, shown, written

if TYPE_CHECKING:
    import networkx as nx

T = TypeVar("T", str, tuple[str, str, int])
SENTENCE = re.compile(r"[.;:!?。；]")
DENIED = frozenset({"no", "not", "nor", "never", "without"})
LONG = 4  # letters of a word that is looked for in a reason: shorter ones say little


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


def no_cycle(causes: Mapping[str, Iterable[str]], what: str, do: str) -> None:
    """Raise CycleError, the cycle shown, unless every effect comes after its causes."""
    try:
        TopologicalSorter(causes).prepare()
    except GraphlibCycleError as found:
        path = " -> ".join(found.args[1])
        raise CycleError(
            f"{what} form a cycle: {path}.", "A day's causes must come before their effects.", do
        ) from None


def problems(
    title: str,
    variables: Sequence[Variable],
    edges: Sequence[Edge],
    confounded: Sequence[Confounded],
) -> list[str]:
    """Every mistake in the lists of a graph called ``title``, in words."""
    names = [v.name for v in variables]
    known = set(names)
    found = [f"`{n}` is declared twice" for n in sorted(_twice(names))]
    found += [
        f"`{n}` cannot name a variable: empty, or with `@`" for n in names if not n or "@" in n
    ]
    for v in variables:
        if len(v.states) < 1 or len(set(v.states)) != len(v.states):
            found.append(f"`{v.name}`: states must be distinct and at least one")
        mentioned = [(f"`{v.name}`.start", s) for s in v.start or ()]
        found += [
            f"{w}: `{n}` is no variable. {nearest(n, names)}"
            for w, n in mentioned
            if n not in known
        ]
    for e in edges:
        where = f"edge {e.cause} -> {e.effect}"
        found += [
            f"{where}: `{n}` is no variable. {nearest(n, names)}"
            for n in (e.cause, e.effect)
            if n not in known
        ]
        if e.lag not in (0, 1):
            found.append(f"{where}: lag must be 0 or 1, not {e.lag}")
    pairs = [(e.cause, e.effect, e.lag) for e in edges]
    found += [f"edge {c} -> {f} (lag {g}) is given twice" for c, f, g in sorted(_twice(pairs))]
    for c in confounded:
        where = f"confounded {c.one} <-> {c.other}"
        found += [
            f"{where}: `{n}` is no variable. {nearest(n, names)}"
            for n in (c.one, c.other)
            if n not in known
        ]
        if c.one == c.other:
            found.append(f"{where}: a variable cannot be confounded with itself")
    return [*found, *_unwritable(title, variables, edges, confounded)]


def _twice(values: Iterable[T]) -> set[T]:
    return {value for value, times in Counter(values).items() if times > 1}


def _unwritable(
    title: str,
    variables: Iterable[Variable],
    edges: Iterable[Edge],
    confounded: Iterable[Confounded],
) -> Iterator[str]:
    """Names, labels and reasons with control characters."""
    texts = [("the name of the graph", title, False)]
    for v in variables:
        names = (v.name, v.label, v.label_zh, *v.states, *v.states_zh)
        texts += [(f"`{v.name}`", text, False) for text in names]
        texts.append((f"`{v.name}`.why", v.why, True))
        series = v.measurement.series if v.measurement is not None else ()
        texts += [(f"`{v.name}`.series", s.column, False) for s in series]
    texts += [(f"edge {e.cause} -> {e.effect}", e.because, True) for e in edges]
    texts += [(f"confounded {c.one} <-> {c.other}", c.because, True) for c in confounded]
    for where, text, prose in texts:
        wrong = fault(text, prose=prose)
        if wrong:
            yield f"{where}: `{text}` {wrong}"


def meant(name: str, variables: Sequence[Variable], edges: Sequence[Edge]) -> str:
    """A sentence that names the variable which is near in letters or in words, else all of them.

    A word of ``name`` counts where it begins a word of a label, a series or a reason, in a sentence
    that denies nothing ("it holds no tariffs").  Names go before reasons, a variable's own before
    those of its arrows; of several variables the one that has most of it is named.
    """
    known = {v.name: v for v in variables}
    if not isinstance(name, str) or closest(name, known):
        return nearest(name, known)
    stems = {_stem(w) for w in _words(name)}
    scores = {n: _score(stems, v, edges) for n, v in known.items()}
    best = max(scores, key=lambda n: scores[n], default="")
    if not best or not any(scores[best]):
        return nearest(name, known)
    label = known[best].label
    return f"Did you mean `{best}`{f' ({label})' if label else ''}?"


def _score(stems: set[str], variable: Variable, edges: Iterable[Edge]) -> tuple[int, int, int]:
    """How often the words stand in its name, label and series, in its reason, in its arrows'."""
    series = variable.measurement.series if variable.measurement else ()
    names = [variable.name, variable.label, variable.label_zh, *(s.column for s in series)]
    arrows = [e.because for e in edges if e.cause == variable.name]
    long = {s for s in stems if len(s) >= LONG or not s.isascii()}
    return (
        _count(stems, names),
        _count(long, _affirmed([variable.why])),
        _count(long, _affirmed(arrows)),
    )


def _affirmed(texts: Iterable[str]) -> list[str]:
    """The sentences that deny nothing."""
    return [s for text in texts for s in SENTENCE.split(text) if not DENIED & set(_words(s, 2))]


def _count(stems: set[str], texts: Iterable[str]) -> int:
    return sum(w.startswith(s) for text in texts for w in _words(text) for s in stems)


def _words(text: str, shortest: int = 3) -> list[str]:
    found = re.findall(r"[^\W\d_]+", text.casefold())
    return [w for w in found if len(w) >= shortest or not w.isascii()]


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 4 else word
