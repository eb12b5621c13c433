"""The days of data behind the thinnest row that an answer uses: by another count, and in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import causal
from causal.answer.support import row_name
from causal.ask import probability
from causal.errors import ImpossibleEvidenceError
from causal.graph.variable import unlagged
from causal.infer.expected_counts import used
from causal.model.network import CausalModel, Fit, family
from causal.model.posterior import Piece
from tests.app.toy import toy
from tests.identify.test_confounding import SET, asked, model
from tests.laws.test_rows_sum_to_one import fitted_on
from tests.reference import Node, condition_weights, enumerate_states, factor
from tests.strategies import Case, horizon_case, one_day_case


def test_a_row_that_takes_a_twentieth_of_the_visits_is_used() -> None:
    """Exactly so much is enough; nothing is never used, though it be a share of nothing."""
    entries = np.array([[0.5, 0.5], [0.25, 0.74], [0.0, 0.01], [17.0, 1.0], [0.0, 0.0]])
    assert entries.sum() == 20
    assert used(entries[..., None])[..., 0].tolist() == [True, False, False, True, False]
    assert not used(np.zeros((3, 2, 1))).any()
    assert used(np.array([[1.0], [2.0]])).tolist() == [True]


def test_a_row_in_words() -> None:
    graph = model().graph
    assert row_name(graph, "day", "d", ()) == "d"
    assert graph.parents("z") == ("c", "d")
    assert row_name(graph, "day", "z", (1, 0)) == "z | c=b, d=a"
    assert row_name(graph, "day", "s", np.array([1])) == "s | s@-1=b"
    assert row_name(graph, "start", "s", ()) == "s"


@pytest.mark.parametrize("given", ["", "leverage=high", "geopolitics=calm", "bitcoin@-1=crash"])
@pytest.mark.parametrize("event", ["bitcoin=crash", "leverage=low", "geopolitics=escalation"])
def test_the_row_that_is_named_has_the_days_that_are_told(event: str, given: str) -> None:
    found = toy(5)
    support = causal.ask(found, f"P({event} within 2d{' | ' + given if given else ''})").support
    assert support is not None
    assert found.fit is not None
    name, _, causes = support.row.partition(" | ")
    held = dict(c.split("=") for c in causes.split(", ")) if causes else {}
    days = []
    for piece in ("day", "start"):
        parents = family(found.graph, name, piece)[:-1]
        if sorted(parents) == sorted(held):
            row = tuple(found.graph.variable(unlagged(a)).index(held[a]) for a in parents)
            days.append(found.fit.counts.of(piece)[name][row].sum())
    assert support.days in days


def test_a_point_model_has_no_days_behind_it() -> None:
    assert asked([], SET).support is None


Usage = dict[tuple[Piece, str], np.ndarray]  # type: ignore[type-arg]


def usage_of(case: Case, model: CausalModel) -> Usage:
    """Expected visits to every row of every table, given event and evidence, by enumeration.

    A node counts when event or evidence descend from it after surgery, and, past the last
    evidence, as long as the event has not happened.
    """
    graph, horizon = model.graph, case.horizon
    seen = [condition_weights(model, k, s) for k, s in case.given.items()]
    wanted = [condition_weights(model, k, s) for k, s in case.event.items()]
    days = range(-1, horizon + 1) if graph.persistent else range(1)
    nodes = [(n, d) for d in days for n in graph.names]
    states = enumerate_states(model, nodes)
    joint = np.ones(len(next(iter(states.values()))))
    for node in nodes:
        joint = joint * factor(model, states, node, case.do, horizon)[:, 0]
    for node, weights in seen:
        joint = joint * weights[states[node]]
    targets = list(range(1, horizon + 1)) if case.within else [horizon]
    hits = {d: np.prod([w[states[n, d]] for (n, _), w in wanted], axis=0) for d in targets}
    last = max((d for (_, d), _ in seen), default=-2)
    asked = [(n, d) for (n, _), _ in wanted for d in targets]
    relevant = ancestors(model, case, [*asked, *(node for node, _ in seen)])
    found: Usage = {}
    total = (joint * (1 - np.prod([1 - h for h in hits.values()], axis=0))).sum()
    for name, day in relevant:
        before = [1 - h for d, h in hits.items() if d < day and day > last]
        after = [1 - h for d, h in hits.items() if not (d < day and day > last)]
        weight = np.prod([joint, *before], axis=0)
        weight = weight * (1 - np.prod([np.ones_like(joint), *after], axis=0)) / total
        piece: Piece = "start" if day == -1 else "day"
        axes = family(graph, name, piece)[:-1]
        rows = np.zeros([graph.size(a) for a in axes])
        parents = [(a.partition("@")[0], day - ("@" in a)) for a in axes]
        np.add.at(rows, tuple(states[p] for p in parents), weight if axes else weight.sum())
        found[piece, name] = found.get((piece, name), 0) + rows
    return found


def ancestors(model: CausalModel, case: Case, nodes: list[Node]) -> set[Node]:
    """Nodes from which some of ``nodes`` descend after surgery; done nodes use no table."""
    done = {
        (d.variable, day)
        for d in case.do
        for day in (range(1, case.horizon + 1) if case.horizon else [0])
        if not hasattr(d, "holds") or d.holds(day)
    }
    found: set[Node] = set()
    stack = list(nodes)
    while stack:
        name, day = stack.pop()
        if (name, day) in found or (name, day) in done:
            continue
        found.add((name, day))
        axes = family(model.graph, name, "start" if day == -1 else "day")[:-1]
        stack += [(a.partition("@")[0], day - ("@" in a)) for a in axes]
    return found


def test_support_is_the_thinnest_row_used() -> None:
    """Against expected visits by enumeration, on fits with many rows that were never seen."""
    tried, thin = 0, 0
    for seed in range(400):
        case = horizon_case(seed, joint=3_000) if seed % 2 else one_day_case(seed)
        model = fitted_on(case.model.graph, np.random.default_rng(seed), 3)
        asked = model
        for one in case.do:
            asked = asked.do(one)
        try:
            answer = probability(asked, case.event, **case.question)
        except ImpossibleEvidenceError:
            continue
        if answer.draws.mean() < 1e-12:
            continue
        usage = usage_of(case, model.mean())
        if any((abs(u / max(u.sum(), 1e-300) - 0.05) < 1e-6).any() for u in usage.values()):
            continue
        least = thinnest(model, usage)
        tried += 1
        if least is None:
            assert answer.support is None, str(case)
            continue
        assert answer.support is not None, str(case)
        assert answer.support.days == least, str(case)
        strength = strength_of(model)
        assert answer.support.prior_share == pytest.approx(strength / (strength + least))
        thin += least < 10
    assert tried > 250
    assert thin > 30


def thinnest(model: CausalModel, usage: Mapping[tuple[Piece, str], np.ndarray]) -> float | None:  # type: ignore[type-arg]
    assert isinstance(model.fit, Fit)
    least = [
        float(model.fit.counts.of(piece)[name].sum(axis=-1)[rows >= 0.05 * rows.sum()].min())
        for (piece, name), rows in usage.items()
        if rows.sum() > 0
    ]
    return min(least) if least else None


def strength_of(model: CausalModel) -> float:
    assert model.fit is not None
    return model.fit.prior.strength
