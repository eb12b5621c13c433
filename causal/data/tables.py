"""Tables in files: CSV, Parquet, Feather, .xlsx, .xls, any of them in gzip; told by their start.

What a file is not known to be is refused by name, with what to do about it; whatever a library
makes of a damaged one is a SourceError.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from causal import file, limit
from causal.data.frames import Columns, columns, unique
from causal.data.workbooks import old_workbook, workbook
from causal.errors import CausalError, SourceError
from causal.text import VALUE, shortened

UNPACKED = 500_000_000  # bytes that a gzip file may grow to
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
ELSE = (  # how other files begin, what they are, what to do
    (b"BZh", "packed with bzip2", "Unpack it first: `bunzip2 FILE`."),
    (b"\xfd7zXZ", "packed with xz", "Unpack it first: `unxz FILE`."),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "Unpack it first: `unzstd FILE`."),
    (
        b"SQLite format 3",
        "an SQLite database",
        "Read it with `pandas.read_sql` and pass the frame.",
    ),
    (b"\x89HDF", "an HDF5 file", "Read it with `pandas.read_hdf` and pass the frame."),
    (b"%PDF", "a PDF document", "Pass the table itself, as CSV."),
)
WEB = (b"<!doctype", b"<html", b"<head", b"<?xml", b"<body", b"<table")


def read_table(body: bytes, name: str, *, packed: bool = False) -> Columns:
    """The columns of a table; ``name`` is what its file is called in messages.

    Raises SourceError for anything that is no whole table, and DataError for names that are none.
    """
    if body.startswith(file.GZIP):
        if packed:
            raise _refused(name, "packed with gzip twice", "Unpack it first: `gunzip FILE`.")
        content = file.unzipped(body, f"`{name}`", SourceError, most=UNPACKED)
        return read_table(content, name, packed=True)
    for start, what, do in ELSE:
        if body.startswith(start):
            raise _refused(name, what, do)
    try:
        if body.startswith((b"PAR1", b"ARROW1", b"FEA1")):
            return columns(_arrow(body))
        if body.startswith(b"PK\x03\x04"):
            return workbook(body, name)
        if body.startswith(b"\xd0\xcf\x11\xe0"):
            return old_workbook(body, name)
        return _csv(body, name)
    except CausalError:
        raise
    except ImportError:
        raise SourceError(
            f"`{name}` is Parquet or Feather, and no reader of them is installed.",
            "Nothing was read.",
            "Install pyarrow (`pip install pyarrow`), or pass a CSV file.",
        ) from None
    except Exception as problem:  # a damaged file fails in its library in any of many ways
        raise damaged(name, str(problem) or type(problem).__name__) from problem


def damaged(name: str, why: str) -> SourceError:
    """A SourceError for a file that is not what it begins as."""
    return SourceError(
        f"`{name}` cannot be read: {why}",
        "It is no whole CSV, Parquet or Excel table.",
        "Open it and check it, or save it anew.",
    )


def _refused(name: str, what: str, do: str) -> SourceError:
    return SourceError(f"`{name}` is {what}.", "A panel is not read from that.", do)


def _arrow(body: bytes) -> Any:
    """A Parquet or Feather file as a pandas frame (which knows its index); pages that carry a
    checksum are checked, and the size is looked at before anything is allocated."""
    from pyarrow import feather, parquet

    if not body.startswith(b"PAR1"):
        return feather.read_table(io.BytesIO(body)).to_pandas()
    opened = parquet.ParquetFile(io.BytesIO(body), page_checksum_verification=True)
    shape = opened.metadata
    limit.afford(
        8.0 * shape.num_rows * max(shape.num_columns, 1),
        f"A table of {shape.num_rows:,} rows and {shape.num_columns:,} columns",
        "Aggregate it to days",
        SourceError,
    )
    return opened.read().to_pandas()


def _text(body: bytes, name: str) -> str:
    """UTF-8, or UTF-16 that says so in its first two bytes."""
    if body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(WEB):
        raise _refused(name, "a web page or XML", "Download the table itself, as CSV.")
    coding = "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = body.decode(coding)
    except UnicodeDecodeError as problem:
        line = body.count(b"\n", 0, problem.start) + 1
        raise SourceError(
            f"`{name}` is no text in {coding.removesuffix('-sig').upper()}: line {line} holds the "
            f"byte 0x{body[problem.start]:02x}.",
            "In another encoding the same bytes are other letters, so none is guessed.",
            "Save it as UTF-8.",
        ) from None
    if "\0" in text:
        raise SourceError(
            f"`{name}` holds a NUL byte on line {text.count(chr(10), 0, text.index(chr(0))) + 1}.",
            "It is damaged, no text, or UTF-16 without the mark that says so.",
            "Save it as UTF-8.",
        )
    return text


def _csv(body: bytes, name: str) -> Columns:
    """Columns of a CSV file; a column without a name is left out, since nothing can ask for it."""
    lines = csv.reader(io.StringIO(_text(body, name), newline=""), strict=True)
    rows: list[list[str]] = []
    start = 1
    try:
        for row in lines:
            if row and not rows:
                _separated(row, name)
            if row:
                _check(row, rows[0] if rows else row, start)
                rows.append(row)
            start = lines.line_num + 1
    except (csv.Error, ValueError) as problem:
        line = "" if str(problem).startswith("line ") else f"line {start}: "
        raise damaged(name, f"{line}{problem}") from None
    if not rows:
        raise damaged(name, "it is empty")
    head = [cell.strip() for cell in rows[0]]
    unique([cell for cell in head if cell], SourceError)
    cells: Sequence[Sequence[str]] = [*zip(*rows[1:], strict=True)] or [()] * len(head)
    return {name: column for name, column in zip(head, cells, strict=True) if name}


def _check(row: list[str], head: list[str], line: int) -> None:
    if len(row) != len(head):
        raise ValueError(f"line {line} has {len(row)} cells, the first has {len(head)}")
    if any("\n" in cell or "\r" in cell for cell in row):
        raise ValueError(f"line {line} has a quoted cell that does not end on it; mend the quotes")


def _separated(head: list[str], name: str) -> None:
    """Raise SourceError where something else than commas stands between the names of the head."""
    for mark, called in SEPARATORS.items():
        if len(head) == 1 and mark in head[0]:
            raise SourceError(
                f"The cells of `{name}` are separated by {called}: {shortened(head[0], VALUE)!r}.",
                "A panel has commas between cells and a point in numbers; with another mark, 1,5 "
                "may be one number or two.",
                f"Save it so, or pass `pandas.read_csv(..., sep={mark!r}, decimal=',')`.",
            )
