"""The front door: a question in, an Answer out, whatever the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, SupportsIndex

import numpy as np

from causal.errors import ImpossibleEvidenceError, QueryError
from causal.infer.frontier import Day, compiled
from causal.infer.licence import claim, ranged, support
from causal.infer.passage import every_visit, passage, passages, visits
from causal.infer.query import Answer, Query, evidence_probability
from causal.infer.run import Passage
from causal.infer.world import World, world
from causal.model.event import States, conditions
from causal.model.network import CausalModel
from causal.model.surgery import in_force
from causal.model.table import Array
from causal.text import written

if TYPE_CHECKING:
    from causal.infer.delta import Closed

Interval = Literal["draws", "delta"]


def probability(
    model: CausalModel,
    event: Mapping[str, States],
    *,
    given: Mapping[str, States] | None = None,
    within: int | str | None = None,
    at: int | str | None = None,
    assume_unconfounded: bool = False,
    interval: Interval = "draws",
) -> Answer:
    """P(event | do(model's interventions), given), one value per posterior draw.

    ``within="7d"``: at least once on days 1 to 7; ``at="7d"``: on day 7; neither: today.  ``given``
    is about today, or about the day in its key (``"leverage@-1"``).  ``interval="delta"``: in
    closed form, nothing drawn, where that holds (see ``delta``; ``answer.note`` says why not).
    Raises UnknownVariableError, UnknownStateError, QueryError, ImpossibleEvidenceError.
    """
    query = Query(
        conditions(model.graph, event),
        conditions(model.graph, given),
        model.interventions,
        horizon(within),
        horizon(at),
    )
    query = replace(query, do=in_force(query.do, query.horizon))
    return answer(
        model,
        query,
        assume_unconfounded=assume_unconfounded,
        interval=interval,
    )


def ask(
    model: CausalModel,
    query: str | Query,
    *,
    assume_unconfounded: bool = False,
    interval: Interval = "draws",
) -> Answer:
    """The answer to a question in the grammar ``P(event within 7d | do(...), evidence)``.

    The query's ``do`` is done on top of the model's own interventions.  ``interval`` as in
    ``probability``.
    """
    if isinstance(query, str):
        from causal.infer.grammar import parse

        query = parse(query, model.graph)
    if not isinstance(query, Query):
        raise QueryError(
            f"{written(query)} is no question.",
            "A question is a text in the grammar, or a Query.",
            'Write ask(model, "P(bitcoin=crash within 7d)").',
        )
    query = replace(query, do=in_force((*model.interventions, *query.do), query.horizon))
    return answer(
        model,
        query,
        assume_unconfounded=assume_unconfounded,
        interval=interval,
    )


def horizon(days: int | str | None) -> int | None:
    """``7``, ``"7"`` or ``"7d"`` as a number of days; raises QueryError."""
    if days is None:
        return None
    text = days.strip() if isinstance(days, str) else days
    if isinstance(text, str):
        for unit in ("days", "day", "d"):
            text = text.removesuffix(unit)
    try:
        if isinstance(text, bool) or not isinstance(text, str | SupportsIndex):
            raise ValueError("neither a text nor a whole number")
        return int(text)
    except ValueError:
        raise QueryError(
            f"{written(days)} is not a horizon.", "Horizons are whole days.", 'Write 7 or "7d".'
        ) from None


def answer(
    model: CausalModel,
    query: Query,
    *,
    assume_unconfounded: bool = False,
    interval: Interval = "draws",
) -> Answer:
    """P(event | do, evidence) with its base rate, licence and support (see ``Answer``)."""
    if query.drawdown is not None:
        from causal.infer.rung import rung

        _in_closed_form(interval)
        return rung(model, query, interval=interval, assume_unconfounded=assume_unconfounded)
    if not query.event:
        raise QueryError(
            "The question has no event.", "There is nothing to compute.", 'Ask P(bitcoin="crash").'
        )
    asked = world(model.graph, query)
    bare = world(model.graph, replace(query, do=(), given=()))
    days = compiled(asked, batch=1 if interval == "delta" else model.draws)
    licence = claim(query, asked, assumed=assume_unconfounded)
    bounded = licence.bounded
    mean = model.mean()
    closed, note = None, ""
    if _in_closed_form(interval):
        possible(passage(mean, days), query)
        closed, note = _closed(model, asked, bare, bounded)
    source = mean if closed is not None else model
    worlds = [days]
    if query.do or query.given:
        worlds.append(compiled(bare, batch=source.draws))
    passed = passages(source, worlds)
    found, base = passed[0], passed[-1]
    possible(found, query)
    likely, usual = found.probability, base.probability
    if closed is not None:
        likely, usual = np.array([closed.probability]), np.array([closed.base.mean])
    used, _ = visits(mean, days)
    told = closed is None and not bounded
    return Answer(
        query=query,
        draws=full(likely, source.draws),
        base=full(usual, source.draws),
        evidence=evidence_probability(found.log_evidence + asked.log_scale, query),
        claim=licence,
        support=support(model, days, used, mean),
        seed=model.fit.seed if model.fit else None,
        model=model_card(model),
        bounds=natural_bounds(model, query) if bounded else None,
        closed=closed,
        note=note,
        curve=found.curve if told else None,
        base_curve=base.curve if told else None,
    )


def _in_closed_form(interval: str) -> bool:
    if interval not in ("draws", "delta"):
        raise QueryError(
            f"There is no interval by {written(interval)}.",
            "An interval is taken from posterior draws, or in closed form by the delta method.",
            "Say `draws` or `delta`.",
        )
    return interval == "delta"


def _closed(
    model: CausalModel, asked: World, bare: World, bounded: bool
) -> tuple[Closed | None, str]:
    """The posterior in closed form, or None and why not."""
    if bounded:
        return None, "the effect is only bounded"
    from causal.infer.delta import closed_form

    found = closed_form(model, asked, bare)
    return (None, found) if isinstance(found, str) else (found, "")


def natural_bounds(model: CausalModel, query: Query) -> tuple[Array, Array]:
    """Manski's bounds on P(event | do(x), z), per draw: what holds whatever the hidden causes.

    low = P(event, x | z), high = low + 1 - P(x | z), x on every day on which it is done.  [0, 1]
    where something else than states is done, or evidence lies on or after its first day.
    """
    asked = world(model.graph, query)
    if not ranged(query, asked):
        return np.zeros(model.draws), np.ones(model.draws)
    before = passage(model, compiled(replace(asked, doing={}, event={})))
    seen = passage(model, compiled(asked.observing))
    happens = np.exp(seen.log_evidence - before.log_evidence)
    low = np.where(happens > 0, np.nan_to_num(seen.probability) * happens, 0.0)
    high = np.minimum(low + 1 - happens, 1.0)
    return full(low, model.draws), full(high, model.draws)


def marginals(
    model: CausalModel,
    *,
    given: Mapping[str, States] | None = None,
    day: int = 0,
    draws: bool = False,
) -> dict[str, Array]:
    """P(variable) on one day for every variable, at the posterior mean, shape (states,).

    ``draws``: under every posterior draw instead, shape (states, draws), for intervals.
    Under the model's interventions (which hold from day 1 on when ``day`` > 0, on day 0 otherwise)
    and ``given``.  One forward and one backward pass give all of them.  They are the numbers of the
    tables, declared common causes taken as absent; ``probability`` says what licenses one, and
    bounds it where nothing does.
    """
    query = Query((), conditions(model.graph, given), model.interventions, at=horizon(day) or None)
    asked = replace(world(model.graph, query), event={}, event_days=frozenset())
    source = model if draws else model.mean()
    days = compiled(asked, {day: frozenset(model.graph.names)}, batch=source.draws)
    possible(passage(source, days), query)
    used = every_visit(source, days) if draws else visits(source, days)[0]
    (here,) = (d for d in days if d.number == day)
    found: dict[str, Array] = {}
    for place, operand in enumerate(here.operands):
        if operand.source not in found:
            each = _marginal(model, here, place, used[day, place])
            whole = np.broadcast_to(each, (len(each), source.draws)).copy()
            found[operand.source] = whole if draws else whole[:, 0]
    return {n: found[n] for n in model.graph.names}


def _marginal(model: CausalModel, day: Day, place: int, used: Array) -> Array:
    """P(variable), shape (states, draws), from the visits to an operand whose last axis it is."""
    operand = day.operands[place]
    last = operand.index[-1]
    if isinstance(last, int):
        certain = np.zeros((model.graph.size(operand.source), 1))
        certain[last] = 1.0
        return certain
    weights: Array = used.reshape(-1, *used.shape[-2:]).sum(axis=0)
    weights /= weights.sum(axis=0)
    return weights


def possible(found: Passage, query: Query) -> None:
    """Raise ImpossibleEvidenceError where the evidence has probability zero."""
    impossible = np.isneginf(found.log_evidence)
    if impossible.any():
        evidence = ", ".join(map(str, query.given))
        some = "" if impossible.all() else f" in {int(impossible.sum())} of its draws"
        raise ImpossibleEvidenceError(
            f"The evidence ({evidence}) has probability zero under the model{some}.",
            "Nothing can be conditioned on what cannot happen (or is rarer than 1e-300).",
            "Check the states for a contradiction with `do`, with the calendar or with each other.",
        )


def full(values: Array, draws: int) -> Array:
    """One value a draw, whether or not they were computed one by one."""
    return values if len(values) == draws else np.broadcast_to(values, (draws,)).copy()


def model_card(model: CausalModel) -> dict[str, str | None]:
    """The model's name and the span of its data."""
    span = model.fit.provenance if model.fit else None
    return {
        "name": model.name,
        "data_from": span.data_from if span else None,
        "data_to": span.data_to if span else None,
    }
