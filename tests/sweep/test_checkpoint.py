"""A checkpoint that others have changed: sound rows or a CausalError, never a wrong row."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from causal import file
from causal.errors import CausalError, DataError
from causal.query.scenarios.scenario import grid
from causal.sweep import job
from causal.sweep.checkpoint import Checkpoint
from causal.sweep.result import ANSWERED, WORDS, Sweep, sound
from causal.sweep.sweep import sweep
from tests.app.toy import toy
from tests.sweep.asked import EVENT, GRID, assert_same

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


class StopError(Exception):
    pass


def stopping(after: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done >= after:
            raise StopError

    return progress


def test_a_sweep_goes_on_where_it_stopped(
    tmp_path: Path, swept: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "SIZE", 8)
    path = tmp_path / "kept.jsonl"
    with pytest.raises(StopError):
        sweep(toy(), GRID, EVENT, within=5, checkpoint=path, progress=stopping(4))
    kept = path.read_text().splitlines()
    assert 4 <= len(kept) < len(GRID)
    path.write_text(path.read_text() + kept[0][:40])  # the line that a crash cut short
    seen: list[int] = []
    again = sweep(
        toy(), GRID, EVENT, within=5, checkpoint=path, progress=lambda d, _: seen.append(d)
    )
    assert seen[0] == len(kept)
    assert_same(again, swept)
    size = path.stat().st_size
    assert_same(sweep(toy(), GRID, EVENT, within=5, checkpoint=path), swept)
    assert path.stat().st_size == size
    whole = [line for line in path.read_text().splitlines() if line.endswith("}}")]
    assert len(whole) == len(GRID)


@pytest.mark.parametrize(
    "other",
    [
        {"within": 4},
        {"event": {"bitcoin": "fall"}},
        {"level": 0.8},
        {"model": toy(rate=30.0)},
        {"model": toy().do(leverage="mid")},
        {"given": {"leverage": "low"}},
    ],
)
def test_a_checkpoint_is_not_taken_for_another_sweep(tmp_path: Path, other: Any) -> None:
    path = tmp_path / "kept.jsonl"
    what = grid(do={"geopolitics": ["calm"]})
    asked = {"model": toy(), "event": EVENT, "within": 3, "checkpoint": path}
    sweep(scenarios=what, **asked)
    seen: list[int] = []
    asked["progress"] = lambda done, _: seen.append(done)
    sweep(scenarios=what, **{**asked, **other})
    assert seen == [0, 1]
    sweep(scenarios=what, **asked)
    assert seen[2:] == [1]


KILLED = """
import sys
from causal.sweep import job
from causal.sweep.sweep import sweep
from tests.app.toy import GRAPH, toy
from tests.moves import random_moves
from tests.sweep.asked import EVENT, GRID

job.SIZE = 8

def progress(done, total):
    print(done, flush=True)
    if done >= 4:
        import time
        time.sleep(60)

sweep(toy(), GRID, EVENT, within=5, checkpoint=sys.argv[1], progress=progress)
"""


def test_killed_in_the_middle_it_keeps_what_is_finished(tmp_path: Path, swept: Sweep) -> None:
    path = tmp_path / "kept.jsonl"
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        done = 0
        for line in process.stdout:
            done = int(line)
            if done >= 4:
                break
        time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert len(path.read_text().splitlines()) == done >= 4
    seen: list[int] = []
    again = sweep(
        toy(), GRID, EVENT, within=5, checkpoint=path, progress=lambda d, _: seen.append(d)
    )
    assert seen[0] == done
    assert_same(again, swept)


@pytest.mark.parametrize(
    "damage",
    [
        lambda row: row.pop("low"),
        lambda row: row.update(foo=1),
        lambda row: row.update(name="x"),
        lambda row: row.update(probability="0.1"),
        lambda row: row.update(low=[1]),
        lambda row: row.update(high=float("nan")),
        lambda row: row.update(thinnest_row=None),
        lambda row: (row.clear(), row.update(problem=7)),
        lambda row: row.clear(),
    ],
)
def test_a_damaged_row_is_computed_again(
    tmp_path: Path, swept: Sweep, damage: Callable[[dict[str, Any]], object]
) -> None:
    path = tmp_path / "kept.jsonl"
    sweep(toy(), GRID, EVENT, within=5, checkpoint=path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    damage(lines[1]["row"])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "[" * 100_000)
    seen: list[int] = []
    again = sweep(
        toy(), GRID, EVENT, within=5, checkpoint=path, progress=lambda d, _: seen.append(d)
    )
    assert seen[0] == len(GRID) - 1
    assert_same(again, swept)


def test_what_is_no_checkpoint_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    for text in ("date,bitcoin\n2020-01-01,1.0\n", "nothing", '{"a": 1}\n'):
        path.write_text(text)
        with pytest.raises(DataError, match="not a checkpoint"):
            sweep(toy(), GRID, EVENT, within=2, checkpoint=path)
        assert path.read_text() == text
    with pytest.raises(DataError, match="cannot be written"):
        sweep(toy(), GRID, EVENT, within=2, checkpoint=tmp_path / "no" / "x")
