"""``causal check``: the numbers of Python, on a screen and as JSON; disagreement is no error."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.app.opening import open_history, open_model
from causal.check.conditionals import conditionals, disagreeing, informative, kinds
from causal.check.drawdowns import ALL, drawdowns, last_years
from causal.check.rungs import rungs
from causal.data.panel import read_panel
from causal.data.states import states
from causal.graph.story import read_story
from tests.app.wheat import write_wheat

LADDER = ("--thresholds=-5%,-10%", "--horizons", "1,5", "--years", "2", "--draws", "10")


def run(*words: str | Path) -> Any:
    runner = CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1"})
    return runner.invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A fitted model, and its panel."""
    folder = tmp_path_factory.mktemp("wheat")
    story, panel = write_wheat(folder)
    model = folder / "wheat.json"
    assert run("fit", story, "--data", panel, "--out", model).exit_code == 0
    return model, panel


def test_conditionals_are_those_of_python(files: tuple[Path, Path]) -> None:
    path, panel = files
    result = run("check", "conditionals", "-m", path, "--data", panel, "--least", "40", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    model = open_model(str(path))
    assert model.fit is not None
    days = states(read_panel(panel), model.graph, cuts=model.fit.provenance.cuts)
    rows = conditionals(model, days, least=40)
    assert len(found["rows"]) == len(informative(rows)) > 100
    apart = disagreeing(model.graph, rows)
    assert apart
    for row, want in zip(found["rows"], apart, strict=False):
        assert (row["event"], row["given"], row["model"]) == (want.event, want.given, want.model)
        assert not row["agrees"]
    assert all(row["agrees"] for row in found["rows"][len(apart) :])
    groups = kinds(model.graph, rows)
    assert [k["compared"] for k in found["kinds"]] == [len(some) for some in groups.values()]
    assert sum(k["disagree"] for k in found["kinds"]) == len(apart)


def test_what_the_story_claims_and_misses_comes_first(files: tuple[Path, Path]) -> None:
    path, panel = files
    words = ("check", "conditionals", "-m", path, "--data", panel, "--least", "40")
    shown = run(*words, "--top", "1").stdout
    claimed = [r for r in json.loads(run(*words, "--json").stdout)["rows"] if not r["agrees"]]
    assert [r["claimed"] for r in claimed] == sorted((r["claimed"] for r in claimed), reverse=True)
    assert f"... and {len(claimed) - 1:,} more that disagree" in shown
    first = claimed[0]
    assert f"P({first['event']} | {first['given']})" in shown
    assert {"drought", "funds_selling"} == {
        first[key].partition("=")[0] for key in ("event", "given")
    }, "the arrow that the story lacks"
    same_day = json.loads(run(*words, "--same-day", "--json").stdout)
    assert len(same_day["kinds"]) == 2


def test_drawdowns_are_those_of_python(files: tuple[Path, Path]) -> None:
    path, panel = files
    result = run("check", "drawdowns", *LADDER, "-m", path, "--data", panel, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    days = read_panel(panel)
    want = drawdowns(
        open_model(str(path), draws=10), days, years=last_years(days, 2),
        thresholds=(-0.05, -0.10), horizons=(1, 5),
    )  # fmt: skip
    assert {(r["period"], r["days"], r["threshold"], r["model"]) for r in found["rows"]} == {
        (r.period, r.days, r.threshold, r.model) for r in want
    }
    assert found["disagree"] == sum(not r.agrees for r in want)
    agreeing = [r["agrees"] for r in found["rows"]]
    assert agreeing == sorted(agreeing)
    screen = run("check", "drawdowns", *LADDER, "-m", path, "--data", panel).stdout
    assert f"{len(want) - found['disagree']} of {len(want)} rungs agree" in screen
    assert ALL in screen


def test_years_without_days_are_left_out_and_none_is_an_error(files: tuple[Path, Path]) -> None:
    path, panel = files
    words = ("check", "drawdowns", "-m", path, "--data", panel, "--draws", "2", "--thresholds=-5%")
    many = run(*words, "--horizons", "1", "--years", "9", "--json")
    assert many.exit_code == 0, many.stderr
    periods = {r["period"] for r in json.loads(many.stdout)["rows"]}
    assert periods == {"2022", "2023", ALL}
    none = run(*words, "--horizons", "900")
    assert (none.exit_code, none.stdout) == (2, "")
    assert "No year has a day" in none.stderr


@pytest.mark.parametrize("command", ["conditionals", "drawdowns"])
def test_a_vintage_of_a_file_is_refused(files: tuple[Path, Path], command: str) -> None:
    path, panel = files
    words = ("check", command, "-m", path, "--data", panel, "--vintage", "2024-01-01")
    assert "A vintage is asked of a file" in run(*words).stderr


def test_rungs_are_those_of_python(files: tuple[Path, Path], tmp_path: Path) -> None:
    _, panel = files
    story, _ = write_wheat(tmp_path)
    words = ("check", "rungs", "--story", story, "--data", panel, "--years", "1")
    words += ("--thresholds=-3%,-5%", "--horizons", "1,7", "--workers", "1")
    result = run(*words, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    told = read_story(story)
    want = rungs(
        told, open_history(None, str(panel), told.graph),
        years=(2023,), thresholds=(-0.03, -0.05), horizons=(1, 7),
    )  # fmt: skip
    assert found["rows"] == [{**asdict(r), "outside": r.outside} for r in want]
    apart = sum(r.outside for r in want)
    assert found["years"] == [{"year": 2023, "outside": apart, "judged": 4}]
    screen = run(*words).stdout
    assert f"{apart} of 4 frequencies lie outside the 90% band" in screen
