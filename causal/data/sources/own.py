"""Sources of the user's own, described in a TOML file: a table at an address, in a file, or in SQL.

[sources.my_index]
url = "https://example.org/index.csv"       # or: path = "index.parquet"
                                            # or: sql = "SELECT ...", connection = "sqlite:///a.db"
date = "day"                                # column of days; `date` when left out
columns = { my_index = "value" }            # panel column = column of the table
lag = 1                                     # days until a value can be read
unit = "index"
publisher = "Example"
licence = "CC BY 4.0"
citation = "Example (2026)"
"""

from __future__ import annotations

import io
import os
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from causal import file
from causal.data.panel import Panel, read_panel
from causal.data.sources.catalogue import ALL
from causal.data.sources.reading import text_of
from causal.data.sources.source import Column, Request, Rows, Source, changed
from causal.errors import DataError, SourceError, SpecError
from causal.graph.section import Section

PLACES = ("url", "path", "sql")
LONG_AGO = date(1900, 1, 1)


def read_sources(path: str | os.PathLike[str]) -> tuple[Source, ...]:
    """The sources that a TOML file describes; raises SpecError with every mistake in it."""
    where = Path(path)
    try:
        plain = tomllib.loads(file.contents(where, SpecError).decode("utf-8-sig"))
    except (ValueError, RecursionError) as trouble:
        raise _malformed(where, [f"{where.name}: {trouble}"]) from None
    mistakes: list[str] = []
    root = Section(plain, where.name, "", mistakes)
    tables = root.section("sources").tables()
    root.close()
    found = [_source(name, section, where.parent) for name, section in tables.items()]
    if not tables and not mistakes:
        mistakes.append(f"{where.name}: sources: missing: describe at least one")
    if mistakes:
        raise _malformed(where, mistakes)
    return tuple(found)


def _source(name: str, section: Section, folder: Path) -> Source:
    places = [p for p in PLACES if section.has(p)]
    texts = {p: section.text(p, prose=p == "sql") for p in PLACES}
    if len(places) != 1:
        section.wrong("url", "say where it is: one of `url`, `path`, `sql`")
    if not name.isascii() or not name.replace("_", "").replace("-", "").isalnum():
        section.wrong("", "a name is made of letters, digits, `_` and `-`")
    if name in {s.name for s in ALL}:
        section.wrong("", "a source of the package has this name; choose another")
    if texts["url"] and not texts["url"].startswith(("https://", "http://")):
        section.wrong("url", "an address starts with https://")
    connection = section.text("connection", required="the database" if texts["sql"] else "")
    day, unit = section.text("date") or "date", section.text("unit") or "not stated"
    named = section.section("columns")
    columns = {panel: named.text(panel, required="its column") for panel in named.table}
    if not columns:
        section.wrong("columns", 'missing: `columns = { panel_column = "column of the table" }`')
    lag = section.whole("lag", 0)
    facts = {n: section.text(n) for n in ("title", "publisher", "licence", "citation")}
    section.close()
    wanted = {day: "date", **{theirs: ours for ours, theirs in columns.items()}}
    local = None
    if texts["path"]:
        local = partial(_from_file, path=folder / texts["path"], wanted=wanted)
    elif texts["sql"]:
        local = partial(_from_sql, sql=texts["sql"], connection=connection, wanted=wanted)
    return Source(
        name=name,
        title=facts["title"] or name,
        publisher=facts["publisher"] or f"your own ({name})",
        endpoint=texts["url"] or f"your own {places[0] if places else 'table'}",
        licence=facts["licence"] or "not stated",
        citation=facts["citation"] or "not stated",
        columns=tuple(Column(c, unit) for c in columns),
        plan=_address,
        read=partial(_read, wanted=wanted),
        first=LONG_AGO,
        local=local,
        lag=lag,
        core=False,
        verified=False,
    )


def _address(source: Source, since: date, until: date) -> Iterable[Request]:
    yield Request(source.endpoint)


def _read(source: Source, body: bytes, request: Request, *, wanted: Mapping[str, str]) -> Rows:
    """A CSV or Parquet file from an address."""
    import pandas as pd

    if body[:4] == b"PAR1":
        try:
            return _rows(source, pd.read_parquet(io.BytesIO(body)), wanted)
        except (OSError, ValueError) as problem:
            raise changed(source, f"the Parquet file is damaged ({problem}).") from None
    text = text_of(source, body)
    try:
        return _rows(source, pd.read_csv(io.StringIO(text)), wanted)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as problem:
        raise changed(source, f"the response is no CSV: {problem}.") from None


def _from_file(source: Source, *, path: Path, wanted: Mapping[str, str]) -> Rows:
    return _read(source, file.contents(path, SourceError), Request(""), wanted=wanted)


def _from_sql(source: Source, *, sql: str, connection: str, wanted: Mapping[str, str]) -> Rows:
    """A query through pandas: ``sqlite:///file.db``, an address that SQLAlchemy knows, or
    ``env:NAME`` for one of these in an environment variable.  No error shows the connection."""
    import sqlite3
    from contextlib import closing

    import pandas as pd

    if connection.startswith("env:"):
        connection = os.environ.get(connection[4:], "")
    try:
        if connection.startswith("sqlite:///"):
            with closing(sqlite3.connect(f"file:{connection[10:]}?mode=ro", uri=True)) as opened:
                return _rows(source, pd.read_sql_query(sql, opened), wanted)
        return _rows(source, pd.read_sql_query(sql, connection), wanted)
    except DataError:
        raise
    except Exception as problem:  # drivers have errors of their own, which may show the connection
        raise SourceError(
            f"{source.publisher}: the query failed ({type(problem).__name__}).",
            "Nothing was read; what was stored before is untouched.",
            "Try the query and the connection by themselves; other databases than SQLite need "
            "SQLAlchemy and their driver.",
        ) from None


def _rows(source: Source, frame: Any, wanted: Mapping[str, str]) -> Rows:
    missing = [n for n in wanted if n not in frame.columns]
    if missing:
        there = ", ".join(map(str, frame.columns[:8]))
        raise changed(source, f"the column(s) {', '.join(missing)} are missing; it has {there}.")
    panel: Panel = read_panel(frame[list(wanted)].rename(columns=dict(wanted)))
    panel.require(source.names)
    place = np.flatnonzero(~np.isnan(panel.values).all(axis=1))
    values = {n: panel.column(n)[place] for n in source.names}
    return Rows(panel.dates[place], values)


def _malformed(where: Path, mistakes: list[str]) -> SpecError:
    return SpecError(
        f"{where.name} has {len(mistakes)} mistake(s).",
        "Your own sources could not be read.",
        "Mend each of these:",
        mistakes,
    )
