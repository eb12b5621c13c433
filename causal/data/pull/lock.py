"""One pull at a time: a lock that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from causal.errors import DataError
from causal.file import NO_LINK, OWNER, reason

NAME = "pull.lock"
SIGNED = re.compile(r"process \d{1,10} since \d\d:\d\d UTC")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold ``folder`` for one pull; raises DataError while another process holds it.

    The lock is the system's own (flock, or locking on Windows), not the file: a file left behind by
    a process that was killed is stale, and is taken over without asking.
    """
    handle = _opened(folder)
    try:
        if not _taken(handle):
            raise DataError(
                f"Another pull is at work in {folder} ({_holder(handle)}).",
                "Two at once would write over each other.",
                "Wait until it is done, or end it; what it has stored is kept.",
            )
        _signed(handle, folder)
        yield
    finally:
        os.close(handle)


def _opened(folder: Path) -> int:
    """The lock file, made if there is none; what is no plain file of one name is not touched."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        flags = os.O_RDWR | os.O_CREAT | NO_LINK | getattr(os, "O_NONBLOCK", 0)
        handle = os.open(folder / NAME, flags, OWNER)
    except (OSError, ValueError) as trouble:
        link = getattr(trouble, "errno", None) == errno.ELOOP
        raise _unusable(folder, f"{NAME} is a symbolic link" if link else reason(trouble)) from None
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(handle)
        raise _unusable(folder, f"{NAME} is another file, too, or no plain one")
    return handle


def _signed(handle: int, folder: Path) -> None:
    """Write into the lock who holds it."""
    try:
        os.ftruncate(handle, 0)
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, f"process {os.getpid()} since {datetime.now(UTC):%H:%M UTC}".encode())
    except OSError as trouble:
        raise _unusable(folder, reason(trouble)) from None


def _unusable(folder: Path, why: str) -> DataError:
    return DataError(
        f"The cache folder {folder} cannot be used: {why}.",
        "Nothing was pulled.",
        f"Remove what is in the way (`{NAME}` may be deleted while no pull is at work), or choose "
        "another folder with the environment variable CAUSAL_CACHE.",
    )


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


def _holder(handle: int) -> str:
    """Who says to hold the lock; a file that says anything else says nothing."""
    try:
        os.lseek(handle, 0, os.SEEK_SET)
        text = os.read(handle, 100).decode("ascii", "replace")
    except OSError:
        return "unknown process"
    return text if SIGNED.fullmatch(text) else "unknown process"
