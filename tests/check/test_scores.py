"""Scores by their definitions, by another library, and on forecasts whose chances are known."""

from __future__ import annotations

import numpy as np
import pytest

from causal.check.scores import (
    bands,
    brier,
    calibration,
    confidence_sequence,
    difference,
    log_loss,
    murphy,
    reliability,
    rps,
    skill,
)
from causal.errors import DataError

RNG = np.random.default_rng(5)
CHANCE = RNG.beta(1, 8, 4_000)
EVENT = (RNG.random(4_000) < CHANCE).astype(float)


def logit(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))


def test_losses_are_those_of_another_library() -> None:
    from sklearn.metrics import brier_score_loss
    from sklearn.metrics import log_loss as theirs

    assert brier(CHANCE, EVENT).mean() == pytest.approx(brier_score_loss(EVENT, CHANCE))
    assert log_loss(CHANCE, EVENT).mean() == pytest.approx(theirs(EVENT, CHANCE), abs=1e-5)
    assert np.isfinite(log_loss(np.array([0.0, 1.0]), np.array([1.0, 0.0]))).all()


def test_ranked_probability_score() -> None:
    exceeds, level = np.array([[0.5, 0.2], [0.5, 0.2]]), np.array([0, 2], dtype=np.int8)
    np.testing.assert_allclose(rps(exceeds, level), [0.25 + 0.04, 0.25 + 0.64])
    one = CHANCE[:, None]
    np.testing.assert_allclose(rps(one, EVENT.astype(np.int8)), brier(CHANCE, EVENT))


@pytest.mark.parametrize("loss", [brier, log_loss])
def test_scores_are_proper(loss: object) -> None:
    """No forecast beats the chance itself, on average."""
    assert callable(loss)
    true = loss(CHANCE, EVENT).mean()
    for wrong in (CHANCE * 0.5, np.minimum(CHANCE * 2, 1), np.full(len(CHANCE), CHANCE.mean())):
        assert loss(wrong, EVENT).mean() > true
    assert skill(loss(CHANCE, EVENT), loss(CHANCE, EVENT)) == 0
    assert np.isnan(skill(np.ones(2), np.zeros(2)))


def test_corp_adds_up_and_is_isotonic_regression() -> None:
    from sklearn.isotonic import IsotonicRegression

    p = np.round(CHANCE, 2)  # with ties
    found = reliability(p, EVENT)
    total = found.miscalibration - found.discrimination + found.uncertainty
    assert total == pytest.approx(brier(p, EVENT).mean())
    assert min(found.miscalibration, found.discrimination) >= 0
    order = np.argsort(p, kind="stable")
    theirs = IsotonicRegression().fit(p, EVENT).predict(p[order])
    np.testing.assert_allclose(found.recalibrated, theirs, atol=1e-9)
    constant = reliability(np.full(50, 0.3), EVENT[:50])
    assert constant.discrimination == pytest.approx(0)


def test_elementary_scores_make_up_the_brier_score() -> None:
    """Twice their integral over all thresholds is the Brier score (Ehm et al. 2016)."""
    at = (np.arange(20_000) + 0.5) / 20_000
    some, event = CHANCE[:100], EVENT[:100]
    assert 2 * murphy(some, event, at).mean() == pytest.approx(brier(some, event).mean(), abs=1e-4)


def test_calibration_finds_what_was_distorted() -> None:
    right = calibration(CHANCE, EVENT)
    assert right.slope == pytest.approx(1, abs=0.1)
    assert right.in_the_large == pytest.approx(1, abs=0.08)
    bold = 1 / (1 + np.exp(-2 * logit(CHANCE)))
    assert calibration(bold, EVENT).slope == pytest.approx(0.5, abs=0.05)
    assert calibration(CHANCE / 2, EVENT).in_the_large == pytest.approx(0.5, abs=0.04)
    assert calibration(np.full(9, 0.2), EVENT[:9]).slope is None
    assert calibration(CHANCE[:9], np.zeros(9)).in_the_large is None


def test_difference_knows_who_is_better_and_blocks_make_it_wider() -> None:
    better, worse = log_loss(CHANCE, EVENT), log_loss(CHANCE / 3, EVENT)
    found = difference(better, worse, block=30)
    assert found.low > 0
    assert found.total == pytest.approx((worse - better).sum())
    assert found.low < found.total < found.high
    spells = np.repeat(RNG.normal(size=100), 30)
    narrow, wide = (difference(np.zeros(3_000), spells, block=b) for b in (1, 60))
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_the_sequence_holds_at_all_times() -> None:
    """In a thousand runs the mean leaves its intervals, ever, in fewer than one of ten."""
    left = 0
    for _ in range(200):
        apart = RNG.choice([-1.0, 1.0], size=400) * RNG.random(400) + 0.05
        apart = np.clip(apart, -1, 1)
        low, high = confidence_sequence(apart).T
        left += bool(((low > 0.05) | (high < 0.05)).any())
    assert left < 20
    low, high = confidence_sequence(np.full(3_000, 0.2)).T
    assert low[-1] > 0
    assert high[-1] < 0.4
    assert (np.diff(high - low)[50:] <= 1e-9).all()


def test_bands_hold_the_curve_that_is_true() -> None:
    at = [0.05, 0.1, 0.2]
    found = bands(CHANCE, EVENT, at, block=10)
    assert (found[:, 0] <= found[:, 1]).all()
    inside = [low - 0.02 <= p <= high + 0.02 for p, (low, high) in zip(at, found, strict=True)]
    assert all(inside)


@pytest.mark.parametrize(
    ("p", "y"),
    [
        (np.array([0.5]), np.array([0.0, 1.0])),
        (np.array([1.5]), np.array([1.0])),
        (np.array([np.nan]), np.array([1.0])),
        (np.array([0.5]), np.array([2.0])),
        (np.array([]), np.array([])),
    ],
)
def test_what_is_no_forecast_is_refused(p: np.ndarray, y: np.ndarray) -> None:
    for score in (brier, log_loss, reliability, calibration):
        with pytest.raises(DataError):
            score(p, y)
