"""Modes and draws of the regression, against a plain likelihood and a general optimiser."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, TableKind, Variable
from causal.model.learnt import ratio_logit
from causal.model.learnt.design import Design, design
from causal.model.learnt.ratio_logit import LARGEST, STEPS, expit, mode, refitted, row_means
from tests.model.learnt.worlds import FloatArray, product_of
from tests.model.test_posterior import OPEN, market


def some_design(seed: int) -> tuple[Design, int]:
    """A table of no cause to three, its regression, and how many states it has."""
    rng = np.random.default_rng([30, seed])
    if seed % 4 == 3:
        return design(market(OPEN, name_closes=True), "x", ("us", "free", "m@-1"), "ordinal"), 3
    causes = [f"p{i}" for i in range(int(rng.integers(0, 3)))]
    states = int(rng.integers(2, 5))
    graph = CausalGraph(
        (
            *(Variable(n, tuple("abcd"[: int(rng.integers(2, 5))])) for n in causes),
            Variable("x", tuple("uvwz"[:states])),
        ),
        tuple(Edge(n, "x") for n in causes),
    )
    kinds: tuple[TableKind, TableKind] = ("ordinal", "logit")
    return design(graph, "x", tuple(causes), kinds[seed % 2]), states


def some_days(found: Design, states: int, seed: int, usual: float) -> FloatArray:
    """Days of every cell, about ``usual`` a row; none in states that are left out."""
    rng = np.random.default_rng([31, seed])
    rows = int(np.prod(found.sizes))
    shares = rng.dirichlet(np.ones(states - found.lowest), rows)
    days = [rng.multinomial(n, p) for n, p in zip(rng.poisson(usual, rows), shares, strict=True)]
    return np.hstack([np.zeros((rows, found.lowest)), np.array(days, dtype=float)])


def loss(theta: FloatArray, found: Design, days: FloatArray, centre: Any = 0.0) -> float:
    """Minus the log likelihood of the days, and the penalty."""
    rows = product_of(found, theta, days.shape[1])
    seen = days > 0
    off = theta - centre
    return float(-(days[seen] * np.log(rows[seen])).sum() + off @ found.precision @ off / 2)


def best(found: Design, days: FloatArray, at: FloatArray, centre: Any = 0.0) -> FloatArray:
    """Where the loss is least, found without its derivatives."""
    sought = minimize(loss, at, (found, days, centre), method="BFGS", options={"gtol": 1e-5})
    place: FloatArray = sought.x
    return place


@pytest.mark.parametrize("usual", [1.0, 60.0])
@pytest.mark.parametrize("seed", range(8))
def test_the_mode_is_where_the_penalised_likelihood_is_highest(seed: int, usual: float) -> None:
    found, states = some_design(seed)
    days = some_days(found, states, seed, usual)
    theta = mode(found, days)
    np.testing.assert_allclose(theta, best(found, days, np.zeros(len(theta))), atol=2e-3)
    slope = approx_fprime(theta, lambda t: loss(t, found, days), 1e-6)
    np.testing.assert_allclose(slope, 0, atol=1e-3 + 1e-5 * days.sum())


@pytest.mark.parametrize("seed", range(8))
def test_where_it_begins_does_not_matter(seed: int) -> None:
    """The likelihood is concave: there is one mode, also for few days and a start beside it."""
    found, states = some_design(seed)
    days = some_days(found, states, seed, 1.0)
    theta = mode(found, days)
    held = np.minimum(days, 1.0)
    np.testing.assert_allclose(mode(found, days, mode(found, days - held)), theta, atol=1e-8)
    np.testing.assert_allclose(mode(found, days, theta + 1.0), theta, atol=1e-8)


def test_even_days_that_a_cause_divides_cleanly_have_a_mode() -> None:
    """Without a penalty the coefficients would be infinite."""
    graph = CausalGraph(
        (Variable("p", ("a", "b")), Variable("x", ("u", "v"))), (Edge("p", "x"),), (), "split"
    )
    found = design(graph, "x", ("p",), "ordinal")
    days = np.array([[100_000.0, 0.0], [0.0, 100_000.0]])
    theta = mode(found, days)
    assert np.isfinite(theta).all()
    assert loss(theta, found, days) <= loss(best(found, days, theta), found, days) + 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_rows_are_products_of_binary_choices(seed: int) -> None:
    found, states = some_design(seed)
    theta = np.random.default_rng(seed).normal(size=(3, len(found.precision)))
    rows = row_means(found, theta, states)
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-12)
    for draw in range(3):
        np.testing.assert_allclose(rows[..., draw], product_of(found, theta[draw], states))
    assert (rows[:, : found.lowest] == 0).all()


def test_expit_is_never_beyond_one() -> None:
    x = np.array([-800.0, -3.0, 0.0, 2.0, 800.0])
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(expit(x), 1 / (1 + np.exp(-x)), atol=1e-16)


class Told:
    """A random generator whose normals are told."""

    def __init__(self, normals: FloatArray) -> None:
        self.normals = normals

    def standard_normal(self, shape: tuple[int, ...]) -> FloatArray:
        assert shape == self.normals.shape
        return self.normals


def centres(found: Design, at: FloatArray, normals: FloatArray) -> FloatArray:
    """Prior centres: the covariance of the prior, around zero, intercepts around the mode."""
    covariance = np.linalg.inv(found.precision)
    around = [v if k % found.width == 0 else 0.0 for k, v in enumerate(at)]
    return normals @ np.linalg.cholesky(covariance).T + np.array(around)


@pytest.mark.parametrize("seed", range(8))
def test_a_draw_is_the_mode_of_its_own_days_and_centre(seed: int) -> None:
    found, states = some_design(seed)
    days = some_days(found, states, seed, 40.0)
    at = mode(found, days)
    rng = np.random.default_rng(seed)
    weighted = rng.gamma(np.maximum(days, 1e-9)[..., None], size=(*days.shape, 6))
    weighted[days == 0] = 0.0
    normals = rng.normal(size=(6, len(at)))
    theta = refitted(found, weighted, at, Told(normals))  # type: ignore[arg-type]
    for draw, centre in enumerate(centres(found, at, normals)):
        wanted = best(found, weighted[..., draw], at, centre)
        np.testing.assert_allclose(theta[draw], wanted, rtol=0.01, atol=0.05)


def test_draws_on_the_days_as_they_were_lie_around_the_mode() -> None:
    found, states = some_design(4)
    days = some_days(found, states, 4, 200.0)
    at = mode(found, days)
    same = np.repeat(days[..., None], 400, axis=-1)
    theta = refitted(found, same, at, np.random.default_rng(0))
    assert theta.shape == (400, len(at))
    np.testing.assert_allclose(theta.mean(axis=0), at, atol=0.05)
    weighted = np.random.default_rng(1).gamma(same + 1e-9)
    wide = refitted(found, weighted, at, np.random.default_rng(0))
    assert (wide.std(axis=0) > theta.std(axis=0)).all()


def test_without_days_a_draw_is_its_centre() -> None:
    found, states = some_design(5)
    nothing = np.zeros((int(np.prod(found.sizes)), states))
    at = mode(found, nothing)
    assert (at == 0).all()
    normals = np.random.default_rng(0).normal(size=(50, len(at))).clip(-2, 2)
    none = np.repeat(nothing[..., None], 50, axis=-1)
    theta = refitted(found, none, at, Told(normals))  # type: ignore[arg-type]
    np.testing.assert_allclose(theta, centres(found, at, normals), atol=1e-9)


def test_no_step_goes_farther_than_it_may() -> None:
    found, states = some_design(5)
    none = np.zeros((int(np.prod(found.sizes)), states, 1))
    at = np.zeros(len(found.precision))
    normals = np.full((1, len(at)), 1000.0)
    theta = refitted(found, none, at, Told(normals))  # type: ignore[arg-type]
    assert np.abs(theta).max() == pytest.approx(STEPS * LARGEST)


def test_how_many_draws_are_held_at_a_time_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, states = some_design(4)
    days = some_days(found, states, 4, 20.0)
    weighted = np.random.default_rng(0).gamma(days[..., None] + 0.1, size=(*days.shape, 23))
    at = mode(found, days)
    whole = refitted(found, weighted, at, np.random.default_rng(1))
    monkeypatch.setattr(ratio_logit, "CHUNK", 7)
    parts = refitted(found, weighted, at, np.random.default_rng(1))
    np.testing.assert_allclose(parts, whole, atol=1e-9)


def test_one_state_is_certain() -> None:
    graph = CausalGraph((Variable("p", ("a", "b")), Variable("x", ("only",))), (Edge("p", "x"),))
    found = design(graph, "x", ("p",), "ordinal")
    days = np.array([[3.0], [5.0]])
    assert mode(found, days).shape == (0,)
    theta = refitted(found, days[..., None], np.zeros(0), np.random.default_rng(0))
    assert theta.shape == (1, 0)
    assert (row_means(found, theta, 1) == 1).all()
