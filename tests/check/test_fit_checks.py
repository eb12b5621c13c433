"""What a fit measures of itself, keeps, and says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import causal
from causal.check.dependence import BLOCKS
from causal.check.fit_checks import with_checks
from causal.data.history import Holdings, panel_holdings
from causal.data.panel import read_panel
from causal.graph.story import Story
from causal.learn.fit import fit
from causal.model.checks import UNMEASURED
from causal.model.network import CausalModel
from tests.app.wheat import write_wheat


@pytest.fixture(scope="module")
def wheat(tmp_path_factory: pytest.TempPathFactory) -> tuple[Story, Holdings, CausalModel]:
    story, panel = write_wheat(tmp_path_factory.mktemp("wheat"))
    told, held = causal.read_story(story), panel_holdings(read_panel(panel), {})
    return told, held, with_checks(fit(told, held.panel), told, held)


def test_every_table_is_measured(wheat: tuple[Story, Holdings, CausalModel]) -> None:
    told, _, model = wheat
    assert model.fit is not None
    found = model.fit.checks
    assert found is not None
    assert found.blocks == BLOCKS
    assert set(found.inflation) == set(told.graph.names)
    assert found.target == told.target == "wheat"
    assert {line.events <= line.days for line in found.skill} == {True}
    assert len(found.skill) == 2


def test_no_number_of_the_tables_moves(wheat: tuple[Story, Holdings, CausalModel]) -> None:
    told, held, model = wheat
    plain = fit(told, held.panel)
    for name in told.graph.names:
        np.testing.assert_array_equal(plain.tables[name].values, model.tables[name].values)


def test_an_answer_quotes_it_and_says_where_it_is_missing(
    wheat: tuple[Story, Holdings, CausalModel], tmp_path: Path
) -> None:
    told, held, model = wheat
    question = "P(wheat=crash within 3d)"
    answer = causal.ask(model, question)
    assert "log skill" in answer.checked
    assert f"checked: {answer.checked}" in str(answer)
    assert answer.to_dict()["checked"] == answer.checked
    bare = causal.ask(fit(told, held.panel), question)
    assert f"checked: {UNMEASURED}" in str(bare)
    causal.save(model, tmp_path / "wheat.json")
    again = causal.load(tmp_path / "wheat.json")
    assert again.fit is not None
    assert again.fit.checks is not None
    assert model.fit is not None
    assert model.fit.checks is not None
    assert again.fit.checks.to_dict() == model.fit.checks.to_dict()
    assert causal.ask(again, question).checked == answer.checked


def test_a_history_too_short_for_a_walk_has_no_skill(
    wheat: tuple[Story, Holdings, CausalModel],
) -> None:
    told, held, _ = wheat
    short = panel_holdings(held.panel.until(held.panel.dates[300]), {})
    model = with_checks(fit(told, short.panel), told, short)
    assert model.fit is not None
    assert model.fit.checks is not None
    assert model.fit.checks.skill == ()
    assert str(model.fit.checks) == UNMEASURED
    assert model.fit.checks.inflation


def test_nothing_after_the_fit_is_read(wheat: tuple[Story, Holdings, CausalModel]) -> None:
    told, held, _ = wheat
    until = held.panel.dates[600]
    known = panel_holdings(held.panel.until(until), {})
    one = with_checks(fit(told, held.panel, fit_until=str(until)), told, held)
    two = with_checks(fit(told, known.panel), told, known)
    plain: list[dict[str, Any]] = []
    for model in (one, two):
        assert model.fit is not None
        assert model.fit.checks is not None
        plain.append(model.fit.checks.to_dict())
    assert plain[0] == plain[1]


def test_a_story_without_a_day_before_has_no_skill(
    wheat: tuple[Story, Holdings, CausalModel],
) -> None:
    told, held, _ = wheat
    edges = tuple(e for e in told.graph.edges if not e.lag)
    alone = replace(told, graph=replace(told.graph, edges=edges))
    model = with_checks(fit(alone, held.panel), alone, held)
    assert model.fit is not None
    assert model.fit.checks is not None
    assert model.fit.checks.skill == ()
