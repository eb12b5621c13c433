"""The cache on a disk that is shared, full, read-only or tampered with."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal.data.history import holdings
from causal.data.pull.cache import FOLDER, cache_folder, manifest_of, manifests, stored_rows
from causal.data.pull.lock import NAME, locked
from causal.data.pull.manifest import MANIFEST
from causal.data.pull.status import status
from causal.errors import CausalError, DataError, IntegrityError
from tests.data.conftest import LAST, Desk

TODAY = np.datetime64("2026-06-01")
posix = pytest.mark.skipif(os.name != "posix", reason="permissions are of POSIX systems")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def manifest_path(desk: Desk) -> Path:
    return desk.cache / "tpu" / MANIFEST


# Permissions


@posix
def test_only_the_owner_may_read_what_is_stored(desk: Desk) -> None:
    before = os.umask(0)
    try:
        desk.one("tpu", until=LAST - timedelta(days=5))
        desk.one("tpu")
    finally:
        os.umask(before)
    for path in (desk.cache, *desk.cache.rglob("*")):
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


@posix
def test_a_manifest_of_an_earlier_version_is_closed_and_says_less(desk: Desk) -> None:
    """It was readable by all, and kept the whole address of a source."""
    desk.one("tpu")
    where = manifest_path(desk)
    text = where.read_text(encoding="utf-8")
    address = "https://www.policyuncertainty.com/media/"
    assert address in text
    where.write_text(
        text.replace(address, f"https://me:word@x.org/?apikey=hush&{address}"), "utf-8"
    )
    where.chmod(0o644)
    entry = manifest_of(desk.cache, "tpu")
    assert entry is not None
    assert desk.one("tpu").status == "unchanged"
    assert mode(where) == 0o600
    assert "word" not in where.read_text(encoding="utf-8")
    assert "hush" not in where.read_text(encoding="utf-8")


# Links and other things in the way


@posix
@pytest.mark.parametrize("make", [os.symlink, os.link])
def test_the_lock_is_not_written_through_a_link(
    desk: Desk, tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    desk.cache.mkdir()
    make(victim, desk.cache / NAME)
    with pytest.raises(DataError, match=f"{NAME} is ") as caught, locked(desk.cache):
        pass
    assert "may be deleted" in caught.value.do
    assert victim.read_text(encoding="utf-8") == "precious"
    assert manifest_of(desk.cache, "tpu") is None


@posix
def test_a_link_to_nothing_makes_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.cache.mkdir()
    (desk.cache / NAME).symlink_to(tmp_path / "made")
    with pytest.raises(DataError, match="symbolic link"), locked(desk.cache):
        pass
    assert not (tmp_path / "made").exists()


@posix
@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_lock_that_is_no_file(desk: Desk, kind: str) -> None:
    desk.cache.mkdir()
    (desk.cache / NAME).mkdir() if kind == "folder" else os.mkfifo(desk.cache / NAME)
    with pytest.raises(DataError, match="cannot be used"):
        desk.one("tpu")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (b"process 12 since 10:30 UTC", "process 12 since 10:30 UTC"),
        (b"", "unknown process"),
        (b"\xff\xfe", "unknown process"),
        (b"\x1b[31mprocess 12 since 10:30 UTC", "unknown process"),
        (b"x" * 10**6, "unknown process"),
    ],
)
def test_whatever_the_lock_says(desk: Desk, text: bytes, shown: str) -> None:
    with locked(desk.cache):
        (desk.cache / NAME).write_bytes(text)
        with pytest.raises(DataError, match="Another pull") as caught:
            desk.one("tpu")
    assert f"({shown})" in str(caught.value)
    assert desk.one("tpu").status == "new"


@posix
def test_a_source_that_is_a_link_is_left_alone(desk: Desk, tmp_path: Path) -> None:
    """Its folder could be anybody's: nothing in it is read, removed or written."""
    desk.one("tpu")
    elsewhere = tmp_path / "elsewhere"
    (desk.cache / "tpu").rename(elsewhere)
    (elsewhere / "0123456789abcdef.parquet").write_bytes(b"mine")
    (desk.cache / "tpu").symlink_to(elsewhere, target_is_directory=True)
    before = {p.name: p.read_bytes() for p in elsewhere.iterdir()}
    outcome = desk.one("tpu")
    assert isinstance(outcome.error, IntegrityError)
    assert "a symbolic link leads to it" in str(outcome.error)
    assert {p.name: p.read_bytes() for p in elsewhere.iterdir()} == before
    (line,) = status(desk.cache, TODAY)
    assert line.wrong
    assert desk.one("tpu", anew=True).status == "new"
    assert {p.name: p.read_bytes() for p in elsewhere.iterdir()} == before
    assert not (desk.cache / "tpu").is_symlink()


@posix
@pytest.mark.parametrize("what", ["manifest", "rows"])
def test_a_file_that_is_a_link_is_not_read(desk: Desk, tmp_path: Path, what: str) -> None:
    desk.one("tpu")
    (rows,) = (desk.cache / "tpu").glob("*.parquet")
    path = manifest_path(desk) if what == "manifest" else rows
    path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    before = (tmp_path / "moved").read_bytes()
    for read in (lambda: stored_rows(desk.cache, "tpu"), lambda: holdings(desk.cache)):
        with pytest.raises(IntegrityError, match="symbolic link"):
            read()
    assert desk.one("tpu").status == "failed"
    assert (tmp_path / "moved").read_bytes() == before
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(IntegrityError, match="no plain file"):
        stored_rows(desk.cache, "tpu")


