"""The state of a market: everything that the next day can depend on, for all paths at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.laboratory.book import Book, new_book
from causal.laboratory.noise import HOURS
from causal.laboratory.parameters import Parameters

MACRO = (
    "appetite",
    "regime",
    "war",
    "trade",
    "hour",
    "risk_off",
    "rise",
    "session",
    "yields",
    "miss",
    "equity",
    "carry",
    "level",
    "drawdown",
    "order",
    "queue",
    "flow",
    "demand",
    "thin",
    "jump",
)
"""What is known of a day before its hours, by the names of the record."""

CRYPTO = (
    "close",
    "low",
    "high",
    "volatility",
    "momentum",
    "longs",
    "shorts",
    "near",
    "gain",
    "low20",
    "liquidated",
    "squeezed",
    "deleveraged",
    "forced",
    "broken",
)
"""What its hours make."""

BY_HOUR = ("price", "liquidated", "squeezed", "longs", "gain")


@dataclass(slots=True, eq=False)
class State:
    """A market up to the end of day ``row`` - 1.

    ``day[name]``: one row a day, (days, paths), those from ``row`` on not yet filled; ``price``,
    ``depressed`` (what dip buyers have still to take back) and ``book`` as the day begins;
    ``hour``: the hours of every day where they are kept, (days, 24, paths)."""

    session: NDArray[np.bool_]
    day: dict[str, Array]
    price: Array
    depressed: Array
    book: Book
    row: int = 0
    hour: dict[str, Array] = field(default_factory=dict)

    @property
    def paths(self) -> int:
        return len(self.price)

    def copy(self) -> State:
        """The same market, to be run on in another way."""
        return State(
            self.session,
            {n: v.copy() for n, v in self.day.items()},
            self.price.copy(),
            self.depressed.copy(),
            self.book.copy(),
            self.row,
            {n: v.copy() for n, v in self.hour.items()},
        )

    def before(self, name: str, back: int = 1) -> Array:
        """A quantity ``back`` days before the next one; zero before the first day."""
        at = self.row - back
        return self.day[name][at] if at >= 0 else np.zeros(self.paths)

    def trailing(self, name: str, days: int) -> Array:
        """The last ``days`` days of a quantity, (at most days, paths)."""
        return self.day[name][max(self.row - days, 0) : self.row]


def new_state(
    session: NDArray[np.bool_], paths: int, p: Parameters, *, hours: bool = False
) -> State:
    """A market before its first day: no positions, nothing pending."""
    shape = (len(session), paths)
    day = {n: np.zeros(shape) for n in (*MACRO, *CRYPTO)}
    kept = BY_HOUR if hours else ()
    hour = {n: np.zeros((len(session), HOURS, paths)) for n in kept}
    return State(session, day, np.zeros(paths), np.zeros(paths), new_book(paths, p), hour=hour)


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds on a day: the parameters, the paths that are cut, an add-on to the margin."""

    p: Parameters
    cut: frozenset[str] = frozenset()
    addon: float = 0.0

    def open(self, path: str) -> float:
        """1 for a path that is open, 0 for one that is cut."""
        return float(path not in self.cut)
