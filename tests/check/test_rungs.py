"""Rungs as of every day: the quick way is the ladder's, bands hold what the model itself does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import causal
from causal.app.opening import open_history
from causal.check.rungs import (
    RUNS,
    RungYear,
    fallen,
    implied_errors,
    outside_by,
    rungs,
)
from causal.check.simulate import moves_along, paths
from causal.data.history import Holdings
from causal.data.panel import Panel
from causal.drawdown.state_value import state_of_today, state_values
from causal.errors import DataError, QueryError, SpecError
from causal.graph.story import Story, read_story
from causal.learn.fit import fit
from causal.model.network import CausalModel
from causal.model.returns import MoveCounts
from causal.query.event import Drawdown, conditions
from causal.query.query import Query
from tests.app.wheat import write_wheat
from tests.moves import random_moves, with_moves
from tests.strategies import two_slice

LEVELS = np.array([-0.03, -0.08])


@pytest.fixture(scope="module")
def wheat(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Holdings]:
    story, panel = write_wheat(tmp_path_factory.mktemp("wheat"))
    told = read_story(story)
    return told, open_history(None, str(panel), told.graph)


@pytest.fixture(scope="module")
def fitted_wheat(wheat: tuple[Story, Holdings]) -> tuple[CausalModel, MoveCounts]:
    story, held = wheat
    model = fit(story, held.panel, draws=40)
    assert model.fit is not None
    assert model.fit.moves is not None
    return model, model.fit.moves


@pytest.mark.parametrize("given", [{}, {"margin_calls": "many"}, {"wheat": {"fall": 1, "crash": 2}},
                                   {"wheat@-1": "crash", "drought": "severe"}])  # fmt: skip
def test_a_value_of_every_state_gives_the_ladder(
    fitted_wheat: tuple[CausalModel, MoveCounts], given: dict[str, str]
) -> None:
    model, moves = fitted_wheat
    evidence = conditions(model.graph, given)
    away = -np.log1p(LEVELS) / moves.usual
    for value in state_values(model, moves, (1, 5, 12), float(away.max())):
        today = state_of_today(model, evidence, value.names)
        assert today.sum() == pytest.approx(1)
        chance = today.ravel() @ value.read(away).reshape(today.size, -1)
        for level, found in zip(LEVELS, chance, strict=True):
            query = Query((), evidence, within=value.days, drawdown=Drawdown(float(level)))
            want = float(causal.ask(model.mean(), query).draws.mean())
            assert found == pytest.approx(want, abs=1e-3), (value.days, level)


def test_paths_come_as_often_as_the_model_says(
    fitted_wheat: tuple[CausalModel, MoveCounts],
) -> None:
    model, moves = fitted_wheat
    rng = np.random.default_rng(3)
    codes = paths(model, 60, 400, rng)
    for place, name in enumerate(model.graph.names):
        share = np.bincount(codes[..., place].ravel(), minlength=model.graph.size(name))
        want = causal.marginals(model.mean(), day=20)[name]
        assert share / share.sum() == pytest.approx(want, abs=0.03), name
    moved = moves_along(model, moves, codes, rng)
    seen = moves.days.sum(axis=-1)
    middle = (np.array(moves.close_edges)[1:] + np.array(moves.close_edges)[:-1]) / 2
    calls, price = (model.graph.names.index(n) for n in ("margin_calls", "wheat"))
    for cell in np.ndindex(*seen.shape[:2]):
        there = (codes[..., price] == cell[0]) & (codes[..., calls] == cell[1])
        if there.sum() > 300 and seen[cell].sum():
            want = float(seen[cell] @ middle / seen[cell].sum())
            assert moved[there].mean() == pytest.approx(want, abs=0.2), cell


def test_the_errors_of_a_model_about_itself_have_mean_zero() -> None:
    model = two_slice(4, most=3, states=2, draws=1)
    model = with_moves(model, random_moves(4, model, low=False))
    assert model.fit is not None
    assert model.fit.moves is not None
    away = np.broadcast_to(-np.log1p(np.array([-0.06, -0.12])) / 0.03, (200, 2))
    values = state_values(model, model.fit.moves, (1, 6), float(away.max()))
    judged = np.ones((200, 2), dtype=bool)
    errors = implied_errors(model, model.fit.moves, values, away, judged)
    assert errors.shape == (RUNS, 2, 2)
    far = errors.std(axis=0) / np.sqrt(RUNS)
    assert (np.abs(errors.mean(axis=0)) < 4 * far + 1.5e-3).all()
    # windows overlap: independent days would lie a good deal closer together
    p = np.mean([v.read(away[0]) for v in values[1:]])
    assert errors[:, 1, 0].std() > 1.4 * np.sqrt(p * (1 - p) / 200)


def test_falls_are_counted_by_hand() -> None:
    close = np.array([100.0, 95.0, 101.0, 80.0, np.nan, 90.0, 91.0])
    dates = np.arange("2022-01-01", "2022-01-08", dtype="datetime64[D]")
    panel = Panel(dates, ("close",), close[:, None])
    model = two_slice(4, most=3, states=2, draws=1)
    declared = replace(random_moves(4, model, low=False).declared, close="close")
    found = fallen(panel, declared, (-0.05, -0.2), (1, 2))
    assert found[:4, 0].tolist() == [
        [1, 0],
        [0, 0],
        [1, 1],
        [pytest.approx(np.nan, nan_ok=True)] * 2,
    ]
    assert found[0, 1].tolist() == [1, 0]
    assert found[1, 1].tolist() == [1, 0]
    assert np.isnan(found[2:5, 1]).all()
    assert np.isnan(found[-2:, 1]).all()


def simulated_like(story: Story, held: Holdings, factor: float) -> Holdings:
    """The history with the moves of its last year made larger by a factor."""
    panel = held.panel
    column = panel.names.index("wheat_close")
    values = panel.values.copy()
    step = np.diff(np.log(values[:, column]), prepend=np.log(values[0, column]))
    late = panel.dates >= np.datetime64("2023-01-01")
    step[late] = factor * (step[late] - step[late].mean())
    values[:, column] = values[0, column] * np.exp(np.cumsum(step))
    return replace(held, panel=Panel(panel.dates, panel.names, values, panel.text))


def asked(story: Story, held: Holdings) -> tuple[RungYear, ...]:
    return rungs(story, held, years=(2023,), thresholds=(-0.03, -0.05), horizons=(1, 7))


def test_a_year_wilder_than_its_volatility_is_found_out(wheat: tuple[Story, Holdings]) -> None:
    """Where the unit is the volatility of long ago, a year of twice the moves lies outside."""
    story, held = wheat
    assert story.moves is not None
    slow = replace(
        story,
        moves=replace(story.moves, scale=("logreturn", "ewma_vol 20", "median 365 200")),
    )
    calm = asked(slow, simulated_like(slow, held, 1.0))
    wild = asked(slow, simulated_like(slow, held, 2.5))
    assert all(r.count > 350 and r.low <= r.forecast <= r.high for r in (*calm, *wild))
    assert sum(r.outside for r in calm) <= 1
    assert sum(r.outside for r in wild) >= 3
    assert outside_by(wild, lambda r: r.days)[7][1] == 2


def test_a_rung_sees_nothing_of_what_comes(wheat: tuple[Story, Holdings]) -> None:
    """What falls in the last week changes what came of the days before, not what they forecast."""
    story, held = wheat
    days = int((held.panel.dates <= np.datetime64("2023-03-01")).sum())
    cut = replace(held, panel=held.panel.until("2023-03-01"), available=held.available[:days])
    values = cut.panel.values.copy()
    values[-7:, cut.panel.names.index("wheat_close")] *= 0.5
    panel = Panel(cut.panel.dates, cut.panel.names, values, cut.panel.text)
    (row,), (other,) = (
        rungs(story, some, years=(2023,), thresholds=(-0.05,), horizons=(7,))
        for some in (cut, replace(cut, panel=panel))
    )
    assert row.count == other.count == 31 + 28 + 1 - 7
    assert row.forecast == other.forecast
    assert (row.low, row.high) == (other.low, other.high)
    assert other.frequency > row.frequency


def test_what_cannot_be_asked(wheat: tuple[Story, Holdings]) -> None:
    story, held = wheat
    with pytest.raises(SpecError, match="knows no price"):
        asked(replace(story, moves=None), held)
    with pytest.raises(DataError, match="No year has days enough"):
        rungs(story, held, years=(2030,), thresholds=(-0.05,), horizons=(7,))
    with pytest.raises(QueryError, match="horizon"):
        rungs(story, held, years=(2023,), thresholds=(-0.05,), horizons=(900,))
    with pytest.raises(QueryError, match="no loss"):
        rungs(story, held, years=(2023,), thresholds=(0.05,), horizons=(7,))


def test_the_page_shows_the_year_of_the_panel(panel_path: Path) -> None:
    """One year of the page's table, made again: the same forecasts, frequencies and bands."""
    text = (Path(__file__).resolve().parents[2] / "docs/reference/ladder.md").read_text("utf-8")
    part = text.partition("<!-- made: rungs -->\n")[2].partition("<!-- end -->")[0]
    shown = {}
    for line in part.splitlines()[2:]:
        cells = [c.strip() for c in line.strip("|").split("|")]
        if cells[0] == "2023":
            shown[cells[1], cells[2]] = cells
    story = read_story(causal.shipped().with_name("crash.toml"))
    held = open_history(None, str(panel_path), story.graph)
    rows = rungs(story, held, years=(2023,), thresholds=(-0.10, -0.15), horizons=(7, 30))
    for row in rows:
        cells = shown[f"{row.threshold:.0%}", f"{row.days}d"]
        assert float(cells[5]) == pytest.approx(row.frequency, abs=6e-4)
        assert float(cells[3]) == pytest.approx(row.forecast, abs=6e-3)
        assert (cells[6] != "") == row.outside
