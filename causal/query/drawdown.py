"""A drawdown as the event of a question: ``drawdown <= -10% within 7d``, read and printed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from causal.errors import QueryError
from causal.graph.section import finite
from causal.query.event import number
from causal.text import written

if TYPE_CHECKING:
    from causal.query.lexer import Cursor
    from causal.query.query import Query

WORD, SIGN = "drawdown", "<="

FINEST = 1e-6  # a fall that is told from none, and from another
EXAMPLE = "P(drawdown <= -10% within 7d)"


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The lowest close of days 1 to N stands at ``threshold`` or further below the close of day 0.

    ``threshold`` is a return, -0.1 for a fall of 10 %.  Raises QueryError unless -1 < it < 0.
    """

    threshold: float

    def __post_init__(self) -> None:
        found = self.threshold
        plain = isinstance(found, int | float) and not isinstance(found, bool)
        if not plain or not -1 < found <= -FINEST:
            text = f"{found:.6g}" if plain and finite(found) else written(found)
            raise QueryError(
                f"A drawdown of {text} is no loss.",
                "It is a return above -100 %, since a price falls by less than all of it, and of "
                "at least a ten-thousandth of a percent, -0.0001 %.",
                "Write -10% or -0.1 for a fall of a tenth.",
            )

    def __str__(self) -> str:
        return f"{WORD} {SIGN} {percent(self.threshold)}"


def percent(value: float) -> str:
    """``-10%`` where that reads back as the same number, else ``-0.1234...``."""
    text = number(round(value * 100, 10))
    return f"{text}%" if float(text) / 100 == value else number(value)


def ahead(at: Cursor) -> bool:
    """Whether a drawdown comes next: the word and a comparison."""
    return at.word(WORD) and at.after.is_mark(SIGN)


def read(at: Cursor) -> Drawdown:
    """``drawdown <= -10%`` or ``drawdown <= -0.1``."""
    from causal.query.item import checked

    start = at.take()
    at.take()
    token = at.next
    text = at.run("within", "at")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not text or math.isnan(value):
        at.fail(
            token,
            f"After `{SIGN}` comes {token}, not a return.",
            "A drawdown is compared with a return below zero.",
            f"Write it like `{EXAMPLE}`.",
        )
    value = value / 100 if at.mark("%") else value
    found = checked(at, start, lambda: Drawdown(value))
    at.note("drawdown", start)
    return found


def alone(at: Cursor) -> None:
    """Refuse a drawdown beside other events; the next word begins the other one."""
    at.fail(
        at.next,
        "A drawdown stands beside another event.",
        "It is about the lowest close of all days of the horizon, other events about one day.",
        f"Ask for it alone, as in `{EXAMPLE}`, and give the rest as evidence.",
    )


def faults(query: Query) -> Iterator[tuple[object, QueryError]]:
    """What is wrong with the drawdown of a query: a second event, no horizon, ``at``."""
    if query.drawdown is None:
        return
    if query.event:
        error = QueryError(
            f"`{query.drawdown}` stands beside another event.",
            "It is about the lowest close of all days of the horizon, other events about one day.",
            "Ask for one of them.",
        )
        yield "drawdown", error
    if query.at is not None or not query.horizon:
        how = f"`at {query.at}d`" if query.at is not None else "no horizon"
        error = QueryError(
            f"The drawdown has {how}.",
            "A drawdown is the lowest close over some days.",
            f"Write `P({query.drawdown} within 7d)`.",
        )
        yield "horizon" if query.at is not None else "drawdown", error


def no_event(query: Query, what: str) -> QueryError:
    """The error of a verb that asks for events of states."""
    if query.drawdown is not None:
        return QueryError(
            f"{what} is not made for a drawdown.",
            "It follows the states of the model, and a drawdown is a sum of their moves.",
            "Ask about a state, P(bitcoin=crash within 7d), or use `causal ladder`.",
        )
    return QueryError(
        "The question has no event.", "There is nothing to explain.", 'Ask P(bitcoin="crash").'
    )
