"""The true answer to a question: the market is run, and run again with something done.

P(event | do, evidence) = sum_i w_i e_i / sum_i w_i over paths i of the world in which it is done:
e_i whether the event happens, w_i the weight of the evidence.  Every path has the same noise in
every world, so two answers can be compared path by path.  The Monte-Carlo error is the standard
error of that ratio, sqrt(sum_i w_i^2 (e_i - p)^2) / sum_i w_i."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from causal.calendar import us_open
from causal.contract.array import Array
from causal.data.panel import DAY
from causal.data.states import Codes
from causal.errors import QueryError
from causal.executor import Executor, executor_of
from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING
from causal.laboratory.hours import advance
from causal.laboratory.parameters import Parameters
from causal.laboratory.reading import StateReader, needed, shown_by
from causal.laboratory.simulation import (
    WARM_UP,
    MarketRun,
    checked,
    chunks,
    day_of,
    fits_memory,
    known_parameters,
    known_world,
    rules_of,
)
from causal.laboratory.state import Rules, State
from causal.laboratory.twin import LEVELS, Twin
from causal.laboratory.world import UNTOUCHED, World
from causal.query.parser import parse
from causal.query.query import Query
from causal.query.unrolled import Unrolled, unroll
from causal.text import written

PATHS = 1_000
CRASHED = "P(drawdown <= -10% within 7d)"
TODAY = "2024-06-05"  # a Wednesday; the week after it has no holiday


@dataclass(frozen=True, slots=True)
class Ask:
    """One question in one world; ``low``: a drawdown is to the lowest low, not the lowest close."""

    query: Query
    world: World = UNTOUCHED
    low: bool = False

    def __str__(self) -> str:
        world = str(self.world)
        return str(self.query) if world == str(World()) else f"{self.query} with {world}"


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What is true in the laboratory: ``value`` and its Monte-Carlo ``error`` (standard error).

    ``happened`` and ``weight``: of every path, so that worlds can be compared path by path.
    ``agreement``: share of the days on which a variable that was set also reads as it was set; None
    where nothing was.
    """

    ask: Ask
    happened: Array
    weight: Array
    agreement: float | None = None

    @property
    def value(self) -> float:
        return float(self.happened @ self.weight / self.weight.sum())

    @property
    def error(self) -> float:
        return float(np.sqrt((self.influence**2).sum()))

    @property
    def paths(self) -> int:
        """Paths that count: the sum of the weights of the evidence."""
        return round(float(self.weight.sum()))

    def minus(self, other: Truth) -> tuple[float, float]:
        """The difference to another world on the same paths, and its standard error."""
        apart = self.influence - other.influence
        return self.value - other.value, float(np.sqrt((apart**2).sum()))

    def share(self, other: Truth, *, of: bool) -> tuple[float, float]:
        """Of the paths on which ``other`` happened (``of``; or did not), the share on which this
        one turns out otherwise, and its standard error: necessity and sufficiency (Pearl 2000)."""
        there = other.happened > 0 if of else other.happened <= 0
        weight = (self.weight * other.weight)[there]
        turned = (self.happened <= 0 if of else self.happened > 0)[there]
        if not weight.sum() > 0:
            raise QueryError(
                "There is no path to count over.",
                "On every path the event happens, or on none.",
                "Run more paths.",
            )
        value = float(turned @ weight / weight.sum())
        return value, float(np.sqrt(((weight * (turned - value)) ** 2).sum()) / weight.sum())

    @property
    def influence(self) -> Array:
        """What every path adds to the error of ``value``: w_i (e_i - p) / sum w, (paths,)."""
        found: Array = self.weight * (self.happened - self.value) / self.weight.sum()
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``licence`` is that of everything here."""
        return {
            "query": str(self.ask.query),
            "world": str(self.ask.world),
            "value": self.value,
            "standard_error": self.error,
            "paths": self.paths,
            "paths_run": len(self.weight),
            "agreement": self.agreement,
            "licence": "model-only",
        }


@dataclass(frozen=True, slots=True)
class Job:
    """One chunk of paths, and what is asked of them."""

    run: MarketRun
    asks: tuple[Ask, ...]
    graph: CausalGraph

    @property
    def today(self) -> int:
        """The row of day 0."""
        return self.run.warm_up - 1


def truth(
    question: str | Query | World,
    *,
    world: World | None = None,
    low: bool = False,
    paths: int = PATHS,
    seed: int = 0,
    today: str = TODAY,
    parameters: Parameters | None = None,
    plain: bool = False,
    graph: CausalGraph | None = None,
    executor: Executor | str | None = None,
) -> Truth:
    """The true answer in the laboratory, by intervention on ``paths`` paths.

    A question's ``do`` sets measured states (``twin.py`` says how), its evidence is read on the
    same paths; ``world`` changes the mechanisms; a world in the place of a question asks for a low
    of 10 % below today's close within seven days.  ``today``: the date of day 0.  ``graph``: the
    story whose measurements are read, the shipped one by default.  Raises QueryError for what
    cannot be set or is never seen, and as ``market`` does."""
    story = shipped_graph() if graph is None else graph
    if isinstance(question, World):
        world, low = question, True
        question = CRASHED
    query = parse(question, story, priced={"bitcoin"}) if isinstance(question, str) else question
    asks = [Ask(query, known_world(world), low)]
    (found,) = truths(
        asks,
        paths=paths,
        seed=seed,
        today=today,
        parameters=parameters,
        plain=plain,
        graph=story,
        executor=executor,
    )
    return found


def truths(
    asks: Sequence[Ask],
    *,
    paths: int = PATHS,
    seed: int = 0,
    today: str = TODAY,
    parameters: Parameters | None = None,
    plain: bool = False,
    graph: CausalGraph | None = None,
    executor: Executor | str | None = None,
) -> list[Truth]:
    """Several true answers on the same paths, each warmed up once; raises as ``truth`` does."""
    checked("paths", paths, 1)
    checked("seed", seed, 0)
    story = shipped_graph() if graph is None else graph
    history, horizon = 0, 1
    for ask in asks:
        names = _named(ask, story)
        history = max(history, needed(story, names))
        horizon = max(horizon, ask.query.horizon)
    warm_up = WARM_UP + history + 1
    day = day_of(today, warm_up, horizon)
    for ask in asks:
        _open(ask, story, day)
    if not plain:
        for ask in asks:
            shown_by(story, _named(ask, story), day)
    run = MarketRun(day + DAY, horizon, warm_up, seed, known_parameters(parameters), plain)
    fits_memory(run, paths, 16.0 * paths * len(asks))
    jobs = [Job(one, tuple(asks), story) for one in chunks(run, paths)]
    done = list(executor_of(executor).map(answered_chunk, jobs))
    found = []
    for place, ask in enumerate(asks):
        parts = [chunk[place] for chunk in done]
        happened, weight = (np.concatenate([p[k] for p in parts]) for k in (0, 1))
        if not weight.sum() > 0:
            raise QueryError(
                f"The evidence of `{ask.query}` was seen on none of {paths:,} paths.",
                "Nothing can be counted.",
                "Run more paths, or leave some of the evidence out.",
            )
        read = np.array([p[2] for p in parts])
        agreement = float(read[:, 0].sum() / read[:, 1].sum()) if read[:, 1].sum() else None
        found.append(Truth(ask, happened, weight, agreement))
    return found


def _named(ask: Ask, graph: CausalGraph) -> list[str]:
    """The variables that a question reads or sets."""
    if not isinstance(ask.query, Query) or not isinstance(graph, CausalGraph):
        raise QueryError(
            f"{written(ask.query)} is no question.",
            "It is a text or a Query, put to the graph of a story.",
            'Write "P(bitcoin=crash within 7d)".',
        )
    plan = _plan(ask, graph)
    names = {n for some in (plan.seeing, plan.doing) for w in some.values() for n in w}
    return sorted(names | set(plan.event))


def _open(ask: Ask, graph: CausalGraph, today: np.datetime64) -> None:
    """Raise QueryError where all that is done to a variable falls on days when it is closed."""
    doing = _plan(ask, graph).doing
    for name in {n for some in doing.values() for n in some}:
        days = today + np.array([d for d, some in doing.items() if name in some]) * DAY
        if graph.variable(name).states[0] == "closed" and not us_open(days).any():
            raise QueryError(
                f"`{name}` is set on days when its market is closed: {', '.join(map(str, days))}.",
                "Nothing would be done.",
                "Choose another day (--today), or more of them.",
            )


def shipped_graph() -> CausalGraph:
    """The graph of the shipped story, its measurements with it."""
    from causal.model.store import load, shipped

    return load(shipped()).graph


def _plan(ask: Ask, graph: CausalGraph) -> Unrolled:
    """The question on numbered days; raises QueryError for surgery that has no twin."""
    query = ask.query
    named = query if query.drawdown is None else replace(query, drawdown=None)
    plan = unroll(graph, replace(named, independent=True))
    if any(plan.made.values()):
        raise QueryError(
            f"`{query}` holds a policy or a cut of an arrow.",
            "The laboratory sets states; its own paths are cut by name.",
            "Cut a path of the market with --cut, or World(cut=...) in Python.",
        )
    read = [(d, n) for d in ask.query.asked for n in plan.event]
    read += [(d, n) for d, weights in plan.seeing.items() for n in weights]
    for day, name in read:
        if name in LEVELS and name in plan.doing.get(day, {}):
            raise QueryError(
                f"`{name}` is set and read on the same day.",
                "It is a level: it is set in the place of the history that it is read from, which "
                "stays as it was.",
                "Ask about something that it acts on.",
            )
    return plan


def answered_chunk(job: Job) -> list[tuple[Array, Array, tuple[float, float]]]:
    """Of one chunk and every question: whether it happened, the weight of its evidence, and on how
    many of how many days a variable that was set read as it was set."""
    run = job.run
    noise, state = run.noise(), run.fresh()
    first = min(0, *(a.world.since for a in job.asks if a.world != UNTOUCHED), 0)
    usual = Rules(run.p)
    while state.row < job.today + first:
        advance(state, noise, usual, {})
    reader = StateReader(job.graph, noise, run.dates, run.plain)
    return [_answer(job, ask, state.copy(), reader) for ask in job.asks]


def _answer(
    job: Job, ask: Ask, state: State, reader: StateReader
) -> tuple[Array, Array, tuple[float, float]]:
    plan = _plan(ask, job.graph)
    usual, changed = rules_of(ask.world, job.run.p)
    twin = Twin(reader)
    last = job.today + ask.query.horizon
    wanted: dict[int, dict[str, Array]] = {}
    while state.row <= last:
        day = state.row - job.today
        rules = changed if day >= ask.world.since else usual
        doing = plan.doing.get(day, {})
        drawn = {n: reader.noise.uniform(f"mixed {n}", state.row) for n in doing}
        wanted[day] = {n: _chosen(vector, drawn[n]) for n, vector in doing.items()}
        ranges = twin.ranges(state, rules, wanted[day]) if doing else {}
        advance(state, reader.noise, rules, {**ranges, **ask.world.holds(day, state.paths)})
    read = Seen(reader, state, job.today)
    weight = np.ones(state.paths)
    for day, weights in plan.seeing.items():
        weight *= read.weighed(weights, day)
    for day in ask.query.asked:
        for name in plan.event:
            weight *= read.codes(name, day) != MISSING
    return _happened(ask, plan, read), weight, _agreement(wanted, read)


@dataclass(slots=True, eq=False)
class Seen:
    """The states of one world, each variable read once from the day before ``today`` on."""

    reader: StateReader
    state: State
    today: int
    known: dict[str, Codes] = field(default_factory=dict)

    def codes(self, name: str, day: int) -> Codes:
        """States of a variable on a day of the question, (paths,)."""
        first = self.today - 1
        if name not in self.known:
            self.known[name] = self.reader.codes(self.state, name, self.state.row - first)
        found: Codes = self.known[name][self.today + day - first]
        return found

    def weighed(self, weights: Mapping[str, Array], day: int) -> Array:
        """The product of the weights of the states that a day reads, (paths,)."""
        found = np.ones(self.state.paths)
        for name, vector in weights.items():
            codes = self.codes(name, day)
            found *= np.where(codes == MISSING, 0.0, vector[codes])
        return found


def _chosen(vector: Array, uniform: Array) -> Array:
    """A state for every path, drawn from the weights of an assignment."""
    share = np.cumsum(vector) / vector.sum()
    found: Array = np.searchsorted(share, uniform, side="right").astype(float)
    return found


def _happened(ask: Ask, plan: Unrolled, read: Seen) -> Array:
    """Whether the event happens on one of its days, (paths,)."""
    days = ask.query.asked
    fall = ask.query.drawdown
    if fall is not None:
        day, today = read.state.day, read.today
        price = day["low" if ask.low else "close"][today + days.start : today + days.stop]
        under = price.min(axis=0) - day["close"][today] <= np.log1p(fall.threshold)
        return np.where(under, 1.0, 0.0)
    missed = np.ones(read.state.paths)
    for one in days:
        missed *= 1 - read.weighed(plan.event, one)
    found: Array = 1 - missed
    return found


def _agreement(wanted: Mapping[int, Mapping[str, Array]], read: Seen) -> tuple[float, float]:
    """On how many days, of how many, what was set reads so; closed markets are not counted, nor
    levels, which are set in place of the history that they are read from."""
    right = count = 0.0
    for day, states in wanted.items():
        for name in states.keys() - LEVELS:
            codes = read.codes(name, day)
            shut = read.reader.graph.variable(name).states[0] == "closed"
            counted = codes > 0 if shut else codes != MISSING
            right += float(((codes == states[name]) & counted).sum())
            count += float(counted.sum())
    return right, count


def asked(
    graph: CausalGraph, texts: Iterable[tuple[str, World]], *, low: bool = False
) -> list[Ask]:
    """Questions as texts, each in its world."""
    return [Ask(parse(text, graph, priced={"bitcoin"}), world, low) for text, world in texts]
