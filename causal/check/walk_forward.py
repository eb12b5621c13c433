"""Forecasts out of sample: fit to what was known, forecast the next stretch, fit again.

Four boards.  *Propagation*: the state of the target on a day, given the states of the same day (all
others, or those upstream) and of the day before.  *Forecast*: the target's state tomorrow, and its
worst state within some days, given what could be read at the end of a day, publication lags kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causal.check.inputs import Inputs, inputs
from causal.check.rivals import RIVALS, Rival, frequencies_of
from causal.contract.array import Array
from causal.data.history import Holdings
from causal.data.panel import DAY, Days
from causal.data.states import Codes, States, states
from causal.errors import DataError, QueryError
from causal.executor import Executor, executor_of
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import MISSING, lagged
from causal.infer.forward import forward, possible
from causal.infer.frontier import compile_slices
from causal.learn.as_of import with_known_evidence
from causal.learn.fit import fit
from causal.model.network import CausalModel
from causal.query.event import Condition, StatesLike, conditions
from causal.query.query import Query
from causal.query.unrolled import unroll

ALL, UPSTREAM, TOMORROW, WITHIN = "all states", "upstream", "tomorrow", "within"
NETWORK = "network"
LEAST = 250  # days of training that the rivals need


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """One kind of forecast: the level that came, (days,), and by forecaster P(Y >= k), (days,
    K)."""

    name: str
    dates: Days
    level: Codes
    forecasts: Mapping[str, Array]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """What is forecast: a story on a history, from ``first`` to ``last``, fitted anew each
    ``refit`` (year or month).  ``alone``: variables that forecast by themselves.  ``boards`` and
    ``rivals``: those that are wanted; ``apart``: every so many days a forecast of days ahead;
    ``worst``: the network forecasts the worst level alone, and repeats it for the others."""

    story: Story
    held: Holdings
    target: str
    first: np.datetime64
    last: np.datetime64
    refit: str = "year"
    horizon: int = 7
    alone: tuple[str, ...] = ()
    boards: tuple[str, ...] = (ALL, UPSTREAM, TOMORROW, WITHIN)
    rivals: tuple[str, ...] = tuple(RIVALS)
    apart: int = 1
    worst: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    walk: Walk
    begins: np.datetime64
    ends: np.datetime64
    read: tuple[States, Inputs] | None = None  # where no cut point is learnt, once for all


def walk_forward(walk: Walk, *, executor: Executor | str | None = None) -> list[Board]:
    """The boards of a walk, one stretch after the other through an executor.

    Raises DataError where the history does not reach, QueryError for an unknown target or refit.
    """
    graph = walk.story.graph
    graph.variable(walk.target)
    for name in walk.alone:
        graph.variable(name)
    dates = walk.held.panel.dates
    if walk.first - dates[0] < LEAST * DAY or walk.last > dates[-1] or walk.first > walk.last:
        raise DataError(
            f"The walk from {walk.first} to {walk.last} does not fit into the history.",
            f"It runs from {dates[0]} to {dates[-1]}, and {LEAST} days have to come before.",
            "Choose other days.",
        )
    how = [v.measurement for v in graph.variables if v.measurement is not None]
    read = None if any(h.quantiles for h in how) else _read(walk, _fixed(graph))
    days = read[0] if read is not None else states(walk.held.panel.until(walk.first), graph)
    known = int((days.of(walk.target)[days.dates < walk.first] != MISSING).sum())
    if known < LEAST:
        raise DataError(
            f"Before {walk.first} `{walk.target}` is known on {known} days.",
            f"The rivals learn from {LEAST} at least.",
            "Begin later.",
        )
    spans = refit_stretches(walk.first, walk.last, walk.refit)
    jobs = [_Job(walk, begins, ends, read) for begins, ends in spans]
    parts = list(executor_of(executor).map(_stretch, jobs))
    boards = [_joined([part[k] for part in parts]) for k in range(len(parts[0]))]
    for board in boards:
        if not len(board.dates):
            raise DataError(
                f"No day from {walk.first} to {walk.last} can be scored ({board.name}).",
                "What came is not known on any of them.",
                "Choose other days.",
            )
    return boards


def refit_stretches(
    first: np.datetime64, last: np.datetime64, refit: str
) -> list[tuple[np.datetime64, np.datetime64]]:
    """Stretches of a year or a month, each fitted to all before its first day."""
    unit = {"year": "Y", "month": "M"}.get(refit)
    if unit is None:
        raise QueryError(
            f"A model is not fitted anew every `{refit}`.",
            "It is fitted anew each year or each month.",
            "Say year or month.",
        )
    starts = np.arange(first.astype(f"M8[{unit}]"), last.astype(f"M8[{unit}]") + 1)
    days = [max(s.astype("M8[D]"), first) for s in starts]
    return list(zip(days, [*(d - DAY for d in days[1:]), last], strict=True))


def upstream(graph: CausalGraph, target: str) -> tuple[str, ...]:
    """All but the target and its same-day causes that trade around the clock with it."""
    beside = {p for p in graph.parents(target) if p in graph.names}
    closing = {n for n in beside if graph.variable(n).states[0] == "closed"}
    return tuple(n for n in graph.names if n != target and n not in beside - closing)


def _joined(parts: Sequence[Board]) -> Board:
    return Board(
        parts[0].name,
        np.concatenate([p.dates for p in parts]),
        np.concatenate([p.level for p in parts]),
        {n: np.concatenate([p.forecasts[n] for p in parts]) for n in parts[0].forecasts},
    )


def _stretch(job: _Job) -> list[Board]:
    """All boards of one stretch: the model and the rivals know nothing after the day before it."""
    walk = job.walk
    model = fit(walk.story, walk.held.as_of(job.begins - DAY), draws=0).mean()
    cuts = model.fit.provenance.cuts if model.fit is not None else {}
    days, known = job.read or _read(walk, cuts)
    ahead = {TOMORROW: 1, WITHIN: walk.horizon}
    return [
        _forecast(job, model, days, known, ahead[name])
        if name in ahead
        else _propagation(job, model, days, name)
        for name in walk.boards
    ]


def _read(walk: Walk, cuts: Mapping[str, tuple[float, ...]]) -> tuple[States, Inputs]:
    """The states of every day, and what could be known of them at each day's end."""
    graph = walk.story.graph
    return states(walk.held.panel, graph, cuts=cuts), inputs(walk.held, graph, cuts)


