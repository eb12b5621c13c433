"""What is done, as it is written: ``do(leverage=low for 3d, war=calm)``."""

from __future__ import annotations

from causal.graph.dag import CausalGraph
from causal.infer.item import checked, read_name, read_states
from causal.infer.token import Cursor
from causal.model.intervention import Hard, Intervention, Mix, Schedule, intervention

UNITS = ("d", "day", "days")
SPANS = ("for", "from", "on")
MANY = 10**6


def read_doing(at: Cursor, graph: CausalGraph) -> list[Intervention]:
    """``do(...)``, whose word comes next."""
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
    """Actions joined by commas."""
    found = [read_action(at, graph)]
    while at.mark(","):
        found.append(read_action(at, graph))
    return found


def read_action(at: Cursor, graph: CausalGraph) -> Intervention:
    """One action, scheduled or not."""
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
        days = read_days(at, "for")
        return checked(at, word, lambda: Schedule(what, 1, days))
    token = at.next
    read = [whole(d.removeprefix("d")) for d in at.run(*SPANS).split("-")]
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


def read_days(at: Cursor, word: str) -> int:
    """A number of days: ``7d``, ``7 d``, ``7 days`` or ``7``."""
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
    """The whole number written in ``text``; a very long one is cut down to ``MANY``."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not digits.isdecimal():
        return None
    number = int(digits) if len(digits) < 7 else MANY
    return -number if text[:1] == "-" else number
