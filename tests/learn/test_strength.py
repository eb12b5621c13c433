"""How many days a prior is worth: few where causes act together, many where they add up."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, TableKind
from causal.learn.strength import STRENGTHS, strength_of, strength_scores
from causal.model.learnt.design import design
from causal.model.learnt.evidence import BlockCounts
from causal.model.learnt.ratio_logit import mode
from tests.model.learnt.worlds import KINDS, FloatArray, measured, product_of

CAUSES = CausalGraph(
    (
        measured("p", "a", "b", "c", "d"),
        measured("q", "a", "b", "c", "d"),
        measured("r", "a", "b", "c", "d"),
        measured("x", "u", "v"),
    ),
    (Edge("p", "x"), Edge("q", "x"), Edge("r", "x")),
)
PARENTS = CAUSES.parents("x")


def dealt(chance: FloatArray, days: int, seed: int, blocks: int = 60) -> BlockCounts:
    """Days on rows at random, in as many stretches; ``chance`` of v by row."""
    rng = np.random.default_rng([60, seed])
    rows = rng.integers(0, chance.size, days)
    cells = 2 * rows + (rng.random(days) < chance.ravel()[rows])
    block = np.sort(rng.integers(0, blocks, days)) if blocks > 1 else np.zeros(days, np.int64)
    keys, often = np.unique(block * 2 * chance.size + cells, return_counts=True)
    cell = keys % (2 * chance.size)
    return BlockCounts(2 * chance.size, keys // (2 * chance.size), cell, often.astype(float))


def adding_up(seed: int) -> FloatArray:
    """Chances of v that are a sum on the scale of logits."""
    rng = np.random.default_rng([61, seed])
    one, two, three = (np.cumsum(rng.random(4)) for _ in range(3))
    chance: FloatArray = stats.logistic.cdf(
        one[:, None, None] + two[None, :, None] - three[None, None, :] - 1
    )
    return chance


def acting_together(seed: int) -> FloatArray:
    """Chances of v that no sum can tell: each row its own."""
    return np.random.default_rng([62, seed]).choice([0.1, 0.9], (4, 4, 4))


@pytest.mark.parametrize("kind", ["ordinal", "logit"])
def test_rows_that_no_sum_tells_lean_little(kind: TableKind) -> None:
    for seed in range(4):
        days = dealt(acting_together(seed), 4000, seed)
        assert strength_of(CAUSES, "x", PARENTS, kind, days) <= 5


@pytest.mark.parametrize("kind", ["ordinal", "logit"])
def test_thin_rows_that_a_sum_tells_lean_much(kind: TableKind) -> None:
    found = [
        strength_of(CAUSES, "x", PARENTS, kind, dealt(adding_up(s), 1500, s)) for s in range(6)
    ]
    assert min(found) >= 20
    assert float(np.median(found)) >= 40


def slow_scores(kind: TableKind, days: BlockCounts) -> list[float]:
    """Eight stretches of about as many days, each told by the others."""
    blocks = sorted(set(days.block.tolist()))
    amount = np.array([days.days[days.block == b].sum() for b in blocks])
    middle = (np.cumsum(amount) - amount / 2) / amount.sum()
    scores = [0.0] * len(STRENGTHS)
    for fold in range(8):
        out = [b for b, m in zip(blocks, middle, strict=True) if int(m * 8) == fold]
        held, train = np.zeros(days.cells), np.zeros(days.cells)
        for block, cell, n in zip(days.block, days.cell, days.days, strict=True):
            (held if block in out else train)[cell] += n
        held, train = held.reshape(-1, 2), train.reshape(-1, 2)
        for place, strength in enumerate(STRENGTHS):
            mean = prior_mean(kind, train, strength)
            rows = (train + strength * mean) / (train.sum(axis=1, keepdims=True) + strength)
            scores[place] += float((held * np.log(rows)).sum())
    return scores


def prior_mean(kind: TableKind, train: FloatArray, strength: float) -> FloatArray:
    """The mean of the regression, or of coarser and coarser causes."""
    if kind != "backoff":
        coding = design(CAUSES, "x", PARENTS, kind)
        return product_of(coding, mode(coding, train), 2)
    table = train.reshape(4, 4, 4, 2)
    mean = np.full((1, 1, 1, 2), 0.5)
    for left in ((0, 1, 2), (1, 2), (2,)):
        coarse = table.sum(axis=left, keepdims=True)
        mean = (coarse + strength * mean) / (coarse.sum(axis=-1, keepdims=True) + strength)
    return np.broadcast_to(mean, table.shape).reshape(-1, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_of_days_that_were_left_out(kind: TableKind) -> None:
    days = dealt(adding_up(1), 500, 1, blocks=23)
    found = strength_scores(CAUSES, "x", PARENTS, kind, days)
    np.testing.assert_allclose(found, slow_scores(kind, days), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_smallest_is_taken_of_those_that_are_nearly_best(kind: TableKind) -> None:
    for seed in range(3):
        days = dealt(adding_up(seed), 800, seed)
        scores = strength_scores(CAUSES, "x", PARENTS, kind, days)
        near = [s for s, v in zip(STRENGTHS, scores, strict=True) if v >= max(scores) - 5]
        assert strength_of(CAUSES, "x", PARENTS, kind, days) == near[0]
        assert len(near) < len(STRENGTHS)


@pytest.mark.parametrize("blocks", [2, 3, 5, 7, 8, 9, 40])
def test_every_day_is_left_out_once(blocks: int) -> None:
    """However few the stretches: with weak priors alone, a score is about n log 1/2."""
    even = np.full((4, 4, 4), 0.5)
    days = dealt(even, 4000, 0, blocks)
    scores = strength_scores(CAUSES, "x", PARENTS, "ordinal", days)
    assert max(scores) == pytest.approx(-4000 * np.log(2), rel=0.02)


def test_no_day_says_nothing() -> None:
    none = BlockCounts(128, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    assert strength_scores(CAUSES, "x", PARENTS, "ordinal", none) == [0.0] * len(STRENGTHS)
    assert strength_of(CAUSES, "x", PARENTS, "ordinal", none) == STRENGTHS[0]
