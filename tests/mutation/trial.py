"""One mutant against the tests of its file: in a copy of the house, in a process of its own.

Each worker keeps one copy and has loaded what the tests need from outside; a mutant costs it one
fork, in which the mutated module is imported and pytest stops at the first failure.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant, mutated

OUTSIDE = ("numpy", "networkx", "pandas", "narwhals", "hypothesis", "httpx")
OPTIONS = ("-x", "-q", "--no-header", "--tb=line", "-p", "no:cacheprovider")
HERE = Path(__file__).resolve().parents[2]
COPIED = ("causal", "tests", "models", "pyproject.toml")
ENDS = {0: "survived", 1: "killed", 2: "killed", 4: "killed", -signal.SIGXCPU: "timeout"}
"""What the exit codes of pytest say, and the signal at the end of the processor's time."""
WAITED = 30.0  # seconds waited for one of the processor, on a crowded machine or in a deadlock
MEMORY = 4 << 30  # bytes: a mutant may append for ever
POLL = 0.005  # seconds


@dataclass(frozen=True)
class Verdict:
    """How the tests ended: killed, timeout (killed too), survived, or broken (no test was run).

    ``seconds`` are those of the processor, which a crowded machine does not lengthen.
    """

    end: str
    seconds: float
    text: str = ""


class House:
    """A copy of the house in a temporary folder, in which a file may be wrong for a while."""

    def __init__(self, root: Path, place: Path, outside: Sequence[str] = OUTSIDE) -> None:
        self.root = place
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, place / name, ignore=_caches)
            elif (root / name).exists():
                shutil.copy2(root / name, place / name)
        os.environ |= {"OMP_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in ("pytest", *outside):
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)

    def tried(self, tests: Sequence[str], seconds: float) -> Verdict:
        """The tests on the house as it stands, ended after so many seconds of the processor."""
        began, log = time.monotonic(), self.root / "log"
        child = os.fork()
        if child == 0:
            _run(self.root, tests, log, int(seconds) + 1)
        ended = 0
        while not ended:
            ended, status, used = os.wait4(child, os.WNOHANG)
            if not ended and time.monotonic() > began + WAITED * seconds:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return Verdict("timeout", seconds)
            time.sleep(POLL)
        end = ENDS.get(os.waitstatus_to_exitcode(status), "broken")
        return Verdict(end, used.ru_utime + used.ru_stime, log.read_text(errors="replace"))

    def against(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> Verdict:
        """The tests on the house with one fault in it, which is then taken out again."""
        file = self.root / mutant.path
        right = file.read_text(encoding="utf-8")
        for kept in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            kept.unlink()  # a cached module is told from another by its second and its size
        file.write_text(mutated(right, mutant.place), encoding="utf-8")
        try:
            return self.tried(tests, seconds)
        finally:
            file.write_text(right, encoding="utf-8")


def _caches(_: str, names: list[str]) -> list[str]:
    return [n for n in names if n in {"__pycache__", ".hypothesis"}]


def _run(root: Path, tests: Sequence[str], log: Path, seconds: int) -> None:
    """Run pytest in this process, a child in a group of its own, and leave with its exit code."""
    code = 1
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        with log.open("w") as text:
            os.dup2(text.fileno(), 1)
            os.dup2(text.fileno(), 2)
        os.chdir(root)
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        sys.dont_write_bytecode = True
        for name in [n for n in sys.modules if n.partition(".")[0] in {"causal", "tests"}]:
            del sys.modules[name]
        sys.path[:] = [str(root), *(p for p in sys.path if p not in ("", str(HERE)))]
        import pytest

        code = int(pytest.main([*OPTIONS, *tests]))
        sys.stdout.flush()
    finally:
        os._exit(code)
