"""What is counted: families that are complete, transitions between neighbouring days."""

from __future__ import annotations

import numpy as np

from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.learn.counting.counts import count

A, B = Variable("a", ("x", "y")), Variable("b", ("x", "y", "z"))
GRAPH = CausalGraph((A, B), (Edge("a", "b"), Edge("a", "a", 1), Edge("b", "b", 1)))


def history(days: list[str], a: list[int], b: list[int]) -> States:
    dates = np.array(days, dtype="datetime64[D]")
    codes = np.array([a, b], dtype=np.int8).T
    return States(dates, ("a", "b"), codes, {}, dates[-1])


def test_a_day_serves_every_family_in_which_it_is_complete() -> None:
    days = [f"2024-01-0{d}" for d in range(1, 6)]
    found = count(history(days, [0, 1, 1, -1, 0], [-1, -1, 2, 2, 0]), GRAPH)
    # a | a@-1 needs no b: days 2 and 3, not across the gap of day 4
    np.testing.assert_array_equal(found.day["a"], [[0, 1], [0, 1]])
    # b | a, b@-1: day 5 alone, after day 4, which has b but no a
    assert found.day["b"].shape == (2, 3, 3)
    assert found.day["b"].sum() == found.day["b"][0, 2, 0] == 1
    # start families are same-day: a alone on four days, b | a on days 3 and 5
    np.testing.assert_array_equal(found.start["a"], [2, 2])
    np.testing.assert_array_equal(found.start["b"], [[1, 0, 0], [0, 0, 1]])


def test_no_transition_between_days_that_are_no_neighbours() -> None:
    near = history(["2024-01-01", "2024-01-02"], [0, 1], [0, 1])
    far = history(["2024-01-01", "2024-01-03"], [0, 1], [0, 1])
    assert count(near, GRAPH).day["a"].tolist() == [[0, 1], [0, 0]]
    assert count(far, GRAPH).day["a"].sum() == 0
    assert count(far, GRAPH).start["a"].tolist() == [1, 1]


def test_since_counts_a_part_with_the_day_before_it() -> None:
    days = [f"2024-01-0{d}" for d in range(1, 6)]
    whole = history(days, [0, 1, 1, 0, 0], [0, 1, 2, 2, 0])
    part = count(whole, GRAPH, since="2024-01-03")
    assert part.day["a"].tolist() == [[1, 0], [1, 1]]
    assert part.start["a"].tolist() == [2, 1]
    assert count(whole, GRAPH, since="2025-01-01").day["a"].sum() == 0


def test_declared_start_parents_are_counted_in_place_of_the_causes() -> None:
    loose = Variable("b", ("x", "y", "z"), start=())
    graph = CausalGraph((A, loose), GRAPH.edges)
    found = count(history(["2024-01-01"], [1], [2]), graph)
    assert found.start["b"].tolist() == [0, 0, 1]
    assert found.day["b"].shape == (2, 3, 3)
