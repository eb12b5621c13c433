"""Posterior draws of whole tables: their mean, their spread, and that they hold the truth."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causal.check.simulate import simulated
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge
from causal.model.learnt import table_draws
from causal.model.learnt.prior import LearntPrior
from causal.model.learnt.table_draws import TableDraws
from causal.model.network import CausalModel
from causal.model.posterior import allowed
from tests.model.learnt.worlds import (
    FIRST,
    GAPPY,
    MARKET,
    PAIR,
    FloatArray,
    blank,
    history,
    law_of,
    learnt_model,
    measured,
)

SPELLS = CausalGraph(
    (measured("x", "usual", "two", "three", "ten"), measured("y", "no", "yes")),
    (Edge("x", "x", 1), Edge("x", "y")),
    name="spells",
)
MANY_SPELLS = {1: (2, 10), 2: (3, 20), 3: (10, 6)}
"""By the state of x: how often it comes, and for how many days."""
HOW = (
    {},
    {"block": 1},
    {"block": 60, "strength": 4.0, "table": "logit"},
    {"table": "backoff"},
    {"half_life": 500},
)


def source_of(model: CausalModel) -> TableDraws:
    """The draws behind a model, made anew."""
    fit = model.fit
    assert fit is not None
    assert isinstance(fit.prior, LearntPrior)
    return TableDraws(
        model.graph, fit.counts, fit.prior, fit.evidence, draws=fit.draws, seed=fit.seed
    )


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("gaps", [{}, {"h": 0.4, "b": 0.2}], ids=["whole", "gaps"])
def test_their_mean_is_near_the_posterior_mean(how: dict[str, Any], gaps: dict[str, float]) -> None:
    """A question asked of either is the same question, gaps or none."""
    model = learnt_model(history(GAPPY, 2500, gaps=gaps), GAPPY, draws=400, **how)
    for name in GAPPY.names:
        drawn, mean = model.tables[name].values, model.mean().tables[name].values[..., 0]
        np.testing.assert_allclose(drawn.sum(axis=-2), 1, rtol=1e-9)
        assert (drawn > 0).all()
        noise = 4 * drawn.std(axis=-1) / np.sqrt(400)
        off = np.abs(drawn.mean(axis=-1) - mean)
        assert (off < 0.02 + noise).all(), (name, off.max())


def spread(rows: FloatArray) -> FloatArray:
    """Total standard deviation of every row, over the draws."""
    found: FloatArray = np.sqrt(rows.var(axis=-1).sum(axis=-1))
    return found


def of_dirichlet(alpha: FloatArray) -> FloatArray:
    """The same of Dirichlets."""
    total = alpha.sum(axis=-1, keepdims=True)
    mean = alpha / total
    found: FloatArray = np.sqrt((mean * (1 - mean) / (total + 1)).sum(axis=-1))
    return found


def alphas_of(model: CausalModel, name: str) -> FloatArray:
    """N + s m of a table of every day."""
    assert model.fit is not None
    assert isinstance(model.fit.prior, LearntPrior)
    return model.fit.prior.alpha(model.graph, "day", name, model.fit.counts.day[name])


@pytest.mark.parametrize("table", ["ordinal", "logit", "backoff"])
def test_rows_with_many_independent_days_are_as_wide_as_dirichlets(table: str) -> None:
    read = history(GAPPY, 8000, 1)
    model = learnt_model(read, GAPPY, draws=2000, strength=3.0, block=1, table=table)
    assert model.fit is not None
    seen = 0
    for name in GAPPY.names:
        many = model.fit.counts.day[name].sum(axis=-1) > 200
        drawn, wanted = spread(model.tables[name].values), of_dirichlet(alphas_of(model, name))
        ratio = (drawn / wanted)[many]
        assert ((ratio > 0.9) & (ratio < 1.1)).all(), (name, ratio)
        seen += int(many.sum())
    assert seen > 12


def test_days_that_are_alike_widen_rows() -> None:
    """y is drawn once for every stretch of twenty days: there are far fewer of them."""
    read = history(SPELLS, 6000, 3)
    codes = read.codes.copy()
    codes[:, 1] = np.repeat(codes[::20, 1], 20)
    read = replace(read, codes=codes)
    narrow, wide = (
        spread(learnt_model(read, SPELLS, strength=2.0, block=b, draws=500).tables["y"].values)
        for b in (1, 20)
    )
    assert (wide / narrow > 1.5).all()


def spelled(seed: int, chance: FloatArray) -> States:
    """1500 days: x comes in spells, y is drawn anew on every day, by the state of x."""
    rng = np.random.default_rng([80, seed])
    x = np.zeros(1500, dtype=np.int8)
    firsts = iter(rng.permutation(np.arange(0, 1475, 27)))
    for state, (often, long) in MANY_SPELLS.items():
        for _ in range(often):
            first = next(firsts)
            x[first : first + long] = state
    y = (rng.random(1500) < chance[x]).astype(np.int8)
    dates = FIRST + np.arange(1500)
    return States(dates, ("x", "y"), np.column_stack([x, y]), {}, dates[-1])


def covered(rows: FloatArray, true: FloatArray) -> Any:
    """Which rows (rows, draws) hold the truth between their twentieths."""
    low, high = np.quantile(rows, [0.05, 0.95], axis=-1)
    return (low <= true) & (true <= high)


@pytest.mark.parametrize("block", [1, 20])
def test_rows_whose_days_come_in_few_spells_hold_the_truth(block: int) -> None:
    """Days that are weighed together do not make such a row too sure of itself."""
    held = np.zeros(4)
    histories = 250
    for seed in range(histories):
        true = np.random.default_rng([81, seed]).uniform(0.15, 0.6, 4)
        read = spelled(seed, true)
        model = learnt_model(read, SPELLS, strength=2.0, draws=300, block=block, seed=seed)
        held += covered(model.tables["y"].values[:, 1], true)
    assert (held / histories >= 0.85).all(), held / histories


def test_weights_of_stretches_alone_would_be_too_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The law before it can fail: without independent days beside, few spells are too sure."""

    def together(self: TableDraws, piece: Any, name: str, *_: Any) -> FloatArray:
        counts = self._together_counts(piece, name)
        assert counts is not None
        return self._rows(piece, name, counts, counts)

    monkeypatch.setattr(TableDraws, "_wider", together)
    held = np.zeros(4)
    for seed in range(150):
        true = np.random.default_rng([81, seed]).uniform(0.15, 0.6, 4)
        model = learnt_model(spelled(seed, true), SPELLS, strength=2.0, draws=300, seed=seed)
        held += covered(model.tables["y"].values[:, 1], true)
    assert held[1] / 150 < 0.82


