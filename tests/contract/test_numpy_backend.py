"""Workers and narrowed frontiers change the cost of an answer, and none of its numbers."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from causal.contract import dispatch
from causal.contract.numpy_backend import MOVING, Run, Worker, recipes
from causal.contract.slice import Slice
from causal.infer import forward
from causal.infer.expected_counts import visits
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.query.event import conditions
from causal.query.query import Query
from causal.query.unrolled import Unrolled, unroll
from tests.strategies import two_slice

DAYS = 4


@pytest.fixture
def on_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSAL_COMPILED", "0")


@pytest.fixture
def on_the_kernel(monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], ModuleType]) -> None:
    needs("numba")
    for name in ("PAYS_COLD", "PAYS_WARM"):
        monkeypatch.setattr(dispatch, name, 0)


def asked(model: CausalModel, states: tuple[int, ...], *, given: bool = True) -> Unrolled:
    """Does a lasting variable meet some of its states within a few days?"""
    graph = model.graph
    name, other = graph.persistent[0], graph.names[-1]
    event = {name: {graph.variable(name).states[i] for i in states}}
    seen = {other: graph.variable(other).states[0]} if given else {}
    query = Query(conditions(graph, event), conditions(graph, seen), (), within=DAYS)
    return unroll(graph, query)


def cases() -> Iterator[tuple[CausalModel, Unrolled, tuple[int, ...]]]:
    for seed in range(60):
        model = two_slice(seed, draws=5)
        size = model.graph.size(model.graph.persistent[0])
        for states in ((size - 1,), (0,), tuple(range(1, size)), (1,)):
            if 0 < len(states) < size and max(states) < size:
                yield model, asked(model, states), states


def whole(days: tuple[Slice, ...]) -> tuple[Slice, ...]:
    """The same days, every frontier with all its states."""
    return tuple(replace(day, left=None, narrowed=None) for day in days)


def check_narrowing() -> None:
    narrowed = kept = 0
    for model, seen, states in cases():
        days = compile_slices(seen)
        size = model.graph.size(model.graph.persistent[0])
        between = size == 3 and states == (1,)
        for day in days:
            assert day.left is None or not between
            assert (day.left is None) >= (day.event is None)
        narrowed += any(day.narrowed for day in days)
        kept += between
        found = forward.forward(model, days)
        wide = forward.forward(model, whole(days))
        assert found.curve is not None
        assert wide.curve is not None
        np.testing.assert_allclose(found.curve, wide.curve, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(found.log_evidence, wide.log_evidence, rtol=1e-12, atol=1e-13)
    assert narrowed > 50
    assert kept > 10


@pytest.mark.usefixtures("on_numpy")
def test_states_that_the_event_took_are_not_missed() -> None:
    check_narrowing()


@pytest.mark.usefixtures("on_the_kernel")
def test_nor_on_the_kernel() -> None:
    check_narrowing()


@pytest.mark.usefixtures("on_numpy")
def test_visits_have_the_shape_of_the_table() -> None:
    tried = 0
    for model, seen, _ in cases():
        days = compile_slices(seen)
        found, _ = visits(model, days)
        wide, _ = visits(model, whole(days))
        for day in days:
            for place, operand in enumerate(day.operands):
                key = day.number, place
                assert found[key].shape[:-1] == operand.of(model).shape[:-1]
                np.testing.assert_allclose(found[key], wide[key], rtol=1e-9, atol=1e-13)
        tried += any(day.narrowed for day in days)
    assert tried > 50


@pytest.mark.usefixtures("on_numpy")
def test_worlds_side_by_side_answer_as_alone() -> None:
    shared = 0
    for model, seen, states in cases():
        worlds = [compile_slices(seen), compile_slices(asked(model, states, given=False))]
        for both, days in zip(forward.forwards(model, worlds), worlds, strict=True):
            alone = forward.forward(model, days)
            np.testing.assert_allclose(both.probability, alone.probability, rtol=1e-13)
            np.testing.assert_allclose(both.log_evidence, alone.log_evidence, atol=1e-13)
        one, other = ({n for r in rows for n in r.numbers} - {MOVING} for rows in recipes(worlds))
        shared += bool(one & other)
    assert shared > 20


def test_another_tile_takes_no_more_memory() -> None:
    model = two_slice(3)
    days = compile_slices(asked(model, (0,)))
    (steps,) = recipes([days])
    arrays = [[operand.of(model) for operand in day.operands] for day in days]
    worker, sizes = Worker(model.draws), []
    for _ in range(3):
        worker.begin()
        Run(steps, arrays, model.draws, worker).forward()
        sizes.append(sum(map(len, worker.free.values())) + len(worker.lent))
    assert sizes[0] > 0
    assert len(set(sizes)) == 1
