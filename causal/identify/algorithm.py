"""Whether P(event | do, evidence) follows from the graph and the observed joint: ID and IDC.

Complete for assignments (``Hard``, ``Mix``), whatever their days: Tian & Pearl (2003) and Shpitser
& Pearl (2006a) for P(event, evidence | do), Shpitser & Pearl (2006b) for the evidence.  A declared
common cause acts within a day, so both the districts and the search inside them stay within one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, unlagged
from causal.identify.confounding import Part, day_parts, district, parents
from causal.query.unrolled import Unrolled, certain, relevant

_Node = tuple[str, int]  # a variable on a day


def identified(asked: Unrolled) -> bool:
    """Whether P(event, evidence | do) follows from the observed joint, for assignments.

    P(B | do(X)) = prod of Q[C] over the districts C of B without X, and all of B is needed; each
    Q[C] has to follow from Q[D], D the district of A that holds C (A, B and X as in
    ``confounding``).  False means that there is a hedge: no formula exists (Shpitser & Pearl
    2006a).
    """
    graph = asked.graph
    return all(
        # A common cause acts within a day, so districts, and with them the test, go day by day.
        _follows(graph, part, inner, district(graph, part.before, min(inner)))
        for part in day_parts(asked)
        for inner in _districts(graph, part.own)
    )


def _districts(graph: CausalGraph, names: frozenset[str]) -> Iterator[frozenset[str]]:
    """The districts of ``names``: a partition, by chains of common causes within it."""
    left = set(names)
    while left:
        found = district(graph, names, min(left))
        left -= found
        yield found


def _follows(graph: CausalGraph, part: Part, inner: frozenset[str], outer: frozenset[str]) -> bool:
    """Identify(C, T, Q[T]) of Tian & Pearl (2003): whether Q[inner] follows from Q[outer].

    What is no cause of C inside T is summed out; if nothing is left but C, Q[C] is found, if
    nothing could be summed out there is a hedge, otherwise go on with C's district in what is left.
    """
    while True:
        causes = _causes(graph, part, inner, outer)
        if causes == inner:
            return True
        if causes == outer:
            return False
        # Q[causes] is Q[outer] summed over what is no cause of C; it factors by districts again.
        outer = district(graph, causes, min(inner))


def _causes(
    graph: CausalGraph, part: Part, names: frozenset[str], within: frozenset[str]
) -> frozenset[str]:
    """Ancestors of ``names`` along arrows inside ``within``, on one day; themselves included."""
    found: set[str] = set()
    stack = list(names)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += [p for p in parents(graph, part, name) if p in within]
    return frozenset(found)


def reduced(asked: Unrolled) -> Unrolled:
    """The world of an equal question with less evidence: rules 1 and 2 of the do-calculus (IDC).

    Evidence z that the event does not depend on, but through what z brings about (given what is
    done and the other evidence), may be done instead of seen, and goes altogether where it then
    brings nothing about.  Soft evidence is a child of its variable, and can only go altogether.
    One piece at a time, until none can go (Shpitser & Pearl 2006b).
    """
    for node in [(n, d) for d, weights in asked.seeing.items() for n in weights]:
        if _exchangeable(asked, node):
            name, day = node
            state = asked.seeing[day][name]
            seeing = {d: dict(w) for d, w in asked.seeing.items()}
            doing = {d: dict(w) for d, w in asked.doing.items()}
            del seeing[day][name]
            if certain(state) is not None:
                doing.setdefault(day, {})[name] = state
            # One piece less may let another go, so the search begins again.
            return reduced(replace(asked, seeing=seeing, doing=doing))
    return asked


def _exchangeable(asked: Unrolled, node: _Node) -> bool:
    """Whether the event is m-separated from ``node`` after surgery, the arrows out of it cut."""
    name, day = node
    sure = certain(asked.seeing[day][name]) is not None
    seen = {(n, d) for d, w in asked.seeing.items() for n in w} - {node}
    sharp = {(n, d) for n, d in seen if certain(asked.seeing[d][n]) is not None}
    web = _Web(asked, node if sure else None)
    event = {(n, d) for n in asked.event for d in asked.event_days}
    return not event & web.reached(node, blocked=sharp, opened=seen)


class _Web:
    """The unrolled graph after surgery, of what leads to event and evidence.

    What is set to one state is left out; what is set to a distribution is a cause like any other.
    No arrow leaves ``barren``.
    """

    def __init__(self, asked: Unrolled, barren: _Node | None) -> None:
        needed, _ = relevant(asked, {})
        doing = {(n, d): w for d, weights in asked.doing.items() for n, w in weights.items()}
        settled = {n for n, w in doing.items() if certain(w) is not None}
        nodes = {(n, d) for d, names in needed.items() for n in names} - settled
        self.up: dict[_Node, set[_Node]] = {n: set() for n in nodes}
        self.down: dict[_Node, set[_Node]] = {n: set() for n in nodes}
        self.across: dict[_Node, set[_Node]] = {n: set() for n in nodes}
        for name, day in nodes:
            for axis in asked.reads(name, day):
                cause = (unlagged(axis), day - axis.endswith(LAST))
                if cause in nodes and cause != barren:
                    self.up[name, day].add(cause)
                    self.down[cause].add((name, day))
        for pair in asked.graph.confounded:
            for day in asked.days:
                one, other = (pair.one, day), (pair.other, day)
                if {one, other} <= nodes and not {one, other} & doing.keys():
                    self.across[one].add(other)
                    self.across[other].add(one)

    def reached(self, node: _Node, *, blocked: set[_Node], opened: set[_Node]) -> set[_Node]:
        """What is m-connected to ``node``, itself among it.

        A collider passes if it leads to ``opened``, anything else unless it is ``blocked`` (soft
        evidence opens without blocking).
        """
        leading = self._causes(opened)
        seen: set[tuple[_Node, bool]] = set()
        stack = [(node, False)] if node in self.up else []
        while stack:
            here, entered = stack.pop()
            if (here, entered) in seen:
                continue
            seen.add((here, entered))
            through = here not in blocked
            # A chain or a fork: open unless this is seen in one state.
            if through:
                stack += [(n, True) for n in self.down[here]]
            # Entered along an arrow, to leave against one is to meet head to head: open only if
            # evidence lies here or below.
            if here in leading if entered else through:
                stack += [(n, False) for n in self.up[here]]
                stack += [(n, True) for n in self.across[here]]
        return {n for n, _ in seen}

    def _causes(self, nodes: Iterable[_Node]) -> set[_Node]:
        """``nodes`` and their ancestors in the web, as far as they are in it."""
        found: set[_Node] = set()
        stack = [n for n in nodes if n in self.up]
        while stack:
            here = stack.pop()
            if here not in found:
                found.add(here)
                stack += self.up[here]
        return found
