"""Panels: daily histories in CSV and in Parquet, spoilt as bytes, as text and cell by cell.

Besides being read or refused, a panel is never misread without a word.  The twin reads as it was
made.  A spoilt cell changes no other.  Where the head of a CSV file is whole, every line that is
left as it was reads as it did, and every day of the panel stands in the file.  A Parquet file whose
pages carry checksums reads as it did, or not at all.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np

import causal
from tests.fuzz import mutation
from tests.fuzz.stories import encoded
from tests.fuzz.verdict import Kind

WORDS = (
    "date", "Date", "a", "b", "2026-01-01", "2026-02-30", "20260101", "1/2/2026", "0000-01-01",
    "1e400", "9999-12-31", "2026-01", "NaT", "now", "today", "2026-01-03T12:00", ",", '"', ",,",
    "1,5", "-", "∞", "20255-01-02", "46023", "1767225600", "2026-01-03T00:00:00Z", "n/a", "NULL",
    ".", "1_0", "1.5%", '"1,5"', "\n", "\r", "\r\n", ";", "\t", "#DIV/0!", "\ufeff", "1 000",
)  # fmt: skip
CELLS = {"": None, "1": 1.0, "-2.5": -2.5, "1e3": 1000.0, "NA": None, " 4 ": 4.0, "7": 7.0}
NAMES = ("a", "b")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class File:
    """The bytes of a file, the lines that it was made of, and the cell (row, column) that alone was
    spoilt, if one was."""

    content: bytes
    lines: tuple[str, ...]
    parquet: bool = False
    spoilt: bool = False
    cell: tuple[int, int] | None = None


def valid(rng: Random) -> File:
    first = np.datetime64("2025-12-30") + rng.randrange(40)
    days = [first + k for k in range(12) if rng.random() < 0.9]
    cells = list(CELLS)
    lines = ("date,a,b", *(f"{d},{rng.choice(cells)},{rng.choice(cells)}" for d in days))
    if rng.random() < 0.3:
        return File(_parquet(lines), lines, parquet=True)
    return File(rng.choice(("\n", "\r\n")).join([*lines, ""]).encode(), lines)


def _parquet(lines: tuple[str, ...]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    days, *columns = zip(*(line.split(",") for line in lines[1:]), strict=True)
    values = [pa.array([CELLS[c] for c in cells], pa.float64()) for cells in columns]
    dates = pa.array(np.array(days, dtype="datetime64[D]"))
    table = pa.table({"date": dates, **dict(zip(NAMES, values, strict=True))})
    written = io.BytesIO()
    parquet.write_table(table, written, write_page_checksum=True, compression="none")
    return written.getvalue()


def mutated(rng: Random, file: File) -> File:
    found = replace(file, spoilt=True)
    if file.parquet or rng.random() < 0.2:
        return replace(found, content=mutation.raw(rng, file.content))
    if rng.random() < 0.4:
        return _cell(rng, found)
    return replace(found, content=encoded(mutation.text(rng, file.content.decode(), WORDS)))


def _cell(rng: Random, file: File) -> File:
    """One cell of values replaced by a word that keeps to it, as a careful hand would write it."""
    row, column = 1 + rng.randrange(len(file.lines) - 1), 1 + rng.randrange(2)
    word = rng.choice((*mutation.NUMBERS, *(w for w in WORDS if w.isprintable()), "12", "-0.5"))
    if '"' not in word and "," in word:
        word = f'"{word}"'
    cells = file.lines[row].split(",")
    cells[column] = word if word.count('"') != 1 else '""""'
    lines = [*file.lines[:row], ",".join(cells), *file.lines[row + 1 :], ""]
    return replace(file, content="\n".join(lines).encode(), cell=(row, column))


def tried(file: File, folder: Path) -> None:
    path = folder / ("panel.parquet" if file.parquet else "panel.csv")
    path.write_bytes(file.content)
    panel = causal.read_panel(path)
    assert not np.isinf(panel.values).any()
    assert (np.diff(panel.dates) == np.timedelta64(1, "D")).all()
    assert panel.values.shape == (len(panel.dates), len(panel.names))
    assert len(panel.digest(panel.names)) == 64
    if not file.spoilt or file.cell or file.parquet:
        assert sorted((*panel.names, *panel.text)) == [*NAMES]
        kept = [k for k in range(1, len(file.lines)) if not file.cell or k != file.cell[0]]
        _same(panel, [file.lines[k] for k in kept])
        if file.cell:
            row, column = file.cell
            _same(panel, [file.lines[row]], (NAMES[2 - column],))
        return
    text = file.content.decode("utf-16" if file.content[:2] in UTF_16 else "utf-8-sig")
    there = [line for line in text.replace("\r", "\n").split("\n") if line]
    if there[0] == file.lines[0]:
        _same(panel, [line for line in file.lines[1:] if line in there])
    for day, row in zip(panel.dates, panel.values, strict=True):
        assert np.isnan(row).all() or str(day) in text, f"{day} stands nowhere"


def _same(panel: causal.Panel, lines: list[str], names: tuple[str, ...] = NAMES) -> None:
    """Raise AssertionError unless the panel has these lines as they are, text columns aside."""
    for line in lines:
        day, *cells = line.split(",")
        place = int((np.datetime64(day) - panel.dates[0]).astype(int))
        assert 0 <= place < len(panel.dates), f"{day} is lost"
        for name, cell in zip(NAMES, cells, strict=True):
            if name in names and name not in panel.text:
                value = CELLS[cell]
                np.testing.assert_equal(
                    panel.column(name)[place], np.nan if value is None else value
                )


KIND = Kind("panels", 480, valid, mutated, tried)
