"""``causal ladder``: the numbers of Python, on a screen, as JSON and as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import causal
from causal.app.cli import app
from causal.app.opening import open_model
from causal.drawdown.ladder import ladder

FEW = ("--draws", "16", "--horizons", "1,3", "--thresholds", "-5%,-0.1")


def run(*words: str) -> Any:
    return CliRunner(env={"COLUMNS": "120", "NO_COLOR": "1"}).invoke(app, ["ladder", *words])


def test_json_is_that_of_python() -> None:
    result = run(*FEW, "--do", "leverage=low", "--given", "near_support=near", "--json")
    assert result.exit_code == 0, result.stderr
    model = open_model(None, draws=16).do(leverage="low")
    want = ladder(
        model, given={"near_support": "near"}, thresholds=(-0.05, -0.1), horizons=(1, 3)
    ).to_dict()
    assert json.loads(result.stdout) == json.loads(json.dumps(want))


def test_the_screen_shows_rungs_and_what_stands_behind() -> None:
    result = run(*FEW, "--do", "leverage=low for 2d", "--usual", "3%", "--price", "low")
    assert result.exit_code == 0, result.stderr
    for part in ("drawdown | do(leverage=low for 2d)", "within 1d", "within 3d", "-5%", "-10%",
                 "base ", "worst 5%", "usual volatility 3.00%", "worst low", "grid error",
                 "licensed by doing, identified"):  # fmt: skip
        assert part in result.stdout, part


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_the_fan_is_drawn(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    out = tmp_path / f"fan{suffix}"
    assert run(*FEW, "--draw", str(out)).exit_code == 0
    first = out.read_bytes()
    start = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}[suffix]
    assert first.startswith(start)
    assert len(first) > 4_000
    assert run(*FEW, "--draw", str(out)).exit_code == 0
    assert out.read_bytes() == first
    if suffix == ".svg":
        text = first.decode()
        assert "P(drawdown)" in text
        assert "1 in 100" in text
        assert "-10%" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--thresholds", "10%"), "is no loss"),
        (("--thresholds", "deep"), "is no threshold"),
        (("--thresholds", ","), "none, or one is given twice"),
        (("--horizons", "0"), "no horizon of a ladder"),
        (("--horizons", "99"), "no horizon of a ladder"),
        (("--horizons", "soon"), "is not a horizon"),
        (("--usual", "much"), "is no usual volatility"),
        (("--usual", "0"), "is no usual volatility"),
        (("--do", "leverage"), "named without a state"),
        (("--draw", "fan.docx"), "cannot be saved as"),
    ],
)
def test_bad_input_is_the_users(words: tuple[str, ...], message: str) -> None:
    result = run("--draws", "2", "--horizons", "1", *words)
    assert result.exit_code == 2, (result.exit_code, result.stdout)
    assert message in " ".join(result.stderr.split())


def test_ladder_is_public() -> None:
    assert causal.ladder is ladder
