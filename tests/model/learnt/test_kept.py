"""Draws in a file: read back bit by bit, ignored where damaged, private, and few."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from causal.model.learnt import kept
from causal.model.learnt.kept import FEWEST, MOST, DrawnFile, kept_draws
from tests.model.learnt.worlds import FloatArray

ORIGIN = "sha256:" + "0123456789abcdef" * 4


def drawn(seed: int = 0, draws: int = FEWEST) -> FloatArray:
    """Draws of a table of 4 rows and 3 states."""
    rows = np.random.default_rng(seed).dirichlet(np.ones(3), (4, draws))
    return np.ascontiguousarray(rows.swapaxes(1, 2))


def a_file(cache: Path, origin: str = ORIGIN, draws: int = FEWEST, seed: int = 1) -> DrawnFile:
    """Where the draws of such a fit are kept."""
    found = kept_draws(origin, draws, seed)
    assert found is not None
    assert cache in found.folder.parents
    return found


def test_draws_come_back_bit_by_bit(cache: Path) -> None:
    values = drawn()
    file = a_file(cache)
    assert file.read("day", "x") is None
    file.add("day", "x", values)
    file.add("start", "x", drawn(1))
    file.add("day", "戰爭 / ../x", drawn(2))
    for piece, name, wanted in (
        ("day", "x", values),
        ("start", "x", drawn(1)),
        ("day", "戰爭 / ../x", drawn(2)),
    ):
        found = a_file(cache).read(piece, name)
        assert found is not None
        np.testing.assert_array_equal(found, wanted)
        with pytest.raises(ValueError, match="read-only"):
            found[0, 0, 0] = 0.5
    assert {p.suffix for p in file.folder.iterdir()} == {".npy"}
    assert file.read("start", "y") is None


def test_a_table_laid_out_in_another_way_comes_back_the_same(cache: Path) -> None:
    values = np.asfortranarray(drawn())
    a_file(cache).add("day", "x", values)
    np.testing.assert_array_equal(a_file(cache).read("day", "x"), values)


def test_other_fits_have_folders_of_their_own(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {
        a_file(cache).folder,
        a_file(cache, origin="sha256:" + "f" * 64).folder,
        a_file(cache, draws=FEWEST + 1).folder,
        a_file(cache, seed=2).folder,
    }
    monkeypatch.setattr(kept, "RECIPE", kept.RECIPE + 1)
    folders.add(a_file(cache).folder)
    assert len(folders) == 5


def test_few_draws_are_not_kept(cache: Path) -> None:
    assert kept_draws(ORIGIN, 499, 1) is None
    assert kept_draws(ORIGIN, 500, 1) is not None
    assert not cache.exists()


def test_nobody_else_may_look(cache: Path) -> None:
    file = a_file(cache)
    file.add("day", "x", drawn())
    for place in (file.folder, file.folder.parent, cache):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700, place


def test_the_newest_fits_remain(cache: Path) -> None:
    folders = []
    assert MOST == 4
    for number in range(MOST + 3):
        file = a_file(cache, seed=number)
        file.add("day", "x", drawn(number))
        os.utime(file.folder, (number, number))
        folders.append(file.folder)
    assert [f.exists() for f in folders] == [False] * 3 + [True] * MOST
    again = a_file(cache, seed=3)
    again.add("start", "x", drawn())
    assert all(f.exists() for f in folders[3:])


def spoilt(raw: bytes) -> dict[str, bytes]:
    """What may have become of a file."""
    lost = drawn()
    lost[-1] = 0.0
    return {
        "nothing": b"",
        "one byte": raw[:1],
        "head cut short": raw[:40],
        "cut short": raw[: len(raw) // 2],
        "one byte short": raw[:-1],
        "text": b"no draws\n",
        "a zip": b"PK\x03\x04" + raw[4:],
        "a bracket lost": raw.replace(b")", b" ", 1),
        "a quote lost": raw.replace(b"'", b" ", 1),
        "no rows": raw[:128] + bytes(len(raw) - 128),
        "not numbers": raw[:128] + b"\xff" * (len(raw) - 128),
        "a row lost": raw[:128] + lost.tobytes(),
        "whole numbers": raw.replace(b"<f8", b"<i8", 1),
        "objects": raw.replace(b"<f8", b"|O8", 1),
        "one axis": raw.replace(b"(4, 3, 500)", b"(6000,)    ", 1),
    }


@pytest.mark.parametrize("what", spoilt(b"x" * 200))
def test_what_is_damaged_is_not_read_and_can_be_kept_again(cache: Path, what: str) -> None:
    file = a_file(cache)
    file.add("day", "x", drawn())
    [place] = file.folder.iterdir()
    raw = place.read_bytes()
    assert len(raw) == 128 + drawn().nbytes
    damaged = spoilt(raw)[what]
    assert damaged != raw
    place.write_bytes(damaged)
    assert file.read("day", "x") is None
    file.add("day", "x", drawn(5))
    np.testing.assert_array_equal(file.read("day", "x"), drawn(5))


def test_flipped_bytes_of_the_head_do_no_harm(cache: Path) -> None:
    """Each is found, or says nothing; none is an error."""
    file = a_file(cache)
    file.add("day", "x", drawn())
    [place] = file.folder.iterdir()
    raw = bytearray(place.read_bytes())
    refused = 0
    for at in range(128):
        for mask in (0x01, 0x08, 0x40):
            raw[at] ^= mask
            place.write_bytes(raw)
            found = file.read("day", "x")
            refused += found is None
            if found is not None and found.shape == (4, 3, 500):
                np.testing.assert_array_equal(found, drawn())
            raw[at] ^= mask
    assert refused > 300


@pytest.mark.parametrize("what", ["a file", "a link to nowhere"])
def test_where_nothing_can_be_written_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    place = tmp_path / "cache"
    if what == "a file":
        place.write_text("no folder", encoding="utf-8")
    else:
        place.symlink_to(tmp_path / "none" / "none")
        (tmp_path / "none").write_text("", encoding="utf-8")
    monkeypatch.setenv("CAUSAL_CACHE", str(place))
    file = kept_draws(ORIGIN, FEWEST, 1)
    assert file is not None
    file.add("day", "x", drawn())
    assert file.read("day", "x") is None


def test_a_full_disk_leaves_what_was_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = a_file(cache)
    file.add("day", "x", drawn())

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    file.add("day", "x", drawn(1))
    file.add("day", "y", drawn(1))
    monkeypatch.undo()
    np.testing.assert_array_equal(file.read("day", "x"), drawn())
    assert file.read("day", "y") is None
    assert len(list(file.folder.iterdir())) == 1


def test_what_is_not_the_packages_own_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where somebody names a folder of theirs: only folders named by a fit ever go."""
    monkeypatch.setenv("CAUSAL_DRAWS", str(tmp_path))
    mine = [tmp_path / name for name in ("thesis", "photos", "mail", "code", "0" * 24)]
    for folder in mine:
        folder.mkdir()
    for number in range(6):
        kept = kept_draws(f"sha256:{number:064d}"[:31] + "a" * 40, 500, number)
        assert kept is not None
        kept.add("day", "x", np.full((2, 500), 0.5))
    assert all(folder.is_dir() for folder in mine)
    assert len([p for p in tmp_path.iterdir() if p not in mine]) == 4


def test_draws_that_are_no_distributions_are_not_believed(cache: Path) -> None:
    kept = kept_draws("sha256:" + "b" * 64, 500, 1)
    assert kept is not None
    good = np.full((3, 2, 500), 0.5)
    kept.add("day", "x", good)
    assert kept.read("day", "x") is not None
    for bad in (good.copy(), good.copy()):
        bad[1, 0, 7] += 1e-6
        bad[1, 1, 9] = -0.5
        kept.add("day", "x", bad)
        assert kept.read("day", "x") is None
