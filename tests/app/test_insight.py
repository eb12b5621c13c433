"""``causal tornado`` and ``causal path``: the numbers of Python, on a screen and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.answer.format import share
from causal.app.cli import app
from causal.explain.sensitivity import sensitivity
from causal.infer.most_probable_paths import likeliest
from causal.model.store import load, save
from tests.app.toy import toy

QUESTION = "P(bitcoin=crash within 3d | do(geopolitics=escalation), leverage=high)"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("toy") / "toy.json"
    save(toy(), path)
    return str(path)


def run(*words: str) -> Any:
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, list(words))


def test_tornado_in_json_is_that_of_python(model: str) -> None:
    result = run("tornado", QUESTION, "-m", model, "--top", "4", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == sensitivity(load(model), QUESTION, top=4).to_dict()
    assert len(json.loads(result.stdout)["rows"]) == 4


def test_the_tornado_shows_every_row_with_its_bar(model: str) -> None:
    found = sensitivity(load(model), QUESTION, top=4)
    lines = run("tornado", QUESTION, "-m", model, "--top", "4").stdout.splitlines()
    bars = [line for line in lines if "━" in line]
    assert len(bars) == 4
    assert all("┿" in bar for bar in bars)
    lengths = [bar.count("━") for bar in bars]
    assert lengths[0] == max(lengths) > min(lengths)
    for row, bar in zip(found.rows, bars, strict=True):
        assert f"{share(row.low)} to {share(row.high)}" in bar
        assert any(row.name in line for line in lines)
    text = "\n".join(lines)
    assert f"{found.used - 4} other rows" in text
    assert f"100 more ordinary days narrow the interval by {found.ordinary:.2f}" in text


def test_a_bounded_effect_says_so(tmp_path: Path) -> None:
    save(toy(confounded=True), tmp_path / "m.json")
    words = ("tornado", "P(bitcoin=crash | do(leverage=high))", "-m", str(tmp_path / "m.json"))
    assert "licensed by doing, assumed" in run(*words).stdout
    assert json.loads(run(*words, "--json").stdout)["claim"]["licensed_by"] == "assumed"


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_tornado_is_drawn_the_same_every_time(
    suffix: str, model: str, tmp_path: Path, needs: Callable[[str], ModuleType]
) -> None:
    needs("matplotlib")
    first, second = (tmp_path / f"{n}{suffix}" for n in "ab")
    for out in (first, second):
        result = run("tornado", QUESTION, "-m", model, "--top", "5", "--out", str(out))
        assert result.exit_code == 0, result.stderr
    assert first.read_bytes() == second.read_bytes()
    if suffix == ".svg":
        text = first.read_text(encoding="utf-8")
        for row in sensitivity(load(model), QUESTION, top=5).rows:
            assert row.name.partition(" | ")[0] in text


def test_a_wrong_suffix_is_refused(model: str, tmp_path: Path) -> None:
    result = run("tornado", QUESTION, "-m", model, "--out", str(tmp_path / "t.docx"))
    assert result.exit_code == 2
    assert ".svg, .png or .pdf" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_only_the_picture_is_wanting(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = run("tornado", QUESTION, "-m", model, "--out", str(tmp_path / "t.svg"))
    assert result.exit_code != 0
    assert "causal-crash[plot]" in result.stderr
    assert run("tornado", QUESTION, "-m", model).exit_code == 0


def test_path_in_json_is_that_of_python(model: str) -> None:
    result = run("path", QUESTION, "-m", model, "--k", "5", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found == likeliest(load(model), QUESTION, k=5).to_dict()
    assert len(found["paths"]) == 5
    for one in found["paths"]:
        assert [d["day"] for d in one["days"]] == [-1, 0, 1, 2, 3]
        for day in one["days"]:
            odd = [n for n, s in day["states"].items() if s != found["usual"][n]]
            assert day["unusual"] == odd


def test_the_path_lists_what_is_unusual(model: str) -> None:
    found = likeliest(load(model), QUESTION)
    text = run("path", QUESTION, "-m", model).stdout
    for place, one in enumerate(found.paths):
        assert f"{place + 1}.  {one.share:.2g} of the event's probability" in text
        assert f"first on day {one.first}" in text
        for states in found.unusual(one).values():
            assert "  ".join(f"{n}={s}" for n, s in states.items()) in text
    assert text.count("day -1") == 3
    assert "times as likely as the first" in text


def test_every_variable_on_request(model: str) -> None:
    words = ("path", "P(geopolitics=escalation)", "-m", model, "--json", "--k", "1")
    few, every = (json.loads(run(*words, *more).stdout) for more in ((), ("--all",)))
    assert set(few["paths"][0]["days"][-1]["states"]) == {"geopolitics"}
    assert set(every["paths"][0]["days"][-1]["states"]) == set(toy().graph.names)


@pytest.mark.parametrize("command", ["tornado", "path"])
def test_mistakes_are_the_users(command: str, model: str) -> None:
    result = run(command, "P(bitcoin=crush)", "-m", model)
    assert result.exit_code == 2
    assert "crash" in result.stderr
    impossible = "P(bitcoin=crash | do(leverage=low), leverage=high)"
    assert run(command, impossible, "-m", model).exit_code == 2


def test_ask_by_the_delta_method(model: str) -> None:
    result = run("ask", QUESTION, "-m", model, "--interval", "delta", "--json")
    found = json.loads(result.stdout)
    assert found["interval"]["by"] == "delta"
    assert found["draws"] == 0
    screen = run("ask", QUESTION, "-m", model, "--interval", "delta").stdout
    assert "in closed form (delta method)" in screen
    assert "--interval delta" in screen.splitlines()[-1]
