"""Reading responses: CSV, JSON, zip archives, clock times; whatever is amiss is a SourceError."""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.cells import as_number
from causal.data.panel import Days
from causal.data.sources.source import Source, changed_shape

SHOWN = 8
LARGEST_MEMBER = 200_000_000  # bytes of one unpacked file


def text_of(source: Source, body: bytes) -> str:
    """The body as text; a web page in place of data is refused, whatever its status was."""
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<body")):
        raise changed_shape(source, "a web page came in place of the data.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise changed_shape(source, "the response is not text in UTF-8.") from None


def csv_columns(source: Source, body: bytes, wanted: Sequence[str]) -> dict[str, list[str]]:
    """Named columns of a CSV; raises SourceError showing which are missing and what is there."""
    lines = csv.reader(io.StringIO(text_of(source, body)))
    try:
        rows = [row for row in lines if row]
    except csv.Error as problem:
        raise changed_shape(source, f"the response is no CSV: {problem}.") from None
    head = [name.strip() for name in rows[0]] if rows else []
    missing = [name for name in wanted if name not in head]
    if missing:
        raise changed_shape(
            source,
            f"the column(s) {', '.join(missing)} are missing; the file has {_listed(head)}.",
        )
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(head):
            raise changed_shape(
                source, f"line {line} has {len(row)} cells, the first has {len(head)}."
            )
    places = {name: head.index(name) for name in wanted}
    return {name: [row[at] for row in rows[1:]] for name, at in places.items()}


def json_of(source: Source, body: bytes) -> Any:
    """The JSON in a response."""
    try:
        return json.loads(text_of(source, body))
    except ValueError as problem:
        raise changed_shape(source, f"the response is no whole JSON: {problem}.") from None


def member(source: Source, body: bytes) -> bytes:
    """The one file in a zip archive, its checksum verified."""
    if not body.startswith(b"PK"):
        text_of(source, body)
        raise changed_shape(source, "the response is no zip archive.")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            names = archive.infolist()
            if len(names) != 1 or names[0].file_size > LARGEST_MEMBER:
                raise changed_shape(
                    source, f"the archive holds {len(names)} files; one was expected."
                )
            return archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
        raise changed_shape(source, f"the archive is damaged or cut short: {problem}.") from None


def numbers_of(source: Source, name: str, cells: Iterable[Any]) -> Array:
    """Cells as numbers, blank ones NaN; raises SourceError showing the first that is none."""
    found = []
    for cell in cells:
        try:
            value = (
                as_number(cell)
                if isinstance(cell, str)
                else float(np.nan if cell is None else cell)
            )
        except (TypeError, ValueError, OverflowError):
            value = None
        if value is None:
            raise changed_shape(source, f"`{name}` holds {str(cell)[:40]!r}, no number.")
        if np.isinf(value):
            raise changed_shape(source, f"`{name}` is infinite.")
        found.append(value)
    return np.array(found, dtype=np.float64)


def days_of(source: Source, cells: Iterable[Any]) -> Days:
    """Cells that begin with a date such as 2026-05-31."""
    found = []
    for cell in cells:
        try:
            found.append(date.fromisoformat(str(cell).strip()[:10]))
        except ValueError:
            raise changed_shape(source, f"{str(cell)[:40]!r} is no date like 2026-05-31.") from None
    return np.array(found, dtype="datetime64[D]")


def days_of_stamps(source: Source, cells: Iterable[Any], unit: str = "ms") -> Days:
    """UTC days of Unix times, as ``moments_of_stamps`` reads them."""
    found: Days = moments_of_stamps(source, cells, unit).astype("datetime64[D]")
    return found


def moments_of_stamps(
    source: Source, cells: Iterable[Any], unit: str = "ms"
) -> NDArray[np.datetime64]:
    """UTC seconds of Unix times in seconds, milliseconds or (Binance since 2025) microseconds."""
    stamps = numbers_of(source, "time", cells)
    if np.isnan(stamps).any():
        raise changed_shape(source, "a row has no time.")
    seconds = stamps / {"s": 1.0, "ms": 1e3}[unit]
    if unit == "ms":
        seconds = np.where(stamps > 1e14, stamps / 1e6, seconds)
    if len(seconds) and not (seconds.min() > 1e9 and seconds.max() < 5e9):
        raise changed_shape(source, f"a time is {stamps[0]:.0f}, which is no Unix time in {unit}.")
    return np.floor(seconds).astype(np.int64).astype("datetime64[s]")


def stamp(day: date) -> int:
    """Milliseconds since 1970 at the start of a UTC day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def rows_of(source: Source, parts: Any, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """A JSON list of objects that all hold ``wanted``."""
    if not isinstance(parts, list):
        raise changed_shape(source, f"a list of rows was expected, not {_kind(parts)}.")
    for part in parts:
        missing = [n for n in wanted if not isinstance(part, dict) or n not in part]
        if missing:
            there = _listed(list(part)) if isinstance(part, dict) else _kind(part)
            raise changed_shape(source, f"a row lacks {', '.join(missing)}; it has {there}.")
    return parts


def inside(source: Source, document: Any, *path: str) -> Any:
    """The value at ``path`` in a JSON document."""
    for step in path:
        if not isinstance(document, dict) or step not in document:
            there = _listed(list(document)) if isinstance(document, dict) else _kind(document)
            raise changed_shape(source, f"the response has no `{step}`; it has {there}.")
        document = document[step]
    return document


def _listed(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > SHOWN else ""
    return ", ".join(str(n)[:30] for n in names[:SHOWN]) + more if names else "nothing"


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
