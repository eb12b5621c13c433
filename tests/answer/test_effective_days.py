"""How many days a row is worth that leans on the rest of its table, and what an answer says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.answer.gradient import concentrations
from causal.answer.support import CERTAIN, effective_days
from causal.ask import ask
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import Edge
from causal.learn.fit import fit_states
from causal.model.network import CausalModel, family
from causal.model.table import DRAW, Table
from tests.model.learnt.worlds import GAPPY, PAIR, RULED, history, learnt_model, measured

WORTH = (3.0, 30.0, 300.0)


def of_dirichlets(draws: int = 500, rows: int = 400) -> CausalModel:
    """A table with as many rows of each worth as there are ``rows``, means at random."""
    graph = CausalGraph(
        (
            measured("p", *(f"s{k}" for k in range(rows))),
            measured("q", "a", "b", "c"),
            measured("x", "u", "v", "w"),
        ),
        (Edge("p", "x"), Edge("q", "x")),
    )
    rng = np.random.default_rng(0)
    means = rng.dirichlet(np.full(3, 4.0), (rows, 3))
    alphas = means[..., None] * np.reshape(WORTH, (1, 3, 1, 1))
    gammas = rng.standard_gamma(alphas, (rows, 3, 3, draws))
    tables = {
        "p": Table(("p", DRAW), np.full((rows, 1), 1 / rows)),
        "q": Table(("q", DRAW), np.full((3, 1), 1 / 3)),
        "x": Table(("p", "q", "x", DRAW), gammas / gammas.sum(axis=-2, keepdims=True)),
    }
    return CausalModel(graph, tables)


def test_rows_of_a_dirichlet_are_worth_its_days() -> None:
    found = effective_days(of_dirichlets(), ("day", "x"))
    assert found.shape == (400, 3)
    ratio = found / np.array(WORTH)
    np.testing.assert_allclose(np.median(ratio, axis=0), 1, atol=0.03)
    assert ((ratio > 0.6) & (ratio < 1.6)).mean() > 0.98


def test_a_certain_row_is_worth_very_many() -> None:
    model = of_dirichlets()
    values = model.tables["x"].values.copy()
    values[7] = np.array([1.0, 0.0, 0.0])[:, None]
    model = replace(model, tables={**model.tables, "x": replace(model.tables["x"], values=values)})
    found = effective_days(model, ("day", "x"))
    assert found[7].tolist() == [CERTAIN] * 3
    assert (found[8] < CERTAIN / 100).all()


def learnt(draws: int = 500, block: int = 1) -> CausalModel:
    return learnt_model(history(GAPPY, 900), GAPPY, draws=draws, strength=8.0, block=block)


def test_an_answer_tells_the_row_its_own_days_and_what_it_is_worth() -> None:
    """The thinnest row of those used is the one that is worth least."""
    model = learnt()
    answer = ask(model, "P(y=crash | do(h=many), a=mid, y@-1=calm)", assume_unconfounded=True)
    support = answer.support
    assert support is not None
    assert support.row == "y | y@-1=calm, h=many, a=mid"
    assert model.fit is not None
    own = model.fit.counts.day["y"][0, 2, 1].sum()
    assert support.own == own
    drawn = model.tables["y"].values[0, 2, 1]
    mean, spread = drawn.mean(axis=-1), drawn.var(axis=-1).sum()
    worth = (mean * (1 - mean)).sum() / spread - 1
    assert support.days == pytest.approx(worth)
    assert support.prior_share == pytest.approx(max(1 - own / worth, 0))
    assert f"worth {worth:.0f} days" in str(answer)


def test_a_row_without_days_is_worth_some_and_is_warned_of() -> None:
    read = history(GAPPY, 900)
    codes = read.codes.copy()
    codes[(codes[:, 0] == 2) & (codes[:, 2] == 2), 2] = 1
    model = learnt_model(replace(read, codes=codes), GAPPY, draws=500, strength=8.0)
    answer = ask(model, "P(y=crash | do(h=many), a=high, y@-1=calm)", assume_unconfounded=True)
    support = answer.support
    assert support is not None
    assert (support.own, support.prior_share) == (0.0, 1.0)
    assert 1 < support.days < 900
    text = str(answer)
    assert "0 days of its own and the rest from its table" in text
    assert "The thinnest row has few days of its own" in text


def test_days_that_are_alike_are_worth_fewer() -> None:
    read = history(GAPPY, 3000)
    codes = read.codes.copy()
    codes[:, 3] = np.repeat(codes[::20, 3], 20)
    model = learnt_model(replace(read, codes=codes), GAPPY, draws=500, strength=2.0, block=20)
    answer = ask(model, "P(y=crash | h=some, a=mid, y@-1=calm)")
    support = answer.support
    assert support is not None
    assert support.own is not None
    assert support.own > 2 * support.days
    assert support.prior_share == 0
    assert f"{support.own:.0f} days of its own, which do not count in full" in str(answer)


def test_the_posterior_mean_and_the_closed_form_have_days_and_a_prior() -> None:
    read = history(PAIR, 90)
    own = int((read.of("h") == 1).sum())
    mean = learnt_model(read, PAIR, draws=0, strength=8.0)
    closed = fit_states(Story(PAIR, strength=8.0, draws=50), read)
    for model in (mean, closed):
        support = ask(model, "P(c=v | do(h=v))", assume_unconfounded=True).support
        assert support is not None
        assert (support.row, support.days, support.own) == ("c | h=v", own, None)
        assert support.prior_share == pytest.approx(8 / (8 + own))


def test_rows_that_lean_are_told_as_dirichlets_of_as_many_days() -> None:
    model = learnt()
    found = concentrations(model)
    assert {n for p, n in found if p == "day"} == set(GAPPY.names)
    assert {n for p, n in found if p == "start"} == set(GAPPY.names)
    for (piece, name), alpha in found.items():
        tables = model.mean().tables if piece == "day" else model.mean().start
        total = alpha.sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(alpha / total, tables[name].values[..., 0])
        np.testing.assert_allclose(total[..., 0], effective_days(model, (piece, name)))
        assert alpha.shape == tuple(GAPPY.size(a) for a in family(GAPPY, name, piece))


def test_a_rule_is_no_row_to_lean() -> None:
    model = learnt_model(history(RULED, 300), RULED, draws=50)
    assert "worst" not in {name for _, name in concentrations(model)}
    support = ask(model, "P(worst=crash)").support
    assert support is not None
    assert not support.row.startswith("worst")
