"""The hours of a day: order, the loop, what is held, and nothing known too early."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.laboratory.hours import advance
from causal.laboratory.noise import Noise
from causal.laboratory.parameters import Parameters
from causal.laboratory.state import CRYPTO, MACRO, Rules, State
from causal.laboratory.world import CUTS, Range, exactly
from tests.laboratory.conftest import PATHS, Small


def run(small: Small, cut: tuple[str, ...] = (), days: int = 5, **held: Range) -> State:
    state = small.state.copy()
    for _ in range(days):
        advance(state, small.noise, Rules(small.run.p, frozenset(cut)), held)
    return state


def rows(state: State, days: int = 5) -> dict[str, np.ndarray]:
    return {n: v[state.row - days : state.row] for n, v in state.day.items()}


def test_a_day_is_made_of_what_came_before_it(small: Small) -> None:
    """Later noise, changed, changes nothing."""
    cut = small.state.row + 2
    spoilt = Noise({n: v.copy() for n, v in small.noise.day.items()}, small.noise.hour.copy())
    for drawn in (*spoilt.day.values(), spoilt.hour):
        drawn[cut:] = 0.123
    one, other = small.state.copy(), small.state.copy()
    for _ in range(2):
        advance(one, small.noise, small.rules, {})
        advance(other, spoilt, small.rules, {})
    for name in (*MACRO, *CRYPTO):
        np.testing.assert_array_equal(one.day[name], other.day[name])


def test_record_is_in_order(small: Small) -> None:
    state = small.state
    day = {n: v[: state.row] for n, v in state.day.items()}
    for name, values in day.items():
        assert np.isfinite(values[25:]).all(), name
    assert (day["low"] <= day["close"]).all()
    assert (day["close"] <= day["high"]).all()
    for name in ("longs", "shorts", "near", "gain", "liquidated", "squeezed", "deleveraged"):
        assert (day[name] >= 0).all(), name
    np.testing.assert_array_equal(day["broken"], (day["low"] < day["low20"]) * 1.0)
    levels = (state.book.levels * state.book.held).sum(axis=2).T
    assert (state.book.interest + 1e-9 >= levels).all()


@pytest.mark.parametrize("path", CUTS)
def test_to_cut_and_to_restore_is_the_identity(small: Small, path: str) -> None:
    """Both worlds begin alike; after the cut is undone both follow the same rules."""
    whole = rows(run(small))
    once = rows(run(small))
    for name, values in whole.items():
        np.testing.assert_array_equal(values, once[name])
    cut = rows(run(small, (path,)))
    assert any(not np.array_equal(whole[n], cut[n]) for n in whole), path


def test_loop_off_lowers_what_falls(small: Small) -> None:
    shock = {"equity": exactly(-0.03, PATHS)}
    whole, off = run(small, **shock), run(small, ("loop",), **shock)
    low, other = (s.day["low"][s.row - 5 : s.row].min(axis=0) for s in (whole, off))
    assert low.mean() < other.mean() - 0.002
    assert (low <= other + 1e-9).mean() > 0.7  # a squeeze that did not come can leave a path lower


def test_a_squeeze_needs_shorts_that_are_liquidated(small: Small) -> None:
    found = rows(run(small, ("squeeze",)))
    assert (found["squeezed"] == 0).all()
    assert (rows(run(small))["squeezed"] > 0).any()


def test_what_is_held_at_the_close(small: Small) -> None:
    close = rows(run(small, days=1, bitcoin=exactly(-0.07, PATHS)), 1)
    moved = close["close"][0] - small.state.before("close")
    np.testing.assert_allclose(moved, -0.07)
    most = rows(run(small, days=1, liquidations=exactly(0.5, PATHS)), 1)
    np.testing.assert_allclose(most["liquidated"], 0.5)
    for state in (0.0, 1.0):
        found = rows(run(small, days=1, broken=exactly(state, PATHS)), 1)
        under = (
            found["close"] < found["low20"]
        )  # intact: no stops go off, and no low below the close
        np.testing.assert_array_equal(found["broken"], np.where(under, 1.0, state))


def test_a_closed_day_works_orders_slowly(small: Small) -> None:
    orders = {"order": exactly(0.01, PATHS), "flow": exactly(0.0, PATHS)}
    shut = run(small, days=1, session=exactly(0.0, PATHS), **orders)
    assert (shut.day["queue"][shut.row - 1] > 0.1).all()
    busy = run(small, days=1, session=exactly(1.0, PATHS), **orders)
    assert (busy.day["queue"][busy.row - 1] == 0).all()


def test_a_hidden_regime_is_worse_and_lasts(small: Small) -> None:
    bad = small.state.copy()
    bad.day["regime"][bad.row - 1] = 1.0
    for _ in range(5):
        advance(bad, small.noise, Rules(replace(Parameters(), regime=1.0)), {})
    fine = small.after(5)
    assert (bad.day["regime"][bad.row - 5 : bad.row] == 1).mean() > 0.8
    moved = [s.day["close"][s.row - 1] - s.day["close"][s.row - 6] for s in (bad, fine)]
    assert moved[0].mean() < moved[1].mean()


def test_to_hold_what_happened_changes_nothing(small: Small) -> None:
    usual = small.after(4)
    again = small.state.copy()
    for back in range(4, 0, -1):
        day = {n: usual.before(n, back) for n in ("liquidated", "broken", "close")}
        moved = day["close"] - usual.before("close", back + 1)
        held = {"liquidations": day["liquidated"], "broken": day["broken"], "bitcoin": moved}
        advance(again, small.noise, small.rules, {n: Range(v, v, v) for n, v in held.items()})
    for name in (*MACRO, *CRYPTO):
        np.testing.assert_array_equal(again.day[name], usual.day[name], name)


def test_a_limit_on_liquidations_leaves_squeezes_alone(small: Small) -> None:
    limit = Range(np.zeros(PATHS), np.zeros(PATHS), np.zeros(PATHS))
    usual, halted = (rows(run(small, days=1, **h), 1) for h in ({}, {"liquidations": limit}))
    assert (halted["liquidated"] == 0).all()
    calm = usual["liquidated"] == 0
    assert usual["squeezed"][calm].max() > 0.01
    np.testing.assert_array_equal(usual["squeezed"][calm], halted["squeezed"][calm])
    most = rows(run(small, days=1, liquidations=exactly(1e3, PATHS)), 1)
    assert (most["liquidated"] < 100).all()  # no more than there is
