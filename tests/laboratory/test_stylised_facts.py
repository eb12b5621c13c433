"""Moments of the market and of history, by one function; and no transient after the warm-up."""

from __future__ import annotations

import numpy as np
import pytest

from causal.data.panel import Panel
from causal.laboratory.simulation import Market, market
from causal.laboratory.stylised_facts import (
    MOMENTS,
    levels,
    market_moments,
    moments,
    panel_moments,
)

SLACK = {"kurtosis": 2.0, "skewness": 0.35, "low_10": 0.035}


@pytest.fixture(scope="module")
def run() -> Market:
    return market(150, 160, seed=8)


def test_the_market_is_where_history_is(run: Market) -> None:
    """Within the ranges of history, with what so few paths leave open."""
    found = market_moments(run)
    for name, moment in MOMENTS.items():
        slack = SLACK.get(name, 0.15 * abs(moment.high))
        assert moment.low - slack <= found[name] <= moment.high + slack, (name, found[name])


def test_ranges_are_those_of_history(panel_path: str) -> None:
    from causal.data.panel import read_panel

    panel = read_panel(panel_path)
    eras = [
        panel_moments(panel, *e)
        for e in (("2022-01-01", "2023-12-31"), ("2024-01-01", "2026-05-31"))
    ]
    for name, moment in MOMENTS.items():
        for era in eras:
            assert moment.low - 0.0201 <= era[name] <= moment.high + 0.0201, (name, era[name])


def test_moments_of_days_that_are_known() -> None:
    rng = np.random.default_rng(3)
    shares = rng.normal(0, 0.01, (40_000, 1))
    close = np.cumsum(0.5 * shares + rng.normal(0, 0.02, shares.shape), axis=0)
    found = moments(close, close - 0.01, shares)
    sd = np.hypot(0.005, 0.02)
    assert found["sd"] == pytest.approx(sd, rel=0.02)
    assert found["kurtosis"] == pytest.approx(3, abs=0.1)
    assert found["skewness"] == pytest.approx(0, abs=0.05)
    assert found["correlation"] == pytest.approx(0.005 / sd, abs=0.02)
    assert found["low_10"] > found["week_10"] > found["week_15"]


def test_a_panel_and_a_market_are_measured_alike(run: Market) -> None:
    one = Market(run.dates, {n: v[:, :1] for n, v in run.columns.items()},
                 {n: v[:, :1] for n, v in run.day.items()}, run.run)  # fmt: skip
    panel = run.panel(0)
    assert isinstance(panel, Panel)
    found = panel_moments(panel, str(run.dates[0]), str(run.dates[-1]))
    for name, value in market_moments(one).items():
        assert found[name] == pytest.approx(value, abs=0.02, nan_ok=True), name


def test_nothing_drifts_after_the_warm_up(run: Market) -> None:
    """A start without positions has not filled up by day 20; after 300 days nothing moves."""
    for name, rows in levels(run, (1, 80, 160)).items():
        for value, error in rows[1:]:
            assert abs(value - rows[0][0]) < 4 * np.hypot(error, rows[0][1]), name
    early = levels(market(60, 60, seed=8, warm_up=0), (5, 60))
    assert early["longs"][0][0] < 0.6 * early["longs"][1][0]
