"""``causal draw``: the chain before and after what is done and seen, as a picture."""

from __future__ import annotations

from typing import Annotated

import typer

from causal.app.options import AssumeUnconfounded, Items, Lang, Language, Model, Within
from causal.app.output import ready, shown_of


def draw(
    *,
    out: Annotated[str, typer.Option(metavar="FILE", help=".svg, .png, .pdf or .dot.")],
    do: Items = None,
    given: Items = None,
    event: Annotated[
        list[str] | None, typer.Option("--for", metavar="EVENT", help="The event to lead up to.")
    ] = None,
    within: Within = None,
    model: Model = None,
    lang: Language = Lang.en,
    assume_unconfounded: AssumeUnconfounded = False,
) -> None:
    """Draw the chain, before and after what is done and seen."""
    from dataclasses import replace

    from causal.app.opening import asked_variable, open_model, question_text
    from causal.query.event import Condition
    from causal.query.parser import parse
    from causal.show.diagram import illustrated

    fitted = open_model(model)
    about = asked_variable(fitted)
    stand_in = event or [str(Condition(about.name, ((about.states[-1], 1.0),)))]
    text = question_text(
        None, event=stand_in, do=do, given=given, within=within, at=None, graph=fitted.graph
    )
    question = parse(text, fitted.graph, priced=fitted.priced)
    question = question if event else replace(question, event=())
    ready(out, "diagram", f"{question} {shown_of(fitted.graph, lang=lang.value)}")
    picture = illustrated(
        fitted, question, lang=lang.value, assume_unconfounded=assume_unconfounded
    )
    picture.save(out)
