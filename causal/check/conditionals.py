"""Does what the model says of days as they come agree with how often they came?

P(y=b), P(y=b | x=a) and P(y=b at 1d | x=a): the model's answer with its credible interval, and
the plain frequency with its block interval.  Both come from the same history, so this tests the
structure of the story (a missing arrow shows as a pair that disagrees), not its foresight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from causal.answer.draws import LEVEL
from causal.ask import probability
from causal.check.frequency import Flags, Frequencies, frequencies, resampled
from causal.contract.array import Array
from causal.data.panel import DAY
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING
from causal.infer.marginals import joint
from causal.model.network import CausalModel, fitted

LEAST = 200  # days behind a condition for its frequencies to be a test
BLOCK = 30  # days: longer than the spells of every variable but the eras
REPLICATES = 1_000
SEED = 20260601
TOMORROW = " at 1d"
TOGETHER = 3  # variables a group: two groups are open in one contraction
AFTER_DRAWS = 500  # posterior draws for the day after: one contraction a state, not a pair
ALONE = "P(y=b)"
SAME_DAY = "P(y=b | x=a), same day"
CLAIMED = "P(y=b at 1d | x=a), where the story claims it"
ELSEWHERE = "P(y=b at 1d | x=a), elsewhere"

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ConditionalRow:
    """One event under one condition (empty: none): the model's answer against the frequency.

    ``days`` stand behind the condition, ``effect`` >= 1 is the design effect of their dependence.
    ``frequency`` and ``model`` are probabilities, each with its 90 % interval: of Clopper and
    Pearson at days / effect days, and the quantiles of the posterior draws.
    ``agrees``: the two intervals overlap; ``agrees_jointly``: they do when all rows with enough
    days are to hold together (Bonferroni).  ``certain``: true or false by definition in the model.
    """

    event: str
    given: str
    days: int
    effect: float
    frequency: float
    frequency_interval: Ends
    model: float
    model_interval: Ends
    agrees: bool
    agrees_jointly: bool
    certain: bool
    enough: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Events of one condition: labels, model draws (events, draws), and their frequencies."""

    given: str
    events: tuple[str, ...]
    draws: Array
    seen: Frequencies


def conditionals(
    model: CausalModel, states: States, *, least: int = LEAST, after: bool = True
) -> tuple[ConditionalRow, ...]:
    """P(y=b), P(y=b | x=a) of a day, with ``after`` P(y=b at 1d | x=a): model against frequency.

    Every single state, every ordered pair of states of two variables, and every state given each of
    the day before.  ``least`` days make a row a test.
    A day counts where all that a row speaks of is known.  A condition that the model holds
    impossible has no rows of its own: that it came all the same shows in its single.  Rows are in
    the order of the story.  Raises DataError when the states lack a variable of the model.
    """
    facts = _Facts(model, states)
    sides = [facts.single(), *facts.same_day()]
    if after and model.graph.persistent:
        sides += facts.day_after()
    return _rows(sides, least)


def windows(
    model: CausalModel, states: States, variable: str, state: str, days: int
) -> ConditionalRow:
    """P(variable=state within ``days`` d): the base rate against all windows of that length.

    The event is y_t = state for some t of t0 + 1 .. t0 + ``days``; nothing is done or known.  A
    window counts where each of its days is known; windows overlap, which the blocks allow for.
    Raises UnknownVariableError, UnknownStateError, QueryError.
    """
    code = states.of(variable)
    hit = code == model.graph.variable(variable).index(state)
    happened = np.array([hit[i : i + days].any() for i in range(len(hit) - days + 1)])
    known = np.array([(code[i : i + days] != MISSING).all() for i in range(len(happened))])
    weights = resampled(len(known), block=BLOCK, replicates=REPLICATES, seed=SEED)
    every = np.ones(len(known), dtype=bool)
    seen = frequencies(every, happened[:, None], known[:, None], weights)
    draws = probability(model, {variable: state}, within=days).draws
    (row,) = _rows([_Side("", (f"{variable}={state} within {days}d",), draws[None], seen)], 0)
    return row


def in_scope(graph: CausalGraph, row: ConditionalRow) -> bool:
    """Whether the story claims to know what a row asks.

    It knows a day, and of the day after what the persistent variables carry.  It does not know
    weeks: whether a market is open is drawn anew each day, so no variable that closes, nor the
    calendar, is foreseen from the day before.
    """
    if not row.event.endswith(TOMORROW):
        return True
    cause, effect = (v.partition("=")[0] for v in (row.given, row.event))
    how = graph.variable(effect).measurement
    sessions = how is not None and (how.closed or bool(how.calendar))
    return cause in graph.persistent and not sessions


