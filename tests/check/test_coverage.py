"""Simulated histories look like the model, and intervals of a right model hold its truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import causal
from causal.check.coverage import Question, asked_value, coverage
from causal.check.simulate import simulated
from causal.data.panel import read_panel
from causal.data.states import States, states
from causal.errors import CausalError
from causal.graph.variable import MISSING
from causal.infer.marginals import marginals
from causal.learn.fit import fit, fit_states
from tests.app.wheat import write_wheat

RAIN = Question("P(drought=dry)")
BANNED = Question("P(wheat=crash | do(export_ban=yes))", "P(wheat=crash | do(export_ban=no))")


@pytest.fixture(scope="module")
def wheat(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, States]:
    story, panel = write_wheat(tmp_path_factory.mktemp("wheat"))
    told = causal.read_story(story)
    return told, states(read_panel(panel), told.graph)


def longer(like: States, times: int) -> States:
    days = np.arange(len(like.dates) * times)
    return replace(like, dates=like.dates[0] + days, codes=np.tile(like.codes, (times, 1)))


def test_states_are_fitted_as_their_panel_is(tmp_path: Path) -> None:
    story, panel = write_wheat(tmp_path)
    told, days = causal.read_story(story), read_panel(panel)
    one, two = fit(told, days), fit_states(told, states(days, told.graph))
    for name in told.graph.names:
        np.testing.assert_array_equal(one.tables[name].values, two.tables[name].values)


def test_simulated_days_are_those_of_the_model(wheat: tuple[Any, States]) -> None:
    told, like = wheat
    model = fit_states(told, like, draws=0)
    days = simulated(model, longer(like, 60), seed=1)
    usual = marginals(model, day=30)
    for name, chances in usual.items():
        seen = [(days.of(name)[40:] == k).mean() for k in range(len(chances))]
        np.testing.assert_allclose(seen, chances, atol=0.03)
    again = simulated(model, like, seed=1)
    np.testing.assert_array_equal(again.codes[:100], days.codes[:100])
    lagged = days.of("drought")
    stays = (lagged[1:] == lagged[:-1])[lagged[:-1] == 0].mean()
    table = model.tables["drought"].values[0, 0, 0]
    assert stays == pytest.approx(table, abs=0.02)


def test_the_first_day_follows_the_causes_of_the_start() -> None:
    """Of the shipped story, where a cause of the start stands later in the order of a day."""
    model = causal.load(causal.shipped()).mean()
    assert model.graph.order.index("volatility") < model.graph.order.index("equity_drawdown")
    like = States(
        np.arange("2024-01-01", "2024-01-03", dtype="datetime64[D]"),
        model.graph.names,
        np.zeros((2, len(model.graph.names)), dtype=np.int8),
        {},
        np.datetime64("2024-01-02"),
    )
    firsts = np.array([simulated(model, like, seed=s).codes[0] for s in range(3_000)])
    place = {n: i for i, n in enumerate(model.graph.names)}
    deep = firsts[:, place["equity_drawdown"]] == 1
    calm = firsts[:, place["trade"]] == 0
    table = model.start["volatility"]
    assert table.axes[:2] == ("trade", "equity_drawdown")
    seen = firsts[deep & calm, place["volatility"]].mean()
    assert seen == pytest.approx(table.values[0, 1, 1, 0], abs=0.06)


def test_gaps_are_those_of_history(wheat: tuple[Any, States]) -> None:
    told, like = wheat
    codes = like.codes.copy()
    codes[::3, 2] = MISSING
    gaps = replace(like, codes=codes)
    found = simulated(fit_states(told, like, draws=0), gaps)
    np.testing.assert_array_equal(found.codes == MISSING, codes == MISSING)


def test_intervals_of_a_right_model_cover(wheat: tuple[Any, States]) -> None:
    """Simulate, fit: of a table without causes, and of a difference of two dos."""
    told, like = wheat
    truth = fit_states(told, like, draws=40)
    rows = coverage(told, truth, like, [BANNED], histories=40, kind="draw", draws=100)
    assert 0.75 <= rows[0].coverage <= 1.0
    assert abs(rows[0].bias) < 0.6
    low, high = rows[0].interval()
    assert low < rows[0].coverage <= high


def test_it_can_fail(wheat: tuple[Any, States]) -> None:
    """An interval beside the truth does not hold it, and the bias says on which side."""
    from causal.check.coverage import _row

    seen = np.array([[0.9, 0.10, 0.01, 0.05, 0.15], [0.1, 0.12, 0.02, 0.08, 0.15]])
    row = _row(RAIN, seen)
    assert (row.covered, row.coverage) == (1, 0.5)
    assert row.bias == pytest.approx((-80 + 1) / 2)
    assert row.width == pytest.approx(0.085)


def test_a_run_goes_on_where_it_stopped(wheat: tuple[Any, States], tmp_path: Path) -> None:
    told, like = wheat
    truth = fit_states(told, like, draws=0)
    kept = tmp_path / "kept.jsonl"
    how: dict[str, Any] = {"draws": 20, "kept": kept}
    first = coverage(told, truth, like, [RAIN], histories=3, **how)
    lines = kept.read_text().splitlines()
    assert len(lines) == 3
    kept.write_text("\n".join(lines[:2]) + '\n{"cut sho')
    again = coverage(told, truth, like, [RAIN], histories=3, **how)
    assert again == first
    assert len(kept.read_text().splitlines()) == 4
    other = coverage(told, truth, like, [RAIN], histories=3, seed=1, **how)
    assert other != first


def test_differences_and_what_is_refused(wheat: tuple[Any, States]) -> None:
    told, like = wheat
    model = fit_states(told, like, draws=10)
    one, two = (asked_value(model, Question(t)) for t in (BANNED.text, BANNED.minus))
    np.testing.assert_allclose(asked_value(model, BANNED), one - two)
    for wrong in ({"kind": "mode"}, {"histories": 0}):
        with pytest.raises(CausalError):
            coverage(told, model, like, [RAIN], **wrong)
    with pytest.raises(CausalError):
        coverage(told, model, like, [Question("P(barley=crash)")])
    with pytest.raises(CausalError):
        coverage(told, model, like, [])
    with pytest.raises(CausalError, match="have no price"):
        coverage(told, model, like, [Question("P(drawdown <= -10% within 3d)")])
