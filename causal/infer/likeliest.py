"""The likeliest paths to an event: most probable explanations through time, the k best exactly.

A path gives every variable that the question rests on a state on every day.  With b_d(i) the most
that the days after d can add from frontier i (Viterbi), before and after the event has happened,

after_d-1(i) = max_x [log table(x | i) + after_d(x)]
before_d-1(i) = max_x [log table(x | i) + max(log w(x) + after_d(x), log(1 - w(x)) + before_d(x))]

where w is the event's weight: an event ``within`` N days first happens on one of them.  The k best
follow by Lawler's partition (1972): all paths but the best are those that agree with it up to some
place and differ there, and each such set is one day's maximum plus b_d.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count as counter
from itertools import islice
from typing import Any

import numpy as np

from causal.errors import QueryError
from causal.graph.dag import lagged, unlagged
from causal.infer.contraction import Axes
from causal.infer.frontier import HIT, Day, compiled
from causal.infer.passage import passage
from causal.infer.probability import marginals, possible
from causal.infer.query import Query
from causal.infer.viterbi import Factor, argbest, best, given
from causal.infer.world import world
from causal.model.network import CausalModel
from causal.model.table import Array

MOST = 100  # paths that may be asked for


@dataclass(frozen=True, slots=True)
class Path:
    """One path: the state of every variable on every day, and its share of the event's mass.

    ``share`` is P(path | event, do, evidence); ``first`` the day on which the event first happens.
    """

    share: float
    first: int | None
    days: Mapping[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Paths:
    """The likeliest paths to an event, best first, at the posterior mean.

    ``probability`` is P(event | do, evidence), ``usual`` every variable's likeliest state on a day
    on which nothing is done or known.
    """

    query: Query
    probability: float
    paths: tuple[Path, ...]
    usual: Mapping[str, str]

    def unusual(self, path: Path) -> dict[int, dict[str, str]]:
        """The days of a path, with only those states that are not the usual ones."""
        return {
            day: {n: s for n, s in states.items() if s != self.usual[n]}
            for day, states in path.days.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``unusual`` names the variables that are not in their usual state."""
        return {
            "query": str(self.query),
            "probability": self.probability,
            "usual": dict(self.usual),
            "paths": [
                {
                    "share": path.share,
                    "first": path.first,
                    "days": [
                        {"day": day, "states": dict(path.days[day]), "unusual": list(odd)}
                        for day, odd in self.unusual(path).items()
                    ],
                }
                for path in self.paths
            ],
        }


def likeliest(
    model: CausalModel, query: str | Query, *, k: int = 3, everything: bool = False
) -> Paths:
    """The ``k`` likeliest paths to the event of ``query`` under its ``do`` and evidence.

    A path names the variables that the question rests on: causes of the event or of the evidence.
    ``everything``: all variables on all days.  Raises QueryError where the event cannot
    happen, ImpossibleEvidenceError.
    """
    if isinstance(query, str):
        from causal.infer.grammar import parse

        query = parse(query, model.graph)
    query = replace(query, do=(*model.interventions, *query.do))
    _check(query, k)
    mean = model.mean()
    asked = world(mean.graph, query)
    whole = dict.fromkeys(asked.days, frozenset(mean.graph.names)) if everything else None
    days = compiled(asked, whole)
    found = passage(mean, days)
    possible(found, query)
    mass = float(found.probability[0])
    if not mass > 0:
        raise QueryError(
            "The event cannot happen under what is done and seen.",
            "No path leads to it.",
            "Loosen the evidence, or ask for another event.",
        )
    total = float(np.log(mass) + found.log_evidence[0])
    search = _Search(mean, days)
    usual = {
        n: mean.graph.variable(n).states[int(p.argmax())]
        for n, p in marginals(replace(mean, interventions=())).items()
    }
    chosen = (search.path(score, trail, total) for score, trail in islice(search.run(), k))
    return Paths(query, mass, tuple(chosen), usual)


def _check(query: Query, k: int) -> None:
    if not query.event:
        raise QueryError(
            "The question has no event.", "There is no path to nothing.", 'Ask P(bitcoin="crash").'
        )
    if not 1 <= k <= MOST:
        raise QueryError(
            f"{k} paths were asked for.",
            f"The likeliest are listed one by one, at most {MOST}.",
            "Ask for 3.",
        )


@dataclass(frozen=True, slots=True)
class _Step:
    """A day of a path: the states of its variables, and whether the event happens now."""

    states: Mapping[str, int]
    hit: bool | None


_Trail = tuple[_Step, ...]


@dataclass(frozen=True, slots=True)
class _Set:
    """All paths that begin with ``trail``, have ``fixed`` on the next day, and differ in one place.

    ``place`` is a variable of the next day or HIT; its state is none of ``barred``.
    """

    trail: _Trail
    score: float
    fixed: Mapping[str, int]
    place: str
    barred: frozenset[int]


