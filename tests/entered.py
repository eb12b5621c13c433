"""Which files of the house have a function body entered while something runs.

``watch(folder)`` sets a profiler for this process and its threads.  Each file is written down the
moment it is first entered: a process that ends at once tells as much as any other.  The code of
modules and classes runs on import and does not count, nor do lambdas and comprehensions; what a
dataclass generates belongs to no file.  No profiler sees compiled functions: a file of such counts
where one of them was compiled, or loaded compiled, for a call.

``python -m tests.entered FOLDER causal ...`` is the command ``causal ...``, watched.
"""

from __future__ import annotations

import atexit
import inspect
import os
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ROOT / "causal"
PATIENCE = 240.0  # seconds for a job that somebody else does


def watch(folder: Path) -> None:
    """Write down every file entered from now on, in a file of ``folder`` for this process."""
    record = _record(folder)
    atexit.register(_compiled, record)
    _set(_profiler(record))


@contextmanager
def watching(folder: Path | None) -> Iterator[None]:
    """Write down every file entered meanwhile; without a ``folder`` nothing is watched."""
    if folder is None:
        yield
        return
    record = _record(folder)
    _set(_profiler(record))
    try:
        yield
    finally:
        _set(None)
        _compiled(record)
        # the record stays open: threads that were started meanwhile may go on


def _record(folder: Path) -> int:
    return os.open(folder / f"{os.getpid()}.entered", os.O_CREAT | os.O_APPEND | os.O_WRONLY)


def _set(profile: Callable[[FrameType, str, object], None] | None) -> None:
    threading.setprofile(profile)
    sys.setprofile(profile)


def _profiler(record: int) -> Callable[[FrameType, str, object], None]:
    house = f"{HOUSE}{os.sep}"
    settled: set[str] = set()

    def profile(frame: FrameType, event: str, arg: object) -> None:
        code = frame.f_code
        file = code.co_filename
        if file in settled:
            return
        if not file.startswith(house):
            settled.add(file)
        elif code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<"):
            settled.add(file)
            os.write(record, f"{file}\n".encode())

    return profile


def _compiled(record: int) -> None:
    """Write down the files of numba's functions that were compiled, or loaded, for a call."""
    modules = [m for name, m in sys.modules.items() if name.partition(".")[0] == "causal"]
    things = [thing for module in modules for thing in list(vars(module).values())]
    called = [t.py_func for t in things if hasattr(t, "py_func") and t.signatures]
    files = {function.__code__.co_filename for function in called}
    os.write(record, "".join(f"{file}\n" for file in files).encode())


def entered(folder: Path) -> set[str]:
    """The files that were entered, as they are called from the root: ``causal/errors.py``."""
    lines = {n for p in folder.glob("*.entered") for n in p.read_text("utf-8").splitlines()}
    return {Path(line).relative_to(ROOT).as_posix() for line in lines}


@contextmanager
def doing(folder: Path, job: str) -> Iterator[None]:
    """Note in a folder that a job has begun, and when it has ended, well or not."""
    _note(folder, job, "begun").touch()
    try:
        yield
    finally:
        _note(folder, job, "ended").touch()


def done(folder: Path, job: str) -> bool:
    """Whether somebody has begun a job; waits until it has ended."""
    if not _note(folder, job, "begun").exists():
        return False
    until = time.monotonic() + PATIENCE
    while not _note(folder, job, "ended").exists():
        assert time.monotonic() < until, f"{job} does not end"
        time.sleep(0.05)
    return True


def _note(folder: Path, job: str, state: str) -> Path:
    return folder / f"{job.replace('/', '+')}.{state}"


def command(words: list[str]) -> None:
    """The command line, by the way in that pyproject.toml names."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    module, _, function = tomllib.loads(text)["project"]["scripts"]["causal"].partition(":")
    sys.argv = ["causal", *words]
    getattr(import_module(module), function)()


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
    command(sys.argv[3:])
