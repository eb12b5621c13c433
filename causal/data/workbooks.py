"""Workbooks: the one sheet of an .xlsx (openpyxl) or an .xls file (xlrd), both optional.

What a workbook shows is what was last saved: a formula that was never calculated has no value, and
is refused.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any

from causal.data.frames import Columns, unique
from causal.errors import SourceError

UNPACKED = 500_000_000  # bytes that the parts of an .xlsx file may grow to
FRAME = "Save the sheet as CSV, or pass a frame: `pandas.read_excel(..., sheet_name=...)`."


def workbook(body: bytes, name: str) -> Columns:
    """Columns of the one sheet of an .xlsx file; raises SourceError, and whatever openpyxl raises
    for a damaged one."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        parts = archive.infolist()
    if not any(part.filename == "xl/workbook.xml" for part in parts):
        raise SourceError(
            f"`{name}` is a zip archive, and no .xlsx workbook.",
            "A panel is read from one table.",
            "Unpack it and name the file inside; save an .ods sheet as .xlsx or CSV.",
        )
    if sum(part.file_size for part in parts) > UNPACKED:
        raise SourceError(
            f"`{name}` unpacks to more than {UNPACKED:,} bytes.",
            "A daily history is far smaller; nothing was unpacked.",
            "Check where it comes from, or save the sheet as CSV.",
        )
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise _wanting(name, ".xlsx", "openpyxl") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions that no cell depends on
        shown, kept = (load_workbook(io.BytesIO(body), data_only=d) for d in (True, False))
        sheets = {s.title: list(s.iter_rows(values_only=True)) for s in shown.worksheets}
        formulas = {s.title: s.iter_rows(values_only=True) for s in kept.worksheets}
    title, rows = _only(sheets, name)
    for number, (values, written) in enumerate(zip(rows, formulas[title], strict=True), 1):
        for value, formula in zip(values, written, strict=True):
            if value is None and formula is not None:
                raise SourceError(
                    f"`{name}` holds a formula in row {number} whose value was never calculated.",
                    "Read as it is, the cell would be a gap.",
                    "Open it in a spreadsheet, let it calculate, and save it.",
                )
    return _columns(rows, name)


def old_workbook(body: bytes, name: str) -> Columns:
    """Columns of the one sheet of an .xls file; raises SourceError, and whatever xlrd raises for a
    damaged one."""
    try:
        import xlrd
    except ImportError:
        raise _wanting(name, ".xls", "xlrd") from None
    book = xlrd.open_workbook(file_contents=body, logfile=io.StringIO())

    def value(cell: Any) -> Any:
        if cell.ctype == xlrd.XL_CELL_DATE:
            return xlrd.xldate_as_datetime(cell.value, book.datemode)
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return xlrd.error_text_from_code.get(cell.value, "#ERROR")
        return None if cell.ctype in {xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK} else cell.value

    sheets = {s.name: [[value(c) for c in row] for row in s.get_rows()] for s in book.sheets()}
    return _columns(_only(sheets, name)[1], name)


def _only(
    sheets: dict[str, Sequence[Sequence[Any]]] | dict[str, list[Any]], name: str
) -> tuple[str, Sequence[Sequence[Any]]]:
    """The sheet that holds anything, and its title; raises SourceError unless there is just one."""
    filled = [title for title, rows in sheets.items() if any(map(_filled, rows))]
    if len(filled) == 1:
        return filled[0], sheets[filled[0]]
    raise SourceError(
        f"`{name}` has {len(filled)} sheets that hold something"
        + (f": {', '.join(filled[:8])}." if filled else "."),
        "A panel is one table.",
        FRAME,
    )


def _columns(rows: Sequence[Sequence[Any]], name: str) -> Columns:
    """Columns under the names of the first row; rows that are empty to their end are left out."""
    held = [row for row in rows if _filled(row)]
    head = [cell.strip() if isinstance(cell, str) else cell for cell in held[0]]
    unique([cell for cell in head if cell is not None], SourceError)
    cells: Iterable[Sequence[Any]] = [*zip(*held[1:], strict=True)] or [()] * len(head)
    found = dict(zip(head, cells, strict=True))
    for title, column in found.items():
        if not title and any(cell is not None for cell in column):
            raise SourceError(
                f"`{name}` has values in a column whose first row is empty.",
                "A column is asked for by its name.",
                "Write names in the first row, or clear the column.",
            )
    return {title: column for title, column in found.items() if title}


def _filled(row: Sequence[Any]) -> bool:
    return any(cell is not None and cell != "" for cell in row)


def _wanting(name: str, kind: str, library: str) -> SourceError:
    return SourceError(
        f"`{name}` is an {kind} workbook, and `{library}` is not installed.",
        "Nothing was read.",
        f"Install it with `pip install {library}`, or save the sheet as CSV.",
    )
