"""Twins: what happened anyway changes nothing, and what is set reads as it was set."""

from __future__ import annotations

import numpy as np
import pytest

from causal.errors import QueryError
from causal.graph.variable import MISSING
from causal.laboratory.hours import advance
from causal.laboratory.state import CRYPTO, MACRO, State
from causal.laboratory.twin import ACTS, LEVELS, SETTERS, Twin
from tests.laboratory.conftest import PATHS, Small

DAILY = sorted(set(SETTERS) - LEVELS)


def lived(small: Small, states: dict[str, np.ndarray]) -> State:
    state = small.state.copy()
    ranges = Twin(small.reader).ranges(state, small.rules, states)
    advance(state, small.noise, small.rules, ranges)
    return state


@pytest.mark.parametrize("name", [*sorted(SETTERS), "support_break", "calendar", "geopolitics"])
def test_to_set_what_happened_changes_nothing_path_by_path(small: Small, name: str) -> None:
    happened = small.after(1)
    codes = small.reader.codes(happened, name, 1)[0].astype(float)
    if name == "geopolitics":  # which newspapers read differently
        codes = np.maximum(*(happened.day[n][small.state.row] for n in ("war", "trade")))
    assert (codes != MISSING).all()
    again = lived(small, {name: codes})
    for key in (*MACRO, *CRYPTO):
        np.testing.assert_array_equal(again.day[key], happened.day[key], key)
    np.testing.assert_array_equal(again.price, happened.price)


@pytest.mark.parametrize("name", ACTS[:2])
def test_to_set_the_act_that_happened_changes_nothing(small: Small, name: str) -> None:
    happened = small.after(1)
    again = lived(small, {name: happened.day[name][small.state.row]})
    for key in (*MACRO, *CRYPTO):
        np.testing.assert_array_equal(again.day[key], happened.day[key], key)


@pytest.mark.parametrize("name", DAILY)
def test_what_is_set_reads_as_it_was_set(small: Small, name: str) -> None:
    variable = small.graph.variable(name)
    closed = variable.states[0] == "closed"
    for code in range(int(closed), len(variable.states)):
        wanted = np.full(PATHS, float(code))
        state = lived(small, {name: wanted})
        read = small.reader.codes(state, name, 1)[0]
        # small liquidations and turnover for other reasons may be more than normal by themselves
        least = 0.8 if name in ("liquidations", "rebalancing") else 0.95
        assert (read == wanted).mean() > least, (name, variable.states[code], read)


def test_levels_move_what_they_stand_for(small: Small) -> None:
    worst = {"leverage": 2.0, "volatility": 1.0, "equity_drawdown": 1.0, "near_support": 2.0}
    low, high = (
        {n: lived(small, {n: np.full(PATHS, code)}) for n, code in some.items()}
        for some in (dict.fromkeys(worst, 0.0), worst)
    )
    row = small.state.row
    for name, quantity in (
        ("leverage", "longs"),
        ("volatility", "volatility"),
        ("equity_drawdown", "drawdown"),
        ("near_support", "low20"),
    ):
        apart = high[name].day[quantity][row] - low[name].day[quantity][row]
        assert (apart >= -1e-12).all(), name
        assert (apart > 0).any(), name


def test_a_level_that_is_held_does_not_grow_from_day_to_day(small: Small) -> None:
    state, twin = small.state.copy(), Twin(small.reader)
    wanted = {n: np.full(PATHS, c) for n, c in (("volatility", 1.0), ("leverage", 2.0))}
    seen = []
    for _ in range(4):
        advance(state, small.noise, small.rules, twin.ranges(state, small.rules, wanted))
        seen.append([state.before(n).mean() for n in ("volatility", "longs")])
    assert seen[-1][0] < 1.5 * seen[0][0]
    assert seen[-1][1] < 3 * seen[0][1]  # what is flushed meanwhile is made up for


def test_geopolitics_is_the_worse_of_its_two(small: Small) -> None:
    row = small.state.row
    for code in (0.0, 1.0, 2.0):
        state = lived(small, {"geopolitics": np.full(PATHS, code)})
        assert (np.maximum(state.day["war"][row], state.day["trade"][row]) == code).all()


def test_what_cannot_be_set_is_refused(small: Small) -> None:
    twin = Twin(small.reader)
    with pytest.raises(QueryError) as error:
        twin.ranges(small.state, small.rules, {"yields": np.zeros(PATHS)})
    assert "calendar" in str(error.value)
    with pytest.raises(QueryError):
        twin.ranges(small.state, small.rules, {"gold": np.zeros(PATHS)})
    never = Twin(small.reader, {"bitcoin": {k: np.array([]) for k in range(3)}})
    with pytest.raises(QueryError) as error:
        never.ranges(small.state, small.rules, {"bitcoin": np.full(PATHS, 2.0)})
    assert "never seen" in str(error.value)
