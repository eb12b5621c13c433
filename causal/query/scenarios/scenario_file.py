"""Scenarios from a file: CSV or TOML with name, do and given, the last two in the grammar.

    name,do,given                                   [[scenario]]
    shock,geopolitics=escalation for 2d,            name = "shock"
    late,"leverage=low, war=calm",bitcoin=crash     do = "geopolitics=escalation for 2d"

Texts of the command line make a grid: ``leverage=low|mid|high`` is one side of it.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from causal import file
from causal.errors import CausalError, QueryError, nearest
from causal.graph.dag import CausalGraph
from causal.query.event import quoted
from causal.query.item import read_name
from causal.query.lexer import QUOTES, Cursor, Token, tokens
from causal.query.parser import parse_do, parse_given
from causal.query.scenarios.scenario import Scenario, allowed_size, named, refuse

COLUMNS = ("name", "do", "given")
HEADER = re.compile(r"\s*\[\[\s*scenario\s*\]\]")
EVERY = "*"
ALONE = "-"

_Entry = tuple[str, dict[str, str]]

_Mistakes = list[tuple[str, CausalError]]


def read_scenarios(path: str | os.PathLike[str], graph: CausalGraph) -> tuple[Scenario, ...]:
    """The scenarios of a .csv or .toml file, checked against ``graph``.

    Without a name a scenario is named by what it says.  Raises QueryError with every mistake at
    once, each with file and line, and for a file that cannot be read, is too large or holds no
    scenario.
    """
    name = Path(path).name
    readers = {".csv": _csv, ".toml": _toml}
    reader = readers.get(Path(path).suffix.lower())
    if reader is None:
        raise QueryError(
            f"`{name}` is no file of scenarios.",
            "The suffix says how to read it.",
            "Use .csv with the columns name, do, given, or .toml with [[scenario]] tables.",
        )
    raw = file.contents(path, QueryError)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise QueryError(
            f"{name} is no text in UTF-8.", "Its scenarios cannot be read.", "Save it as UTF-8."
        ) from None
    mistakes: _Mistakes = []
    found = [
        one for place, entry in reader(text, name, mistakes)
        if (one := _scenario(entry, place, graph, mistakes)) is not None
    ]  # fmt: skip
    refuse(mistakes, len(found))
    if not found:
        raise QueryError(
            f"{name} holds no scenario.",
            "There is nothing to answer.",
            "Add a row under the header, or a [[scenario]] table.",
        )
    return tuple(found)


def _csv(text: str, name: str, mistakes: _Mistakes) -> Iterator[_Entry]:
    """The rows under a header, each with its place; what is wrong goes to ``mistakes``."""
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        for column in header:
            if column not in COLUMNS:
                mistakes.append((f"{name}, line 1", _unknown(column)))
        if not set(header) & {"do", "given"}:
            mistakes.append((f"{name}, line 1", _no_columns(header)))
            return
        for row in rows:
            place = f"{name}, line {rows.line_num}"
            if not any(cell.strip() for cell in row):
                continue
            if len(row) > len(header):
                mistakes.append((place, _too_many(len(row), len(header))))
                continue
            yield place, dict(zip(header, row, strict=False))
    except csv.Error as trouble:
        mistakes.append((f"{name}, line {rows.line_num}", _broken(str(trouble))))


def _toml(text: str, name: str, mistakes: _Mistakes) -> Iterator[_Entry]:
    """The [[scenario]] tables, each with its place; what is wrong goes to ``mistakes``."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as trouble:
        mistakes.append((name, _broken(str(trouble))))
        return
    mistakes += [(name, _unknown(key, ("scenario",))) for key in document if key != "scenario"]
    tables = document.get("scenario", [])
    if not isinstance(tables, list):
        tables = [tables]
    lines = [n for n, line in enumerate(text.splitlines(), 1) if HEADER.match(line)]
    for number, table in enumerate(tables):
        known = len(lines) == len(tables)
        place = f"{name}, line {lines[number]}" if known else f"{name}, scenario {number + 1}"
        if not isinstance(table, dict):
            mistakes.append((place, _broken("it is no table")))
            continue
        wrong = [_unknown(key) for key in table if key not in COLUMNS]
        wrong += [
            _broken(f"`{key}` must be text in quotes")
            for key in COLUMNS
            if not isinstance(table.get(key, ""), str)
        ]
        mistakes += [(place, error) for error in wrong]
        if not wrong:
            yield place, table


def _scenario(
    entry: dict[str, str], place: str, graph: CausalGraph, mistakes: _Mistakes
) -> Scenario | None:
    """One scenario, or None where a part of it cannot be read."""
    parts: dict[str, Any] = {}
    for key, read in (("do", parse_do), ("given", parse_given)):
        try:
            parts[key] = read(entry.get(key, ""), graph)
        except CausalError as error:
            mistakes.append((f"{place}, {key}", error))
    if len(parts) < 2:
        return None
    own = named([f"do({', '.join(map(str, parts['do']))})"] if parts["do"] else [],
                [str(c) for c in parts["given"]])  # fmt: skip
    try:
        return Scenario(entry.get("name", "").strip() or own, parts["do"], parts["given"], place)
    except CausalError as error:
        mistakes.append((f"{place}, name", error))
        return None


