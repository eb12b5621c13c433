"""Surgery on surgery: which interventions are in force on a day, and what a table then reads.

A later assignment on a variable counts in place of all that was done to its table before.  Policies
lie over the table in the order in which they were made; a cut changes the table under them, so it
has no effect on a variable that is set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError as GraphlibCycleError
from graphlib import TopologicalSorter
from itertools import pairwise

from causal.contract.array import Array, Axes
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, unlagged
from causal.query.cut import closing
from causal.query.intervention import Action, Cut, Hard, Intervention, Mix, Policy, Schedule

FARTHEST = 1_000  # days of a horizon that are looked at one by one


@dataclass(slots=True)
class Stack:
    """What is done to one table: an assignment under it all, cuts of it, policies over it.

    With base b (else the table, its cut axes summed against what is seen) and policies i = 1..k,
    each W_i(x | pa) = m_i v_i(x) + (1 - m_i) W_(i-1)(x | pa): where several act, the last one
    counts.
    """

    base: Hard | Mix | None = None
    cuts: dict[str, Cut] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()

    def reads(self, graph: CausalGraph, name: str) -> tuple[str, ...]:
        """Axes that the table of ``name`` reads after surgery: conditions, then its own causes."""
        own: tuple[str, ...] = ()
        if self.base is None:
            own = tuple(p for p in graph.parents(name) if p not in self.cuts or not blind(graph, p))
        return (*dict.fromkeys(p.axis for p in self.policies if p.axis not in own), *own)


def blind(graph: CausalGraph, axis: str) -> bool:
    """Whether a cut effect sees nothing of the cause: not even whether its market is closed."""
    return not closing(graph.variable(unlagged(axis)))


def unscheduled(item: Intervention) -> Action:
    """What is done, whatever the days."""
    return item.what if isinstance(item, Schedule) else item


def holds(item: Intervention, day: int) -> bool:
    """Whether it is done on a day of the horizon; day 0 stands for a question about one day."""
    return item.holds(day) if isinstance(item, Schedule) else True


def stacks(do: Iterable[Intervention], day: int) -> dict[str, Stack]:
    """What is in force on a day, for each variable whose table is changed, in the order of ``do``.

    An assignment clears what was done before it; a policy lies over it; of two cuts of one edge the
    later one counts.
    """
    found: dict[str, Stack] = {}
    for item in do:
        if not holds(item, day):
            continue
        what = unscheduled(item)
        stack = found.setdefault(what.variable, Stack())
        match what:
            case Hard() | Mix():
                found[what.variable] = Stack(what)
            case Policy():
                stack.policies += (what,)
            case Cut():
                stack.cuts.pop(what.cause, None)
                stack.cuts[what.cause] = what
    return found


def in_force(do: Sequence[Intervention], horizon: int) -> tuple[Intervention, ...]:
    """The interventions that still act, each on its days alone: what later surgery replaced is out.

    The same numbers come of it, and a question that prints says nothing twice.  One that holds on
    no day of the horizon is kept, for the question to be refused.
    """
    days = _days(horizon)
    found: list[Intervention] = []
    for place, item in enumerate(do):
        own = [d for d in days if holds(item, d)]
        left = [d for d in own if not _replaced(do, place, d)]
        if left == own:
            found.append(item)
        else:
            found += _runs(item, left, horizon)
    return tuple(found)


def _replaced(do: Sequence[Intervention], place: int, day: int) -> bool:
    """Whether something done later (or an assignment, of a cut) undoes it on a day."""
    what = unscheduled(do[place])
    for other, item in enumerate(do):
        then = unscheduled(item)
        if other == place or then.variable != what.variable or not holds(item, day):
            continue
        if isinstance(then, Hard | Mix) and (other > place or isinstance(what, Cut)):
            return True
        both = isinstance(then, Cut) and isinstance(what, Cut) and then.cause == what.cause
        if both and other > place:
            return True
    return False


def _runs(item: Intervention, days: Sequence[int], horizon: int) -> Iterator[Schedule]:
    """An intervention on some of its days: one schedule for each unbroken run of them."""
    opened = not isinstance(item, Schedule) or item.last is None
    starts = [d for d in days if d - 1 not in days]
    ends = [d for d in days if d + 1 not in days]
    for first, last in zip(starts, ends, strict=True):
        yield Schedule(unscheduled(item), first, None if opened and last == horizon else last)


def _days(horizon: int) -> range:
    """Days on which something may hold; a question about more than ``FARTHEST`` is refused."""
    return range(1, min(horizon, FARTHEST) + 1) if horizon else range(1)


def circular(
    graph: CausalGraph, do: Sequence[Intervention], horizon: int
) -> tuple[Intervention, QueryError] | None:
    """A policy that looks at a same-day effect of what it sets, with its error; None without.

    On every day the graph after surgery is put in causal order, its arrows from what each table
    reads; a circle names the policy on it.
    """
    looking = [
        (item, what.axis)
        for item in do
        if isinstance(what := unscheduled(item), Policy) and not what.axis.endswith(LAST)
    ]
    if not looking:
        return None
    for day in _days(horizon):
        found = stacks(do, day)
        causes = {
            n: [a for a in found.get(n, Stack()).reads(graph, n) if not a.endswith(LAST)]
            for n in graph.names
        }
        try:
            TopologicalSorter(causes).prepare()
        except GraphlibCycleError as error:
            path = error.args[1]
            steps = set(pairwise(path))
            item, name = next((i, a) for i, a in looking if (a, unscheduled(i).variable) in steps)
            return item, QueryError(
                f"The policy `{item}` looks at an effect of what it does, on the same day: "
                f"{' -> '.join(path)}.",
                "A day's causes must come before their effects.",
                f"Let it look at the day before: `... if {name}@-1=...`.",
            )
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A cut axis: ``weights`` (real, seen), or (seen,) where the real state is known."""

    axis: str
    weights: Array


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A policy: its chance of acting in each state of ``axis`` (states of it,) or one chance (1,).

    ``vector``: what it sets, (states,).
    """

    axis: str
    chance: Array
    vector: Array


Change = Sight | Rule


@dataclass(frozen=True, slots=True, eq=False)
class Mechanism:
    """What surgery makes of one table on a day: what it ``reads``, and how it is made.

    ``base``: the vector (states,) in place of the table, or None for the table itself; ``sights``:
    its cut axes; ``rules``: policies over it, the last one on top.
    """

    reads: Axes
    base: Array | None
    sights: Mapping[str, Sight]
    rules: tuple[Rule, ...]


def mechanism(graph: CausalGraph, name: str, stack: Stack) -> Mechanism:
    """The mechanism that a stack of surgery makes."""
    variable = graph.variable(name)
    return Mechanism(
        stack.reads(graph, name),
        None if stack.base is None else stack.base.vector(variable),
        {a: Sight(a, c.matrix(graph)) for a, c in stack.cuts.items()},
        tuple(Rule(p.axis, p.chance(graph), p.vector(variable)) for p in stack.policies),
    )
