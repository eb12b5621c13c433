"""Checks as plain values: a round trip, one line of words, and every damage named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causal.graph.section import Section
from causal.model.checks import (
    UNMEASURED,
    Checks,
    Recalibration,
    SkillLine,
    checks_from_section,
)

NAMES = ("leverage", "bitcoin")
LINE = SkillLine("a week ahead", "2023-01-01", "2026-05-24", 177, 31, 0.05, -0.02, 0.11)
MAP = Recalibration("bitcoin", 7, 0.2, 0.9, "leverage", -0.6, 177)
FULL = Checks("bitcoin", (LINE,), (20, 60), {"bitcoin": (1.2, 1.4)}, MAP)


def read(document: dict[str, Any]) -> tuple[Checks, list[str]]:
    mistakes: list[str] = []
    return checks_from_section(Section(document, "file", "checks", mistakes), NAMES), mistakes


@pytest.mark.parametrize("found", [FULL, Checks("bitcoin")], ids=["full", "empty"])
def test_they_read_back_equal(found: Checks) -> None:
    again, mistakes = read(found.to_dict())
    assert not mistakes
    assert again.to_dict() == found.to_dict()


def test_one_line_of_words() -> None:
    assert str(FULL) == (
        "of `bitcoin` against its usual frequency: log skill +0.05 (-0.02 to +0.11) a week ahead, "
        "2023 to 2026"
    )
    assert str(Checks("bitcoin")) == UNMEASURED


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": "gold"}, "checks.target"),
        ({"skill": [{"days": 3}]}, "checks.skill[1].board"),
        ({"skill": 3}, "checks.skill"),
        ({"blocks": ["20"]}, "checks.blocks"),
        ({"inflation": {"gold": [1.0, 1.0]}}, "checks.inflation.gold"),
        ({"inflation": {"bitcoin": [1.0]}}, "checks.inflation.bitcoin"),
        ({"inflation": {"bitcoin": [1.0, -1.0]}}, "checks.inflation.bitcoin"),
        ({"inflation": {"bitcoin": [1.0, float("nan")]}}, "checks.inflation.bitcoin"),
        ({"recalibration": {**MAP.to_dict(), "slope": "steep"}}, "checks.recalibration.slope"),
        ({"recalibration": {**MAP.to_dict(), "variable": "x"}}, "checks.recalibration.variable"),
        ({"more": 1}, "checks.more"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], said: str) -> None:
    _, mistakes = read({**FULL.to_dict(), **change})
    assert any(said in mistake for mistake in mistakes), mistakes


def test_more_events_than_days_are_refused() -> None:
    line = {**FULL.to_dict()["skill"][0], "events": 178}
    _, mistakes = read({**FULL.to_dict(), "skill": [line]})
    assert any("more events than days" in mistake for mistake in mistakes)


def test_a_map_that_changes_nothing_changes_nothing() -> None:
    p = np.array([0.0, 1e-12, 0.2, 0.9, 1.0])
    same = Recalibration("bitcoin", 7, 0.0, 1.0)
    np.testing.assert_allclose(same.applied(p, 1.0), p, atol=1e-8)
    assert (np.diff(MAP.applied(np.linspace(0.01, 0.99, 50), 0.0)) > 0).all()
    assert (MAP.applied(p[2:4], 1.0) < MAP.applied(p[2:4], 0.0)).all()
