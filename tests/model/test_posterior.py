"""Counts, prior and draws, each against a slow account of it: row by row, cell by cell."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from copy import deepcopy
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal.errors import ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Measurement, Variable
from causal.model import posterior
from causal.model.posterior import Counts, Dirichlet, DrawnTables, Piece, allowed, total
from tests.strategies import seeds

Tally = np.ndarray[Any, np.dtype[np.int64]]


def some_counts(seed: int) -> Tally:
    """Days in a table of none to three causes, many of its rows never seen."""
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 4, size=int(rng.integers(0, 4)) + 1)
    return rng.poisson(rng.choice([0.2, 3.0]), size=tuple(shape)).astype(np.int64)


def prior_mean(counts: Tally, strength: float, row: tuple[int, ...]) -> np.ndarray:
    """MacKay & Peto: equal shares, then every coarser row of this one, from coarse to fine."""
    states = counts.shape[-1]
    mean = np.full(states, 1 / states)
    for kept in range(len(row)):
        seen = np.zeros(states)
        for cell in product(*map(range, counts.shape[:-1])):
            if cell[:kept] == row[:kept]:
                seen += counts[cell]
        mean = (seen + strength * mean) / (seen.sum() + strength)
    return mean


@settings(max_examples=60)
@given(seeds, st.sampled_from([0.5, 1.0, 4.0]))
def test_a_row_leans_on_the_coarser_ones(seed: int, strength: float) -> None:
    """And what the structure forbids has no mass, whatever has been counted of the rest."""
    counts, prior = some_counts(seed), Dirichlet(strength)
    may = np.random.default_rng(seed).random(counts.shape) < 0.6
    mean, alpha, held = prior.mean(counts), prior.alpha(counts), prior.alpha(counts, may)
    assert mean.shape == alpha.shape == held.shape == counts.shape
    for row in product(*map(range, counts.shape[:-1])):
        slow = prior_mean(counts, strength, row)
        np.testing.assert_allclose(mean[row], slow)
        np.testing.assert_allclose(alpha[row], counts[row] + strength * slow)
        kept = np.where(may[row], slow, 0.0)
        shares = kept / kept.sum() if may[row].any() else kept
        np.testing.assert_allclose(held[row], counts[row] + strength * shares)


def test_what_the_structure_rules_out_has_no_prior() -> None:
    """The rest shares the whole strength; a row that cannot come up at all gets none."""
    counts = np.array([[4, 0, 0], [4, 0, 0]])
    may = np.array([[False, True, True], [False, False, False]])
    np.testing.assert_allclose(Dirichlet(1.0).alpha(counts, may) - counts, [[0, 0.5, 0.5], [0] * 3])


def test_four_days_are_the_usual_prior() -> None:
    assert Dirichlet().strength == 4.0


def test_counts_add_cell_by_cell_and_slice_by_slice() -> None:
    one = Counts({"x": np.array([1, 2])}, {"x": np.array([10, 20])})
    other = Counts({"x": np.array([3, 5])}, {"x": np.array([30, 50])})
    both = one + other
    assert both.of("day")["x"].tolist() == [4, 7]
    assert both.of("start")["x"].tolist() == [40, 70]
    assert (both.of("day"), both.of("start")) == (both.day, both.start)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 2**62) | st.integers(0, 9), max_size=40))
def test_a_total_is_exact_however_large(days: list[int]) -> None:
    assert total(np.array(days, dtype=np.int64)) == sum(days)
    for parts in ([d % 2**13 for d in days], [2**53 if d > 2**53 else 0 for d in days]):
        assert total(np.array(parts, dtype=float)) == sum(parts)


@pytest.mark.parametrize("days", [[5, -1], [-1, 5], [-1]])
def test_one_negative_count_among_many_is_refused(days: list[int]) -> None:
    for one, other in ((days, [1]), ([1], days)):
        with pytest.raises(ModelError, match=r"`x` hold -1\."):
            Counts({"x": np.array(one)}, {"x": np.array(other)})
    assert Counts({"x": np.array([0, 5])}, {}).day["x"].tolist() == [0, 5]


CLOSES = Measurement(closed=True)
OPEN = Variable("us", ("open", "closed"), Measurement(calendar="us"))
SHUT = Variable("us", ("closed", "open"), Measurement(calendar="us"))


def market(calendar: Variable, name_closes: bool) -> CausalGraph:
    """x after the calendar, two markets, one thing that never closes, and yesterday's market."""
    return CausalGraph(
        (
            calendar,
            Variable("m", ("closed", "calm", "bad"), CLOSES),
            Variable("n", ("closed", "calm"), CLOSES),
            Variable("free", ("a", "b")),
            Variable("x", ("closed", "b", "c"), CLOSES if name_closes else Measurement()),
        ),
        (Edge("us", "x"), Edge("m", "x"), Edge("n", "x"), Edge("free", "x"), Edge("m", "m", 1)),
    )


@pytest.mark.parametrize("calendar", [OPEN, SHUT], ids=["open first", "closed first"])
@pytest.mark.parametrize("closes", [True, False])
@pytest.mark.parametrize(
    "parents", [("us",), ("us", "m"), ("m@-1", "us", "free"), ("n", "m@-1", "m", "us")]
)
def test_a_market_is_closed_on_closed_days_and_on_no_other(
    calendar: Variable, closes: bool, parents: tuple[str, ...]
) -> None:
    graph = market(calendar, closes)
    found = allowed(graph, "x", parents)
    assert found is not None
    today = [a for a in parents if a in ("m", "n")]
    for cell in np.ndindex(found.shape):
        at = dict(zip((*parents, "x"), cell, strict=True))
        shut = calendar.states[at["us"]] == "closed"
        if any((at[a] == 0) != shut for a in today):  # cannot come up: one state alone
            wanted = at["x"] == 0
        else:
            wanted = not closes or (at["x"] == 0) == shut
        assert found[cell] == wanted, at


