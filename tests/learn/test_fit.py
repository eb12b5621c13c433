"""Fitting: posterior from counts, provenance, and the shipped story on the real history."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from causal.ask import ask
from causal.data.panel import Panel, read_panel
from causal.data.states import measured_columns, states
from causal.errors import DataError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story, read_story
from causal.graph.variable import Edge, Measurement, Series, Variable
from causal.graph.weighing import Weighing
from causal.learn.counting.counts import count
from causal.learn.fit import fit
from causal.model.learnt.prior import LearntPrior

STORY = Path(__file__).resolve().parents[2] / "models" / "crash.toml"


def binary(name: str, **more: object) -> Variable:
    how = Measurement((Series(name),), cuts=(0.5,))
    return Variable(name, ("no", "yes"), how, **more)  # type: ignore[arg-type]


def history(days: int = 400, seed: int = 0) -> Panel:
    """x persists, y follows x; the first days are all calm, unlike the rest."""
    rng = np.random.default_rng(seed)
    x = np.zeros(days)
    for t in range(20, days):
        x[t] = rng.random() < (0.8 if x[t - 1] else 0.1)
    y = (rng.random(days) < 0.2 + 0.6 * x).astype(float)
    dates = np.arange("2020-01-01", days, dtype="datetime64[D]")
    return Panel(dates, ("x", "y", "unused"), np.array([x, y, rng.random(days)]).T)


GRAPH = CausalGraph((binary("x"), binary("y")), (Edge("x", "y"), Edge("x", "x", 1)), (), "two")
STORY_OF_TWO = Story(GRAPH, strength=2.0, draws=500, seed=3)


def test_posterior_mean_is_counts_plus_strength_times_the_coarser_row() -> None:
    panel = history()
    model = fit(STORY_OF_TWO, panel, draws=0)
    tally = count(states(panel, GRAPH), GRAPH).day["y"]
    overall = (tally.sum(axis=0) + 2 * 0.5) / (tally.sum() + 2)
    want = (tally + 2 * overall) / (tally.sum(axis=1, keepdims=True) + 2)
    np.testing.assert_allclose(model.tables["y"].values[..., 0], want)


def test_start_and_day_are_fitted_separately() -> None:
    panel = history()
    model = fit(STORY_OF_TWO, panel, draws=0)
    x = panel.column("x")
    assert model.start["x"].axes == ("x", "draw")
    assert model.start["x"].values[1, 0] == pytest.approx((x.sum() + 1) / (len(x) + 2))
    rise = model.tables["x"].values[0, 1, 0]
    stay = model.tables["x"].values[1, 1, 0]
    assert rise < 0.15 < 0.65 < stay  # pooling the slices would put both near the start


def test_unseen_rows_stay_prior_and_unseen_states_keep_mass() -> None:
    how = Measurement((Series("x"),), cuts=(0.5, 9.0))
    never = Variable("x", ("no", "yes", "never"), how)
    graph = CausalGraph((never, binary("y")), (Edge("x", "y"),))
    model = fit(Story(graph, strength=2.0, draws=4000, seed=1), history())
    assert model.fit is not None
    assert model.fit.counts.day["y"][2].sum() == 0
    drawn = model.tables["y"].values[2, 1]
    share = history().column("y").mean()
    assert drawn.mean() == pytest.approx(share, abs=0.03)
    assert drawn.std() == pytest.approx(np.sqrt(share * (1 - share) / 3), rel=0.1)  # 2 days' worth
    mass = model.tables["x"].values[2].mean()
    assert 0 < mass < 0.01


def test_more_days_narrow_the_posterior() -> None:
    spread = [
        fit(STORY_OF_TWO, history(days)).tables["y"].values[1, 1].std() for days in (100, 1600)
    ]
    assert spread[1] < spread[0] / 2


def test_provenance() -> None:
    panel = history()
    model = fit(STORY_OF_TWO, panel)
    assert model.fit is not None
    found = model.fit.provenance
    assert (found.data_from, found.data_to, found.rows) == ("2020-01-01", "2021-02-03", 400)
    assert found.fit_until == "2021-02-03"
    assert found.data_hash == panel.digest(["x", "y"])
    assert found.cuts == {"x": (0.5,), "y": (0.5,)}
    unused = Panel(panel.dates, panel.names, panel.values + np.array([0, 0, 1]))
    again = fit(STORY_OF_TWO, unused)
    assert again.fit is not None
    assert again.fit.provenance == found
    assert model.draws == 500
    few = fit(STORY_OF_TWO, panel, draws=7, seed=4)
    assert few.draws == 7
    assert few.fit is not None
    assert few.fit.seed == 4


def test_nothing_after_fit_until_is_read() -> None:
    panel = history()
    early = fit(STORY_OF_TWO, panel, fit_until="2020-06-30")
    cut = fit(STORY_OF_TWO, panel.until("2020-06-30"))
    assert early.fit is not None
    assert cut.fit is not None
    assert early.fit.provenance == cut.fit.provenance
    for name in GRAPH.names:
        np.testing.assert_array_equal(early.tables[name].values, cut.tables[name].values)
        np.testing.assert_array_equal(early.start[name].values, cut.start[name].values)
    whole = fit(STORY_OF_TWO, panel)
    assert not np.array_equal(early.tables["x"].values, whole.tables["x"].values)


def test_missing_columns_are_named() -> None:
    panel = history()
    with pytest.raises(DataError, match="lacks 1 column"):
        fit(STORY_OF_TWO, Panel(panel.dates, ("x", "z", "w"), panel.values))


def test_a_closed_market_is_certain_on_closed_days_only(panel_path: Path) -> None:
    story = replace(read_story(STORY), draws=20)
    model = fit(story, read_panel(panel_path))
    closing = ("yields", "risk_off", "rebalancing", "equity_selling")
    for name in closing:
        for tables in (model.tables, model.start):
            table = tables[name]
            rows = np.indices(table.values.shape[:-2])  # states of the causes, row by row
            shut = rows[table.axes.index("calendar")] == 1
            others = [rows[table.axes.index(c)] == 0 for c in closing if c in table.parents]
            fits = np.logical_and.reduce([o == shut for o in others]) if others else shut | True
            assert (table.values[shut & fits][:, 0] == 1).all()
            assert (table.values[~shut & fits][:, 0] == 0).all()
            assert (shut & fits).any()
            assert (~shut & fits).any()


def test_the_shipped_story_on_the_real_history(panel_path: Path) -> None:
    story = read_story(STORY)
    graph = story.graph
    model = fit(story, read_panel(panel_path), draws=0)
    assert model.fit is not None
    assert model.fit.provenance.rows == 4534
    counts = model.fit.counts
    for name in graph.names:
        assert counts.day[name].sum() >= 1800, name
        assert counts.start[name].sum() >= 1800, name
    # a series that starts late does not throw away the years before it
    assert counts.day["equity_selling"].sum() > 2900
    assert model.fit.evidence is not None
    assert model.fit.evidence.day["liquidations"].days.sum() < 2000
    assert model.fit.evidence.day["bitcoin"].days.sum() < 2000
    # nor do those of its effects: gaps are shared out
    assert counts.day["liquidations"].sum() > 3000
    assert counts.day["bitcoin"].sum() > 3000
    assert len(graph.persistent) <= 7
    assert np.prod([graph.size(n) for n in graph.persistent]) <= 1000
    assert len(measured_columns(graph)) == 13
    chain = ("geopolitics", "risk_off", "rebalancing")
    for last in ("equity_selling", "crypto_selling"):
        path = (*chain, last, "liquidations", "bitcoin")
        assert all(b in graph.children(a) for a, b in pairwise(path))
    lagged = {e.effect for e in graph.edges if e.cause == "bitcoin" and e.lag == 1}
    loop = {"liquidations", "leverage", "support_break", "volatility", "near_support"}
    assert lagged == {*loop, "bitcoin"}
    assert "equity_drawdown@-1" in graph.parents("rebalancing")


def test_a_cause_that_was_hardly_ever_seen_leaves_its_effect_open(panel_path: Path) -> None:
    """To the end of 2020 no day of liquidations is whole: the week is right, leverage unknown."""
    story, panel = read_story(STORY), read_panel(panel_path)
    early = fit(story, panel, fit_until="2020-12-31", draws=2_000, seed=3)
    week, high, low = (
        ask(early, f"P(bitcoin=crash within 7d{given})", assume_unconfounded=True)
        for given in ("", " | do(leverage=high)", " | do(leverage=low)")
    )
    assert week.probability is not None
    assert 0.10 < week.probability < 0.20
    assert week.interval()[0] < 0.146 < week.interval()[1]  # the history's frequency
    ends = np.quantile(high.draws - low.draws, [0.05, 0.95])
    assert ends[0] < 0 < 0.141 < ends[1]  # 0.141: the difference of the whole history
    assert ends[1] - ends[0] > 0.2


def test_a_first_day_that_counts_is_told_and_one_beyond_the_history_is_refused() -> None:
    panel = history()
    late = Story(GRAPH, draws=10, weighing=Weighing(since=str(panel.dates[300])))
    model = fit(late, panel)
    assert model.fit is not None
    assert model.fit.provenance.data_from == str(panel.dates[300])
    assert model.fit.provenance.rows == 100
    assert 95 <= model.fit.counts.day["x"].sum() <= 100
    beyond = Story(GRAPH, weighing=Weighing(since="2031-01-01"))
    with pytest.raises(DataError, match="days count from 2031-01-01 on"):
        fit(beyond, panel)


def test_a_block_is_a_fifth_of_the_history_at_most() -> None:
    """Days that all hang together would be weighed as one, and say nothing."""
    model = fit(Story(GRAPH, draws=10, weighing=Weighing(block=10_000)), history())
    assert model.fit is not None
    assert isinstance(model.fit.prior, LearntPrior)
    assert model.fit.prior.block == 80
