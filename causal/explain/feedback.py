"""Loop gain: how much of a multi-day probability runs through a feedback loop.

gain = P(event within H | do) / P(event within H | do, loop cut), H >= 1 days.  Both answers are on
the same posterior draws, so their difference and their ratio are paired.  The loop is cut by edge
interventions (Shpitser & Tchetgen Tchetgen 2016; see ``Cut``) on every day of the horizon.  It is
the closed-loop over the open-loop answer, not the eigenvalue that control theory calls loop gain.

Of which arrows the loop consists follows from the graph alone.  Let A be the same-day ancestors of
the event's variable y, itself left out, and B those of A that yesterday's y acts on.  The loop
comes back *through* that one of B which has most of B among its own same-day ancestors (itself
counted; of several the one nearest to y): of all ways back it gathers the most.  The loop is
y@-1 -> b for every b of B that is ``through`` or leads to it on the same day.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from causal.answer.answer import Answer, backing, caveat, warning
from causal.answer.draws import LEVEL, mean_estimate, ratio_estimate
from causal.answer.format import Estimate, share, signed, span, times
from causal.ask import answer
from causal.drawdown.distribution import carriers
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import lagged
from causal.identify.claim import licence
from causal.infer.frontier import compile_slices
from causal.infer.marginals import joint
from causal.infer.weekdays import all_over_weekdays
from causal.model.network import CausalModel
from causal.query.event import Condition, StatesLike, conditions
from causal.query.intervention import Cut, checked_intervention
from causal.query.query import Query, horizon
from causal.query.surgery import in_force
from causal.query.unrolled import unroll
from causal.text import written

MOST = 200  # starting states
LOOP, CUT = "with the loop", "without it"


@dataclass(frozen=True, slots=True)
class Start:
    """The gain from one starting state of some variables on day 0.

    ``share`` in [0, 1]: how often days begin so, at the mean over the draws.  ``loop`` and ``cut``
    are probabilities, ``difference`` = loop - cut and ``ratio`` = loop / cut, paired over the
    draws; the ratio is empty where a draw has zero below.
    """

    states: Mapping[str, str]
    share: float
    loop: Estimate
    cut: Estimate
    difference: Estimate
    ratio: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class LoopGain:
    """An answer with a loop and without it, and their paired contrasts.

    ``edges`` are the arrows that were cut.  ``cut`` is the number under the declared common causes
    taken as absent where they leave it only bounded (its claim says so).
    """

    query: Query
    edges: tuple[Cut, ...]
    loop: Answer
    cut: Answer
    starts: tuple[Start, ...]

    @property
    def difference(self) -> Estimate:
        """P(event) - P(event | loop cut), paired over the draws."""
        return mean_estimate(self.loop.draws - self.cut.draws)

    @property
    def ratio(self) -> Estimate:
        """P(event) / P(event | loop cut), paired; empty where a draw has zero below."""
        return ratio_estimate(self.loop.draws, self.cut.draws)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values (see ``gain_to_dict``)."""
        return gain_to_dict(self)

    def __str__(self) -> str:
        return gain_to_text(self)


def loop_gain(
    model: CausalModel,
    event: Mapping[str, StatesLike] | str | Query,
    *,
    given: Mapping[str, StatesLike] | None = None,
    within: int | str | None = None,
    at: int | str | None = None,
    edges: Iterable[str | Cut] | None = None,
    starts: Iterable[str] | None = None,
    through: str | None = None,
) -> LoopGain:
    """How much of P(event within N days) a feedback loop adds: with it, and with its arrows cut.

    The loop is that of the graph (``loop``), or that through the variable ``through``; ``edges``
    ("bitcoin@-1 -> leverage") name other arrows to cut.  A cut effect sees the calmest state, on
    every day; a Cut may choose another.  ``event`` may be a whole question.

    The same by starting state of ``starts``: of the variables that the loop acts on and that last
    from day to day, those that somebody can set and those that say how large moves are (of the
    shipped story leverage and volatility); none for a drawdown.

    Raises QueryError without a horizon or a loop, UnknownVariableError, and as ``probability``
    does.
    """
    query = _query(model, event, (given, within, at))
    if not query.horizon:
        raise QueryError(
            "A loop needs days to come round, and the question is about one day.",
            "What the event does today acts on tomorrow.",
            "Ask with `within 7d`.",
        )
    carried = sorted(carriers(model, query))
    own = tuple(cut for name in carried for cut in loop(model.graph, name, through))
    cuts = own if edges is None else tuple(_cut(model.graph, e) for e in _several(model, edges))
    if not cuts:
        raise _no_loop(model.graph, carried, through)
    opened = replace(query, do=in_force((*query.do, *cuts), query.horizon))
    begun = tuple(_starts(model, query, opened, _named(model, query, starts, own)))
    one, other = (answer(model, q, assume_unconfounded=True) for q in (query, opened))
    return LoopGain(query, cuts, one, other, begun)


