"""The values that a graph is made of: variables and how they are measured, edges, common causes.

An edge with ``lag`` 0 acts within the day (the *slice*), one with ``lag`` 1 from the day before;
the name of a variable one day back is ``name@-1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from causal.errors import UnknownStateError, nearest
from causal.text import written

LAST = "@-1"
MISSING = -1  # the index of a state that is not known


def lagged(name: str) -> str:
    """The axis of a variable one day back: ``leverage`` -> ``leverage@-1``."""
    return name + LAST


def unlagged(axis: str) -> str:
    """The variable of an axis: ``leverage@-1`` -> ``leverage``."""
    return axis.removesuffix(LAST)


TableKind = Literal["", "ordinal", "logit", "backoff"]
Calendar = Literal["", "us", "us_independent"]
"""How the prior mean of a table's rows is made; empty: as the story says."""


@dataclass(frozen=True, slots=True)
class Series:
    """One column of the panel and the trailing steps that turn it into a number a day."""

    column: str
    steps: tuple[str, ...] = ()
    weight: float = 1.0
    restart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acts:
    """Dated acts of a size of ``at_least``, which put a variable in ``state`` for ``days`` days."""

    column: str
    state: str
    at_least: float = 1.0
    days: int = 1


@dataclass(frozen=True, slots=True)
class Measurement:
    """How a variable is read off the panel: the weighted mean of its series, cut into states.

    A value x falls in the state whose index is the number of cuts <= x.  ``cuts`` are fixed;
    ``quantiles`` are learnt from the values up to ``fit_until``.  With ``closed`` the first state
    stands for days without a US session and the cuts divide the others.  ``acts`` go before the
    series while they are in force; without a series the calmest state stands between them.
    ``calendar``: open or closed by the rules of the US exchanges; ``us`` follows the week ahead,
    too, ``us_independent`` draws every day ahead by itself, as files before version 4 did.
    """

    series: tuple[Series, ...] = ()
    cuts: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    closed: bool = False
    calendar: Calendar = ""
    acts: tuple[Acts, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the story.  ``states`` are ordered calmest first; the last is the worst."""

    name: str
    states: tuple[str, ...]
    measurement: Measurement | None = None
    rule: Literal["", "worst"] = ""
    start: tuple[str, ...] | None = None
    publication_lag: int = 0
    manipulable: bool = False
    table: TableKind = ""
    label: str = ""
    label_zh: str = ""
    states_zh: tuple[str, ...] = ()
    why: str = ""

    @property
    def cut_points(self) -> int:
        """How many numbers divide its series into its states; none where acts alone measure it."""
        how = self.measurement
        if how is not None and how.acts and not how.series:
            return 0
        return len(self.states) - 1 - (how is not None and how.closed)

    def index(self, state: str) -> int:
        """Position of ``state``; raises UnknownStateError with the nearest state."""
        if state not in self.states:
            what = f"`{state}`" if isinstance(state, str) else written(state)
            raise UnknownStateError(
                f"`{self.name}` has no state {what}.",
                f"Its states are {', '.join(self.states)} (calmest first).",
                nearest(state if isinstance(state, str) else str(state), self.states),
            )
        return self.states.index(state)


@dataclass(frozen=True, slots=True)
class Edge:
    """``cause`` acts on ``effect`` the same day (lag 0) or the day after (lag 1), ``because``."""

    cause: str
    effect: str
    lag: int = 0
    because: str = ""

    @property
    def axis(self) -> str:
        """The cause as an axis of the effect's table."""
        return lagged(self.cause) if self.lag else self.cause


@dataclass(frozen=True, slots=True)
class Confounded:
    """Two variables with an unmeasured common cause, and the reason to believe in it."""

    one: str
    other: str
    because: str = ""
