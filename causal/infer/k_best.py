"""The k best paths of a world, best first, by Lawler's partition (1972).

With after_d(i) the most that the days after d can add from frontier i once the event has happened
(Viterbi 1967), and before_d(i) the same while it is still to come, w the event's weight on a day:

    after_d-1(i) = max_x [log table(x | i) + after_d(x)]
    before_d-1(i) = max_x [log table(x | i)
                           + max(log w(x) + after_d(x), log(1 - w(x)) + before_d(x))]

All paths but the best are those that agree with it up to some place and differ there; each such set
is worth one day's maximum plus what the days after it can add.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count as counter

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.max_product import Logs, argbest, best, conditioned
from causal.contract.slice import HIT, Slice
from causal.graph.variable import lagged, unlagged
from causal.infer.frontier import factors
from causal.model.network import CausalModel


@dataclass(frozen=True, slots=True)
class PathDay:
    """A day of a path: the states of its variables, and whether the event happens now."""

    states: Mapping[str, int]
    hit: bool | None


Trail = tuple[PathDay, ...]


@dataclass(frozen=True, slots=True)
class _Set:
    """All paths that begin with ``trail``, have ``fixed`` on the next day, and differ in one place.

    ``place`` is a variable of the next day or HIT; its state is none of ``barred``.
    """

    trail: Trail
    score: float
    fixed: Mapping[str, int]
    place: str
    barred: frozenset[int]


@dataclass(slots=True, eq=False)
class LawlerSearch:
    """Best-first search over sets of paths of a model of one draw; it belongs to one thread.

    ``factors``: every day's tables as logarithms; ``after`` and ``before``: those of the formula.
    """

    model: CausalModel
    days: Sequence[Slice]
    factors: list[list[Logs]] = field(default_factory=list)
    after: list[Logs] = field(default_factory=list)
    before: list[Logs] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.factors = [
            [(o.axes, _log(np.asarray(o.of(self.model)[..., 0]))) for o in factors(day)]
            for day in self.days
        ]
        after: Logs = ((), np.zeros(()))
        self.after, self.before = [after] * len(self.days), [after] * len(self.days)
        # A path on which the event has not happened by the last day is none that was asked for.
        before: Logs = ((), np.full((), -np.inf))
        for place in reversed(range(len(self.days))):
            self.after[place], self.before[place] = after, before
            handed = _handed(self.days[place])
            tables = self.factors[place]
            hits = [self._worth(place, hit) for hit in self._choices(place, False)]
            names = tuple(map(unlagged, handed))
            after = (names, best([*tables, after], handed))
            before = (names, np.maximum.reduce([best([*tables, *m], handed) for m in hits]))

    def run(self) -> Iterator[tuple[float, Trail]]:
        """Log weight and trail of every path, best first."""
        ticket = counter()
        heap: list[tuple[float, int, _Set]] = []

        def push(one: _Set) -> None:
            value = self._value(one)[0]
            if value > -np.inf:
                heapq.heappush(heap, (-value, next(ticket), one))

        push(_Set((), 0.0, {}, HIT, frozenset()))
        while heap:
            # The heap's values are exact, not bounds: the first set holds the best path that is
            # left.
            value, _, chosen = heapq.heappop(heap)
            trail = self._trail(chosen)
            yield -value, trail
            for part in self._parts(chosen, trail):
                push(part)

    def _choices(self, place: int, happened: bool) -> tuple[bool | None, ...]:
        """May the event happen first on this day?  None where that is no question."""
        return (True, False) if self.days[place].event is not None and not happened else (None,)

    def _worth(self, place: int, hit: bool | None, happened: bool = False) -> list[Logs]:
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

    def _value(self, one: _Set) -> tuple[float, PathDay]:
        """The most that a set's paths are worth, and the next day of the best of them."""
        place = len(one.trail)
        happened = any(step.hit for step in one.trail)
        known = self._known(one.trail)
        tables = [conditioned(f, {**known, **one.fixed}) for f in self.factors[place]]
        masks = self._masks(place, one)
        found = (-np.inf, PathDay({}, None))
        for hit in self._choices(place, happened):
            if hit is not None and (
                (one.place == HIT and int(hit) in one.barred)
                or (HIT in one.fixed and one.fixed[HIT] != int(hit))
            ):
                continue
            more = [conditioned(f, one.fixed) for f in self._worth(place, hit, happened)]
            value, states = argbest([*tables, *more, *masks])
            if value > found[0]:
                fixed = {n: s for n, s in one.fixed.items() if n != HIT}
                found = (value, PathDay({**fixed, **states}, hit))
        return found[0] + one.score, found[1]

    def _masks(self, place: int, one: _Set) -> list[Logs]:
        """The barred states of the set's place, as a factor: log 0 there, log 1 elsewhere."""
        if one.place == HIT or not one.barred:
            return []
        mask = np.zeros(self.model.graph.size(one.place))
        mask[list(one.barred)] = -np.inf
        return [((one.place,), mask)]

    def _known(self, trail: Trail) -> dict[str, int]:
        """The states of the day before, as axes of this one."""
        return {lagged(n): s for n, s in trail[-1].states.items()} if trail else {}

    def _trail(self, one: _Set) -> Trail:
        """The best path of a set, day after day."""
        trail, score, chosen = one.trail, one.score, one
        while len(trail) < len(self.days):
            _, step = self._value(chosen)
            score += self._score(trail, step)
            trail = (*trail, step)
            chosen = _Set(trail, score, {}, HIT, frozenset())
        return trail

    def _score(self, trail: Trail, step: PathDay) -> float:
        """Log weight that one day adds to a path."""
        place = len(trail)
        known = {**self._known(trail), **step.states}
        parts = list(self.factors[place])
        if step.hit is not None:
            parts += self._worth(place, step.hit)[:1]
        return float(sum(conditioned(f, known)[1] for f in parts))

    def _parts(self, one: _Set, trail: Trail) -> Iterator[_Set]:
        """The paths of a set without its best one, as sets that do not overlap."""
        start, score = len(one.trail), one.score
        for day in range(start, len(self.days)):
            step = trail[day]
            fixed: dict[str, int] = {}
            names = [HIT] if step.hit is not None else []
            # Places in order: part n agrees with the best path on all before n, and bars its state
            # there.  So parts do not overlap, and together hold all but that path.  Within the
            # set's own first day, what was fixed stays so, and its barred states stay barred.
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


def _handed(day: Slice) -> Axes:
    """The axes that a day reads of the day before."""
    return tuple(a for a in day.plan.inputs[0] if a != HIT) if day.past else ()


def _log(values: Array) -> Array:
    """Logarithms, -inf for zero, without a warning."""
    with np.errstate(divide="ignore"):
        found: Array = np.log(values)
    return found