def test_files_of_ones_own_are_not_swept(desk: Desk) -> None:
    """A cache may have been pointed at a folder with files in it."""
    place = desk.cache / "tpu"
    place.mkdir(parents=True)
    for name in ("mine.parquet", "notes.tmp", ".notes.tmp"):
        (place / name).write_bytes(b"mine")
    assert desk.one("tpu").status == "new"
    for name in ("mine.parquet", "notes.tmp", ".notes.tmp"):
        assert (place / name).read_bytes() == b"mine"


def test_a_cache_that_is_a_file(desk: Desk) -> None:
    desk.cache.write_text("no folder", encoding="utf-8")
    reads: list[Callable[[], Any]] = [
        lambda: desk.one("tpu"),
        lambda: holdings(desk.cache),
        lambda: status(desk.cache, TODAY),
        lambda: manifests(desk.cache),
    ]
    for read in reads:
        with pytest.raises(DataError, match=r"cannot be (used|read)") as caught:
            read()
        assert "CAUSAL_CACHE" in caught.value.do
    assert desk.cache.read_text(encoding="utf-8") == "no folder"


def test_a_source_that_is_a_file(desk: Desk) -> None:
    desk.cache.mkdir()
    (desk.cache / "tpu").write_text("no folder", encoding="utf-8")
    assert status(desk.cache, TODAY) == []
    outcome = desk.one("tpu")
    assert isinstance(outcome.error, DataError)
    assert "cannot be used" in str(outcome.error)
    assert desk.one("tpu", anew=True).status == "new"
    (aside,) = desk.cache.glob(".tpu.*.aside")
    assert aside.read_text(encoding="utf-8") == "no folder"


def test_a_manifest_that_is_a_folder(desk: Desk) -> None:
    manifest_path(desk).mkdir(parents=True)
    (line,) = status(desk.cache, TODAY)
    assert "no plain file" in line.wrong[0]
    assert isinstance(desk.one("tpu").error, IntegrityError)
    assert desk.one("tpu", anew=True).status == "new"


# A disk that refuses


def refusing(code: int) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        raise OSError(code, os.strerror(code))

    return refuse


CALLS = ("fsync", "open", "fchmod", "mkdir", "scandir", "ftruncate")


@posix
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
@pytest.mark.parametrize("call", CALLS)
def test_a_disk_that_refuses_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    """Full, read-only, forbidden, broken: an error that says so, and the old state."""
    desk.one("tpu", until=LAST - timedelta(days=5))
    before = {p: p.read_bytes() for p in (desk.cache / "tpu").iterdir()}
    reached = []
    with monkeypatch.context() as patch:
        real = getattr(os, call)

        def sometimes(path: Any, *rest: Any, **more: Any) -> Any:
            ours = not isinstance(path, str | Path) or str(desk.cache) in str(path)
            if ours and not (call == "mkdir" and Path(path).is_dir()):
                reached.append(path)
                refusing(code)()
            return real(path, *rest, **more)

        patch.setattr(os, call, sometimes)
        for read in (lambda: desk.one("tpu").error, lambda: status(desk.cache, TODAY)):
            try:
                problem = read()
            except CausalError as error:
                problem = error
            if isinstance(problem, CausalError):
                assert problem.means
                assert problem.do
                assert "defect" not in str(problem)
                assert "not foreseen" not in str(problem)
    assert reached or call == "mkdir"
    now = {p: p.read_bytes() for p in (desk.cache / "tpu").iterdir()}
    assert now == before or call in {"mkdir", "scandir"}
    assert desk.one("tpu").status in {"new", "unchanged"}
    rows = stored_rows(desk.cache, "tpu")
    assert rows is not None
    assert str(rows.days[-1]) == str(LAST)


@posix
@pytest.mark.parametrize("number", range(2))
def test_a_disk_that_fills_in_the_middle(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The rows still fit, or not even they: in between nothing is named that is not there."""
    desk.one("tpu", until=LAST - timedelta(days=5))
    before = stored_rows(desk.cache, "tpu")
    assert before is not None
    count = iter(range(99))
    real = os.fsync

    def full(handle: int) -> None:
        if next(count) >= number:
            refusing(errno.ENOSPC)()
        real(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        error = desk.one("tpu").error
    assert isinstance(error, DataError)
    assert "No space left on device" in str(error)
    assert "has room" in error.do
    after = stored_rows(desk.cache, "tpu")
    assert after is not None
    np.testing.assert_array_equal(after.days, before.days)
    assert not list(desk.cache.glob("*/.*.tmp"))
    assert desk.one("tpu").new == 5
    assert len(list((desk.cache / "tpu").iterdir())) == 3  # the rows, those before, the manifest


def test_a_folder_that_may_not_be_looked_into_is_not_passed_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.one("tpu")
    real = Path.lstat

    def forbidden(path: Path) -> Any:
        if path.name == MANIFEST:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "lstat", forbidden)
    with pytest.raises(IntegrityError, match="Permission denied"):
        holdings(desk.cache)
    (line,) = status(desk.cache, TODAY)
    assert "Permission denied" in line.wrong[0]


@posix
def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    for environment in ({}, {FOLDER: "~nobody-of-this-name/x"}):
        with pytest.raises(DataError, match="no home folder") as caught:
            cache_folder(environment)
        assert FOLDER in caught.value.do
    assert cache_folder({FOLDER: "x"}) == Path("x")
