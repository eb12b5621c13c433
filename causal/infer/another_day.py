"""What to do about a day that a question cannot name: advice that asks the same, or none."""

from __future__ import annotations

from dataclasses import replace

from causal.graph.dag import CausalGraph
from causal.infer.query import Query
from causal.model.event import Condition


def own_day(query: Query, item: Condition) -> str:
    """How to ask about the day that an event names, where the grammar has a way; never another."""
    day, plain = item.day or 0, replace(query, event=(_on(item, None),))
    alone = len(query.event) == 1 and query.drawdown is None and query.within is None
    if alone and not query.horizon and day >= 0 and not query.do:
        return f"Write `{replace(plain, at=day or None)}`."
    if alone and query.at == day:
        return f"Write `{plain}`."
    if day < 0:
        return (
            "What came before can be evidence and no event: turn the question round, and ask how "
            f"likely the rest is with `{item}` as evidence. It is another question."
            if day == -1
            else "Days before -1 are not part of the model; ask about today or a later day."
        )
    return (
        "Leave the day out to ask about the day that the question is about, or ask about a later "
        "one with `at`: that is another question."
    )


def _bayes(rest: Query, before: Condition, after: Condition, day: int) -> str:
    """P(before | after, rest) from three questions whose evidence is not later than what is asked.

    ``after`` is on ``day``; P(a | b, e) = P(b | a, e) P(a | e) / P(b | e).
    """
    event = (_on(after, None),)
    forward = replace(rest, event=event, at=day, within=None, given=(*rest.given, before))
    alone = replace(rest, event=(_on(before, None),), at=before.day or None, within=None)
    base = replace(rest, event=event, at=day, within=None)
    return f"By Bayes' rule it is `{forward}` times `{alone}`, divided by `{base}`."


def _on(item: Condition, day: int | None) -> Condition:
    return Condition(item.variable, item.weights, day)


def outside(query: Query, graph: CausalGraph, item: Condition, *, longest: int) -> str:
    """What to do about evidence on a day that the question does not reach.

    A longer horizon would change what is asked; where the event is of one day and nothing is done,
    Bayes' rule turns the question round.
    """
    choose = "Choose one of these days, or leave it out; a longer horizon is another question."
    day = item.day or 0
    turned = graph.persistent and query.horizon < day <= longest and len(query.event) == 1
    if not turned or query.within or query.do or query.drawdown is not None:
        return choose if graph.persistent else "Choose one of these days."
    weighted = any(w > 1 for _, w in item.weights) or query.event[0].day is not None
    others = tuple(c for c in query.given if c is not item)
    if weighted or any(c.day is not None and c.day > query.horizon for c in others):
        return choose
    before = _on(query.event[0], query.at)
    return _bayes(replace(query, given=others), before, item, day)
