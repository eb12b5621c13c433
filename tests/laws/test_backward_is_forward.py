"""The backward pass is the forward pass read from the other end, on NumPy and compiled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.contract.array import Array
from causal.infer.backward import reversed_days, value
from causal.infer.forward import forward, last_joint
from causal.infer.frontier import compile_slices
from causal.query.event import conditions
from causal.query.query import Query
from causal.query.unrolled import Unrolled, relevant, unroll
from tests.strategies import Case, horizon_case, law_models


def asked(case: Case) -> Unrolled:
    graph = case.model.graph
    query = Query(
        conditions(graph, case.event),
        conditions(graph, case.given),
        tuple(case.do),
        case.within,
        case.at,
    )
    return unroll(graph, query)


def ahead(case: Case, seen: Unrolled) -> tuple[Array, Array]:
    """P(event | evidence) and P(evidence) from the first day to the last."""
    found = forward(case.model, compile_slices(seen))
    return found.probability, np.exp(found.log_evidence)


@pytest.mark.usefixtures("path")
def test_survival_backwards_is_the_event_forwards() -> None:
    tried = 0
    for seed in range(law_models(300)):
        case = horizon_case(seed)
        seen = asked(case)
        probability, evidence = ahead(case, seen)
        survival = value(case.model, reversed_days(seen, surviving=True))
        possible = evidence > 0
        expected = (1 - probability) * evidence
        found = np.broadcast_to(survival, expected.shape)
        np.testing.assert_allclose(
            found[possible], expected[possible], rtol=1e-9, atol=1e-13, err_msg=str(case)
        )
        tried += bool(possible.any())
    assert tried > 250


@pytest.mark.usefixtures("path")
def test_an_open_day_0_holds_every_state_that_could_be_set_there() -> None:
    tried = 0
    for seed in range(law_models(300)):
        case = horizon_case(seed)
        graph = case.model.graph
        seen = asked(case)
        lasting = [n for n in graph.persistent if n not in seen.seeing[0]]
        if not lasting:
            continue
        name = lasting[seed % len(lasting)]
        size = graph.size(name)
        whole = replace(seen, doing={**seen.doing, 0: {name: np.ones(size)}})
        needed, _ = relevant(whole, dict.fromkeys(whole.event_days, frozenset(whole.event)))
        if name in needed[-1]:
            continue  # the day before has an axis of that name
        days = reversed_days(whole, kept=(name,), surviving=True)
        if not days or name not in days[-1].plan.output:
            continue
        found = value(case.model, days)
        for state in range(size):
            one = replace(seen, doing={**seen.doing, 0: {name: np.eye(size)[state]}})
            probability, evidence = ahead(case, one)
            expected = (1 - np.nan_to_num(probability)) * evidence
            np.testing.assert_allclose(
                *np.broadcast_arrays(found[state], expected),
                rtol=1e-9,
                atol=1e-13,
                err_msg=str(case),
            )
        tried += 1
    assert tried > 30


@pytest.mark.usefixtures("path")
def test_past_times_future_is_the_answer() -> None:
    tried = 0
    for seed in range(law_models(300)):
        case = horizon_case(seed)
        seen = asked(case)
        if seen.last_seen > 0 or not case.model.graph.persistent:
            continue
        blank = replace(seen, seeing={**seen.seeing, 0: {}})
        days = reversed_days(blank, until=1, surviving=True)
        axes = days[-1].plan.output if days else ()
        if not axes or not all(a.endswith("@-1") for a in axes):
            continue
        states = tuple(a.removesuffix("@-1") for a in axes)
        past = replace(seen, days=(-1, 0), event={}, event_days=frozenset(), kept=states, doing={})
        joint, _ = last_joint(case.model, compile_slices(past))
        opened = compile_slices(past)[-1].plan.output
        if set(opened) != set(states):
            continue  # a state that the evidence fixes has no axis
        joint = joint.transpose(*(opened.index(n) for n in states), -1)
        axis = tuple(range(len(states)))
        future = value(case.model, days)
        with np.errstate(invalid="ignore"):
            survival = (joint * future).sum(axis=axis) / joint.sum(axis=axis)
        probability, evidence = ahead(case, seen)
        possible = evidence > 0
        np.testing.assert_allclose(
            1 - np.broadcast_to(survival, probability.shape)[possible],
            probability[possible],
            rtol=1e-9,
            atol=1e-12,
            err_msg=str(case),
        )
        tried += 1
    assert tried > 40
