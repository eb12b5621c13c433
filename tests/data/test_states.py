"""From values to states: cuts, closed markets, gaps, rules, what is remembered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from causal.calendar import us_open
from causal.data.panel import Panel, read_panel
from causal.data.states import check_measurements, days_closed, measured, measured_columns, states
from causal.errors import DataError, SpecError
from causal.graph.dag import CausalGraph
from causal.graph.story import read_story
from causal.graph.variable import MISSING, Edge, Measurement, Series, Variable

STORY = Path(__file__).resolve().parents[2] / "models" / "crash.toml"
DAYS = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
OPEN = us_open(DAYS)


def panel(**numbers: np.ndarray) -> Panel:
    return Panel(DAYS, tuple(numbers), np.array([*numbers.values()], dtype=float).T)


def variable(name: str, count: int, column: str = "x", **how: object) -> Variable:
    series = (Series(column),)
    labels = tuple("abcdef"[:count])
    if how.get("closed"):
        labels = ("closed", *labels[:-1])
    return Variable(name, labels, Measurement(series, **how))  # type: ignore[arg-type]


def test_a_state_is_the_number_of_cuts_reached() -> None:
    x = np.linspace(0, 3, len(DAYS))
    x[5] = np.nan
    x[6] = 1.0  # a value on the cut belongs above it
    found = states(panel(x=x), CausalGraph((variable("v", 3, cuts=(1.0, 2.0)),)))
    want = (x >= 1).astype(int) + (x >= 2)
    want[5] = MISSING
    np.testing.assert_array_equal(found.of("v"), want)
    assert found.cuts == {"v": (1.0, 2.0)}


def test_quantiles_are_learnt_up_to_a_day_and_remembered() -> None:
    x = np.arange(len(DAYS), dtype=float)
    graph = CausalGraph((variable("v", 3, quantiles=(0.5, 0.9)),))
    early = states(panel(x=x), graph, fit_until=DAYS[20])
    assert early.cuts["v"] == pytest.approx((10.0, 18.0))
    assert early.fit_until == DAYS[20]
    whole = states(panel(x=x), graph)
    assert whole.cuts["v"] == pytest.approx(tuple(np.quantile(x, [0.5, 0.9])))
    again = states(panel(x=x), graph, cuts=early.cuts)
    np.testing.assert_array_equal(again.codes, early.codes)
    assert not np.array_equal(whole.codes, early.codes)


def test_closed_days_are_a_state_whatever_the_source_prints() -> None:
    x = np.where(OPEN, 1.0, np.nan)
    x[~OPEN] = 99.0  # a source may repeat or make up a price
    shut = variable("v", 3, closed=True, cuts=(5.0,))
    day = Variable("day", ("open", "closed"), Measurement(calendar="us"))
    graph = CausalGraph((day, shut), (Edge("day", "v"),))
    found = states(panel(x=x), graph)
    np.testing.assert_array_equal(found.of("v"), np.where(OPEN, 1, 0))
    np.testing.assert_array_equal(found.of("day"), np.where(OPEN, 0, 1))
    turned = Variable("day", ("closed", "open"), Measurement(calendar="us"))
    found = states(panel(x=x), CausalGraph((turned,)))
    np.testing.assert_array_equal(found.of("day"), np.where(OPEN, 1, 0))


def test_closed_days_do_not_enter_learnt_cuts_or_windows() -> None:
    rng = np.random.default_rng(2)
    x = np.exp(np.cumsum(rng.normal(0, 0.01, len(DAYS))))
    other = x.copy()
    other[~OPEN] = 1e6
    how = Measurement((Series("x", ("logreturn", "ewma_z 5")),), quantiles=(0.5,), closed=True)
    graph = CausalGraph((Variable("v", ("closed", "a", "b"), how),))
    one, two = states(panel(x=x), graph), states(panel(x=other), graph)
    np.testing.assert_array_equal(one.codes, two.codes)
    assert one.cuts == two.cuts
    half = one.of("v")[one.of("v") > 0]
    assert abs((half == 1).mean() - 0.5) < 0.05


def test_an_open_day_without_a_value_is_missing() -> None:
    x = np.ones(len(DAYS))
    row = int(np.flatnonzero(OPEN)[3])
    x[row] = np.nan
    found = states(panel(x=x), CausalGraph((variable("v", 3, closed=True, cuts=(5.0,)),)))
    assert found.of("v")[row] == MISSING
    assert (found.of("v")[~OPEN] == 0).all()


def test_a_market_that_has_not_begun_is_missing_on_closed_days_too() -> None:
    """From its first value of a session on; before the first session nothing speaks against it."""
    first = int(np.flatnonzero(OPEN)[12])
    x = np.where(np.arange(len(DAYS)) >= first, 1.0, np.nan)
    x[np.flatnonzero(~OPEN)[3]] = 1.0  # what a source prints on a closed day begins nothing
    v = variable("v", 3, closed=True, cuts=(5.0,))
    found = states(panel(x=x), CausalGraph((v,))).of("v")
    leading = int(np.flatnonzero(OPEN)[0])
    assert leading > 0
    assert (found[:leading] == 0).all()
    assert (found[leading:first] == MISSING).all()
    np.testing.assert_array_equal(found[first:], np.where(OPEN, 1, 0)[first:])
    assert v.measurement is not None
    late = np.full((1, len(DAYS)), np.timedelta64(3, "D"))
    known = days_closed(panel(x=x), v.measurement, OPEN, late)
    assert known is not None
    np.testing.assert_array_equal(
        known[leading:], (~OPEN & (np.arange(len(DAYS)) >= first + 3))[leading:]
    )
    assert days_closed(panel(x=x), replace(v.measurement, closed=False), OPEN) is None


def test_worst_of_causes_and_missing_when_one_is() -> None:
    x, y = np.zeros(len(DAYS)), np.zeros(len(DAYS))
    x[1], y[2], x[3], y[3] = 1, 2, np.nan, 2
    graph = CausalGraph(
        (
            Variable("worse", ("a", "b", "c"), rule="worst"),
            variable("one", 3, "x", cuts=(1.0, 2.0)),
            variable("two", 3, "y", cuts=(1.0, 2.0)),
        ),
        (Edge("one", "worse"), Edge("two", "worse")),
    )
    found = states(panel(x=x, y=y), graph).of("worse")
    assert found[:5].tolist() == [0, 1, 2, MISSING, 0]


def test_a_weighted_mean_of_what_is_there() -> None:
    x, y = np.full(len(DAYS), 1.0), np.full(len(DAYS), 4.0)
    x[0], y[1] = np.nan, np.nan
    how = Measurement((Series("x", weight=2.0), Series("y", weight=1.0)), cuts=(0.0,))
    found = measured(panel(x=x, y=y), how)
    assert np.isnan(found[0])  # a third of the weight is not enough
    assert found[1] == 1.0
    assert found[2] == pytest.approx(2.0)


def test_a_variable_without_measurement_is_missing() -> None:
    graph = CausalGraph((Variable("hidden", ("a", "b")),))
    assert (states(panel(x=np.ones(len(DAYS))), graph).of("hidden") == MISSING).all()


def test_mistakes_are_named() -> None:
    data = panel(x=np.ones(len(DAYS)))
    graph = CausalGraph((variable("v", 2, "y", cuts=(0.0,)), variable("w", 2, "z", cuts=(0.0,))))
    with pytest.raises(DataError, match="lacks 2 column"):
        states(data, graph)
    bad = Measurement((Series("x", ("maen 3", "zscore 4")),), cuts=(0.0,))
    with pytest.raises(SpecError) as caught:
        states(data, CausalGraph((Variable("v", ("a", "b"), bad),)))
    assert "Did you mean `mean`?" in str(caught.value)
    assert "zscore N MINIMUM" in str(caught.value)
    with pytest.raises(SpecError, match="need 1"):
        states(data, CausalGraph((variable("v", 2, cuts=(0.0, 1.0)),)))
    with pytest.raises(SpecError, match="increasing"):
        states(data, CausalGraph((variable("v", 3, cuts=(1.0, 0.0)),)))
    with pytest.raises(DataError, match="before the panel starts"):
        states(data, CausalGraph((variable("v", 2, cuts=(0.0,)),)), fit_until="2020-01-01")
    nothing = panel(x=np.full(len(DAYS), np.nan))
    with pytest.raises(DataError, match="no value"):
        states(nothing, CausalGraph((variable("v", 2, quantiles=(0.5,)),)))


def test_the_story_on_the_real_history(panel_path: Path) -> None:
    story = read_story(STORY)
    history = read_panel(panel_path)
    found = states(history, story.graph)
    for v in story.graph.variables:
        codes = found.of(v.name)
        tally = np.bincount(codes[codes != MISSING], minlength=len(v.states))
        assert (tally >= 80).all(), (v.name, tally)
        assert tally.sum() >= 1900, v.name
    assert len(measured_columns(story.graph)) == 13
    assert found.of("bitcoin")[found.dates == np.datetime64("2025-10-10")] == 2
    assert found.of("liquidations")[found.dates == np.datetime64("2025-10-10")] == 2
    assert found.of("equity_selling")[found.dates == np.datetime64("2025-10-11")] == 0


def test_news_states_know_no_weekday(panel_path: Path) -> None:
    """Newspapers are thin on Sundays: what is left of it may not move an escalation's odds."""
    found = states(read_panel(panel_path), read_story(STORY).graph)
    weekend = ~np.is_busday(found.dates)
    for name in ("war", "trade"):
        codes = found.of(name)
        known = codes != MISSING
        share = (codes[known & weekend] == 2).mean() / (codes[known] == 2).mean()
        assert 0.8 < share < 1.25, name


