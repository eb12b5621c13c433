"""Evidence as of a day: what is new is told, what is old is weakened, what is stale is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.ask import ask
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Measurement, Series, Variable
from causal.infer.marginals import marginals
from causal.learn.as_of import LEAST, Reading, virtual_evidence, with_known_evidence
from causal.model.network import CausalModel, fitted
from causal.query.parser import parse
from tests.app.toy import GRAPH, toy

DAY = "2026-05-29"  # a Friday


def reading(variable: str, state: str | None, age: int | None) -> Reading:
    return Reading(variable, state, DAY, age, 1.0, 0.5)


def evidence(model: CausalModel, text: str, *known: Reading) -> tuple[str, tuple[Reading, ...]]:
    question, used = with_known_evidence(model, parse(text, model.graph), known, DAY)
    return str(question).partition(" | ")[2].removesuffix(")"), used


@pytest.fixture(scope="module")
def model() -> CausalModel:
    """The toy, its tension made to last."""
    found = toy(50, rate=2.0)
    assert found.fit is not None
    day = dict(found.fit.counts.day)
    lasting = np.full((3, 3), 2, dtype=np.int64) + 40 * np.eye(3, dtype=np.int64)
    day["geopolitics"] = lasting
    return fitted(GRAPH, replace(found.fit, counts=replace(found.fit.counts, day=day)))


def test_what_is_known_of_the_day_and_of_the_day_before(model: CausalModel) -> None:
    known = (reading("leverage", "high", 0), reading("bitcoin", "flat", 1))
    said, used = evidence(model, "P(bitcoin=crash within 7d)", *known)
    assert said == "leverage=high, bitcoin@-1=flat"
    assert [r.left_out for r in used] == ["", ""]


def test_without_a_horizon_the_day_after_is_asked_about(model: CausalModel) -> None:
    known = (reading("leverage", "high", 0), reading("bitcoin", "flat", 1))
    said, used = evidence(model, "P(bitcoin=crash)", *known)
    assert said == "leverage@-1=high"
    assert [r.left_out for r in used] == ["", "the day after is asked"]


def test_the_question_goes_before_the_history(model: CausalModel) -> None:
    said, used = evidence(
        model, "P(bitcoin=crash within 7d | leverage=low)", reading("leverage", "high", 0)
    )
    assert said == "leverage=low"
    assert used[0].left_out == "known to the question"


def test_what_is_not_known_is_not_evidence(model: CausalModel) -> None:
    missing = replace(reading("leverage", None, None), left_out="no data")
    stale = replace(reading("bitcoin", "crash", 40), left_out="too old")
    said, used = evidence(model, "P(bitcoin=crash within 7d)", missing, stale)
    assert said == ""
    assert [r.left_out for r in used] == ["no data", "too old"]


@pytest.mark.parametrize("age", [2, 3, 5])
@pytest.mark.parametrize("state", GRAPH.variables[0].states)
def test_an_old_state_says_what_the_dynamics_leave_of_it(
    model: CausalModel, age: int, state: str
) -> None:
    """P(x_h | weights today) = P(x_{k+h} | x_0 = s), where x depends on its own past alone."""
    mean = model.mean()
    question = parse("P(geopolitics=escalation at 2d)", GRAPH)
    told, (used,) = with_known_evidence(mean, question, [reading("geopolitics", state, age)], DAY)
    assert len(used.weights) == 3
    assert max(w for _, w in used.weights) == 1.0
    found = ask(mean, told).probability
    exact = marginals(mean, given={"geopolitics": state}, day=age + 2)["geopolitics"][-1]
    assert found == pytest.approx(exact, abs=2e-3)
    base = ask(mean, question).probability
    assert base is not None
    assert abs(exact - base) > 5e-3, "the test could not fail"


def test_an_old_state_that_says_nothing_is_left_out(model: CausalModel) -> None:
    old = reading("geopolitics", "escalation", 25)
    after = marginals(model.mean(), given={"geopolitics": "escalation"}, day=25)["geopolitics"]
    plain = marginals(model.mean(), day=25)["geopolitics"]
    assert np.abs(after - plain).sum() / 2 < LEAST
    assert virtual_evidence(model, old) == ()
    said, used = evidence(model, "P(bitcoin=crash within 7d)", old)
    assert said == ""
    assert used[0].left_out == "too old"


def test_the_calendar_of_the_day_after_is_known() -> None:
    """Friday's question without a horizon is about Saturday, and Saturday is closed."""
    graph = CausalGraph(
        (
            Variable("calendar", ("open", "closed"), Measurement(calendar="us")),
            Variable("x", ("a", "b"), Measurement((Series("c"),), cuts=(0.0,))),
        ),
        (Edge("calendar", "x", 0, "it does"),),
    )
    fit = toy(5).fit
    assert fit is not None
    ones = {"calendar": np.ones(2, dtype=np.int64), "x": np.ones((2, 2), dtype=np.int64)}
    counts = replace(fit.counts, day=ones, start=ones)
    small = fitted(graph, replace(fit, counts=counts))
    question, _ = with_known_evidence(small, parse("P(x=b)", graph), (), DAY)
    assert str(question) == "P(x=b from 2026-05-30)"
    assert ask(small, question).draws == pytest.approx(ask(small, "P(x=b | calendar=closed)").draws)
    question, _ = with_known_evidence(small, parse("P(x=b | calendar=open)", graph), (), DAY)
    assert str(question) == "P(x=b from 2026-05-30 | calendar=open)"
    assert ask(small, question).draws == pytest.approx(ask(small, "P(x=b | calendar=open)").draws)
