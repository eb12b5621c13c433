"""Small valid worlds to spoil: a story, a history that it fits, the model that comes of both.

A world follows from its number alone.  Its names need quotes, are words of the grammar, stand in
other scripts; its graph has lags, a calendar, a rule, hidden common causes, a price.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

import causal
from causal.data.panel import Panel
from causal.graph.story import story_from_dict

WORLDS = 12
DAYS = 160
FIRST = "2021-03-01"
NAMES = (
    "a", "war", "war risk", "in", "β", "漢字", 'q"u', "x.1", "do", "-", "leverage", "c\\d", "P",
    "{z}", "x,y", "liquidations", "1", "naïve", "drawdown", "[bold]",
)  # fmt: skip
STATES = ("low", "high", "s 1", "at", "崩", "0", "a|b", "=", "crash", "ÿ", "calm")


@dataclass(frozen=True)
class World:
    """A story as plain values, the panel that it is measured by, and the model fitted to it.

    ``free`` are the variables that may be set and seen in any state: neither rule nor calendar
    ties them to others.
    """

    number: int
    document: dict[str, Any]
    panel: Panel
    model: causal.CausalModel
    saved: str
    free: tuple[str, ...]

    def seen(self, name: str) -> tuple[str, ...]:
        """The states of a variable that days were in; another may be rarer than a float can say."""
        assert self.model.fit is not None
        days = self.model.fit.counts.start[name]
        total = days.reshape(-1, days.shape[-1]).sum(axis=0)
        states = self.model.graph.variable(name).states
        return tuple(s for s, n in zip(states, total, strict=True) if n)

    @property
    def words(self) -> tuple[str, ...]:
        """Names of variables and states, and the keys of the story."""
        graph = self.model.graph
        states = [s for v in graph.variables for s in v.states]
        return tuple(dict.fromkeys([*graph.names, *states]))


def world_of(rng: Random) -> World:
    """One of the few worlds, which are made once."""
    return numbered(rng.randrange(WORLDS))


@cache
def numbered(number: int) -> World:
    """The world of that number."""
    rng = Random(f"world {number}")
    document = _document(rng, number)
    panel = _panel(number, len(document["variables"]))
    story = story_from_dict(document, complete=True)
    model = causal.fit(story, panel)
    tied = {v.name for v in model.graph.variables if _tied(v)}
    free = tuple(n for n in model.graph.names if n not in tied)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        causal.save(model, path)
        saved = path.read_text(encoding="utf-8")
    return World(number, document, panel, model, saved, free)


def span(model: causal.CausalModel) -> str:
    """Two days where the model has days."""
    return " within 2d" if model.graph.persistent else ""


def _tied(variable: causal.Variable) -> bool:
    how = variable.measurement
    return bool(variable.rule or (how is not None and (how.calendar or how.closed)))


def _document(rng: Random, number: int) -> dict[str, Any]:
    names = rng.sample(NAMES, rng.choice((2, 3, 3)))
    variables = {n: _measured(rng, place) for place, n in enumerate(names)}
    edges = [
        {"cause": cause, "effect": effect, "because": "made up"}
        for place, effect in enumerate(names)
        for cause in names[:place]
        if rng.random() < 0.7
    ]
    if number % 4 != 3:
        edges += [{"cause": n, "effect": n, "lag": 1, "because": "it lasts"} for n in names[:2]]
        edges.append({"cause": names[-1], "effect": names[0], "lag": 1, "because": "a loop"})
    document: dict[str, Any] = {
        "story": {"name": f"world {number}", "title": "Made up"},
        "fit": {
            "strength": rng.choice((1, 2.5, 4.0)),
            "draws": rng.choice((6, 12)),
            "seed": number,
        },
        "variables": variables,
        "edges": edges,
    }
    if number % 3 == 0:
        pair = rng.sample(names, 2)
        document["confounded"] = [{"between": pair, "because": "a mood"}]
    if number % 4 == 1:
        _add_session(document, names)
    if number % 4 == 2:
        _add_rule(document, names)
    if number % 4 in (0, 1):
        document["moves"] = {
            "variable": names[-1],
            "close": "close",
            "low": "low",
            "scale": ["logreturn", "ewma_vol 10", "delay 1"],
            "why": "moves of one size",
        }
    return document


def _measured(rng: Random, place: int) -> dict[str, Any]:
    states = rng.sample(STATES, rng.choice((2, 2, 3)))
    cuts = [0.0, rng.choice((0.8, 99.0))][: len(states) - 1]  # a state that was never seen
    shares = [0.5, 0.8][: len(states) - 1]
    step = rng.choice(([], ["mean 2"], ["negate"], ["zscore 20 10"]))
    return {
        "label": rng.choice(("", "A label", "[red]標籤")),
        "states": states,
        "series": [{"column": f"c{place}", **({"steps": step} if step else {})}],
        **({"cuts": cuts} if rng.random() < 0.6 else {"quantiles": shares}),
        "why": "made up",
    }


def _add_session(document: dict[str, Any], names: list[str]) -> None:
    """A calendar, and a market that is shut on its closed days and acts on the first variable."""
    document["variables"]["session"] = {"states": ["open", "closed"], "calendar": "us"}
    document["variables"]["shares"] = {
        "states": ["closed", "up", "down"],
        "series": [{"column": "c0"}],
        "cuts": [0.2],
        "closed": True,
        "publication_lag": 1,
    }
    document["edges"] += [
        {"cause": "session", "effect": "shares", "because": "hours"},
        {"cause": "shares", "effect": names[0], "because": "fear"},
    ]


def _add_rule(document: dict[str, Any], names: list[str]) -> None:
    """The worse of two causes, which are given the same states."""
    variables = document["variables"]
    first, second = names[:2]
    variables[second] = {**variables[first], "series": [{"column": "c1"}]}
    variables["worse"] = {"states": variables[first]["states"], "rule": "worst"}
    document["edges"] += [
        {"cause": n, "effect": "worse", "because": "by definition"} for n in (first, second)
    ]


def _panel(number: int, count: int) -> Panel:
    rng = np.random.default_rng([9, number])
    dates = np.datetime64(FIRST) + np.arange(DAYS)
    columns = rng.normal(size=(DAYS, count))
    columns[rng.random(columns.shape) < 0.02] = np.nan
    close = 100 * np.exp(np.cumsum(rng.normal(scale=0.03, size=DAYS)))
    low = close * np.exp(-np.abs(rng.normal(scale=0.01, size=DAYS)))
    values = np.column_stack([columns, close, low])
    return Panel(dates, (*(f"c{i}" for i in range(count)), "close", "low"), values)
