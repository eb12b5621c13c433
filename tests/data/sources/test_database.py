"""A database is read and never written, whatever its address or its statement asks for."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from causal.data.sources import database
from causal.data.sources.catalogue import ALL
from causal.data.sources.database import connection_fault, query, statement_fault
from causal.errors import SourceError

SOURCE = ALL[0]
GOOD = "SELECT day, value FROM t ORDER BY day"
ROWS = [("2026-05-01", 1.0), ("2026-05-02", 2.0)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one table in SQLite, one in WAL mode, one in DuckDB."""
    import duckdb

    tmp_path = tmp_path_factory.mktemp("databases")
    for name, mode in (("a.db", "delete"), ("wal.db", "wal")):
        opened = sqlite3.connect(tmp_path / name)
        opened.execute(f"PRAGMA journal_mode={mode}")
        opened.execute("CREATE TABLE t (day TEXT, value REAL)")
        opened.executemany("INSERT INTO t VALUES (?, ?)", ROWS)
        opened.commit()
        opened.close()
    with duckdb.connect(str(tmp_path / "a.duckdb")) as table:
        table.execute("CREATE TABLE t (day VARCHAR, value DOUBLE)")
        table.executemany("INSERT INTO t VALUES (?, ?)", ROWS)
    return tmp_path


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    shutil.copytree(made, tmp_path / "databases")
    return tmp_path / "databases"


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    """Nothing in the folder is made, changed or removed."""
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    yield
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


ADDRESSES = {"a.db": "sqlite:///{}/a.db", "wal.db": "sqlite+pysqlite:///{}/wal.db"}
ADDRESSES["a.duckdb"] = "duckdb:///{}/a.duckdb"


@pytest.mark.parametrize("name", list(ADDRESSES))
def test_a_query_reads_and_leaves_nothing_behind(folder: Path, name: str) -> None:
    with untouched(folder):
        assert query(SOURCE, GOOD, ADDRESSES[name].format(folder)) == (("day", "value"), ROWS)


def test_a_database_that_is_being_written_is_read_as_it_is(folder: Path) -> None:
    opened = sqlite3.connect(folder / "wal.db")
    opened.execute("INSERT INTO t VALUES ('2026-05-03', 3.0)")
    opened.commit()
    names = {p.name for p in folder.iterdir()}
    assert len(query(SOURCE, GOOD, f"sqlite:///{folder}/wal.db")[1]) == 3
    assert {p.name for p in folder.iterdir()} == names
    opened.close()


def test_a_log_that_nobody_finished_is_not_touched(folder: Path) -> None:
    (folder / "wal.db-wal").write_bytes(b"half a log")
    with untouched(folder), pytest.raises(SourceError, match="did not close it"):
        query(SOURCE, GOOD, f"sqlite:///{folder}/wal.db")


WRITING = [
    "INSERT INTO t VALUES ('x', 1)",
    "CREATE TABLE u (a)",
    "CREATE TEMP TABLE u (a)",
    "DROP TABLE t",
    "ATTACH '{}/new.db' AS n",
    "PRAGMA journal_mode=delete",
    "PRAGMA user_version=7",
    "VACUUM INTO '{}/new.db'",
    "SELECT load_extension('{}/x')",
    "WITH w AS (SELECT 1) INSERT INTO t SELECT 'x', 1",
    "SELECT * FROM pragma_table_info('t')",
]


@pytest.mark.parametrize("sql", WRITING)
@pytest.mark.parametrize("name", ["a.db", "wal.db"])
def test_sqlite_itself_refuses_to_write(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, sql: str
) -> None:
    """Also where the look at the words has been deceived."""
    monkeypatch.setattr(database, "statement_fault", lambda _: "")
    with untouched(folder), pytest.raises(SourceError, match="does more than select"):
        query(SOURCE, sql.format(folder), f"sqlite:///{folder}/{name}")


@pytest.mark.parametrize(
    "sql",
    [
        WRITING[0],
        "CREATE TABLE u (a INTEGER)",
        "ATTACH '{}/new.db' AS n",
        "COPY t TO '{}/new.csv'",
        "SELECT * FROM read_csv('{}/a.db')",
        "SET enable_external_access=true",
        "INSTALL httpfs",
    ],
)
def test_duckdb_itself_refuses_to_write(
    folder: Path, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(database, "statement_fault", lambda _: "")
    with untouched(folder), pytest.raises(SourceError):
        query(SOURCE, sql.format(folder), f"duckdb:///{folder}/a.duckdb")


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_no_file_is_made_where_there_is_none(tmp_path: Path, kind: str) -> None:
    for address in (f"{kind}:///{tmp_path}/new.db", f"{kind}:///{tmp_path}/no/new.db"):
        with untouched(tmp_path), pytest.raises(SourceError):
            query(SOURCE, "SELECT 1 AS a", address)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:///{}/new.db?mode=rwc",
        "sqlite:///{}/a.db?mode=rw&uri=true",
        "sqlite+pysqlite:///file:{}/new.db?mode=rwc&uri=true",
        "SQLITE:///{}/new.db?mode=rwc",
        "sqlite://",
        "sqlite:///",
        "duckdb:///{}/new.db?access_mode=READ_WRITE",
        "duckdb:///:memory:?x",
    ],
)
def test_an_address_overrides_nothing(folder: Path, address: str) -> None:
    address = address.format(folder)
    assert "read-only" in connection_fault(address)
    with untouched(folder), pytest.raises(SourceError, match="read-only"):
        query(SOURCE, GOOD, address)


