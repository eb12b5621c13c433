"""The one grammar of events: states of a variable, maybe of a day, or a drawdown of its price.

StatesLike serve as event, evidence and intervention alike: ``{"bitcoin": "crash"}``,
``{"bitcoin": ["crash", "fall"]}``, ``{"leverage": {"high": 0.7, "mid": 0.3}}``; a key may name a
day, ``"leverage@-1"`` or ``"trade@2"``.  A drawdown is an event only: ``drawdown <= -10%``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from causal import limit
from causal.contract.array import Array
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.section import finite
from causal.graph.variable import Variable
from causal.query.level import PriceLevel
from causal.text import written

WORDS = frozenset({"do", "within", "at", "in", "for", "on", "from", "if", "then", "cut"})

DRAWDOWN, AT_MOST = "drawdown", "<="
FINEST = 1e-6  # a drawdown that is told from none, and from another

StatesLike = str | Iterable[str] | Mapping[str, float]
"""What a caller may say of one variable: a state, a set of states, a weight for each."""

StateWeights = tuple[tuple[str, float], ...]
"""States and their weights, each state once."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Weights w(x) on the states of one variable; ``day`` None means the question's own day.

    One state or a set of states has weights of one; other weights are likelihoods, so that evidence
    is uncertain (virtual evidence, Pearl 1988), or the chance that a state counts as
    the event.  What is conditioned on or asked is the joint times w(x).  Raises QueryError for
    weights that are negative or not finite, for none above zero, for a state named twice, and for
    what is no day.
    """

    variable: str
    weights: StateWeights
    day: int | None = None

    def __post_init__(self) -> None:
        for state, weight in self.weights:
            if not _weighs(weight):
                raise QueryError(
                    f"The weight of `{self.variable}={state}` is {written(weight)}.",
                    "Weights are finite and not negative.",
                    "Give each state a weight of zero or more.",
                )
        if self.day is not None and not limit.day(self.day):
            raise QueryError(
                f"`{self.variable}@{written(self.day)}` is no day.",
                "A condition is about today or about a whole number of days before or after it.",
                f"Write `{self.variable}@-1` or `{self.variable}@2`.",
            )
        names = [s for s, _ in self.weights]
        if len(set(names)) != len(names) or not any(w > 0 for _, w in self.weights):
            raise QueryError(
                f"`{self.variable}` is given no state, or the same state twice.",
                "A condition needs at least one state with a positive weight.",
                "Name each state once.",
            )

    def vector(self, variable: Variable) -> Array:
        """w(x) of every state, zero where none is given, shape (states,).

        Raises UnknownStateError.
        """
        found = np.zeros(len(variable.states))
        for state, weight in self.weights:
            found[variable.index(state)] = weight
        return found

    def __str__(self) -> str:
        day = "" if self.day is None else f"@{self.day}"
        return f"{quoted(self.variable)}{day}={states_text(self.weights)}"


@dataclass(frozen=True, slots=True)
class Drawdown:
    """min over days 1..N of close_t / close_0 - 1 <= ``threshold``, a return: -0.1 for -10 %.

    ``variable``: whose price it is, the one whose days are moves of it; None: the one that the
    model has.  It is printed as it was written, with a name or without, so that it reads back
    equal.  ``level``: the price that it was asked as, where it was; no part of the question.
    Raises QueryError unless -1 < threshold < 0, and for a name that is no text.
    """

    threshold: float
    variable: str | None = None
    level: PriceLevel | None = field(default=None, compare=False)

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
        if self.variable is not None and not isinstance(self.variable, str):
            raise QueryError(
                f"A drawdown of {written(self.variable)} names no variable.",
                "It is a drawdown of the price behind one variable of the model.",
                'Write Drawdown(-0.1), or Drawdown(-0.1, "bitcoin").',
            )

    def __str__(self) -> str:
        whose = "" if self.variable is None else f"({quoted(self.variable)})"
        return f"{DRAWDOWN}{whose} {AT_MOST} {percent(self.threshold)}"


def _weighs(weight: float) -> bool:
    """Whether a value is a weight: a finite number of zero or more."""
    try:
        return math.isfinite(weight) and weight >= 0
    except (TypeError, OverflowError):
        return False


def bare(char: str) -> bool:
    """Whether a character may stand in a name without quotes."""
    return char.isalnum() or char in "_.-+"


def quoted(name: str) -> str:
    """The name as the grammar reads it: in double quotes unless bare and no word of its own."""
    if name and name not in WORDS and all(map(bare, name)):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def states_text(weights: StateWeights, even: float = 1.0) -> str:
    """``crash``, ``{crash, fall}`` or ``{high: 0.7, mid: 0.3}``; ``even`` is a set's weight."""
    if all(w == even for _, w in weights):
        names = [quoted(s) for s, _ in weights]
        return names[0] if len(names) == 1 else "{" + ", ".join(names) + "}"
    return "{" + ", ".join(f"{quoted(s)}: {number(w)}" for s, w in weights) + "}"


