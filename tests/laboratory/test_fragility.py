"""What a first fall becomes is the smallest root, and what it depends on goes the right way."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from causal.errors import QueryError
from causal.laboratory.book import REACH, STEP, TILTS, impact, opening_shares
from causal.laboratory.fragility import FALLS, Fragility, gain_curve, support_fall
from causal.laboratory.parameters import USUAL

FRESH = {"entry_spread": 0.0}


@pytest.mark.parametrize(
    "changed", [{}, {"open_interest": 40.0}, {"cap": 10.0, "open_interest": 25.0}]
)
def test_it_is_the_smallest_root(changed: dict[str, float]) -> None:
    curve = gain_curve(**changed, **FRESH)
    how = (curve.what.leverage, USUAL.leverage_spread, curve.what.cap, USUAL.maintenance)
    shares = opening_shares(*how)[TILTS] * curve.what.open_interest
    edges = np.concatenate([[0.5], 1.5 + np.arange(REACH)]) * STEP
    fine = np.linspace(0, 0.6, 600_001)
    sold = np.interp(fine, edges, np.concatenate([[0.0], np.cumsum(shares)]))
    left = fine - impact(sold, curve.what.impact, curve.what.depth)
    for fall in (0.01, 0.03, 0.05, 0.1, 0.2):
        want = fine[(left >= -np.log1p(-fall)).argmax()]
        point = curve.at(fall)
        assert -np.log1p(-point["total"]) == pytest.approx(want, abs=2e-4), fall
        assert point["forced"] == pytest.approx(np.interp(want, fine, sold), abs=0.05 + 2e-3 * want)


def test_more_open_interest_leverage_and_impact_are_worse() -> None:
    for name, values in (
        ("open_interest", (5.0, 10.0, 20.0, 40.0)),
        ("leverage", (2.0, 4.0, 8.0)),
        ("impact", (0.0, 0.01, 0.02, 0.03)),
    ):
        for less, more in pairwise(gain_curve(**{name: v}) for v in values):
            assert (more.total >= less.total - 1e-9).all(), name
            assert (more.forced >= less.forced - 1e-9).all(), name


def test_margin_on_top_and_caps_come_later() -> None:
    base = gain_curve(open_interest=30.0)
    for policy in ({"margin_addon": 0.05}, {"cap": 5.0}):
        calmer = gain_curve(open_interest=30.0, **policy)
        assert calmer.at(0.05)["forced"] < base.at(0.05)["forced"]


def test_a_further_fall_is_multiplied_by_the_gain() -> None:
    curve = gain_curve(open_interest=12.0)
    assert curve.runs_on is None
    ends, first = -np.log1p(-curve.total), -np.log1p(-curve.first)
    slope = np.gradient(ends, first)[20:-20]
    np.testing.assert_allclose(slope, (1 / (1 - curve.gain))[20:-20], rtol=0.05)


def test_where_the_gain_passes_one_the_fall_jumps() -> None:
    curve = gain_curve(open_interest=80.0)
    assert curve.runs_on is not None
    assert 0 < curve.runs_on < 0.05
    jump = np.diff(curve.total).argmax()
    assert curve.first[jump] == pytest.approx(curve.runs_on, abs=0.002)
    assert np.diff(curve.total)[jump] > 0.02


def test_stops_and_dollars() -> None:
    without, stops = gain_curve(), gain_curve(support=0.04, stops=2.0)
    assert stops.at(0.03)["total"] == pytest.approx(without.at(0.03)["total"], abs=1e-9)
    assert stops.at(0.05)["total"] > without.at(0.05)["total"] + 0.01
    fall = without.fall_for(0.8)
    assert fall is not None
    assert without.at(fall)["forced"] >= 0.8 > without.at(fall - 0.001)["forced"]
    assert without.fall_for(1e6) is None
    assert support_fall(95_000, 91_000) == pytest.approx(4 / 95)
    assert support_fall(95_000, None) is None


def test_json_and_words() -> None:
    record = gain_curve().to_dict()
    assert [p["first"] for p in record["points"]] == pytest.approx(FALLS, abs=1e-3)
    assert record["licence"] == "model-only"


@pytest.mark.parametrize(
    "wrong",
    [
        {"open_interest": -1},
        {"leverage": 0.5},
        {"impact": float("nan")},
        {"depht": 8},
        {"cap": "20"},
    ],
)
def test_it_refuses_what_means_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(QueryError):
        gain_curve(**wrong)
    for price, support in ((None, 90.0), (80.0, 90.0), (90.0, 0.0)):
        with pytest.raises(QueryError):
            support_fall(price, support)
    with pytest.raises(QueryError):
        gain_curve(Fragility()).at(0.9)
