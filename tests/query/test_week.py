"""The date of a question: how it is written, refused and kept, and what an answer says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import causal
from causal.ask import ask, probability
from causal.calendar import closed_share, us_open
from causal.drawdown.ladder import ladder
from causal.errors import QueryError
from causal.explain.feedback import loop_gain
from causal.graph.dag import CausalGraph
from causal.graph.story import Story, story_from_dict, story_to_dict
from causal.infer.most_probable_paths import likeliest
from causal.model.network import CausalModel, fitted
from causal.query.parser import parse
from causal.query.query import Query
from causal.query.unrolled import unroll
from causal.query.week import calendar_used, weekly
from causal.sweep.sweep import sweep
from tests.app.toy import toy

FRIDAY = "2026-06-05"
WEEK = "2026-06-05 to 2026-06-12"


def turning_graph(graph: CausalGraph) -> CausalGraph:
    """The graph of the shipped story, its calendar following the week."""
    told = dict(story_to_dict(Story(graph)))
    told["variables"]["calendar"]["calendar"] = "us"
    return story_from_dict(told).graph


@pytest.fixture(scope="module")
def model() -> CausalModel:
    whole = causal.load(causal.shipped())
    assert whole.fit is not None
    return fitted(turning_graph(whole.graph), replace(whole.fit, draws=16))


@pytest.mark.parametrize(
    "text",
    [
        f"P(bitcoin=crash from {FRIDAY})",
        f"P(bitcoin=crash within 7d from {FRIDAY} | do(leverage=low), volatility=high)",
        f"P(bitcoin=crash at 7d from {FRIDAY} | leverage@-1=high)",
        f"P(drawdown <= -10% within 7d from {FRIDAY})",
    ],
)
def test_a_date_reads_back(model: CausalModel, text: str) -> None:
    found = parse(text, model.graph)
    assert found.start == FRIDAY
    assert str(found) == text
    assert parse(str(found), model.graph) == found


@pytest.mark.parametrize(
    "date", ["2026-02-30", "06-05-2026", "20260605", "1999-12-31", "2200-01-01", "friday", "", 5]
)
def test_what_is_no_date(model: CausalModel, date: Any) -> None:
    with pytest.raises(QueryError, match="is no date of a question"):
        Query((), start=date)
    with pytest.raises(QueryError, match="Write 2026-06-05"):
        probability(model, {"bitcoin": "crash"}, start=date)
    if date:
        with pytest.raises(QueryError) as caught:
            parse(f"P(bitcoin=crash from {date})", model.graph)
        assert "^" * len(str(date)) in str(caught.value)


def test_two_dates_and_a_date_without_a_calendar(model: CausalModel) -> None:
    text = f"P(bitcoin=crash from {FRIDAY})"
    assert ask(model, text, start=FRIDAY).query.start == FRIDAY
    with pytest.raises(QueryError, match="begins on 2026-06-05, and on 2026-06-06"):
        ask(model, text, start="2026-06-06")
    plain = toy()
    with pytest.raises(QueryError, match=r"has no calendar[\s\S]*\^\^\^"):
        ask(plain, text)
    with pytest.raises(QueryError, match="has no calendar"):
        sweep(plain, [("one", {}, {})], {"bitcoin": "crash"}, start=FRIDAY)


def test_a_model_without_a_calendar_has_no_week() -> None:
    plain = toy()
    assert weekly(plain.graph) == (plain.graph, "")
    asked = unroll(plain.graph, parse("P(bitcoin=crash within 7d)", plain.graph))
    assert (asked.graph, asked.sessions, asked.week) == (plain.graph, {}, "")
    assert ask(plain, "P(bitcoin=crash within 7d)").to_dict()["calendar"] is None


def test_a_weekday_of_the_story_is_another_variable(model: CausalModel) -> None:
    graph = model.graph
    own = replace(graph, variables=(*graph.variables, causal.Variable("weekday", ("a", "b"))))
    joined, name = weekly(own)
    assert name == "weekday'"
    assert set(joined.names) == {*own.names, name}


def test_a_calendar_of_independent_days(model: CausalModel) -> None:
    """As in files before version 4: only a date tells its sessions."""
    told = dict(story_to_dict(Story(model.graph)))
    told["variables"]["calendar"]["calendar"] = "us_independent"
    graph = story_from_dict(told).graph
    assert weekly(graph) == (graph, "")
    query = parse("P(bitcoin=crash within 7d)", graph)
    assert unroll(graph, query).sessions == {}
    assert unroll(graph, replace(query, independent=True)).sessions == {}
    assert calendar_used(graph, None, 7) is None
    assert calendar_used(graph, FRIDAY, 2) == "2026-06-05 to 2026-06-07"
    assert set(unroll(graph, replace(query, start=FRIDAY)).sessions) == set(range(-1, 8))


def test_a_weekend_of_the_shipped_model(model: CausalModel) -> None:
    weekend = ask(model, f"P(equity_selling=shock within 2d from {FRIDAY})")
    np.testing.assert_array_equal(weekend.draws, 0.0)
    assert (ask(model, f"P(equity_selling=shock within 3d from {FRIDAY})").draws > 0).all()
    tomorrow = [
        ask(model, "P(bitcoin=crash at 1d)", start=day).probability or 0.0
        for day in (FRIDAY, "2026-06-08")
    ]
    assert tomorrow[0] < 0.6 * tomorrow[1]


def test_without_a_date_a_day_has_a_session_as_often_as_any(model: CausalModel) -> None:
    found = ask(model, "P(calendar=closed at 5d | leverage=high)")
    np.testing.assert_allclose(found.draws, closed_share().mean(), rtol=1e-12)


def test_every_verb_says_which_sessions(model: CausalModel) -> None:
    text = f"P(bitcoin=crash within 7d from {FRIDAY} | leverage=high)"
    alone = ask(model, text)
    assert alone.to_dict()["calendar"] == WEEK
    assert ask(model, "P(bitcoin=crash within 7d)").calendar == "mean over weekdays"
    rows = sweep(
        model, [("one", {}, {"leverage": "high"})], {"bitcoin": "crash"}, within=7, start=FRIDAY
    )
    assert rows.question == f"P(bitcoin=crash within 7d from {FRIDAY})"
    assert rows.rows[0].probability == pytest.approx(alone.probability, rel=1e-9)
    assert loop_gain(model, text).loop.draws == pytest.approx(alone.draws, rel=1e-9)
    mean = ask(model.mean(), text).probability
    assert likeliest(model, text, k=1).probability == pytest.approx(mean, rel=1e-9)
    (path,) = likeliest(model, text, k=1).paths
    assert [path.days[day]["calendar"] for day in (0, 1, 2)] == ["open", "closed", "closed"]


def test_the_mean_over_weekdays_lies_between_the_weekdays() -> None:
    model = causal.load(causal.shipped()).mean()
    text = "P(equity_selling=shock within 2d)"
    dates = [f"2026-06-{day:02}" for day in range(8, 15)]  # a week without a holiday
    each = [ask(model, text, start=day).probability or 0.0 for day in dates]
    whole = ask(model, text).probability or 0.0
    assert min(each) == 0.0 < whole < max(each)
    assert whole == pytest.approx(np.mean(each), rel=0.05)  # but for the holidays


def test_a_ladder_with_a_date_and_without(model: CausalModel) -> None:
    shallow = {"thresholds": -0.05, "horizons": 2}
    dated = ladder(model, start=FRIDAY, **shallow)  # type: ignore[arg-type]
    assert dated.to_dict()["calendar"] == "2026-06-05 to 2026-06-07"
    assert str(dated).startswith(f"drawdown from {FRIDAY}")
    text = "P(drawdown <= -5% within 2d)"
    one = ask(model, text, start=FRIDAY)
    np.testing.assert_allclose(one.draws, dated.rungs[0].answer.draws, rtol=1e-9)
    each = [ask(model, text, start=f"2026-06-{day:02}").draws for day in range(8, 15)]
    whole = ladder(model, **shallow).rungs[0]  # type: ignore[arg-type]
    assert whole.answer.calendar == "mean over weekdays"
    np.testing.assert_allclose(whole.answer.draws, np.mean(each, axis=0), rtol=0.03)
    assert whole.answer.draws.mean() > one.draws.mean()  # a weekend is calmer


def test_shares_of_closed_days_are_those_of_the_rules() -> None:
    days = np.arange("2022-01-01", "2050-01-01", dtype="datetime64[D]")
    once = days == np.datetime64("2025-01-09")
    weekday = (days.astype(int) + 3) % 7
    shut = ~us_open(days) & ~once
    by_hand = [shut[weekday == w].mean() for w in range(7)]
    np.testing.assert_allclose(closed_share(), by_hand, rtol=1e-12)
