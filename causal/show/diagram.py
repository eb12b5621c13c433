"""A model under a question, drawn: as text, on a page, in a file.

What is drawn, and why so:

* A card for each variable, with a bar for each state after the question's do and evidence, and a
  paler one before; the numbers are per cent after.
* Arrows of the same day are solid and run left to right; arrows to the next day are dotted, light
  and do not move the cards.  That a variable persists, or closes with the calendar, is a sign on
  its card and no arrow: a dozen arrows would say one thing and hide the rest.
* A do rings its card and breaks the arrows into it; evidence shades its card; the event's card is
  blue, and so are the paths that lead to it.
* Layout depends on the story and not on the question, so two diagrams compare card by card.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from causal import file
from causal.errors import QueryError, nearest
from causal.model.network import CausalModel
from causal.query.event import Condition, StatesLike, conditions
from causal.query.intervention import Schedule, interventions
from causal.query.query import Query
from causal.query.surgery import in_force
from causal.show.dot import draw
from causal.show.drawing import Drawing
from causal.show.palette import LANGUAGES, Lang
from causal.show.render import Format, laid_out, render

NUMBERED = re.compile(r'<g id="a_\w+_\d+">')  # counted through the process, so never the same twice
SUFFIXES: dict[str, Format] = {".svg": "svg", ".png": "png", ".pdf": "pdf"}


@dataclass(frozen=True, slots=True)
class Diagram:
    """A picture as DOT text; it shows itself in a notebook."""

    dot: str

    def svg(self) -> str:
        """The picture as SVG, no wider than the page it stands on."""
        text = render(self.dot, "svg").decode("utf-8")
        text = NUMBERED.sub("<g>", text)
        return text.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write .svg, .png, .pdf or .dot, whole or not at all; returns the path.

        Raises QueryError for another suffix or a folder that cannot be written to, CausalError
        when there is no Graphviz or PNG and PDF lack a font.
        """
        where = diagram_path(path)
        suffix = where.suffix.lower()
        if suffix == ".dot":
            file.replace(where, self.dot, QueryError)
        elif suffix == ".svg":
            file.replace(where, self.svg(), QueryError)
        else:
            file.replace(where, render(self.dot, SUFFIXES[suffix]), QueryError)
        return where

    def _repr_svg_(self) -> str:
        return self.svg()


def diagram_path(path: str | os.PathLike[str], letters: str = "") -> Path:
    """The path; raises what ``Diagram.save`` would raise for its suffix, folder or ``letters``."""
    where = Path(path)
    suffix = where.suffix.lower()
    if suffix != ".dot" and suffix not in SUFFIXES:
        raise QueryError(
            f"A diagram cannot be saved as `{where.name}`.",
            "The suffix of the file says which picture to make.",
            "Use .svg, .png, .pdf or .dot.",
        )
    if not where.parent.is_dir():
        raise QueryError(
            f"There is no folder `{where.parent}`.",
            "The diagram was not written.",
            "Make the folder first, or save somewhere else.",
        )
    if suffix != ".dot":
        laid_out(letters if suffix != ".svg" else "")
    return where


def diagram(
    model: CausalModel,
    *,
    do: Mapping[str, StatesLike] | None = None,
    given: Mapping[str, StatesLike] | None = None,
    event: Mapping[str, StatesLike] | None = None,
    within: int | str | None = None,
    lang: Lang = "en",
    assume_unconfounded: bool = False,
) -> Diagram:
    """The model under surgery and evidence: ``diagram(model, do={"war": "calm"}).save("a.svg")``.

    The model's own interventions count as do, ``do`` adds to them.  With ``within`` evidence is
    about day 0, and the bars are those of day 1 (see ``first_day``).  Where an effect is only
    bounded a card shows ranges; ``assume_unconfounded`` makes numbers of them, marked as assumed.
    Above 60 variables only the ancestors of event, do and evidence are drawn.
    Raises UnknownVariableError, UnknownStateError, QueryError, ImpossibleEvidenceError.
    """
    from causal.query.query import horizon

    query = Query(
        conditions(model.graph, event),
        conditions(model.graph, given),
        interventions(model.graph, do or {}),
        within=horizon(within),
    )
    return illustrated(model, query, lang=lang, assume_unconfounded=assume_unconfounded)


def illustrated(
    model: CausalModel, query: Query, *, lang: Lang = "en", assume_unconfounded: bool = False
) -> Diagram:
    """The diagram of a query, its ``do`` done on top of the model's own interventions.

    Raises QueryError, ImpossibleEvidenceError.
    """
    from causal.explain.marginal_claims import card_claims
    from causal.infer.marginals import marginals
    from causal.query.unrolled import unroll
    from causal.query.week import calendars

    if lang not in LANGUAGES:
        raise QueryError(
            f"There is no language `{lang}` for diagrams.",
            "Labels exist in English and in Traditional Chinese.",
            f'Use "en" or "zh". {nearest(lang, LANGUAGES)}',
        )
    query = replace(query, do=in_force((*model.interventions, *query.do), query.horizon))
    unroll(model.graph, query)
    day = first_day(query)
    drawing = Drawing(
        graph=model.graph,
        do=query.do,
        given=query.given,
        event=query.event,
        horizon=query.horizon,
        day=day,
        title=title(model.name, query),
        lang=lang,
    )
    asked = _part(replace(model, interventions=query.do), drawing.drawn)
    plain = replace(asked, interventions=())
    start = query.start if calendars(plain.graph) else None
    before = marginals(plain, day=day, start=start)
    unasked = not (query.do or query.given)
    given = _mapping(query.given)
    after = before if unasked else marginals(asked, given=given, day=day, start=start)
    claims = card_claims(asked, query, drawing.drawn, day=day, assumed=assume_unconfounded)
    drawing = replace(
        drawing,
        bounds={n: c.bounds for n, c in claims.items() if c.bounds is not None},
        assumed=frozenset(n for n, c in claims.items() if c.claim.licensed_by == "assumed"),
    )
    return Diagram(draw(drawing, before, after))


def first_day(query: Query) -> int:
    """The day whose bars are drawn: day 0; with a horizon the first, from day 1, on which every do
    has set in and all evidence is in.
    """
    if not query.horizon:
        return 0
    begun = [i.first for i in query.do if isinstance(i, Schedule)]
    return max([1, *begun, *(c.day or 0 for c in query.given)])


def title(name: str, query: Query) -> str:
    """The query as the grammar spells it; without an event the model's name in its place."""
    if query.event:
        return str(query)
    right = str(query).removeprefix("P(").removesuffix(")").lstrip(" |")
    return f"{name} | {right}" if right else name


def _mapping(known: tuple[Condition, ...]) -> dict[str, StatesLike]:
    return {
        c.variable if c.day is None else f"{c.variable}@{c.day}": dict(c.weights) for c in known
    }


def _part(model: CausalModel, names: tuple[str, ...]) -> CausalModel:
    """The model of ``names``, which hold all their ancestors: no marginal of theirs changes."""
    if len(names) == len(model.graph.names):
        return model
    kept = set(names)
    graph = replace(
        model.graph,
        variables=tuple(v for v in model.graph.variables if v.name in kept),
        edges=tuple(e for e in model.graph.edges if {e.cause, e.effect} <= kept),
        confounded=tuple(c for c in model.graph.confounded if {c.one, c.other} <= kept),
    )
    return replace(
        model,
        graph=graph,
        tables={n: model.tables[n] for n in names},
        start={n: model.start[n] for n in names if n in model.start},
    )
