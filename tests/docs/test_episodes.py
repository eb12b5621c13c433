"""The page of episodes: its accounts speak of the story, and its tables are those of the panel."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import causal
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable

Script = Callable[[str], ModuleType]
LATER = {"crypto_shock"}  # variables that accounts speak of and that a story may measure


@pytest.fixture
def page(script: Script) -> ModuleType:
    return script("episodes")


def made() -> tuple[CausalGraph, States]:
    """Four days of two variables, the third day unknown in one."""
    days = np.arange(np.datetime64("2026-05-01"), np.datetime64("2026-05-05"))
    graph = CausalGraph(
        (
            Variable("trade", ("calm", "elevated", "escalation")),
            Variable("bitcoin", ("calm", "fall", "crash")),
        )
    )
    codes = np.array([[0, 2], [0, 0], [-1, 1], [2, -1]], dtype=np.int8)
    return graph, States(days, graph.names, codes, {}, days[-1])


def test_accounts_speak_of_states_that_the_story_has(page: ModuleType) -> None:
    graph = causal.load(causal.shipped()).graph
    for episode in page.EPISODES:
        assert np.datetime64(episode.first) <= np.datetime64(episode.last)
        assert episode.grade in ("H", "M", "L")
        for name, means in episode.means.items():
            assert name in {*graph.names, *LATER}
            assert name not in graph.names or set(means) <= set(graph.variable(name).states)
    assert len({e.name for e in page.EPISODES}) == len(page.EPISODES) == 32


def test_the_worst_state_of_the_days_is_read_and_newspapers_are_late(page: ModuleType) -> None:
    graph, read = made()
    means = {"trade": ("escalation",), "bitcoin": ("calm",), "crypto_shock": ("major",)}
    one = page.Episode("one", "2026-05-02", "2026-05-02", "", "H", means)
    assert page.worst(graph, read, one, "trade") == "escalation"
    assert page.worst(graph, read, one, "bitcoin") == "calm"
    two = page.Episode("two", "2026-05-02", "2026-05-03", "", "H", means)
    assert page.worst(graph, read, two, "bitcoin") == "fall"
    agree, apart, unknown = page.told(graph, read, two)
    assert (agree, unknown) == (["trade=escalation"], [])
    assert apart == ["**bitcoin=fall** (not calm)"]
    last = page.Episode("last", "2026-05-04", "2026-05-04", "", "H", {"bitcoin": ("calm",)})
    assert page.told(graph, read, last) == ([], [], ["bitcoin"])
    # windows of two days: crash, fall, fall; of three for a newspaper's one: calm, escalation
    assert page.chance(graph, read, two, "bitcoin") == 0
    assert page.chance(graph, read, one, "bitcoin") == pytest.approx(1 / 3)
    assert page.chance(graph, read, one, "trade") == pytest.approx(1 / 2)


def test_the_page_shows_what_the_panel_says(page: ModuleType, panel_path: Path) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    for name, table in page.tables(causal.shipped(), panel_path).items():
        shown = re.search(rf"<!-- made: {name} -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
        assert shown is not None
        assert shown[1] == table
