"""How much days hang together: right on chains whose answer is known, and pointing at a regime."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from causal.check.dependence import BLOCKS, dependence, inflation
from causal.check.simulate import simulated
from causal.contract.array import Array
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import MISSING, Edge, Variable
from causal.learn.fit import fit_states
from causal.model.network import CausalModel
from causal.model.table import Table

STAY = 0.985


def autoregressive(days: int, rho: float, seed: int) -> Array:
    """An AR(1) of variance one, (days, 1)."""
    rng = np.random.default_rng(seed)
    found = np.zeros(days)
    noise = rng.standard_normal(days) * np.sqrt(1 - rho**2)
    for t in range(1, days):
        found[t] = rho * found[t - 1] + noise[t]
    return found[:, None]


def hidden() -> tuple[CausalModel, CausalGraph]:
    """A regime that lasts and its effect; the graph that is fitted holds the effect alone."""
    r, y = Variable("r", ("no", "yes")), Variable("y", ("no", "yes"))
    graph = CausalGraph((r, y), (Edge("r", "r", 1), Edge("r", "y")), (), "regime")

    def table(*axes: str, values: Any) -> Table:
        return Table((*axes, "draw"), np.array(values)[..., None])

    rows = [[0.98, 0.02], [0.8, 0.2]]
    day = {
        "r": table("r@-1", "r", values=[[STAY, 1 - STAY], [1 - STAY, STAY]]),
        "y": table("r", "y", values=rows),
    }
    start = {"r": table("r", values=[0.5, 0.5]), "y": table("r", "y", values=rows)}
    return CausalModel(graph, day, start), CausalGraph((y,), (), (), "alone")


def calendar(graph: CausalGraph, days: int = 3_000) -> States:
    dates = np.datetime64("2010-01-01") + np.arange(days)
    return States(dates, graph.names, np.zeros((days, len(graph.names)), np.int8), {}, dates[-1])


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.6])
def test_inflation_is_that_of_an_autoregression(rho: float) -> None:
    block = 40
    lags = np.arange(1, block)
    want = 1 + 2 * ((1 - lags / block) * rho**lags).sum()
    series = autoregressive(200_000, rho, seed=3)
    assert inflation(series, np.ones(len(series)), block) == pytest.approx(want, abs=0.12)


def test_gaps_say_nothing() -> None:
    series = autoregressive(200_000, 0.5, seed=4)
    known = (np.random.default_rng(5).random(len(series)) < 0.5).astype(float)
    whole = inflation(series, np.ones(len(series)), 20)
    assert inflation(series * known[:, None], known, 20) == pytest.approx(whole, abs=0.15)


def test_what_never_varies_is_not_inflated() -> None:
    assert inflation(np.zeros((50, 2)), np.ones(50), 20) == 1.0


def test_a_hidden_regime_is_found_and_a_seen_one_is_not() -> None:
    truth, alone = hidden()
    both = simulated(truth, calendar(truth.graph), seed=2)
    seen = dependence(fit_states(Story(truth.graph), both, draws=0), both)
    assert not any(row.found for row in seen)
    only = replace(both, names=("y",), codes=both.codes[:, [1]])
    (row,) = dependence(fit_states(Story(alone), only, draws=0), only)
    assert row.found
    assert row.days == len(only.dates)
    assert max(row.inflation) > 2
    assert len(row.to_dict()["inflation"]) == len(BLOCKS)


def test_independent_days_are_rarely_pointed_at() -> None:
    truth, _ = hidden()
    graph = truth.graph
    findings = 0
    for seed in range(40):
        read = simulated(truth, calendar(graph, 1_000), seed=seed)
        findings += any(r.found for r in dependence(fit_states(Story(graph), read, draws=0), read))
    assert findings <= 8  # 5 % of 40 are two


def test_days_that_are_skipped_are_no_neighbours() -> None:
    truth, alone = hidden()
    read = simulated(truth, calendar(truth.graph), seed=6)
    every = replace(read, names=("y",), codes=read.codes[:, [1]])
    apart = replace(every, dates=every.dates[0] + 300 * np.arange(len(every.dates)))
    model = fit_states(Story(alone), every, draws=0)
    (near,), (far,) = dependence(model, every), dependence(model, apart)
    assert near.found
    assert not far.found
    assert far.inflation == (1.0, 1.0, 1.0)


def test_a_day_with_a_gap_is_left_out() -> None:
    truth, alone = hidden()
    read = simulated(truth, calendar(truth.graph), seed=7)
    codes = read.codes[:, [1]].copy()
    codes[::3] = MISSING
    some = replace(read, names=("y",), codes=codes)
    (row,) = dependence(fit_states(Story(alone), some, draws=0), some)
    assert row.days == (codes != MISSING).sum()


def test_what_hardly_varies_is_not_measured() -> None:
    truth, alone = hidden()
    read = simulated(truth, calendar(truth.graph, 300), seed=8)
    still = replace(read, names=("y",), codes=np.zeros_like(read.codes[:, [1]]))
    (row,) = dependence(fit_states(Story(alone), still, draws=0), still)
    assert not row.found
    assert row.inflation == (1.0, 1.0, 1.0)
    assert row.to_dict()["chance"] == [None, None, None]
