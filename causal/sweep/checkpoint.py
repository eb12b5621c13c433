"""Rows that are finished, kept in a file as they come: plain JSON, one line each, appended.

A line is ``{"sweep": key, "row": {...}}`` (or another word for another kind of row); the key is a
hash of model, question and scenario, so that one file may serve several sweeps and a row is never
taken for another.  A line that was cut short by a crash, or is damaged, is not read: its row is
computed again.

Nothing in it is run or trusted: a row is read only if it has the fields of an answer
(``result.sound``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causal import file
from causal.errors import DataError
from causal.sweep.result import sound

SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of finished rows; raises DataError where it cannot be one.

    ``kind``: the word of its lines; ``whole``: whether a row can be trusted to be one.

    It holds no open file: the file is opened, written and closed at each call, so a
    sweep that is killed loses no row that was added.
    """

    path: Path
    kind: str = SWEEP
    whole: Callable[[Any], bool] = sound

    def rows(self) -> dict[str, dict[str, Any]]:
        """Every whole row of the file by its key; nothing when there is no file yet.

        Of two rows with one key the later counts.  Raises DataError for a file of another kind,
        which is told by its first line, and where it cannot be read.
        """
        where = self._place()
        if not where.exists():
            return {}
        found: dict[str, dict[str, Any]] = {}
        opening = f'{{"{self.kind}": "'.encode()
        for number, line in enumerate(file.contents(where, DataError).split(b"\n")):
            entry = self._entry(line)
            if entry is not None:
                found[entry[self.kind]] = entry["row"]
            elif number == 0 and not (line.startswith(opening) or opening.startswith(line)):
                raise DataError(
                    f"{self.path} is not a checkpoint of a {self.kind}.",
                    "Its first line is no finished row, and nothing was written to it.",
                    "Name a file of its own, which need not exist yet.",
                )
        return found

    def add(self, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Append rows and see them on the disk; what a crash cut short before is closed off.

        ``rows``: keys and fields; with none of them it only finds out whether the file can be
        written.  Raises DataError where it cannot.
        """
        lines = [json.dumps({self.kind: k, "row": dict(r)}, ensure_ascii=False) for k, r in rows]
        data = "".join(line + "\n" for line in lines).encode()
        where = self._place()
        try:
            handle = os.open(where, os.O_RDWR | os.O_CREAT | os.O_APPEND | file.NO_LINK, 0o666)
            try:
                size = os.fstat(handle).st_size
                # The last line has no end: it is half a row, which its own line keeps from spoiling
                # this one.
                if size and os.pread(handle, 1, size - 1) != b"\n":
                    data = b"\n" + data
                while data:
                    data = data[os.write(handle, data) :]
                os.fsync(handle)
            finally:
                os.close(handle)
        except (OSError, ValueError) as trouble:
            raise self._unusable(file.reason(trouble)) from None

    def _place(self) -> Path:
        """The file itself, links of one's own followed; what another user has left is not read."""
        try:
            where = file.followed(self.path)
            if where.exists() and not where.is_dir():  # a folder is refused when it is read
                if not where.is_file():
                    raise self._unusable("it is no plain file")
                if file.foreign(where):
                    raise self._unusable("another user has put it there")
            return where
        except (OSError, ValueError) as trouble:
            raise self._unusable(file.reason(trouble)) from None

    def _unusable(self, why: str) -> DataError:
        return DataError(
            f"{str(self.path)!r} cannot be written: {why}.",
            "Finished rows cannot be kept there.",
            "Choose a file in a folder that exists and that you may write to.",
        )

    def _entry(self, line: bytes) -> dict[str, Any] | None:
        """The key and row of a line; None where the line is damaged, cut short or no row."""
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or not isinstance(found.get(self.kind), str):
            return None
        return found if self.whole(found.get("row")) else None
