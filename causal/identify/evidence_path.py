"""Evidence on an effect of what is done: which path from the do to the event it closes or opens.

In the graph after surgery, unrolled over the days, with a node for every declared common cause
(Pearl 1988): an effect that is seen in one state blocks the directed paths that run through it, and
lets through those on which it is a collider, or a descendant of one.  Seen as a set or as weights
it lets colliders through all the same, and blocks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from causal.graph.variable import LAST, unlagged
from causal.query.query import Query
from causal.query.surgery import unscheduled
from causal.query.unrolled import Unrolled, certain

if TYPE_CHECKING:
    import networkx as nx

HIDDEN = "an unmeasured cause"
MOST = 8  # pieces of evidence that are spoken of one by one
TRIED = 20  # walks looked at for one that meets no variable twice

_Node = tuple[str, int, int]
"""A variable and a day; or, third from 1 on, a declared common cause on that day."""


_Step = tuple[_Node, _Node, bool]
"""The arrow that a walk went last, from and to, and whether it has needed the evidence."""


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """The graph after surgery, what is done, asked and seen (``sure``: in one state) in it.

    ``late``: evidence on effects of what is done; ``above``: all evidence and its causes,
    ``ready``: those that are not above what is late alone.
    """

    arrows: nx.DiGraph
    done: frozenset[_Node]
    event: frozenset[_Node]
    evidence: tuple[_Node, ...]
    sure: frozenset[_Node]
    late: frozenset[_Node]
    ready: frozenset[_Node]
    above: frozenset[_Node]
    horizon: int

    def label(self, node: _Node) -> str:
        """``liquidations@2``; in a question about one day ``liquidations`` for today."""
        name, day, hidden = node
        if hidden:
            return HIDDEN
        return name if not (day or self.horizon) else f"{name}@{day}"


def evidence_paths(query: Query, asked: Unrolled) -> tuple[str, ...]:
    """A sentence for each path that evidence after the do closes, narrows or opens.

    ``asked`` grounds ``query``.  Empty where nothing is seen of an effect of what is done.
    """
    names = {unscheduled(item).variable for item in query.do}
    done = [
        (n, d, 0)
        for d in asked.days
        for n in (*asked.doing.get(d, ()), *asked.made.get(d, ()))
        if n in names
    ]
    if not done or asked.last_seen < min(d for _, d, _ in done):
        return ()
    parents = _parents(asked)
    late = _reached(_children(parents), done) & {
        (n, d, 0) for d, w in asked.seeing.items() for n in w
    }
    event = [(n, d, 0) for d in sorted(asked.event_days) for n in asked.event if _free(asked, n, d)]
    if not late or not event:
        return ()
    _hide(asked, parents)
    scene = _scene(asked, parents, done, event, late)
    listed = [n for n in scene.evidence if n in late]
    # A sentence costs a search for paths, and nobody reads more of them than a few.
    found = [s for node in listed[:MOST] for s in _sentences(scene, node)]
    if len(listed) > MOST:
        found.append(f"{len(listed) - MOST} more effects of what is done are seen")
    return tuple(dict.fromkeys(found))


def _free(asked: Unrolled, name: str, day: int) -> bool:
    """Whether a variable is neither set on a day nor seen in one state."""
    seen = asked.seeing.get(day, {}).get(name)
    return name not in asked.doing.get(day, ()) and (seen is None or certain(seen) is None)


def _parents(asked: Unrolled) -> dict[_Node, list[_Node]]:
    """The causes of every variable on every day, after surgery."""
    return {
        (n, d, 0): [(unlagged(a), d - a.endswith(LAST), 0) for a in asked.reads(n, d)]
        for d in asked.days
        for n in asked.graph.names
    }


def _hide(asked: Unrolled, parents: dict[_Node, list[_Node]]) -> None:
    """Add a node for every declared common cause on every day, where surgery leaves both arrows."""
    for day in asked.days:
        own = asked.made.get(day, {})
        gone = {*asked.doing.get(day, ()), *(n for n, m in own.items() if m.base is not None)}
        for number, pair in enumerate(asked.graph.confounded, 1):
            if not {pair.one, pair.other} & gone:
                parents[HIDDEN, day, number] = []
                parents[pair.one, day, 0].append((HIDDEN, day, number))
                parents[pair.other, day, 0].append((HIDDEN, day, number))


def _children(parents: Mapping[_Node, Iterable[_Node]]) -> dict[_Node, list[_Node]]:
    """The arrows the other way round: what every variable acts on."""
    found: dict[_Node, list[_Node]] = {node: [] for node in parents}
    for node, causes in parents.items():
        for cause in causes:
            found[cause].append(node)
    return found


def _reached(links: Mapping[_Node, Iterable[_Node]], nodes: Iterable[_Node]) -> set[_Node]:
    """All that links lead to: ancestors along ``parents``, descendants along ``children``."""
    found: set[_Node] = set()
    stack = [c for n in nodes for c in links[n]]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += links[node]
    return found


def _scene(
    asked: Unrolled,
    parents: Mapping[_Node, list[_Node]],
    done: list[_Node],
    event: list[_Node],
    late: set[_Node],
) -> _Scene:
    """The graph of all that leads to what is done, asked or seen, with what a sentence needs of it.

    Evidence that weighs all states alike says nothing, and is left out.
    """
    import networkx as nx

    arrows = nx.DiGraph()
    arrows.add_nodes_from(parents)
    arrows.add_edges_from((cause, node) for node, causes in parents.items() for cause in causes)
    told = {(n, d, 0): v for d, w in sorted(asked.seeing.items()) for n, v in w.items()
            if v.min() < v.max()}  # fmt: skip
    ends = {*done, *event, *told}
    arrows = arrows.subgraph(ends | _reached(parents, ends)).copy()
    before = {n for n in told if n not in late}
    return _Scene(
        arrows=arrows,
        done=frozenset(done),
        event=frozenset(event),
        evidence=tuple(told),
        sure=frozenset(n for n, v in told.items() if certain(v) is not None),
        late=frozenset(n for n in told if n in late),
        ready=frozenset(before | _reached(parents, before)),
        above=frozenset({*told} | _reached(parents, told)),
        horizon=asked.days[-1],
    )


def _sentences(scene: _Scene, node: _Node) -> Iterator[str]:
    """What seeing one effect of the do does to the paths from it to the event."""
    name = scene.label(node)
    through = _directed(scene, node)
    if through and node in scene.sure:
        yield f"seeing {name} closes {through}: what runs along it is not in the answer"
    elif through:
        yield f"seeing {name} narrows {through}: what runs along it counts in these states alone"
    walk, found = _open(scene, node)
    if walk:
        several = _several(scene, walk)
        verb = "opens" if len(several) == 1 else "open"
        subject = " and ".join(map(scene.label, several))
        path = _written(scene, [walk[0][0], *(step[1] for step in walk)])
        yield f"seeing {subject} {verb} {path}: the answer moves with it, and it is no effect"
    elif not through and not found:
        yield f"seeing {name}, an effect of what is done, closes and opens no path to the event"
    elif not through:
        yield f"{name}, an effect of what is done, is seen as it comes out under the do"


def _directed(scene: _Scene, node: _Node) -> str:
    """A shortest directed path from what is done through ``node`` to the event; "" without one."""
    import networkx as nx

    above = nx.single_source_shortest_path(scene.arrows.reverse(copy=False), node)
    under = nx.single_source_shortest_path(scene.arrows, node)
    to = [above[n][::-1] for n in scene.done if n in above and n != node]
    on = [under[n] for n in scene.event if n in under and n != node]
    if not to or not on:
        return ""
    first, last = (min(some, key=lambda p: (len(p), p)) for some in (to, on))
    return _written(scene, [*first, *last[1:]])


def _open(scene: _Scene, node: _Node) -> tuple[list[_Step], bool]:
    """A shortest open path from the do to the event by way of a collider over ``node``.

    The collider is one that only evidence after the do lets through.  Also whether there is any
    such walk: an open walk stands for an open path (Geiger, Verma & Pearl 1990), though maybe for
    one that does not need the evidence, so only a walk that meets no variable twice is taken.
    """
    import networkx as nx

    steps = nx.DiGraph()
    over = nx.ancestors(scene.arrows, node) | {node}
    stack: list[_Step] = [
        (begin, child, False)
        for begin in sorted(scene.done & set(scene.arrows))
        for child in sorted(scene.arrows.successors(begin))
    ]
    steps.add_edges_from(("start", step) for step in stack)
    while stack:
        step = stack.pop()
        if step[1] in scene.event:
            if step[2]:
                steps.add_edge(step, "end")
            continue
        for then in _onward(scene, step, over):
            if then not in steps:
                stack.append(then)
            steps.add_edge(step, then)
    if "end" not in steps:
        return [], False
    for walk in islice(nx.shortest_simple_paths(steps, "start", "end"), TRIED):
        met = [step[1] for step in walk[1:-1]]
        if len(set(met)) == len(met):
            return walk[1:-1], True
    return [], True


def _onward(scene: _Scene, step: _Step, over: set[_Node]) -> Iterator[_Step]:
    """Where an open walk may go next (the rules of d-separation)."""
    before, here, needed = step
    if here in scene.done:
        return
    along = scene.arrows.has_edge(before, here)
    if here not in scene.sure:
        for child in sorted(scene.arrows.successors(here)):
            if child != before:
                yield here, child, needed
    # A collider, open by evidence on it or below it; ``needed``: ``node`` is such evidence, and
    # none from before the do is.
    if along and here in scene.above:
        needed = needed or (here in over and here not in scene.ready)
    elif along or here in scene.sure:
        return
    for parent in sorted(scene.arrows.predecessors(here)):
        if parent != before:
            yield here, parent, needed


def _several(scene: _Scene, walk: list[_Step]) -> list[_Node]:
    """The evidence that lets the first collider through which needs it, ``node`` among it."""
    import networkx as nx

    collider = next(step[0] for step in walk if step[2])
    below = nx.descendants(scene.arrows, collider) | {collider}
    return [n for n in scene.evidence if n in scene.late and n in below]


def _written(scene: _Scene, path: list[_Node]) -> str:
    """``leverage -> liquidations <- an unmeasured cause -> bitcoin``."""
    text = scene.label(path[0])
    for one, other in pairwise(path):
        text += f" {'->' if scene.arrows.has_edge(one, other) else '<-'} {scene.label(other)}"
    return text
