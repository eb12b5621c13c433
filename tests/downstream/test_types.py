"""Programs of users are checked by the types that the package ships (``py.typed``), strictly."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import causal
from tests.conftest import ROOT
from tests.walk import STORY, panel

HERE = Path(__file__).resolve().parent
PROGRAMS = ("right.py", "wrong.py")
ERROR = re.compile(r"^(\w+\.py):(\d+): error: .*\[([a-z-]+)\]$", re.MULTILINE)
MARK = re.compile(r"# wrong: ([a-z-]+)$")


@pytest.fixture(scope="module")
def errors(
    tmp_path_factory: pytest.TempPathFactory, needs: Callable[[str], ModuleType]
) -> set[tuple[str, int, str]]:
    """What ``mypy --strict`` says, far from this checkout: `causal` is a library on the path."""
    needs("mypy")
    folder = tmp_path_factory.mktemp("downstream")
    for name in PROGRAMS:
        shutil.copy(HERE / name, folder)
    environment = {n: v for n, v in os.environ.items() if not n.startswith("MYPY")}
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", *PROGRAMS],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr  # 0: nothing seen, 2: mypy did not run
    return {(file, int(line), code) for file, line, code in ERROR.findall(run.stdout)}


def test_a_right_program_passes(errors: set[tuple[str, int, str]]) -> None:
    """Every ``assert_type`` in it holds, too."""
    assert (HERE / "right.py").read_text(encoding="utf-8").count("assert_type(") >= 15
    assert not {error for error in errors if error[0] == "right.py"}


def test_every_mistake_of_a_wrong_program_is_seen(errors: set[tuple[str, int, str]]) -> None:
    lines = (HERE / "wrong.py").read_text(encoding="utf-8").splitlines()
    marks = {(n, m[1]) for n, line in enumerate(lines, start=1) if (m := MARK.search(line))}
    assert len(marks) >= 10
    found = {(line, code) for file, line, code in errors if file == "wrong.py"}
    assert marks <= found
    assert {line for line, _ in marks} == {line for line, _ in found}


def test_the_right_program_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What types allow is what runs."""
    program = runpy.run_path(str(HERE / "right.py"), run_name="__main__")
    assert "P(bitcoin=crash within 3d | do(leverage=low)): identified" in capsys.readouterr().out
    history = str(panel(tmp_path / "panel.csv"))
    assert isinstance(
        program["own"](str(STORY), history, str(tmp_path / "m.json")), causal.CausalModel
    )
