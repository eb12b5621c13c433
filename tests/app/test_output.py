"""What an output needs is told before the work: no engine is reached."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.app.output import ready
from causal.errors import CausalError
from causal.file import writable
from causal.model.store import save
from tests.app.odd import Texts, panel_of, story_of
from tests.app.toy import toy

EVENT = "bitcoin=crash"
COMMANDS = {
    "ask": (["ask", f"P({EVENT})"], "--draw", ".svg"),
    "draw": (["draw"], "--out", ".svg"),
    "tornado": (["tornado", f"P({EVENT})"], "--out", ".svg"),
    "ladder": (["ladder"], "--draw", ".svg"),
    "sweep": (["sweep", "--event", EVENT, "--do", "leverage=*"], "--out", ".csv"),
    "map": (["sweep", "--event", EVENT, "--do", "leverage=*"], "--draw", ".svg"),
    "fit": (["fit", "STORY"], "--out", ".json"),
}
ENGINES = (
    "causal.ask.ask",
    "causal.infer.marginals.marginals",
    "causal.show.diagram.illustrated",
    "causal.explain.sensitivity.sensitivity",
    "causal.drawdown.ladder.ladder",
    "causal.sweep.sweep.sweep",
    "causal.learn.fit.fit",
    "causal.data.panel.read_panel",
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from causal.graph.story import write_story

    found = tmp_path_factory.mktemp("outputs")
    save(toy(), found / "toy.json")
    write_story(story_of(Texts()), found / "odd.toml")
    panel_of(found / "odd.csv", "fear")
    return found


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reaches an engine has begun the work."""

    def reached(*args: Any, **more: Any) -> None:
        raise AssertionError("the work was begun")

    for engine in ENGINES:
        module, _, name = engine.rpartition(".")
        monkeypatch.setattr(import_module(module), name, reached)


def refused(place: Path, command: str, out: Path, *more: str) -> str:
    """What a command says that has to fail by its output."""
    words, flag, _ = COMMANDS[command]
    data = ["--data", str(place / "odd.csv")] if command == "fit" else []
    model = [] if command == "fit" else ["--model", str(place / "toy.json")]
    words = [str(place / "odd.toml") if w == "STORY" else w for w in words]
    result = CliRunner().invoke(app, [*words, *data, *model, flag, str(out), *more])
    assert (result.exit_code, result.stdout) == (2, ""), (result.stdout, result.stderr)
    assert "the work was begun" not in result.stderr
    return " ".join(result.stderr.split())


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_that_cannot_be_written(place: Path, tmp_path: Path, command: str) -> None:
    suffix = COMMANDS[command][2]
    assert "none" in refused(place, command, tmp_path / "none" / f"out{suffix}")
    (tmp_path / f"folder{suffix}").mkdir()
    assert "folder" in refused(place, command, tmp_path / f"folder{suffix}")
    assert [p.name for p in tmp_path.iterdir()] == [f"folder{suffix}"]


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("command", [c for c in COMMANDS if c != "fit"])
def test_a_suffix_that_says_nothing(place: Path, tmp_path: Path, command: str) -> None:
    assert "cannot be saved as `out.xyz`" in refused(place, command, tmp_path / "out.xyz")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("command", "suffix", "module"),
    [("ladder", ".png", "matplotlib"), ("tornado", ".svg", "matplotlib")],
)
def test_a_library_that_is_not_there(
    place: Path, tmp_path: Path, command: str, suffix: str, module: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, module, None)
    assert f"{module} is not installed" in refused(place, command, tmp_path / f"x{suffix}")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("command", "suffix", "what"),
    [("sweep", ".parquet", "pyarrow is not"), ("draw", ".svg", "no Graphviz here"),
     ("ask", ".png", "no Graphviz here")],
)  # fmt: skip
def test_nothing_of_what_it_needs_is_found(
    place: Path, tmp_path: Path, command: str, suffix: str, what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for module in ("causal.sweep.result", "causal.show.render"):
        monkeypatch.setattr(import_module(module), "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    assert what in refused(place, command, tmp_path / f"x{suffix}")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("kind", ["diagram", "ladder", "tornado"])
def test_letters_that_no_font_has(tmp_path: Path, kind: Any) -> None:
    with pytest.raises(CausalError, match=r"\.svg"):
        ready(str(tmp_path / "x.png"), kind, "plain and \U000e0041\ufdd0 ค🜀")
    ready(str(tmp_path / "x.svg"), kind, "ค🜀")
    ready(str(tmp_path / "x.png"), kind, "é 槓桿 → ≤")
    assert list(tmp_path.iterdir()) == []


def test_the_labels_of_a_diagram_are_among_the_letters(place: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    model = toy(draws=8)
    named = tuple(replace(v, label="ความเสี่ยง") for v in model.graph.variables)
    save(replace(model, graph=replace(model.graph, variables=named)), tmp_path / "thai.json")
    words = ["ask", f"P({EVENT})", "-m", str(tmp_path / "thai.json"), "--draw"]
    result = CliRunner().invoke(app, [*words, str(tmp_path / "x.png")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Thai" in result.stderr
    assert CliRunner().invoke(app, [*words, str(tmp_path / "x.svg")]).exit_code == 0


def test_what_can_be_written_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("kept")
    for name in ("there", "new"):
        writable(tmp_path / name, CausalError)
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"there": "kept"}
