"""What evidence on effects of the do closes and opens: held against d-separation, path by path."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise, product

import networkx as nx
import numpy as np
import pytest

from causal.ask import ask
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Variable
from causal.identify.evidence_path import HIDDEN, evidence_paths
from causal.query.assignment import Hard, Policy
from causal.query.event import Condition, conditions
from causal.query.query import Query
from causal.query.unrolled import Unrolled, unroll
from causal.sweep.evaluator import Shared
from tests.app.toy import toy
from tests.moves import random_moves
from tests.strategies import (
    askable_query,
    law_models,
    some_cut,
    some_doing,
    some_event,
    some_evidence,
    some_policy,
    some_states,
    with_tables,
)

MODELS = law_models(500)
Path = list[tuple[str, str]]
"""Nodes as they are written, each with the arrow that leads to it ("" at first)."""

SENTENCE = re.compile(r"seeing (?P<seen>.+?) (?P<verb>closes|narrows|opens|open) (?P<path>.+): .*")
PLAIN = re.compile(r"(?P<seen>.+), an effect of what is done, is seen as it comes out .*")
NEITHER = re.compile(r"seeing (?P<seen>.+), an effect of what is done, closes and opens no path .*")


@cache
def questions() -> tuple[tuple[Query, Unrolled], ...]:
    return tuple(drawn())


def drawn() -> Iterator[tuple[Query, Unrolled]]:
    """Random questions to random mixed graphs, of one day and of more."""
    for seed in range(MODELS):
        rng = np.random.default_rng([9, seed])
        horizon = int(rng.integers(0, 4)) if seed % 3 == 0 else 0
        graph = mixed(rng, days=seed % 3 == 0)
        model = with_tables(rng, graph, 1)
        days = ["", *(f"@{d}" for d in range(1, horizon + 1))] + ["@-1"] * bool(graph.persistent)
        given = {**some_evidence(rng, model, days), **some_evidence(rng, model, days)}
        within, at = (horizon, None) if seed % 2 else (None, horizon)
        do, event = some_doing(rng, model, horizon), some_event(rng, model)
        if seed % 4:  # what is done comes first, what is asked last
            do, event = (Hard(graph.order[0], "yes"),), {graph.order[-1]: "yes"}
            given[graph.order[-2] + (f"@{horizon}" if horizon else "")] = some_states(
                rng, graph.variables[0]
            )
        if seed % 5 == 0:
            more = some_policy(rng, model) if seed % 2 else some_cut(rng, model)
            do = (*do, more) if more is not None else do
        seen, wanted = conditions(graph, given), conditions(graph, event)
        query = askable_query(Query(wanted, seen, do, within or None, at or None))
        try:
            yield query, unroll(graph, query)
        except QueryError:  # a policy that looks at its own effect, a day that is said twice
            continue


def mixed(rng: np.random.Generator, *, days: bool) -> CausalGraph:
    """Arrows along a random order, unmeasured common causes, and arrows to the next day."""
    names = [str(n) for n in rng.permutation(list("abcdef"[: 4 if days else 6]))]
    pairs = list(combinations(names, 2))
    edges = [Edge(a, b) for a, b in pairs if rng.random() < 0.4]
    if days:
        edges += [Edge(a, b, 1) for a, b in product(names, repeat=2) if rng.random() < 0.2]
    hidden = tuple(Confounded(a, b, "random") for a, b in pairs if rng.random() < 0.2)
    return CausalGraph(
        tuple(Variable(n, ("no", "some", "yes")) for n in names), tuple(edges), hidden
    )


class Web:
    """The graph after surgery, built here once more from edges and pairs; nodes as written."""

    def __init__(self, asked: Unrolled) -> None:
        graph, self.horizon = asked.graph, asked.days[-1]
        self.arrows = nx.DiGraph()
        for day in asked.days:
            doing, made = asked.doing.get(day, {}), asked.made.get(day, {})
            for name in graph.names:
                self.arrows.add_node(self.node(name, day))
                for axis in asked.reads(name, day):
                    cause, _, lag = axis.partition("@")
                    self.arrows.add_edge(self.node(cause, day - bool(lag)), self.node(name, day))
            for pair in graph.confounded:
                ends = (pair.one, pair.other)
                if all(n not in doing and (n not in made or made[n].base is None) for n in ends):
                    for n in ends:
                        self.arrows.add_edge(f"{HIDDEN} {ends} {day}", self.node(n, day))
        self.done = {self.node(n, d) for d in asked.days for part in (asked.doing, asked.made)
                     for n in part.get(d, ())}  # fmt: skip
        told = {self.node(n, d): v for d, w in asked.seeing.items() for n, v in w.items()
                if v.min() < v.max()}  # fmt: skip
        self.sure = {n for n, v in told.items() if (v > 0).sum() == 1}
        fixed = {self.node(n, d) for d, w in asked.doing.items() for n in w}
        event = {self.node(n, d) for d in asked.event_days for n in asked.event}
        self.event = event - fixed - self.sure
        self.seen = set(told)
        self.late = {n for n in told if any(n in nx.descendants(self.arrows, d) for d in self.done)}

    def node(self, name: str, day: int) -> str:
        return name if not day and not self.horizon else f"{name}@{day}"

    def separated(self, known: set[str]) -> bool:
        """Whether done and event are d-separated; a set or weights is a child that is seen."""
        arrows, given = self.arrows.copy(), set(known & self.sure)
        for soft in known - self.sure:
            arrows.add_edge(soft, f"seen {soft}")
            given.add(f"seen {soft}")
        done = self.done - self.event
        return not self.event or nx.is_d_separator(arrows, done, self.event, given - done)

    def open(self, path: list[str], known: set[str]) -> bool:
        """Whether a path is open: colliders above what is known, others not known for sure."""
        for a, b, c in zip(path, path[1:], path[2:], strict=False):
            if self.arrows.has_edge(a, b) and self.arrows.has_edge(c, b):
                if not ({b} | nx.descendants(self.arrows, b)) & known:
                    return False
            elif b in known & self.sure:
                return False
        return True

    def read(self, text: str) -> list[str]:
        """The nodes of a written path; a hidden cause is found between its effects."""
        parts = re.split(r" (->|<-) ", text)
        nodes, arrows = parts[::2], parts[1::2]
        for place, name in enumerate(nodes):
            if name == HIDDEN:
                ends = nodes[place - 1], nodes[place + 1]
                shared = set(self.arrows.predecessors(ends[0])) & set(
                    self.arrows.predecessors(ends[1])
                )
                nodes[place] = min(n for n in shared if n.startswith(HIDDEN))
        for (one, other), arrow in zip(pairwise(nodes), arrows, strict=True):
            ends = (one, other) if arrow == "->" else (other, one)
            assert self.arrows.has_edge(*ends), text
        return nodes


def test_what_is_said_is_true() -> None:
    """An opened path is open given all that is seen, and shut without what opens it; a closed path
    is directed, from the do to the event, and what closes it stands on it, seen in one state."""
    said = Counter[str]()
    for query, asked in questions():
        unrolled = Web(asked)
        for sentence in evidence_paths(query, asked):
            found = SENTENCE.fullmatch(sentence)
            if found is None:
                said["neither" if NEITHER.fullmatch(sentence) else "plain"] += 1
                assert PLAIN.fullmatch(sentence) or NEITHER.fullmatch(sentence), sentence
                continue
            verb, seen = found["verb"], set(found["seen"].split(" and "))
            path = unrolled.read(found["path"])
            said[verb] += 1
            assert seen <= unrolled.late, sentence
            assert path[0] in unrolled.done, sentence
            assert path[-1] in unrolled.event, sentence
            assert len(set(path)) == len(path), sentence
            if verb in ("closes", "narrows"):
                (one,) = seen
                assert all(unrolled.arrows.has_edge(a, b) for a, b in pairwise(path)), sentence
                assert one in path[1:-1], sentence
                assert (one in unrolled.sure) == (verb == "closes"), sentence
                assert unrolled.open(path, set()), sentence
                assert unrolled.open(path, {one}) == (verb == "narrows"), sentence
            else:
                assert (len(seen) > 1) == (verb == "open"), sentence
                assert unrolled.open(path, unrolled.seen), sentence
                assert not unrolled.open(path, unrolled.seen - seen), sentence
                assert not unrolled.separated(unrolled.seen), sentence
    kinds = ("closes", "narrows", "opens", "open", "neither")
    assert set(said) <= {*kinds, "plain"}, said
    assert said["plain"] < 0.05 * said.total(), said
    assert min(said[k] for k in kinds) > 10, said


def test_what_evidence_does_is_said() -> None:
    """Every directed path through it is spoken of, and every tie that it alone brings about."""
    closed = tied = 0
    for query, asked in questions():
        unrolled, text = Web(asked), evidence_paths(query, asked)
        through = {
            n for n in unrolled.late if unrolled.event & set(nx.descendants(unrolled.arrows, n))
        }
        for node in through:
            verb = "closes" if node in unrolled.sure else "narrows"
            assert any(t.startswith(f"seeing {node} {verb} ") for t in text), (node, text)
        closed += len(through)
        before = unrolled.seen - unrolled.late
        if unrolled.separated(before) and not unrolled.separated(unrolled.seen):
            tied += 1
            assert any(" opens " in t or " open " in t for t in text), text
        if unrolled.event:
            for node in unrolled.late:
                assert any(re.search(rf"(^| ){re.escape(node)}[ ,]", t) for t in text), node
    assert closed > 100
    assert tied > 20


def test_no_path_means_no_path() -> None:
    """On graphs of one day every path is walked: none is closed or opened where none is said to be,
    and an opened one is as short as any."""
    none = some = 0
    for query, asked in questions():
        unrolled = Web(asked)
        if len(unrolled.arrows) > 9 or not unrolled.late:
            continue
        between = list(paths(unrolled))
        before = unrolled.seen - unrolled.late
        for sentence in evidence_paths(query, asked):
            found = NEITHER.fullmatch(sentence) or SENTENCE.fullmatch(sentence)
            if found is None:
                continue
            for node in found["seen"].split(" and "):
                opened = [
                    p for p in between
                    if unrolled.open(p, unrolled.seen) and needs(unrolled, p, node, before)
                ]  # fmt: skip
                if "verb" not in found.re.groupindex:
                    none += 1
                    assert not opened, sentence
                elif found["verb"] == "opens":
                    some += 1
                    assert len(unrolled.read(found["path"])) == min(map(len, opened)), sentence
    assert min(none, some) > 10, (none, some)


def paths(unrolled: Web) -> Iterator[list[str]]:
    """All paths that leave what is done along an arrow and first meet the event at their end."""
    plain = unrolled.arrows.to_undirected()
    for one in unrolled.done:
        for other in unrolled.event - {one}:
            for path in nx.all_simple_paths(plain, one, other):
                met = set(path[1:-1]) & (unrolled.event | unrolled.done)
                if unrolled.arrows.has_edge(*path[:2]) and not met:
                    yield path


def needs(unrolled: Web, path: list[str], node: str, before: set[str]) -> bool:
    """Whether a collider of the path lies over ``node``, and over no evidence before the do."""
    arrows = unrolled.arrows
    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        below = {b} | nx.descendants(arrows, b)
        if arrows.has_edge(a, b) and arrows.has_edge(c, b) and node in below and not below & before:
            return True
    return False


BOW = CausalGraph(
    tuple(Variable(n, ("no", "yes")) for n in ("x", "m", "y")),
    (Edge("x", "m"), Edge("m", "y")),
    (Confounded("m", "y", "unmeasured"),),
)


def said(query: Query) -> tuple[str, ...]:
    return evidence_paths(query, unroll(BOW, query))


FORK = f"x -> m <- {HIDDEN} -> y"


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ((("yes", 1.0),), [
            "seeing m closes x -> m -> y: what runs along it is not in the answer",
            f"seeing m opens {FORK}: the answer moves with it, and it is no effect",
        ]),
        ((("no", 0.2), ("yes", 1.0)), [
            "seeing m narrows x -> m -> y: what runs along it counts in these states alone",
            f"seeing m opens {FORK}: the answer moves with it, and it is no effect",
        ]),
        ((("no", 1.0), ("yes", 1.0)), []),
    ],
)  # fmt: skip
def test_in_words(seen: tuple[tuple[str, float], ...], expected: list[str]) -> None:
    event = (Condition("y", (("yes", 1.0),)),)
    query = Query(event, (Condition("m", seen),), (Hard("x", "yes"),))
    assert list(said(query)) == expected
    assert said(replace(query, do=())) == ()
    assert said(replace(query, given=())) == ()
    assert said(replace(query, do=(Hard("y", "yes"),))) == ()


def test_a_policy_keeps_the_hidden_cause_and_an_assignment_does_not() -> None:
    event, given = (Condition("y", (("yes", 1.0),)),), (Condition("m", (("yes", 1.0),)),)
    policy = Policy(Hard("y", "yes"), {"x": "yes"})
    kept = Query(event, given, (Hard("x", "no"), policy))
    assert any(HIDDEN in t for t in said(kept))
    gone = replace(kept, do=(Hard("x", "no"), Hard("y", "yes"), policy))
    assert not any(HIDDEN in t for t in said(gone))


def test_it_stands_in_every_claim() -> None:
    """Text, JSON, a sweep's claim (where the states differ, too), a drawdown's."""
    model = toy(draws=3)
    asked = "P(bitcoin=crash at 2d | do(geopolitics=calm), bitcoin@1={})"
    sure, soft = (ask(model, asked.format(s)) for s in ("fall", "{fall, flat}"))
    assert "closes" in sure.claim.paths[0]
    assert "narrows" in soft.claim.paths[0]
    assert sure.to_dict()["claim"]["paths"] == list(sure.claim.paths)
    assert f"evidence: {sure.claim.paths[0]}" in str(sure)
    ways = ("plain", "plain")
    found = list(Shared(model).answers([sure.query, soft.query], ways))
    assert [f.claim for f in found] == [sure.claim, soft.claim]  # type: ignore[union-attr]
    before = ask(model, "P(bitcoin=crash within 2d | do(geopolitics=calm), bitcoin=fall)")
    assert before.claim.paths == ()


def test_a_drawdown_has_paths_too() -> None:
    """They end in it: it is an effect of the variable whose moves it is made of."""
    model = toy(draws=2)
    moves = random_moves(1, model)
    assert model.fit is not None
    model = replace(model, fit=replace(model.fit, moves=moves))
    found = ask(model, "P(drawdown <= -10% within 2d | do(leverage=low for 1d), leverage@2=high)")
    assert [text.partition(":")[0] for text in found.claim.paths] == [
        "seeing leverage@2 closes leverage@1 -> leverage@2 -> bitcoin@2 -> drawdown@2",
        "seeing leverage@2 opens leverage@1 -> leverage@2 <- bitcoin@1 -> drawdown@1",
    ]
