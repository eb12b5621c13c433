"""A market that has been run: the same whoever runs it, and a panel that the story reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import causal
from causal.data.panel import read_panel, write_panel
from causal.data.states import states
from causal.errors import CausalError, DataError, QueryError
from causal.graph.variable import MISSING
from causal.laboratory import simulation
from causal.laboratory.parameters import parameters
from causal.laboratory.simulation import Market, market
from causal.laboratory.world import World

SMALL: dict[str, Any] = {"days": 25, "warm_up": 30, "seed": 3}


def alike(one: Market, other: Market) -> bool:
    return all(np.array_equal(one.day[n], other.day[n], equal_nan=True) for n in one.day) and all(
        np.array_equal(v, other.columns[n], equal_nan=True) for n, v in one.columns.items()
    )


def test_it_is_the_same_whoever_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks, not processes, decide who is run with whom."""
    monkeypatch.setattr(simulation, "CHUNK", 4)
    serial = market(10, **SMALL)
    assert serial.paths == 10
    assert alike(serial, market(10, **SMALL, executor="processes"))
    first = market(3, **SMALL)
    np.testing.assert_array_equal(first.day["close"], serial.day["close"][:, :3])


def test_the_same_seed_is_the_same_market_and_another_is_not() -> None:
    assert alike(market(2, **SMALL), market(2, **SMALL))
    assert not alike(market(2, **SMALL), market(2, **{**SMALL, "seed": 4}))


def test_a_world_begins_when_it_is_said_to() -> None:
    usual = market(6, **SMALL)
    done = market(6, **SMALL, world=World(trade=2, days=4), begins=10)
    for name in usual.day:
        np.testing.assert_array_equal(usual.day[name][:9], done.day[name][:9])
    assert (done.day["trade"][9:13] == 2).all()
    assert not np.array_equal(usual.day["close"][9:], done.day["close"][9:])
    earlier = market(6, **SMALL, world=World(leverage=0.4, since=-5), begins=10)
    assert not np.array_equal(usual.day["longs"][5], earlier.day["longs"][5])
    np.testing.assert_array_equal(usual.day["longs"][2], earlier.day["longs"][2])


def test_other_parameters_are_another_market() -> None:
    shocked = market(4, **SMALL, parameters=parameters(shock_rate=0.5))
    assert (shocked.day["jump"] < 0).mean() > 0.3
    assert not alike(shocked, market(4, **SMALL))


def test_hours_of_the_worst_day_are_of_that_path() -> None:
    found = market(5, **SMALL)
    worst = found.worst_day()
    moved = np.diff(found.day["close"], axis=0)
    assert -np.expm1(moved.min()) == pytest.approx(worst.fall)
    hourly = found.hours_of_worst()
    assert str(found.dates[worst.row]) in map(str, hourly.dates)
    assert hourly.hour["price"].shape == (len(hourly.dates), 24, 1)
    close = found.day["close"][:, worst.path][np.isin(found.dates, hourly.dates)]
    np.testing.assert_allclose(hourly.hour["price"][:, -1, 0], close)
    total = hourly.hour["liquidated"].sum(axis=1)
    np.testing.assert_allclose(total, hourly.day["liquidated"], atol=1e-9)


def test_the_shipped_story_reads_and_fits_it_without_a_change(tmp_path: Path) -> None:
    long = market(2, 1_250, start="2020-09-01", seed=5, warm_up=100)
    story = causal.read_story(causal.shipped().with_name("crash.toml"))
    days = states(long.panel(), story.graph)
    for name in story.graph.names:
        seen = days.of(name)
        assert (seen[-300:] != MISSING).mean() > 0.9, name
        assert len(np.unique(seen[seen != MISSING])) == len(story.graph.variable(name).states), name
    model = causal.fit(story, long.panel())
    found = causal.ask(model, "P(bitcoin=crash within 7d)").probability
    assert found is not None
    assert 0.05 < found < 0.35
    path = write_panel(long.panel(1), tmp_path / "market.csv")
    read = read_panel(path)
    np.testing.assert_array_equal(read.values, long.panel(1).values)
    assert read.names == long.panel(1).names
    close = "btc_binance_close"
    assert not np.array_equal(read.column(close), long.panel(0).column(close))
    with pytest.raises(DataError):
        write_panel(long.panel(), tmp_path / "market.xlsx")


@pytest.mark.parametrize(
    "wrong",
    [
        {"paths": 0},
        {"paths": True},
        {"paths": 10**9},
        {"days": 2.5},
        {"seed": -1},
        {"start": "soon"},
        {"begins": 0},
        {"warm_up": -1},
        {"executor": "hamsters"},
        {"days": 900_000, "paths": 900_000},
    ],
)
def test_it_refuses_what_means_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(CausalError) as error:
        market(**{**SMALL, **wrong})
    assert error.value.means
    assert error.value.do


def test_there_is_no_such_path() -> None:
    with pytest.raises(QueryError):
        market(2, **SMALL).panel(2)
