"""Acts in force: how long an act lasts, what goes before what, and what is not known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from causal.check.inputs import inputs
from causal.data.history import panel_holdings
from causal.data.in_force import act_columns, acts_in_force, with_story_acts
from causal.data.panel import Panel
from causal.data.states import states
from causal.errors import DataError, SpecError
from causal.graph.story import Story, read_story
from causal.graph.variable import MISSING, Acts
from causal.learn.as_of import readings
from causal.learn.fit import fit
from causal.model.store import load, save

STORY = """
[story]
name = "tariffs"
[variables.trade]
states = ["calm", "elevated", "escalation"]
series = [{ column = "index" }]
cuts = [1, 2]
publication_lag = 3
acts = [
  { column = "relief", state = "calm" },
  { column = "blow", at_least = 3, days = 3, state = "escalation" },
]
why = "x"
[variables.hack]
states = ["none", "minor", "major"]
acts = [
  { column = "hacks", days = 2, state = "minor" },
  { column = "hacks", at_least = 2, state = "major" },
]
why = "x"
"""
NAN = np.nan


def story(tmp_path: Path, text: str = STORY) -> Story:
    path = tmp_path / "tariffs.toml"
    path.write_text(text, encoding="utf-8")
    return read_story(path)


def panel(days: int = 12, **columns: list[float]) -> Panel:
    dates = np.datetime64("2026-01-01") + np.arange(days)
    rows = {"index": [0.0] * days, "blow": [0.0] * days, "relief": [0.0] * days}
    rows |= {"hacks": [0.0] * days, **columns}
    return Panel(dates, tuple(rows), np.column_stack(list(rows.values())).astype(float))


def test_an_act_is_in_force_on_its_day_and_for_as_many_days_as_it_says() -> None:
    sizes = np.array([NAN, 0, 3, 0, 0, 0, 2, 0, 0])
    found = acts_in_force(Acts("blow", "escalation", 3, 3), sizes)
    np.testing.assert_array_equal(np.flatnonzero(found), [2, 3, 4])
    found = acts_in_force(Acts("blow", "escalation", 2, 99), sizes)
    np.testing.assert_array_equal(np.flatnonzero(found), np.arange(2, 9))


def test_acts_go_before_the_series_and_the_later_rule_before_the_earlier(tmp_path: Path) -> None:
    rows = panel(
        index=[1.5] * 12,
        blow=[0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0, 0],
        relief=[0, 0, 0, 1, 0, 1] + [0] * 6,
    )
    found = states(rows, story(tmp_path).graph).of("trade")
    np.testing.assert_array_equal(found, [1, 1, 2, 2, 2, 0, 1, 1, 1, 1, 1, 1])


def test_without_a_series_the_calmest_state_stands_between_acts(tmp_path: Path) -> None:
    rows = panel(hacks=[NAN, 0, 1, 0, 0, 2, 0, 0, 0, 0, NAN, NAN])
    read = states(rows, story(tmp_path).graph)
    np.testing.assert_array_equal(
        read.of("hack"), [MISSING, 0, 1, 1, 0, 2, 1, 0, 0, 0, MISSING, MISSING]
    )
    assert read.cuts["hack"] == ()


def test_after_the_last_day_of_a_list_the_state_is_missing_and_never_calm(tmp_path: Path) -> None:
    rows = panel(blow=[NAN, NAN, 0, 0, 0, 0, 0, 3, NAN, NAN, NAN, NAN], index=[0, 1.5] + [0] * 10)
    found = states(rows, story(tmp_path).graph).of("trade")
    # before the list the series alone; the last act lasts its three days; then nothing is known
    np.testing.assert_array_equal(found, [0, 1, 0, 0, 0, 0, 0, 2, 2, 2, MISSING, MISSING])


def test_what_can_be_read_each_day_is_what_is_read_as_of_it(tmp_path: Path) -> None:
    """The pass over all days is ``readings`` on each: acts at once, the index after its lag."""
    rng = np.random.default_rng(14)
    rows = panel(
        60,
        index=list(rng.normal(1, 1, 60)),
        blow=list(rng.choice([0, 3], 55, p=[0.9, 0.1])) + [NAN] * 5,
        relief=list(rng.choice([0, 1], 60, p=[0.9, 0.1])),
        hacks=[NAN] * 5 + list(rng.choice([0, 1, 2], 55, p=[0.8, 0.1, 0.1])),
    )
    told = story(tmp_path)
    model = fit(told, rows, draws=20, seed=1)
    held = panel_holdings(rows, {"index": 3})
    assert model.fit is not None
    assert model.fit.provenance is not None
    every = inputs(held, told.graph, model.fit.provenance.cuts)
    for row in range(8, 60):
        one = {r.variable: r for r in readings(model, held, rows.dates[row])}
        for name in ("trade", "hack"):
            code = every.codes[row, told.graph.names.index(name)]
            age = int(every.ages[row, told.graph.names.index(name)])
            fresh = one[name].left_out == ""
            if code == MISSING:
                assert not fresh, (row, name)
            else:
                assert (one[name].state, one[name].age) == (
                    told.graph.variable(name).states[code],
                    age,
                ), (row, name)


def test_the_number_behind_a_state_is_not_told_where_an_act_gave_it(tmp_path: Path) -> None:
    rows = panel(index=[0.1] * 12, blow=[0] * 11 + [3])
    model = fit(story(tmp_path), rows, draws=20, seed=1)
    trade = readings(model, panel_holdings(rows, {}), "2026-01-12")[0]
    assert (trade.state, trade.value, trade.percentile) == ("escalation", None, None)
    trade = readings(model, panel_holdings(rows, {}), "2026-01-11")[0]
    assert (trade.state, trade.value) == ("calm", 0.1)


def test_shipped_acts_are_read_where_the_panel_lacks_them(tmp_path: Path) -> None:
    text = STORY.replace('"blow"', '"trade_escalation"').replace('"hacks"', '"crypto_shock"')
    graph = story(tmp_path, text).graph
    assert act_columns(graph) == ("crypto_shock", "relief", "trade_escalation")
    dates = np.arange(np.datetime64("2025-10-08"), np.datetime64("2025-10-15"))
    rows = Panel(dates, ("index", "relief"), np.zeros((7, 2)))
    assert with_story_acts(rows, graph).names == (
        "index",
        "relief",
        "crypto_shock",
        "trade_escalation",
    )
    np.testing.assert_array_equal(states(rows, graph).of("trade"), [0, 0, 2, 2, 2, 0, 0])
    own = Panel(dates, ("index", "relief", "trade_escalation"), np.zeros((7, 3)))
    np.testing.assert_array_equal(states(own, graph).of("trade"), np.zeros(7))


def test_a_column_of_acts_that_nobody_has_is_named(tmp_path: Path) -> None:
    rows = panel()
    keep = [n for n in rows.names if n != "blow"]
    lacking = Panel(rows.dates, tuple(keep), rows.values[:, [rows.names.index(n) for n in keep]])
    with pytest.raises(DataError, match="blow"):
        states(lacking, story(tmp_path).graph)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('{ column = "blow", state = "war" }', "variables.trade.acts[1].state: `war` is none"),
        ('{ column = "blow", state = "calm", days = 0 }', "acts[1].days: an act is in force"),
        ('{ column = "blow", state = "calm", at_least = 0 }', "acts[1].at_least: must be more"),
        ('{ state = "calm" }', "acts[1].column: missing"),
        ('{ column = "blow", state = "calm", size = 3 }', "acts[1].size: unknown key"),
    ],
)
def test_what_is_wrong_with_acts_is_said_with_its_place(
    tmp_path: Path, row: str, said: str
) -> None:
    text = STORY.split("acts = [", maxsplit=1)[0] + f'acts = [{row}]\nwhy = "x"\n'
    with pytest.raises(SpecError) as caught:
        story(tmp_path, text)
    assert said in str(caught.value)


def test_acts_do_not_close_with_a_market(tmp_path: Path) -> None:
    text = STORY.split("[variables.hack]", maxsplit=1)[0].replace(
        "publication_lag = 3", "closed = true"
    )
    with pytest.raises(SpecError, match="take neither closed nor rule"):
        story(
            tmp_path, text.replace('"calm", "elevated", "esc', '"closed", "calm", "elevated", "esc')
        )


def test_a_story_with_acts_is_written_and_read_back_equal(tmp_path: Path) -> None:
    told = story(tmp_path)
    from causal.graph.story import write_story

    write_story(told, tmp_path / "again.toml")
    assert read_story(tmp_path / "again.toml") == told


def test_a_model_with_acts_is_of_version_4_and_comes_back(tmp_path: Path) -> None:
    """An older package says "upgrade", and not that a key is unknown."""
    model = fit(story(tmp_path), panel(hacks=[0] * 11 + [2]), draws=20, seed=1)
    save(model, tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["version"] == 4
    again = load(tmp_path / "a.json")
    assert again.graph == model.graph
    save(again, tmp_path / "b.json")
    assert (tmp_path / "b.json").read_bytes() == (tmp_path / "a.json").read_bytes()
