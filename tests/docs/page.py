"""A page of the documentation: its code blocks, run in order.

A page's ``python`` blocks share one namespace; in ``console`` and ``bash`` blocks each ``causal``
command runs.  The ``text`` block after a ``python`` block, and the lines under a ``$`` command, are
what it printed.  ``<!-- needs: history -->`` before a block says that it wants ``panel.csv``.

``python -m tests.docs.page PAGE ...`` runs pages and writes what they print into them.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from tests.entered import watching

ROOT = Path(__file__).resolve().parents[2]
HISTORY = ROOT.parent / "shared" / "data" / "panel.csv"
MARKER = "<!-- needs: history -->"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = {"pip", "pytest", "git", "ruff", "mypy", "lint-imports", ".ci/run", "python"}


@dataclass(frozen=True)
class Block:
    """A fenced block; ``text`` is what runs and ``said`` what the page says it prints."""

    page: Path
    language: str
    text: str
    said: str
    line: int
    place: tuple[int, int]
    history: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}, line {self.line}"


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that run; ``place`` is where in the page their output stands."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        history = text[: match.start()].rstrip().endswith(MARKER)
        if match[1] == "text" and found and found[-1].language == "python":
            last = found.pop()
            found.append(
                Block(page, "python", last.text, match[2], last.line, match.span(2), last.history)
            )
        elif match[1] in ("python", "bash"):
            nowhere = (match.end(2), match.end(2))
            found.append(Block(page, match[1], match[2], "", line, nowhere, history))
        elif match[1] == "console":
            found += _commands(page, match, line, history)
    return found


def _commands(page: Path, match: re.Match[str], line: int, history: bool) -> Iterator[Block]:
    """A ``console`` block as one block for each command, with the output under it."""
    for piece in re.finditer(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", match[2], re.MULTILINE):
        low, high = (match.start(2) + at for at in piece.span(2))
        yield Block(page, "console", piece[1] + "\n", piece[2], line, (low, high), history)


def run(
    page: Path, folder: Path, *, history: Path | None, record: Path | None = None
) -> Iterator[tuple[Block, str]]:
    """Run a page's blocks in order, in ``folder``; each with what it printed.

    The files of the house that they enter are written down in ``record`` (``tests/entered.py``).
    """
    shutil.copytree(ROOT / "models", folder / "models")
    if history is not None:
        shutil.copy(history, folder / "panel.csv")
    for block in blocks(page):
        if block.history and history is None:
            continue
        if block.language == "python":
            yield block, _apart().submit(python, block, folder, record).result()
        else:
            yield block, _shell(block, folder, record)


@cache
def _apart() -> ProcessPoolExecutor:
    """A process for the ``python`` blocks of all pages: nothing has been entered in it before."""
    return ProcessPoolExecutor(1, get_context("spawn"))


NAMESPACES: dict[Path, dict[str, object]] = {}


def python(block: Block, folder: Path, record: Path | None) -> str:
    """Run a block among the names of the blocks before it; what it printed."""
    code = compile("\n" * block.line + block.text, str(block.page), "exec")
    namespace = NAMESPACES.setdefault(folder, {"__name__": "__main__"})
    printed = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(printed), chdir(folder), watching(record):
        warnings.simplefilter("error")
        exec(code, namespace)
    return printed.getvalue()


def _shell(block: Block, folder: Path, record: Path | None) -> str:
    """Run the ``causal`` commands; what the last one printed.  An error is printed, too."""
    watched = ["tests.entered", str(record)] if record is not None else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "NO_COLOR": "1"}
    printed = ""
    for line in block.text.replace("\\\n", " ").splitlines():
        for command in re.split(r"\s+&&\s+", line):
            words = shlex.split(command, comments=True)
            if not words or words[0] in ELSEWHERE:
                continue
            assert words[0] == "causal", f"{block}: nobody tests `{command}`"
            result = subprocess.run(
                [sys.executable, "-m", *watched, *words],
                check=False,
                capture_output=True,
                text=True,
                cwd=folder,
                env=environment,
            )
            wanted = 2 if block.said.startswith("error") else 0
            assert result.returncode == wanted, f"{block}: {result.stdout}{result.stderr}"
            printed = result.stderr if wanted else result.stdout
    return printed


def write(page: Path) -> None:
    """Run a page and put what it prints in the place of what it said."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        ran = list(run(page, Path(folder), history=HISTORY if HISTORY.is_file() else None))
    for block, printed in reversed(ran):
        if block.language != "bash" and (block.said or block.language == "console"):
            lines = "".join(line.rstrip() + "\n" for line in printed.splitlines())
            text = text[: block.place[0]] + lines + text[block.place[1] :]
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(Path(name).resolve())
