"""The grammar of questions, read by recursive descent.  ``parse(str(query), graph) == query``.

question ::= "P" "(" item {"," item} [horizon] ["|" right {"," right}] ")"
horizon  ::= ("within" | "at") days
right    ::= "do" "(" action {"," action} ")" | item
item     ::= name ["@" day] ("=" states | "in" set)
action   ::= name ("=" states | "in" set) ["for" days | "from" day | "on" day ["-" day]]
states   ::= state | set
set      ::= "{" state [":" weight] {"," state [":" weight]} "}"

Names and states are runs of letters, digits and ``_ . - +``, or quoted.  White space is free.
"""

from __future__ import annotations

from itertools import chain
from typing import TypedDict

from causal.graph.dag import CausalGraph
from causal.infer.item import EXAMPLE, HORIZONS, checked, read_item, read_name, read_states
from causal.infer.query import Query
from causal.infer.question import faults, repeats
from causal.infer.token import Cursor, pointed
from causal.model.intervention import Hard, Intervention, Mix, Schedule, intervention

UNITS = ("d", "day", "days")
SPANS = ("for", "from", "on")
MANY = 10**6


class _Horizon(TypedDict, total=False):
    within: int
    at: int


def parse(text: str, graph: CausalGraph) -> Query:
    """The question written in ``text``, checked against ``graph``.

    Raises QueryError, UnknownVariableError or UnknownStateError, each with a caret line that
    shows where.
    """
    at = Cursor(text)
    query = _question(at, graph)
    for part, error in chain(faults(query, graph), repeats(query)):
        raise pointed(error, text, *at.span(part))
    return query


def _question(at: Cursor, graph: CausalGraph) -> Query:
    _opening(at)
    event, given, do = [read_item(at, graph, "the event")], [], []
    while at.mark(","):
        event.append(read_item(at, graph, "the event"))
    horizon = _horizon(at)
    bar = at.mark("|")
    while bar:
        if at.word("do") and at.after.text != "=":
            do += _doing(at, graph)
        else:
            given.append(read_item(at, graph, "the evidence"))
        bar = at.mark(",")
    _closing(at, evidence=bool(do or given))
    return Query(tuple(event), tuple(given), tuple(do), **horizon)


def _opening(at: Cursor) -> None:
    if not (at.word("P") and at.after.text == "("):
        at.fail(
            at.next,
            "A question begins with `P(`.",
            f"This one begins with {at.next}." if at.text.strip() else "This one is empty.",
            f"Write it like `{EXAMPLE}`.",
        )
    at.take()
    at.take()


def _closing(at: Cursor, evidence: bool) -> None:
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
    if not evidence and at.word("do"):
        at.fail(
            token,
            "The bar `|` is missing before `do`.",
            "What is done and what is seen stand to the right of a bar.",
            f"Write it like `{EXAMPLE}`.",
        )
    if evidence and (token.text == "|" or at.word(*HORIZONS)):
        at.fail(
            token,
            f"{token} stands in the evidence.",
            "A question has one bar, and its horizon belongs to the event, before the bar.",
            f"Write it like `{EXAMPLE}`.",
        )
    at.fail(
        token,
        f"After {at.last} comes {token}.",
        "Items are joined by commas; a name or state of more than one word needs quotes.",
        'Add a comma or a bar, or quote the name: `x="a b"`.',
    )


def _horizon(at: Cursor) -> _Horizon:
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
        days = _days(at, word.text)
        found = {**found, "within": days} if word.text == "within" else {**found, "at": days}
    at.note("horizon", start)
    return found


def _days(at: Cursor, word: str) -> int:
    """A number of days: ``7d``, ``7 d``, ``7 days`` or ``7``."""
    token = at.take()
    unit = token.text.lstrip("+-0123456789")
    number = _whole(token.text.removesuffix(unit)) if unit in ("", *UNITS) else None
    if number is None or token.kind != "word":
        at.fail(
            token,
            f"After `{word}` comes {token}, not a number of days.",
            "Time is counted in whole days.",
            f"Write `{word} 7d` or `{word} 7`.",
        )
    if not unit and at.word(*UNITS):
        at.take()
    return number


def _whole(text: str) -> int | None:
    """The whole number written in ``text``; a very long one is cut down to ``MANY``."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isdecimal():
        return None
    number = int(digits) if len(digits) < 7 else MANY
    return -number if text[:1] == "-" else number


def _doing(at: Cursor, graph: CausalGraph) -> list[Intervention]:
    word = at.take()
    if not at.mark("("):
        at.fail(
            word,
            "`do` stands without parentheses.",
            "Its items stand in parentheses, so that doing and seeing cannot be mixed up.",
            "Write `do(leverage=low)`.",
        )
    found = [_action(at, graph)]
    while at.mark(","):
        found.append(_action(at, graph))
    if not at.mark(")"):
        at.fail(
            at.next,
            f"`do(` is not closed: here comes {at.next}.",
            "Its items are joined by commas, and `)` ends them.",
            "Write `do(leverage=low, war=calm)`.",
        )
    return found


def _action(at: Cursor, graph: CausalGraph) -> Intervention:
    start = at.next
    variable = read_name(at, graph, "`do(...)`")
    if at.mark("@"):
        at.fail(
            start,
            f"`do` names a day of `{variable.name}` with `@`.",
            "An intervention holds on every day of the horizon unless it says for how long.",
            f"Write `do({variable.name}=... on d2)` or `do({variable.name}=... for 3d)`.",
        )
    states = read_states(at, variable)
    what = checked(at, start, lambda: intervention(graph, variable.name, states))
    found = _scheduled(at, what) if at.word(*SPANS) else what
    at.note(found, start)
    return found


def _scheduled(at: Cursor, what: Hard | Mix) -> Schedule:
    word = at.take()
    if word.text == "for":
        days = _days(at, "for")
        return checked(at, word, lambda: Schedule(what, 1, days))
    token = at.next
    read = [_whole(d.removeprefix("d")) for d in at.run(*SPANS).split("-")]
    numbers = [n for n in read if n is not None]
    if len(numbers) < len(read) or len(read) > (2 if word.text == "on" else 1):
        at.fail(
            token,
            f"After `{word.text}` comes {token}, not a day of the horizon.",
            "Days of the horizon are counted from d1, the day after today.",
            "Write `on d2`, `on d2-d4` or `from d3`.",
        )
    last = None if word.text == "from" else numbers[-1]
    return checked(at, word, lambda: Schedule(what, numbers[0], last))