def loop(graph: CausalGraph, variable: str, through: str | None = None) -> tuple[Cut, ...]:
    """The lagged arrows from ``variable`` into ``through`` and its same-day causes, as cuts.

    Without ``through`` it is derived (see the module); there may be no loop, and then no arrows.
    Raises UnknownVariableError.
    """
    graph.variable(variable)
    back = {e.effect for e in graph.edges if e.cause == variable and e.lag == 1}
    if through is None:
        ways = back & graph.ancestors([variable]) - {variable}
        place = {name: i for i, name in enumerate(graph.order)}
        through = max(
            ways, key=lambda w: (len(ways & graph.ancestors([w])), place[w]), default=None
        )
    if through is None:
        return ()
    graph.variable(through)
    among = graph.ancestors([through])
    return tuple(
        Cut(e.axis, e.effect)
        for e in graph.edges
        if e.cause == variable and e.lag == 1 and e.effect in among
    )


def _query(
    model: CausalModel,
    event: Mapping[str, StatesLike] | str | Query,
    more: tuple[Mapping[str, StatesLike] | None, int | str | None, int | str | None],
) -> Query:
    given, within, at = more
    if isinstance(event, str):
        from causal.query.parser import parse

        event = parse(event, model.graph, priced=model.priced)
    if not isinstance(event, Query):
        event = Query(conditions(model.graph, event))
    seen = (*event.given, *conditions(model.graph, given))
    found = replace(
        event, given=seen, within=horizon(within) or event.within, at=horizon(at) or event.at
    )
    return replace(found, do=in_force((*model.interventions, *event.do), found.horizon))


def _no_loop(graph: CausalGraph, names: Iterable[str], through: str | None) -> QueryError:
    """What to say where no lagged arrow of the event's variables comes back to them."""
    listed = ", ".join(f"`{n}`" for n in names)
    where = f"`{through}`" if through is not None else "what acts on it on the same day"
    arrow = _arrow(graph)
    return QueryError(
        "There is no loop to cut.",
        f"No lagged arrow leads from {listed} back to {where}.",
        "Ask about another event"
        + (f', or name the arrows: edges=["{arrow}"].' if arrow else ": no arrow here is lagged."),
    )


def _arrow(graph: CausalGraph) -> str:
    """A lagged arrow of the graph between two variables, as one writes it; empty without one."""
    arrows = (f"{e.axis} -> {e.effect}" for e in graph.edges if e.lag and e.cause != e.effect)
    return next(arrows, "")


def _several(model: CausalModel, some: Any) -> Iterable[Any]:
    """Names or arrows, or a single one; raises QueryError for what is neither."""
    if isinstance(some, str | Cut):
        return (some,)
    if not isinstance(some, Iterable):
        raise QueryError(
            f"{written(some)} names nothing.",
            "Arrows to cut, and variables to start from, are named.",
            f'Write edges=["{_arrow(model.graph)}"], starts=["{model.graph.names[0]}"].',
        )
    return some


def _cut(graph: CausalGraph, edge: str | Cut) -> Cut:
    from causal.query.parser import parse_do

    if isinstance(edge, str):
        text = edge if any(w in edge for w in ("=", " cut", " in ")) else f"{edge} cut"
        (found, *more) = parse_do(text, graph) or (None,)
    else:
        found, more = checked_intervention(graph, edge), []
    if more or not isinstance(found, Cut):
        raise QueryError(
            f"`{edge}` is no edge.",
            "A loop is cut at its arrows, one by one.",
            f'Write edges=["{_arrow(graph)}"].',
        )
    return found


def _named(
    model: CausalModel, query: Query, starts: Iterable[str] | None, own: tuple[Cut, ...]
) -> tuple[str, ...]:
    """The variables to start from, without what is already seen.

    They are named, or are of those that the loop ``own`` acts on and that last from day to day the
    manipulable ones, and those by whose states the moves of the price are told apart.
    A drawdown has none: its starts would each be a ladder of their own.
    """
    graph = model.graph
    if query.drawdown is not None:
        if starts:
            raise QueryError(
                "The loop of a drawdown is not split by starting states.",
                "Each would be a ladder of its own.",
                "Give a start as evidence, `| x=high`, one at a time.",
            )
        return ()
    seen = {c.variable for c in query.given if not c.day}
    if starts is not None:
        names = tuple(_several(model, starts))
        for name in names:
            graph.variable(name)
    else:
        acted = {cut.effect for cut in own}.intersection(graph.persistent)
        moves = model.fit.moves if model.fit is not None else None
        levers = [v.name for v in graph.variables if v.manipulable]
        names = tuple(n for n in (*levers, *(moves.declared.given if moves else ())) if n in acted)
    return tuple(n for n in dict.fromkeys(names) if n not in seen)