def informative(rows: Iterable[ConditionalRow]) -> list[ConditionalRow]:
    """The rows that test something: enough days behind them, and not true by definition."""
    return [r for r in rows if r.enough and not r.certain]


def kinds(graph: CausalGraph, rows: Iterable[ConditionalRow]) -> dict[str, list[ConditionalRow]]:
    """The tested rows by what they ask, in four kinds; the last is what no story of days claims."""
    found: dict[str, list[ConditionalRow]] = {
        kind: [] for kind in (ALONE, SAME_DAY, CLAIMED, ELSEWHERE)
    }
    for row in informative(rows):
        if row.event.endswith(TOMORROW):
            kind = CLAIMED if in_scope(graph, row) else ELSEWHERE
        else:
            kind = SAME_DAY if row.given else ALONE
        found[kind].append(row)
    return found


def disagreeing(graph: CausalGraph, rows: Iterable[ConditionalRow]) -> list[ConditionalRow]:
    """The tested rows whose intervals miss each other, the most telling first.

    First what the story claims, in it what disagrees jointly, in it by |frequency - model|.
    """
    apart = [r for r in informative(rows) if not r.agrees]
    return sorted(
        apart,
        key=lambda r: (not in_scope(graph, r), r.agrees_jointly, -abs(r.frequency - r.model)),
    )


class _Facts:
    """The history one day a row and one state a column, and the model beside it.

    ``happened`` and ``known`` have shape (days, states of all variables), ``weights`` (replicates,
    days); ``margins`` holds P(x) of every variable, shape (states, draws).
    """

    def __init__(self, model: CausalModel, states: States) -> None:
        self.model, self.graph = model, model.graph
        codes = [states.of(name) for name in self.graph.names]
        self.codes = dict(zip(self.graph.names, codes, strict=True))
        self.gap = np.concatenate([[True], np.diff(states.dates) != DAY])
        self.labels = {
            n: tuple(f"{n}={s}" for s in self.graph.variable(n).states) for n in self.graph.names
        }
        self.happened = np.concatenate(
            [self.codes[n][:, None] == np.arange(self.graph.size(n)) for n in self.graph.names],
            axis=1,
        )
        sizes = [self.graph.size(n) for n in self.graph.names]
        known = np.stack([c != MISSING for c in codes], axis=1)
        self.known = np.repeat(known, sizes, axis=1)
        self.weights = resampled(len(states.dates), block=BLOCK, replicates=REPLICATES, seed=SEED)

        groups = _groups(self.graph.names, 2 * TOGETHER)
        margins = [p for g in groups for p in _margins(joint(model, g))]
        self.margins = dict(zip(self.graph.names, margins, strict=True))

    def single(self) -> _Side:
        """P(y=b) of an ordinary day."""
        draws = np.concatenate(list(self.margins.values()))
        return self._side("", np.ones(len(self.happened), dtype=bool), self.graph.names, draws)

    def conditions(self, cause: str) -> Iterator[tuple[int, str]]:
        """The states of a variable that can be at every draw, with their places."""
        for code, state in enumerate(self.graph.variable(cause).states):
            if (self.margins[cause][code] > 0).all():
                yield code, state

    def same_day(self) -> Iterator[_Side]:
        """P(y=b | x=a) = P(y=b, x=a) / P(x=a) of one day, from joints of two groups at a time."""
        pairs: dict[tuple[str, str], Array] = {}
        groups = _groups(self.graph.names, TOGETHER)
        for first, second in list(combinations(groups, 2)) or [(groups[0], ())]:
            names = (*first, *second)
            table = joint(self.model, names)
            for i, j in combinations(range(len(names)), 2):
                if (names[i], names[j]) not in pairs:
                    others = tuple(k for k in range(len(names)) if k not in (i, j))
                    two = table.sum(axis=others)
                    pairs[names[i], names[j]] = two
                    pairs[names[j], names[i]] = two.swapaxes(0, 1)
        for cause in self.graph.names if pairs else ():
            others_ = tuple(n for n in self.graph.names if n != cause)
            for code, _ in self.conditions(cause):
                parts = [pairs[cause, n][code] for n in others_]
                draws = np.concatenate([p / p.sum(axis=0) for p in parts])
                yield self._side(
                    self.labels[cause][code], self.codes[cause] == code, others_, draws
                )

    def day_after(self) -> Iterator[_Side]:
        """P(y=b on day 1 | x=a on day 0), a contraction for each state a and group of y."""
        model = self.model
        if model.fit is not None and model.fit.draws > AFTER_DRAWS:
            model = fitted(self.graph, replace(model.fit, draws=AFTER_DRAWS), model.interventions)
        groups = _groups(self.graph.names, TOGETHER + 1)
        for cause in self.graph.names:
            before = np.concatenate([[MISSING], self.codes[cause][:-1]])
            before = np.where(self.gap, MISSING, before)
            for code, state in self.conditions(cause):
                given = {cause: state}
                parts = [p for g in groups for p in _margins(joint(model, g, given=given, at=1))]
                side = self._side(
                    f"{cause}={state}", before == code, self.graph.names, np.concatenate(parts)
                )
                yield replace(side, events=tuple(e + TOMORROW for e in side.events))

    def _side(self, given: str, among: Flags, names: Sequence[str], draws: Array) -> _Side:
        wanted = [n in names for n in self.graph.names for _ in range(self.graph.size(n))]
        seen = frequencies(among, self.happened[:, wanted], self.known[:, wanted], self.weights)
        return _Side(given, tuple(s for n in names for s in self.labels[n]), draws, seen)


