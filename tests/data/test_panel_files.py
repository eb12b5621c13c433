"""Files as people have them: every kind reads as its CSV twin, or is refused by name."""

from __future__ import annotations

import gzip
import io
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causal.data import tables
from causal.data.panel import Panel, read_panel
from causal.errors import CausalError, SourceError
from tests.conftest import peer

CSV = b"date,x,note\n2025-01-01,1.5,a\n2025-01-02,.,b\n2025-01-04,-2e3,\n"
FRAME = pd.DataFrame(
    {
        "date": pd.to_datetime(["2025-01-01", "2025-01-02", "2025-01-04"]),
        "x": [1.5, None, -2e3],
        "note": ["a", "b", None],
    }
)


def packed(content: bytes) -> bytes:
    """In gzip, without the time of day: the names of tests are the same in every process."""
    return gzip.compress(content, mtime=0)


def read(folder: Path, content: bytes, name: str = "p.csv") -> Panel:
    (folder / name).write_bytes(content)
    return read_panel(folder / name)


def refused(folder: Path, content: bytes, name: str = "p.csv") -> CausalError:
    with pytest.raises(SourceError) as caught:
        read(folder, content, name)
    assert caught.value.means
    assert caught.value.do
    assert len(str(caught.value)) < 2_000
    return caught.value


def workbook(frame: pd.DataFrame = FRAME) -> bytes:
    peer("openpyxl")
    written = io.BytesIO()
    frame.to_excel(written, index=False)
    return written.getvalue()


def old_workbook() -> bytes:
    xlwt = peer("xlwt")
    book = xlwt.Workbook()
    sheet = book.add_sheet("panel")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    for row, cells in enumerate([[*FRAME], *FRAME.astype(object).to_numpy().tolist()]):
        for place, cell in enumerate(cells):
            if isinstance(cell, pd.Timestamp):
                sheet.write(row, place, cell.to_pydatetime(), day)
            elif cell is not None and cell == cell:  # no gap
                sheet.write(row, place, cell)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def feather() -> bytes:
    written = io.BytesIO()
    FRAME.to_feather(written)
    return written.getvalue()


