"""Putting a file in place: whole, with its permissions, through one's own links only."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from causal import file
from causal.errors import DataError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links and permissions of POSIX systems")
SOMEBODY = 4242


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def put(path: Path, text: str = "new", *, private: bool = False) -> None:
    file.replace(path, text, DataError, private=private)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like /tmp, where what is called ``theirs`` belongs to somebody else."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    real = file.owner
    monkeypatch.setattr(file, "owner", lambda p: SOMEBODY if "theirs" in p.name else real(p))
    return folder


@pytest.mark.parametrize("before", [None, 0o600, 0o640, 0o644, 0o755])
def test_a_file_keeps_its_permissions_and_a_private_one_is_closed(
    tmp_path: Path, before: int | None
) -> None:
    path = tmp_path / "x"
    for private in (False, True):
        path.unlink(missing_ok=True)
        if before is not None:
            path.touch()
            path.chmod(before)
        old = os.umask(0o022)
        try:
            put(path, private=private)
        finally:
            os.umask(old)
        assert mode(path) == (0o600 if private else before or 0o644)
        assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_private_file_is_never_open_not_even_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = os.fsync

    def look(handle: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", look)
    opened: list[int] = []
    first = os.open
    monkeypatch.setattr(os, "open", lambda p, f, m: opened.append(m) or first(p, f, m))  # type: ignore[func-returns-value]
    put(tmp_path / "x", private=True)
    assert (seen, opened) == ([0o600], [0o600])


def test_a_link_of_ones_own_is_written_through_and_a_private_file_takes_its_place(
    tmp_path: Path,
) -> None:
    (tmp_path / "a").mkdir()
    target = tmp_path / "a" / "target"
    target.write_text("old", encoding="utf-8")
    link, second = tmp_path / "link", tmp_path / "second"
    link.symlink_to("a/target")
    second.symlink_to(link)
    put(second)
    assert (target.read_text(encoding="utf-8"), second.is_symlink()) == ("new", True)
    put(link, "private", private=True)
    assert not link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
    assert link.read_text(encoding="utf-8") == "private"


def test_a_link_that_somebody_else_laid_is_not_followed(shared: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (shared / "theirs").symlink_to(victim)
    (shared / "mine").symlink_to(victim)
    (shared / "by-way-of").symlink_to(shared / "theirs")
    for name in ("theirs", "by-way-of"):
        with pytest.raises(DataError, match="link of another user"):
            put(shared / name)
    assert victim.read_text(encoding="utf-8") == "precious"
    put(shared / "mine")
    assert victim.read_text(encoding="utf-8") == "new"
    shared.chmod(0o755)  # where nobody else may lay links, they are the owner's business
    put(shared / "theirs", "newer")
    assert victim.read_text(encoding="utf-8") == "newer"


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(DataError, match="cannot be written"):
        put(tmp_path / "a")


def test_what_is_no_plain_file_is_not_replaced(tmp_path: Path) -> None:
    """A pipe, or the null device: to move a file over it would take it away."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for private in (False, True):
        with pytest.raises(DataError, match="no plain file"):
            put(pipe, private=private)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(DataError, match="it is a folder"):
        put(tmp_path)


def test_nobody_can_foresee_the_name_that_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where somebody has, what lies there is not followed."""
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    monkeypatch.setattr("os.urandom", bytes)
    beside = tmp_path / f".x.{'00' * 8}.tmp"
    beside.symlink_to(victim)
    with pytest.raises(DataError, match="File exists"):
        put(tmp_path / "x")
    assert victim.read_text(encoding="utf-8") == "precious"


def test_folders_are_for_their_owner(tmp_path: Path) -> None:
    made = tmp_path / "a" / "b"
    old = os.umask(0)
    try:
        file.folder(made, DataError)
    finally:
        os.umask(old)
    assert mode(made) == 0o700
    made.chmod(0o750)
    file.folder(made, DataError)
    assert mode(made) == 0o750
    (tmp_path / "link").symlink_to(made)
    (tmp_path / "file").touch()
    for odd in ("link", "file", "file/x", "a\0b"):
        with pytest.raises(DataError, match="cannot be used"):
            file.folder(tmp_path / odd, DataError)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_disk_that_refuses_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "x"
    put(path, "old")

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(DataError, match=os.strerror(code)):
        put(path)
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