def _fixed(graph: CausalGraph) -> dict[str, tuple[float, ...]]:
    """The cut points that a story gives."""
    return {v.name: v.measurement.cuts for v in graph.variables if v.measurement is not None}


def _propagation(job: _Job, model: CausalModel, days: States, name: str) -> Board:
    walk, graph = job.walk, model.graph
    here = upstream(graph, walk.target)
    if name == ALL:
        here = tuple(n for n in graph.names if n != walk.target)
    level = days.of(walk.target)
    before = np.vstack([np.full((1, days.codes.shape[1]), MISSING, dtype=np.int8), days.codes[:-1]])
    places = [days.names.index(n) for n in here]
    features = np.hstack([days.codes[:, places], before])
    rows = _rows(days.dates, level, job)

    def network(row: int) -> list[float]:
        given = _told(graph, days.codes[row], here) | _told(graph, before[row], graph.names, 1)
        return _chances(model, walk.target, given, worst=walk.worst)

    chances = np.array([network(row) for row in rows]).reshape(
        len(rows), graph.size(walk.target) - 1
    )
    train = (level != MISSING) & (days.dates < job.begins)
    found = _rivals(walk, list(here), features, level, (np.flatnonzero(train), rows))
    return Board(name, days.dates[rows], level[rows], {NETWORK: chances, **found})


