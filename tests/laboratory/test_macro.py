"""The day before its hours: chains of news, what acts on what, and what a cut takes away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.laboratory.macro import macro, news
from causal.laboratory.parameters import Parameters
from causal.laboratory.state import Rules
from causal.laboratory.world import Range, exactly
from tests.laboratory.conftest import PATHS, Small

P = Parameters()


def day(small: Small, cut: tuple[str, ...] = (), **held: float) -> dict[str, np.ndarray]:
    """The macro day after the shared history, some of it held."""
    ranges = {n: exactly(v, PATHS) for n, v in held.items()}
    return macro(small.state, small.noise, Rules(small.run.p, frozenset(cut)), ranges)


def test_transitions_are_those_of_the_table(small: Small) -> None:
    trade = small.state.day["trade"][: small.state.row]
    for before, after, want in (
        (0, 1, P.trade_elevated),
        (1, 2, P.trade_rise),
        (2, 1, P.trade_cool),
    ):
        at = trade[:-1] == before
        seen = (trade[1:][at] == after).mean()
        assert abs(seen - want) < 4 * np.sqrt(want / at.sum()), (before, after)


def test_what_news_adds() -> None:
    before, after = np.array([0, 1, 0, 2, 2, 1.0]), np.array([2, 2, 1, 0, 2, 1.0])
    want = [P.risk_escalation] * 2 + [P.risk_elevated, P.risk_relief, 0, 0]
    np.testing.assert_array_equal(news(before, after, P), want)


def test_an_escalation_is_felt_down_the_chain(small: Small) -> None:
    calm, hit = day(small, trade=0), day(small, trade=2)
    began = small.state.before("trade") < 2
    rise = (hit["rise"] - calm["rise"])[began]
    assert (rise >= P.risk_escalation - 1e-9).all()
    np.testing.assert_allclose((hit["yields"] - calm["yields"])[began], P.yield_flight * rise)
    fear = P.equity_risk * rise + P.equity_yield * P.yield_flight * rise / P.yield_noise
    np.testing.assert_allclose((hit["equity"] - calm["equity"])[began], fear)
    assert ((hit["order"] - calm["order"])[began] > 0).all()


@pytest.mark.parametrize("path", ["equity", "reallocation", "pro_rata", "margin"])
def test_a_cut_takes_one_path_away_and_leaves_the_others(small: Small, path: str) -> None:
    whole = day(small, trade=2, drawdown=0.2, equity=-0.03)
    without = day(small, (path,), trade=2, drawdown=0.2, equity=-0.03)
    assert (without["order"] <= whole["order"]).all()
    assert (path == "equity") == np.array_equal(without["order"], whole["order"])
    free, cut = day(small, trade=2), day(small, (path,), trade=2)
    assert (path == "equity") != np.array_equal(free["equity"], cut["equity"])


def test_a_closed_market_waits_and_tells_on_its_next_session(small: Small) -> None:
    shut = day(small, session=0, trade=2)
    assert (shut["equity"] == 0).all()
    assert (shut["yields"] == 0).all()
    began = small.state.before("trade") < 2
    assert (shut["carry"][began] < 0).all()


def test_a_low_appetite_raises_trouble_only_where_it_is_confounded(small: Small) -> None:
    state = small.state.copy()
    state.day["appetite"][state.row - 1] = -3.0
    state.day["trade"][state.row - 1] = 0.0
    noise = replace(
        small.noise, day={**small.noise.day, "trade": np.full_like(small.noise.day["trade"], 0.03)}
    )
    usual = macro(state, noise, small.rules, {})
    leaning = macro(state, noise, Rules(replace(small.run.p, confounding=1.5)), {})
    assert (usual["trade"] == 0).all()
    assert (leaning["trade"] == 1).all()


def test_what_is_in_its_range_is_left_alone() -> None:
    held = Range(np.zeros(3), np.ones(3), np.array([0.5, 0.5, np.nan]))
    np.testing.assert_array_equal(held.of(np.array([0.2, 4.0, 4.0])), [0.2, 0.5, 4.0])