def test_only_a_calendar_of_the_same_day_rules() -> None:
    graph = market(OPEN, True)
    assert allowed(graph, "x", ()) is None
    assert allowed(graph, "x", ("m", "free")) is None
    assert allowed(graph, "x", ("us@-1", "m")) is None


def slow_row(alpha: Iterable[float], seed: int, piece: str, row: int, draws: int) -> np.ndarray:
    """One row: gamma variates from the stream of (seed, slice, variable, row), normalised."""
    words = [seed, (zlib.crc32(f"{piece}:x".encode()) << 32) + row]
    rng = np.random.Generator(np.random.Philox(key=np.array(words, dtype=np.uint64)))
    drawn = np.stack([rng.standard_gamma(a, draws) for a in alpha])
    return np.asarray(drawn / drawn.sum(axis=0))


ALPHA = np.array([[[2.0, 0.0, 0.4], [1.0, 1.0, 3.0]], [[0.0, 5.0, 0.0], [0.2, 0.3, 0.4]]])
WHOLE = (slice(None),) * 3


def tables(draws: int, piece: Piece = "day", seed: int = 3, alpha: Any = ALPHA) -> DrawnTables:
    return DrawnTables({"x": (("p", "q", "x"), alpha)}, piece, draws, seed)


@pytest.mark.parametrize("piece", ["day", "start"])
@pytest.mark.parametrize("draws", [1, 2, 7])
def test_a_row_has_a_stream_of_its_own(piece: Piece, draws: int) -> None:
    """The same numbers on any machine: a saved model holds no draws, only the seed of them."""
    values = tables(draws, piece)["x"].values
    assert values.shape == (2, 2, 3, draws)
    for row, alpha in enumerate(ALPHA.reshape(-1, 3)):
        slow = slow_row(alpha, 3, piece, row, draws)
        np.testing.assert_allclose(values.reshape(-1, 3, draws)[row], slow, rtol=1e-12)
    assert (values[0, 0, 1] == 0).all()
    assert (values[1, 0] == [[0], [1], [0]]).all()


@pytest.mark.parametrize("draws", [0, 1])
def test_a_certain_row_is_certain_and_no_draws_are_one_mean(draws: int) -> None:
    values = tables(draws)["x"].values
    assert values.shape[-1] == 1
    if draws == 0:
        np.testing.assert_allclose(values[..., 0], ALPHA / ALPHA.sum(axis=-1, keepdims=True))
    np.testing.assert_array_equal(values[1, 0, :, 0], [0, 1, 0])


def test_a_row_of_hardly_any_weight_still_sums_to_one() -> None:
    """Its variates are too small for a float; no draw may be nothing divided by nothing."""
    for alpha in ([1e-5, 0.0, 1e-5], [1e-5, 0.0, 1.0], [0.5, 0.0, 1e-5]):
        values = tables(400, alpha=np.array([[alpha]]))["x"].values[0, 0]
        np.testing.assert_allclose(values.sum(axis=0), 1.0)
        assert (values >= 0).all()
        assert (values[1] == 0).all()


def test_drawn_tables_are_a_mapping() -> None:
    assert list(tables(1)) == ["x"]
    assert len(tables(1)) == 1
    assert tables(1)["x"].axes == ("p", "q", "x", "draw")


def test_only_the_rows_that_are_asked_for_are_drawn_and_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[int] = []
    plain = posterior._dirichlet

    def counted(alpha: Any, key: list[int], out: Any) -> None:
        drawn.append(key[-1])
        plain(alpha, key, out)

    monkeypatch.setattr(posterior, "_dirichlet", counted)
    found = tables(4)
    for index, rows in (((0, 1), [1]), ((0, 1), []), ((slice(None), 1), [3]), ((1, 0), [])):
        drawn.clear()
        block = found.block("x", (*index, slice(None)))
        assert drawn == rows
        np.testing.assert_allclose(block.sum(axis=-2), 1.0)
    drawn.clear()
    found.block("x", WHOLE)
    assert drawn == [0]  # (1, 0) is certain, and nothing is drawn for it


def test_a_copy_draws_afresh_and_the_same() -> None:
    found = tables(4)
    first = found.block("x", (0, 1, slice(None))).copy()
    other = deepcopy(found)
    np.testing.assert_array_equal(other.block("x", (0, 1, slice(None))), first)
    np.testing.assert_array_equal(other["x"].values, found["x"].values)
    assert not np.shares_memory(other["x"].values, found["x"].values)


@pytest.mark.parametrize(
    ("cores", "above", "pooled"),
    [(4, 35, True), (4, 36, False), (1, 0, False), (None, 0, False), (2, 35, True)],
)
def test_many_variates_are_drawn_by_many_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int | None, above: int, pooled: bool
) -> None:
    """Three rows of three states, four draws each: the certain one is not drawn."""
    used: list[int] = []

    class Pool(posterior.ThreadPoolExecutor):
        def __init__(self, workers: int) -> None:
            used.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(posterior, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(posterior, "THREADS_ABOVE", above)
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    np.testing.assert_array_equal(tables(4)["x"].values[1, 0, 1], np.ones(4))
    assert used == ([cores] if pooled else [])
