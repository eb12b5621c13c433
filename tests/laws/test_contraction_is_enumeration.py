"""The contraction gives what enumerating the joint gives, with any evidence and no do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.ask import probability
from causal.errors import ImpossibleEvidenceError
from tests.laws.trial import CHUNKS, agree, ask, same, seeds_of, slow
from tests.strategies import Case, horizon_case, law_models, one_day_case

MODELS = law_models(500)


def seeing(case: Case) -> Case:
    return replace(case, name=f"seeing {case.name}", do=())


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_one_day(chunk: int) -> None:
    agree(seeing(one_day_case(s)) for s in seeds_of(chunk, MODELS))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_days_ahead(chunk: int) -> None:
    agree(seeing(horizon_case(s, joint=20_000)) for s in seeds_of(chunk, MODELS))


def test_base_rate() -> None:
    """The base rate is the same event, on the same days, with no do and no evidence."""
    differs = 0
    for seed in range(200):
        case = horizon_case(seed, joint=5_000) if seed % 2 else one_day_case(seed)
        model = case.model
        for one in case.do:
            model = model.do(one)
        try:
            answer = probability(model, case.event, **case.question)
        except ImpossibleEvidenceError:
            continue
        base = slow(replace(case, do=(), given={})).draws
        np.testing.assert_allclose(
            answer.base, np.broadcast_to(base, answer.base.shape), rtol=1e-9, atol=1e-12
        )
        differs += not np.allclose(answer.base, answer.draws)
    assert differs > 60


def test_dropped_evidence_would_be_noticed() -> None:
    cases = [seeing(one_day_case(s)) for s in range(100)]
    wrong = [not same(ask(replace(c, given={})), slow(c)) for c in cases]
    assert sum(wrong) > 20