def _forecast(job: _Job, model: CausalModel, days: States, known: Inputs, ahead: int) -> Board:
    walk, graph = job.walk, model.graph
    within = ahead > 1
    level = _ahead(days.of(walk.target), ahead)
    rows = _rows(days.dates, level, job)
    rows = rows[rows % walk.apart == 0]
    top = graph.size(walk.target) - 1

    def network(row: int) -> list[float]:
        readings = list(known.readings(row))
        chances: list[float] = []
        for k in range(top if walk.worst else 1, top + 1):
            event = (_worse(graph, walk.target, k),)
            plain = Query(event, within=ahead) if within else Query(event)
            query, _ = with_known_evidence(model, plain, readings, days.dates[row])
            chances.append(_chance(model, query))
        return chances * (top // len(chances))

    chances = np.array([network(row) for row in rows]).reshape(len(rows), top)
    train = (level != MISSING) & (days.dates < job.begins - ahead * DAY)
    found = _rivals(walk, list(graph.names), known.codes, level, (np.flatnonzero(train), rows))
    name = f"{WITHIN} {ahead}d" if within else TOMORROW
    return Board(name, days.dates[rows], level[rows], {NETWORK: chances, **found})


def _rows(dates: Days, level: Codes, job: _Job) -> NDArray[np.intp]:
    inside = (dates >= job.begins) & (dates <= job.ends) & (level != MISSING)
    return np.flatnonzero(inside)


def _ahead(level: Codes, ahead: int) -> Codes:
    """The worst level of the next days; unknown where one of them is."""
    padded = np.concatenate([level[1:], np.full(ahead, MISSING, dtype=np.int8)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, ahead)[: len(level)]
    lost = (windows == MISSING).any(axis=1)
    return np.where(lost, MISSING, windows.max(axis=1)).astype(np.int8)


def _told(
    graph: CausalGraph, codes: Codes, names: Sequence[str], back: int = 0
) -> dict[str, StatesLike]:
    """What is known of a day, as evidence."""
    found: dict[str, StatesLike] = {}
    for name in names:
        code = int(codes[graph.names.index(name)])
        if code != MISSING:
            found[lagged(name) if back else name] = graph.variable(name).states[code]
    return found


def _worse(graph: CausalGraph, target: str, level: int) -> Condition:
    states_ = graph.variable(target).states[level:]
    return Condition(target, tuple((s, 1.0) for s in states_))


def _chances(
    model: CausalModel, target: str, given: Mapping[str, StatesLike], *, worst: bool
) -> list[float]:
    """P(target >= k | evidence) of a day, for k from 1; that of the worst for all if ``worst``."""
    evidence = conditions(model.graph, given)
    top = model.graph.size(target) - 1
    found = [
        _chance(model, Query((_worse(model.graph, target, k),), evidence))
        for k in range(top if worst else 1, top + 1)
    ]
    return found * (top // len(found))


def _chance(model: CausalModel, query: Query) -> float:
    # The sessions are evidence, or told by the date.
    asked = unroll(model.graph, replace(query, independent=True))
    found = forward(model, compile_slices(asked, batch=1))
    possible(found, query)
    return float(found.probability[0])


def _rivals(
    walk: Walk,
    names: list[str],
    features: Codes,
    level: Codes,
    spans: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> dict[str, Array]:
    """Every rival's chances on later rows, fitted on the rows before: ``spans``."""
    train, rows = spans
    every: dict[str, Rival] = {name: RIVALS[name] for name in walk.rivals}
    for name in walk.alone:
        if name in names:
            every[f"{name} alone"] = frequencies_of(names.index(name))
    top = walk.story.graph.size(walk.target) - 1
    found = {}
    for name, rival in every.items():
        found[name] = np.zeros((0, top))
        if len(rows):
            found[name] = rival(features[train], level[train], features[rows], top)
    return found
