"""The front door: a question in, an Answer out, whatever the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from causal.answer.answer import Answer, assemble, evidence_probability
from causal.answer.support import support
from causal.contract.backend import Forward
from causal.errors import QueryError
from causal.identify.claim import claim
from causal.infer.expected_counts import expected_counts
from causal.infer.forward import forward, possible
from causal.infer.frontier import compile_slices
from causal.infer.natural_bounds import natural_bounds
from causal.infer.weekdays import over_weekdays
from causal.memo import Memo
from causal.model.network import CausalModel
from causal.query.event import StatesLike, conditions
from causal.query.item import example
from causal.query.level import Close
from causal.query.query import Query, begun, horizon
from causal.query.surgery import in_force
from causal.query.unrolled import Unrolled, unroll
from causal.query.validation import no_event
from causal.text import written

if TYPE_CHECKING:
    from causal.answer.moments import Closed

Interval = Literal["draws", "delta"]
BASES = 32  # base rates kept with a model


def probability(
    model: CausalModel,
    event: Mapping[str, StatesLike],
    *,
    given: Mapping[str, StatesLike] | None = None,
    within: int | str | None = None,
    at: int | str | None = None,
    start: str | None = None,
    assume_unconfounded: bool = False,
    interval: Interval = "draws",
) -> Answer:
    """P(event | do(model's interventions), given), one value per posterior draw.

    ``within="7d"``: at least once on days 1 to 7; ``at="7d"``: on day 7; neither: today.  ``given``
    is about today, or about the day in its key (``"leverage@-1"``).  ``start="2026-06-05"``: the
    date of today, whose sessions the days then have; without one they are those of any weekday (see
    ``query.week``).  ``interval="delta"``: in closed form, nothing drawn, where that holds (see
    ``delta``; ``answer.note`` says why not).
    Raises UnknownVariableError, UnknownStateError, QueryError, ImpossibleEvidenceError.
    """
    query = Query(
        conditions(model.graph, event),
        conditions(model.graph, given),
        model.interventions,
        horizon(within),
        horizon(at),
        start=start,
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
    recalibrate: bool = False,
    price: float | None = None,
    start: str | None = None,
) -> Answer:
    """The answer to a question in the grammar ``P(event within 7d | do(...), evidence)``.

    The query's ``do`` is done on top of the model's own interventions.  ``interval`` and ``start``
    as in ``probability``; the question may name its date itself, ``within 7d from 2026-06-05``.
    ``recalibrate``: a forecast, read through the map that the model keeps (see
    ``answer.recalibrated``); nothing may be done then.  ``price``: where the price stands today,
    for a level such as ``bitcoin below 60000``; else the close of a model as of a day.
    """
    if isinstance(query, str):
        from causal.query.parser import parse

        close = model.close if price is None else Close(price)
        query = parse(query, model.graph, priced=model.priced, close=close)
    if not isinstance(query, Query):
        raise QueryError(
            f"{written(query)} is no question.",
            "A question is a text in the grammar, or a Query.",
            f'Write ask(model, "{example(model.graph)}").',
        )
    query = begun(query, start)
    query = replace(query, do=in_force((*model.interventions, *query.do), query.horizon))
    found = answer(
        model,
        query,
        assume_unconfounded=assume_unconfounded,
        interval=interval,
    )
    if recalibrate:
        from causal.answer.recalibrated import recalibrated

        return recalibrated(model, found)
    return found


def answer(
    model: CausalModel,
    query: Query,
    *,
    assume_unconfounded: bool = False,
    interval: Interval = "draws",
) -> Answer:
    """P(event | do, evidence) with its base rate, licence and support (see ``Answer``)."""
    delta = _in_closed_form(interval)
    if query.drawdown is not None:
        from causal.drawdown.probability import drawdown_answer

        return drawdown_answer(
            model, query, interval=interval, assume_unconfounded=assume_unconfounded
        )
    if not query.event:
        raise no_event(query, model.graph, "The answer")
    asked = unroll(model.graph, query)
    licence = claim(query, asked, assumed=assume_unconfounded)
    mean, days = model.mean(), compile_slices(asked, batch=1 if delta else model.draws)
    closed, note = None, ""
    if delta:
        possible(forward(mean, days), query)
        bare = unroll(model.graph, replace(query, do=(), given=()))
        closed, note = _closed(model, asked, bare, licence.bounded)
    source = mean if closed is not None else model
    base = base_rate(source, query)
    found = over_weekdays(source, query, days) if query.do or query.given else base
    possible(found, query)
    likely, usual = found.probability, base.probability
    if closed is not None:
        likely, usual = np.array([closed.probability]), np.array([closed.base.mean])
    by_day = closed is None and not licence.bounded
    return assemble(
        source,
        query,
        draws=likely,
        base=usual,
        evidence=evidence_probability(found.log_evidence + asked.log_scale, query),
        claim=licence,
        support=support(model, expected_counts(mean, days)),
        bounds=natural_bounds(model, query) if licence.bounded else None,
        closed=closed,
        note=note,
        curves=(found.curve, base.curve) if by_day else (None, None),
    )


def base_rate(model: CausalModel, query: Query) -> Forward:
    """P(event), nothing done or seen, as the forward pass gives it; kept with the model.

    It always runs by itself, so that an answer does not depend on what was asked before it.
    """
    plain = replace(query, do=(), given=())
    kept = model.kept.made("base rates", lambda: Memo(BASES))

    def made() -> Forward:
        days = compile_slices(unroll(model.graph, plain), batch=model.draws)
        return over_weekdays(model, plain, days)

    return kept.made(plain, made)


def _in_closed_form(interval: str) -> bool:
    if interval not in ("draws", "delta"):
        raise QueryError(
            f"There is no interval by {written(interval)}.",
            "An interval is taken from posterior draws, or in closed form by the delta method.",
            "Say `draws` or `delta`.",
        )
    return interval == "delta"


def _closed(
    model: CausalModel, asked: Unrolled, bare: Unrolled, bounded: bool
) -> tuple[Closed | None, str]:
    """The posterior in closed form, or None and why not."""
    if bounded:
        return None, "the effect is only bounded"
    from causal.answer.moments import closed_form

    found = closed_form(model, asked, bare)
    return (None, found) if isinstance(found, str) else (found, "")
