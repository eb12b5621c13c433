"""The prior of a table: N + s m, by the product of binary choices or by coarser causes."""

from __future__ import annotations

import numpy as np
import pytest

from causal.graph.variable import TableKind
from causal.learn.counting.counts import count
from causal.model.learnt.design import design
from causal.model.learnt.learnt_file import prior_to_dict
from causal.model.learnt.prior import LearntPrior, TablePrior, with_modes
from causal.model.learnt.ratio_logit import mode
from causal.model.posterior import Counts, Dirichlet, Piece, allowed
from tests.model.learnt.worlds import GAPPY, KINDS, MARKET, history, product_of


def a_prior(kind: TableKind, names: tuple[str, ...]) -> LearntPrior:
    """Another strength for every table."""
    day = {n: TablePrior(kind, 3.0 + i) for i, n in enumerate(names)}
    start = {n: TablePrior("backoff", 2.0) for n in names}
    return LearntPrior(day, start, 30, 100.0, "2011-01-01", False)


@pytest.mark.parametrize("kind", KINDS)
def test_alpha_is_the_days_and_the_prior(kind: TableKind) -> None:
    counts = count(history(GAPPY, 150), GAPPY)
    prior = with_modes(GAPPY, counts, a_prior(kind, GAPPY.names))
    for place, name in enumerate(GAPPY.names):
        days, strength = counts.day[name], 3.0 + place
        found = prior.alpha(GAPPY, "day", name, days)
        if kind == "backoff":
            wanted = Dirichlet(strength).alpha(days)
        else:
            coding = design(GAPPY, name, GAPPY.parents(name), kind)
            theta = np.array(prior.day[name].coefficients)
            mean = product_of(coding, theta, days.shape[-1]).reshape(days.shape)
            wanted = days + strength * mean
        np.testing.assert_allclose(found, wanted)
        np.testing.assert_allclose(found.sum(axis=-1), days.sum(axis=-1) + strength)


@pytest.mark.parametrize("kind", KINDS)
def test_the_calendar_rules(kind: TableKind) -> None:
    """Nothing outside what is allowed, and the whole strength within."""
    counts = count(history(MARKET, 300), MARKET)
    prior = with_modes(MARKET, counts, a_prior(kind, MARKET.names))
    pieces: tuple[Piece, Piece] = ("day", "start")
    for piece in pieces:
        for name in ("m", "x"):
            parents = MARKET.parents(name) if piece == "day" else MARKET.start_parents(name)
            where = allowed(MARKET, name, parents)
            assert where is not None
            days = counts.of(piece)[name]
            found = prior.alpha(MARKET, piece, name, days)
            assert ((found > 0) == where).all()
            strength = prior.strength_of(piece, name)
            np.testing.assert_allclose(found.sum(axis=-1), days.sum(axis=-1) + strength)


@pytest.mark.parametrize("kind", ["ordinal", "logit"])
def test_coefficients_are_those_of_the_mode(kind: TableKind) -> None:
    counts = count(history(GAPPY, 400), GAPPY)
    bare = a_prior(kind, GAPPY.names)
    prior = with_modes(GAPPY, counts, bare)
    for name in GAPPY.names:
        coding = design(GAPPY, name, GAPPY.parents(name), kind)
        days = counts.day[name]
        wanted = mode(coding, days.reshape(-1, days.shape[-1]))
        np.testing.assert_allclose(prior.day[name].coefficients, wanted, atol=1e-8)
        assert prior.start[name].coefficients == ()
    again = with_modes(GAPPY, counts, prior)
    assert prior_to_dict(again) == prior_to_dict(prior)
    for key in ("block", "half_life", "since", "stationary"):
        assert getattr(prior, key) == getattr(bare, key)


def test_each_table_has_a_strength_of_its_own() -> None:
    prior = a_prior("ordinal", ("a", "b"))
    assert (prior.strength_of("day", "a"), prior.strength_of("day", "b")) == (3.0, 4.0)
    assert prior.strength_of("start", "b") == 2.0
    assert (prior.of("day"), prior.of("start")) == (prior.day, prior.start)


def test_a_regression_of_a_table_is_made_once() -> None:
    prior = a_prior("logit", GAPPY.names)
    first = prior.design(GAPPY, "day", "h")
    assert prior.design(GAPPY, "day", "h") is first
    assert prior.design(GAPPY, "start", "y") is not prior.design(GAPPY, "day", "y")
    assert first.sizes == (3, 2)


def test_rows_without_a_day_are_told_by_the_others() -> None:
    """Where causes add up, a row that was never seen is known from the rest of its table."""
    counts = count(history(GAPPY, 10), GAPPY)
    coding = design(GAPPY, "h", ("a", "b"), "ordinal")
    truth = product_of(coding, np.random.default_rng(0).normal(size=2 * coding.width), 3)
    days = (5000 * truth).reshape(3, 2, 3)
    days[2, 1] = 0
    told = Counts({**counts.day, "h": days}, counts.start)
    prior = with_modes(GAPPY, told, a_prior("ordinal", GAPPY.names))
    alpha = prior.alpha(GAPPY, "day", "h", days)
    np.testing.assert_allclose(alpha[2, 1] / alpha[2, 1].sum(), truth[-1], atol=0.02)
    assert np.abs(truth[-1] - truth[-2]).max() > 0.1
    assert np.abs(truth[-1] - truth[1]).max() > 0.1
