"""Counting in pools: by NumPy and compiled, in blocks and threads, the counts of a plain loop."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from dataclasses import replace
from math import prod
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from causal.data.states import States
from causal.errors import DataError, UnknownStateError
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, Edge, Variable
from causal.learn.counting import counts as tallying
from causal.learn.counting.counts import BLOCK, count, counter_for, tally
from causal.learn.counting.pool import CELLS, pool_families
from causal.model.network import family
from tests.conftest import peer
from tests.learn.rows import assert_same, by_loop, chain, some_rows
from tests.strategies import seeds, two_slice


@pytest.fixture(params=["numpy", "compiled"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of counting, whatever the number of rows."""
    never, always = sys.maxsize, 0
    if request.param == "compiled":
        peer("numba")
    for name in ("PAYS_WARM", "PAYS_RUNNING", "PAYS_COLD"):
        monkeypatch.setattr(tallying, name, never if request.param == "numpy" else always)
    compiled = counter_for(1) is not tallying.count_columns
    assert compiled == (request.param == "compiled")
    return str(request.param)


def history(graph: CausalGraph, days: int, *, seed: int = 0, order: Any = "C") -> States:
    """Random states over days some of which are not there."""
    rng = np.random.default_rng(seed)
    dates = np.datetime64("0001-01-01") + np.flatnonzero(rng.random(2 * days + 50) < 0.9)[:days]
    codes = some_rows(graph, days, seed=seed)
    table = np.array([codes[n] for n in graph.names], dtype=np.int8).T
    return States(dates, graph.names, np.array(table, order=order), {}, dates[-1])


def columns_of(states: States, graph: CausalGraph) -> dict[str, Any]:
    """Columns by axis: a lagged one is the row before, where that is the day before."""
    follows = np.r_[False, np.diff(states.dates) == np.timedelta64(1, "D")]
    found = {}
    for name in graph.names:
        now = states.of(name)
        found[name] = now
        found[name + LAST] = np.where(follows, np.r_[now[-1:], now[:-1]], -1)
    return found


def by_numpy(graph: CausalGraph, columns: dict[str, Any], axes: tuple[str, ...]) -> Any:
    """One family straight from its columns."""
    rows = np.array([columns[a] for a in axes]).astype(np.int64)
    rows = rows[:, (rows >= 0).all(axis=0)]
    found = np.zeros([graph.size(a) for a in axes], dtype=np.int64)
    np.add.at(found, tuple(rows), 1)
    return found


@given(seeds)
def test_random_histories(seed: int) -> None:
    graph = two_slice(seed).graph
    states = history(graph, 40, seed=seed)
    assert_same(count(states, graph), by_loop(graph, columns_of(states, graph)))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("days", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17])
def test_blocks_join_without_a_seam(path: str, days: int, order: str) -> None:
    """The day before the first day of a block stands in the block before."""
    graph = chain(4, 3, lags=True)
    states = history(graph, days, order=order)
    columns = columns_of(states, graph)
    found = count(states, graph)
    for name in graph.names:
        axes = family(graph, name, "day")
        np.testing.assert_array_equal(found.day[name], by_numpy(graph, columns, axes))
    assert (found.day["v3"].sum() > 0) == (days > 2)


def test_since_may_fall_anywhere(path: str) -> None:
    graph = chain(3, 2, lags=True)
    states = history(graph, 2 * BLOCK + 100)
    whole = count(states, graph)
    for cut in (1, 17, BLOCK, BLOCK + 1, 2 * BLOCK + 99):
        first = replace(states, dates=states.dates[:cut], codes=states.codes[:cut])
        assert_same(count(first, graph) + count(states, graph, since=states.dates[cut]), whole)
    nothing = count(states, graph, since=states.dates[-1] + np.timedelta64(1, "D"))
    assert all(table.sum() == 0 for table in nothing.day.values())


@pytest.mark.parametrize("states", [1, 2, 5, 127])
@pytest.mark.parametrize("parents", [0, 1, 3])
def test_sizes(path: str, states: int, parents: int) -> None:
    """From one state to as many as a byte holds; families that outgrow every pool."""
    if states ** (parents + 1) > 10**7:
        parents = 2
    graph = chain(4, states, parents=parents)
    history_ = history(graph, 300)
    rng = np.random.default_rng(1)
    codes = rng.integers(-1, states, history_.codes.shape).astype(np.int8)
    codes[0] = states - 1
    whole = replace(history_, codes=codes)
    assert_same(count(whole, graph), by_loop(graph, columns_of(whole, graph)))
    if states == 127 and parents == 2:
        assert any(pool.whole for pool in pool_families(graph, 300).pools)


