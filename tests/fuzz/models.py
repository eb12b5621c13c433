"""Stored models: JSON files, spoilt as bytes, as text and as trees; loaded, asked, saved again.

Most of a tree's checksums are made right again, so that what is behind the checksum is tried too.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import causal
from causal.app.commands.explain.show import model_to_dict
from tests.fuzz import mutation
from tests.fuzz.stories import encoded, fitted, words_of
from tests.fuzz.verdict import Kind, same_json, sound, within
from tests.fuzz.world import numbered, world_of

KEYS = (
    "days",
    "given",
    "hash",
    "rows",
    "from",
    "to",
    "version",
    "format",
    "checksum",
    "usual",
    "cells",
)


@dataclass(frozen=True)
class File:
    """The bytes of a stored model."""

    world: int
    content: bytes


def valid(rng: Random) -> File:
    here = world_of(rng)
    return File(here.number, here.saved.encode())


def mutated(rng: Random, file: File) -> File:
    here = numbered(file.world)
    words = (*words_of(here), *KEYS)
    kind = rng.random()
    if kind < 0.8:
        whole = json.loads(here.saved)
        if kind < 0.1:
            part = rng.choice([key for key in ("counts", "moves", "prior") if key in whole])
            mutation.scaled(rng, whole, part)
        spoilt = whole if kind < 0.1 else mutation.tree(rng, whole, words)
        if isinstance(spoilt, dict) and rng.random() < 0.95:
            spoilt = checked(spoilt)
        return replace(file, content=encoded(mutation.shown(spoilt)))
    if kind < 0.9:
        return replace(file, content=encoded(mutation.text(rng, here.saved, words)))
    return replace(file, content=mutation.raw(rng, file.content))


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the checksum of its content, as a forger would write it."""
    content = {key: value for key, value in document.items() if key != "checksum"}
    try:
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    except (ValueError, RecursionError):  # numbers and nesting that JSON cannot write
        return document
    return content | {"checksum": "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()}


def tried(file: File, folder: Path) -> None:
    path = folder / "given.json"
    path.write_bytes(file.content)
    model = causal.load(path)
    fitted(model, folder)
    for variable in same_json(model_to_dict(model))["variables"]:
        within([state["base_rate"] for state in variable["states"]], variable["name"])
    moves = model.fit is not None and model.fit.moves is not None
    if moves and model.graph.persistent and len(file.content) % 4 == 0:  # the slowest verb
        for rung in causal.ladder(model, thresholds=[-0.1], horizons=[2]).rungs:
            sound(rung.answer)


KIND = Kind("models", 300, valid, mutated, tried)
