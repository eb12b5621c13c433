"""The way in answers as the command line does, and leaves everything else to it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from causal.app.entry import plain_question

QUESTION = "P(bitcoin=crash within 2d | do(leverage=high))"


WHOLE = "from causal.app.cli import main; main()"  # the command line, without the way in


def entered(*words: str, door: bool = True) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    command = [sys.executable, *(["-m", "causal"] if door else ["-c", WHOLE]), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8")


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
    done = entered("ask", question, "--json")
    whole = entered("ask", question, "--json", door=False)
    assert (done.returncode, done.stderr, whole.returncode) == (0, "", 0)
    assert done.stdout == whole.stdout
    assert json.loads(done.stdout)["query"] == question


@pytest.mark.parametrize(
    ("words", "loaded"), [(["--json"], False), (["--json", "--draws=9"], True)]
)
def test_the_command_line_is_loaded_only_when_it_is_needed(words: list[str], loaded: bool) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "causal", "ask", QUESTION, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
    modules = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "numpy" in modules
    assert ("typer" in modules) is loaded
    assert json.loads(done.stdout)["draws"] == (9 if loaded else 2000)


def test_a_mistake_is_told_by_the_command_line() -> None:
    done = entered("ask", "P(bitcoin=krash)", "--json")
    whole = entered("ask", "P(bitcoin=krash)", "--json", door=False)
    assert (done.returncode, done.stdout) == (2, "") == (whole.returncode, whole.stdout)
    assert done.stderr == whole.stderr


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
