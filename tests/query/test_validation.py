"""Evidence on what is asked about, on a day that is asked, under a do: refused by every verb."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from causal.ask import ask, probability
from causal.drawdown.ladder import ladder
from causal.errors import QueryError
from causal.explain.feedback import loop_gain
from causal.explain.sensitivity import sensitivity
from causal.infer.marginals import marginals
from causal.infer.most_probable_paths import likeliest
from causal.model.network import CausalModel
from causal.query.assignment import Hard
from causal.query.event import Condition, StatesLike, conditions
from causal.query.intervention import Schedule
from causal.query.query import Query
from causal.query.scenarios.scenario_file import read_scenarios
from causal.query.validation import faults
from causal.show.diagram import illustrated
from causal.sweep.sweep import outline, sweep
from tests.app.toy import toy
from tests.moves import random_moves, with_moves
from tests.strategies import some_doing, some_event, some_evidence, two_slice, two_worlds

ITSELF = "P(bitcoin=crash | do(leverage=low), bitcoin=crash)"


@pytest.fixture(scope="module")
def model() -> CausalModel:
    return toy(draws=3)


def questions() -> Iterator[tuple[CausalModel, Query]]:
    """Any question of days or of one day, with evidence on anything."""
    for seed in range(600):
        rng = np.random.default_rng([8, seed])
        model = two_slice(seed)
        horizon = int(rng.integers(0, 4))
        within, at = (horizon, None) if rng.random() < 0.5 else (None, horizon or None)
        days = ["", "@0", "@-1", *(f"@{d}" for d in range(1, horizon + 1))]
        event = conditions(model.graph, some_event(rng, model))
        given = conditions(model.graph, some_evidence(rng, model, days))
        yield model, Query(event, given, some_doing(rng, model, horizon), within or None, at)


def test_a_counterfactual_is_refused_and_nothing_else() -> None:
    counted = {True: 0, False: 0}
    for model, query in questions():
        names = {c.variable for c in query.event}
        joined = any(c.variable in names and two_worlds(query, c.day or 0) for c in query.given)
        found = [error for part, error in faults(query, model.graph) if part in query.given]
        assert any("counterfactual" in e.means for e in found) == joined, str(query)
        if found:
            assert not list(faults(replace(query, do=()), model.graph)), str(query)
        counted[joined] += 1
    assert min(counted.values()) > 50, counted


@pytest.mark.parametrize(
    ("question", "refused"),
    [
        (ITSELF, True),
        ("P(bitcoin=crash | do(leverage=low), bitcoin@0=crash)", True),
        ("P(bitcoin={fall, crash} | do(leverage=low), bitcoin=crash)", True),
        ("P(bitcoin=crash | do(leverage=low), bitcoin={fall, crash})", True),
        ("P(bitcoin=crash | do(leverage=low), bitcoin=rise)", True),
        ("P(bitcoin=crash | do(leverage=low), bitcoin={fall: 0.2, crash: 0.8})", True),
        ("P(bitcoin=crash, leverage=low | do(geopolitics=calm), leverage=low)", True),
        ("P(bitcoin=crash | do(leverage=low if geopolitics=calm), bitcoin=crash)", True),
        ("P(bitcoin=crash | do(leverage -> bitcoin cut), bitcoin=crash)", True),
        ("P(bitcoin=crash at 3d | do(leverage=low), bitcoin@3=fall)", True),
        ("P(bitcoin=crash within 3d | do(leverage=low), bitcoin@2=fall)", True),
        ("P(bitcoin=crash within 3d | do(leverage=low from d2), bitcoin@2=fall)", True),
        ("P(bitcoin=crash within 3d | do(leverage=low from d3), bitcoin@2=fall)", False),
        ("P(bitcoin=crash at 3d | do(leverage=low), bitcoin@2=fall)", False),
        ("P(bitcoin=crash within 3d | do(leverage=low), bitcoin=crash)", False),
        ("P(bitcoin=crash | do(leverage=low), bitcoin@-1=crash)", False),
        ("P(bitcoin=crash | bitcoin=crash)", False),
    ],
)
def test_the_siblings(model: CausalModel, question: str, refused: bool) -> None:
    if not refused:
        assert ask(model, question).probability is not None
        return
    with pytest.raises(QueryError, match="counterfactual") as caught:
        ask(model, question)
    assert all((caught.value.what, caught.value.means, caught.value.do))
    assert caught.value.where.endswith("^")


def test_the_advice_holds_before_the_do(model: CausalModel) -> None:
    with pytest.raises(QueryError, match="`bitcoin@-1=crash`"):
        ask(model, ITSELF)
    with pytest.raises(QueryError, match="`bitcoin=fall` is about today"):
        ask(model, "P(bitcoin=crash at 3d | do(leverage=low), bitcoin@3=fall)")


CRASH: dict[str, StatesLike] = {"bitcoin": "crash"}
LOW = Hard("leverage", "low")
ITS_OWN = (Condition("bitcoin", (("crash", 1.0),)),)
VALUE = Query(ITS_OWN, ITS_OWN, (LOW,))

DOORS: list[Callable[[CausalModel], object]] = [
    lambda m: probability(m.do(leverage="low"), CRASH, given=CRASH),
    lambda m: ask(m.do(leverage="low"), "P(bitcoin=crash | bitcoin=crash)"),
    lambda m: ask(m, VALUE),
    lambda m: illustrated(m, VALUE),
    lambda m: sensitivity(m, VALUE),
    lambda m: likeliest(m, VALUE),
    lambda m: loop_gain(
        m, CRASH, given={"bitcoin@2": "fall"}, within=3, edges=["bitcoin@-1 -> leverage"]
    ),
    lambda m: sweep(m, [("one", {"leverage": "low"}, CRASH)], CRASH),
    lambda m: sweep(m, [("one", {"leverage": "low"}, None)], CRASH, given=CRASH),
    lambda m: sweep(m.do(leverage="low"), [("one", None, CRASH)], CRASH),
    lambda m: outline(m.do(leverage="low"), [("one", None, CRASH)], CRASH),
]


@pytest.mark.parametrize("door", DOORS)
def test_every_verb(model: CausalModel, door: Callable[[CausalModel], object]) -> None:
    with pytest.raises(QueryError) as caught:
        door(model)
    assert "evidence on what is asked about" in f"{caught.value.what} {caught.value.where}"


def test_scenarios_are_all_told_at_once(model: CausalModel, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "some.csv"
    path.write_text("name,do,given\na,leverage=low,bitcoin=fall\nb,leverage=mid,bitcoin=rise\n"
                    "c,leverage=high,\nd,,bitcoin=fall\n")  # fmt: skip
    with pytest.raises(QueryError, match="2 mistakes") as caught:
        sweep(model, read_scenarios(path, model.graph), CRASH)
    assert caught.value.where.count("on what is asked about") == 2
    assert len(sweep(model, read_scenarios(path, model.graph), CRASH, within=2).rows) == 4


def test_a_drawdown_is_made_of_its_own_moves() -> None:
    """Its event is the moves of one variable on all days of the horizon."""
    model = two_slice(3, most=3, states=2, draws=2)
    model = with_moves(model, random_moves(3, model))
    (*_, other, moved) = model.graph.names
    state = model.graph.variable(moved).states[0]
    done = Hard(other, model.graph.variable(other).states[0])
    asked = f"P(drawdown <= -10% within 3d | do({done}), {moved}@2={state})"
    doors: list[Callable[[], object]] = [
        lambda: ask(model, asked),
        lambda: ladder(model.do(done), given={f"{moved}@2": state}, horizons=(1, 3)),
        lambda: sweep(
            model, [("one", (done,), {f"{moved}@2": state})], "drawdown <= -10%", within=3
        ),
        lambda: outline(
            model, [("one", (done,), {f"{moved}@2": state})], "drawdown <= -10%", within=3
        ),
    ]
    for door in doors:
        with pytest.raises(QueryError) as caught:
            door()
        assert "evidence on what is asked about" in f"{caught.value.what} {caught.value.where}"
    later = Schedule(done, 3, None)
    for given in (f"{moved}={state}", f"{moved}@2={state}"):
        found = ask(model, f"P(drawdown <= -10% within 3d | do({later}), {given})")
        assert found.draws.min() >= 0


def test_what_asks_for_no_event_may_see_anything(model: CausalModel) -> None:
    found = marginals(model.do(leverage="low"), given=CRASH)
    assert found["bitcoin"].tolist() == [0, 0, 0, 1]
