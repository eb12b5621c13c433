"""What can be wrong with a graph: names, lags, repetitions, cycles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError as GraphlibCycleError
from graphlib import TopologicalSorter
from typing import TypeVar

from causal.errors import CycleError, nearest
from causal.graph.variable import Confounded, Edge, Variable
from causal.text import fault

T = TypeVar("T", str, tuple[str, str, int])


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
