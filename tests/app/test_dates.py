"""``--from``: the date of today on the command line, and the sessions that the JSON says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.app.cli import app

FRIDAY = "2026-06-05"
WORDS = {
    "ask": ("ask", "P(equity_selling=shock within 2d)", "--draws", "4"),
    "ladder": ("ladder", "--thresholds", "-5%", "--horizons", "2", "--draws", "4"),
    "sweep": (
        *("sweep", "--event", "equity_selling=shock", "--within", "2d"),
        *("--given", "leverage=low|high", "--draws", "4"),
    ),
}


def run(*words: str) -> Any:
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, words)


def found(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("command", WORDS)
def test_the_json_says_which_sessions(command: str) -> None:
    words = WORDS[command]
    assert found(*words)["calendar"] is None, "its days are independent where no date is known"
    assert found(*words, "--from", FRIDAY)["calendar"] == "2026-06-05 to 2026-06-07"


def test_friday_for_two_days_is_closed() -> None:
    assert found(*WORDS["ask"])["probability"] > 0
    dated = found(*WORDS["ask"], "--from", FRIDAY)
    assert (dated["probability"], dated["base_rate"]) == (0.0, 0.0)
    rows = found(*WORDS["sweep"], "--from", FRIDAY)["rows"]
    assert [row["probability"] for row in rows] == pytest.approx([0.0, 0.0], abs=1e-12)


def test_the_screen_repeats_the_question_with_its_date() -> None:
    said = run(*WORDS["ask"], "--from", FRIDAY).stdout
    assert f"causal ask 'P(equity_selling=shock within 2d from {FRIDAY})' --draws 4" in said
    assert f"drawdown from {FRIDAY}" in run(*WORDS["ladder"], "--from", FRIDAY).stdout


@pytest.mark.parametrize("command", WORDS)
def test_what_is_no_date(command: str) -> None:
    result = run(*WORDS[command], "--from", "friday")
    assert result.exit_code == 2
    assert "Write 2026-06-05" in result.stderr
