"""Whoever does the work, the same results come back in the same order."""

from __future__ import annotations

import math
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from causal.errors import ExecutorError, QueryError
from causal.executor import KINDS, Dask, Executor, Joblib, Processes, Ray, Serial, executor

Needs = Callable[[str], ModuleType]
ITEMS = list(range(12))


def failing(item: int) -> int:
    if item == 3:
        raise QueryError("Three is no number.", "It means this.", "Do that.")
    return item


def killed(item: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return item


@pytest.fixture(scope="module")
def dask(needs: Needs) -> Iterator[Any]:
    """A local cluster of two processes."""
    distributed = needs("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        settings: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": None}
        with distributed.Client(n_workers=2, **settings) as client:
            yield client


@pytest.fixture(scope="module")
def ray(needs: Needs) -> Iterator[Any]:
    """A local cluster of two workers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = needs("ray")
        cluster.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        yield cluster
        cluster.shutdown()


@pytest.fixture(params=["serial", "processes", "joblib", "dask", "ray", "threads"])
def some(request: pytest.FixtureRequest, needs: Needs) -> Executor:
    name = str(request.param)
    if name == "joblib":
        needs("joblib")
    if name == "dask":
        return Dask(client=request.getfixturevalue("dask"))
    if name == "ray":
        request.getfixturevalue("ray")
        return Ray()
    return ThreadPoolExecutor(2) if name == "threads" else executor(name, workers=2)


@pytest.mark.filterwarnings("ignore")
def test_the_same_in_the_same_order(some: Executor) -> None:
    assert list(some.map(math.sqrt, ITEMS)) == [math.sqrt(i) for i in ITEMS]


@pytest.mark.filterwarnings("ignore")
def test_nothing_to_do(some: Executor) -> None:
    assert list(some.map(math.sqrt, [])) == []


@pytest.mark.filterwarnings("ignore")
def test_an_error_comes_back_with_its_three_parts(some: Executor) -> None:
    with pytest.raises(QueryError, match="Three is no number") as caught:
        list(some.map(failing, ITEMS))
    assert (caught.value.means, caught.value.do) == ("It means this.", "Do that.")


@pytest.mark.filterwarnings("ignore")
def test_dask_starts_a_cluster_of_its_own(needs: Needs) -> None:
    needs("distributed")
    assert list(executor("dask", workers=1).map(math.sqrt, ITEMS)) == [math.sqrt(i) for i in ITEMS]


def test_a_worker_that_dies_is_told() -> None:
    with pytest.raises(ExecutorError, match="ended before its work was done"):
        list(Processes(1).map(killed, [1]))


def test_results_come_while_work_goes_on() -> None:
    """Nothing waits for the last item, and no more is begun than can be lost."""
    begun: list[int] = []

    def items() -> Iterator[int]:
        for item in ITEMS:
            begun.append(item)
            yield item

    found = iter(Processes(1).map(math.sqrt, items()))
    assert next(found) == 0.0
    assert len(begun) <= 3
    assert len(list(found)) == len(ITEMS) - 1


@pytest.mark.parametrize(
    ("name", "module"), [("joblib", "joblib"), ("dask", "distributed"), ("ray", "ray")]
)
def test_what_is_not_installed_is_told(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExecutorError, match=f"`{module}` is not installed") as caught:
        list(executor(name, workers=1).map(math.sqrt, [1.0]))
    assert "pip install" in caught.value.do


def test_names() -> None:
    kinds = (Serial, Processes, Joblib, Dask, Ray)
    assert tuple(KINDS.values()) == kinds
    for name, kind in KINDS.items():
        assert isinstance(executor(name), kind)
    assert executor("processes", workers=3) == Processes(3)
    with pytest.raises(ExecutorError, match="no executor `proceses`") as caught:
        executor("proceses")
    assert "`processes`" in caught.value.do
    with pytest.raises(ExecutorError, match="0 workers"):
        executor("dask", workers=0)
