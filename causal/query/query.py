"""A question as a value; ``str(query)`` is the grammar.

Nothing here knows a graph: whether a question can be put to one is told by ``validation.py``, and
``unrolled.py`` puts it there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsIndex

from causal import limit
from causal.errors import QueryError
from causal.query.event import Condition, Drawdown
from causal.query.intervention import Intervention
from causal.text import written


@dataclass(frozen=True, slots=True)
class Query:
    """P(event [within|at Nd] | do(...), evidence), as the grammar of ``parser.py`` writes it.

    ``event``: all of these at once; ``given``: evidence; ``do``: interventions in the order in
    which they are made.  ``within`` N: the event at least once on days 1 to N; ``at`` N: on day N.
    Without a horizon everything stands in one day, day 0; with one plain evidence is about day 0,
    the event and ``do`` about days 1 to N.  A ``drawdown`` takes the place of an event.  Raises
    QueryError for a horizon that is no whole number of days.
    """

    event: tuple[Condition, ...]
    given: tuple[Condition, ...] = ()
    do: tuple[Intervention, ...] = ()
    within: int | None = None
    at: int | None = None
    drawdown: Drawdown | None = None

    def __post_init__(self) -> None:
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
