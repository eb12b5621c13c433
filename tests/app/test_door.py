"""The way in answers as the command line does, and leaves everything else to it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.app.door import plain_question

QUESTION = "P(bitcoin=crash within 2d | do(leverage=high))"
LOADED = """
import sys
from causal.app.door import main
sys.argv = ["causal", *{words!r}]
status = 0
try:
    main()
except SystemExit as end:
    status = end.code
sys.stderr.write(f"status {{status}} typer {{'typer' in sys.modules}}")
"""


def entered(*words: str) -> tuple[str, str]:
    """What a command prints, and the last line of its standard error."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(words=words)],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (["ask", QUESTION, "--json"], QUESTION),
        (["ask", "--json", QUESTION], QUESTION),
        (["ask", QUESTION], None),
        (["ask", "--json"], None),
        (["ask", "--json", "--json"], None),
        (["ask", "", "--json"], None),
        (["ask", "--help", "--json"], None),
        (["ask", QUESTION, "--json", "--draws"], None),
        (["show", "--json", QUESTION], None),
        ([], None),
    ],
)
def test_only_a_plain_question_is_plain(words: Sequence[str], query: str | None) -> None:
    assert plain_question(words) == query


@pytest.mark.parametrize("question", [QUESTION, "P(bitcoin=crash | leverage=high)"])
def test_the_same_text_as_the_command_line(question: str) -> None:
    printed, said = entered("ask", question, "--json")
    assert said == "status 0 typer False"
    whole = CliRunner().invoke(app, ["ask", question, "--json"])
    assert whole.exit_code == 0
    assert printed == whole.stdout
    assert json.loads(printed)["query"] == question


def test_a_mistake_is_told_by_the_command_line() -> None:
    printed, said = entered("ask", "P(bitcoin=krash)", "--json")
    whole = CliRunner().invoke(app, ["ask", "P(bitcoin=krash)", "--json"])
    assert (printed, whole.exit_code) == ("", 2)
    assert said == f"{whole.stderr}status 2 typer True"


def test_a_reader_that_has_gone_away() -> None:
    command = [sys.executable, "-m", "causal", "ask", QUESTION, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        told = running.stderr.read()
    assert (running.returncode, told) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "causal", "ask", QUESTION, "--json"],
            check=False, stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert "The system refused" in done.stderr
    assert "Traceback" not in done.stderr
