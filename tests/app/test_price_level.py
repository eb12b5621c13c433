"""A price level on the command line: from the close of a day, or from a price that is given."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import causal
from causal.app.cli import app
from causal.app.commands.ask.ladder import _screen
from causal.app.opening import open_model
from causal.data.panel import read_panel
from causal.query.level import Close, money
from tests.app.wheat import write_wheat

LAST = "2023-12-31"


def run(*words: str | Path) -> Any:
    runner = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1"})
    return runner.invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, float]:
    """A fitted model, its panel, and the last close of it."""
    folder = tmp_path_factory.mktemp("wheat")
    story, panel = write_wheat(folder)
    model = folder / "wheat.json"
    assert run("fit", story, "--data", panel, "--out", model).exit_code == 0
    return model, panel, float(read_panel(panel).column("wheat_close")[-1])


def test_as_of_a_day_it_is_a_fall_from_its_close(files: tuple[Path, Path, float]) -> None:
    model, panel, close = files
    level = round(0.97 * close, 2)
    told = ("-m", model, "--asof", LAST, "--data", panel)
    text = f"P(wheat below {level:,} within 5d)"
    found = json.loads(run("ask", text, *told, "--json").stdout)
    fall = round(level / close - 1, 4)
    assert found["query"].startswith(f"P(drawdown(wheat) <= {100 * fall:g}% within 5d")
    assert found["price_level"]["close"] == close
    assert found["price_level"]["day"] == LAST
    plain = json.loads(
        run("ask", f"P(drawdown(wheat) <= {100 * fall:g}% within 5d)", *told, "--json").stdout
    )
    assert plain["probability"] == found["probability"]
    spelt = f"{money(level)} is {100 * fall:.2f} % from the close of {money(close)} on {LAST}"
    assert found["price_level"]["words"] == spelt
    assert spelt in run("ask", text, *told).stdout
    page = json.loads(run("now", text, *told, "--json").stdout)
    assert page["asked"]["price_level"]["words"] == spelt
    assert page["asked"]["event"] == f"P(drawdown(wheat) <= {100 * fall:g}% within 5d)"
    assert spelt in run("now", text, *told).stdout
    assert "asked" not in json.loads(run("now", *told, "--json").stdout)


def test_from_a_price_that_is_given(files: tuple[Path, Path, float]) -> None:
    model, panel, _ = files
    text = "P(wheat < 190 within 5d)"
    found = json.loads(run("ask", text, "-m", model, "--price", "$200", "--json").stdout)
    assert found["query"] == "P(drawdown(wheat) <= -5% within 5d)"
    told = ("--asof", LAST, "--data", panel, "--price", "200")
    both = json.loads(run("ask", text, "-m", model, *told, "--json").stdout)
    assert both["price_level"]["words"] == "190 is -5.00 % from the price of 200"


def test_what_cannot_be_asked(files: tuple[Path, Path, float]) -> None:
    model, panel, _ = files
    text = "P(wheat below 1 within 5d)"
    for words, message in (
        (("ask", text), "Where `wheat` stands today is not known"),
        (("ask", text, "--price", "x"), "`x` is no price"),
        (("ask", "P(wheat=crash within 5d)", "--price", "200"), "names no price level"),
        (("ask", text, "--asof", "2024-02-01", "--data", panel), "of 2024-02-01 is not stored"),
        (("now", text, "--asof", "2024-02-01", "--data", panel), "of 2024-02-01 is not stored"),
        (("ask", "P(wheat above 500 within 5d)", "--price", "200"), "How high `wheat` rises"),
    ):
        result = run(*words, "-m", model)
        assert (result.exit_code, result.stdout) == (2, ""), words
        for part in ("error", "means", "to do"):
            assert part in result.stderr
        assert message in " ".join(result.stderr.split())


def test_the_ladder_prints_the_price_of_a_rung(
    files: tuple[Path, Path, float], capsys: pytest.CaptureFixture[str]
) -> None:
    model = open_model(str(files[0]), draws=5)
    found = causal.ladder(model, thresholds=(-0.05, -0.1), horizons=(5,))
    _screen(found)
    assert "from the close" not in capsys.readouterr().out
    _screen(replace(found, close=Close(200.0, LAST)))
    shown = capsys.readouterr().out
    assert f"from the close of 200 on {LAST}" in shown
    lines = [line.split() for line in shown.splitlines()]
    assert [words[0] for words in lines if words and words[0] in ("190", "180")] == ["190", "180"]


def test_a_price_beside_a_question_that_is_none_shows_what_is_wrong_with_it(
    files: tuple[Path, Path, float],
) -> None:
    found = run("ask", "P(wheat below 60dollars within 5d)", "-m", files[0], "--price", "100")
    assert found.exit_code == 2
    assert "named without a state" in found.stderr
    found = run("ask", "P(wheat=crash within 5d)", "-m", files[0], "--price", "100")
    assert "names no price level" in found.stderr
