"""A forecast read through the map that its model keeps: by name, and never for what is done."""

from __future__ import annotations

from dataclasses import replace

from causal.answer.answer import Answer
from causal.answer.draws import Draws
from causal.errors import QueryError
from causal.model.checks import Recalibration
from causal.model.network import CausalModel
from causal.query.query import Query


def recalibrated(model: CausalModel, answer: Answer) -> Answer:
    """The answer with its draws recalibrated; its base rate, which is no forecast, stays.

    logit p' = a + b logit p + c 1{variable in its worst state today} (see
    ``model.checks.Recalibration``); there is no curve by day then.  Raises QueryError where the
    model keeps no map, where something is done, for another event than the map is about, and where
    the evidence does not say in which state the variable is.
    """
    checks = model.fit.checks if model.fit is not None else None
    found = checks.recalibration if checks is not None else None
    query = answer.query
    if found is None:
        raise QueryError(
            f"`{model.name}` keeps no map of its forecasts.",
            "It was fitted without its checks, or too few of its forecasts came true.",
            "Fit it with `causal fit`, or ask without recalibration.",
        )
    if query.do:
        raise QueryError(
            "What is done is not recalibrated.",
            "The map was learnt on forecasts, in which nothing is done: it would bend an effect.",
            "Ask without recalibration, or without do(...).",
        )
    if not _about(found, model, query) or not isinstance(answer.posterior, Draws):
        worst = model.graph.variable(found.target).states[-1]
        raise QueryError(
            f"`{query}` is not what the map is about.",
            f"It was learnt on one forecast: {found.target}={worst} within {found.days}d.",
            f'Ask "P({found.target}={worst} within {found.days}d | ...)", or leave it out.',
        )
    values = found.applied(answer.posterior.values, _flag(found, model, query))
    told = f"recalibrated by a map learnt on {found.forecasts} forecasts made out of sample"
    claim = replace(answer.claim, assumptions=(*answer.claim.assumptions, told))
    return replace(answer, posterior=Draws(values, answer.posterior.base), claim=claim)


def _about(found: Recalibration, model: CausalModel, query: Query) -> bool:
    """Whether a question asks for the event of the map."""
    if query.within != found.days or query.at or len(query.event) != 1:
        return False
    event = query.event[0]
    worst = model.graph.variable(found.target).states[-1]
    return event.variable == found.target and event.weights == ((worst, 1.0),)


def _flag(found: Recalibration, model: CausalModel, query: Query) -> float:
    """The chance, by the evidence of today, that the variable is in its worst state."""
    if not found.variable:
        return 0.0
    worst = model.graph.variable(found.variable).states[-1]
    for seen in query.given:
        if seen.variable == found.variable and not seen.day:
            total = sum(weight for _, weight in seen.weights)
            return sum(weight for state, weight in seen.weights if state == worst) / total
    raise QueryError(
        f"The evidence does not say in which state `{found.variable}` is today.",
        "The map was learnt on forecasts that knew it; on what is usual it would be wrong.",
        f"Give it: `| {found.variable}={worst}`, or ask with `--asof`, or leave recalibration out.",
    )
