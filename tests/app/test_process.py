"""The command line as a process of its own: what it loads, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.app.conftest import QUESTION


def cold(*words: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "causal", *words], check=False, capture_output=True, text=True
    )


def test_the_whole_command_as_a_process(model: str) -> None:
    good = cold("ask", QUESTION, "--model", model, "--json")
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout)["query"] == QUESTION
    bad = cold("ask", "P(bitcoin=crahs)", "--model", model)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "Did you mean `crash`?" in bad.stderr
    nothing = cold()
    assert nothing.returncode == 2
    assert "Commands:" in nothing.stdout + nothing.stderr


IMPORTED = """
import sys
from causal.app.cli import main
sys.argv = ["causal", *{words!r}]
try:
    main()
except SystemExit as end:
    status = end.code
print("status", status, file=sys.stderr)
print(*sorted(sys.modules), file=sys.stderr)
"""


def imported(*words: str) -> set[str]:
    """Modules in memory after a command that has to succeed."""
    script = IMPORTED.format(words=words)
    result = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True
    )
    status, modules = result.stderr.splitlines()[-2:]
    assert status == "status 0", result.stderr
    return set(modules.split())


def test_help_imports_nothing_heavy() -> None:
    found = imported("--help")
    assert "typer" in found
    assert not found & {"numpy", "networkx", "rich.table", "pandas", "pgmpy", "pygraphviz"}


def test_ask_imports_no_heavy_library(model: str) -> None:
    found = imported("ask", QUESTION, "--model", model)
    assert {"numpy", "rich.table"} <= found
    assert not found & {"pandas", "pgmpy", "scipy", "sklearn", "matplotlib", "narwhals", "tomlkit"}
    assert "rich.console" not in imported("ask", QUESTION, "--model", model, "--json")


def test_a_reader_that_leaves_is_no_error(model: str) -> None:
    for words in (("show",), ("ask", QUESTION), ("ask", QUESTION, "--json")):
        process = subprocess.Popen(
            [sys.executable, "-m", "causal", *words, "--model", model],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait() in (0, 1)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for a child process")
def test_interrupt_is_status_130_and_a_line(tmp_path: Path, bif: str) -> None:
    fifo = tmp_path / "slow.json"
    os.mkfifo(fifo)
    process = subprocess.Popen(
        [sys.executable, "-m", "causal", "show", "--model", str(fifo)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with fifo.open("w"):  # returns once the command waits for the model: it is at work
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    said = "Interrupted: nothing is kept, and no file was changed.\n"
    assert (process.returncode, out, err) == (130, "", said)
