"""Random stories with unmeasured common causes, and the whole models that they are seen from.

A whole model holds every latent cause as a variable with a table of its own, so its truth is a
truncated factorisation.  The story is what is left when the latents are not measured: the arrows
between the others, a declared pair for each latent, and as tables the exact conditionals of the
observed joint.  Through time a latent acts within its day; day 0 gives the tables of every day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Variable
from causal.model.network import CausalModel, family
from causal.model.posterior import Piece
from causal.model.table import DRAW, Table
from causal.query.event import StatesLike
from causal.query.intervention import Intervention
from tests.laws.trial import slow
from tests.reference import Node, enumerate_states, factor
from tests.strategies import (
    Case,
    Rng,
    same_day_edges,
    some_cut,
    some_doing,
    some_event,
    some_evidence,
    some_policy,
    with_own_start,
)

JOINT = 40_000


@dataclass(frozen=True)
class Mixed:
    """A question, put to the story and to the whole model behind it."""

    case: Case
    whole: CausalModel

    @property
    def truly(self) -> Case:
        """The same question to the whole model."""
        return replace(self.case, model=self.whole)


def mixed_case(seed: int) -> Mixed:
    """A question under assignments (three in four), or under policies and cuts."""
    rng = np.random.default_rng([6, seed])
    whole, hidden = whole_model(rng, days=seed % 3 == 2)
    story = observed(whole, hidden)
    reach = 0
    slice_size = prod(len(v.states) for v in whole.graph.variables)
    while whole.graph.persistent and slice_size ** (reach + 3) <= JOINT and reach < 3:
        reach += 1
    horizon = int(rng.integers(1, reach + 1)) if reach and rng.random() < 0.8 else 0
    do = some_doing(rng, story, horizon)
    if seed % 4 == 3:
        more = [some_policy(rng, story) if rng.random() < 0.5 else some_cut(rng, story)]
        do = (*do[:1], *(m for m in more if m is not None))
    event = some_event(rng, story)
    ahead = [f"@{d}" for d in range(1, horizon + 1)]
    days = ["", "", *ahead, *(["@-1"] if whole.graph.persistent else [])]
    given = apart(some_evidence(rng, story, days), event)
    within, at = (horizon or None, None) if rng.random() < 0.5 else (None, horizon or None)
    return Mixed(Case(f"mixed_case({seed})", story, event, given, do, within, at), whole)


def apart(
    given: Mapping[str, StatesLike], event: Mapping[str, StatesLike]
) -> dict[str, StatesLike]:
    """The evidence that is not about the event's own variables."""
    return {k: s for k, s in given.items() if k.partition("@")[0] not in event}


def whole_model(rng: Rng, *, days: bool) -> tuple[CausalModel, frozenset[str]]:
    """A structural model with 1 to 3 latents that act on two variables each."""
    count = int(rng.integers(2, 4)) if days else int(rng.integers(3, 6))
    found = [Variable(n, ("s0", "s1")) for n in rng.permutation(list("abcde")[:count]).tolist()]
    names = [v.name for v in found]
    edges = same_day_edges(rng, names)
    if days:
        edges += [Edge(c, e, 1) for c in names for e in names if rng.random() < 0.45]
        if rng.random() < 0.4:
            found = with_own_start(rng, found)
    hidden = {}
    for place in range(int(rng.integers(1, 3 if days else 4))):
        hidden[f"u{place}"] = [str(n) for n in rng.choice(names, size=2, replace=False)]
    for latent, effects in hidden.items():
        edges += [Edge(latent, e) for e in effects]
        found = [
            replace(v, start=(*v.start, latent)) if v.start is not None and v.name in effects else v
            for v in found
        ]
    states = ("s0", "s1", "s2") if not days and rng.random() < 0.3 else ("s0", "s1")
    found += [Variable(u, states) for u in hidden]
    graph = CausalGraph(tuple(found), tuple(edges), name="whole")
    start = tables(rng, graph, "start") if graph.persistent else {}
    return CausalModel(graph, tables(rng, graph, "day"), start), frozenset(hidden)


