"""Unmeasured common causes: open doors, and districts that tell when the tables give the effect.

**Open doors.**  Assignments and policies (Tian & Pearl 2002): no chain of unmeasured common causes
may join x to a variable on which it acts directly; that is enough, and for assignments
``algorithm.py`` says whether it was needed.  Cuts of c -> y: the recanting district of Shpitser
(2013), no such chain may join y to c, or to another variable that sees c as it is.

**The graph.** Days are unrolled; a declared common cause acts within a day, so it joins the copies
of its two variables on every day (the first slice included), and a *district*, what chains of
such causes join, never leaves its day.  X is what is done and still leads to event or evidence
(what does not changes nothing: rule 3 of the do-calculus), B all that leads there after surgery,
and A all that leads to B before it.

**What is true** (Tian & Pearl 2002, lemmas 1 and 4).  For any topological order of A,
P(A) = prod_v P(v | T_v, pa(T_v)), where T_v is v's district among itself and what comes before;
the factors of one district D multiply to Q[D], the distribution of D were all else done, and
P(A without X | do(X)) = prod of Q[D] over the districts without an X, times what is left of the
others.

**The rule.**  If for every v in B that keeps its own table

(a) v's district within A holds no X (v itself aside), and
(b) the earlier members T_v of its district, their causes, and its own causes are all causes of v,

then P(v | T_v, pa(T_v)) is the table P(v | pa(v)), and no factor of B reads anything outside B and
X.  So what is in A and not in B sums to one, from the last to the first, and what is left, prod
over B of P(v | pa(v)), is the product that the engine contracts.  Under (a) alone it is not: in
x -> m -> y with m <-> y, P(y | m) depends on x.  Under (b) alone it is not either: in the bow
x -> y, x <-> y the product is the observed joint, and P(y | x) no effect.

The order puts what uses its own table first wherever the arrows allow, so that what leads to X
alone counts as later.  What never leads to anything asked is not in A at all.

**Policies** mix, day by day, "set" and "left alone": the rule has to hold whatever was chosen, so
a variable under a policy is both an X for the others and a v itself.  **Cuts** put a chosen state
in the place of a cause in one table; under (b) that is the only factor of its district that reads
it (open doors are looked for where it is not), so the sum above is the same.  **Without do**
the rule is (b): the product is the observed joint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, Confounded, unlagged
from causal.query.intervention import Cut, Hard, Intervention, Mix, Policy, Schedule
from causal.query.surgery import unscheduled
from causal.query.unrolled import Unrolled, relevant


@dataclass(frozen=True, slots=True)
class Part:
    """One day of a question, as names: the sets A, B and X of the module's first lines.

    ``set``: those of X that keep nothing of their own table (no policy leaves them alone).
    """

    start: bool
    before: frozenset[str]
    after: frozenset[str]
    done: frozenset[str]
    set: frozenset[str]

    @property
    def own(self) -> frozenset[str]:
        """What uses its own table."""
        return self.after - self.set


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
        what, shared = unscheduled(item), "share an unmeasured cause (declared)"
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


def _cut(
    graph: CausalGraph,
    do: Sequence[Intervention],
    item: Intervention,
    cut: Cut,
    relevant: frozenset[str],
) -> Iterator[str]:
    """The doors that a cut of c -> y leaves open: the recanting district (Shpitser 2013)."""
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
    what = unscheduled(other)
    if what.variable != name:
        return False
    if isinstance(what, Cut):
        return (what.cause, what.sees, _span(other)) == (cut.cause, cut.sees, _span(item))
    return isinstance(what, Hard | Mix) and not isinstance(other, Schedule)


def _span(item: Intervention) -> tuple[int, int | None]:
    """First and last day of an intervention; None as the last: to the end of the horizon."""
    return (item.first, item.last) if isinstance(item, Schedule) else (1, None)


def entangled(graph: CausalGraph, name: str, relevant: frozenset[str]) -> tuple[str, ...]:
    """Same-day effects of ``name`` in its district: where Tian & Pearl's test fails."""
    effects = set(graph.children(name)) & _joined(graph, name, relevant) & relevant
    return tuple(n for n in graph.names if n in effects)


def _joined(graph: CausalGraph, name: str, relevant: frozenset[str]) -> frozenset[str]:
    """The district of ``name`` among the variables that matter."""
    return district(graph, relevant | {name}, name)


def misread(graph: CausalGraph, days: Iterable[Part]) -> tuple[Confounded, ...]:
    """The declared common causes for which the product of the tables need not be the estimand.

    Empty where the rule of this module licenses it.
    """
    found: set[frozenset[str]] = set()
    for part in days:
        for chain in _broken(graph, part):
            found.add(chain)
    return tuple(c for c in graph.confounded if any({c.one, c.other} <= chain for chain in found))


def _broken(graph: CausalGraph, part: Part) -> Iterator[frozenset[str]]:
    """For every v of a day that breaks (a) or (b), the part of its district that does."""
    paired = {n for c in graph.confounded for n in (c.one, c.other)}
    if not paired & part.own:
        return
    earlier: set[str] = set()
    for name in _order(graph, part):
        earlier.add(name)
        if name not in part.own or name not in paired:
            continue  # alone in its district, it reads its own causes
        whole = district(graph, part.before, name)
        if whole & (part.done - {name}):
            yield whole
        chain = district(graph, earlier, name)
        # T_v and pa(T_v) of the module's lines: all that P(v | T_v, pa(T_v)) reads.
        read = chain.union(*(parents(graph, part, n) for n in chain)) - {name}
        if not read <= set(parents(graph, part, name)):
            yield chain


def _order(graph: CausalGraph, part: Part) -> Iterator[str]:
    """Causes first; among what may come next, what uses its own table first."""
    place = {n: (n not in part.own, i) for i, n in enumerate(graph.names)}
    going = TopologicalSorter(
        {n: [p for p in parents(graph, part, n) if p in part.before] for n in part.before}
    )
    going.prepare()
    ready: set[str] = set()
    while going.is_active():
        ready |= set(going.get_ready())
        name = min(ready, key=place.__getitem__)
        ready.remove(name)
        going.done(name)
        yield name


def day_parts(asked: Unrolled) -> tuple[Part, ...]:
    """The days of a world, those that look alike once; days that need nothing are left out."""
    after, _ = relevant(asked, {})
    before, _ = relevant(asked.untouched, after)
    found = []
    for day in asked.days:
        fixed = set(asked.doing.get(day, ()))
        done = set(fixed)
        for name, made in asked.made.get(day, {}).items():
            done |= {name} if made.rules or made.base is not None else set()
            fixed |= {name} if made.base is not None else set()
        here = after[day]
        found.append(Part(day < 0, before[day], here, here & done, here & fixed))
    return tuple(dict.fromkeys(p for p in found if p.before))


def parents(graph: CausalGraph, part: Part, name: str) -> tuple[str, ...]:
    """Axes that a table reads on a day, before any surgery."""
    return graph.start_parents(name) if part.start else graph.parents(name)


def district(graph: CausalGraph, within: Iterable[str], name: str) -> frozenset[str]:
    """What chains of declared common causes between variables of ``within`` join to ``name``."""
    held = frozenset(within)
    pairs = [{c.one, c.other} for c in graph.confounded if {c.one, c.other} <= held]
    # Breadth first along bidirected edges, until no pair reaches further.
    found = {name}
    grown = True
    while grown:
        more = {x for pair in pairs for x in pair if pair & found}
        grown = not more <= found
        found |= more
    return frozenset(found)