KINDS: dict[str, Callable[[], bytes]] = {
    "bom.csv": lambda: b"\xef\xbb\xbf" + CSV,
    "mac.csv": lambda: CSV.replace(b"\n", b"\r"),
    "mixed.csv": lambda: CSV.replace(b"\n", b"\r\n", 2) + b"\r\n\n",
    "utf16.csv": lambda: CSV.decode().encode("utf-16"),
    "quoted.csv": lambda: CSV.replace(b"1.5", b'"1.5"'),
    "null.csv": lambda: CSV.replace(b",.,", b",NULL,"),
    "unnamed.csv": lambda: b"," + CSV.replace(b"\n2", b"\n0,2"),
    "p.csv.gz": lambda: packed(CSV),
    "two.gz": lambda: packed(CSV[:30]) + packed(CSV[30:]),
    "p.parquet": FRAME.to_parquet,
    "p.parquet.gz": lambda: packed(FRAME.to_parquet()),
    "index.parquet": lambda: FRAME.set_index("date").to_parquet(),
    "p.feather": feather,
    "p.xlsx": workbook,
    "p.xls": old_workbook,
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_gives_the_same_panel(tmp_path: Path, name: str) -> None:
    panel = read(tmp_path, KINDS[name](), name)
    assert panel.dates.astype(str).tolist() == [f"2025-01-0{k}" for k in (1, 2, 3, 4)]
    assert (panel.names, panel.text) == (("x",), ("note",))
    np.testing.assert_array_equal(panel.column("x"), [1.5, np.nan, np.nan, -2e3])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"date;x\n2025-01-01;1,5\n", "separated by semicolons: 'date;x'"),
        (b"date\tx\n2025-01-01\t1.5\n", "separated by tabs"),
        (CSV.replace(b"a", b"\0", 1), "NUL byte on line 1"),
        (CSV.decode().encode("utf-16-le"), "NUL byte on line 1"),
        (CSV.replace(b",b", b",\xff"), "line 3 holds the byte 0xff"),
        (CSV.replace(b"1.5", b'"1.5'), "line 2"),
        (CSV.replace(b"1.5", b'"1.5').replace(b"-2e3", b'-2e3"'), "line 2"),
        (CSV.replace(b",a", b',"a').replace(b",b", b',b"'), "line 2 has a quoted cell"),
        (CSV.replace(b",a", b""), "line 2 has 2 cells, the first has 3"),
        (b"\n\n" + CSV.replace(b",b", b""), "line 5 has 2 cells"),
        (b"date," + b"x" * 100_000 + b"," + b"x" * 100_000 + b"\n", "stands twice"),
        (b"date," + b"x" * 200_000 + b"\n", "field limit"),
        (b"<!DOCTYPE html><p>", "a web page"),
        (b"PK\x03\x04" + b"x" * 50, "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 50, "cannot be read"),
        (b"PAR1" + b"x" * 50 + b"PAR1", "cannot be read"),
        (b"ARROW1" + b"x" * 50, "cannot be read"),
        (b"BZh91AY", "packed with bzip2"),
        (b"SQLite format 3\0", "an SQLite database"),
        (packed(packed(CSV)), "packed with gzip twice"),
        (packed(CSV)[:-9], "the gzip file is damaged"),
        (packed(CSV) + b"x", "something else follows"),
        (b"", "it is empty"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in str(refused(tmp_path, content))


def test_a_long_header_is_not_echoed(tmp_path: Path) -> None:
    for head in (b"x" * 100_000, b",".join(b"c%d" % k for k in range(20_000)), b"x\x1b" * 50_000):
        with pytest.raises(CausalError) as caught:
            read(tmp_path, head + b"\n")
        assert len(str(caught.value)) < 1_000


def test_what_is_packed_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "UNPACKED", 10_000)
    bomb = packed(b"0" * 5_000_000)
    assert "unpacks to more than" in refused(tmp_path, bomb).what
    assert "unpacks to more than" in refused(tmp_path, packed(b"0" * 9_999) * 2).what
    monkeypatch.setenv("CAUSAL_MEMORY_GB", "1e-6")
    wide = pd.DataFrame({"x": np.zeros(100_000)}).to_parquet()
    assert "100,000 rows" in refused(tmp_path, wide).what


def test_a_workbook_with_two_tables_or_none(tmp_path: Path) -> None:
    openpyxl = peer("openpyxl")
    book = openpyxl.Workbook()
    written = io.BytesIO()
    book.save(written)
    assert "0 sheets that hold something" in refused(tmp_path, written.getvalue()).what
    book.active.append(["date", "x"])
    book.active.append(["2025-01-01", "=1+1"])
    written = io.BytesIO()
    book.save(written)
    assert "a formula in row 2" in refused(tmp_path, written.getvalue()).what
    book.create_sheet("notes").append(["why"])
    written = io.BytesIO()
    book.save(written)
    assert (
        "2 sheets that hold something: Sheet, notes" in refused(tmp_path, written.getvalue()).what
    )


@pytest.mark.parametrize(
    ("module", "name"), [("openpyxl", "p.xlsx"), ("xlrd", "p.xls"), ("pyarrow", "p.parquet")]
)
def test_a_reader_that_is_wanting_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    import sys

    content = KINDS[name]()
    monkeypatch.setitem(sys.modules, module, None)
    assert f"pip install {module}" in refused(tmp_path, content, name).do


def test_other_files_are_refused_whatever_they_are_called(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.csv")) as opened:
        opened.execute("create table t (x)")
    for source in (tmp_path / "a.csv", tmp_path, tmp_path / "none.parquet", "\0.csv"):
        with pytest.raises(SourceError):
            read_panel(source)