def _starts(
    model: CausalModel, query: Query, opened: Query, names: tuple[str, ...]
) -> Iterator[Start]:
    """One start for each combination of states that can occur, all in one pass.

    The share of a start is P(states), the joint of a day on which nothing is done, given what the
    question knows of that day and of the day before.
    """
    if not names:
        return
    graph = model.graph
    count = math.prod(graph.size(n) for n in names)
    if count > MOST:
        raise QueryError(
            f"{', '.join(names)} have {count:,} starting states.",
            f"Each is two questions, and a table of more than {MOST} is not read.",
            "Name fewer variables in `starts`.",
        )
    seen = {lagged(c.variable) if c.day == -1 else c.variable: dict(c.weights)
            for c in query.given if c.day in (None, 0, -1)}  # fmt: skip
    plain = replace(model, interventions=())
    shares = joint(plain, names, given=seen).mean(axis=-1)
    places = list(product(*(range(graph.size(n)) for n in names)))
    named = [
        {n: graph.variable(n).states[i] for n, i in zip(names, place, strict=True)}
        for place in places
    ]
    asked = [
        replace(q, given=(*q.given, *(Condition(n, ((s, 1.0),)) for n, s in states.items())))
        for states in named
        for q in (query, opened)
    ]
    worlds = [compile_slices(unroll(graph, q), batch=model.draws) for q in asked]
    found = all_over_weekdays(model, asked, worlds)
    for turn, states in enumerate(named):
        if np.isneginf(found[2 * turn].log_evidence).any():
            continue
        one, other = (f.probability for f in found[2 * turn : 2 * turn + 2])
        yield Start(
            states,
            float(shares[places[turn]]),
            mean_estimate(one),
            mean_estimate(other),
            mean_estimate(one - other),
            ratio_estimate(one, other),
        )


def lines(found: LoopGain) -> list[tuple[str, Estimate, str, str]]:
    """What is printed of both answers: its name, the numbers, and number and interval in words.

    Four rows: with the loop, without it, difference, ratio.  The interval is left out of a point
    model.
    """
    both = [
        (LOOP, Estimate(found.loop.probability, *found.loop.interval()), share),
        (CUT, Estimate(found.cut.probability, *found.cut.interval()), share),
        ("difference", found.difference, signed),
        ("ratio", found.ratio, times),
    ]
    sure = not found.loop.uncertain
    return [
        (name, e, write(e.value), "" if sure else f"{write(e.low)} to {write(e.high)}")
        for name, e, write in both
    ]


def thinner(found: LoopGain) -> Answer:
    """The answer with less data behind it."""
    return min((found.loop, found.cut), key=lambda a: a.support.days if a.support else 0)


def gain_to_text(found: LoopGain) -> str:
    """Both answers, their contrasts, the cut arrows, licence, data, starts, as lines of text."""
    text = [str(found.query)]
    text += [f"{name:14} {value}   {ends}".rstrip() for name, _, value, ends in lines(found)]
    text.append("cut, on every day:")
    text += [f"  {cut}" for cut in found.edges]
    claim = found.cut.claim
    text += map(" ".join, licence(claim))
    text += [f"  assuming: {a}" for a in claim.assumptions]
    text += [f"  evidence: {p}" for p in claim.paths]
    answer = thinner(found)
    text.append(f"data: {backing(answer)}")
    text += filter(None, [warning(answer)])
    for start in found.starts:
        states = ", ".join(f"{n}={s}" for n, s in start.states.items())
        ends = f" ({span(start.ratio, times)})" if found.loop.uncertain else ""
        text.append(
            f"from {states} ({share(start.share)} of days): {share(start.loop.value)}, without it "
            f"{share(start.cut.value)}, ratio {times(start.ratio.value)}{ends}"
        )
    return "\n".join([*text, caveat(found.loop)])


def gain_to_dict(found: LoopGain) -> dict[str, Any]:
    """Plain JSON values; a number that does not exist is None."""
    claim, support = found.cut.claim, thinner(found).support
    return {
        "query": str(found.query),
        "edges": [str(cut) for cut in found.edges],
        "level": LEVEL,
        "loop": _answer(found.loop),
        "cut": _answer(found.cut),
        "difference": found.difference.to_dict(),
        "ratio": found.ratio.to_dict(),
        "starts": [
            {
                "states": dict(start.states),
                "share": start.share,
                **{n: getattr(start, n).to_dict() for n in ("loop", "cut", "difference", "ratio")},
            }
            for start in found.starts
        ],
        "claim": claim.to_dict(),
        "support": {
            "days": support.days if support else None,
            "prior_share": support.prior_share if support else None,
            "row": support.row if support else None,
        },
        "draws": len(found.loop.draws),
        "seed": found.loop.seed,
        "model": {key: found.loop.model.get(key) for key in ("name", "data_from", "data_to")},
    }


def _answer(one: Answer) -> dict[str, float | None]:
    return Estimate(one.probability, *one.interval()).to_dict()
