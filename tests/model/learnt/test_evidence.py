"""Counts by sub-block against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from causal.errors import ModelError
from causal.model.learnt.evidence import BlockCounts, DayCounts, GapDays


def some_blocks(seed: int, cells: int = 7) -> BlockCounts:
    """Days of a few cells in a few sub-blocks, some before 1970, shares of days among them."""
    rng = np.random.default_rng([40, seed])
    pairs = np.unique(rng.integers((-3, 0), (9, cells), (25, 2)), axis=0)
    return BlockCounts(cells, pairs[:, 0], pairs[:, 1], rng.random(len(pairs)) * 9 + 0.1)


NONE = BlockCounts(4, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


@pytest.mark.parametrize("seed", range(5))
def test_totals_and_weighted_totals(seed: int) -> None:
    blocks = some_blocks(seed)
    weights = np.random.default_rng(seed).exponential(size=(15, 6))
    total, weighted = np.zeros(7), np.zeros((7, 6))
    for block, cell, days in zip(blocks.block, blocks.cell, blocks.days, strict=True):
        total[cell] += days
        for draw in range(6):
            weighted[cell, draw] += days * weights[block + 5, draw]
    np.testing.assert_allclose(blocks.total(), total)
    np.testing.assert_allclose(blocks.weighted(-5, weights), weighted)
    np.testing.assert_allclose(blocks.weighted(-5, np.ones((15, 2))), np.array([total, total]).T)


def test_no_day_weighs_nothing() -> None:
    assert NONE.total().tolist() == [0] * 4
    assert NONE.weighted(0, np.ones((1, 3))).tolist() == [[0.0] * 3] * 4


def test_the_span_is_that_of_whole_days_and_of_gaps() -> None:
    assert DayCounts(10, {"x": NONE}, {}).span() == (0, 0)
    one = BlockCounts(4, np.array([5, 7]), np.array([0, 1]), np.ones(2))
    early = BlockCounts(4, np.array([-2]), np.array([0]), np.ones(1))
    codes = np.zeros((1, 1), dtype=np.int8)
    gap = GapDays("x", ("y",), np.array([9]), codes, np.ones(1))
    assert DayCounts(10, {"x": one, "y": NONE}, {}).span() == (5, 7)
    assert DayCounts(10, {"x": one}, {"x": early}).span() == (-2, 7)
    assert DayCounts(10, {"x": one}, {}, (gap,)).span() == (5, 9)


def test_slices_are_told_apart() -> None:
    found = DayCounts(10, {"x": some_blocks(0)}, {"x": some_blocks(1)})
    assert (found.of("day"), found.of("start")) == (found.day, found.start)


@pytest.mark.parametrize("length", [0, -10])
def test_a_stretch_of_no_day_is_refused(length: int) -> None:
    with pytest.raises(ModelError, match=f"has {length} days"):
        DayCounts(length, {}, {})