def number(value: float) -> str:
    """The shortest text that reads back as the same number: ``0.7``, ``1``."""
    return repr(float(value)).removesuffix(".0")


def percent(value: float) -> str:
    """``-10%`` where that reads back as the same number, else ``-0.1234...``."""
    text = number(round(value * 100, 10))
    return f"{text}%" if float(text) / 100 == value else number(value)


def condition(graph: CausalGraph, key: str, states: StatesLike) -> Condition:
    """One checked condition; ``key`` is a variable, or a variable and a day, ``"leverage@-1"``.

    Raises UnknownVariableError, UnknownStateError, and QueryError for a day or weights that are
    none.
    """
    if not isinstance(key, str):
        raise _malformed(key)
    name, mark, day = key.partition("@")
    variable = graph.variable(name)
    pairs = states_of(name, states, variable)
    for state, _ in pairs:
        variable.index(state)
    number = None
    if mark:
        try:
            number = int(day)
        except ValueError:
            raise QueryError(
                f"`{key}` does not name a day.",
                "After `@` stands a whole number: -1 is the day before, 2 two days ahead.",
                f"Write `{name}@-1` or `{name}@2`.",
            ) from None
    return Condition(name, pairs, number)


def conditions(
    graph: CausalGraph, mapping: Mapping[str, StatesLike] | None
) -> tuple[Condition, ...]:
    """Every item of a mapping as a checked condition, in its order; None has none.

    Raises as ``condition`` does, and QueryError for what is no mapping.
    """
    if mapping is not None and not isinstance(mapping, Mapping):
        raise _malformed(mapping)
    return tuple(condition(graph, key, states) for key, states in (mapping or {}).items())


def states_of(name: str, states: StatesLike, variable: Variable | None = None) -> StateWeights:
    """States with their weights, a weight of one where none is given.

    ``variable``, where it is known, makes the example in the error.  Raises QueryError for what
    names no states.
    """
    try:
        if isinstance(states, str):
            return ((states, 1.0),)
        if isinstance(states, Mapping):
            return tuple((str(s), float(w)) for s, w in states.items())
        return tuple((str(s), 1.0) for s in states)
    except (TypeError, ValueError, OverflowError, RecursionError):
        known = variable.states if variable is not None else ("state",)
        example = next((s for s in known if s.casefold() == written(states).casefold()), known[-1])
        raise QueryError(
            f"`{name}` is given {written(states)}.",
            "A condition is a state as text, a set of states, or a weight for each state.",
            f'Write {{"{name}": "{example}"}} or a list of states.',
        ) from None


def _malformed(what: object) -> QueryError:
    """The error of a value that is no mapping of variables to states."""
    return QueryError(
        f"{written(what)} is no condition.",
        "Events, evidence and interventions map variables to their states.",
        'Write {"bitcoin": "crash"}.',
    )