def tables(rng: Rng, graph: CausalGraph, piece: Piece) -> dict[str, Table]:
    """Random tables without a zero, strongly dependent on every cause."""
    found = {}
    for name in graph.names:
        axes = family(graph, name, piece)
        sizes = [graph.size(a) for a in axes]
        values = rng.dirichlet(np.full(sizes[-1], 0.7), sizes[:-1]) + 0.01
        values /= values.sum(axis=-1, keepdims=True)
        found[name] = Table((*axes, DRAW), values[..., None])
    return found


def observed(whole: CausalModel, hidden: frozenset[str]) -> CausalModel:
    """What is left of a whole model when ``hidden`` variables are not measured."""
    graph = whole.graph
    variables = tuple(
        replace(v, start=None if v.start is None else tuple(p for p in v.start if p not in hidden))
        for v in graph.variables
        if v.name not in hidden
    )
    edges = tuple(e for e in graph.edges if e.cause not in hidden)
    pairs = dict.fromkeys(tuple(sorted(graph.children(u))) for u in sorted(hidden))
    seen = CausalGraph(
        variables, edges, tuple(Confounded(a, b, "a latent") for a, b in pairs), name="story"
    )
    last = -1 if graph.persistent else 0
    nodes = [(n, day) for day in range(last, 1) for n in graph.names]
    states = enumerate_states(whole, nodes)
    joint = np.ones(len(next(iter(states.values()))))
    for node in nodes:
        joint = joint * factor(whole, states, node, (), 0)[:, 0]

    def conditionals(piece: Piece, day: int) -> dict[str, Table]:
        return {n: conditional(seen, states, joint, (piece, n, day)) for n in seen.names}

    start = conditionals("start", -1) if graph.persistent else {}
    return CausalModel(seen, conditionals("day", 0), start)


def conditional(
    graph: CausalGraph,
    states: Mapping[Node, Iterable[int]],
    joint: np.ndarray,  # type: ignore[type-arg]
    place: tuple[Piece, str, int],
) -> Table:
    """P(variable | its causes) of a joint that is written down state by state."""
    piece, name, day = place
    axes = family(graph, name, piece)
    values = np.zeros([graph.size(a) for a in axes])
    index = tuple(states[a.partition("@")[0], day - ("@" in a)] for a in axes)
    np.add.at(values, index, joint)
    values /= values.sum(axis=-1, keepdims=True)
    return Table((*axes, DRAW), values[..., None])


def unlicensed(case: Case) -> bool:
    """Whether the district rule fails, read word by word on the unrolled graph.

    For assignments only.  A: the ancestors of event, evidence and what is done, before surgery;
    every other v that leads to event or evidence after surgery has (a) no x in its district within
    A, and (b) all earlier members of its district, their causes and its own among its own causes.
    """
    graph, horizon = case.model.graph, case.horizon
    asked = [(n, d) for n in case.event for d in _days(case)]
    for key in case.given:
        name, _, day = key.partition("@")
        asked.append((name, int(day or 0)))
    done = {(d.variable, day) for d in case.do for day in _held(d, horizon)}
    before = _ancestors(graph, [*asked, *done], frozenset())
    after = _ancestors(graph, asked, frozenset(done))
    place = {n: i for i, n in enumerate(_line(graph, before))}
    pairs = [
        {(c.one, d), (c.other, d)}
        for c in graph.confounded
        for d in range(-1, horizon + 1)
        if {(c.one, d), (c.other, d)} <= before
    ]
    for node in after - done:
        if _district(pairs, node) & done:
            return True
        early = [p for p in pairs if all(place[m] <= place[node] for m in p)]
        members = _district(early, node)
        read = members.union(*(_causes(graph, m) for m in members)) - {node}
        if not read <= _causes(graph, node):
            return True
    return False


