"""One item of a question: ``leverage=high``, ``x@-1={a, b}``, or ``drawdown <= -10%``.

Each function reads its rule of the grammar (see ``parser.py``) from a cursor, checks names and
states against the graph at once, and raises at the word that is out of place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from causal.errors import CausalError, pointed
from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable
from causal.query.assignment import Hard
from causal.query.event import AT_MOST, DRAWDOWN, Condition, Drawdown, StatesLike, condition
from causal.query.lexer import Cursor, Token
from causal.query.query import Query

T = TypeVar("T")
HORIZONS = ("within", "at")
FALLING = "P(drawdown <= -10% within 7d)"
EXAMPLE = "P(bitcoin=crash within 7d | do(geopolitics=escalation), leverage=high)"
SPOKEN_OF = {("bitcoin", "crash"), ("geopolitics", "escalation"), ("leverage", "high")}


def example(graph: CausalGraph, name: str = "") -> str:
    """A whole question that can be put to this graph, about the variable ``name`` or the last.

    It stands in errors, so it must parse: a state of the variable, something done to another one
    (one that somebody can set, if there is any) and a horizon where the model has days.
    """
    known = {(v.name, s) for v in graph.variables for s in v.states}
    if not name and known >= SPOKEN_OF and graph.persistent:
        return EXAMPLE
    asked = graph.variable(name or graph.names[-1])
    event = Condition(asked.name, ((asked.states[-1], 1.0),))
    others = [v for v in graph.variables if v.name != asked.name and not v.rule]
    chosen = sorted(others, key=lambda v: not v.manipulable)[:1]
    do = tuple(Hard(v.name, v.states[-1]) for v in chosen)
    return str(Query((event,), (), do, within=7 if graph.persistent else None))


def read_item(at: Cursor, graph: CausalGraph, where: str) -> Condition:
    """A condition on one variable, as event or evidence (``where`` names which in errors).

    Raises QueryError, UnknownVariableError or UnknownStateError, with a caret.
    """
    start = at.next
    variable = read_name(at, graph, where)
    day = _day(at, variable) if at.mark("@") else None
    states = read_states(at, variable)
    found = with_caret(at, start, lambda: condition(graph, variable.name, states))
    found = replace(found, day=day)
    at.note(found, start)
    return found


def drawdown_ahead(at: Cursor) -> bool:
    """Whether a drawdown comes next: the word and a comparison, or the word and a variable.

    A variable may be called ``drawdown``; it is followed by ``=``, ``in`` or ``@``.
    """
    return at.word(DRAWDOWN) and at.after.is_mark(AT_MOST, "(")


def read_drawdown(at: Cursor, graph: CausalGraph) -> Drawdown:
    """``drawdown <= -10%``, ``drawdown <= -0.1`` or ``drawdown(bitcoin) <= -10%``.

    The return is a number, or a number of percent.  Whether the variable has a price is not known
    here (see ``validation.faults``).  Raises QueryError or UnknownVariableError, with a caret.
    """
    start = at.take()
    variable = _whose(at, graph) if at.mark("(") else None
    if not at.mark(AT_MOST):
        at.fail(
            at.next,
            f"After `{start.text}({variable})` comes {at.next}, not `{AT_MOST}`.",
            "A drawdown is a return below zero, and the question is whether it is at most so much.",
            f"Write it like `{FALLING}`.",
        )
    token = at.next
    text = at.run(*HORIZONS)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not text or math.isnan(value):
        at.fail(
            token,
            f"After `{AT_MOST}` comes {token}, not a return.",
            "A drawdown is compared with a return below zero.",
            f"Write it like `{FALLING}`.",
        )
    value = value / 100 if at.mark("%") else value
    found = with_caret(at, start, lambda: Drawdown(value, variable))
    at.note(DRAWDOWN, start)
    return found


def _whose(at: Cursor, graph: CausalGraph) -> str:
    """The variable whose price falls, and the closing parenthesis."""
    variable = read_name(at, graph, "`drawdown(...)`")
    if not at.mark(")"):
        at.fail(
            at.next,
            f"`{DRAWDOWN}({variable.name}` is not closed: here comes {at.next}.",
            "In its parentheses stands one variable, whose price falls.",
            f"Write `{DRAWDOWN}({variable.name}) {AT_MOST} -10%`.",
        )
    return variable.name


def with_caret(at: Cursor, start: Token, build: Callable[[], T]) -> T:
    """What ``build`` makes; its error points at the words from ``start`` to here.

    Any CausalError of ``build`` is raised again, its three parts as they were.
    """
    try:
        return build()
    except CausalError as error:
        raise pointed(error, at.text, start.start, at.last.end) from None


def read_name(at: Cursor, graph: CausalGraph, where: str) -> Variable:
    """The variable that comes next; raises UnknownVariableError with the nearest name."""
    token = at.take()
    if token.kind in ("mark", "end"):
        at.fail(
            token,
            f"Where the name of a variable should stand in {where} comes {token}.",
            "Every item names a variable and its state.",
            "Write it like `leverage=high`.",
        )
    known = token.text in graph.names
    if not known and token.kind == "word" and token.text == "do":
        at.fail(
            token,
            f"`do` stands in {where}.",
            "An intervention stands to the right of the bar, its items in parentheses.",
            f"Write it like `{example(graph)}`.",
        )
    if not known and token.kind == "word" and token.text in HORIZONS:
        at.fail(
            token,
            f"`{token.text}` comes where {where} should name a variable.",
            "A horizon follows the event directly, without a comma, before the bar.",
            f"Write it like `{example(graph)}`.",
        )
    return with_caret(at, token, lambda: graph.variable(token.text))


def _day(at: Cursor, variable: Variable) -> int:
    """The day after ``@``, a whole number; raises QueryError."""
    token = at.next
    text = at.run("in")
    try:
        day = int(text)
    except ValueError:
        day = None
    if day is None or len(text) > 7:
        at.fail(
            token,
            f"`{variable.name}@` is followed by {token}, not by a day.",
            "After `@` stands a whole number: -1 is the day before, 2 two days ahead.",
            f"Write `{variable.name}@-1=...` or `{variable.name}@2=...`.",
        )
    return day


def read_states(at: Cursor, variable: Variable) -> StatesLike:
    """What follows the name: one state, a set of states, or states with weights.

    ``in`` wants a set; ``=`` takes any.  Raises QueryError or UnknownStateError, with a caret.
    """
    if at.word("in"):
        at.take()
        if not at.next.is_mark("{"):
            at.fail(
                at.next,
                f"After `in` comes {at.next}, not a set.",
                "A set of states stands in braces; a single state follows `=`.",
                f"Write `{variable.name} in {{{', '.join(variable.states[-2:])}}}`.",
            )
    elif not at.mark("="):
        at.fail(
            at.last,
            f"`{variable.name}` is named without a state.",
            f"Its states are {', '.join(variable.states)} (calmest first).",
            f"Write `{variable.name}={variable.states[-1]}`.",
        )
    return read_values(at, variable)


def read_values(at: Cursor, variable: Variable) -> StatesLike:
    """One state of a variable, a set of them, or states with weights: what follows ``=`` or ``in``.

    Raises QueryError or UnknownStateError, with a caret.
    """
    return _set(at, variable) if at.mark("{") else _state(at, variable)


def _state(at: Cursor, variable: Variable) -> str:
    """The name of one state; raises QueryError, and UnknownStateError with the nearest."""
    token = at.take()
    if token.kind in ("mark", "end"):
        twice = " One `=` is enough." if token.is_mark("=") else ""
        at.fail(
            token,
            f"Where a state of `{variable.name}` should stand comes {token}.{twice}",
            f"Its states are {', '.join(variable.states)} (calmest first).",
            f"Write `{variable.name}={variable.states[-1]}`.",
        )
    with_caret(at, token, lambda: variable.index(token.text))
    return token.text


def _set(at: Cursor, variable: Variable) -> StatesLike:
    """States between braces: a list of names, or names with weights, all of them weighted or none.

    Raises QueryError for a set that is not closed, a state named twice, weights on some alone.
    """
    opening = at.last
    names, weights = [], []
    while True:
        names.append(_state(at, variable))
        if at.mark(":"):
            weights.append(_weight(at))
        if not at.mark(","):
            break
    if not at.mark("}"):
        at.fail(
            at.next,
            f"A set of states is not closed: here comes {at.next}.",
            "States in a set are joined by commas, and the set ends with `}`.",
            "Write `x={a, b}`, or with weights `x={a: 0.7, b: 0.3}`.",
        )
    repeated = len(set(names)) < len(names)
    if repeated or len(weights) not in (0, len(names)):
        fault = (
            "A state is named twice in one set."
            if repeated
            else "Some states of a set have a weight and others have none."
        )
        at.fail(
            opening,
            fault,
            "A set names different states, all of them weighted or none.",
            "Write `x={a, b}` or `x={a: 0.7, b: 0.3}`.",
        )
    return dict(zip(names, weights, strict=True)) if weights else names


def _weight(at: Cursor) -> float:
    """The number after ``:``; raises QueryError."""
    token = at.next
    try:
        return float(at.run())
    except ValueError:
        at.fail(
            token,
            f"After `:` comes {token}, not a weight.",
            "A weight is a plain number.",
            "Write it like `x={a: 0.7, b: 0.3}`.",
        )