def test_filled_gaps_hold_the_truth_and_are_wider_than_days_that_were_seen() -> None:
    held, wider = np.zeros(3), []
    for seed in range(80):
        law = law_of(PAIR, seed)
        read = simulated(law, blank(PAIR, 300, gaps={"h": 0.5}), seed=seed)
        model = learnt_model(read, PAIR, strength=2.0, draws=200, seed=seed)
        rows = np.array([model.tables["h"].values[1], *model.tables["c"].values[:, 1]])
        true = np.array([law.tables["h"].values[1, 0], *law.tables["c"].values[:, 1, 0]])
        held += covered(rows, true)
        pretended = [of_dirichlet(alphas_of(model, n)).ravel() for n in ("h", "c")]
        drawn = [spread(model.tables[n].values).ravel() for n in ("h", "c")]
        wider.append(np.concatenate(drawn) / np.concatenate(pretended))
    assert (held / 80 >= 0.85).all(), held / 80
    assert (np.mean(wider, axis=0) > 1.15).all()


def test_gap_days_count_like_seen_ones_where_their_state_is_known() -> None:
    """c copies h, so that what is missing can be read off it: as wide as Dirichlets of all days."""
    rng = np.random.default_rng(3)
    h = (rng.random(3000) < 0.3).astype(np.int8)
    gone = rng.random(3000) < 0.5
    codes = np.column_stack([np.where(gone, -1, h), h]).astype(np.int8)
    read = States(FIRST + np.arange(3000), PAIR.names, codes, {}, FIRST + 2999)
    for block in (1, 20):
        model = learnt_model(read, PAIR, strength=2.0, draws=1500, block=block)
        for name in ("h", "c"):
            assert alphas_of(model, name).sum() == pytest.approx(3000, abs=5)
        ratio = spread(model.tables["h"].values) / of_dirichlet(alphas_of(model, "h"))
        assert 0.9 < ratio < 1.15, block


