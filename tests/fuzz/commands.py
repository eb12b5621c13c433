"""Commands: lines of the command line, run in this process on small files.

An exit of 0 means an answer on standard output (JSON where it was asked for), 2 and 1 an error in
three parts on standard error: never a traceback, never a defect of the program, and never a
character that steers the terminal.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import typer

from causal.app.cli import app
from causal.errors import CausalError
from causal.query.event import quoted
from tests.fuzz import mutation, questions
from tests.fuzz.stories import encoded
from tests.fuzz.verdict import Kind
from tests.fuzz.world import World, numbered, world_of

WORDS = (
    "--model", "--json", "--draws", "--seed", "--within", "--at", "--event", "--do", "--given",
    "--for", "--out", "--interval", "delta", "draws", "--asof", "today", "--vintage", "2021-05-01",
    "out.dot", "out.csv", "out.json", "model.json", "story.toml", "--assume-unconfounded", "--top",
    "-m", "--", "--help", "--lang", "zh", "--threshold", "--horizon", "0", "-1", "1e9",
    "--fit-until", "--data",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """The words of a command, and the world whose files lie beside it."""

    world: int
    words: tuple[str, ...]


class Refused(CausalError):
    """A command that ended with an exit status other than zero."""


def valid(rng: Random) -> Line:
    here = world_of(rng)
    words = rng.choice((_ask, _ask, _ask, _flags, _sweep, _others))(rng, here)
    return Line(
        here.number, (*words, *(("--json",) if rng.random() < 0.5 and "draw" not in words else ()))
    )


def _ask(rng: Random, here: World) -> tuple[str, ...]:
    while True:  # another world's question would not be understood here
        question = questions.valid(rng)
        if question.world == here.number and question.text is not None:
            return ("ask", question.text, "--model", "model.json", "--draws", "8")


def _flags(rng: Random, here: World) -> tuple[str, ...]:
    last = here.model.graph.variables[-1]
    span = ("--within", "2d") if here.model.graph.persistent else ()
    event = ("--event", f"{quoted(last.name)}={quoted(last.states[-1])}")
    return ("ask", *event, *span, "--model", "model.json", "--seed", "3")


def _sweep(rng: Random, here: World) -> tuple[str, ...]:
    last = here.model.graph.variables[-1]
    name = next((n for n in here.free if n != last.name), here.free[0])
    event = ("--event", f"{quoted(last.name)}={quoted(last.states[-1])}")
    return (
        "sweep",
        *event,
        "--do",
        f"{quoted(name)}=*",
        "--model",
        "model.json",
        "--out",
        "out.csv",
    )


def _others(rng: Random, here: World) -> tuple[str, ...]:
    return rng.choice(
        (
            ("show", "--model", "model.json"),
            ("draw", "--model", "model.json", "--out", "out.dot"),
            ("fit", "story.toml", "--data", "panel.csv", "--out", "out.json"),
            ("data", "status"),
        )
    )


def mutated(rng: Random, line: Line) -> Line:
    here = numbered(line.world)
    names = (*here.words, *map(quoted, here.words), *questions.GRAMMAR)
    words = list(line.words)
    if rng.random() < 0.2:  # an option more, which some commands take and others do not
        more = rng.choice((("--seed", "5"), ("--draws", "9"), ("--json",), ("--lang", "zh")))
        return replace(line, words=(*words, *more))
    for _ in range(rng.choice((1, 1, 2))):
        place = rng.randrange(len(words))
        match rng.randrange(6):
            case 0:
                del words[place]
            case 1:
                words.insert(place, rng.choice((*WORDS, *names)))
            case 2:
                words[place] = rng.choice((*WORDS, *mutation.NUMBERS, *mutation.TEXTS))
            case _:
                words[place] = mutation.text(rng, words[place], names)
        words = words or [""]
    return replace(line, words=tuple(_local(w) for w in words))


def _local(word: str) -> str:
    """The word as one that names no place outside the folder, nor a name too long for one."""
    return word.replace("/", "_").replace("\\\\", "_") if word.count("/") else word


@cache
def _command() -> Any:
    return typer.main.get_command(app)


def _run(words: Sequence[str]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command, in this process."""
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", errors="replace") for _ in range(2)]
    status: Any = 0
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        try:
            _command().main(args=list(words), prog_name="causal")
        except SystemExit as done:
            status = done.code
    texts = []
    for stream in streams:
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
    return int(status or 0), texts[0], texts[1]


def tried(line: Line, folder: Path) -> None:
    if {"pull", "now"} & set(line.words):
        return  # they ask publishers, and the clock
    here = numbered(line.world)
    (folder / "model.json").write_text(here.saved, encoding="utf-8")
    (folder / "story.toml").write_bytes(encoded(mutation.toml(here.document)))
    days = zip(here.panel.dates, here.panel.values, strict=True)
    lines = [
        f"{day},{','.join('' if v != v else repr(float(v)) for v in row)}" for day, row in days
    ]
    (folder / "panel.csv").write_text("\n".join([f"date,{','.join(here.panel.names)}", *lines, ""]))
    with _at(folder):
        status, out, told = _run(line.words)
    assert "defect of the program" not in told, told
    for text in (out, told):
        steering = [c for c in text if unicodedata.category(c) == "Cc" and c not in "\n\t"]
        assert not steering, f"{steering[0]!r} reaches the terminal"
    if status:
        assert status in (1, 2), status
        assert told.strip(), "a failure says nothing"
        raise Refused(told.strip().splitlines()[0], "", f"exit {status}")
    if "--json" in line.words and "--help" not in line.words:
        json.loads(out)


@contextlib.contextmanager
def _at(folder: Path) -> Iterator[None]:
    """Work in the folder: its cache is empty, and its model stands for the one that is shipped."""
    known = {
        "CAUSAL_CACHE": str(folder / "cache"),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, known),
        mock.patch("causal.app.opening.shipped", return_value=Path("model.json")),
    ):
        yield


KIND = Kind("commands", 140, valid, mutated, tried)