def grid_of(
    do: Iterable[str], given: Iterable[str], graph: CausalGraph
) -> list[tuple[str, str, str]]:
    """Every combination of alternatives: ``leverage=low|mid|high``, ``war=*``, ``bitcoin=crash|-``.

    Each text is one side of the grid.  ``*`` is every state, ``-`` leaves the variable alone, and
    an alternative without ``=`` takes the name of the first.  Raises QueryError.
    """
    sides = [("do", alternatives(text, graph)) for text in do]
    sides += [("given", alternatives(text, graph)) for text in given]
    allowed_size(prod(len(some) for _, some in sides))
    found = []
    for chosen in product(*(some for _, some in sides)):
        parts: dict[str, list[str]] = {"do": [], "given": []}
        for (part, _), text in zip(sides, chosen, strict=True):
            if text:
                parts[part].append(text)
        done, seen = ", ".join(parts["do"]), ", ".join(parts["given"])
        found.append((named([f"do({done})"] if done else [], parts["given"]), done, seen))
    return found


def alternatives(text: str, graph: CausalGraph) -> list[str]:
    """The alternatives of one side of a grid, each as the grammar reads it; "" for ``-``.

    Raises QueryError where one is missing, and UnknownVariableError for ``*`` of no variable.
    """
    found: list[str] = []
    pieces = _split(text)
    subject = _subject(pieces[0])
    for piece in pieces:
        own = _subject(piece)
        rest = piece[len(own) :].removeprefix("=").lstrip() if own else ""
        if piece == ALONE:
            found.append("")
        elif rest.startswith(EVERY):
            variable = read_name(Cursor(own), graph, "a grid")
            after = rest.removeprefix(EVERY).strip()
            found += [f"{own}={quoted(state)} {after}".strip() for state in variable.states]
        elif not subject or _named(_words(piece)):
            found.append(piece)
        else:
            found.append(f"{subject}={piece}")
    if not any(found) or any(not p for p in pieces):
        raise QueryError(
            f"`{text}` lacks an alternative.",
            "One side of a grid lists what a variable is set to, or seen in.",
            "Write `leverage=low|mid|high`, `leverage=*` for every state, `-` for none of them.",
        )
    return found


def _subject(piece: str) -> str:
    """What stands before the ``=`` of the first item: ``leverage``, ``"x=y"@-1``, ``a -> b``."""
    words = _words(piece)
    marks = (w for w in words if w.kind == "mark" and not w.is_mark("@", "->"))
    first = next(marks, words[-1])
    return piece[: first.start].rstrip() if _named(words) and first.is_mark("=") else ""


def _named(words: Sequence[Token]) -> bool:
    """Whether a text begins with the name of its variable, and ``=``, ``in`` or an arrow."""
    name, *more = (*words, *(3 * [words[-1]]))
    after = more[2] if more[0].is_mark("@") else more[0]
    follows = after.is_mark("=", "->") or (after.kind, after.text) == ("word", "in")
    return follows and name.kind in ("word", "quoted")


def _words(piece: str) -> list[Token]:
    """The words of one alternative; ``*`` is none of the grammar's."""
    return tokens(piece.replace(EVERY, " "))


def _split(text: str) -> list[str]:
    """Parts between bars that stand outside quotes, braces and parentheses."""
    starts, depth = [0], 0
    for place, char in _plain(text):
        depth += (char in "{(") - (char in "})")
        if char == "|" and depth == 0:
            starts.append(place + 1)
    ends = [*(start - 1 for start in starts[1:]), len(text)]
    return [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _plain(text: str) -> Iterator[tuple[int, str]]:
    """The characters outside quotes, with their places; a backslash guards the next one inside."""
    inside, guarded = "", False
    for place, char in enumerate(text):
        if inside:
            inside = inside if guarded or char != inside else ""
            guarded = char == "\\" and not guarded
        elif char in QUOTES:
            inside = char
        else:
            yield place, char


def _unknown(key: str, known: Sequence[str] = COLUMNS) -> QueryError:
    return QueryError(f"`{key}` means nothing here.", "", nearest(key, known))


def _no_columns(header: Sequence[str]) -> QueryError:
    said = f"It says {', '.join(header)}." if any(header) else "It is empty."
    return QueryError("The header has no column `do` or `given`.", said, "Write name,do,given.")


def _too_many(cells: int, columns: int) -> QueryError:
    return QueryError(
        f"The row has {cells} cells under {columns} columns.",
        "",
        'A cell with a comma in it stands in quotes: "leverage=low, war=calm".',
    )


def _broken(reason: str) -> QueryError:
    return QueryError(f"It cannot be read: {reason}.", "", "Mend the syntax at this place.")