def _groups(names: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(names[i : i + size]) for i in range(0, len(names), size)]


def _margins(table: Array) -> list[Array]:
    """One array (states, draws) for every axis of a joint but the draws."""
    axes = range(table.ndim - 1)
    return [table.sum(axis=tuple(j for j in axes if j != i)) for i in axes]


def _rows(sides: Sequence[_Side], least: int) -> tuple[ConditionalRow, ...]:
    """Rows with their verdicts.

    Jointly, n tested rows are to hold with 90 %: each with 1 - 0.1 / n (Bonferroni).  No draw
    reaches such tails, so the model's are those of ``_matched``.
    """
    certain = [((s.draws == 0) | (s.draws == 1)).all(axis=1) for s in sides]
    enough = [(s.seen.days > 0) & (s.seen.days >= least) for s in sides]
    count = sum(int((e & ~c).sum()) for e, c in zip(enough, certain, strict=True))
    jointly = 1 - (1 - LEVEL) / max(count, 1)
    rows: list[ConditionalRow] = []
    for side, sure, many in zip(sides, certain, enough, strict=True):
        mean = side.draws.mean(axis=1)
        low, high = np.quantile(side.draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
        below, above = side.seen.interval(LEVEL)
        agrees = _overlap((low, high), (below, above))
        together = _overlap(_matched(side.draws, jointly), side.seen.interval(jointly))
        for i, event in enumerate(side.events):
            rows.append(
                ConditionalRow(
                    event,
                    side.given,
                    int(side.seen.days[i]),
                    float(side.seen.effect[i]),
                    float(side.seen.shares[i]),
                    (float(below[i]), float(above[i])),
                    float(mean[i]),
                    (float(low[i]), float(high[i])),
                    bool(agrees[i]),
                    bool(together[i]),
                    bool(sure[i]),
                    bool(many[i]),
                )
            )
    return tuple(rows)


def _overlap(one: tuple[Array, Array], other: tuple[Array, Array]) -> Flags:
    slack = 1e-12  # certain answers, added up in floating point
    found: Flags = (one[0] <= other[1] + slack) & (other[0] <= one[1] + slack)
    return found


def _matched(draws: Array, level: float) -> tuple[Array, Array]:
    """Quantiles of a Beta with the draws' mean and variance: far tails that no draw reaches.

    With mean m and variance v: a = m s, b = (1 - m) s, s = m (1 - m) / v - 1.
    """
    from scipy.special import betaincinv

    mean, spread = draws.mean(axis=1), draws.var(axis=1)
    loose = (spread > 1e-18) & (mean > 0) & (mean < 1)
    centre = np.where(loose, mean, 0.5)
    size = np.where(loose, centre * (1 - centre) / np.where(loose, spread, 1) - 1, 1.0)
    a, b = centre * size, (1 - centre) * size
    tail = (1 - level) / 2
    low, high = betaincinv(a, b, tail), betaincinv(a, b, 1 - tail)
    return np.where(loose, low, mean), np.where(loose, high, mean)
