"""How many files of the house a reader has to open to follow one command.

``python -m tests.walk`` runs four commands, each once in a process of its own, and counts the files
of ``causal/`` that have a function body entered on the way (``tests/entered.py`` says what counts).
``--files`` lists them.  The limit is what was reached and is held; what was ``ASKED`` of the second
house stands beside it.  Kernels are left aside: ``CAUSAL_COMPILED=0``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import causal
from tests.entered import ROOT, entered

STORY = ROOT / "models" / "crash.toml"
QUESTION = "P(bitcoin=crash within 7d | do(geopolitics=escalation), leverage=high)"
LADDER = "ladder --thresholds -10% --horizons 7 --draws 50"
SWEEP = "sweep --event bitcoin=crash --within 7d --do leverage=low|high --draws 50"
Words = Callable[[Path], list[str]]
ASKED = {"ask": 32, "fit": 22, "ladder": 40, "sweep": 42}  # of the second house; not reached
WALKS: dict[str, tuple[int, Words]] = {
    "ask": (63, lambda folder: ["ask", QUESTION]),
    "fit": (80, lambda folder: ["fit", str(STORY), "--data", str(panel(folder / "panel.csv")),
                                "--out", str(folder / "model.json")]),
    "ladder": (67, lambda folder: LADDER.split()),
    "sweep": (73, lambda folder: SWEEP.split()),
}  # fmt: skip


def panel(path: Path, days: int = 1_200) -> Path:
    """A made-up history with every column that the shipped story reads; weekdays for shares."""
    story = causal.read_story(STORY)
    measured = [v.measurement for v in story.graph.variables if v.measurement is not None]
    names = sorted({s.column for m in measured for s in m.series})
    rng = np.random.default_rng(1)
    every = np.datetime64("2026-05-31") - np.arange(days)[::-1]
    values = 100 * np.exp(0.02 * np.cumsum(rng.standard_normal((days, len(names))), axis=0))
    rows = [
        ",".join([str(day), *(f"{value:.6f}" for value in row)])
        for day, row in zip(every, values, strict=True)
    ]
    path.write_text("\n".join([",".join(["date", *names]), *rows, ""]), encoding="utf-8")
    return path


def walk(name: str) -> list[str]:
    """The files that a command enters, sorted."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run = subprocess.run(
            [sys.executable, "-m", "tests.entered", place, "causal", *WALKS[name][1](folder)],
            cwd=ROOT,
            env={**os.environ, "CAUSAL_COMPILED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return sorted(entered(folder))


def main(*, files: bool) -> None:
    """Print the table, and the files if asked."""
    print(f"{'walk':<8}{'files':>6}{'limit':>7}{'asked':>7}")
    for name, (limit, _) in WALKS.items():
        found = walk(name)
        print(f"{name:<8}{len(found):>6}{limit:>7}{ASKED[name]:>7}")
        for file in found if files else ():
            print(f"    {file}")


if __name__ == "__main__":
    main(files="--files" in sys.argv[1:])
