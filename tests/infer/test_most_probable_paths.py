"""The likeliest paths against an enumeration of every path."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from causal.ask import ask
from causal.contract.max_product import argbest, best
from causal.errors import QueryError
from causal.infer.most_probable_paths import Paths, likeliest
from causal.query.event import conditions
from causal.query.query import Query
from tests.app.toy import toy
from tests.reference import condition_weights, enumerate_states, factor
from tests.strategies import Case, horizon_case, law_models, one_day_case

QUESTION = "P(bitcoin=crash within 3d | do(geopolitics=escalation), leverage=high)"
MANY = 60


def shares(case: Case, nodes: list[tuple[str, int]]) -> dict[tuple[object, ...], float]:
    """P(path | event, evidence) of every path over ``nodes`` and the event's first day."""
    model, horizon = case.model, case.horizon
    lags = any(e.lag for e in model.graph.edges)
    seen = [condition_weights(model, key, s) for key, s in case.given.items()]
    wanted = [condition_weights(model, key, s) for key, s in case.event.items()]
    days = range(-1, max([horizon, *(day for (_, day), _ in seen)]) + 1) if lags else [0]
    every = [(name, day) for day in days for name in model.graph.names]
    states = enumerate_states(model, every)
    joint = np.ones(len(next(iter(states.values()))))
    for node in every:
        joint *= factor(model, states, node, case.do, horizon)[:, 0]
    for node, weights in seen:
        joint *= weights[states[node]]
    found: dict[tuple[object, ...], float] = defaultdict(float)
    for day in range(1, horizon + 1) if case.within else [horizon]:
        hit = np.ones(len(joint))
        for (name, _), weights in wanted:
            hit *= weights[states[name, day]]
        if nodes:
            codes = np.stack([states[node] for node in nodes], axis=1)
            rows, which = np.unique(codes, axis=0, return_inverse=True)
            sums = np.bincount(which.ravel(), joint * hit, len(rows))
            for row, mass in zip(rows, sums, strict=True):
                found[(day, *map(int, row))] += float(mass)
        else:
            found[(day,)] += float((joint * hit).sum())
        joint = joint * (1 - hit)
    total = sum(found.values())
    return {path: mass / total for path, mass in found.items()} if total > 0 else {}


def answer(case: Case, k: int, *, everything: bool) -> Paths | None:
    """The engine's paths; None where the event is impossible."""
    graph = case.model.graph
    event, given = conditions(graph, case.event), conditions(graph, case.given)
    query = Query(event, given, case.do, case.within, case.at)
    try:
        return likeliest(case.model, query, k=k, everything=everything)
    except QueryError:
        return None


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("chunk", range(4))
def test_paths_are_those_of_the_enumeration(chunk: int, everything: bool) -> None:
    """The k best, in order, each with its share; as many as there are, and no path twice."""
    tried = 0
    for seed in range(chunk, law_models(MANY), 4):
        case = horizon_case(seed, 3_000) if seed % 3 else one_day_case(seed)
        size = np.prod([len(v.states) for v in case.model.graph.variables])
        if size > 3_000:
            continue
        case = replace(case, model=case.model.mean())
        found = answer(case, 12, everything=everything)
        if found is None:
            assert not shares(case, []), case
            continue
        nodes = [(n, day) for day, states in found.paths[0].days.items() for n in states]
        true = shares(case, nodes)
        ranked = sorted((share for share in true.values() if share > 0), reverse=True)
        assert len(found.paths) == min(12, len(ranked)), case
        assert [p.share for p in found.paths] == pytest.approx(ranked[:12], rel=1e-9), case
        keys = []
        for path in found.paths:
            states = [case.model.graph.variable(n).states.index(path.days[d][n]) for n, d in nodes]
            keys.append((path.first, *states))
            assert true[keys[-1]] == pytest.approx(path.share, rel=1e-9), case
        assert len(set(keys)) == len(keys), case
        tried += 1
    assert tried >= 6


def test_the_shares_of_all_paths_sum_to_one() -> None:
    complete = 0
    for seed in range(30):
        case = one_day_case(seed)
        found = answer(replace(case, model=case.model.mean()), 100, everything=False)
        if found is None:
            continue
        total = sum(p.share for p in found.paths)
        assert total < 1 + 1e-9
        if len(found.paths) < 100:
            assert total == pytest.approx(1)
            complete += 1
    assert complete > 5


def test_what_is_done_and_seen_stands_in_the_path() -> None:
    found = likeliest(toy(), QUESTION)
    assert len(found.paths) == 3
    assert found.paths[0].share >= found.paths[1].share >= found.paths[2].share > 0
    for path in found.paths:
        assert path.days[0]["leverage"] == "high"
        assert [path.days[d]["geopolitics"] for d in (1, 2, 3)] == ["escalation"] * 3
        assert path.first is not None
        assert path.days[path.first]["bitcoin"] == "crash"
        assert all(path.days[d]["bitcoin"] != "crash" for d in range(1, path.first))
    mean = ask(toy().mean(), QUESTION, assume_unconfounded=True)
    assert found.probability == pytest.approx(float(mean.draws[0]))


def test_only_what_is_unusual_is_listed() -> None:
    found = likeliest(toy(), QUESTION, k=1)
    (path,) = found.paths
    odd = found.unusual(path)
    assert odd.keys() == path.days.keys()
    for day, states in path.days.items():
        assert odd[day] == {n: s for n, s in states.items() if s != found.usual[n]}
    assert sum(map(len, odd.values())) < sum(map(len, path.days.values()))


def test_everything_names_every_variable() -> None:
    found = likeliest(toy(), "P(leverage=high)", k=1, everything=True)
    assert all(set(states) == set(toy().graph.names) for states in found.paths[0].days.values())
    fewer = likeliest(toy(), "P(geopolitics=escalation)", k=1)
    assert set(fewer.paths[0].days[0]) == {"geopolitics"}


def test_a_model_under_surgery_keeps_it() -> None:
    one = likeliest(
        toy().do(geopolitics="escalation"), "P(bitcoin=crash within 3d | leverage=high)"
    )
    assert one.paths == likeliest(toy(), QUESTION).paths


@pytest.mark.parametrize(
    ("question", "k", "what"),
    [
        ("P(bitcoin=crash | bitcoin=rise)", 3, "cannot happen"),
        ("P(bitcoin=crash | do(bitcoin=rise))", 3, "cannot happen"),
        ("P(bitcoin=crash)", 0, "0 paths"),
        ("P(bitcoin=crash)", 101, "101 paths"),
    ],
)
def test_what_has_no_path_is_refused(question: str, k: int, what: str) -> None:
    with pytest.raises(QueryError, match=what):
        likeliest(toy(), question, k=k)


def test_a_question_without_an_event_is_refused() -> None:
    with pytest.raises(QueryError, match="no event"):
        likeliest(toy(), Query(()))


def test_max_product_is_the_maximum() -> None:
    rng = np.random.default_rng(3)
    factors = [
        (("a", "b"), rng.normal(size=(3, 4))),
        (("b", "c"), rng.normal(size=(4, 2))),
        (("c",), rng.normal(size=2)),
    ]
    joint = factors[0][1][:, :, None] + factors[1][1][None] + factors[2][1]
    assert best(factors, ("c", "a")) == pytest.approx(joint.max(axis=1).T)
    value, where = argbest(factors)
    assert value == pytest.approx(joint.max())
    assert joint[where["a"], where["b"], where["c"]] == pytest.approx(value)
