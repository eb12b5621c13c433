"""Following one command takes few files, and what is counted is function bodies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.entered import HOUSE, ROOT, entered
from tests.walk import WALKS, walk


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_enters_few_files(name: str) -> None:
    files = walk(name)
    limit, _ = WALKS[name]
    assert len(files) >= 10
    assert len(files) <= limit, f"{len(files)} files, at most {limit}: {' '.join(files)}"


NONE = """
import causal.errors
class Shape:
    sides = tuple(side for side in [1, 2])
    twice = lambda: 2
Shape.twice()
from dataclasses import make_dataclass
make_dataclass("Point", ["x"])(1)
"""
METHOD = "class Shape:\n    def area(self): pass\nShape().area()"
THREAD = (
    "from threading import Thread\ndef run(): pass\nt = Thread(target=run); t.start(); t.join()"
)
ABRUPT = "import os\ndef run(): os._exit(0)\nrun()"


@pytest.mark.parametrize(
    ("code", "counts"),
    [(NONE, False), (METHOD, True), (THREAD, True), (ABRUPT, True)],
    ids=["no body", "method", "thread", "abrupt end"],
)
def test_what_counts_as_entered(code: str, counts: bool, tmp_path: Path) -> None:
    made_up = HOUSE / "made_up.py"
    text = f"from tests.entered import Path, watch; watch(Path({str(tmp_path)!r}))\n"
    text += f"exec(compile({code!r}, {str(made_up)!r}, 'exec'), {{'__name__': 'causal.made_up'}})"
    subprocess.run([sys.executable, "-c", text], cwd=ROOT, check=True)
    found = entered(tmp_path) - {"causal/__init__.py"}  # it takes in every module that is loaded
    assert found == ({"causal/made_up.py"} if counts else set())
