"""Moves: counted once a day, in the right cell and bin, never seeing what came after."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from causal.data.panel import Panel, read_panel
from causal.data.states import states
from causal.errors import DataError, SpecError
from causal.graph.dag import CausalGraph
from causal.graph.story import Moves, Story, read_story
from causal.graph.variable import Measurement, Series, Variable
from causal.learn.fit import count_moves, fit, measured_moves
from causal.model.returns import CLOSE_EDGES, WICK_EDGES
from causal.model.store import load, shipped
from tests.laws.test_no_lookahead import KINDS, altered

STORY = Path(__file__).resolve().parents[2] / "models" / "crash.toml"
TOLD = Moves("fall", "close", "low", ("windy",), ("logreturn", "ewma_vol 5", "median 60 20"))


def binary(name: str, column: str) -> Variable:
    return Variable(name, ("no", "yes"), Measurement((Series(column),), cuts=(0.5,)))


GRAPH = CausalGraph((binary("fall", "down"), binary("windy", "wind")), name="two")


def history(days: int = 500, seed: int = 4) -> Panel:
    rng = np.random.default_rng(seed)
    moves = rng.normal(0, 0.03, days)
    close = 100 * np.exp(np.cumsum(moves))
    before = np.concatenate([[100.0], close[:-1]])
    low = np.minimum(before, close) * np.exp(-rng.exponential(0.01, days))
    values = [close, low, (moves < -0.03) * 1.0, (rng.random(days) < 0.3) * 1.0]
    dates = np.arange("2020-01-01", days, dtype="datetime64[D]")
    return Panel(dates, ("close", "low", "down", "wind"), np.array(values).T)


def test_every_known_day_is_counted_once_in_its_bin() -> None:
    panel = history()
    found = count_moves(TOLD, panel, GRAPH, states(panel, GRAPH))
    move, wick, scale = measured_moves(TOLD, panel)
    known = np.isfinite(move) & np.isfinite(wick)
    assert found.days.sum() == known.sum() > 400
    fall, wind = panel.column("down").astype(int), panel.column("wind").astype(int)
    for t in np.flatnonzero(known)[::37]:
        u = int(np.searchsorted(CLOSE_EDGES, move[t], side="right")) - 1
        w = int(np.searchsorted(WICK_EDGES, wick[t], side="right")) - 1
        assert found.days[fall[t], wind[t], u, w] >= 1
    assert found.usual == pytest.approx(scale[-1], rel=1e-4)


def test_a_move_is_the_log_return_over_the_usual_volatility_of_the_day_before() -> None:
    panel = history()
    move, wick, scale = measured_moves(TOLD, panel)
    close, low = panel.column("close"), panel.column("low")
    t = 300
    usual = scale[t - 1]
    assert move[t] == pytest.approx(np.log(close[t] / close[t - 1]) / usual)
    reached = min(move[t], 0.0) - wick[t]
    assert reached == pytest.approx(np.log(low[t] / close[t - 1]) / usual)


def test_a_low_above_both_closes_is_no_wick() -> None:
    panel = history()
    values = panel.values.copy()
    values[:, 1] = 2 * values[:, 0]
    _, wick, _ = measured_moves(TOLD, Panel(panel.dates, panel.names, values))
    assert np.nanmax(wick) == 0


def test_nothing_after_the_last_day_of_fitting_is_counted() -> None:
    panel = history()
    story = Story(GRAPH, draws=10, moves=TOLD)
    until = panel.dates[350]
    rng = np.random.default_rng(1)
    want = fit(story, panel, fit_until=until).fit
    assert want is not None
    assert want.moves is not None
    for kind in KINDS:
        got = fit(story, altered(panel, 350, rng, kind), fit_until=until).fit
        assert got is not None
        assert got.moves is not None
        np.testing.assert_array_equal(got.moves.days, want.moves.days)
        assert got.moves.usual == want.moves.usual
    later = fit(story, panel).fit
    assert later is not None
    assert later.moves is not None
    assert later.moves.days.sum() == want.moves.days.sum() + 149


@pytest.mark.parametrize("kind", KINDS)
def test_a_move_sees_nothing_later(panel_path: Path, kind: str) -> None:
    """No look-ahead for moves: on the real history, whatever came after 2025-10-09."""
    told = read_story(STORY).moves
    assert told is not None
    panel = read_panel(panel_path)
    t = int(np.flatnonzero(panel.dates == np.datetime64("2025-10-09"))[0])
    changed = altered(panel, t, np.random.default_rng(2), kind)
    for one, other in zip(measured_moves(told, panel), measured_moves(told, changed), strict=True):
        np.testing.assert_array_equal(one[: t + 1], other[: t + 1])


def test_the_scale_of_a_day_does_not_see_the_day(panel_path: Path) -> None:
    told = read_story(STORY).moves
    assert told is not None
    panel = read_panel(panel_path)
    t = 4200
    column = panel.names.index(told.close)
    values = panel.values.copy()
    values[t, column] *= 0.8
    one, other = (
        measured_moves(told, p)[0] for p in (panel, Panel(panel.dates, panel.names, values))
    )
    ratio = np.log(0.8) / (other[t] - one[t])  # the scale that turned the change into a move
    assert ratio == pytest.approx(measured_moves(told, panel)[2][t - 1])


def test_the_shipped_moves_are_those_of_the_history(panel_path: Path) -> None:
    shipped_fit = load(shipped()).fit
    again = fit(read_story(STORY), read_panel(panel_path), draws=0).fit
    assert shipped_fit is not None
    assert again is not None
    one, other = shipped_fit.moves, again.moves
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.days, other.days)
    assert one.usual == other.usual == pytest.approx(0.020, abs=5e-4)
    assert one.days.sum() > 2_900
    assert one.declared == other.declared


def test_rows_of_states_have_no_moves() -> None:
    pytest.importorskip("pandas")
    import pandas as pd

    frame = pd.DataFrame({"fall": ["no", "yes"] * 20, "windy": ["no", "no"] * 20})
    found = fit(Story(GRAPH, draws=5, moves=TOLD), frame).fit
    assert found is not None
    assert found.moves is None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"close": "nothing"}, DataError, "nothing"),
        ({"scale": ("logreturn", "wobble 3")}, SpecError, "wobble"),
        ({"scale": ("logreturn", "ewma_vol 600")}, DataError, "No day of the history has a move"),
    ],
)
def test_what_cannot_be_measured(change: dict, error: type[Exception], message: str) -> None:
    panel = history()
    with pytest.raises(error, match=message):
        count_moves(replace(TOLD, **change), panel, GRAPH, states(panel, GRAPH))


def test_a_low_of_nothing() -> None:
    panel = history()
    values = panel.values.copy()
    values[9, 1] = 0.0
    with pytest.raises(DataError, match="not above zero"):
        measured_moves(TOLD, Panel(panel.dates, panel.names, values))
