"""Every scenario of a sweep is the answer that one question would get, whichever way it goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from causal.answer.answer import Answer
from causal.ask import answer
from causal.errors import ImpossibleEvidenceError
from causal.model.network import CausalModel
from causal.query.assignment import Hard, Mix
from causal.query.event import conditions
from causal.query.query import Query
from causal.sweep.evaluator import Shared
from causal.sweep.strategy import Way, routed
from tests.strategies import (
    askable_query,
    horizon_case,
    law_models,
    one_slice,
    some_cut,
    some_doing,
    some_event,
    some_evidence,
    some_policy,
    two_slice,
)

SCENARIOS = 8


pytestmark = pytest.mark.usefixtures("path")


def asked(seed: int) -> tuple[CausalModel, list[Query]]:
    """A model and one question in some scenarios; two dos and two evidences come up again."""
    rng = np.random.default_rng([7, seed])
    if seed % 2:
        case = horizon_case(seed)
        model, within, at = case.model, case.within, case.at
    else:
        model, within, at = (two_slice if seed % 4 else one_slice)(seed), None, None
    horizon = within or at or 0
    days = ["", "", "@0"] + (["@-1"] if model.graph.persistent else [])
    days += [f"@{d}" for d in range(1, horizon + 1)] if seed % 5 == 0 else []
    event = conditions(model.graph, some_event(rng, model))
    dos = [some_doing(rng, model, horizon) for _ in range(3)]
    looking = some_policy(rng, model) if seed % 3 else some_cut(rng, model)
    if looking is not None:
        dos[2] = (looking,)
    seen = [conditions(model.graph, some_evidence(rng, model, days)) for _ in range(3)]
    found = [
        askable_query(
            Query(event, seen[int(rng.integers(3))], dos[int(rng.integers(3))], within, at)
        )
        for _ in range(SCENARIOS)
    ]
    return model, found


def held(model: CausalModel, query: Query, found: Answer | ImpossibleEvidenceError) -> bool:
    """One scenario against ``answer``; whether it is possible."""
    if isinstance(found, ImpossibleEvidenceError):
        with pytest.raises(ImpossibleEvidenceError) as caught:
            answer(model, query)
        assert caught.value.what == found.what
        return False
    expected = answer(model, query)
    where = str(query)
    np.testing.assert_allclose(found.draws, expected.draws, rtol=0, atol=1e-12, err_msg=where)
    np.testing.assert_allclose(found.base, expected.base, rtol=0, atol=1e-12, err_msg=where)
    np.testing.assert_allclose(found.evidence, expected.evidence, rtol=1e-9, err_msg=where)
    assert found.claim == expected.claim
    if expected.bounds is None:
        assert found.bounds is None
    else:
        assert found.bounds is not None
        for mine, theirs in zip(found.bounds, expected.bounds, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)
    return True


@pytest.mark.parametrize("way", ["as routed", "open", "shut"])
def test_a_sweep_is_its_questions(way: Way) -> None:
    tried, ways = 0, Counter[str]()
    for seed in range(law_models(60)):
        model, queries = asked(seed)
        taken = routed(model.graph, queries, model.draws, None).ways
        if way in ("open", "shut"):
            horizon = queries[0].horizon
            taken = tuple(
                way
                if not any((c.day or 0) > 0 for c in q.given)
                and (horizon or (way == "open" and all(isinstance(i, Hard | Mix) for i in q.do)))
                else "plain"
                for q in queries
            )
        found = list(Shared(model).answers(queries, taken))
        assert len(found) == SCENARIOS
        for query, one in zip(queries, found, strict=True):
            tried += held(model, query, one)
        ways.update(taken)
    assert tried > 250
    assert ways["plain"] < tried
    if way == "as routed":
        assert len(ways) == 3, ways


def test_surgery_on_the_model_itself_counts() -> None:
    for seed in range(40):
        model, queries = asked(seed)
        rng = np.random.default_rng(seed)
        own = some_doing(rng, model, 0)
        queries = [askable_query(replace(q, do=(*own, *q.do))) for q in queries]
        ways = routed(model.graph, queries, model.draws, None).ways
        for query, one in zip(queries, Shared(model).answers(queries, ways), strict=True):
            held(model, query, one)
