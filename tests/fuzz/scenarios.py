"""Files of scenarios, in CSV and TOML, and lists of them; swept, saved, laid out as a heat map."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import causal
from causal.query.event import quoted
from causal.query.scenarios.scenario_file import grid_of
from tests.fuzz import mutation
from tests.fuzz.questions import GRAMMAR
from tests.fuzz.stories import encoded
from tests.fuzz.verdict import Kind, same_json, within
from tests.fuzz.world import World, numbered, world_of

WORDS = ("name", "do", "given", "scenario", "[[scenario]]", "-", "*", "low|high", "=*", "|-")


@dataclass(frozen=True)
class Scenarios:
    """Scenarios as a file of ``suffix``, as ``loose`` values, or as the sides of a grid."""

    world: int
    event: Any
    suffix: str = ""
    content: bytes = b""
    loose: Any = None
    sides: tuple[list[str], list[str]] | None = None


def valid(rng: Random) -> Scenarios:
    here = world_of(rng)
    last = here.model.graph.variables[-1]
    event = {last.name: last.states[-1]}
    rows = _rows(rng, here, last.name)
    kind = rng.randrange(6)
    if kind < 2:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator=rng.choice(("\n", "\r\n")))
        writer.writerows([("name", "do", "given"), *rows])
        return Scenarios(here.number, event, ".csv", text.getvalue().encode())
    if kind < 4:
        tables = [dict(zip(("name", "do", "given"), row, strict=True)) for row in rows]
        lines = ["[[scenario]]\n" + mutation.toml(table) for table in tables]
        return Scenarios(here.number, event, ".toml", "\n".join(lines).encode())
    if kind == 4:
        return Scenarios(here.number, event, loose=[list(row) for row in rows])
    names = [n for n in here.free if n != last.name]
    done, seen = [f"{quoted(n)}=*" for n in names[:1]], [f"{quoted(n)}=*|-" for n in names[1:2]]
    if not done:
        done = [f"{quoted(here.free[0])}=*"]
    return Scenarios(here.number, event, sides=(done, seen))


def _rows(rng: Random, here: World, event: str) -> list[tuple[str, str, str]]:
    graph = here.model.graph
    names = [n for n in here.free if n != event] or [here.free[0]]
    rows = []
    for number in range(rng.randint(1, 3)):
        variable = graph.variable(rng.choice(names))
        text = f"{quoted(variable.name)}={quoted(rng.choice(here.seen(variable.name)))}"
        part = rng.random()
        done, seen = ("", text) if part < 0.4 and variable.name != event else (text, "")
        rows.append(
            (rng.choice((f"row {number}", f"{number}, “quoted”", f"'{number}'")), done, seen)
        )
    return rows


def mutated(rng: Random, put: Scenarios) -> Scenarios:
    here = numbered(put.world)
    words = (*here.words, *map(quoted, here.words), *WORDS, *GRAMMAR)
    if rng.random() < 0.05:
        return replace(put, event=mutation.tree(rng, put.event, words))
    if put.loose is not None:
        return replace(put, loose=mutation.tree(rng, put.loose, words))
    if put.sides is not None:
        sides = mutation.tree(rng, [list(side) for side in put.sides], words)
        pair = sides if isinstance(sides, list) and len(sides) == 2 else [sides, []]
        return replace(put, sides=tuple(map(_texts, pair)))
    if rng.random() < 0.2:
        return replace(put, content=mutation.raw(rng, put.content))
    return replace(put, content=encoded(mutation.text(rng, put.content.decode(), words)))


def _texts(side: Any) -> list[str]:
    """The command line gives texts and nothing else."""
    return [mutation.shown(part) if not isinstance(part, str) else part for part in _listed(side)]


def _listed(side: Any) -> list[Any]:
    return side if isinstance(side, list) else [side]


def tried(put: Scenarios, folder: Path) -> None:
    model = numbered(put.world).model
    what: Any = put.loose
    if put.suffix:
        what = folder / f"rows{put.suffix}"
        what.write_bytes(put.content)
    elif put.sides is not None:
        what = grid_of(*put.sides, model.graph)
    days = {"within": 2} if model.graph.persistent else {}
    found = causal.sweep(model, what, put.event, **days)
    plain = same_json(found.to_dict())
    for row in found.rows:
        numbers = [n for n in (row.low, row.probability, row.high) if n is not None]
        within(numbers, row.name)
        assert numbers == sorted(numbers), f"{row.name}: {numbers}"
        assert numbers or row.problem, f"{row.name} has neither a number nor a problem"
    path = found.save(folder / "out.json")
    assert json.loads(path.read_bytes()) == plain, "what was saved reads back another"
    found.save(folder / "out.csv")
    assert str(found).strip()


KIND = Kind("scenarios", 250, valid, mutated, tried)
