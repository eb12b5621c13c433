"""Whatever happens to the data after day t, no state up to t changes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal.data.panel import Panel, read_panel
from causal.data.states import States, states
from causal.data.steps import STEPS
from causal.graph.dag import CausalGraph
from causal.graph.story import read_story
from causal.graph.variable import Edge, Measurement, Series, Variable

STORY = Path(__file__).resolve().parents[2] / "models" / "crash.toml"
seeds = st.integers(0, 2**32 - 1)
INDEX = 260
SAMPLES = {
    "abs": "abs",
    "above_low": "above_low 9",
    "breaks_low": "breaks_low 9",
    "carry": "carry 3",
    "delay": "delay 2",
    "diff": "diff",
    "drawdown": "drawdown 9",
    "ewma_vol": "ewma_vol 5",
    "ewma_z": "ewma_z 5",
    "excess": "excess 6",
    "log": "log",
    "log1p": "log1p",
    "logreturn": "logreturn",
    "mean": "mean 4",
    "median": "median 12 6",
    "median_ratio": "median_ratio 12 6",
    "negate": "negate",
    "percentile": "percentile 12 6",
    "ratio": "ratio other",
    "relative": "relative other",
    "sum": "sum 4",
    "times": "times other",
    "weekday": "weekday 30",
    "zscore": "zscore 12 6",
}


def synthetic(rng: np.random.Generator) -> Panel:
    """A positive series every day, one with closed days and holes, and a jagged one with zeros."""
    dates = np.datetime64("2023-03-01") + np.arange(INDEX)
    price = np.exp(np.cumsum(rng.normal(0, 0.03, INDEX)))
    sessions = np.exp(np.cumsum(rng.normal(0, 0.03, INDEX)))
    sessions[~np.is_busday(dates) | (rng.random(INDEX) < 0.05)] = np.nan
    jagged = rng.poisson(3, INDEX).astype(float) + 1
    return Panel(dates, ("price", "sessions", "other"), np.array([price, sessions, jagged]).T)


def measured_by_everything() -> CausalGraph:
    """A variable for every step, on every column, with learnt cuts; one that closes, one worst."""
    words = ("a", "b", "c")
    found = [Variable("day", ("open", "closed"), Measurement(calendar="us"))]
    for column in ("price", "sessions", "other"):
        for name, step in SAMPLES.items():
            chained = () if name in {"log", "log1p", "logreturn"} else ("abs",)
            restart = ("2023-06-15",) if column == "price" else ()
            series = (Series(column, (step, *chained, "mean 2"), 1.0, restart),)
            how = Measurement(series, quantiles=(0.4, 0.8))
            found.append(Variable(f"{column} {name}", words, how))
    shut = Measurement((Series("sessions", ("logreturn", "ewma_z 5")),), cuts=(0.0,), closed=True)
    found.append(Variable("shut", ("closed", "a", "b"), shut))
    found.append(Variable("worst", words, rule="worst"))
    edges = (Edge("price mean", "worst"), Edge("other diff", "worst"), Edge("day", "shut"))
    return CausalGraph(tuple(found), edges)


def altered(panel: Panel, t: int, rng: np.random.Generator, kind: str) -> Panel:
    """The panel with everything after day t (its row) changed, blanked or cut off."""
    if kind == "cut":
        return panel.until(panel.dates[t])
    values = panel.values.copy()
    after = values[t + 1 :]
    if kind == "blank":
        after[:] = np.nan
    elif kind == "shuffle":
        rng.shuffle(after)
    else:
        after[:] = np.nan_to_num(after, nan=1.0) * rng.lognormal(0, 3, after.shape)
    return Panel(panel.dates, panel.names, values, panel.text)


def up_to(found: States, t: int) -> np.ndarray:
    return found.codes[: t + 1]


KINDS = ("cut", "blank", "shuffle", "scale")


def test_every_step_is_in_the_law() -> None:
    assert set(SAMPLES) == set(STEPS)


@settings(max_examples=40)
@given(seeds, st.integers(60, INDEX - 2), st.sampled_from(KINDS))
def test_synthetic_panels(seed: int, t: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    panel, graph = synthetic(rng), measured_by_everything()
    until = panel.dates[t]
    before = states(panel, graph, fit_until=until)
    after = states(altered(panel, t, rng, kind), graph, fit_until=until)
    np.testing.assert_array_equal(up_to(before, t), up_to(after, t))
    assert before.cuts == after.cuts
    assert (up_to(before, t) >= 0).mean() > 0.5


def test_the_law_can_fail() -> None:
    """Cut points that are learnt on the whole panel do look ahead: the test sees it."""
    rng = np.random.default_rng(0)
    panel, graph = synthetic(rng), measured_by_everything()
    later = altered(panel, 150, rng, "scale")
    assert not np.array_equal(
        up_to(states(panel, graph), 150),
        up_to(states(later, graph), 150),
    )


@cache
def real(path: Path) -> tuple[Panel, CausalGraph, States]:
    panel, graph = read_panel(path), read_story(STORY).graph
    return panel, graph, states(panel, graph)


@settings(max_examples=20)
@given(seed=seeds, t=st.integers(300, 4500), kind=st.sampled_from(KINDS))
def test_the_story_on_the_real_history(panel_path: Path, seed: int, t: int, kind: str) -> None:
    panel, graph, whole = real(panel_path)
    rng = np.random.default_rng(seed)
    changed = altered(panel, t, rng, kind)
    again = states(changed, graph, fit_until=panel.dates[t])
    np.testing.assert_array_equal(up_to(again, t), up_to(whole, t))


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_day_before_a_crash(panel_path: Path, kind: str) -> None:
    """2025-10-09: whatever came after, the states of that evening stand."""
    panel, graph, whole = real(panel_path)
    t = int(np.flatnonzero(panel.dates == np.datetime64("2025-10-09"))[0])
    changed = altered(panel, t, np.random.default_rng(1), kind)
    again = states(changed, graph)
    np.testing.assert_array_equal(up_to(again, t), up_to(whole, t))
    assert (whole.codes[t] >= 0).sum() >= 15
    if kind != "cut":
        assert not np.array_equal(again.codes[t + 1 :], whole.codes[t + 1 :])


def test_what_is_known_before_the_day_does_not_see_the_day(panel_path: Path) -> None:
    """Volatility, support distance and leverage are yesterday's; today's prices do not count."""
    panel, graph, whole = real(panel_path)
    rng = np.random.default_rng(7)
    for t in rng.integers(3000, 4500, 5):
        again = states(altered(panel, int(t) - 1, rng, "scale"), graph)
        for name in ("volatility", "near_support", "leverage"):
            assert again.of(name)[t] == whole.of(name)[t]
