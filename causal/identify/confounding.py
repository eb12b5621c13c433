"""Open doors: where unmeasured common causes keep an effect from being identified.

Assignments and policies: Tian & Pearl (2002), no chain of unmeasured common causes may join x to
a variable on which it acts directly; that is enough, and for assignments ``identification.py``
says whether it was needed.  Cuts of c -> y: the recanting district of Shpitser (2013), no such
chain may join y to c, or to another variable that sees c as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from causal.graph.dag import LAST, CausalGraph, unlagged
from causal.identify.district import district
from causal.query.intervention import Cut, Hard, Intervention, Mix, Policy, Schedule
from causal.query.surgery import bare


def doors(
    graph: CausalGraph,
    do: Sequence[Intervention],
    relevant: frozenset[str],
    *,
    leading: frozenset[str],
) -> tuple[str, ...]:
    """Every open door in words; none when the effect is identified.

    Only variables that matter to the question (``relevant``) count, and of what is done only what
    still leads to event or evidence (``leading``) does anything.  A declared common cause acts
    within a day, so it never joins variables of different days.
    """
    found: list[str] = []
    for item in do:
        what, shared = bare(item), "share an unmeasured cause (declared)"
        if what.variable not in leading:
            continue
        if isinstance(what, Cut):
            found += _cut(graph, do, item, what, relevant)
            continue
        effects = entangled(graph, what.variable, relevant)
        if effects:
            found.append(f"{what.variable} and its effect {', '.join(effects)} {shared}")
        if isinstance(what, Policy) and what.axis in _joined(graph, what.variable, relevant):
            found.append(f"{what.variable} and {what.axis}, which its policy looks at, {shared}")
    return tuple(dict.fromkeys(found))


def entangled(graph: CausalGraph, name: str, relevant: frozenset[str]) -> tuple[str, ...]:
    """Same-day effects of ``name`` in its district: where Tian & Pearl's test fails."""
    effects = set(graph.children(name)) & _joined(graph, name, relevant) & relevant
    return tuple(n for n in graph.names if n in effects)


def _joined(graph: CausalGraph, name: str, relevant: frozenset[str]) -> frozenset[str]:
    """The district of ``name`` among the variables that matter."""
    return district(graph, relevant | {name}, name)


def _cut(
    graph: CausalGraph,
    do: Sequence[Intervention],
    item: Intervention,
    cut: Cut,
    relevant: frozenset[str],
) -> Iterator[str]:
    joined = _joined(graph, cut.effect, relevant)
    if not cut.cause.endswith(LAST) and unlagged(cut.cause) in joined:
        yield f"{cut.cause} and its effect {cut.effect} share an unmeasured cause (declared)"
    others = [
        n
        for n in graph.names
        if n in joined - {cut.effect}
        and cut.cause in graph.parents(n)
        and not any(_alike(item, cut, other, n) for other in do)
    ]
    if others:
        yield (
            f"{cut.effect} and {', '.join(others)} share an unmeasured cause (declared) and would "
            f"see {cut.cause} in different states"
        )


def _alike(item: Intervention, cut: Cut, other: Intervention, name: str) -> bool:
    """Whether ``other`` lets ``name`` see the same on the same days, or sets it on all of them."""
    what = bare(other)
    if what.variable != name:
        return False
    if isinstance(what, Cut):
        return (what.cause, what.sees, _span(other)) == (cut.cause, cut.sees, _span(item))
    return isinstance(what, Hard | Mix) and not isinstance(other, Schedule)


def _span(item: Intervention) -> tuple[int, int | None]:
    return (item.first, item.last) if isinstance(item, Schedule) else (1, None)