def test_missing_is_minus_one() -> None:
    """The number is part of what ``States`` promises: other code and other tools count on it."""
    x = np.where(np.arange(len(DAYS)) == 2, np.nan, 0.0)
    assert states(panel(x=x), CausalGraph((variable("v", 2, cuts=(1.0,)),))).of("v")[2] == -1


@pytest.mark.parametrize("row", [0, 1, 20, len(DAYS) - 1])
def test_fitting_ends_with_its_day(row: int) -> None:
    """The value of that day is the last to be learnt from; the first day may be the only one."""
    x = np.arange(len(DAYS), dtype=float)
    graph = CausalGraph((variable("v", 2, quantiles=(1.0,)),))
    found = states(panel(x=x), graph, fit_until=DAYS[row])
    assert (found.cuts["v"], found.fit_until) == ((float(row),), DAYS[row])
    assert states(panel(x=x), graph).fit_until == DAYS[-1]
    with pytest.raises(DataError, match=f"is {DAYS[0] - 1}, before the panel starts on {DAYS[0]}"):
        states(panel(x=x), graph, fit_until=DAYS[0] - 1)


@pytest.mark.parametrize("weight", [0.5, 1.0, 1.5])
def test_half_of_the_weight_is_enough(weight: float) -> None:
    """And of nothing there is no mean; what is there is weighed against itself alone."""
    x, y = np.full(len(DAYS), 3.0), np.full(len(DAYS), 6.0)
    x[1], y[2], x[3], y[3] = (np.nan,) * 4
    how = Measurement((Series("x", weight=1.0), Series("y", weight=weight)), cuts=(0.0,))
    found = measured(panel(x=x, y=y), how)
    wanted = [(3 + 6 * weight) / (1 + weight), 6.0 if weight >= 1 else np.nan,
              3.0 if weight <= 1 else np.nan, np.nan]  # fmt: skip
    np.testing.assert_allclose(found[:4], wanted)


