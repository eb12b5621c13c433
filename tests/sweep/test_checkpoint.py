"""A checkpoint that others have changed: sound rows or a CausalError, never a wrong row."""

from __future__ import annotations

import errno
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from causal import file
from causal.errors import CausalError, DataError
from causal.sweep.checkpoint import Checkpoint
from causal.sweep.result import ANSWERED, WORDS, sound

DAMAGES = int(os.environ.get("CAUSAL_DAMAGES", "300"))
ROW: dict[str, Any] = {n: "x" if n in WORDS else 0.25 for n in sorted(ANSWERED)}
ROWS = [("a" * 16, ROW), ("b" * 16, {"problem": "no such state"}), ("c" * 16, ROW)]


@pytest.fixture
def kept(tmp_path: Path) -> Checkpoint:
    """A checkpoint of three rows."""
    found = Checkpoint(tmp_path / "kept.jsonl")
    found.add(ROWS)
    return found


def test_rows_come_back(kept: Checkpoint) -> None:
    assert kept.rows() == dict(ROWS)


def test_any_damage_ends_in_sound_rows_or_an_error_that_teaches(kept: Checkpoint) -> None:
    whole = kept.path.read_bytes()
    rng = random.Random(4)
    junk = [
        b"\xff",
        b"\x00",
        b"\n",
        b"[" * 9000,
        b"9" * 5000,
        b"NaN",
        b"null",
        b"{}",
        b'"',
        b"1e999",
    ]
    ends = {"rows": 0, "refused": 0}
    for number in range(DAMAGES):
        body = bytearray(whole)
        for _ in range(rng.choice([1, 1, 3])):
            place = rng.randrange(len(body) + 1)
            body[place : place + rng.choice([0, 1, 9, 200])] = rng.choice([b"", *junk])
        kept.path.write_bytes(body)
        try:
            found = kept.rows()
        except CausalError as error:
            ends["refused"] += 1
            assert error.do, error  # noqa: PT017 - most end in rows
            continue
        ends["rows"] += 1
        assert all(sound(row) for row in found.values())
        if number % 20 == 0:
            kept.add([("d" * 16, ROW)])
            assert kept.rows()["d" * 16] == ROW
    assert min(ends.values()) > 0


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX systems")
def test_what_another_user_has_left_is_neither_read_nor_written(
    kept: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder like /tmp, anybody may have put a file or a link where a checkpoint will be."""
    whole = kept.path.read_bytes()
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    (shared / "link").symlink_to(kept.path)
    (shared / "file").write_bytes(whole)
    assert len(Checkpoint(shared / "link").rows()) == 3
    assert len(Checkpoint(shared / "file").rows()) == 3
    monkeypatch.setattr(file, "owner", lambda path: 4242)
    for name in ("link", "file"):
        for act in (
            Checkpoint(shared / name).rows,
            lambda n=name: Checkpoint(shared / n).add(ROWS),
        ):
            with pytest.raises(DataError, match="another user"):
                act()
    assert kept.path.read_bytes() == whole
    assert (shared / "file").read_bytes() == whole


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX systems")
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull), tmp_path):
        with pytest.raises(DataError):
            Checkpoint(path).rows()
    for path in (tmp_path / "pipe", Path(os.devnull), tmp_path, Path("a\0b")):
        with pytest.raises(DataError, match="cannot be written"):
            Checkpoint(path).add(ROWS)


def test_a_full_disk_loses_no_row(kept: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a row fits: it is computed again, and the rows before and after it are whole."""
    real = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) < 100:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, data[: len(data) // 2])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(DataError, match="No space left"):
            kept.add([("e" * 16, ROW)])
    assert kept.rows() == dict(ROWS)
    kept.add([("f" * 16, ROW)])
    assert kept.rows() == {**dict(ROWS), "f" * 16: ROW}
    assert json.loads(kept.path.read_bytes().splitlines()[-1])["sweep"] == "f" * 16
