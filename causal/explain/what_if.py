"""What would move an answer most: one variable held in its worst state, as far as that can be.

A market that closes cannot be held through a weekend, so it is set on its open days alone (a policy
on the calendar), and not at all where the model knows no calendar.  What unmeasured causes leave
open is told apart from what has a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from causal.answer.answer import Answer
from causal.ask import ask
from causal.graph.dag import CausalGraph
from causal.graph.section import OPEN
from causal.graph.variable import Variable
from causal.model.network import CausalModel
from causal.query.intervention import Hard, Intervention, Policy
from causal.query.query import Query

SHOWN = 3
NOTHING = 1e-9  # a difference of probabilities that tells nothing


@dataclass(frozen=True, slots=True, eq=False)
class WhatIfs:
    """``telling``: the answers that move the plain one most.

    ``left_open``: those that are only bounded, at the posterior mean, in the order of the story.
    Natural bounds never tell: P(y, x | z) <= P(y | z) <= P(y, x | z) + 1 - P(x | z), so the plain
    answer lies between them.
    """

    telling: tuple[Answer, ...]
    left_open: tuple[Answer, ...]


def what_ifs(model: CausalModel, question: Query, *, most: int = SHOWN) -> WhatIfs:
    """The ``most`` interventions, one variable in its worst state, that move the answer most.

    All are tried at the posterior mean; the telling ones are answered with every draw.  Those that
    change P(event) by no more than ``NOTHING`` are left out.  The question's own ``do`` holds in
    all of them, and its event's variable is not set.  Raises what ``ask`` raises.
    """
    mean = model.mean()
    plain = ask(mean, question).probability or 0.0
    ranked: list[tuple[float, int, Query]] = []
    left_open = []
    for place, item in enumerate(_possible(model.graph, question)):
        asked = replace(question, do=(*question.do, item))
        answer = ask(mean, asked)
        if answer.probability is None:
            left_open.append(answer)
        elif abs(answer.probability - plain) > NOTHING:
            ranked.append((-abs(answer.probability - plain), place, asked))
    chosen = tuple(ask(model, asked) for *_, asked in sorted(ranked, key=lambda r: r[:2])[:most])
    return WhatIfs(chosen, tuple(left_open))


def _possible(graph: CausalGraph, question: Query) -> Iterator[Intervention]:
    """Each variable in its worst state, the last one, on the days on which it can be in it.

    Not the event's, not what is set already, and no calendar.
    """
    told = {c.variable for c in question.event} | {i.variable for i in question.do}
    for variable in graph.variables:
        how = variable.measurement
        if variable.name in told or (how is not None and how.calendar):
            continue
        held = Hard(variable.name, variable.states[-1])
        if how is None or not how.closed:
            yield held
            continue
        calendar = _calendar(graph, variable)
        if calendar is not None:
            yield Policy(held, {calendar.name: OPEN})


def _calendar(graph: CausalGraph, market: Variable) -> Variable | None:
    """The trading calendar that a market follows."""
    for name in graph.ancestors([market.name]) - {market.name}:
        variable = graph.variable(name)
        how = variable.measurement
        if how is not None and how.calendar and OPEN in variable.states:
            return variable
    return None