def test_a_market_is_read_on_its_sessions_and_no_other_series_is() -> None:
    x = np.arange(len(DAYS), dtype=float)
    shut = Measurement((Series("x"),), cuts=(0.0,), closed=True)
    for how, there in ((shut, OPEN), (replace(shut, closed=False), np.ones(len(DAYS), bool))):
        np.testing.assert_array_equal(~np.isnan(measured(panel(x=x), how, OPEN)), there)
        np.testing.assert_array_equal(measured(panel(x=x), how), x)


def test_cut_points_are_as_many_as_the_states_need_and_may_be_equal() -> None:
    data = panel(x=np.zeros(len(DAYS)))
    for count, closed in ((2, False), (3, False), (3, True), (4, True)):
        need = count - 1 - closed
        for cuts in range(5):
            v = variable("v", count, closed=closed, cuts=(0.0,) * cuts)
            if cuts == need:
                found = states(data, CausalGraph((v,)))
                assert (found.of("v")[OPEN] == count - 1).all()
                assert found.cuts["v"] == (0.0,) * need
            else:
                with pytest.raises(SpecError, match=f"need {need}"):
                    states(data, CausalGraph((v,)))
    with pytest.raises(SpecError, match="increasing"):
        states(data, CausalGraph((variable("v", 4, cuts=(0.0, 2.0, 1.0)),)))
    with pytest.raises(SpecError, match="need 1"):
        states(data, CausalGraph((variable("v", 2, cuts=(5.0,)),)), cuts={"v": ()})


def test_columns_are_those_of_every_step() -> None:
    how = Measurement((Series("b", ("ratio c",)), Series("a")), cuts=(0.0,))
    graph = CausalGraph((Variable("v", ("x", "y"), how), Variable("hidden", ("x", "y"))))
    assert measured_columns(graph) == ("a", "b", "c")
    wrong = Variable(
        "w", ("x", "y"), Measurement((Series("a", ("ratioo c", "mean")),), cuts=(0.0,))
    )
    with pytest.raises(SpecError) as caught:
        check_measurements(replace(graph, variables=(*graph.variables, wrong)))
    assert "2 step(s)" in str(caught.value)
    check_measurements(graph)
    with pytest.raises(DataError, match="lacks 3 column"):
        check_measurements(graph, panel(x=np.ones(len(DAYS))))
