"""Stories: TOML files, spoilt as bytes, as text and as trees; read, written, fitted, asked."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import causal
from causal.graph.story import write_story
from causal.query.event import quoted
from tests.fuzz import mutation
from tests.fuzz.verdict import Kind, same_json, sound
from tests.fuzz.world import World, numbered, span, world_of

KEYS = (
    "story", "fit", "variables", "edges", "confounded", "moves", "cause", "effect", "lag",
    "because", "between", "states", "series", "column", "steps", "cuts", "quantiles", "closed",
    "calendar", "rule", "start", "publication_lag", "manipulable", "label", "states_zh", "weight",
    "restart", "strength", "draws", "seed", "variable", "close", "low", "given", "scale", "why",
    "diff", "log", "ewma_z 20", "zscore 20 10", "carry 3", "drawdown 5", "ratio c1",
    "percentile 9999 1", "2021-04-27", "c0", "c1", "2021-13-01", "1e9", "us", "worst", "closed",
    "open",
)  # fmt: skip


@dataclass(frozen=True)
class File:
    """The bytes of a story, the world whose panel it is fitted to, and how."""

    world: int
    content: bytes
    how: dict[str, Any]


def valid(rng: Random) -> File:
    here = world_of(rng)
    how = rng.choice(({}, {"draws": 8}, {"seed": 5}, {"fit_until": "2021-07-30"}, {"draws": 0}))
    return File(here.number, mutation.toml(here.document).encode(), dict(how))


def mutated(rng: Random, file: File) -> File:
    here = numbered(file.world)
    words = (*here.words, *KEYS)
    kind = rng.random()
    if kind < 0.55:
        spoilt = mutation.tree(rng, copy.deepcopy(here.document), words)
        if isinstance(spoilt, dict):
            return replace(file, content=encoded(mutation.toml(spoilt)))
    if kind < 0.85:
        text = mutation.text(rng, file.content.decode(), words)
        return replace(file, content=encoded(text))
    if kind < 0.95:
        return replace(file, content=mutation.raw(rng, file.content))
    return replace(
        file, how={rng.choice(("draws", "seed", "fit_until")): rng.choice(mutation.VALUES)}
    )


def encoded(text: str) -> bytes:
    """UTF-8, and what stands for half a character as it is: no valid UTF-8."""
    return text.encode("utf-8", "surrogatepass")


def tried(file: File, folder: Path) -> None:
    here = numbered(file.world)
    path = folder / "story.toml"
    path.write_bytes(file.content)
    story = causal.read_story(path)
    if len(file.content) % 3 == 0:  # slow, and most stories are much alike
        again = folder / "again.toml"
        write_story(story, again)
        assert causal.read_story(again) == story, "the story reads back another"
    model = causal.fit(story, here.panel, **file.how)
    fitted(model, folder)


def fitted(model: causal.CausalModel, folder: Path) -> None:
    """A fitted model is saved, read back the same, and answers with the same numbers."""
    path, again = folder / "model.json", folder / "again.json"
    causal.save(model, path)
    read = causal.load(path)
    causal.save(read, again)
    assert again.read_bytes() == path.read_bytes(), "the model reads back another"
    last = model.graph.variables[-1]
    question = f"P({quoted(last.name)}={quoted(last.states[-1])}{span(model)})"
    one, other = causal.ask(model, question), causal.ask(read, question)
    sound(one)
    assert same_json(one.to_dict()) == other.to_dict(), "the model read back answers differently"


def words_of(here: World) -> tuple[str, ...]:
    """What means something in a story or in a stored model of that world."""
    return (*here.words, *KEYS)


KIND = Kind("stories", 300, valid, mutated, tried)
