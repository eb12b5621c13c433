"""Single questions: one never seen, the same again, with draws, and with drawing the posterior."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from causal.model.network import CausalModel
from causal.query.query import Query
from tests.bench import ours
from tests.bench.clock import Work, fastest, interleaved
from tests.bench.limits import Limits
from tests.bench.networks import Question, alpha, drawn, public, questions, typical
from tests.bench.peers import (
    ENGINES,
    Agrum,
    agrum_base,
    agrum_cold,
    agrum_ways,
    pgmpy_answer,
    pgmpy_network,
)
from tests.bench.settings import Settings, agreed, pyagrum
from tests.bench.table import Row, Topic

DRAWS, SAMPLE = 1_000, 60

HOW = """**Never seen**: questions by lot (a `do` on a cause of what is asked, two things seen),
every one of another shape, all our plans forgotten before each; seconds for one question, the mean
over the lot, planning included. Ours is `causal.ask` throughout, whole: base rate, licence and
support are made anew as well, while the peers give the number alone. pyAgrum copies its network,
cuts the arcs, builds a new engine (the fastest of three kinds); pgmpy gets a network after surgery
built outside the clock, asks with VariableElimination and its order "greedy". **Again**: the
typical question of the draws table and the same with one thing seen changed to and fro, answered
from what is kept (ours: plans and the base rate; pyAgrum: the engine, its evidence changed; pgmpy:
its engine). **1,000 draws**: a never-seen question under draws in memory, seconds a question;
pyAgrum's loop runs 60 draws after its copy and cut and is scaled. **One-off**: the posterior has
not been drawn either; each side draws what it needs (pyAgrum's loop: vectorised gamma variates of
the tables that the question needs)."""


def measure(settings: Settings, limits: Limits) -> Topic:
    """Every network, small to hard."""
    ours.warm()
    rows: list[Row] = []
    for name in ("crypto12", *settings.networks, *settings.hard):
        rows.append(_never_seen(name, settings))
        rows.append(_again(name, settings))
    for name in ("crypto12", *settings.networks):
        rows.append(_never_seen_draws(name, settings))
        rows.append(_one_off(name, settings))
    rows.sort(key=lambda row: row.case.split(",", 1)[1])
    return Topic("query", "One question at a time", tuple(rows), HOW)


def _never_seen(name: str, settings: Settings) -> Row:
    gum, model = pyagrum(), public(name)
    asked = questions(model, 5 if settings.quick else 15)
    queries = [q.query(model.graph) for q in asked]
    pairs = [(q, _place(model, q)) for q in asked]
    base = agrum_base(gum, model)
    mine = [float(ours.draws(model, q)[0]) for q in queries]
    worst = 0.0
    for kind in ENGINES:
        theirs = [agrum_cold(gum, base, q, p, kind) for q, p in pairs]
        worst = max(worst, agreed(f"{name}, {kind}", mine, theirs))
    ways = {k: partial(_all_cold, gum, base, pairs[:3], k) for k in ENGINES}
    contest: dict[str, Work] = {
        "ours": partial(_all_forgotten, model, queries),
        "pyAgrum": partial(_all_cold, gum, base, pairs, fastest(ways)),
    }
    if name not in settings.hard:
        asks = [pgmpy_answer(_cut(model, q), model, q) for q in asked]
        worst = max(worst, agreed(f"{name}, pgmpy", mine, [ask() for ask in asks]))
        contest["pgmpy"] = partial(_each, asks)
    found = interleaved(contest, rounds=settings.rounds, budget=settings.budget)
    times = {n: t.per(len(asked)).median for n, t in found.items()}
    peers = {n: t for n, t in times.items() if n != "ours"}
    return Row(f"{name}, never seen, one point model", times["ours"], peers, {"pyAgrum": 20}, worst)


def _again(name: str, settings: Settings) -> Row:
    gum, model = pyagrum(), public(name)
    pair = two_of_a_kind(model)
    queries = [q.query(model.graph) for q in pair]
    mine = [float(ours.draws(model, q)[0]) for q in queries]
    here = Agrum(gum, model, pair[0], pair[0].needed(model.graph))
    here.load(model, [0])
    here.fill(0)
    asks = {kind: _changed(here, kind, pair) for kind in ENGINES}
    worst = max(agreed(f"{name}, {k}", mine, ask()) for k, ask in asks.items())
    contest: dict[str, Work] = {
        "ours": lambda: [ours.draws(model, q) for q in queries],
        "pyAgrum": asks[fastest(asks)],
    }
    if name not in settings.hard:
        network = _cut(model, pair[0])
        both = [pgmpy_answer(network, model, q) for q in pair]
        worst = max(worst, agreed(f"{name}, pgmpy", mine, [ask() for ask in both]))
        contest["pgmpy"] = partial(_each, both)
    found = interleaved(contest, rounds=settings.rounds, budget=settings.budget)
    times = {n: t.per(2).median for n, t in found.items()}
    peers = {n: t for n, t in times.items() if n != "ours"}
    return Row(f"{name}, asked again, one point model", times["ours"], peers, {}, worst)


def two_of_a_kind(model: CausalModel) -> tuple[Question, Question]:
    """The typical question, and the same with one of the things seen in another state."""
    first = typical(model)
    for name, seen in first.given.items():
        for state in model.graph.variable(name).states:
            other = replace(first, given={**first.given, name: state})
            if state != seen and ours.possible(model, other.query(model.graph)):
                return first, other
    raise AssertionError(f"{model.name}: nothing else could have been seen")


def _changed(here: Agrum, kind: str, pair: Sequence[Question]) -> Callable[[], list[float]]:
    """An engine kept, its evidence changed to and fro: tables stay, so nothing can be stale."""
    engine = here.engine(kind)
    moved = [n for n in pair[0].given if pair[0].given[n] != pair[1].given[n]]

    def ask() -> list[float]:
        found = []
        for question in pair:
            for name in moved:
                engine.chgEvidence(name, question.given[name])
            found.append(here.read(engine))
        return found

    return ask


def _never_seen_draws(name: str, settings: Settings) -> Row:
    gum, model = pyagrum(), drawn(public(name), DRAWS)
    question = typical(public(name))
    query = question.query(model.graph)
    mine = ours.draws(model, query)
    base = agrum_base(gum, model)
    ways = agrum_ways(gum, model, question, range(SAMPLE))
    way = fastest({w: partial(_some, a, 4) for w, a in ways.items()})
    worst = agreed(name, mine[:SAMPLE], [ways[way](i) for i in range(SAMPLE)])
    found = interleaved(
        {
            "ours": partial(_all_forgotten, model, [query]),
            "cut": lambda: agrum_cold(gum, base, question, _place(model, question)),
            "loop": partial(_some, ways[way], SAMPLE),
        },
        rounds=settings.rounds,
        budget=settings.budget,
    )
    theirs = found["cut"].median + found["loop"].median * DRAWS / SAMPLE
    case = f"{name}, never seen, {DRAWS:,} draws"
    return Row(case, found["ours"].median, {"pyAgrum": theirs}, {"pyAgrum": 500}, worst)


def _one_off(name: str, settings: Settings) -> Row:
    gum, point = pyagrum(), public(name)
    question = typical(point)
    query = question.query(point.graph)
    model = ours.unsampled(point, DRAWS)
    mine = ours.draws(model, query)
    needed = question.needed(point.graph)
    here = Agrum(gum, point, question, needed)
    ways = agrum_ways(gum, model, question, range(SAMPLE))
    way = fastest({w: partial(_some, a, 4) for w, a in ways.items()})
    worst = agreed(name, mine[:SAMPLE], [ways[way](i) for i in range(SAMPLE)])
    free = [alpha(point.tables[n]) for n in needed if n not in question.do]

    def fresh() -> object:
        return ours.draws(ours.unsampled(point, DRAWS), query)

    found = interleaved(
        {
            "ours": fresh,
            "drawing": partial(_gammas, free),
            "lists": partial(here.load, model, range(SAMPLE)),
            "loop": partial(_some, ways[way], SAMPLE),
        },
        rounds=settings.rounds,
        budget=settings.budget,
    )
    scaled = (found["lists"].median + found["loop"].median) * DRAWS / SAMPLE
    theirs = found["drawing"].median + scaled
    case = f"{name}, one-off, {DRAWS:,} draws drawn first"
    return Row(case, found["ours"].median, {"pyAgrum": theirs}, {"pyAgrum": 40}, worst)


def _gammas(alphas: Sequence[np.ndarray]) -> None:  # type: ignore[type-arg]
    rng = np.random.default_rng(0)
    for one in alphas:
        gamma = rng.standard_gamma(one[..., None], size=(*one.shape, DRAWS))
        gamma /= gamma.sum(axis=-2, keepdims=True)


def _all_forgotten(model: CausalModel, queries: Sequence[Query]) -> None:
    for query in queries:
        ours.forget(model)
        ours.draws(model, query)


def _all_cold(gum: Any, base: Any, asked: Sequence[tuple[Question, int]], kind: str) -> None:
    for question, place in asked:
        agrum_cold(gum, base, question, place, kind)


def _each(asks: Sequence[Callable[[], float]]) -> None:
    for ask in asks:
        ask()


def _some(answer: Callable[[int], float], count: int) -> float:
    return sum(answer(i) for i in range(count))


def _cut(model: CausalModel, question: Question) -> Any:
    return pgmpy_network(model, model.graph.order, question.do)


def _place(model: CausalModel, question: Question) -> int:
    name, state = question.event
    return model.graph.variable(name).index(state)