@dataclass(slots=True, eq=False)
class _Search:
    """Best-first search over sets of paths."""

    model: CausalModel
    days: Sequence[Day]
    factors: list[list[Factor]] = field(default_factory=list)
    after: list[Factor] = field(default_factory=list)
    before: list[Factor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.factors = [
            [(o.axes, _log(np.asarray(o.of(self.model)[..., 0]))) for o in day.operands]
            for day in self.days
        ]
        after: Factor = ((), np.zeros(()))
        self.after, self.before = [after] * len(self.days), [after] * len(self.days)
        before: Factor = ((), np.full((), -np.inf))
        for place in reversed(range(len(self.days))):
            self.after[place], self.before[place] = after, before
            handed = _handed(self.days[place])
            tables = self.factors[place]
            hits = [self._worth(place, hit) for hit in self._choices(place, False)]
            names = tuple(map(unlagged, handed))
            after = (names, best([*tables, after], handed))
            before = (names, np.maximum.reduce([best([*tables, *m], handed) for m in hits]))

    def run(self) -> Iterator[tuple[float, _Trail]]:
        """Log weight and trail of every path, best first."""
        ticket = counter()
        heap: list[tuple[float, int, _Set]] = []

        def push(one: _Set) -> None:
            value = self._value(one)[0]
            if value > -np.inf:
                heapq.heappush(heap, (-value, next(ticket), one))

        push(_Set((), 0.0, {}, HIT, frozenset()))
        while heap:
            value, _, chosen = heapq.heappop(heap)
            trail = self._trail(chosen)
            yield -value, trail
            for part in self._parts(chosen, trail):
                push(part)

    def _choices(self, place: int, happened: bool) -> tuple[bool | None, ...]:
        """May the event happen first on this day?  None where that is no question."""
        return (True, False) if self.days[place].event is not None and not happened else (None,)

    def _worth(self, place: int, hit: bool | None, happened: bool = False) -> list[Factor]:
        """The event's weight on a day, and what the days after it can add."""
        if hit is None:
            return [self.after[place] if happened else self.before[place]]
        day = self.days[place]
        assert day.event is not None
        axes = tuple(a for a in day.plan.output if a != HIT)
        weight = day.event[..., 0]
        here = tuple(a for a, n in zip(axes, weight.shape, strict=True) if n > 1)
        weight = weight.reshape([n for n in weight.shape if n > 1])
        if hit:
            return [(here, _log(weight)), self.after[place]]
        return [(here, _log(1 - weight)), self.before[place]]

    def _value(self, one: _Set) -> tuple[float, _Step]:
        """The most that a set's paths are worth, and the next day of the best of them."""
        place = len(one.trail)
        happened = any(step.hit for step in one.trail)
        known = self._known(one.trail)
        tables = [given(f, {**known, **one.fixed}) for f in self.factors[place]]
        masks = self._masks(place, one)
        found = (-np.inf, _Step({}, None))
        for hit in self._choices(place, happened):
            if hit is not None and (
                (one.place == HIT and int(hit) in one.barred)
                or (HIT in one.fixed and one.fixed[HIT] != int(hit))
            ):
                continue
            more = [given(f, one.fixed) for f in self._worth(place, hit, happened)]
            value, states = argbest([*tables, *more, *masks])
            if value > found[0]:
                fixed = {n: s for n, s in one.fixed.items() if n != HIT}
                found = (value, _Step({**fixed, **states}, hit))
        return found[0] + one.score, found[1]

    def _masks(self, place: int, one: _Set) -> list[Factor]:
        if one.place == HIT or not one.barred:
            return []
        mask = np.zeros(self.model.graph.size(one.place))
        mask[list(one.barred)] = -np.inf
        return [((one.place,), mask)]

    def _known(self, trail: _Trail) -> dict[str, int]:
        """The states of the day before, as axes of this one."""
        return {lagged(n): s for n, s in trail[-1].states.items()} if trail else {}

    def _trail(self, one: _Set) -> _Trail:
        """The best path of a set, day after day."""
        trail, score, chosen = one.trail, one.score, one
        while len(trail) < len(self.days):
            _, step = self._value(chosen)
            score += self._score(trail, step)
            trail = (*trail, step)
            chosen = _Set(trail, score, {}, HIT, frozenset())
        return trail

    def _score(self, trail: _Trail, step: _Step) -> float:
        """Log weight that one day adds to a path."""
        place = len(trail)
        known = {**self._known(trail), **step.states}
        parts = list(self.factors[place])
        if step.hit is not None:
            parts += self._worth(place, step.hit)[:1]
        return float(sum(given(f, known)[1] for f in parts))

    def _parts(self, one: _Set, trail: _Trail) -> Iterator[_Set]:
        """The paths of a set without its best one, as sets that do not overlap."""
        start, score = len(one.trail), one.score
        for day in range(start, len(self.days)):
            step = trail[day]
            fixed: dict[str, int] = {}
            names = [HIT] if step.hit is not None else []
            for name in [*names, *sorted(step.states)]:
                if day == start and name in one.fixed:
                    fixed[name] = one.fixed[name]
                    continue
                state = int(bool(step.hit)) if name == HIT else step.states[name]
                same = day == start and name == one.place
                barred = (one.barred if same else frozenset()) | {state}
                yield _Set(trail[:day], score, dict(fixed), name, barred)
                fixed[name] = state
            score += self._score(trail[:day], step)

    def path(self, score: float, trail: _Trail, total: float) -> Path:
        """A trail in words; what is set or seen for certain stands in it too."""
        named = {}
        for day, step in zip(self.days, trail, strict=True):
            here = {o.source: o.index[-1] for o in day.operands if o.source}
            states = {**{n: i for n, i in here.items() if isinstance(i, int)}, **step.states}
            variables = [v for v in self.model.graph.variables if v.name in states]
            named[day.number] = {v.name: v.states[states[v.name]] for v in variables}
        first = (d.number for d, step in zip(self.days, trail, strict=True) if step.hit)
        return Path(float(np.exp(score - total)), next(first, None), named)


def _handed(day: Day) -> Axes:
    return tuple(a for a in day.plan.inputs[0] if a != HIT) if day.past else ()


def _log(values: Array) -> Array:
    with np.errstate(divide="ignore"):
        found: Array = np.log(values)
    return found
