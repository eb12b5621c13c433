"""The interval of a frequency holds what it says when days come in spells."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import beta

from causal.check.frequency import Frequencies, frequencies, resampled

DAYS, SERIES, BLOCK = 2_000, 300, 30
Flags = NDArray[np.bool_]


@pytest.fixture(scope="module")
def weights() -> NDArray[np.float32]:
    return resampled(DAYS, block=BLOCK, replicates=400, seed=1)


def spells(share: float, last: float, seed: int) -> Flags:
    """Two-state chains: P(hit) = share, and a hit is followed by a hit with chance ``last``."""
    rng = np.random.default_rng(seed)
    begin = share * (1 - last) / (1 - share)
    found = np.empty((DAYS, SERIES), dtype=bool)
    found[0] = rng.random(SERIES) < share
    for day in range(1, DAYS):
        found[day] = rng.random(SERIES) < np.where(found[day - 1], last, begin)
    return found


def everywhere(hits: Flags, weights: NDArray[np.float32]) -> Frequencies:
    return frequencies(np.ones(DAYS, bool), hits, np.ones_like(hits), weights)


def covered(seen: Frequencies, share: float) -> float:
    low, high = seen.interval(0.9)
    return float(((low <= share) & (share <= high)).mean())


@pytest.mark.parametrize(("share", "last"), [(0.2, 0.8), (0.05, 0.6), (0.03, 0.03), (0.5, 0.9)])
def test_intervals_cover_at_their_level(
    share: float, last: float, weights: NDArray[np.float32]
) -> None:
    seen = everywhere(spells(share, last, 5), weights)
    assert 0.85 <= covered(seen, share) <= 0.98
    if last > share:
        plain = Frequencies(seen.shares, seen.days, np.ones_like(seen.effect))
        assert covered(plain, share) < 0.8, "a plain interval is too narrow for spells"
        assert np.median(seen.effect) > 1.5


def test_rare_events_get_the_plain_interval(weights: NDArray[np.float32]) -> None:
    hits = np.zeros((DAYS, 2), dtype=bool)
    hits[:, 1] = True
    seen = everywhere(hits, weights)
    low, high = seen.interval(0.9)
    np.testing.assert_allclose(high[0], beta.ppf(0.95, 1, DAYS))
    np.testing.assert_allclose(low[1], beta.ppf(0.05, DAYS, 1))
    assert (low[0], high[1]) == (0.0, 1.0)


def test_only_days_that_are_known_and_asked_for_count(weights: NDArray[np.float32]) -> None:
    rng = np.random.default_rng(2)
    hits = rng.random((DAYS, 3)) < 0.3
    known = rng.random((DAYS, 3)) < 0.7
    among = rng.random(DAYS) < 0.2
    seen = frequencies(among, hits, known, weights)
    for column in range(3):
        rows = among & known[:, column]
        assert seen.days[column] == rows.sum()
        np.testing.assert_allclose(seen.shares[column], hits[rows, column].mean())
    nowhere = frequencies(np.zeros(DAYS, bool), hits, known, weights)
    assert not nowhere.days.any()
    assert np.isfinite(nowhere.effect).all()


def test_blocks_go_round() -> None:
    found = resampled(100, block=7, replicates=50, seed=3)
    rng = np.random.default_rng(3)
    want = np.zeros((50, 100))
    for row, starts in enumerate(rng.integers(100, size=(50, 15))):
        for start in starts:
            want[row, (start + np.arange(7)) % 100] += 1
    np.testing.assert_array_equal(found, want)
