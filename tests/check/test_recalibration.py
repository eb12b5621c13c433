"""A map of forecasts: it mends what is bent, leaves what is right, and looks only back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal.check.recalibration import (
    FEWEST,
    RECALIBRATED,
    learnt_map,
    with_recalibrated,
    worst_state,
)
from causal.check.scores import log_loss
from causal.check.walk_forward import NETWORK, Board
from causal.contract.array import Array
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable

GRAPH = CausalGraph(
    (Variable("v", ("low", "high")), Variable("y", ("calm", "fall", "crash"))), (), (), "two"
)
DAYS = 1_500


def told(bend: float, lift: float, seed: int = 1) -> tuple[Board, States, Array]:
    """Forecasts whose true log-odds are lift + bend times those said, one more where v is high."""
    rng = np.random.default_rng(seed)
    dates = np.datetime64("2018-01-01") + np.arange(DAYS)
    said = rng.normal(-1.5, 1.0, DAYS)
    high = rng.random(DAYS) < 0.3
    chance = 1 / (1 + np.exp(-(lift + bend * said - 1.0 * high)))
    came = rng.random(DAYS) < chance
    p = 1 / (1 + np.exp(-said))
    board = Board(
        "within 7d",
        dates,
        np.where(came, 2, 0).astype(np.int8),
        {NETWORK: np.column_stack([np.minimum(2 * p, 1.0), p])},
    )
    codes = np.column_stack([high, came * 2]).astype(np.int8)
    return board, States(dates, GRAPH.names, codes, {}, dates[-1]), chance


def test_a_bent_forecast_is_mended() -> None:
    board, read, chance = told(0.6, 0.5)
    found = learnt_map(board, read, GRAPH, target="y", days=7, variable="v")
    assert found is not None
    assert (found.slope, found.intercept, found.term) == pytest.approx((0.6, 0.5, -1.0), abs=0.25)
    said = board.forecasts[NETWORK][:, -1]
    mended = found.applied(said, worst_state(board, read, GRAPH, "v"))
    assert np.abs(mended - chance).mean() < 0.3 * np.abs(said - chance).mean()
    assert found.forecasts == DAYS


def test_a_right_forecast_is_left() -> None:
    board, read, _ = told(1.0, 0.0)
    read = replace(read, codes=np.zeros_like(read.codes))
    rng = np.random.default_rng(3)
    came = rng.random(DAYS) < board.forecasts[NETWORK][:, -1]
    board = replace(board, level=np.where(came, 2, 0).astype(np.int8))
    found = learnt_map(board, read, GRAPH, target="y", days=7)
    assert found is not None
    assert (found.slope, found.intercept, found.term) == pytest.approx((1.0, 0.0, 0.0), abs=0.2)


def test_too_few_events_give_no_map() -> None:
    board, read, _ = told(1.0, 0.0)
    level = np.zeros(DAYS, dtype=np.int8)
    level[: FEWEST - 1] = 2
    assert learnt_map(replace(board, level=level), read, GRAPH, target="y", days=7) is None


def test_each_year_is_mended_by_the_years_before_it() -> None:
    board, read, _ = told(0.4, 0.0)
    how = {"target": "y", "days": 7, "variable": "v"}
    one = with_recalibrated(board, read, GRAPH, **how)  # type: ignore[arg-type]
    mended, said = one.forecasts[RECALIBRATED], one.forecasts[NETWORK]
    first = board.dates < np.datetime64("2019-01-01")
    np.testing.assert_array_equal(mended[first], said[first])
    last = board.dates >= np.datetime64("2021-01-01")
    y = (board.level == 2).astype(float)
    assert log_loss(mended[last, -1], y[last]).sum() < log_loss(said[last, -1], y[last]).sum()
    changed = replace(board, level=np.where(last, 2 - board.level, board.level).astype(np.int8))
    other = with_recalibrated(changed, read, GRAPH, **how)  # type: ignore[arg-type]
    until = board.dates < np.datetime64("2022-01-01")
    np.testing.assert_array_equal(other.forecasts[RECALIBRATED][until], mended[until])
    assert (mended[:, 0] >= mended[:, 1]).all()
