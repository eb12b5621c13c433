"""Day by day on the frontier = enumeration = one contraction of the unrolled graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.laws.trial import ATOL, CHUNKS, RTOL, agree, ask, same, seeds_of, slow
from tests.laws.unrolled import unrolled
from tests.strategies import Case, horizon_case, law_models, one_day_case

MODELS = law_models(400)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_enumeration(chunk: int) -> None:
    """The far horizons that the truncated factorisation leaves out."""
    agree(horizon_case(10_000 + s) for s in seeds_of(chunk, MODELS))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_unrolled(chunk: int) -> None:
    possible = 0
    for seed in seeds_of(chunk, MODELS):
        case = horizon_case(20_000 + seed, joint=10**6)
        frontier, whole = ask(case), ask(unrolled(case))
        assert (frontier.draws is None) == (whole.draws is None), str(case)
        if frontier.draws is not None:
            possible += 1
            np.testing.assert_allclose(
                frontier.draws, whole.draws, rtol=RTOL, atol=ATOL, err_msg=str(case)
            )
            assert np.isclose(frontier.evidence, whole.evidence, rtol=RTOL, atol=0), str(case)
    assert possible > 0.6 * len(seeds_of(chunk, MODELS))


@pytest.mark.parametrize("seed", range(2, 200, 3))
def test_one_day_unrolled(seed: int) -> None:
    """A question about one day of a model of days, with its past."""
    case = one_day_case(seed)
    assert case.model.graph.persistent
    assert same(ask(unrolled(case)), slow(case)), str(case)


def test_unrolling_itself_is_right() -> None:
    """Enumeration of the unrolled one-slice model = enumeration through time."""
    for seed in range(60):
        case = horizon_case(seed, joint=2_000)
        through, flat = slow(case), slow(unrolled(case))
        np.testing.assert_allclose(flat.draws, through.draws, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(flat.evidence, through.evidence, rtol=1e-9)


def test_one_day_less_would_be_noticed() -> None:
    def shorter(case: Case) -> Case:
        return replace(
            case,
            within=case.within and case.within - 1,
            at=case.at and case.at - 1,
            do=(),
            given={},
        )

    cases = [replace(c, do=(), given={}) for c in map(horizon_case, range(200)) if c.horizon > 1]
    noticed = sum(not same(ask(shorter(c)), slow(c)) for c in cases)
    assert noticed > 0.2 * len(cases) > 10
