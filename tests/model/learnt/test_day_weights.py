"""Weights of days: their law, how alike neighbours are, and what they are keyed by."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causal.model.learnt.day_weights import block_weights, stream

MANY = 20_000


@pytest.mark.parametrize("width", [1, 2, 3, 6])
def test_every_weight_is_exponential(width: int) -> None:
    for row in block_weights(5, (100, 102), MANY, width):
        assert row.mean() == pytest.approx(1, abs=0.03)
        assert row.var() == pytest.approx(1, abs=0.08)
        assert stats.kstest(row, "expon").pvalue > 0.001


def test_the_law_would_be_told_from_another() -> None:
    gammas = stream(5, "other").standard_gamma(0.8, MANY) / 0.8
    assert stats.kstest(gammas, "expon").pvalue < 0.001


@pytest.mark.parametrize("width", [1, 2, 4])
def test_neighbours_are_alike_as_far_as_they_share_days(width: int) -> None:
    found = np.corrcoef(block_weights(0, (-3, 6), MANY, width))
    apart = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    wanted = np.where(apart < width, 1 - apart / width, 0.0)
    np.testing.assert_allclose(found, wanted, atol=0.03)


def test_a_draw_knows_nothing_of_another() -> None:
    found = block_weights(0, (0, MANY), 2, 1)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.03


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_longer_history_has_the_same_weights_where_it_is_the_same(width: int) -> None:
    whole = block_weights(7, (-4, 60), 3, width)
    assert whole.shape == (65, 3)
    for first, last in ((-4, 10), (0, 60), (33, 33)):
        part = block_weights(7, (first, last), 3, width)
        np.testing.assert_array_equal(part, whole[first + 4 : last + 5])


def test_seeds_and_stretches_have_weights_of_their_own() -> None:
    found = block_weights(1, (0, 30), 4, 1)
    assert not np.isclose(found, block_weights(2, (0, 30), 4, 1)).any()
    assert len(np.unique(found)) == found.size
    largest = block_weights(2**64 - 1, (0, 30), 4, 1)
    assert not np.isclose(found, largest).any()


def test_streams_are_known_by_name_and_number() -> None:
    first = stream(3, "days", -1).random(4)
    np.testing.assert_array_equal(first, stream(3, "days", -1).random(4))
    for other in (stream(4, "days", -1), stream(3, "rows", -1), stream(3, "days", 1)):
        assert not np.isclose(first, other.random(4)).any()
