"""The compiled path gives the numbers of the readable NumPy path, to 1e-12, on any model.

Also: one core and two give the same numbers, and the last, incomplete tile is no different.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from causal.contract.backend import Forward
from causal.infer.forward import forward
from causal.infer.frontier import compile_slices
from causal.query.event import conditions
from causal.query.query import Query
from causal.query.unrolled import unroll
from tests.laws.trial import seeds_of
from tests.strategies import Case, any_case, two_slice, with_tables


def both(case: Case, monkeypatch: pytest.MonkeyPatch) -> tuple[Forward, Forward]:
    graph = case.model.graph
    query = Query(
        conditions(graph, case.event),
        conditions(graph, case.question.get("given")),
        tuple(case.do),
        case.question.get("within"),
        case.question.get("at"),
    )
    days = compile_slices(unroll(graph, query))
    monkeypatch.setenv("CAUSAL_COMPILED", "0")
    plain = forward(case.model, days)
    monkeypatch.setenv("CAUSAL_COMPILED", "1")
    return plain, forward(case.model, days)


def close(fast: Forward, plain: Forward) -> None:
    for a, b in (
        (fast.probability, plain.probability),
        (fast.log_evidence, plain.log_evidence),
    ):
        np.testing.assert_allclose(*np.broadcast_arrays(a, b), rtol=1e-12, atol=1e-13)


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("chunk", range(4))
def test_compiled_is_numpy(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0
    for seed in seeds_of(chunk, 400):
        plain, fast = both(any_case(seed), monkeypatch)
        if np.isneginf(plain.log_evidence).any():
            assert (np.isneginf(plain.log_evidence) == np.isneginf(fast.log_evidence)).all()
            continue
        close(fast, plain)
        tried += 1
    assert tried > 35


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("draws", [1, 7, 8, 127, 128, 129, 300, 1000])
def test_tiles_and_cores_change_nothing(draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = with_tables(np.random.default_rng(draws), two_slice(11).graph, draws)
    last = model.graph.variables[-1]
    case = Case("tiles", model, {last.name: last.states[-1]}, {}, (), 5)
    plain, fast = both(case, monkeypatch)
    close(fast, plain)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    _, alone = both(case, monkeypatch)
    np.testing.assert_array_equal(alone.probability, fast.probability)
