"""One pull at a time: a lock that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from causal.errors import DataError
from causal.file import reason

NAME = "pull.lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one pull; raises DataError while another process holds it.

    The lock is the system's own (flock, or locking on Windows), not the file: a file left behind by
    a process that was killed is stale, and is taken over without asking.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as trouble:
        raise DataError(
            f"The cache folder {folder} cannot be used: {reason(trouble)}.",
            "Nothing was pulled.",
            "Choose another folder with the environment variable CAUSAL_CACHE.",
        ) from None
    try:
        if not _taken(handle):
            raise DataError(
                f"Another pull is at work in {folder} ({_holder(folder)}).",
                "Two at once would write over each other.",
                "Wait until it is done, or end it; what it has stored is kept.",
            )
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, f"process {os.getpid()} since {datetime.now(UTC):%H:%M UTC}".encode())
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    """Whether the lock could be taken; closing the handle, or dying, gives it back."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(handle, 1 << 20, os.SEEK_SET)  # beyond the text, which others may read
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holder(folder: Path) -> str:
    try:
        return (folder / NAME).read_text(encoding="utf-8") or "just started"
    except OSError:
        return "unknown process"
