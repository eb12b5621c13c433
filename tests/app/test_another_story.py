"""Every command on a story about another asset: it answers, and speaks of nothing else.

The commands are those of the typer app, so a new one fails here until it is tried on wheat.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.app.opening import asked_variable, open_model
from tests.app.test_options import commands
from tests.app.wheat import OF_CRYPTO, write_wheat

FEW = ("--draws", "5")
DAY = ("--data", "wheat.csv", "--asof", "2023-12-31")
CALLS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ask": (
        ("ask", "P(wheat=crash within 3d | do(margin_calls=few), drought=dry)"),
        ("ask", "P(drawdown <= -10% within 3d)", *FEW, *DAY),
        ("ask", "--event", "wheat=crash", "--within", "2d", "--draw", "ask.dot"),
    ),
    "now": (("now", *DAY, *FEW), ("now", "P(wheat below 1 within 3d)", *DAY, *FEW)),
    "sweep": (
        ("sweep", "--event", "wheat=crash", "--do", "margin_calls=few|many", "--within", "2d"),
        ("sweep", "--event", "drawdown <= -10%", "--within", "2d", "--given", "drought=*", *FEW),
    ),
    "ladder": (("ladder", "--horizons", "1,3", "--thresholds=-5%,-10%", *FEW),),
    "tornado": (("tornado", "P(wheat=crash within 2d)", "--top", "3"),),
    "path": (("path", "P(wheat=crash within 2d)", "--k", "2"),),
    "loop": (
        ("loop", "P(wheat=crash within 3d)"),
        ("loop", "P(drawdown <= -10% within 3d)", *FEW),
        ("loop", "P(wheat=crash within 3d)", "--through", "funds_selling", "--start", "drought"),
    ),
    "show": (("show",),),
    "draw": (("draw", "--out", "wheat.dot", "--do", "export_ban=yes"),),
    "fit": (("fit", "wheat.toml", "--data", "wheat.csv", "--out", "again.json"),),
    "conditionals": (("check", "conditionals", "--data", "wheat.csv", "--least", "50"),),
    "drawdowns": (
        ("check", "drawdowns", "--data", "wheat.csv", "--years", "1", "--horizons", "1,3", *FEW),
    ),
    "rungs": (
        (
            "check",
            "rungs",
            "--story",
            "wheat.toml",
            "--data",
            "wheat.csv",
            "--years",
            "1",
            "--horizons",
            "1,3",
            "--thresholds=-5%",
            "--workers",
            "1",
        ),
    ),
    "skill": (
        (
            "check",
            "skill",
            "--story",
            "wheat.toml",
            "--data",
            "wheat.csv",
            "--horizon",
            "3",
            "--from",
            "2023-06-01",
            "--to",
            "2023-06-20",
            "--refit",
            "month",
            "--workers",
            "1",
            "--alone",
            "drought",
        ),
    ),
    "coverage": (
        (
            "check",
            "coverage",
            "--story",
            "wheat.toml",
            "--data",
            "wheat.csv",
            "--histories",
            "2",
            "--workers",
            "1",
            *FEW,
        ),
    ),
    "dependence": (("check", "dependence", "--data", "wheat.csv"),),
    "status": (("data", "status"),),
    "hours": (("data", "hours", "bars.csv", "--data", "wheat.csv", "--out", "hours.csv"),),
    "pull": (("data", "pull", "wheat", "--sources", "own.toml"),),
}
LABORATORY = {"run", "truth", "gain"}  # the market behind the shipped story, and no other
OWN = """
[sources.wheat]
publisher = "The mill"
path = "wheat.csv"
columns = { wheat_close = "wheat_close" }
"""
BARS = """open_time,open,close
2023-12-30 00:00,500,501
2023-12-30 04:00,501,499
"""
WRONG = (
    ("ask",),
    ("loop", "P(drought=dry within 3d)"),
    ("loop", "P(wheat=crash within 3d)", "--edge", "wheat=calm"),
    ("sweep", "--event", "wheat=crash"),
    ("ask", "P(wheat within 7d)"),
    ("ask", "P(wheat above 500 within 3d)", "--price", "200"),
)


@pytest.fixture(scope="module")
def wheat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the story, the panel and the fitted model."""
    folder = tmp_path_factory.mktemp("wheat")
    story, panel = write_wheat(folder)
    (folder / "own.toml").write_text(OWN)
    (folder / "bars.csv").write_text(BARS)
    words = ["fit", str(story), "--data", str(panel), "--out", str(folder / "wheat.json")]
    assert CliRunner().invoke(app, words).exit_code == 0
    return folder


def run(wheat: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.chdir(wheat)
    own = {"CAUSAL_CACHE": str(wheat / "cache"), "COLUMNS": "120", "NO_COLOR": "1"}
    fitted = words[0] not in {"fit", "data"} and "--story" not in words
    model = ("-m", "wheat.json") if fitted else ()
    return CliRunner(env=own).invoke(app, [*words, *model])


def of_crypto(text: str) -> list[str]:
    return [word for word in OF_CRYPTO if word in text.lower()]


def test_every_command_is_tried() -> None:
    assert set(CALLS) == {name for name, _ in commands()} - LABORATORY


@pytest.mark.parametrize(
    ("name", "words"),
    [(name, words) for name, calls in CALLS.items() for words in calls],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_speaks_of_wheat_alone(
    name: str, words: tuple[str, ...], wheat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "pull":
        pytest.importorskip("httpx")
    takes = {opt for key, command in commands() if key == name for p in command.params
             for opt in p.opts}  # fmt: skip
    plain = run(wheat, monkeypatch, *words)
    assert plain.exit_code == 0, plain.stderr
    texts = [plain.stdout, plain.stderr]
    if "--json" in takes:
        record = run(wheat, monkeypatch, *words, "--json")
        assert record.exit_code == 0, record.stderr
        assert json.loads(record.stdout)
        texts.append(record.stdout)
    texts += [p.read_text() for p in wheat.glob("*.dot")]
    assert [of_crypto(text) for text in texts] == [[]] * len(texts)


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_advice_is_about_the_model_that_was_asked(
    words: tuple[str, ...], wheat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(wheat, monkeypatch, *words)
    assert result.exit_code == 2
    assert "to do   " in result.stderr
    assert not of_crypto(result.stderr), result.stderr


def test_what_is_asked_by_itself_is_the_price(wheat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a story that ends with another variable than the one whose price it knows, too."""
    text = (wheat / "wheat.toml").read_text()
    start, end = text.index("[variables.drought]"), text.index("[variables.export_ban]")
    block = text[start:end]
    edges = text.index("[[edges]]")
    turned = text[:start] + text[end:edges] + block + text[edges:]
    (wheat / "turned.toml").write_text(turned)
    words = ("fit", "turned.toml", "--data", "wheat.csv", "--out", "turned.json")
    assert run(wheat, monkeypatch, *words).exit_code == 0
    model = open_model("turned.json")
    assert model.graph.names[-1] == "drought"
    assert asked_variable(model).name == "wheat"
    loop = json.loads(run(wheat, monkeypatch, *CALLS["loop"][0], "--json").stdout)
    assert loop["edges"] == ["wheat@-1 -> funds_selling cut", "wheat@-1 -> margin_calls cut"]
    assert {tuple(s["states"]) for s in loop["starts"]} == {("margin_calls",)}
