"""Sources of the user's own, described in a TOML file: a table at an address, in a file, or in SQL.

[sources.my_index]
url = "https://example.org/index.csv"       # or: path = "index.parquet"
                                            # or: sql = "SELECT ...", connection = "sqlite:///a.db"
headers = { X-Api-Key = "${MY_KEY}" }       # sent with the request; MY_KEY is in the environment
date = "day"                                # column of days; `date` when left out
columns = { my_index = "value" }            # panel column = column of the table
lag = 1                                     # days until a value can be read
unit = "index"
publisher = "Example"
licence = "CC BY 4.0"
citation = "Example (2026)"

What is secret (a key in a query, a password before the @, a header field) is written ``${NAME}``,
and is taken from the environment when a request leaves; written out, it is a mistake.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from causal import file
from causal.data.frames import Columns
from causal.data.panel import panel_of
from causal.data.sources import database, secret
from causal.data.sources.catalogue import ALL
from causal.data.sources.source import (
    LAGS,
    LONGEST,
    NAMED,
    Column,
    Observations,
    Request,
    Source,
    changed_shape,
)
from causal.data.tables import read_table
from causal.errors import SourceError, SpecError
from causal.graph.section import Section
from causal.text import VALUE, fault, shortened

PLACES = ("url", "path", "sql")
LONG_AGO = date(1900, 1, 1)
FROM = "env:"  # a whole connection in an environment variable
PLAIN = re.compile(r"http://(?!(localhost|127\.0\.0\.1|\[::1\])[:/])")


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
    texts = {p: _quiet(section, p) for p in (*PLACES, "connection")}
    if len(places) != 1:
        section.wrong("url", "say where it is: one of `url`, `path`, `sql`")
    if not NAMED.fullmatch(name):
        section.wrong("", "a name is made of letters, digits, `_` and `-`")
    if name in {s.name for s in ALL}:
        section.wrong("", "a source of the package has this name; choose another")
    if texts["sql"] and not texts["connection"]:
        section.wrong("connection", "missing: the database")
    _judge(section, texts)
    headers = _headers(section, texts["url"])
    day, unit = section.text("date") or "date", section.text("unit") or "not stated"
    named = section.section("columns")
    columns = {panel: named.text(panel, required="its column") for panel in named.table}
    if not columns:
        section.wrong("columns", 'missing: `columns = { panel_column = "column of the table" }`')
    lag = section.whole("lag", 0)
    if lag > LAGS:
        section.wrong("lag", f"is more than {LAGS} days")
    facts = {n: section.text(n) for n in ("title", "publisher", "licence", "citation")}
    _tell(section, {**facts, "unit": unit, **dict.fromkeys(columns, "")})
    section.close()
    wanted = {day: "date", **{theirs: ours for ours, theirs in columns.items()}}
    held = texts["url"] + texts["connection"] + " ".join(content for _, content in headers)
    whole = texts["connection"].removeprefix(FROM) if texts["connection"].startswith(FROM) else ""
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
        local=_local(texts, folder, wanted),
        lag=lag,
        core=False,
        verified=False,
        headers=headers,
        needs=(*secret.variables_in(held), *([whole] if whole else [])),
    )


def _local(
    texts: Mapping[str, str], folder: Path, wanted: Mapping[str, str]
) -> Callable[[Source, Mapping[str, str]], Observations] | None:
    """How a table that is no address is read."""
    if texts["path"]:
        return partial(_from_file, path=folder / texts["path"], wanted=wanted)
    if texts["sql"]:
        connection = texts["connection"]
        return partial(_from_sql, sql=texts["sql"], connection=connection, wanted=wanted)
    return None


def _quiet(section: Section, key: str) -> str:
    """A text that may hold a secret: a mistake does not repeat it."""
    section.asked.add(key)
    value = section.table.get(key, "")
    if not isinstance(value, str):
        section.wrong(key, "must be text in quotes")
        return ""
    trouble = fault(value, prose=key == "sql")
    if trouble:
        section.wrong(key, trouble)
    return value


def _judge(section: Section, texts: Mapping[str, str]) -> None:
    """Note what is amiss with an address, a statement, a connection; and every secret in them."""
    address, sql, connection = texts["url"], texts["sql"], texts["connection"]
    if address and not address.startswith(("https://", "http://")):
        section.wrong("url", "an address starts with https://")
    for trouble in secret.address_faults(address):
        section.wrong("url", trouble)
    if address and PLAIN.match(address) and secret.variables_in(address):
        section.wrong("url", "a secret goes over https:// only; over http:// anyone may read it")
    trouble = database.statement_fault(sql) if sql else ""
    if trouble:
        section.wrong("sql", trouble)
    if connection.startswith(FROM):
        known = secret.PLACE.fullmatch(f"${{{connection[len(FROM) :]}}}")
        trouble = "" if known else "is written env:NAME"
    else:
        trouble = database.connection_fault(connection) if connection else ""
    if trouble:
        section.wrong("connection", trouble)


def _headers(section: Section, address: str) -> tuple[tuple[str, str], ...]:
    """The header fields to send, secrets as ``${NAME}``."""
    if not isinstance(section.table.get("headers", {}), Mapping):
        section.asked.add("headers")
        section.wrong("headers", 'must be a table: `headers = { X-Api-Key = "${MY_KEY}" }`')
        return ()
    named = section.section("headers")
    found = tuple((name, _quiet(named, name)) for name in named.table)
    for name, content in found:
        for trouble in secret.header_faults(name, content):
            named.wrong(ascii(name), trouble)
    if found and not address:
        named.wrong("", "header fields are sent to a `url`, and there is none")
    if any(secret.variables_in(content) for _, content in found) and PLAIN.match(address):
        named.wrong("", "a secret goes over https:// only; over http:// anyone may read it")
    return found


def _tell(section: Section, texts: Mapping[str, str]) -> None:
    """Note texts that could be neither kept nor shown, and secrets in the addresses they hold."""
    for key, text in texts.items():
        if fault(key) or len(key + text) > LONGEST:
            section.wrong(ascii(key), f"must be one line of up to {LONGEST} characters")
        for word in text.split():
            if "://" in word and next(secret.spelt(word.strip("<>(),.;")), ""):
                section.wrong(key, "holds an address with a password or a key in it; leave it out")


def _address(source: Source, since: date, until: date) -> Iterable[Request]:
    yield Request(source.endpoint)


def _read(
    source: Source, body: bytes, request: Request, *, wanted: Mapping[str, str], name: str = ""
) -> Observations:
    """A table in a file or from an address, of any kind that a panel is read from."""
    return _rows(source, read_table(body, name or f"the response to {source.name}"), wanted)


def _from_file(
    source: Source, environment: Mapping[str, str], *, path: Path, wanted: Mapping[str, str]
) -> Observations:
    body = file.contents(path, SourceError)
    return _read(source, body, Request(""), wanted=wanted, name=str(path))


def _from_sql(
    source: Source,
    environment: Mapping[str, str],
    *,
    sql: str,
    connection: str,
    wanted: Mapping[str, str],
) -> Observations:
    """A query to ``sqlite:///file.db``, to an address that SQLAlchemy knows, or to ``env:NAME`` for
    one of these in an environment variable."""
    if connection.startswith(FROM):
        connection = environment.get(connection[len(FROM) :], "")
    elif not database.LOCAL.match(connection):
        connection = secret.filled(connection, environment, quoted=True)
    names, rows = database.query(source, sql, connection)
    cells = list(zip(*rows, strict=True)) or [()] * len(names)
    return _rows(source, dict(zip(names, cells, strict=True)), wanted)


def _rows(source: Source, cells: Columns, wanted: Mapping[str, str]) -> Observations:
    missing = [n for n in wanted if n not in cells]
    if missing:
        there = ", ".join(shortened(name, VALUE) for name in [*cells][:8])
        raise changed_shape(
            source, f"the column(s) {', '.join(missing)} are missing; it has {there}."
        )
    panel = panel_of({ours: cells[theirs] for theirs, ours in wanted.items()})
    panel.require(source.names)
    place = np.flatnonzero(~np.isnan(panel.values).all(axis=1))
    values = {n: panel.column(n)[place] for n in source.names}
    return Observations(panel.dates[place], values)


def _malformed(where: Path, mistakes: list[str]) -> SpecError:
    return SpecError(
        f"{where.name} has {len(mistakes)} mistake(s).",
        "Your own sources could not be read.",
        "Mend each of these:",
        mistakes,
    )
