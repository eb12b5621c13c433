"""Draws: the same whatever is asked, in whatever order; no row is drawn that cannot come up."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Measurement, Variable
from causal.model import posterior
from causal.model.posterior import DrawnTables, allowed
from tests.strategies import two_slice, with_tables

ALPHA = np.random.default_rng(5).gamma(1.0, 2.0, size=(3, 4, 5))


def drawn(draws: int = 50, seed: int = 3) -> DrawnTables:
    return DrawnTables({"x": (("p", "q", "x"), ALPHA)}, "day", draws, seed)


def test_order_and_part_do_not_matter() -> None:
    whole = drawn()["x"].values
    parts = drawn()
    corner = parts.block("x", (2, slice(None), slice(None))).copy()
    np.testing.assert_array_equal(corner, whole[2])
    np.testing.assert_array_equal(parts.block("x", (slice(None), 1, 4)), whole[:, 1, 4])
    np.testing.assert_array_equal(parts["x"].values, whole)


def test_threads_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = drawn()["x"].values
    monkeypatch.setattr(posterior, "THREADS_ABOVE", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    np.testing.assert_array_equal(drawn()["x"].values, whole)


def test_rows_and_seeds_differ() -> None:
    whole = drawn()["x"].values
    assert not np.allclose(whole[0, 0], whole[0, 1])
    assert not np.allclose(drawn(seed=4)["x"].values, whole)
    other = DrawnTables({"y": (("p", "q", "y"), ALPHA)}, "day", 50, 3)["y"].values
    assert not np.allclose(other, whole)


def test_moments_are_dirichlet() -> None:
    values = drawn(draws=40_000)["x"].values
    total = ALPHA.sum(axis=-1, keepdims=True)
    mean = ALPHA / total
    variance = mean * (1 - mean) / (total + 1)
    error = np.sqrt(variance / 40_000)
    assert (np.abs(values.mean(axis=-1) - mean) < 5 * error).all()
    np.testing.assert_allclose(values.var(axis=-1), variance, rtol=0.25)
    np.testing.assert_allclose(values.sum(axis=-2), 1.0, atol=1e-12)


def test_no_draws_means_the_mean() -> None:
    values = drawn(draws=0)["x"].values
    np.testing.assert_allclose(values[..., 0], ALPHA / ALPHA.sum(axis=-1, keepdims=True))


def closing() -> CausalGraph:
    closed = Measurement(closed=True)
    return CausalGraph(
        (
            Variable("calendar", ("open", "closed"), Measurement(calendar="us")),
            Variable("a", ("closed", "calm", "bad"), closed),
            Variable("b", ("closed", "calm", "bad"), closed),
            Variable("c", ("calm", "bad"), Measurement()),
        ),
        (
            Edge("calendar", "a"),
            Edge("calendar", "b"),
            Edge("a", "b"),
            Edge("a", "c"),
        ),
    )


def test_a_market_is_closed_on_closed_days() -> None:
    may = allowed(closing(), "b", ("calendar", "a"))
    assert may is not None
    assert may[1, 0].tolist() == [True, False, False]  # closed day: closed, surely
    assert may[0, 1].tolist() == [False, True, True]  # open day: any state but closed
    for calendar, a in ((0, 0), (1, 1), (1, 2)):  # cannot come up: one state, nothing to draw
        assert may[calendar, a].sum() == 1
    assert allowed(closing(), "c", ("a",)) is None


def test_what_is_kept_goes_with_the_tables() -> None:
    """Surgery keeps what was made from the draws; other tables start anew."""
    model = with_tables(np.random.default_rng(0), two_slice(3).graph, 3)
    model.kept.put("made", 1)
    first = model.graph.variables[0]
    assert model.do({first.name: first.states[0]}).kept is model.kept
    assert replace(model, tables=dict(model.tables)).kept.get("made") is None
    assert model.mean().kept.get("made") is None


def test_drawn_rows_cannot_be_written() -> None:
    """They are everybody's: a caller who changed them would change every later answer."""
    drawn = DrawnTables({"a": (("a",), np.array([1.0, 2.0]))}, "day", 5, 0)
    for values in (drawn["a"].values, drawn.block("a", (0,))):
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 0
