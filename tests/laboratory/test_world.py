"""Worlds and parameters: what they hold, how they are told, what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causal.errors import QueryError
from causal.laboratory.parameters import USUAL, Parameters, parameter_table, parameters
from causal.laboratory.world import UNTOUCHED, World


def test_what_is_held_and_when() -> None:
    world = World(trade=2, equity=-0.03, days=3, equity_days=1)
    assert set(world.holds(1, 2)) == {"trade", "equity"}
    assert set(world.holds(3, 2)) == {"trade"}
    assert world.holds(0, 2) == world.holds(4, 2) == {}
    np.testing.assert_array_equal(world.holds(1, 2)["equity"].target, [-0.03, -0.03])


def test_rules_change_the_parameters() -> None:
    found = World(leverage=0.5, open_interest=2, leverage_cap=5).parameters(USUAL)
    assert (found.leverage, found.leverage_cap) == (USUAL.leverage / 2, 5)
    assert found.longs_opened == 2 * USUAL.longs_opened
    assert World(leverage_cap=150).parameters(USUAL).leverage_cap == USUAL.leverage_cap
    assert UNTOUCHED.parameters(USUAL) == USUAL


def test_it_says_what_is_done() -> None:
    assert str(UNTOUCHED) == "nothing done"
    assert str(World(trade=2, cut={"loop"})) == "trade=2, loop cut, for 3d, rules from day -45"


@pytest.mark.parametrize(
    "wrong",
    [
        {"trade": 3},
        {"trade": 1.5},
        {"trade": True},
        {"equity": float("nan")},
        {"equity": -1},
        {"leverage": 0},
        {"leverage": "high"},
        {"days": 0},
        {"leverage_cap": 1},
        {"cut": {"the loop"}},
        {"since": 2},
    ],
)
def test_it_refuses_what_means_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as error:
        World(**wrong)
    assert error.value.what
    assert error.value.means
    assert error.value.do


def test_the_table_of_parameters_is_whole() -> None:
    rows = parameter_table()
    assert len(rows) == len(Parameters.__dataclass_fields__) > 50
    assert all(meaning and isinstance(value, int | float) for _, value, _, meaning in rows)


@pytest.mark.parametrize("wrong", [{"drift": float("inf")}, {"drift": "much"}, {"drfit": 0.1}])
def test_parameters_refuse_what_means_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(QueryError) as error:
        parameters(**wrong)
    assert "drift" in str(error.value)
