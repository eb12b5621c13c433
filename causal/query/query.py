"""A question as a value; ``str(query)`` is the grammar.

Nothing here knows a graph: whether a question can be put to one is told by ``validation.py``, and
``unrolled.py`` puts it there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import SupportsIndex

from causal import limit
from causal.errors import QueryError
from causal.query.event import Condition, Drawdown
from causal.query.intervention import Intervention
from causal.text import written

FIRST, LAST_YEAR = 2000, 2199  # years whose sessions the rules of ``causal.calendar`` tell


@dataclass(frozen=True, slots=True)
class Query:
    """P(event [within|at Nd] [from DATE] | do(...), evidence), as ``parser.py`` reads it.

    ``event``: all of these at once; ``given``: evidence; ``do``: interventions in the order in
    which they are made.  ``within`` N: the event at least once on days 1 to N; ``at`` N: on day N.
    Without a horizon everything stands in one day, day 0; with one plain evidence is about day 0,
    the event and ``do`` about days 1 to N.  A ``drawdown`` takes the place of an event.
    ``start``: the date of day 0, ``"2026-06-05"``, whose weekends and holidays are then known (see
    ``week.py``).  Without it the answer is a mean over weekdays; ``independent``: over days that
    have a session as often as any day has, each by itself.  Raises QueryError for a horizon that is
    no whole number of days, and for a start that is no date.
    """

    event: tuple[Condition, ...]
    given: tuple[Condition, ...] = ()
    do: tuple[Intervention, ...] = ()
    within: int | None = None
    at: int | None = None
    drawdown: Drawdown | None = None
    start: str | None = None
    independent: bool = False

    def __post_init__(self) -> None:
        if self.start is not None:
            object.__setattr__(self, "start", known_date(self.start))
        for days in (self.within, self.at):
            if days is not None and not limit.day(days):
                raise QueryError(
                    f"{written(days)} is not a horizon.",
                    "Horizons are whole days.",
                    'Write 7 or "7d".',
                )

    @property
    def horizon(self) -> int:
        """Days after today that the question reaches; 0 for a question about one day."""
        return self.within or self.at or 0

    @property
    def asked(self) -> range:
        """Days that the event is about: today, days 1 to N of ``within``, day N of ``at``."""
        return range(1 if self.within else self.horizon, self.horizon + 1)

    def __str__(self) -> str:
        fall = () if self.drawdown is None else (self.drawdown,)
        event = ", ".join(map(str, (*fall, *self.event)))
        if self.within:
            event += f" within {self.within}d"
        if self.at:
            event += f" at {self.at}d"
        if self.start is not None:
            event += f" from {self.start}"
        do = [f"do({', '.join(map(str, self.do))})"] if self.do else []
        right = ", ".join([*do, *map(str, self.given)])
        return f"P({event} | {right})" if right else f"P({event})"


def horizon(days: int | str | None) -> int | None:
    """``7``, ``"7"`` or ``"7d"`` as a number of days; None is none.

    Whether a model reaches so far is not looked at here.  Raises QueryError for what is no whole
    number of days.
    """
    if days is None:
        return None
    text = days.strip() if isinstance(days, str) else days
    if isinstance(text, str):
        for unit in ("days", "day", "d"):
            text = text.removesuffix(unit)
    try:
        if isinstance(text, bool) or not isinstance(text, str | SupportsIndex):
            raise ValueError("neither a text nor a whole number")
        return int(text)
    except ValueError:
        raise QueryError(
            f"{written(days)} is not a horizon.", "Horizons are whole days.", 'Write 7 or "7d".'
        ) from None


def begun(query: Query, start: str | None) -> Query:
    """The query from a date on, where one is given; raises QueryError where it names another."""
    if start is None or query.start == known_date(start):
        return query
    if query.start is not None:
        raise QueryError(
            f"The question begins on {query.start}, and on {start}.",
            "It has one day from which its days are counted.",
            "Keep one of both dates.",
        )
    return replace(query, start=start)


def known_date(text: object) -> str:
    """A date as ``2026-06-05``; raises QueryError for what is none, or has no known sessions."""
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        day = None
    if day is not None and str(day) == str(text) and FIRST <= day.year <= LAST_YEAR:
        return str(day)
    raise QueryError(
        f"{written(text)} is no date of a question.",
        f"A question begins on a day of the years {FIRST} to {LAST_YEAR}, written year-month-day.",
        "Write 2026-06-05.",
    )
