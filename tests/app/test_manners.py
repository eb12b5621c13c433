"""Streams closed or full, widths that are none, and Ctrl-C: no traceback, a fair status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from causal.app.console import NARROWEST, WIDEST, Console
from causal.model.store import save
from tests.app.odd import Texts, panel_of, story_of
from tests.app.toy import toy

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
QUESTION = "P(bitcoin=crash)"
unix = pytest.mark.skipif(os.name == "nt", reason="streams and signals of Unix")

ENDLESS = """
import importlib, os, signal, sys, threading
name, _, attribute = sys.argv.pop(1).rpartition(".")
module = importlib.import_module(name)
true = getattr(module, attribute)

def endless(*words, **more):
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    while True:
        true(*words, **more)

setattr(module, attribute, endless)
from causal.app.entry import main
main()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("manners") / "toy.json"
    save(toy(), path)
    return str(path)


def shell(text: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = text.replace("causal", f"{sys.executable} -m causal", 1)
    return subprocess.run(
        ["bash", "-c", command], check=False, capture_output=True, text=True, cwd=ROOT,
        env={**ENVIRONMENT, **more},
    )  # fmt: skip


@pytest.mark.parametrize("columns", ["0", "1", "-5", "abc", "²", "9" * 30, ""])
def test_any_width_prints_the_whole_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    console = Console()
    assert NARROWEST <= console.width <= WIDEST
    console.print("P(bitcoin=crash) = 2.7%")
    assert "2.7%" in capsys.readouterr().out


@unix
def test_no_columns_is_no_reason_to_say_nothing(model: str) -> None:
    done = shell(f"causal ask '{QUESTION}' -m {model}", COLUMNS="0")
    assert (done.returncode, done.stderr) == (0, "")
    assert QUESTION in done.stdout


@unix
@pytest.mark.parametrize(
    ("streams", "question", "status"),
    [(">&-", QUESTION, 0), (">&- 2>&- <&-", QUESTION, 0), ("2>&-", "P(x=1)", 2),
     ("2>/dev/full", "P(x=1)", 2), (">/dev/full", QUESTION, 1)],
)  # fmt: skip
def test_streams_that_take_nothing(model: str, streams: str, question: str, status: int) -> None:
    done = shell(f"causal ask '{question}' -m {model} {streams}")
    assert (done.returncode, done.stdout) == (status, "")
    assert "Traceback" not in done.stderr


@unix
def test_a_closed_stream_is_not_written_into_a_file(model: str, tmp_path: Path) -> None:
    """The next file that is opened takes the number of a closed stream."""
    out = tmp_path / "chain.svg"
    done = shell(f"causal draw -m {model} --out {out} >&- 2>&- <&-")
    assert done.returncode == 0
    text = out.read_text("utf-8")
    assert text.startswith("<?xml")
    assert text.rstrip().endswith("</svg>")


@unix
@pytest.mark.parametrize("words", ["ask 'P(bitcoin=crash)'", "show"])
def test_a_reader_that_has_read_enough(model: str, words: str) -> None:
    done = shell(f"causal {words} -m {model} | head -1; exit ${{PIPESTATUS[0]}}")
    assert done.returncode in (0, 1)
    assert done.stderr == ""


@unix
@pytest.mark.parametrize("command", ["ladder", "fit", "tornado"])
def test_ctrl_c_at_work(model: str, tmp_path: Path, command: str) -> None:
    from causal.graph.story import write_story

    write_story(story_of(Texts()), tmp_path / "odd.toml")
    panel = str(panel_of(tmp_path / "odd.csv", "fear"))
    words = {
        "ladder": ["causal.drawdown.ladder.ladder", "ladder", "--draws", "50"],
        "fit": [
            "causal.learn.fit.fit",
            "fit",
            "odd.toml",
            "--data",
            str(panel),
            "--out",
            "m",
        ],
        "tornado": ["causal.explain.sensitivity.sensitivity", "tornado", QUESTION, "-m", model],
    }[command]
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS, *words], check=False, capture_output=True, text=True,
        cwd=tmp_path, env=ENVIRONMENT, timeout=60,
    )  # fmt: skip
    said = "Interrupted: nothing is kept, and no file was changed.\n"
    assert (done.returncode, done.stdout, done.stderr) == (130, "", said)
    assert not (tmp_path / "m").exists()


@unix
def test_ctrl_c_in_a_whole_group_of_processes(tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to the workers, too: they are quiet, and nobody waits for them."""
    kept = tmp_path / "rows.part"
    sides = [w for n in ("war", "trade", "leverage", "volatility") for w in ("--do", f"{n}=*")]
    words = ["sweep", "--event", "bitcoin=crash", "--within", "30d", *sides, "--given", "bitcoin=*"]
    child = subprocess.Popen(
        [sys.executable, "-m", "causal", *words, "--executor", "processes", "--workers", "2",
         "--checkpoint", str(kept)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=ENVIRONMENT,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)  # the workers are being loaded
    begun = time.monotonic()
    os.killpg(child.pid, signal.SIGINT)
    out, said = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "")
    assert said.startswith("Interrupted: ")
    assert said.count("\n") == 1
    assert time.monotonic() - begun < 5
