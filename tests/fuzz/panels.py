"""Panels: daily histories in CSV, spoilt as bytes and as text.  Thin: other formats have tests of
their own."""

from __future__ import annotations

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
    "1,5", "-", "∞",
)  # fmt: skip


@dataclass(frozen=True)
class File:
    """The bytes of a CSV file."""

    content: bytes


def valid(rng: Random) -> File:
    first = np.datetime64("2025-12-30") + rng.randrange(40)
    days = [first + k for k in range(12) if rng.random() < 0.9]
    cells = ["", "1", "-2.5", "1e3", "NA", " 4 "]
    lines = ["date,a,b", *(f"{d},{rng.choice(cells)},{rng.choice(cells)}" for d in days)]
    return File(rng.choice(("\n", "\r\n")).join([*lines, ""]).encode())


def mutated(rng: Random, file: File) -> File:
    if rng.random() < 0.3:
        return replace(file, content=mutation.raw(rng, file.content))
    return replace(file, content=encoded(mutation.text(rng, file.content.decode(), WORDS)))


def tried(file: File, folder: Path) -> None:
    path = folder / "panel.csv"
    path.write_bytes(file.content)
    panel = causal.read_panel(path)
    assert not np.isinf(panel.values).any()
    assert (np.diff(panel.dates) == np.timedelta64(1, "D")).all()
    assert panel.values.shape == (len(panel.dates), len(panel.names))
    assert len(panel.digest(panel.names)) == 64


KIND = Kind("panels", 60, valid, mutated, tried)
