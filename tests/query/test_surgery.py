"""Surgery on surgery: what acts on a day, by laws over random lists of interventions.

What counts is written down once more here, item by item: a later assignment takes the place of all
that was done to its table; policies lie over it in turn; a cut reaches the table under them.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

import networkx as nx
import pytest

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Measurement, Variable
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.intervention import Action, Intervention, Schedule
from causal.query.surgery import Stack, blind, circular, holds, in_force, stacks, unscheduled

NAMES = ("p", "q", "r")
CLOSES = Measurement(closed=True)
GRAPH = CausalGraph(
    (
        Variable("p", ("a", "b"), CLOSES),
        Variable("q", ("a", "b")),
        Variable("r", ("a", "b")),
    ),
    (
        Edge("p", "q"),
        Edge("p", "r"),
        Edge("q", "r"),
        Edge("r", "q", 1),
        Edge("p", "p", 1),
        Edge("q", "q", 1),
    ),
    name="three",
)
CASES = 400


def some_action(rng: random.Random) -> Action:
    name, state = rng.choice(NAMES), rng.choice("ab")
    kind = rng.choice(["hard", "mix", "policy", "policy", "cut", "cut"])
    what: Hard | Mix = Hard(name, state)
    if kind == "mix" or rng.random() < 0.2:
        what = Mix(name, (("a", 0.25), ("b", 0.75)))
    if kind == "policy":
        other = rng.choice([n for n in NAMES if n != name])
        return Policy(what, {rng.choice([other, f"{other}@-1", f"{name}@-1"]): state})
    if kind == "cut":
        edge = rng.choice(GRAPH.edges)
        return Cut(edge.axis, edge.effect, rng.choice([None, "b"]))
    return what


def some_do(seed: int) -> tuple[tuple[Intervention, ...], int]:
    """One to five interventions, many of them on some days only, and a horizon."""
    rng = random.Random(seed)
    horizon, found = rng.randrange(5), list[Intervention]()
    for _ in range(rng.randrange(1, 6)):
        what = some_action(rng)
        if rng.random() < 0.6:
            first = rng.randrange(1, 5)
            last = rng.choice([None, first, first + 1, first + 2])
            found.append(Schedule(what, first, last))
        else:
            found.append(what)
    return tuple(found), horizon


def acts(item: Intervention, day: int) -> bool:
    if not isinstance(item, Schedule):
        return True
    return day >= item.first and (item.last is None or day <= item.last)


def days_of(horizon: int) -> list[int]:
    return [*range(1, horizon + 1)] or [0]


Plan = dict[str, tuple[Any, dict[str, Cut], tuple[Policy, ...]]]


def plan(do: tuple[Intervention, ...], day: int) -> Plan:
    """For each variable that is acted on: what it is set to, else its cuts, and its policies."""
    found: Plan = {}
    for name in NAMES:
        own = [i for i in map(unscheduled, (i for i in do if acts(i, day))) if i.variable == name]
        places = [k for k, i in enumerate(own) if isinstance(i, Hard | Mix)]
        base = own[places[-1]] if places else None
        after = own[places[-1] + 1 :] if places else own
        cuts = {i.cause: i for i in own if isinstance(i, Cut)} if base is None else {}
        policies = tuple(i for i in after if isinstance(i, Policy))
        if base is not None or cuts or policies:
            found[name] = (base, cuts, policies)
    return found


def effect(found: dict[str, Stack]) -> Plan:
    """The same, of the stacks."""
    return {
        n: (s.base, s.cuts if s.base is None else {}, s.policies)
        for n, s in found.items()
        if s.base is not None or s.cuts or s.policies
    }


@pytest.fixture(scope="module")
def cases() -> list[tuple[tuple[Intervention, ...], int]]:
    return [some_do(seed) for seed in range(CASES)]


def test_the_last_assignment_counts_and_policies_lie_over_it(cases: Any) -> None:
    for do, horizon in cases:
        for day in days_of(horizon):
            assert effect(stacks(do, day)) == plan(do, day), (list(map(str, do)), day)


def test_a_later_cut_of_the_same_arrow_counts() -> None:
    one, other = Cut("p", "q"), Cut("p", "q", "b")
    third = Cut("q@-1", "q")
    found = stacks([one, third, other], 1)["q"]
    assert list(found.cuts.items()) == [("q@-1", third), ("p", other)]


def test_what_is_in_force_acts_as_all_did(cases: Any) -> None:
    """On every day, and without anything that could be left out."""
    shorter = 0
    for do, horizon in cases:
        found = in_force(do, horizon)
        for day in days_of(horizon):
            assert plan(found, day) == plan(do, day), (list(map(str, do)), day)
        assert in_force(found, horizon) == found
        for item in found:
            left = tuple(i for i in found if i is not item)
            idle = not any(acts(item, d) for d in days_of(horizon))
            assert idle or any(plan(left, d) != plan(found, d) for d in days_of(horizon)), item
        shorter += found != do
    assert shorter > CASES / 5


def left_of(do: tuple[Intervention, ...], place: int, horizon: int) -> list[Intervention]:
    """What is left of one item: itself if it acts on all of its days, else each unbroken run."""
    item, own = do[place], [d for d in days_of(horizon) if acts(do[place], d)]
    what, left = unscheduled(item), []
    for day in own:
        others = [(k, unscheduled(i)) for k, i in enumerate(do) if k != place and acts(i, day)]
        others = [(k, o) for k, o in others if o.variable == what.variable]
        if isinstance(what, Cut):
            gone = any(isinstance(o, Hard | Mix) for _, o in others) or any(
                isinstance(o, Cut) and o.cause == what.cause and k > place for k, o in others
            )
        else:
            gone = any(isinstance(o, Hard | Mix) and k > place for k, o in others)
        left += [] if gone else [day]
    if left == own:
        return [item]
    runs = [[d for _, d in g] for _, g in groupby(enumerate(left), lambda pair: pair[1] - pair[0])]
    goes_on = not isinstance(item, Schedule) or item.last is None
    return [Schedule(what, r[0], None if goes_on and r[-1] == horizon else r[-1]) for r in runs]


def test_what_is_in_force_stands_in_order_and_in_whole_runs(cases: Any) -> None:
    for do, horizon in cases:
        wanted = [i for place in range(len(do)) for i in left_of(do, place, horizon)]
        assert in_force(do, horizon) == tuple(wanted), list(map(str, do))


def spans(item: Intervention, later: Intervention, horizon: int) -> list[str]:
    return [str(i).partition("x=a")[2].strip() for i in in_force((item, later), horizon)][:-1]


X = Hard("x", "a")


@pytest.mark.parametrize(
    ("first", "last", "over", "horizon", "left"),
    [
        (None, None, (2, 3), 5, ["on d1", "from d4"]),
        (None, None, (2, 3), 3, ["on d1"]),
        (None, None, (2, None), 5, ["on d1"]),
        (None, None, (1, 2), 5, ["from d3"]),
        (None, None, (5, 5), 5, ["for 4d"]),
        (1, 5, (2, 2), 5, ["on d1", "on d3-d5"]),
        (1, 9, (2, 2), 5, ["on d1", "on d3-d5"]),
        (2, None, (3, 3), 5, ["on d2", "from d4"]),
        (2, 4, (2, 4), 5, []),
        (2, 4, (1, 9), 5, []),
        (2, 4, (1, 1), 5, ["on d2-d4"]),
        (2, 4, (5, 5), 5, ["on d2-d4"]),
        (7, 9, (1, 9), 5, ["on d7-d9"]),  # on no day of the question: kept, to be refused
    ],
)
def test_an_assignment_over_another_on_some_days(
    first: int | None, last: int | None, over: tuple[int, int | None], horizon: int, left: list[str]
) -> None:
    item = X if first is None else Schedule(X, first, last)
    assert spans(item, Schedule(Hard("x", "b"), *over), horizon) == left


def test_on_one_day_the_last_assignment_is_all() -> None:
    other = Hard("x", "b")
    assert in_force((X, other), 0) == (other,)
    assert in_force((X, other, X), 0) == (X,)
    assert in_force((X, X), 0) == (X,)
    scheduled = Schedule(X, 1, 2)
    assert in_force((scheduled, other), 0) == (scheduled, other)
    assert holds(X, 0)
    assert not holds(scheduled, 0)
    assert [holds(scheduled, d) for d in (1, 2, 3)] == [True, True, False]
    assert unscheduled(scheduled) == unscheduled(X) == X


def test_a_table_reads_its_conditions_and_what_is_left_of_its_causes(cases: Any) -> None:
    for do, horizon in cases:
        for day in days_of(horizon):
            for name, (base, cuts, policies) in plan(do, day).items():
                own = [] if base is not None else [
                    a for a in GRAPH.parents(name) if a not in cuts or a.startswith("p")
                ]  # fmt: skip
                seen = [p.axis for p in policies if p.axis not in own]
                found = stacks(do, day)[name].reads(GRAPH, name)
                assert found == (*dict.fromkeys(seen), *own)
    assert not blind(GRAPH, "p@-1")
    assert blind(GRAPH, "q")


def test_a_cycle_is_found_where_there_is_one_and_shown(cases: Any) -> None:
    """Against networkx on the arrows of every day."""
    turning = 0
    for do, horizon in cases:
        arrows = []
        for day in days_of(horizon):
            acted = plan(do, day)
            graph = nx.DiGraph()
            for name in NAMES:
                reads = Stack().reads(GRAPH, name)
                if name in acted:
                    base, cuts, policies = acted[name]
                    reads = Stack(base, cuts, policies).reads(GRAPH, name)
                graph.add_edges_from((a, name) for a in reads if "@" not in a)
            arrows.append(graph)
        bad = [g for g in arrows if not nx.is_directed_acyclic_graph(g)]
        found = circular(GRAPH, do, horizon)
        assert (found is not None) == bool(bad), (list(map(str, do)), horizon)
        if found is None:
            continue
        turning += 1
        item, error = found
        path = error.what.rpartition(": ")[2].removesuffix(".").split(" -> ")
        steps = list(pairwise(path))
        assert path[0] == path[-1]
        assert len(set(path)) == len(path) - 1 >= 2
        assert any(all(g.has_edge(*s) for s in steps) for g in bad)
        policy = unscheduled(item)
        assert isinstance(policy, Policy)
        assert (policy.axis, policy.variable) in steps
        assert any(item is i for i in do)
        assert f"`{item}`" in error.what
        assert f"if {policy.axis}@-1=" in error.do
    assert turning > 20


def test_a_policy_alone_on_what_comes_before_is_no_cycle() -> None:
    graph = replace(GRAPH, edges=(Edge("p", "q"), Edge("q", "r"), Edge("r", "p", 1)))
    assert circular(graph, (Policy(Hard("r", "a"), {"p": "b"}),), 2) is None
    assert circular(graph, (Policy(Hard("p", "b"), {"r@-1": "b"}),), 2) is None
    assert circular(graph, (), 2) is None
    late = Schedule(Policy(Hard("p", "b"), {"r": "b"}), 2, 2)
    assert circular(graph, (late,), 1) is None
    found = circular(graph, (late,), 2)
    assert found is not None
    assert found[0] == late
    set_off = (late, Schedule(Hard("q", "a"), 2))
    assert circular(graph, set_off, 3) is None
    assert circular(graph, (late, Schedule(Hard("q", "a"), 3)), 3) is not None
