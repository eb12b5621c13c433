"""What is done, as it is written: ``do(leverage=low for 3d, war=calm)``.

Reads the rules ``action``, ``edge`` and ``span`` of the grammar (see ``parser.py``) into the values
of ``intervention.py``, each checked against the graph where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable
from causal.query.event import StatesLike
from causal.query.intervention import (
    Action,
    Cut,
    Hard,
    Intervention,
    Mix,
    Policy,
    Schedule,
    checked_intervention,
    intervention,
)
from causal.query.item import read_item, read_name, read_states, read_values, with_caret
from causal.query.lexer import Cursor, Token

UNITS = ("d", "day", "days")
SPANS = ("for", "from", "on")
MANY = 10**6
A = TypeVar("A", Hard | Mix, Action)


def read_doing(at: Cursor, graph: CausalGraph) -> list[Intervention]:
    """``do(...)``, whose word comes next, as the interventions in it, in their order.

    Raises QueryError where it has no parentheses, and as ``read_actions`` does.
    """
    word = at.take()
    if not at.mark("("):
        at.fail(
            word,
            "`do` stands without parentheses.",
            "Its items stand in parentheses, so that doing and seeing cannot be mixed up.",
            "Write `do(leverage=low)`.",
        )
    found = read_actions(at, graph)
    if not at.mark(")"):
        at.fail(
            at.next,
            f"`do(` is not closed: here comes {at.next}.",
            "Its items are joined by commas, and `)` ends them.",
            "Write `do(leverage=low, war=calm)`.",
        )
    return found


def read_actions(at: Cursor, graph: CausalGraph) -> list[Intervention]:
    """Actions joined by commas; ``x=a for 2d, then b`` goes on with the same variable.

    Raises QueryError, UnknownVariableError or UnknownStateError, with a caret.
    """
    found = [read_action(at, graph)]
    while (more := at.mark(",")) or at.word("then"):
        named = at.after.is_mark("=", "->", "@") or (at.after.kind, at.after.text) == ("word", "in")
        follows = at.word("then") and not (more and named)
        found.append(_then(at, graph, found[-1]) if follows else read_action(at, graph))
    return found


def read_action(at: Cursor, graph: CausalGraph) -> Intervention:
    """One action, scheduled or not: an assignment, a policy, or a cut of an edge.

    ``x=a if c for 3d``: the condition stands before the days.  Raises as ``read_actions`` does.
    """
    start = at.next
    variable = read_name(at, graph, "`do(...)`")
    day = at.run("in", "cut") if at.mark("@") else ""
    what: Action
    if at.mark("->"):
        what = _cut(at, graph, start, f"{variable.name}@{day}" if day else variable.name)
    elif day:
        at.fail(
            start,
            f"`do` names a day of `{variable.name}` with `@`.",
            "An intervention holds on every day of the horizon unless it says for how long.",
            f"Write `do({variable.name}=... on d2)` or `do({variable.name}=... for 3d)`.",
        )
    else:
        what = _assigned(at, graph, start, variable)
    found = _scheduled(at, what) if at.word(*SPANS) else what
    if at.word("if"):
        at.fail(
            at.next,
            "The condition of a policy stands after its days.",
            "First comes what is done and when it is done, then for how long.",
            f"Write `{variable.name}=... if x@-1=... for 3d`.",
        )
    at.note(found, start)
    return found


def _assigned(at: Cursor, graph: CausalGraph, start: Token, variable: Variable) -> Action:
    """``x=a``, and the condition of a policy where one follows."""
    states = read_states(at, variable)
    what = _admitted(at, start, graph, lambda: intervention(graph, variable.name, states))
    if not at.word("if"):
        return what
    at.take()
    when = read_item(at, graph, "the condition of a policy")
    return _admitted(at, start, graph, lambda: Policy(what, when))


def _cut(at: Cursor, graph: CausalGraph, start: Token, cause: str) -> Action:
    """What follows ``cause ->``: the effect, and what it sees of the cause."""
    effect = read_name(at, graph, "a cut")
    sees: StatesLike | None = None
    if at.word("cut"):
        at.take()
    elif at.next.is_mark("=") or at.word("in"):
        sees = read_states(at, graph.variable(cause.partition("@")[0]))
    else:
        at.fail(
            at.last,
            f"`{cause} -> {effect.name}` does not say what is done to the edge.",
            f"The edge is cut, or `{effect.name}` sees a state of `{cause}` that you choose.",
            f"Write `{cause} -> {effect.name} cut` or `{cause} -> {effect.name}=...`.",
        )
    return _admitted(at, start, graph, lambda: Cut(cause, effect.name, sees))


def _admitted(at: Cursor, start: Token, graph: CausalGraph, build: Callable[[], A]) -> A:
    """What ``build`` makes, checked against the graph; errors point at its words."""
    return with_caret(at, start, lambda: cast(A, checked_intervention(graph, build())))


def _then(at: Cursor, graph: CausalGraph, before: Intervention) -> Schedule:
    """``then b``, from the day after the last one of what stands before it.

    Raises QueryError where that does not end, or is no assignment.
    """
    word = at.take()
    variable = graph.variable(before.variable)
    assigned = isinstance(before, Schedule) and isinstance(before.what, Hard | Mix)
    if not isinstance(before, Schedule) or not assigned or before.last is None:
        at.fail(
            word,
            "`then` follows something that does not end.",
            "It goes on with the same variable on the day after.",
            f"Write `do({variable.name}=... for 2d, then {variable.states[0]})`.",
        )
    first = before.last + 1
    states = read_values(at, variable)
    what = _admitted(at, word, graph, lambda: intervention(graph, variable.name, states))
    last = None
    if at.word("for"):
        at.take()
        last = before.last + read_days(at, "for")
    found = with_caret(at, word, lambda: Schedule(what, first, last))
    at.note(found, word)
    return found


def _scheduled(at: Cursor, what: Action) -> Schedule:
    """The days of an action: ``for 3d``, ``from d3``, ``on d2`` or ``on d2-d4``.

    Raises QueryError for what is no day of the horizon.
    """
    word = at.take()
    if word.text == "for":
        days = read_days(at, "for")
        return with_caret(at, word, lambda: Schedule(what, 1, days))
    token = at.next
    read = [whole(d.removeprefix("d")) for d in at.run(*SPANS, "then", "if").split("-")]
    numbers = [n for n in read if n is not None]
    if len(numbers) < len(read) or len(read) > (2 if word.text == "on" else 1):
        at.fail(
            token,
            f"After `{word.text}` comes {token}, not a day of the horizon.",
            "Days of the horizon are counted from d1, the day after today.",
            "Write `on d2`, `on d2-d4` or `from d3`.",
        )
    last = None if word.text == "from" else numbers[-1]
    return with_caret(at, word, lambda: Schedule(what, numbers[0], last))


def read_days(at: Cursor, word: str) -> int:
    """A number of days: ``7d``, ``7 d``, ``7 days`` or ``7``; ``word`` says in errors after what.

    Raises QueryError for anything else.
    """
    token = at.take()
    unit = token.text.lstrip("+-0123456789")
    number = whole(token.text.removesuffix(unit)) if unit in ("", *UNITS) else None
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


def whole(text: str) -> int | None:
    """The whole number written in ``text``, or None; a very long one is cut down to ``MANY``.

    Any such number is refused later, by what it would mean; no text makes reading it long.
    """
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isdecimal():
        return None
    number = int(digits) if len(digits) < 7 else MANY
    return -number if text[:1] == "-" else number
