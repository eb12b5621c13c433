"""``causal ask``: one question, answered."""

from __future__ import annotations

from typing import Any

from causal.app.as_of_day import informed_as_of, known_screen
from causal.app.options import (
    AsOf,
    AssumeUnconfounded,
    At,
    Data,
    Diagram,
    Draws,
    Interval,
    IntervalFrom,
    Items,
    Json,
    Lang,
    Language,
    Model,
    OptionalQuestion,
    Seed,
    Vintage,
    Within,
)
from causal.app.output import ready, say_json, shown_of


def ask(
    query: OptionalQuestion = None,
    *,
    event: Items = None,
    do: Items = None,
    given: Items = None,
    within: Within = None,
    at: At = None,
    model: Model = None,
    draws: Draws = None,
    seed: Seed = None,
    interval: IntervalFrom = Interval.draws,
    assume_unconfounded: AssumeUnconfounded = False,
    draw: Diagram = None,
    lang: Language = Lang.en,
    asof: AsOf = None,
    vintage: Vintage = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Answer a question, with an interval, a base rate and what stands behind it.

    The question is one string, or the flags --event, --do, --given, --within and --at.  With
    --asof what the pulled history could know by that day is evidence, too.
    """
    from causal.app.opening import open_model, question_text
    from causal.ask import ask
    from causal.query.parser import parse

    ready(draw, "diagram")
    fitted = open_model(model, draws=draws, seed=seed)
    pieces: dict[str, Any] = {"event": event, "do": do, "given": given, "within": within, "at": at}
    text = question_text(query, graph=fitted.graph, **pieces)
    question = parse(text, fitted.graph, priced=fitted.priced)
    known: dict[str, Any] = {}
    if asof is not None or vintage is not None or data is not None:
        fitted, (question,), known = informed_as_of(fitted, [question], asof, vintage, data=data)
    ready(draw, "diagram", f"{question} {shown_of(fitted.graph, lang=lang.value)}")
    if draw is not None:
        from causal.show.diagram import illustrated

        picture = illustrated(
            fitted, question, lang=lang.value, assume_unconfounded=assume_unconfounded
        )
        picture.save(draw)
    answer = ask(fitted, question, assume_unconfounded=assume_unconfounded, interval=interval.value)
    if as_json:
        from causal.answer.answer import answer_to_dict

        say_json({**answer_to_dict(answer), **known})
        return
    from causal.app.screens import again, answer_screen

    more: dict[str, Any] = {"asof": known.get("as_of"), "vintage": vintage, "data": data}
    answer_screen(answer, again(answer, model, drawn=draw, **more))
    if known:
        known_screen(known["as_of"])
