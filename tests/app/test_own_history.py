"""``now`` and ``ask`` with a history of one's own in place of what is pulled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from causal.data.history import panel_holdings
from causal.data.panel import read_panel
from causal.graph.story import write_story
from tests.app.odd import Texts, answered, panel_of, refused, story_of

LAST = "2024-04-20"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("own")
    write_story(story_of(Texts()), found / "odd.toml")
    panel = panel_of(found / "odd.csv", "fear")
    answered("fit", str(found / "odd.toml"), "--data", str(panel), "--out", str(found / "m.json"))
    return found


def words(place: Path) -> tuple[str, ...]:
    return ("--model", str(place / "m.json"), "--data", str(place / "odd.csv"))


def test_now_and_ask_read_the_file(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSAL_CACHE", str(tmp_path / "nothing"))
    page = json.loads(answered("now", *words(place), "--asof", LAST, "--json"))
    assert page["as_of"] == LAST
    assert {v["variable"]: v["age"] for v in page["variables"]} == {
        "war": 0,
        "price": 0,
        "third": 0,
    }
    asked = ("ask", "P(price=crash within 2d)", *words(place), "--asof", LAST, "--json")
    assert json.loads(answered(*asked))["as_of"]["day"] == LAST
    said = refused("now", "--model", str(place / "m.json"), "--asof", LAST)
    assert "--data" in said


def test_a_file_has_one_vintage(place: Path) -> None:
    assert "Leave out --vintage, or --data" in refused("now", *words(place), "--vintage", LAST)


def test_the_call_that_is_printed_names_the_file(place: Path) -> None:
    question = "P(drawdown <= -5% within 2d)"
    shown = answered("ask", question, *words(place), "--asof", LAST)
    assert f"--asof {LAST} --data {place / 'odd.csv'}" in " ".join(shown.split())


def test_no_value_of_a_file_is_read_before_it_was_known(place: Path) -> None:
    """By the lag of its variable, or of the publisher whose column it is."""
    panel = read_panel(place / "odd.csv")
    held = panel_holdings(panel, {"fear": 3})
    seen = held.as_of(LAST)
    assert np.isnan(seen.column("fear")[-3:]).all()
    assert not np.isnan(seen.column("fear")[-4])
    assert not np.isnan(seen.column("close")[-1])
    named = type(panel)(panel.dates, ("us10y_yield", "close"), panel.values)
    assert np.isnan(panel_holdings(named, {}).as_of(LAST).column("us10y_yield")[-1])
