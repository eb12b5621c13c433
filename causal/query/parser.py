"""The grammar of questions, read by recursive descent: ``parse(str(query), graph) == query``.

question ::= "P" "(" event [horizon] ["from" date] ["|" right {"," right}] ")"
event    ::= item {"," item} | "drawdown" ["(" name ")"] "<=" number ["%"]
           | name ("below" | "<" | "<=") price
horizon  ::= ("within" | "at") days
right    ::= "do" "(" action {"," action} ")" | item
item     ::= name ["@" day] ("=" states | "in" set)
action   ::= (name ("=" states | "in" set) ["if" item] | edge) [span] | "then" states ["for" days]
edge     ::= name ["@" day] "->" name ("cut" | "=" states | "in" set)
span     ::= "for" days | "from" day | "on" day ["-" day]
states   ::= state | set
set      ::= "{" state [":" weight] {"," state [":" weight]} "}"

Names and states are runs of letters, digits and ``_ . - +``, or quoted.  White space is free.  A
price is read as the drawdown that it is (see ``level.py``), where the day's close is known.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from itertools import chain
from typing import TypedDict

from causal.errors import QueryError, pointed
from causal.graph.dag import CausalGraph
from causal.query.action import read_actions, read_days, read_doing
from causal.query.event import DRAWDOWN, Condition
from causal.query.intervention import Intervention
from causal.query.item import (
    FALLING,
    HORIZONS,
    drawdown_ahead,
    example,
    read_drawdown,
    read_item,
)
from causal.query.level import Close, levelled
from causal.query.lexer import Cursor
from causal.query.query import Query, known_date
from causal.query.validation import faults, repeats

FOR = (
    "This package gives probabilities of states of a model, seen or under an intervention: no "
    "prices, no forecasts and no signals to buy or to sell."
)

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
COMPARED = re.compile(r"\b([^\W\d]\w*)\s*(?:[<>]=?|[≤≥])\s*[-+]?[$€£]?\s*\d[\d,._]*\s*%?")


ALONE = (
    "It is about the lowest close of all days of the horizon, other events about one day.",
    f"Ask for it alone, as in `{FALLING}`, and give the rest as evidence.",
)


class _Horizon(TypedDict, total=False):
    within: int
    at: int
    start: str


def parse(
    text: str,
    graph: CausalGraph,
    *,
    priced: Collection[str] | None = None,
    close: Close | None = None,
) -> Query:
    """The question written in ``text``, checked against ``graph``.

    ``priced``: the variables behind which the model has a price (``model.priced``), of which alone
    there is a drawdown; None: not known, not checked.  ``close``: where the price stands, for a
    level.  Raises QueryError, UnknownVariableError or UnknownStateError, each with a caret line
    that shows where: at the first word out of place, else at the first fault of the question as a
    whole; where a level was named, in the question with its drawdown.
    """
    text, level = levelled(text, priced or (), close)
    _in_scope(text, graph)
    at = Cursor(text)
    query = _question(at, graph)
    for part, error in chain(faults(query, graph, priced), repeats(query)):
        raise pointed(error, text, *at.span(part))
    if level is not None and query.drawdown is not None:
        query = replace(query, drawdown=replace(query.drawdown, level=level))
    return query


def parse_do(text: str, graph: CausalGraph) -> tuple[Intervention, ...]:
    """What stands inside ``do(...)``, by itself: ``leverage=low for 3d, war=calm``; "" is nothing.

    The ``do(`` and ``)`` may be written too.  Raises as ``parse`` does.
    """
    at = Cursor(text)
    if at.next.kind == "end":
        return ()
    wrapped = at.word("do") and at.after.is_mark("(")
    found = tuple(read_doing(at, graph) if wrapped else read_actions(at, graph))
    _ended(at)
    _checked_twice(at, Query((), (), found))
    return found


def parse_given(text: str, graph: CausalGraph) -> tuple[Condition, ...]:
    """Evidence by itself: ``leverage=high, bitcoin@-1={crash, fall}``; "" is nothing.

    Raises as ``parse`` does.
    """
    at = Cursor(text)
    if at.next.kind == "end":
        return ()
    found = [read_item(at, graph, "the evidence")]
    while at.mark(","):
        found.append(read_item(at, graph, "the evidence"))
    _ended(at)
    _checked_twice(at, Query((), tuple(found)))
    return tuple(found)


def _ended(at: Cursor) -> None:
    """Raise QueryError unless the text has been read to its end."""
    if at.next.kind != "end":
        at.fail(
            at.next,
            f"After {at.last} comes {at.next}.",
            "Items are joined by commas; a name or state of more than one word needs quotes.",
            'Add a comma, or quote the name: `x="a b"`.',
        )


def _checked_twice(at: Cursor, query: Query) -> None:
    """Raise QueryError, with a caret, where something is said twice."""
    for part, error in repeats(query):
        raise pointed(error, at.text, *at.span(part))


def _question(at: Cursor, graph: CausalGraph) -> Query:
    """The rule ``question``: its event, its horizon, and what stands to the right of the bar."""
    _opening(at, graph)
    event: list[Condition] = []
    given: list[Condition] = []
    do: list[Intervention] = []
    drawdown = read_drawdown(at, graph) if drawdown_ahead(at) else None
    if drawdown is None:
        event.append(read_item(at, graph, "the event"))
    while at.mark(","):
        if drawdown is not None or drawdown_ahead(at):
            at.fail(at.next, "A drawdown stands beside another event.", *ALONE)
        event.append(read_item(at, graph, "the event"))
    horizon = _horizon(at)
    bar = at.mark("|")
    while bar:
        if at.word("do") and not at.after.is_mark("="):
            do += read_doing(at, graph)
        else:
            given.append(read_item(at, graph, "the evidence"))
        bar = at.mark(",")
    _closing(at, graph, evidence=bool(do or given))
    return Query(tuple(event), tuple(given), tuple(do), drawdown=drawdown, **horizon)


def _opening(at: Cursor, graph: CausalGraph) -> None:
    """Step over ``P(``; raises QueryError where the text begins with something else."""
    if not (at.word("P") and at.after.is_mark("(")):
        at.fail(
            at.next,
            "A question begins with `P(`.",
            f"This one begins with {at.next}." if at.text.strip() else "This one is empty.",
            f"Write it like `{example(graph)}`.",
        )
    at.take()
    at.take()


def _closing(at: Cursor, graph: CausalGraph, *, evidence: bool) -> None:
    """Step over the last ``)``; raises QueryError for what stands there in its place.

    ``evidence``: whether something stood to the right of a bar, which tells what was probably
    meant.
    """
    token = at.next
    if at.mark(")"):
        if at.next.kind == "end":
            return
        at.fail(
            at.next,
            f"The question is closed, and then comes {at.next}.",
            "One question is one `P(...)`.",
            "Remove what follows, or the closing parenthesis that stands too early.",
        )
    if token.kind == "end":
        at.fail(
            token,
            "A closing parenthesis is missing.",
            "The question ends before its last `)`.",
            "Add `)` at the end.",
        )
    if not evidence and token.is_mark(","):
        at.fail(
            token,
            f"After the horizon comes {token}, where the bar `|` is missing.",
            "The horizon ends the event; what is done or seen stands to the right of a bar.",
            f"Write `|` in place of the comma, like `{example(graph)}`.",
        )
    if not evidence and at.word("do"):
        at.fail(
            token,
            "The bar `|` is missing before `do`.",
            "What is done and what is seen stand to the right of a bar.",
            f"Write it like `{example(graph)}`.",
        )
    if evidence and (token.is_mark("|") or at.word(*HORIZONS)):
        at.fail(
            token,
            f"{token} stands in the evidence.",
            "A question has one bar, and its horizon belongs to the event, before the bar.",
            f"Write it like `{example(graph)}`.",
        )
    at.fail(
        token,
        f"After {at.last} comes {token}.",
        "Items are joined by commas; a name or state of more than one word needs quotes.",
        'Add a comma or a bar, or quote the name: `x="a b"`.',
    )


def _horizon(at: Cursor) -> _Horizon:
    """``within Nd`` or ``at Nd``, or none, and ``from DATE``.

    That both horizons stand there is told of the whole question.
    """
    found: _Horizon = {}
    start = at.next
    while at.word(*HORIZONS):
        word = at.take()
        if word.text in found:
            at.fail(
                word,
                f"`{word.text}` is given twice.",
                "A question has one horizon.",
                "Keep one of them.",
            )
        days = read_days(at, word.text)
        found = {**found, "within": days} if word.text == "within" else {**found, "at": days}
    at.note("horizon", start)
    if at.word("from"):
        start = at.take()
        day = at.take()
        try:
            found = {**found, "start": known_date(day.text)}
        except QueryError as error:
            raise pointed(error, at.text, day.start, day.end) from None
        at.note("start", start)
    return found


def _in_scope(text: str, graph: CausalGraph) -> None:
    """Raise QueryError for prose, and for a comparison with a number, with the nearest question.

    What stands in quotes is a name, whatever it looks like.
    """
    plain = QUOTED.sub(lambda m: "_" * len(m[0]), text) if isinstance(text, str) else ""
    found = COMPARED.search(plain)
    if found and found[1] != DRAWDOWN:
        error = QueryError(
            f"`{found[0].strip()}` compares with a number, and a question names states.",
            FOR,
            f"{_nearest(found[1], graph)} How far the price falls is told by `causal ladder`.",
        )
        raise pointed(error, text, *found.span())
    words = re.findall(r"[^\W\d]+", plain)
    if len(words) > 1 and not re.search(r"[=(]", plain):
        error = QueryError(
            "This is no question that can be put to the model.", FOR, _nearest("", graph)
        )
        raise pointed(error, text, 0, len(text))


def _nearest(name: str, graph: CausalGraph) -> str:
    """The question about a variable that is named, else about the one that the model is about."""
    if name in graph.names:
        states = ", ".join(graph.variable(name).states)
        return f"The states of `{name}` are {states}; ask for one, like `{example(graph, name)}`."
    return f"The nearest question that it can answer is `{example(graph)}`."
