"""``causal laboratory``: the numbers of Python on a screen and as JSON, files, taught errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.data.panel import read_panel
from causal.laboratory import true_answer
from causal.laboratory.fragility import gain_curve
from causal.laboratory.parameters import parameters
from causal.laboratory.simulation import market
from causal.laboratory.true_answer import truth
from causal.laboratory.world import World

FALL = "P(drawdown <= -10% within 7d)"
RUN = ("run", "--paths", "3", "--days", "12", "--seed", "2")


def run(*words: str | Path) -> Any:
    runner = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1"})
    return runner.invoke(app, ["laboratory", *map(str, words)])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short warm-up: these tests look at words, not at numbers."""
    monkeypatch.setattr(true_answer, "WARM_UP", 15)


def test_run_writes_the_panel_of_the_first_path(tmp_path: Path) -> None:
    path, plot = tmp_path / "market.csv", tmp_path / "crash.svg"
    result = run(*RUN, "--out", path, "--plot", plot, "--set", "trade=2", "--cut", "loop", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["world"] == "trade=2, loop cut, for 3d, rules from day -45"
    assert found["moments"] == []  # so few days have none
    made = market(3, 12, seed=2, world=World(trade=2, cut={"loop"}))
    assert found["worst_day"] == made.worst_day().to_dict()
    panel = read_panel(path)
    assert panel.column("btc_binance_close")[-1] == made.columns["btc_binance_close"][-1, 0]
    assert "<svg" in plot.read_text(encoding="utf-8")


def test_run_on_a_screen() -> None:
    result = run("run", "--paths", "80", "--days", "30", "--parameter", "shock_rate=0.01")
    assert result.exit_code == 0, result.output
    for word in ("kurtosis", "Worst day: path", "Model-only", "0.025 to 0.029"):
        assert word in result.stdout


def test_truth_is_that_of_python_with_nothing_done_beside_it() -> None:
    words = ("truth", FALL, "--price", "low", "--set", "trade=2", "--paths", "12", "--seed", "3")
    found = json.loads(run(*words, "--json").stdout)
    asked: dict[str, Any] = {"low": True, "paths": 12, "seed": 3}
    hit, alone = truth(FALL, world=World(trade=2), **asked), truth(FALL, **asked)
    assert found["value"] == hit.value
    assert found["left_alone"]["value"] == alone.value
    assert found["difference"]["value"] == hit.minus(alone)[0]
    screen = run(*words).stdout
    for word in ("estimate", "left alone", "difference", "standard error", "Model-only"):
        assert word in screen


def test_a_state_that_is_set_says_how_often_it_reads_so() -> None:
    result = run("truth", "P(bitcoin=crash | do(crypto_selling=heavy))", "--paths", "8")
    assert result.exit_code == 0, result.output
    assert "reads as set" in result.stdout


def test_known_answers_without_a_question() -> None:
    result = run("truth", "--paths", "4")
    assert result.exit_code == 0, result.output
    for word in ("escalation for 3 days", "Three forces", "Interaction", "leverage capped at 5"):
        assert word in result.stdout
    record = json.loads(run("truth", "--paths", "3", "--json").stdout)
    assert sum(record["shapley"].values()) == pytest.approx(
        record["answers"]["Three forces, on or off"][-1]["value"]
        - record["answers"]["Three forces, on or off"][0]["value"]
    )


def test_gain_is_that_of_python(tmp_path: Path) -> None:
    words = ("gain", "--open-interest", "30", "--spot", "95000", "--support", "91000")
    found = json.loads(run(*words, "--liquidated", "0.8", "--json").stdout)
    curve = gain_curve(open_interest=30.0, support=1 - 91 / 95)
    assert found["points"] == curve.to_dict()["points"]
    assert found["liquidated"]["first_fall"] == curve.fall_for(0.8)
    assert [p["policy"] for p in found["policies"]][:2] == ["as asked", "cap 20x"]
    plot = tmp_path / "gain.svg"
    screen = run(*words, "--plot", plot)
    assert "runs on from" in screen.stdout
    assert "margin +5%" in plot.read_text(encoding="utf-8")
    assert run(*words, "--caps", "3", "--addons", "1%").stdout.count("margin +1%") == 1


@pytest.mark.parametrize(
    "words",
    [
        (*RUN, "--set", "trade"),
        (*RUN, "--set", "trade=9"),
        (*RUN, "--set", "trades=2"),
        (*RUN, "--set", "trade=many"),
        (*RUN, "--cut", "everything"),
        (*RUN, "--parameter", "drfit=1"),
        (*RUN, "--first", "tomorrow"),
        (*RUN, "--out", "market.xlsx"),
        (*RUN, "--plot", "crash.txt"),
        ("truth", "P(bitcoin=crash"),
        ("truth", "--set", "trade=2"),
        ("truth", "P(bitcoin=crash within 7d | do(bitcoin@-1 -> leverage cut))"),
        ("gain", "--open-interest", "-3"),
        ("gain", "--support", "91000"),
        ("gain", "--caps", "ten"),
    ],
)
def test_bad_input_is_taught(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.stdout == ""


def test_the_values_of_python_are_checked_alike() -> None:
    assert parameters(regime=1).regime == 1.0
