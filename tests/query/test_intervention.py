"""Interventions as values: days that hold, words that say so, and what is refused at the door."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causal.errors import CausalError, QueryError, UnknownStateError, UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.event import Condition
from causal.query.intervention import Schedule, checked_intervention, intervention, interventions
from causal.query.parser import parse_do

ONE_DAY = CausalGraph(
    (Variable("x", ("a", "b", "c")), Variable("y", ("a", "b"))), (Edge("x", "y"),), name="one"
)
DAYS = CausalGraph(ONE_DAY.variables, (*ONE_DAY.edges, Edge("y", "x", 1)), name="days")
A, EVEN = Hard("x", "a"), Mix("x", (("a", 0.5), ("b", 0.5)))


@pytest.mark.parametrize("first", range(1, 5))
@pytest.mark.parametrize("length", [None, 0, 1, 2])
def test_a_schedule_holds_on_its_days_and_says_so(first: int, length: int | None) -> None:
    last = None if length is None else first + length
    found = Schedule(A, first, last)
    until = 99 if last is None else last
    assert [d for d in range(12) if found.holds(d)] == [d for d in range(12) if first <= d <= until]
    assert parse_do(str(found), DAYS) == (found,)
    assert found.variable == "x"
    assert Schedule(A) == Schedule(A, 1, None)


@pytest.mark.parametrize(
    ("span", "says"),
    [((1, None), "from d1"), ((3, None), "from d3"), ((1, 1), "on d1"), ((3, 3), "on d3"),
     ((1, 3), "for 3d"), ((2, 3), "on d2-d3")],
)  # fmt: skip
def test_a_span_in_words(span: tuple[int, int | None], says: str) -> None:
    assert str(Schedule(A, *span)) == f"x=a {says}"


@pytest.mark.parametrize("span", [(0, 1), (0, None), (-1, 3), (2, 1), (1, 0), ("1", 2), (1, "2"),
                                  (1.0, 2), (1, 2.0), (None, 2)])  # fmt: skip
def test_what_is_no_span(span: tuple[Any, Any]) -> None:
    with pytest.raises(QueryError, match="not a span of days"):
        Schedule(A, *span)


def test_a_schedule_is_made_of_an_action() -> None:
    for what in (A, EVEN, Cut("x", "y"), Policy(A, {"y@-1": "b"})):
        assert Schedule(what).what == what  # type: ignore[arg-type]
    for bad in (Schedule(A), "x=a", None):
        with pytest.raises(QueryError, match="no intervention"):
            Schedule(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("states", "found"),
    [("a", A), (["a"], A), (["a", "b"], EVEN), ({"a": 1.0}, Mix("x", (("a", 1.0),))),
     ({"a": 0.25, "c": 0.75}, Mix("x", (("a", 0.25), ("c", 0.75)))),
     (["a", "b", "c"], Mix("x", (("a", 1 / 3), ("b", 1 / 3), ("c", 1 / 3))))],
)  # fmt: skip
def test_what_is_given_to_do(states: Any, found: Hard | Mix) -> None:
    assert intervention(DAYS, "x", states) == found
    assert interventions(DAYS, {"x": states, "y": "b"}) == (found, Hard("y", "b"))
    assert interventions(DAYS, found) == interventions(DAYS, [found]) == (found,)
    weights = found.vector(DAYS.variable("x"))
    assert weights.sum() == pytest.approx(1)
    assert (np.count_nonzero(weights) == 1) == (str(found) in ("x=a", "x={a: 1}"))


@pytest.mark.parametrize(("day", "advised"), [(-1, 1), (0, 1), (1, 1), (2, 2)])
def test_a_day_is_not_named_with_an_at(day: int, advised: int) -> None:
    with pytest.raises(QueryError, match="names a day") as caught:
        intervention(DAYS, f"x@{day}", "a")
    assert f"on d{advised})" in caught.value.do


@pytest.mark.parametrize("what", ["x=a", 3, None, [3], [A, "x=a"], [("x", "a")]])
def test_what_is_no_intervention(what: Any) -> None:
    with pytest.raises(QueryError, match="no intervention"):
        interventions(DAYS, what)


SEES = {"x": "b"}
SET = Hard("y", "b")


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (Hard("x", "d"), UnknownStateError),
        (Hard("z", "a"), UnknownVariableError),
        (Mix("x", (("a", 0.5), ("d", 0.5))), UnknownStateError),
        (Mix("z", (("a", 1.0),)), UnknownVariableError),
        (Cut("x@-1", "y"), QueryError),
        (Cut("z", "x"), UnknownVariableError),
        (Policy(Hard("y", "d"), SEES), UnknownStateError),
        (Policy(Hard("z", "d"), SEES), UnknownVariableError),
        (Policy(SET, {"x": "d"}), UnknownStateError),
        (Policy(SET, {"z": "a"}), UnknownVariableError),
    ],
)
def test_names_are_checked_whatever_they_are_wrapped_in(
    item: Any, error: type[CausalError]
) -> None:
    for graph in (ONE_DAY, DAYS):
        for wrapped in (item, Schedule(item, 2, 3)):
            with pytest.raises(error):
                checked_intervention(graph, wrapped)


def test_what_is_known_passes_as_it_is() -> None:
    for item in (A, EVEN, Cut("x", "y"), Policy(SET, SEES)):
        for graph in (ONE_DAY, DAYS):
            for wrapped in (item, Schedule(item, 2, 3)):  # type: ignore[arg-type]
                assert checked_intervention(graph, wrapped) == wrapped
    lone = Schedule(Cut("y", "x"), 2)
    assert checked_intervention(DAYS, lone) == Schedule(Cut("y@-1", "x"), 2)


def test_a_policy_looks_at_the_day_before_where_there_is_one() -> None:
    yesterday = Policy(A, {"y@-1": "b"})
    assert checked_intervention(DAYS, yesterday) == yesterday
    with pytest.raises(QueryError, match="model of one day"):
        checked_intervention(ONE_DAY, yesterday)


@pytest.mark.parametrize(
    ("when", "axis", "day"),
    [({"x": "b"}, "x", None), ({"x@0": "b"}, "x", None), ({"x@-0": "b"}, "x", None),
     ({"x@-1": "b"}, "x@-1", -1), (Condition("x", (("b", 1.0),), 0), "x", None),
     (Condition("x", (("b", 1.0),), -1), "x@-1", -1), ({"y@-1": "b"}, "y@-1", -1)],
)  # fmt: skip
def test_where_a_policy_looks(when: Any, axis: str, day: int | None) -> None:
    found = Policy(SET, when)
    assert (found.axis, found.condition.day, found.variable) == (axis, day, "y")
    assert found.condition.weights == (("b", 1.0),)
    assert str(found) == f"y=b if {axis}=b"
    assert parse_do(str(found), DAYS) == (found,)


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"x@1": "b"}, "the future"),
        ({"x@2": "b"}, "the future"),
        ({"x@-2": "b"}, "the far past"),
        ({"y": "b"}, "the variable that it sets"),
        ({"y@0": "b"}, "the variable that it sets"),
        ({"x": {"a": 0.5, "b": 1.01}}, "above one"),
        ({"x": {"a": 1.01, "b": 0.5}}, "above one"),
        ({}, "no condition"),
        ({"x": "a", "x@-1": "a"}, "no condition"),
        ({"x@": "a"}, "no condition"),
        ({"x@y": "a"}, "no condition"),
        ({"x@--1": "a"}, "no condition"),
        ("x=a", "no condition"),
        (None, "no condition"),
    ],
)
def test_where_a_policy_cannot_look(when: Any, says: str) -> None:
    with pytest.raises(QueryError, match=says) as caught:
        Policy(SET, when)
    assert caught.value.means
    assert caught.value.do


def test_a_policy_acts_by_chance_and_sets_what_it_sets() -> None:
    found = Policy(EVEN, {"y": {"a": 0.25, "b": 1.0}})
    np.testing.assert_array_equal(found.chance(DAYS), [0.25, 1.0])
    np.testing.assert_array_equal(found.vector(DAYS.variable("x")), [0.5, 0.5, 0.0])
    for bad in (Cut("x", "y"), "y=b", Schedule(SET)):
        with pytest.raises(QueryError, match="cannot do"):
            Policy(bad, SEES)  # type: ignore[arg-type]
