"""What the scenarios of a sweep share: a past with its evidence left open, a future for every do.

P(event within H | do, e) = sum_i P(i, e) (1 - S(i)) / sum_i P(i, e)

i is the state that day 0 hands on; the past P(i, e) is one short pass forward for all evidence over
the same variables (their axes stay open), the survival S(i) = P(no event on days 1..H | i, do) one
pass backward for each do.  A question about one day leaves what is done open, too.  A scenario is
then a look-up in a table, or a weighted sum where evidence or intervention is soft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.slice import Slice
from causal.graph.dag import CausalGraph
from causal.graph.variable import unlagged
from causal.infer.backward import reversed_days, value
from causal.infer.frontier import compile_slices
from causal.infer.marginals import open_joint
from causal.model.network import CausalModel
from causal.query.event import Condition
from causal.query.intervention import Intervention
from causal.query.query import Query
from causal.query.unrolled import Unrolled, certain, settled, unroll
from causal.query.week import weekly


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """P(event, e) and P(e) over open axes and draws; ``log_scale`` is log P of earlier evidence.

    ``event`` and ``evidence`` have shape (*sizes of axes, draws), in the order of ``axes``.
    """

    axes: Axes
    event: Array
    evidence: Array
    log_scale: Array

    def at(self, weights: Mapping[str, Array]) -> tuple[Array, Array]:
        """P(event | e) and log P(e) per draw; ``weights`` for every axis, and for what has none.

        A certain axis is indexed, others are weighted and summed.  Where P(e) is zero: NaN, and
        -inf.
        """
        states = [certain(weights[n]) for n in self.axes]
        index = tuple(slice(None) if i is None else i for i in states)
        soft = [weights[n] for n, i in zip(self.axes, states, strict=True) if i is None]
        # Nothing in the table rests on a variable without an axis: the sum of its weights counts.
        factor = np.prod([w.sum() for n, w in weights.items() if n not in self.axes])
        factor *= np.prod(
            [weights[n][i] for n, i in zip(self.axes, states, strict=True) if i is not None]
        )
        found = []
        for table in (self.event, self.evidence):
            part = np.asarray(table[index])
            for vector in soft:
                part = np.tensordot(vector, part, (0, 0))
            found.append(part * factor)
        with np.errstate(invalid="ignore", divide="ignore"):
            return found[0] / found[1], np.log(found[1]) + self.log_scale


@dataclass(frozen=True, slots=True, eq=False)
class Future:
    """P(event | i) over the states that day 0 hands on, for one do, shape (*axes, draws).

    ``axes`` are the variables whose states i the event still depends on, given what is done.
    """

    axes: Axes
    event: Array


def future_days(graph: CausalGraph, query: Query, *, batch: int = 1) -> tuple[Slice, ...]:
    """The horizon under the query's do, from its last day back to day 1."""
    blank = unroll(graph, replace(query, given=()))
    return reversed_days(blank, until=1, surviving=True, batch=batch)


def handed_on(days: Sequence[Slice]) -> Axes:
    """The variables of day 0 whose states reversed days rest on."""
    return tuple(unlagged(a) for a in days[-1].plan.output) if days else ()


def future(model: CausalModel, query: Query) -> Future:
    """One backward pass for the do of a query."""
    days = future_days(model.graph, query, batch=model.draws)
    return Future(handed_on(days), np.clip(1.0 - value(model, days), 0.0, 1.0))


def seen_instead(model: CausalModel, query: Query) -> tuple[Future, Future]:
    """P(no event, x | i) and P(x | i): what is done, seen instead, on the days on which it is done.

    Two backward passes; natural bounds are made of them (see ``natural_bounds``).
    """
    joint = unroll(model.graph, replace(query, given=())).observing
    found = []
    for surviving in (True, False):
        asked = joint if surviving else replace(joint, event={}, event_days=frozenset())
        days = reversed_days(asked, until=1, surviving=surviving, batch=model.draws)
        found.append(Future(handed_on(days), value(model, days)))
    return found[0], found[1]


def past_days(
    graph: CausalGraph, query: Query, kept: Axes, *, batch: int = 1
) -> tuple[tuple[Slice, ...], Unrolled]:
    """Days -1 and 0 of a query, the axes ``kept`` open on day 0, its evidence seen; their world.

    Nothing is done on them: a do begins on day 1.
    """
    today = replace(query, event=(), do=(), within=None, at=None)
    seen = unroll(graph, today)
    seen = replace(seen, kept=kept, event={})
    seen = replace(seen, event_days=frozenset())
    return compile_slices(seen, batch=batch), seen


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """P(open axes | earlier evidence), its sum one, and the log-probability of that evidence.

    ``index`` are the states of variables that the evidence makes certain: they have no axis.
    """

    axes: Axes
    joint: Array
    log_scale: Array
    index: Mapping[str, int]