@pytest.mark.parametrize("name", ["a%3Fmode=rwc", "a b#c.db", "ä.db", "file:x", ":memory:"])
def test_an_odd_name_is_a_name(tmp_path: Path, name: str) -> None:
    with untouched(tmp_path), pytest.raises(SourceError):
        query(SOURCE, GOOD, f"sqlite:///{tmp_path}/{name}")
    opened = sqlite3.connect(tmp_path / name)
    opened.execute("CREATE TABLE t AS SELECT '2026-05-01' AS day, 1.0 AS value")
    opened.commit()
    opened.close()
    with untouched(tmp_path):
        assert query(SOURCE, GOOD, f"sqlite:///{tmp_path}/{name}")[1] == [ROWS[0]]


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


@pytest.mark.parametrize("name", ["a.db", "a.duckdb"])
def test_what_takes_too_long_or_yields_too_much_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    address = ADDRESSES[name].format(folder)
    with monkeypatch.context() as patch:
        patch.setattr(database, "SECONDS", 0.1)
        with pytest.raises(SourceError, match=r"more than 0\.1 seconds"):
            query(SOURCE, ENDLESS, address)
    monkeypatch.setattr(database, "ROWS", 1)
    with pytest.raises(SourceError, match="more than 1 rows"):
        query(SOURCE, GOOD, address)
    monkeypatch.setattr(database, "ROWS", 2)
    assert query(SOURCE, GOOD, address)[1] == ROWS
    with pytest.raises(SourceError, match="the same name"):
        query(SOURCE, "SELECT day, day FROM t", address)


def test_a_cell_is_not_endless(folder: Path) -> None:
    with pytest.raises(SourceError, match="SQLITE_TOOBIG"):
        query(SOURCE, "SELECT zeroblob(1000000000) AS a", f"sqlite:///{folder}/a.db")


@pytest.mark.parametrize(
    ("sql", "ok"),
    [
        (GOOD, True),
        (f"{GOOD};", True),
        ("-- note; with a stop\nselect 1", True),
        ("/* a */ WITH a AS (SELECT 1) SELECT * FROM a", True),
        ("SELECT \"update\", 'drop; it' FROM t", True),
        ("SELECT replace(a, 'b', 'c') FROM t", True),
        ("VALUES (1)", True),
        ("", False),
        ("SELECT 1; DROP TABLE t", False),
        ("SELECT * INTO u FROM t", False),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT * FROM a", False),
        ("SELECT 1 /*! INTO OUTFILE 'x' */", False),
        ("SELECT * FROM t FOR UPDATE", False),
        ("PRAGMA user_version", False),
        ("EXPLAIN SELECT 1", False),
    ],
)
def test_statements(sql: str, ok: bool) -> None:
    assert (statement_fault(sql) == "") is ok


@pytest.mark.parametrize(
    ("address", "ok"),
    [
        ("sqlite:///a.db", True),
        ("duckdb:////data/a b#c.duckdb", True),
        ("postgresql://me@host/db", True),
        ("postgresql+psycopg://me:${WORD}@host:5432/db?sslmode=require", True),
        ("postgresql://me:word@host/db", False),
        ("mysql://host/db?password=word", False),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dword", False),
    ],
)
def test_connections(address: str, ok: bool) -> None:
    found = connection_fault(address)
    assert (found == "") is ok
    assert "word@" not in found


def test_other_databases_are_read_in_a_transaction_that_is_never_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stand-in for SQLAlchemy notes what is done to it."""
    done: list[Any] = []

    class Connection:
        def execution_options(self, **options: Any) -> Connection:
            done.append(options)
            return self

        def __enter__(self) -> Connection:
            return self

        def __exit__(self, *_: object) -> None:
            done.append("closed")

        def exec_driver_sql(self, sql: str) -> Any:
            done.append(sql)
            if "broken" in sql:
                raise RuntimeError("cannot reach postgresql://me:s3cret@host")
            return types.SimpleNamespace(keys=lambda: ["day"], fetchmany=lambda n: [("a",)])

    engine = types.SimpleNamespace(connect=Connection, dispose=lambda: done.append("disposed"))
    module = types.ModuleType("sqlalchemy")
    module.create_engine = lambda address: done.append(address) or engine  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sqlalchemy", module)
    address = "postgresql://me:s3cret@host/db"
    assert query(SOURCE, "SELECT day FROM t", address) == (("day",), [("a",)])
    assert done[:2] == [address, {"postgresql_readonly": True}]
    assert done[2:] == ["SELECT day FROM t", "closed", "disposed"]
    with pytest.raises(SourceError, match="RuntimeError") as caught:
        query(SOURCE, "SELECT broken FROM t", address)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__context__ is None
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(SourceError, match="`sqlalchemy`, which reads this database, is not inst"):
        query(SOURCE, GOOD, address)
    assert os.sep not in str(caught.value.what)
