"""A story whose every text is chosen, fitted to a short panel by the command line itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner, Result

from causal.app.cli import app
from causal.graph.dag import CausalGraph
from causal.graph.story import Moves, Story, story_to_dict
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from causal.query.event import quoted
from tests.strategies import CONTROLS

OBEYED = re.compile(f"[{re.escape(CONTROLS.replace(chr(10), ''))}]")
DAYS = np.arange("2024-01-01", "2024-04-30", dtype="datetime64[D]")


@dataclass(frozen=True)
class Texts:
    """One text for every place of a story that takes one."""

    story: str = "odd"
    title: str = "A title"
    cause: str = "war"
    calm: str = "calm"
    bad: str = "crash"
    label: str = "War risk"
    label_zh: str = "標籤"
    state_zh: str = "狀態"
    why: str = "it is so"
    because: str = "it acts"
    hidden: str = "both follow"
    column: str = "fear"

    def but(self, **texts: str) -> Texts:
        return replace(self, **texts)


PROSE = ("why", "because", "hidden")


def story_of(t: Texts) -> Story:
    """``cause`` and ``price``, each acting on itself and on the other."""
    states = (t.calm, t.bad)
    cause = Variable(
        t.cause,
        states,
        Measurement((Series(t.column),), cuts=(0.0,)),
        label=t.label,
        label_zh=t.label_zh,
        states_zh=(t.state_zh, "b"),
        why=t.why,
    )
    moved = ("logreturn", "ewma_z 5", "negate")
    price = Variable("price", states, Measurement((Series("close", moved),), cuts=(0.5,)), why="w")
    third = Variable("third", ("a", "b"), Measurement((Series("close"),), cuts=(100.0,)), why="w")
    edges = (
        Edge(t.cause, "price", 0, t.because),
        Edge(t.cause, t.cause, 1, t.because),
        Edge("price", t.cause, 1, "b"),
        Edge("price", "third", 0, "b"),
    )
    pairs = (Confounded("third", t.cause, t.hidden),)
    moves = Moves("price", "close", given=(t.cause,), scale=("logreturn", "ewma_vol 5", "delay 1"),
                  why="w")  # fmt: skip
    graph = CausalGraph((cause, price, third), edges, pairs, t.story)
    return Story(graph, 2.0, 8, 1, title=t.title, moves=moves)


def document_of(t: Texts) -> dict[str, Any]:
    """The story as plain values, with texts that no graph would take."""
    plain = story_to_dict(story_of(Texts()))
    return _exchanged(plain, {getattr(Texts(), k): getattr(t, k) for k in vars(t)})


def _exchanged(value: Any, texts: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {_exchanged(k, texts): _exchanged(v, texts) for k, v in value.items()}
    if isinstance(value, list):
        return [_exchanged(v, texts) for v in value]
    return texts.get(value, value) if isinstance(value, str) else value


def panel_of(path: Path, column: str) -> Path:
    """A panel of 120 days as CSV."""
    import csv

    rng = np.random.default_rng(3)
    fear = rng.normal(size=len(DAYS))
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, len(DAYS)) - 0.01 * (fear > 0)))
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["date", column, "close"])
        rows.writerows(zip(DAYS, fear.round(4), close.round(4), strict=True))
    return path


def run(*words: str) -> Result:
    """A command; whatever it prints, no terminal is given an order."""
    wide = {"COLUMNS": "2000", "NO_COLOR": "1"}
    result = CliRunner(env=wide).invoke(app, [str(word) for word in words])
    for text in (result.stdout, result.stderr):
        assert not OBEYED.search(text), (words, text)
        text.encode("utf-8")
    return result


def answered(*words: str) -> str:
    """What a command prints that has to succeed."""
    result = run(*words)
    assert result.exit_code == 0, (words, result.stderr)
    return result.stdout


def refused(*words: str) -> str:
    """What a command says that has to fail by the user's input: three parts, as one line."""
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, ""), (words, result.stdout, result.stderr)
    for part in ("error   ", "means   ", "to do   "):
        assert part in result.stderr, (words, result.stderr)
    return " ".join(result.stderr.split())


def item(name: str, state: str) -> str:
    """A condition as the grammar reads it."""
    return f"{quoted(name)}={quoted(state)}"


def spelt(char: str) -> str:
    return ascii(char)[1:-1]