def past(model: CausalModel, query: Query, kept: Axes) -> Past:
    """One forward pass over days -1 and 0, for all states of what stays open."""
    days, seen = past_days(model.graph, query, kept, batch=model.draws)
    if not days:
        return Past((), np.ones(model.draws), np.zeros(model.draws), {})
    found = open_joint(model, days)
    index = {n: i for n, i in settled(seen, 0).items() if n in kept}
    axes, table = found.over(kept)
    return Past(axes, table, found.log_mass + seen.log_scale, index)


def joined(before: Past, after: Future, opened: Axes) -> Opened:
    """A past and a future summed over the states handed on, but for those that stay open.

        event(o) = sum_i P(i, o) P(event | i),   evidence(o) = sum_i P(i, o)

    over the axes of i that are not in ``opened``.  A state that the past knows for certain is an
    index into the future.
    """
    index = tuple(before.index.get(a, slice(None)) for a in after.axes)
    event = np.asarray(after.event[index])
    left = tuple(a for a in after.axes if a not in before.index)
    rest = tuple(i for i, a in enumerate(before.axes) if a not in {*left, *opened})
    joint = before.joint.sum(axis=rest)
    axes = tuple(a for a in before.axes if a in {*left, *opened})
    # In the past's order of axes, with length one for those that the future does not know.
    event = event.transpose(*(left.index(a) for a in axes if a in left), -1)
    event = event.reshape(*(joint.shape[i] if a in left else 1 for i, a in enumerate(axes)), -1)
    shut = tuple(i for i, a in enumerate(axes) if a not in opened)
    return Opened(
        tuple(a for a in axes if a in opened),
        (joint * event).sum(axis=shut),
        joint.sum(axis=shut),
        before.log_scale,
    )


def day_table_days(
    graph: CausalGraph, query: Query, done: Axes, seen: Axes, *, batch: int = 1
) -> tuple[Slice, ...]:
    """Today with what is done and seen left open; ``query.given`` is about the day before.

    What is done has a vector of ones in place of its table: every setting of it, side by side.
    """
    asked = unroll(graph, replace(query, do=()))
    free = {n: np.ones(graph.size(n)) for n in done}
    return compile_slices(replace(asked, doing={0: free}, kept=(*done, *seen)), batch=batch)


def day_table(model: CausalModel, query: Query, done: Axes, seen: Axes) -> Opened:
    """P(event, e || do) and P(e || do) over every state of ``done`` and ``seen`` today.

    Two bars: done variables index the table and have no probability.  A forward pass gives it up to
    its sum, which is the number of settings, as each has a whole distribution.
    """
    graph = model.graph
    days = day_table_days(graph, query, done, seen, batch=model.draws)
    found = open_joint(model, days)
    assert found.event is not None
    # Normalised over all settings together: each of them has its share back.
    joint = found.values * np.prod([float(graph.size(n)) for n in done])
    axes, evidence = found.over((*done, *seen), joint)
    _, event = found.over((*done, *seen), joint * found.event)
    log_scale = unroll(graph, replace(query, do=())).log_scale
    return Opened(axes, event, evidence, found.log_mass + log_scale)


def cells(graph: CausalGraph, axes: Axes) -> int:
    """Cells of a table over ``axes``, per draw; the weekday may be one of them."""
    joined, _ = weekly(graph)
    return int(np.prod([joined.size(a) for a in axes], dtype=np.int64)) if axes else 1


def seen_today(given: Sequence[Condition]) -> Axes:
    """Variables seen on day 0."""
    return tuple(dict.fromkeys(c.variable for c in given if not c.day))


def earlier(given: Sequence[Condition]) -> tuple[Condition, ...]:
    """Evidence about the day before."""
    return tuple(c for c in given if c.day == -1)


def later(given: Sequence[Condition]) -> bool:
    """Whether some evidence is about a day after today."""
    return any((c.day or 0) > 0 for c in given)


def done_today(do: Sequence[Intervention]) -> Axes:
    """Variables that are set, each once."""
    return tuple(dict.fromkeys(i.variable for i in do))
