"""All marginals at once, under posterior draws."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from causal.model.network import CausalModel
from tests.bench import ours
from tests.bench.clock import fastest, interleaved
from tests.bench.limits import Limits
from tests.bench.networks import Array, Question, drawn, public, typical
from tests.bench.peers import Agrum
from tests.bench.settings import Settings, agreed, pyagrum
from tests.bench.table import Row, Topic

DRAWS, SAMPLE, CHECKED = 1_000, 12, 4
ENGINES = ("ShaferShenoyInference", "LazyPropagation")

HOW = """P(variable | `do`, two things seen) of **every** variable, seconds **per draw** (1,000
draws, in memory). Ours is `causal.marginals(model.do(...), given=..., draws=True)`. pyAgrum: tables
filled in place, all variables targets, one inference a draw, every posterior read; the faster of
ShaferShenoy and Lazy, engine kept (evidence erased and set again) or new; 12 draws a round. pgmpy
has no way of asking all marginals but one query each, or a junction tree that is calibrated anew
for every draw; it takes milliseconds a variable and is left out."""


def measure(settings: Settings, limits: Limits) -> Topic:
    ours.warm()
    names = ("crypto12", *settings.networks)
    rows = [_contest(n, settings) for n in names]
    return Topic("marginals", "All marginals", tuple(rows), HOW)


def _contest(name: str, settings: Settings) -> Row:
    point = public(name)
    model, question = drawn(point, DRAWS), typical(point)
    mine = ours.marginals(model, question)
    ways = all_ways(pyagrum(), model, question)
    worst = 0.0
    for way, answer in ways.items():
        for draw in range(CHECKED):
            theirs = answer(draw)
            flat = np.concatenate([mine[n][:, draw] for n in theirs])
            worst = max(worst, agreed(f"{name}, {way}", flat, np.concatenate([*theirs.values()])))
    way = fastest({w: partial(_some, a, 2) for w, a in ways.items()})
    found = interleaved(
        {
            "ours": lambda: ours.marginals(model, question),
            "pyAgrum": partial(_some, ways[way], SAMPLE),
        },
        rounds=settings.rounds,
        budget=settings.budget,
    )
    return Row(
        f"{name}, {len(point.graph.names)} variables",
        found["ours"].per(DRAWS).median,
        {"pyAgrum": found["pyAgrum"].per(SAMPLE).median},
        {"pyAgrum": 300},
        worst,
        {"pyAgrum's way": way},
    )


def all_ways(
    gum: Any, model: CausalModel, question: Question
) -> dict[str, Callable[[int], dict[str, Array]]]:
    """Every way of reading all marginals for the first draws."""
    here = Agrum(gum, model, question, model.graph.order)
    here.load(model, range(SAMPLE))
    found = {}
    for kind in ENGINES:
        kept = _engine(here, kind)
        found[f"{kind} kept"] = partial(_again, here, kept)
        found[f"{kind} new"] = partial(_anew, here, kind)
    return found


def _engine(here: Agrum, kind: str) -> Any:
    engine = getattr(here.gum, kind)(here.bn)
    engine.setEvidence(here.evidence)
    engine.addAllTargets()
    return engine


def _again(here: Agrum, engine: Any, draw: int) -> dict[str, Array]:
    here.fill(draw)
    engine.eraseAllEvidence()
    engine.setEvidence(here.evidence)
    return _read(here, engine)


def _anew(here: Agrum, kind: str, draw: int) -> dict[str, Array]:
    here.fill(draw)
    return _read(here, _engine(here, kind))


def _read(here: Agrum, engine: Any) -> dict[str, Array]:
    engine.makeInference()
    return {n: engine.posterior(n).toarray().ravel() for n in here.names}


def _some(answer: Callable[[int], object], count: int) -> None:
    for draw in range(count):
        answer(draw)
