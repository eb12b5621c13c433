"""Whatever is handed to the front door, only a CausalError comes back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from causal.errors import CausalError, QueryError
from causal.infer.probability import ask, marginals, probability
from causal.infer.query import Query
from causal.model.event import Condition
from causal.model.intervention import Hard, Mix, Schedule
from causal.model.network import CausalModel
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


def test_days_in_words(model: CausalModel) -> None:
    answers = [probability(model, {"b": "s0"}, within=w).draws for w in (7, "7", "7d", "7 days")]
    for other in answers[1:]:
        np.testing.assert_array_equal(answers[0], other)


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1e200])
def test_the_scale_of_weights_does_not_matter(model: CausalModel, scale: float) -> None:
    plain = {"b": {"s0": 0.3, "s1": 1.0}, "c": {"s0": 1.0}}
    scaled = {n: {s: w * scale for s, w in states.items()} for n, states in plain.items()}
    true = truth(model, {"d": "s0"}, given=plain)
    found = probability(model, {"d": "s0"}, given=scaled)
    np.testing.assert_allclose(found.draws, true.draws, rtol=1e-9)


def test_single_precision_is_asked_by_name(model: CausalModel) -> None:
    double = probability(model, {"b": "s0"}, within=3)
    single = probability(model, {"b": "s0"}, within=3, precision="single")
    np.testing.assert_allclose(single.draws, double.draws, atol=1e-6)
    with pytest.raises(QueryError):
        probability(model, {"b": "s0"}, precision="half")  # type: ignore[arg-type]
