"""What a worker is sent: the same numbers from every executor, and whose fault a failure is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from types import ModuleType
from typing import Any

import pytest

from causal.errors import CausalError, ExecutorError
from causal.executor import Dask, Executor, Ray, executor
from causal.model.network import fitted
from causal.query.scenarios.scenario import grid
from causal.sweep import job
from causal.sweep.job import fingerprint
from causal.sweep.result import Sweep
from causal.sweep.sweep import sweep
from tests.app.toy import toy
from tests.strategies import two_slice
from tests.sweep.asked import EVENT, GRID, assert_same


@pytest.fixture(scope="module")
def clusters(needs: Callable[[str], ModuleType]) -> Iterator[dict[str, Executor]]:
    """A local Dask cluster and a local Ray cluster, two workers each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        distributed, ray = needs("distributed"), needs("ray")
        settings: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": None}
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        try:
            with distributed.Client(n_workers=2, **settings) as client:
                yield {"dask": Dask(client=client), "ray": Ray()}
        finally:
            ray.shutdown()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["processes", "joblib", "dask", "ray"])
def test_the_executor_changes_no_number(
    name: str, swept: Sweep, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "SIZE", 16)
    who = executor(name, workers=2)
    if name in ("dask", "ray"):
        who = request.getfixturevalue("clusters")[name]
    assert_same(sweep(toy(), GRID, EVENT, within=5, executor=who), swept)


def test_an_executor_may_be_named(swept: Sweep) -> None:
    assert_same(sweep(toy(), GRID, EVENT, within=5, executor="serial"), swept)
    with pytest.raises(CausalError, match="cloud"):
        sweep(toy(), GRID, EVENT, within=5, executor="cloud")


def test_a_worker_that_stays_is_asked_another_question() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        for asked in (EVENT, {"bitcoin": "flat"}):
            there = sweep(toy(), GRID, asked, within=5, executor=pool)
            assert_same(there, sweep(toy(), GRID, asked, within=5))


def test_a_model_without_counts_travels_as_its_tables() -> None:
    model = two_slice(3)
    name, state = model.graph.names[0], model.graph.variables[0].states[0]
    what = grid(given={n: list(model.graph.variable(n).states) for n in model.graph.names[1:2]})
    here = sweep(model, what, {name: state}, within=2)
    assert_same(sweep(model, what, {name: state}, within=2, executor=executor("processes")), here)
    assert here.rows[0].support_days is None


class Broken:
    def map(self, function: Any, items: Any) -> Iterator[Any]:
        raise RuntimeError("the cluster is gone")


def test_an_executor_that_fails_is_told() -> None:
    with pytest.raises(ExecutorError, match="RuntimeError: the cluster is gone"):
        sweep(toy(), GRID, EVENT, within=5, executor=Broken())


def test_the_seed_and_the_number_of_draws_are_part_of_a_model() -> None:
    one = toy()
    assert one.fit is not None
    others = [replace(one.fit, seed=8), replace(one.fit, draws=100)]
    prints = {fingerprint(m) for m in [one, toy(), *(fitted(one.graph, f) for f in others)]}
    assert len(prints) == 3
