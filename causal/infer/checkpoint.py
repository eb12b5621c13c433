"""Rows that are finished, kept in a file as they come: plain JSON, one line each, appended.

A line is ``{"sweep": key, "row": {...}}``; the key is a hash of model, question and scenario, so
that one file may serve several sweeps and a row is never taken for another.  A line that was cut
short by a crash, or is damaged, is not read: its row is computed again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causal import file
from causal.errors import DataError
from causal.infer.row import sound

OPENING = b'{"sweep": "'


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of finished rows; raises DataError where it cannot be one."""

    path: Path

    def rows(self) -> dict[str, dict[str, Any]]:
        """Every whole row of the file by its key; nothing when there is no file yet."""
        if not self.path.exists():
            return {}
        found: dict[str, dict[str, Any]] = {}
        for number, line in enumerate(file.contents(self.path, DataError).split(b"\n")):
            entry = _entry(line)
            if entry is not None:
                found[entry["sweep"]] = entry["row"]
            elif number == 0 and not (line.startswith(OPENING) or OPENING.startswith(line)):
                raise DataError(
                    f"{self.path} is not a checkpoint of a sweep.",
                    "Its first line is no finished row, and nothing was written to it.",
                    "Name a file of its own, which need not exist yet.",
                )
        return found

    def add(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Append rows and see them on the disk; what a crash cut short before is closed off."""
        lines = [json.dumps({"sweep": k, "row": dict(r)}, ensure_ascii=False) for k, r in rows]
        data = "".join(line + "\n" for line in lines).encode()
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
            try:
                size = os.fstat(handle).st_size
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    data = b"\n" + data
                while data:
                    data = data[os.write(handle, data) :]
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as trouble:
            raise DataError(
                f"{str(self.path)!r} cannot be written: {file.reason(trouble)}.",
                "Finished rows cannot be kept there.",
                "Choose a folder that exists and that you may write to.",
            ) from None


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("sweep"), str):
        return None
    return found if sound(found.get("row")) else None