def test_one_core_and_two_give_the_same(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = chain(6, 3, lags=True)
    states = history(graph, 5 * BLOCK)
    found = []
    for processors in (1, 2, 7):
        monkeypatch.setattr(tallying, "processors", lambda n=processors: n)
        found.append(count(states, graph))
    assert_same(found[0], found[1])
    assert_same(found[0], found[2])


def test_compiled_counts_are_numpy_counts(needs: Callable[[str], ModuleType]) -> None:
    needs("numba")
    from causal.learn.counting.numba_count import count_compiled

    graph = chain(7, 4, lags=True)
    pooled = pool_families(graph, 10**6)
    for rows in (1, 4095, 4096, 4097, BLOCK, 2 * BLOCK + 3):
        codes = some_rows(graph, rows, seed=rows)
        columns = [codes[axis] for axis in pooled.axes]
        mine, theirs = pooled.table(), pooled.table()
        assert tallying.count_columns(pooled, columns, mine) == -1
        assert count_compiled(pooled, columns, theirs) == -1
        np.testing.assert_array_equal(mine, theirs)
        assert mine.sum() == rows * len(pooled.pools)
        columns[3] = columns[3].copy()
        columns[3][-1] = 4
        assert tallying.count_columns(pooled, columns, mine) == 3
        assert count_compiled(pooled, columns, theirs) == 3


def test_strided_columns_count_alike(path: str) -> None:
    graph = chain(3, 3)
    codes = some_rows(graph, 5000)
    pooled = pool_families(graph, 5000)
    table = np.array([codes[axis] for axis in pooled.axes]).T.copy()
    found = tally(pooled, [lambda: [list(table.T)]], 10**5)
    assert_same(pooled.counts(found), by_loop(graph, codes))


def test_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows, NumPy counts them when numba is not installed."""
    graph = chain(3, 3)
    states = history(graph, BLOCK)
    expected = count(states, graph)
    real = builtins.__import__

    def absent(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "numba":
            raise ImportError("No module named 'numba'")
        return real(name, *rest, **more)

    for module in [m for m in sys.modules if m.partition(".")[0] == "numba"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, tallying.KERNEL, raising=False)
    monkeypatch.delattr("causal.learn.counting.numba_count", raising=False)
    monkeypatch.setattr(builtins, "__import__", absent)
    assert counter_for(10**9) is tallying.count_columns
    monkeypatch.setattr(tallying, "PAYS_COLD", 0)
    assert_same(count(states, graph), expected)


def test_a_short_history_does_not_load_the_compiler() -> None:
    import subprocess

    code = (
        "import sys, numpy as np\n"
        "from causal.learn.counting.counts import count\n"
        "from tests.learn.counting.test_counts_scale import chain, history\n"
        "graph = chain(3, 3, lags=True)\n"
        "count(history(graph, 100_000), graph)\n"
        "print('numba' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "False", run.stderr


@pytest.mark.parametrize("rows", [0, 10**5, 10**9])
@pytest.mark.parametrize("lags", [False, True])
def test_every_family_lies_in_a_pool(rows: int, lags: bool) -> None:
    graph = chain(12, 4, lags=lags)
    pooled = pool_families(graph, rows)
    assert all(pool.cells <= CELLS for pool in pooled.pools if not pool.whole)
    assert len(pooled.pools) < len(graph.names)
    for name in graph.names:
        places = frozenset(pooled.axes.index(a) for a in family(graph, name, "day"))
        assert any(pool.serves(places) for pool in pooled.pools)


def test_pools_are_fewer_where_rows_are_many() -> None:
    graph = chain(12, 3)
    pools = [len(pool_families(graph, rows).pools) for rows in (1_000, 10**6, 10**8)]
    assert pools == sorted(pools, reverse=True)
    assert pools[-1] < pools[0]


def test_a_family_too_large_for_gaps_is_counted_on_complete_rows(path: str) -> None:
    """Sixteen causes of two states: a level for missing would make 3^17 cells of 2^17."""
    names = [f"x{i}" for i in range(17)]
    graph = CausalGraph(
        tuple(Variable(n, ("no", "yes")) for n in names),
        tuple(Edge(n, "x16", because="made up") for n in names[:-1]),
    )
    pooled = pool_families(graph, 1000)
    assert [prod(pool.levels) for pool in pooled.pools if pool.whole] == [2**17]
    rng = np.random.default_rng(0)
    codes = rng.integers(-1, 2, (2000, 17)).astype(np.int8)
    codes[:100] = 1
    dates = np.datetime64("2000-01-01") + np.arange(2000)
    states = States(dates, graph.names, codes, {}, dates[-1])
    found = count(states, graph)
    expected = by_numpy(graph, columns_of(states, graph), (*names[:-1], "x16"))
    assert expected.sum() >= 100
    np.testing.assert_array_equal(found.day["x16"], expected)


@pytest.mark.parametrize("code", [3, 100, 127, -2, -128])
def test_a_code_that_is_no_state_is_refused(path: str, code: int) -> None:
    graph = chain(3, 3)
    states = history(graph, BLOCK + 9)
    codes = states.codes.copy()
    codes[BLOCK + 3, 1] = code
    with pytest.raises(UnknownStateError, match=rf"`v1` holds {code}.*state 0, state 1"):
        count(replace(states, codes=codes), graph)


def test_a_variable_without_states_is_named() -> None:
    graph = chain(3, 3)
    states = replace(history(graph, 20), names=("v0", "v1", "w2"))
    with pytest.raises(DataError, match=r"no variable `v2`.*Known: v0, v1, w2"):
        count(states, graph)


def test_wide_columns(path: str) -> None:
    """Columns wider than a byte count alike; a code beyond a byte does not wrap round."""
    graph = chain(2, 3)
    pooled = pool_families(graph, 100)
    codes = some_rows(graph, 100, dtype=np.int64)
    table = tally(pooled, [lambda: [[codes[a] for a in pooled.axes]]], 100)
    assert_same(pooled.counts(table), by_loop(graph, codes))
    codes["v1"][50] = 256 + 1
    with pytest.raises(UnknownStateError, match="257"):
        tally(pooled, [lambda: [[codes[a] for a in pooled.axes]]], 100)
    unsigned = {a: np.maximum(c, 0).astype(np.uint8) for a, c in codes.items()}
    unsigned["v1"][50] = 255
    with pytest.raises(UnknownStateError, match="255"):
        tally(pooled, [lambda: [[unsigned[a] for a in pooled.axes]]], 100)
