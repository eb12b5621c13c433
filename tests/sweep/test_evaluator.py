"""Whichever way a scenario goes, its answer is that of one question."""

from __future__ import annotations

import numpy as np
import pytest

from causal.answer.answer import Answer
from causal.ask import ask
from causal.query.event import conditions
from causal.query.query import Query
from causal.query.scenarios.scenario import resolved
from causal.sweep.evaluator import Shared
from causal.sweep.strategy import Way, routed
from tests.app.toy import toy
from tests.sweep.asked import EVENT


@pytest.mark.parametrize("way", ["as routed", "open", "shut", "plain"])
def test_bounds_of_a_horizon_are_those_of_one_question(way: Way) -> None:
    model = toy(confounded=True)
    dos = ("leverage=low", "leverage=high for 2d", "leverage={low, high}", "geopolitics=calm", "")
    seen = ("bitcoin=crash", "bitcoin={fall, crash}", "leverage@-1=low, bitcoin=flat", "")
    scenarios = resolved(
        model.graph,
        Query(conditions(model.graph, EVENT), within=3),
        [(f"{d} | {g}", d, g) for d in dos for g in seen],
    )
    queries = [Query(conditions(model.graph, EVENT), s.given, s.do, 3) for s in scenarios]
    ways = routed(model.graph, queries, model.draws, None).ways
    ways = ways if way == "as routed" else (way,) * len(queries)
    bounded = 0
    for query, found in zip(queries, Shared(model).answers(queries, ways), strict=True):
        expected = ask(model, query)
        assert isinstance(found, Answer)
        assert (found.bounds is None) is (expected.bounds is None)
        if found.bounds is not None and expected.bounds is not None:
            bounded += 1
            for mine, theirs in zip(found.bounds, expected.bounds, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-12)
    assert bounded == 12
