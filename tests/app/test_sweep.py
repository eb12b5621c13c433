"""``causal sweep``: the numbers of Python, files, heat maps, interruptions."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.app.commands.ask import sweep as command
from causal.model.store import load, save
from causal.query.scenarios.scenario_file import grid_of
from causal.sweep.sweep import sweep
from tests.app.toy import GRAPH, toy

SIDES = ("leverage=low|high|-", "geopolitics=escalation for 2d|calm")
ASKED = ("--event", "bitcoin=crash", "--within", "3d", "--do", SIDES[0], "--do", SIDES[1])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("toy") / "toy.json"
    save(toy(), path)
    return str(path)


def run(*words: str) -> Any:
    return CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, ["sweep", *words])


def test_json_is_that_of_python(model: str) -> None:
    result = run(*ASKED, "--given", "bitcoin=*", "-m", model, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    what = grid_of(SIDES, ["bitcoin=*"], GRAPH)
    assert found == json.loads(
        json.dumps(sweep(load(model), what, "bitcoin=crash", within=3).to_dict())
    )
    assert len(found["rows"]) == 3 * 2 * 4


def test_the_screen_has_a_line_for_every_scenario(model: str) -> None:
    result = run(*ASKED, "-m", model)
    for name, _, _ in grid_of(SIDES, [], GRAPH):
        assert f"  {name}  " in result.stdout
    assert "base rate" in result.stdout
    many = run("--event", "bitcoin=crash", "--do", "leverage=*", "--do", "geopolitics=*",
               "--given", "bitcoin@-1=*|-", "-m", model)  # fmt: skip
    assert many.exit_code == 0, many.stderr
    assert "and 5 more scenarios: write all of them with --out" in many.stdout


def test_files_and_the_heat_map(model: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(
        "name,do,given\na,leverage=low,bitcoin=crash\nb,leverage=high,bitcoin=crash\n"
        "c,leverage=low,bitcoin=fall\n"
    )
    out, drawn = tmp_path / "r.parquet", tmp_path / "h.svg"
    words = ("--event", "bitcoin=crash", "--at", "2", "--scenarios", str(tmp_path / "s.csv"))
    result = run(*words, "-m", model, "--out", str(out), "--draw", str(drawn))
    assert result.exit_code == 0, result.stderr
    assert out.is_file()
    assert not (tmp_path / "r.parquet.part").exists()
    text = drawn.read_text()
    assert "do(leverage)" in text
    assert ">bitcoin<" in text


def test_axes_are_named_where_they_cannot_be_told(model: str, tmp_path: Path) -> None:
    three = (*ASKED, "--given", "bitcoin=fall|crash", "-m", model)
    drawn = tmp_path / "h.svg"
    result = run(*three, "--draw", str(drawn))
    assert result.exit_code == 2
    assert "--where" in result.stderr
    assert not drawn.exists()
    result = run(*three, "--draw", str(drawn), "--where", "bitcoin=crash", "--y", "leverage")
    assert result.exit_code == 0, result.stderr
    assert "where bitcoin=crash" in drawn.read_text()
    drawn.unlink()
    result = run(*three, "--draw", str(drawn), "--x", "bitcoin", "--y", "leverage")
    assert result.exit_code == 2
    assert "same cell" in result.stderr
    assert not drawn.exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--event", "bitcoin=crash"), "no scenario"),
        (("--event", "bitcoin=crush", "--do", "leverage=*"), "crush"),
        (("--event", "bitcoin=crash", "--do", "levrage=*"), "leverage"),
        (("--event", "bitcoin=crash", "--do", "leverage=low|hi"), "1 mistake"),
        ((*ASKED, "--scenarios", "x.csv"), "given twice"),
        ((*ASKED, "--budget", "0.0001s"), "budget"),
        ((*ASKED, "--out", "x.docx"), "x.docx"),
        ((*ASKED, "--draw", "x.png"), ".svg"),
        ((*ASKED, "--draw", "x.svg", "--where", "crash"), "picks no rows"),
        (("--event", "bitcoin=crash", "--within", "0", "--do", "leverage=*"), "no horizon"),
        (("--event", "bitcoin=crash", "--within", "99", "--do", "leverage=*"), "too far"),
    ],
)
def test_mistakes_are_the_users(
    words: tuple[str, ...],
    message: str,
    model: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words, "-m", model)
    assert result.exit_code == 2, result.stdout
    assert message in re.sub(r"\s+", " ", result.stderr)
    assert list(tmp_path.iterdir()) == []


def test_another_executor(model: str) -> None:
    one, other = (
        json.loads(run(*ASKED, "-m", model, "--json", *more).stdout)
        for more in ((), ("--executor", "processes", "--workers", "2"))
    )
    for mine, theirs in zip(one["rows"], other["rows"], strict=True):
        assert mine["probability"] == pytest.approx(theirs["probability"], abs=1e-12)


def test_a_bar_only_on_a_terminal(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(*ASKED, "-m", model).stderr == ""
    with command._bar() as progress:
        assert progress is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with command._bar() as progress:
        assert progress is not None
        progress(1, 2)


INTERRUPTED = """
import os, signal, sys
from causal.sweep import job as chunk
from causal.sweep import sweep

chunk.SIZE = 8
spread = sweep._spread

def stopped(executor, chunks):
    for number, some in enumerate(spread(executor, chunks)):
        if number == 1:
            os.kill(os.getpid(), signal.SIGINT)
        yield some

sweep._spread = stopped
from causal.app.cli import main
main()
"""


@pytest.mark.parametrize("keep", [True, False])
def test_ctrl_c_says_how_to_go_on(model: str, tmp_path: Path, keep: bool) -> None:
    root = Path(__file__).resolve().parents[2]
    words = ["sweep", *ASKED, "-m", model, *(["--out", "r.csv"] if keep else [])]
    result = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 128 + signal.SIGINT, result.stderr
    assert "Traceback" not in result.stderr
    assert "Interrupted" in result.stderr
    part = tmp_path / "r.csv.part"
    if not keep:
        assert "nothing is kept" in result.stderr
        assert list(tmp_path.iterdir()) == []
        return
    assert "the same command goes on" in result.stderr
    assert 0 < len(part.read_text().splitlines()) < 6
    again = CliRunner().invoke(app, [*words[:-1], str(tmp_path / "r.csv")])
    assert again.exit_code == 0, again.stderr
    assert not part.exists()
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 7
