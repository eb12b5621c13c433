"""Drawdowns in the grammar, at the public door, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import causal
from causal.ask import ask, probability
from causal.drawdown.grid import nodes, refined, sharpened
from causal.errors import CausalError, QueryError, UnknownVariableError
from causal.explain.feedback import loop_gain
from causal.explain.sensitivity import sensitivity
from causal.infer.most_probable_paths import likeliest
from causal.model.network import CausalModel, fitted
from causal.query.event import Drawdown
from causal.query.parser import parse
from causal.query.query import Query
from tests.moves import random_moves, with_moves
from tests.strategies import two_slice


@pytest.fixture(scope="module")
def model() -> CausalModel:
    whole = causal.load(causal.shipped())
    assert whole.fit is not None
    return fitted(whole.graph, replace(whole.fit, draws=24))


@given(st.floats(-0.9999, -1e-6), st.integers(1, 60), st.sampled_from([None, "bitcoin"]))
def test_any_threshold_reads_back(value: float, days: int, variable: str | None) -> None:
    graph = causal.load(causal.shipped()).graph
    query = Query((), within=days, drawdown=Drawdown(value, variable))
    assert parse(str(query), graph) == query


@given(st.text(min_size=1, max_size=12))
def test_any_name_of_a_price_reads_back(name: str) -> None:
    try:
        odd = causal.Variable(name, ("up", "down"))
        graph = causal.CausalGraph((odd,), (causal.Edge(name, name, 1),), name="one")
    except CausalError:
        return
    query = Query((), within=2, drawdown=Drawdown(-0.1, name))
    assert parse(str(query), graph) == query


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("P(drawdown <= -10% within 7d)", "P(drawdown <= -10% within 7d)"),
        ("P(drawdown<=-0.1 within 7 days)", "P(drawdown <= -10% within 7d)"),
        ("P( drawdown <= - 7 % within 30)", "P(drawdown <= -7% within 30d)"),
        ("P(drawdown( bitcoin )<=-0.1 within 7)", "P(drawdown(bitcoin) <= -10% within 7d)"),
        ("P(drawdown('bitcoin') <= - 7 % within 3)", "P(drawdown(bitcoin) <= -7% within 3d)"),
        (
            "P(drawdown <= -12.5% within 7d | leverage=high, do(war=calm for 2d))",
            "P(drawdown <= -12.5% within 7d | do(war=calm for 2d), leverage=high)",
        ),
    ],
)
def test_what_is_read(model: CausalModel, text: str, printed: str) -> None:
    assert str(parse(text, model.graph)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("P(drawdown <= 10% within 7d)", "is no loss"),
        ("P(drawdown <= 0 within 7d)", "is no loss"),
        ("P(drawdown <= -100% within 7d)", "is no loss"),
        ("P(drawdown <= -1.5 within 7d)", "is no loss"),
        ("P(drawdown <= nan within 7d)", "not a return"),
        ("P(drawdown <= deep within 7d)", "not a return"),
        ("P(drawdown <= within 7d)", "not a return"),
        ("P(drawdown <= -10%)", "has no horizon"),
        ("P(drawdown <= -10% at 7d)", "has `at 7d`"),
        ("P(drawdown <= -10% within 0d)", "is no horizon"),
        ("P(drawdown <= -10% within -3d)", "is no horizon"),
        ("P(drawdown <= -10% within 61d)", "reaches too far"),
        ("P(drawdown <= -10%, bitcoin=crash within 7d)", "beside another event"),
        ("P(bitcoin=crash, drawdown <= -10% within 7d)", "beside another event"),
        ("P(drawdown < -10% within 7d)", "not compared by `<`"),
        ("P(drawdown >= -10% within 7d)", "not compared by `>`"),
        ("P(drawdown = -0.1 within 7d)", "no variable `drawdown`"),
        ("P(bitcoin=crash | drawdown <= -10%)", "drawdown"),
        ("P(bitcoin <= 3)", "compares with a number"),
        ("P(bitcoin=70%)", "`%` has no meaning"),
    ],
)
def test_what_is_refused_points_at_its_place(model: CausalModel, text: str, message: str) -> None:
    with pytest.raises(CausalError, match=message) as found:
        parse(text, model.graph)
    assert "^" in found.value.where


@pytest.mark.parametrize("value", [0, 0.1, -1, -2.0, float("nan"), float("-inf"), "x", None, True])
def test_no_loss(value: object) -> None:
    with pytest.raises(QueryError, match="is no loss"):
        Drawdown(value)  # type: ignore[arg-type]


def test_a_variable_may_be_called_drawdown() -> None:
    graph = causal.CausalGraph((causal.Variable("drawdown", ("shallow", "deep")),), name="one")
    assert parse("P(drawdown=deep)", graph).event[0].variable == "drawdown"


def test_an_answer_has_all_that_answers_have(model: CausalModel) -> None:
    found = ask(model, "P(drawdown <= -10% within 7d | do(leverage=low), near_support=near)")
    record = found.to_dict()
    plain = ask(model, "P(bitcoin=crash within 7d | do(leverage=low), near_support=near)").to_dict()
    assert set(record) == set(plain)
    assert record["query"] == str(found.query)
    assert 0 < record["interval"]["low"] < record["probability"] < record["interval"]["high"] < 1
    assert record["evidence_probability"] == pytest.approx(plain["evidence_probability"])
    assert record["claim"]["effect"] == "identified"
    assert any("usual volatility" in a for a in record["claim"]["assumptions"])
    assert any("grid error" in a for a in record["claim"]["assumptions"])
    assert record["support"]["days"] <= 12  # crashes in high volatility
    assert found.draws.shape == found.base.shape == (24,)


def test_an_answer_owns_its_numbers(model: CausalModel) -> None:
    """What a caller does to them changes nothing that is kept."""
    for question in ("P(drawdown <= -10% within 2d)", "P(drawdown <= -10% within 2d | war=calm)"):
        answer = ask(model, question)
        draws, base = answer.draws.copy(), answer.base.copy()
        answer.draws[:] = answer.base[:] = 0
        again = ask(model, question)
        np.testing.assert_array_equal(again.draws, draws)
        np.testing.assert_array_equal(again.base, base)


def test_a_bounded_effect_bounds_the_drawdown(model: CausalModel) -> None:
    found = ask(model, "P(drawdown <= -10% within 2d | do(liquidations=cascade))")
    assert found.probability is None
    assert found.bounds is not None
    low, high = found.bounds
    assert (low >= 0).all()
    assert (low <= high).all()
    assert (high <= 1).all()
    taken = causal.ask(
        model,
        "P(drawdown <= -10% within 2d | do(liquidations=cascade))",
        assume_unconfounded=True,
    )
    assert (low <= taken.draws + 1e-9).all()
    assert (taken.draws <= high + 1e-9).all()
    assert taken.claim.licensed_by == "assumed"


def test_a_policy_acts_on_the_drawdown(model: CausalModel) -> None:
    plain = ask(model, "P(drawdown <= -10% within 7d)").draws
    always = ask(model, "P(drawdown <= -10% within 7d | do(leverage=low))").draws
    later = ask(model, "P(drawdown <= -10% within 7d | do(leverage=low from d5))").draws
    assert always.mean() < later.mean() < plain.mean()


def test_the_closed_form_says_why_not(model: CausalModel) -> None:
    found = ask(model, "P(drawdown <= -10% within 2d)", interval="delta")
    assert found.closed is None
    assert "no closed form" in found.note


@pytest.mark.parametrize("verb", [likeliest, sensitivity])
@pytest.mark.parametrize("whose", ["", "(bitcoin)"])
def test_verbs_that_follow_states_say_so(model: CausalModel, verb: object, whose: str) -> None:
    with pytest.raises(QueryError, match="not made for a drawdown"):
        verb(model, f"P(drawdown{whose} <= -10% within 7d)")  # type: ignore[operator]


@pytest.mark.parametrize("verb", [likeliest, sensitivity])
def test_what_can_be_asked_instead_is_about_this_model(verb: object) -> None:
    model = two_slice(3, most=3, states=2, draws=2)
    first = model.graph.names[0]
    named = with_moves(model, random_moves(3, model, of=first))
    for query in (Query((), within=2), Query((), within=2, drawdown=Drawdown(-0.1, first))):
        with pytest.raises(QueryError) as caught:
            verb(named, query)  # type: ignore[operator]
        found = re.search(r"`(P\(.*?\))`", caught.value.do)
        assert found is not None
        asked = parse(found[1], named.graph)
        assert query.drawdown is None or asked.event[0].variable == query.drawdown.variable


def test_a_variable_without_a_price_is_told_at_every_door(model: CausalModel) -> None:
    text = "P(drawdown(leverage) <= -10% within 2d)"
    query = Query((), within=2, drawdown=Drawdown(-0.1, "leverage"))
    for door in (
        lambda: ask(model, text),
        lambda: loop_gain(model, text),
        lambda: causal.sweep(model, [("a", None, None)], "drawdown(leverage) <= -10%", within=2),
    ):
        with pytest.raises(QueryError, match="`leverage` has no price") as caught:
            door()
        assert "^" in caught.value.where
        assert "`bitcoin`" in caught.value.do
    for door in (lambda: ask(model, query), lambda: loop_gain(model, query)):
        with pytest.raises(QueryError, match="`leverage` has no price"):
            door()
    with pytest.raises(UnknownVariableError):
        ask(model, Query((), within=2, drawdown=Drawdown(-0.1, "bitcon")))


@pytest.mark.parametrize("name", [1, b"x", ("bitcoin",)])
def test_a_price_has_a_name(name: object) -> None:
    with pytest.raises(QueryError, match="names no variable"):
        Drawdown(-0.1, name)  # type: ignore[arg-type]


def test_a_story_without_a_price(model: CausalModel) -> None:
    assert model.fit is not None
    bare = fitted(model.graph, replace(model.fit, moves=None))
    with pytest.raises(QueryError, match=r"no section \[moves\]"):
        ask(bare, "P(drawdown <= -10% within 7d)")
    with pytest.raises(QueryError, match=r"no section \[moves\]"):
        causal.ladder(bare)


def test_a_grid_too_coarse_gives_no_number(model: CausalModel) -> None:
    with pytest.raises(QueryError, match="grid error"):
        causal.ladder(model, thresholds=(-0.999, -0.0001), horizons=(60,), usual=0.0001)


def test_the_event_of_a_sweep_is_no_whole_question(model: CausalModel) -> None:
    with pytest.raises(QueryError, match="whole question"):
        causal.sweep(
            model,
            [("a", {"leverage": "low"}, None)],
            "drawdown <= -10% within 7d | do(leverage=high)",
        )


def test_evidence_that_cannot_be_is_named(model: CausalModel) -> None:
    given = "calendar=closed, yields=spike"
    with pytest.raises(causal.ImpossibleEvidenceError) as caught:
        ask(model, f"P(drawdown <= -10% within 7d | {given})")
    with pytest.raises(causal.ImpossibleEvidenceError) as other:
        ask(model, f"P(bitcoin=crash within 7d | {given})")
    assert caught.value.what == other.value.what
    assert given in caught.value.what


def test_a_grid_holds_its_thresholds_and_is_refined_between() -> None:
    wanted = [2.05, 4.21, 8.93]
    grid = nodes(wanted, 7)
    assert set(wanted) <= set(grid)
    assert grid[0] == 0
    assert (np.diff(grid) > 0).all()
    fine = refined(grid, 2)
    np.testing.assert_array_equal(fine[::4], grid)
    np.testing.assert_allclose(sharpened(grid).sum(axis=1), 1.0, atol=1e-12)
    assert len(nodes([300.0], 7)) > len(grid)


def test_the_curve_adds_up_to_the_event(model: CausalModel) -> None:
    acted = model.do(leverage="high")
    found = probability(acted, {"bitcoin": "crash"}, within="5d", given={"near_support": "near"})
    assert found.curve is not None
    assert found.base_curve is not None
    np.testing.assert_allclose(found.curve.sum(axis=0), found.draws, atol=1e-12)
    np.testing.assert_allclose(found.base_curve.sum(axis=0), found.base, atol=1e-12)
    rows = found.first_passage()
    assert [r["day"] for r in rows] == [1, 2, 3, 4, 5]
    assert rows[-1]["by_then"] == pytest.approx(found.probability)
    assert all(r["low"] < r["probability"] < r["high"] for r in rows)
    first = probability(acted, {"bitcoin": "crash"}, within=1, given={"near_support": "near"})
    assert rows[0]["probability"] == pytest.approx(first.probability)


def test_a_curve_that_cannot_be_drawn(model: CausalModel) -> None:
    late = probability(model, {"bitcoin": "crash"}, within=3, given={"war@2": "calm"})
    bounded = probability(model.do({"equity_selling": "shock"}), {"bitcoin": "crash"}, within=2)
    assert bounded.bounds is not None
    for answer in (late, bounded, ask(model, "P(drawdown <= -10% within 2d)")):
        with pytest.raises(QueryError, match="happens first is not known"):
            answer.first_passage()


def test_the_loop_of_a_drawdown(model: CausalModel) -> None:
    found = loop_gain(model, "P(drawdown <= -10% within 7d)")
    assert {str(c).partition(" ")[0] for c in found.edges} == {"bitcoin@-1"}
    assert not found.starts
    text = f"P(drawdown <= -10% within 7d | do({', '.join(map(str, found.edges))}))"
    alone = ask(model, text, assume_unconfounded=True)
    np.testing.assert_array_equal(found.cut.draws, alone.draws)
    assert found.loop.draws.mean() != found.cut.draws.mean()
    with pytest.raises(QueryError, match="not split by starting states"):
        loop_gain(model, "P(drawdown <= -10% within 7d)", starts=["leverage"])
