"""Whatever is handed to a verb, only a CausalError comes back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from causal.ask import ask, probability
from causal.drawdown.ladder import ladder
from causal.errors import CausalError, QueryError
from causal.explain.feedback import loop_gain
from causal.explain.sensitivity import sensitivity
from causal.infer.marginals import marginals
from causal.infer.most_probable_paths import likeliest
from causal.model.network import CausalModel
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.event import Condition, Drawdown
from causal.query.intervention import Schedule
from causal.query.query import Query
from causal.query.scenarios.scenario import grid
from causal.sweep.sweep import sweep
from tests.app.toy import toy
from tests.reference import truth
from tests.strategies import two_slice

MALFORMED = [{"b": 3}, {"b": None}, {"b": {"s0": "a"}}, "b=s0", {3: "s0"}, {"b@": "s0"}, {"b": []}]


@pytest.fixture(scope="module")
def model() -> CausalModel:
    found = two_slice(3)
    assert found.graph.names[0] == "b"
    return found


@pytest.mark.parametrize("item", MALFORMED, ids=str)
def test_malformed_conditions(model: CausalModel, item: object) -> None:
    with pytest.raises(QueryError):
        probability(model, item)  # type: ignore[arg-type]
    with pytest.raises(QueryError):
        probability(model, {"b": "s0"}, given=item)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "act",
    [
        lambda m: m.do(5),
        lambda m: m.do("b=s0"),
        lambda m: m.do([Hard("b", "s0"), "b"]),
        lambda m: Schedule(Hard("b", "s0"), "1", 2),  # type: ignore[arg-type]
        lambda m: ask(m, None),
        lambda m: Query((Condition("b", (("s0", 1.0),)),), within=2.5),  # type: ignore[arg-type]
        lambda m: marginals(m, day=1.5),  # type: ignore[arg-type]
        lambda m: probability(m, {"b": "s0"}, within="a week"),
        lambda m: Condition("b", (("s0", -1.0),)),
        lambda m: Condition("b", (("s0", float("nan")),)),
        lambda m: Condition("b", (("s0", 1.0), ("s0", 1.0))),
        lambda m: Mix("b", (("s0", 0.5), ("s1", 0.2))),
    ],
)
def test_malformed_values(model: CausalModel, act: Callable[[CausalModel], object]) -> None:
    with pytest.raises(CausalError):
        act(model)


def nested(depth: int) -> object:
    found: object = "s0"
    for place in range(depth):
        found = [found] if place % 2 else {"b": found}
    return found


@pytest.mark.parametrize("depth", [3, 40, 20_000])
def test_what_is_nested_too_deep_to_be_shown_is_refused(model: CausalModel, depth: int) -> None:
    """However deep it is, the error says that it is not understood."""
    thing: Any = nested(depth)
    for act in (
        lambda: probability(model, thing),
        lambda: probability(model, {"b": thing}),
        lambda: probability(model, {"b": "s0"}, given={"c": thing}),
        lambda: probability(model, {"b": "s0"}, within=thing),
        lambda: model.do(thing),
        lambda: model.do({"b": thing}),
        lambda: Policy(Hard("b", "s0"), thing),
        lambda: Cut(thing, "b"),
        lambda: ask(model, thing),
        lambda: sweep(model, thing, {"b": "s0"}),
        lambda: sweep(model, [thing], {"b": "s0"}),
        lambda: sweep(model, [("one", None, [thing])], {"b": "s0"}),
    ):
        with pytest.raises(CausalError):
            act()


ODD = (None, True, -1, 2.5, float("nan"), 10**400, "", "x", b"x", [], [[]], {"x": 1}, nested(3_000))


@pytest.mark.parametrize("odd", ODD, ids=lambda v: type(v).__name__)
def test_odd_options_of_a_verb_are_taken_or_refused(odd: Any) -> None:
    model = toy()
    question, event = "P(bitcoin=crash within 2d)", {"bitcoin": "crash"}
    arrow = ["bitcoin@-1 -> leverage"]
    for act in (
        lambda: likeliest(model, question, k=odd),
        lambda: sensitivity(model, question, top=odd),
        lambda: loop_gain(model, question, edges=odd, starts=[]),
        lambda: loop_gain(model, question, edges=arrow, starts=odd),
        lambda: loop_gain(model, question, edges=arrow, starts=[], given=odd),
        lambda: sweep(model, [("one", None, odd)], event, within=2),
        lambda: sweep(model, [("one", odd, None)], event, within=2),
        lambda: sweep(model, grid(do={"leverage": odd}), event, within=2),
        lambda: sweep(model, [("one", None, None)], event, within=2, budget=odd),
        lambda: ladder(model, thresholds=odd),
        lambda: ladder(model, thresholds=[odd]),
        lambda: ladder(model, horizons=odd),
        lambda: ladder(model, price=odd),
        lambda: probability(model, event, interval=odd),
        lambda: Drawdown(odd),
    ):
        with contextlib.suppress(CausalError):
            act()


@pytest.mark.parametrize("days", [61, 10**6, 10**9, 2**64, 10**30])
def test_a_horizon_without_end_is_refused_at_once(model: CausalModel, days: int) -> None:
    """Surgery looks at days one by one, and a question that is refused has no day to look at."""
    done = model.do(Schedule(Hard("b", "s0"), 2)).do(Hard("c", "s0"))
    start = time.perf_counter()
    for act in (
        lambda: ask(
            done, Query((Condition("d", (("s0", 1.0),)),), do=(Hard("b", "s0"),), within=days)
        ),
        lambda: probability(done, {"d": "s0"}, at=days),
        lambda: sweep(done, [("one", None, None)], {"d": "s0"}, within=days),
    ):
        with pytest.raises(QueryError):
            act()
    assert time.perf_counter() - start < 5


def test_certain_evidence_has_probability_one_at_most() -> None:
    """Whatever is rounded on the way, a probability stays one."""
    for seed in range(60):
        some = two_slice(seed)
        sure = {f"{v.name}{day}": v.states for v in some.graph.variables for day in ("@-1", "@0")}
        event = {some.graph.names[0]: some.graph.variables[0].states[0]}
        found = probability(some, event, given=sure, within=2)
        assert 1 - 1e-6 <= found.evidence <= 1
        assert 0 <= found.draws.min() <= found.draws.max() <= 1


def test_days_in_words(model: CausalModel) -> None:
    words: tuple[Any, ...] = (7, "7", "7d", "7 days", np.int64(7))
    answers = [probability(model, {"b": "s0"}, within=w).draws for w in words]
    for other in answers[1:]:
        np.testing.assert_array_equal(answers[0], other)


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1e200])
def test_the_scale_of_weights_does_not_matter(model: CausalModel, scale: float) -> None:
    plain = {"b": {"s0": 0.3, "s1": 1.0}, "c": {"s0": 1.0}}
    scaled = {n: {s: w * scale for s, w in states.items()} for n, states in plain.items()}
    true = truth(model, {"d": "s0"}, given=plain)
    found = probability(model, {"d": "s0"}, given=scaled)
    np.testing.assert_allclose(found.draws, true.draws, rtol=1e-9)