def test_more_rounds_of_filling_gaps_would_leave_draws_as_wide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where four days of five lack h in the worse state of its effect; one round is too few."""
    spreads: list[FloatArray] = []
    for rounds in (table_draws.ROUNDS, 0, 20):
        monkeypatch.setattr(table_draws, "ROUNDS", rounds)
        found = []
        for seed in range(4):
            read = history(PAIR, 1500, seed)
            codes = read.codes.copy()
            chance = np.array([0.1, 0.8])[codes[:, 1]]
            codes[np.random.default_rng(seed).random(1500) < chance, 0] = -1
            model = learnt_model(replace(read, codes=codes), PAIR, strength=2.0, draws=500)
            found.append(model.tables["h"].values[1].std())
        spreads.append(np.array(found))
    usual, none, many = spreads
    assert np.mean(usual / many) > 0.95
    assert np.mean(none / many) < 0.92


def test_what_was_never_seen_leaves_its_effect_as_sure_as_its_days() -> None:
    """c was seen on 2000 days, h on none: P(c) is known, the rows of c are not told apart."""
    read = history(PAIR, 2000, 1)
    codes = read.codes.copy()
    codes[:, 0] = -1
    model = learnt_model(replace(read, codes=codes), PAIR, strength=2.0, draws=800)
    chance = (model.tables["h"].values[:, None] * model.tables["c"].values).sum(axis=0)[1]
    seen = (read.of("c") == 1).mean()
    assert chance.mean() == pytest.approx(seen, abs=0.02)
    binomial = np.sqrt(seen * (1 - seen) / 2000)
    assert 0.8 < chance.std() / binomial < 2
    assert model.tables["c"].values[:, 1].std(axis=-1).min() > 2 * binomial


@pytest.mark.parametrize("table", ["ordinal", "logit", "backoff"])
def test_a_row_without_days_is_no_surer_than_its_prior(table: str) -> None:
    """As wide as a Dirichlet of its strength at least: of its mean nothing is certain, either."""
    read = history(GAPPY, 4000, 1)
    codes = read.codes.copy()
    codes[(codes[:, 0] == 2) & (codes[:, 1] == 1), 1] = 0
    read = replace(read, codes=codes)
    spreads = []
    for strength in (2.0, 500.0):
        model = learnt_model(read, GAPPY, strength=strength, draws=800, table=table)
        assert model.fit is not None
        assert model.fit.counts.day["h"][2, 1].sum() == 0
        drawn = model.tables["h"].values[2, 1]
        around = drawn.mean(axis=-1)
        spreads.append(float(spread(drawn)))
        assert spreads[-1] > 0.9 * of_dirichlet(strength * around)
    assert spreads[0] > 1.3 * spreads[1]


@pytest.mark.parametrize("how", [{}, {"block": 1}, {"table": "backoff"}], ids=str)
def test_a_market_is_closed_on_closed_days_and_on_no_other(how: dict[str, Any]) -> None:
    model = learnt_model(history(MARKET, 600, gaps={"x": 0.3}), MARKET, **how)
    for name in ("m", "x", "y"):
        where = allowed(MARKET, name, MARKET.parents(name))
        assert where is not None
        drawn = model.tables[name].values
        assert (drawn[~where] == 0).all()
        assert (drawn[where] > 0).all()


def values(source: TableDraws, names: tuple[str, ...]) -> dict[str, FloatArray]:
    """Tables asked for in this order."""
    return {n: source.values("day", n) for n in names}


def test_the_same_draws_in_whatever_order_and_by_however_many_threads() -> None:
    model = learnt_model(history(GAPPY, 600, gaps={"h": 0.4, "b": 0.2}), GAPPY)
    first = values(source_of(model), GAPPY.names)
    for order in (GAPPY.names[::-1], ("y", "a", "h", "b")):
        for name, drawn in values(source_of(model), order).items():
            np.testing.assert_array_equal(drawn, first[name])
    source = source_of(model)
    with ThreadPoolExecutor(8) as pool:
        asked = list(GAPPY.names) * 4
        found = list(pool.map(lambda n: source.values("day", n), asked))
    for name, drawn in zip(asked, found, strict=True):
        np.testing.assert_array_equal(drawn, first[name])


def test_copies_and_pickles_draw_the_same() -> None:
    model = learnt_model(history(GAPPY, 600, gaps={"h": 0.4}), GAPPY)
    source = source_of(model)
    before = values(pickle.loads(pickle.dumps(source)), GAPPY.names)
    drawn = values(source, GAPPY.names)
    copy = pickle.dumps(source)
    assert len(copy) < sum(v.nbytes for v in drawn.values())  # it takes no draws along
    for other in (before, values(pickle.loads(copy), GAPPY.names)):
        for name in GAPPY.names:
            np.testing.assert_array_equal(other[name], drawn[name])


def test_seeds_and_tables_have_draws_of_their_own() -> None:
    read = history(GAPPY, 400, gaps={"h": 0.4})
    one, two = (learnt_model(read, GAPPY, seed=s) for s in (1, 2))
    for name in GAPPY.names:
        assert not np.isclose(one.tables[name].values, two.tables[name].values).all(axis=-1).any()
    drawn = one.tables["a"].values[:, 0]
    apart = np.corrcoef(drawn)
    assert np.abs(apart[~np.eye(3, dtype=bool)]).max() < 0.6


def test_tables_share_the_weights_of_days() -> None:
    """In a draw in which a stretch of days counts more, it does so in every table."""
    days = 400
    late = np.arange(days) >= 200
    pair = CausalGraph((measured("p", "u", "v"), measured("q", "u", "v")), (), (), "apart")
    codes = np.column_stack([late, late]).astype(np.int8)
    read = States(FIRST + np.arange(days), ("p", "q"), codes, {}, FIRST + days - 1)
    model = learnt_model(read, pair, draws=800, strength=2.0)
    together = np.corrcoef(model.tables["p"].values[1], model.tables["q"].values[1])[0, 1]
    assert together > 0.9
    alone = learnt_model(read, pair, draws=800, strength=2.0, block=1)
    apart = np.corrcoef(alone.tables["p"].values[1], alone.tables["q"].values[1])[0, 1]
    assert abs(apart) < 0.1
