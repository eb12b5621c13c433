"""The answers to the scenarios of a sweep, with every past, future and licence computed once.

What two scenarios share is decided by what each part of an answer depends on:

    future   P(event | i)   what is done from day 1 on
    past     P(i, e)        what is seen, and of which states i the future asks
    claim                   what is done, which variables are seen, on which days, how surely
    support                 all of it: each scenario has its own

So ``Shared`` keeps the last few of each kind under just that key, scenarios come in an order in
which neighbours agree, and the rest is a look-up.  Support comes evidence by evidence in one batch:
the scenarios take the place of the draws, so that at the posterior mean one forward and one
backward pass give the expected counts of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, groupby
from typing import TypeVar

import numpy as np

from causal.answer.answer import Answer, assemble, evidence_probability
from causal.answer.support import Support, supports
from causal.ask import answer, base_rate
from causal.contract.array import Array, Axes
from causal.contract.backend import Forward
from causal.contract.slice import Slice
from causal.errors import ImpossibleEvidenceError
from causal.identify.claim import Claim, claim, ranged
from causal.infer.expected_counts import expected_counts
from causal.infer.forward import forward, possible
from causal.infer.frontier import Factor, compile_slices, factors
from causal.infer.natural_bounds import between, natural_bounds
from causal.infer.weekdays import corrected
from causal.memo import Memo
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.unrolled import DayWeights, Unrolled, unroll
from causal.query.week import spoken
from causal.sweep.open_table import (
    Future,
    Opened,
    day_table,
    done_today,
    earlier,
    future,
    joined,
    past,
    seen_instead,
    seen_today,
)
from causal.sweep.strategy import HELD, Way

BYTES = 200_000_000  # of one batch
ROUNDING = 1e-15  # a difference of probabilities below this is none
T = TypeVar("T")
Blank = Mapping[int, DayWeights]
Found = Answer | ImpossibleEvidenceError
Asking = Callable[[CausalModel, Query], tuple[Array, Array]]


@dataclass(slots=True, eq=False)
class Shared:
    """A model and what its scenarios share, kept from one to the next (the last few of each kind).

    ``assumed``: declared unmeasured causes are taken as absent.  Threads may share it: what is kept
    is made once while others wait, and never changed.
    """

    model: CausalModel
    assumed: bool = False
    held: Memo = field(default_factory=Memo)

    def answers(self, queries: Sequence[Query], ways: Sequence[Way]) -> Iterator[Found]:
        """An answer a query, in their order, or why its evidence cannot be.

        ``ways`` say how each is computed (see ``strategy``).  Neighbours with the same do and the
        same variables seen are answered together.  Raises what a question alone would, but for
        ImpossibleEvidenceError, which stands in the answer's place.
        """
        if any(q.drawdown is not None for q in queries):
            yield from map(self._drawdown, queries)
            return
        pairs = list(zip(queries, ways, strict=True))
        # Equal structure: one set of compiled days, over which evidence is columns
        # (``batch_supports``).
        for _, group in groupby(pairs, key=lambda p: self._structure(p[0])):
            some = list(group)
            backing = batch_supports(self.model.mean(), [q for q, _ in some])
            for (query, way), support in zip(some, backing, strict=True):
                yield self._answer(query, way, support)

    def _drawdown(self, query: Query) -> Found:
        """A question about the price shares nothing: its distribution runs along the days."""
        try:
            return answer(self.model, query, assume_unconfounded=self.assumed)
        except ImpossibleEvidenceError as error:
            return error

    def _answer(self, query: Query, way: Way, support: Support | None) -> Found:
        """One scenario: its numbers by its way, their licence, and bounds where they are ranges."""
        run: Asking = lambda of, q: self._alike(of, q)._numbers(q, way)  # noqa: E731
        likely, log_evidence = corrected(self.model, query, run)
        draws = self.model.draws
        likely, log_evidence = (np.broadcast_to(a, (draws,)) for a in (likely, log_evidence))
        try:
            possible(Forward(likely, log_evidence, None), query)
        except ImpossibleEvidenceError as error:
            return error
        licence = self._claim(query)
        return assemble(
            self.model,
            query,
            draws=likely,
            base=base_rate(self.model, query).probability,
            evidence=evidence_probability(log_evidence, query),
            claim=licence,
            support=support,
            bounds=self._bounds(query, way) if licence.bounded else None,
        )

    def _alike(self, model: CausalModel, query: Query) -> Shared:
        """What a query shares with others on all draws, or at the mean (see ``infer.weekdays``)."""
        if model is self.model:
            return self
        kind = "mean, independent days" if query.independent else "mean"
        return self._kept(kind, None, lambda: Shared(model, self.assumed))

    def _numbers(self, query: Query, way: Way) -> tuple[Array, Array]:
        """P(event | do, e) and log P(e), per draw.

        By one forward pass of its own (``plain``), or from a table that other scenarios use, too,
        its evidence still open in it or not.
        """
        asked = unroll(self.model.graph, query)
        if way == "plain":
            found = forward(self.model, compile_slices(asked, batch=self.model.draws))
            return found.probability, found.log_evidence + asked.log_scale
        open_table = self._horizon if query.horizon else self._one_day
        table, weights = open_table(query, way == "open")
        return table.at(weights)

    def _bounds(self, query: Query, way: Way) -> tuple[Array, Array]:
        """Natural bounds, from a past and futures where the scenario has them.

        With x what is done, seen instead, on the days on which it is done: P(event, x | z) = P(x |
        z) - P(no event, x | z), each of which is a past joined with a future (see
        ``seen_instead``).
        """
        asked = unroll(self.model.graph, query)
        if way == "plain" or not (query.horizon and ranged(query, asked)):
            return natural_bounds(self.model, query)
        run: Asking = lambda of, q: self._alike(of, q)._seen_at(q, way == "open")  # noqa: E731
        likely, happens = corrected(self.model, query, run, logarithm=False)
        both = between(np.where(happens > 0, likely * happens, 0.0), happens)
        return tuple(np.broadcast_to(b, (self.model.draws,)) for b in both)  # type: ignore[return-value]

    def _seen_at(self, query: Query, opened: bool) -> tuple[Array, Array]:
        """P(event | x, z) and P(x | z), x what is done, seen instead."""
        survives, happens = self._kept("seen", query.do, lambda: seen_instead(self.model, query))
        joint, _ = self._with(happens, "happens", query, opened)
        calm, _ = self._with(survives, "survives", query, opened)
        # The difference of two sums: below rounding it is none, and not a small probability.
        low = np.where(joint - calm > ROUNDING, joint - calm, 0.0)
        return np.where(joint > 0, low / np.where(joint > 0, joint, 1.0), 0.0), joint

    def _with(self, after: Future, kind: str, query: Query, opened: bool) -> tuple[Array, Array]:
        """P(what a future says | e) and log P(e), joined with the past of a query's evidence."""
        table, weights = self._joined(after, kind, query, opened)
        return table.at(weights)

    def _horizon(self, query: Query, opened: bool) -> tuple[Opened, dict[str, Array]]:
        """The table of a question over days to come, and the weights of what is open in it."""
        after = self._kept("future", query.do, lambda: future(self.model, query))
        return self._joined(after, "event", query, opened)

    def _joined(
        self, after: Future, kind: str, query: Query, opened: bool
    ) -> tuple[Opened, dict[str, Array]]:
        """A future with the past of a query's evidence, and the weights of what stays open.

        Shut: a past for this evidence alone.  Open: evidence about today keeps its axes, and one
        table serves all scenarios that see the same variables, in whatever states.
        """
        if not opened:
            # The past does not depend on what is done, only on which states the future of that do
            # asks for.
            key = (query.given, after.axes)
            before = self._kept("past", key, lambda: past(self.model, query, after.axes))
            return joined(before, after, ()), {}
        seen, given = seen_today(query.given), earlier(query.given)
        axes: Axes = tuple(dict.fromkeys((*after.axes, *seen)))
        seen_before = replace(query, given=given)
        before = self._kept("open past", (given, axes), lambda: past(self.model, seen_before, axes))
        table = self._kept(
            f"table of {kind}", (query.do, given, axes, seen), lambda: joined(before, after, seen)
        )
        return table, self._seeing(query)

    def _one_day(self, query: Query, _: bool) -> tuple[Opened, dict[str, Array]]:
        """The table of a question about today: what is done and seen are open axes, weighted later.

        A variable that is set has a vector in the place of its table, so seeing and doing are the
        same weights here: ones stand where its table would.
        """
        done, seen, given = done_today(query.do), seen_today(query.given), earlier(query.given)
        asked = replace(query, given=given)
        key = (done, seen, given)
        table = self._kept("one day", key, lambda: day_table(self.model, asked, done, seen))
        weights = self._seeing(query)
        for name, vector in unroll(self.model.graph, query).doing[0].items():
            weights[name] = weights[name] * vector if name in weights else vector
        return table, weights

    def _seeing(self, query: Query) -> dict[str, Array]:
        """Weights of the evidence about today, a vector a variable: pieces about one multiplied."""
        found: dict[str, Array] = {}
        for item in query.given:
            if not item.day:
                vector = item.vector(self.model.graph.variable(item.variable))
                name = item.variable
                found[name] = found[name] * vector if name in found else vector
        return found

    def _claim(self, query: Query) -> Claim:
        """What licenses a scenario: the same for all with equal do whose evidence is alike.

        Alike: on the same variables and days, and as certain.  The number of states that are
        possible, and of different weights, tells that; which states they are does not matter.
        """

        def licence() -> Claim:
            return claim(query, unroll(self.model.graph, query), assumed=self.assumed)

        told = [[w for _, w in c.weights] for c in query.given]
        sure = tuple((sum(w > 0 for w in some), len({*some})) for some in told)
        return self._kept("claim", (self._structure(query), sure), licence)

    def _structure(self, query: Query) -> Hashable:
        """Equal for scenarios with the same do, their evidence on the same variables and days.

        With a date, evidence that may gainsay it is of a structure of its own.
        """
        told = spoken(self.model.graph, query.given) if query.start is not None else ()
        return (query.do, tuple((c.variable, c.day or 0) for c in query.given), told)

    def _kept(self, kind: str, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` makes, from the last few that were made of its kind."""
        # A memo a kind, so that many pasts do not push out the one future that they all share.
        return self.held.made(kind, lambda: Memo(HELD)).made(key, make)


def batch_supports(mean: CausalModel, queries: Sequence[Query]) -> list[Support | None]:
    """Support of every query; all do the same and see the same variables on the same days.

    ``mean`` is the model at its posterior mean, with its counts.  None for each where it has none.
    The queries are one batch, as far as ``BYTES`` of memory allow.
    """
    if mean.fit is None:
        return [None] * len(queries)
    worlds = [unroll(mean.graph, q) for q in queries]
    number = count(1)  # no two are equal, so that no two are taken for the same
    # Days compiled once, over evidence that stands for any: each vector is a number that no other
    # has, so that no evidence is taken for another or, being constant, for certain.
    blank = {
        d: {n: np.full(len(v), float(next(number))) for n, v in w.items()}
        for d, w in worlds[0].seeing.items()
    }
    days = compile_slices(replace(worlds[0], seeing=blank))
    batch = max(1, BYTES // (24 * sum(day.plan.working for day in days) + 1))
    found: list[Support | None] = []
    for low in range(0, len(worlds), batch):
        found += _batch(mean, days, blank, worlds[low : low + batch])
    return found


def _batch(
    mean: CausalModel, days: Sequence[Slice], blank: Blank, worlds: Sequence[Unrolled]
) -> list[Support | None]:
    """Support of some worlds whose evidence takes the place of ``blank``, a column a world."""
    columns = {
        (number, place): np.stack([w.seeing[number][name] for w in worlds], axis=-1)[operand.index]
        for number, place, name, operand in _seen(days, blank)
    }
    return supports(mean, expected_counts(mean, days, columns=columns))


def _seen(days: Sequence[Slice], blank: Blank) -> Iterator[tuple[int, int, str, Factor]]:
    """Where the evidence stands among the operands: day, place, variable and factor.

    It is found by identity: the vectors of ``blank`` are in the compiled days themselves.
    """
    for day in days:
        for place, operand in enumerate(factors(day)):
            if operand.vector is not None and operand.vector is blank.get(day.number, {}).get(
                operand.source
            ):
                yield day.number, place, operand.source, operand