def _line(graph: CausalGraph, nodes: set[Node]) -> list[Node]:
    """A topological order: day by day, a variable as soon as its causes are there."""
    found: list[Node] = []
    left = sorted(nodes, key=lambda n: (n[1], n[0]))
    while left:
        node = next(n for n in left if not _causes(graph, n) & set(left))
        left.remove(node)
        found.append(node)
    return found


def _days(case: Case) -> Iterable[int]:
    return range(1, case.horizon + 1) if case.within else [case.horizon]


def _held(do: Intervention, horizon: int) -> list[int]:
    days = range(1, horizon + 1) if horizon else range(1)
    return [d for d in days if not hasattr(do, "holds") or do.holds(d)]


def _causes(graph: CausalGraph, node: Node) -> set[Node]:
    name, day = node
    axes = graph.start_parents(name) if graph.persistent and day < 0 else graph.parents(name)
    return {(a.partition("@")[0], day - ("@" in a)) for a in axes}


def _ancestors(graph: CausalGraph, nodes: Iterable[Node], cut: frozenset[Node]) -> set[Node]:
    found: set[Node] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += [] if node in cut else _causes(graph, node)
    return found


def _district(pairs: list[set[Node]], node: Node) -> set[Node]:
    found = {node}
    while more := set().union(*(p for p in pairs if p & found)) - found:
        found |= more
    return found


def moved(mixed: Mixed) -> float:
    """How much an answer moves when tables of the whole model do, and the observed joint does not.

    The share of the answer's gradient in the tables that no mixture of the gradients of the
    observed joint makes up; 0 where the effect is identified.
    """
    step = 1e-4
    slopes = [
        (_seen(mixed, _nudged(mixed.whole, place, step))
         - _seen(mixed, _nudged(mixed.whole, place, -step))) / (2 * step)
        for place in _entries(mixed.whole)
    ]  # fmt: skip
    joint, answer = np.array(slopes)[:, :-1], np.array(slopes)[:, -1]
    made = joint @ np.linalg.lstsq(joint, answer, rcond=1e-7)[0]
    return float(np.linalg.norm(made - answer) / max(np.linalg.norm(answer), 1e-3))


Entry = tuple[Piece, str, tuple[int, ...]]  # one entry of a table, not of its first state


def _entries(whole: CausalModel) -> Iterator[Entry]:
    pieces: tuple[tuple[Piece, Mapping[str, Table]], ...] = (
        ("day", whole.tables),
        ("start", whole.start),
    )
    for piece, some in pieces:
        for name, table in some.items():
            for index in np.ndindex(table.values.shape[:-1]):
                if index[-1]:
                    yield piece, name, index


def _nudged(whole: CausalModel, place: Entry, step: float) -> CausalModel:
    """The model with a little mass moved from the first state of a row to another."""
    piece, name, index = place
    some = dict(whole.start if piece == "start" else whole.tables)
    values = some[name].values.copy()
    values[(*index, 0)] += step
    values[(*index[:-1], 0, 0)] -= step
    some[name] = Table(some[name].axes, values)
    return replace(whole, start=some) if piece == "start" else replace(whole, tables=some)


def _seen(mixed: Mixed, whole: CausalModel) -> np.ndarray:  # type: ignore[type-arg]
    """The joint of what is measured, over all days of the question, and the answer behind it."""
    case = replace(mixed.truly, model=whole)
    graph = whole.graph
    days = range(-1, case.horizon + 1) if graph.persistent else range(1)
    nodes = [(n, d) for d in days for n in graph.names]
    states = enumerate_states(whole, nodes)
    joint = np.prod([factor(whole, states, node, (), 0)[:, 0] for node in nodes], axis=0)
    code = np.zeros(len(joint), dtype=np.int64)
    for name, day in nodes:
        if name in mixed.case.model.graph.names:
            code = code * graph.size(name) + states[name, day]
    return np.append(np.bincount(code, joint), slow(case).draws[0])
