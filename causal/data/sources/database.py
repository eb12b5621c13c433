"""One query to a database, which is read and never written: SQLite, DuckDB, or by SQLAlchemy.

A file of SQLite or DuckDB is opened read-only, whatever its address asks for, and the statement may
do nothing but select: no ATTACH, no PRAGMA, no other file, no extension.  What it takes is limited
in time and rows.  Of other databases the statement alone is looked at: use an account there that
may only read.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from causal.data.sources import secret
from causal.data.sources.source import Source
from causal.errors import SourceError

SECONDS = 60.0
ROWS = 1_000_000
CELL = 1_000_000  # bytes
STEPS = 1000  # of SQLite's machine between two looks at the clock
QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*(?!!).*?\*/", re.DOTALL
)
READING = frozenset({"select", "with", "values"})
WRITING = frozenset(
    {"insert", "update", "delete", "merge", "into", "create", "drop", "alter", "truncate", "grant"}
    | {"attach", "detach", "pragma", "copy", "execute", "exec", "call", "vacuum", "install", "load"}
)
LOCAL = re.compile(r"(sqlite|duckdb)(?:\+\w+)?://", re.IGNORECASE)

QueryResult = tuple[tuple[str, ...], list[Any]]  # names of the columns, rows


def statement_fault(sql: str) -> str:
    """Why a statement is no mere query; nothing if it is one."""
    words = re.findall(r"[a-z_]\w*", QUOTED.sub(" ", sql).lower())
    plain = QUOTED.sub(" ", sql).strip().rstrip(";")
    if not words or words[0] not in READING or ";" in plain or "/*" in plain:
        return "must be one statement that begins with SELECT (or WITH, or VALUES)"
    writing = WRITING & set(words)
    if writing:
        name = min(writing).upper()
        return f"may only read, and holds {name}; a column of this name is written in quotes"
    return ""


def connection_fault(connection: str) -> str:
    """What is amiss with the address of a database, first; nothing if it is one to be used."""
    if LOCAL.match(connection) is None:
        return next(secret.address_faults(connection, user=True), "")
    return _local_fault(connection)


def _local_fault(connection: str) -> str:
    local = LOCAL.match(connection)
    if local is None:
        return ""
    place = connection[local.end() :]
    if not place.startswith("/") or len(place) == 1 or "?" in place or not place.isprintable():
        kind = local[1].lower()
        return (
            f"is written {kind}:///file, or {kind}:////folder/file, without any options: it is "
            "always opened read-only"
        )
    return ""


def query(source: Source, sql: str, connection: str) -> QueryResult:
    """The rows of one query.  No error shows the connection; raises SourceError."""
    trouble = statement_fault(sql) or _local_fault(connection)
    if trouble:
        raise _failed(source, f"its query or connection {trouble}")
    try:
        names, rows = _read(sql, connection)
    except ImportError as problem:
        trouble = f"`{problem.name}`, which reads this database, is not installed"
    except Exception as problem:  # drivers have errors of their own, which may show the connection
        trouble = _spoken(problem)
    if trouble:
        raise _failed(source, trouble)
    if len(rows) > ROWS:
        raise _failed(source, f"the query yields more than {ROWS:,} rows")
    if len(set(names)) < len(names):
        raise _failed(source, "two columns of the result have the same name")
    return names, rows


def _read(sql: str, connection: str) -> QueryResult:
    local = LOCAL.match(connection)
    if local is None:
        return _elsewhere(sql, connection)
    path = Path(connection[local.end() + 1 :]).absolute()
    return _sqlite(sql, path) if local[1].lower() == "sqlite" else _duckdb(sql, path)


def _sqlite(sql: str, path: Path) -> QueryResult:
    import sqlite3

    allowed = {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }

    def judge(action: int, first: str | None, second: str | None, *_: str | None) -> int:
        harmless = action in allowed and second not in {"load_extension", "fts3_tokenizer"}
        return sqlite3.SQLITE_OK if harmless else sqlite3.SQLITE_DENY

    ends = time.monotonic() + SECONDS
    with closing(sqlite3.connect(f"{path.as_uri()}?{_mode(path)}", uri=True)) as opened:
        opened.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL)
        opened.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        opened.set_authorizer(judge)
        opened.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
        cursor = opened.execute(sql)
        return _names(cursor.description), cursor.fetchmany(ROWS + 1)


def _mode(path: Path) -> str:
    """How SQLite opens a file without making another one beside it.

    A file in WAL mode gets companions (-wal, -shm) from every reader, even one that may not write.
    Where nobody has it open there are none, and it may be read as one that does not change.
    """
    if not path.is_file():
        raise FileNotFoundError
    with path.open("rb") as stream:
        logged = stream.read(20)[18:20] == b"\x02\x02"
    log, index = (path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))
    if logged and log.exists() and not index.exists():
        raise _Unfinished("its last writer did not close it; open it once by other means")
    return "mode=ro&immutable=1" if logged and not log.exists() else "mode=ro"


def _duckdb(sql: str, path: Path) -> QueryResult:
    import duckdb

    settings: dict[str, Any] = {"enable_external_access": False, "lock_configuration": True}
    with (
        closing(duckdb.connect(str(path), read_only=True, config=settings)) as opened,
        _within(opened.interrupt),
    ):
        cursor = opened.execute(sql)
        return _names(cursor.description), cursor.fetchmany(ROWS + 1)


def _elsewhere(sql: str, connection: str) -> QueryResult:
    """Any other database, in a transaction that is never committed; PostgreSQL is told so."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(connection)
    try:
        with engine.connect().execution_options(postgresql_readonly=True) as opened:
            found = opened.exec_driver_sql(sql)
            return tuple(map(str, found.keys())), [tuple(r) for r in found.fetchmany(ROWS + 1)]
    finally:
        engine.dispose()


@contextmanager
def _within(interrupt: Any) -> Iterator[None]:
    """Interrupt what has taken too long."""
    clock = threading.Timer(SECONDS, interrupt)
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()


def _names(description: Any) -> tuple[str, ...]:
    return tuple(str(column[0]) for column in description or ())


class _Unfinished(Exception):  # noqa: N818 - it becomes a SourceError
    """A database that cannot be read without writing to it."""


def _spoken(problem: Exception) -> str:
    """What went wrong, in words that hold nothing of the connection."""
    if isinstance(problem, _Unfinished):
        return str(problem)
    if isinstance(problem, FileNotFoundError):
        return "there is no such file"
    code = getattr(problem, "sqlite_errorname", "")
    refused = type(problem).__name__ == "PermissionException" or code == "SQLITE_AUTH"
    if refused or (code and str(problem).startswith("not authorized")):
        return "the query does more than select from this file"
    if code == "SQLITE_INTERRUPT" or type(problem).__name__ == "InterruptException":
        return f"the query takes more than {SECONDS:g} seconds"
    return f"the query failed ({code or type(problem).__name__})"


def _failed(source: Source, trouble: str) -> SourceError:
    return SourceError(
        f"{source.publisher} ({source.name}): {trouble}.",
        "Nothing was read, nothing was written; what was stored before is untouched.",
        "Try the query and the connection by themselves; other databases than SQLite need DuckDB, "
        "or SQLAlchemy and their driver.",
    )
