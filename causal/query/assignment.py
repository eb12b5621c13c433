"""Assignments: what sets a variable, whatever its causes say, or where a condition holds.

Surgery puts another table in the place of P(x | pa): the truncated factorisation (Pearl 2009,
Causality, section 3.2.3), and for distributions and policies in its place the stochastic
interventions of section 4.2 there (Correa & Bareinboim 2020 for their identification).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable, lagged
from causal.query.event import Condition, StatesLike, StateWeights, quoted, states_of, states_text
from causal.text import written


@dataclass(frozen=True, slots=True)
class Hard:
    """do(variable = state): in place of P(x | pa) stands 1 at ``state`` and 0 elsewhere.

    Names are checked where a graph is at hand, by ``checked_intervention``.
    """

    variable: str
    state: str

    def vector(self, variable: Variable) -> Array:
        """What takes the table's place: weights over the states, shape (states,).

        Raises UnknownStateError.
        """
        found = np.zeros(len(variable.states))
        found[variable.index(self.state)] = 1.0
        return found

    def __str__(self) -> str:
        return f"{quoted(self.variable)}={quoted(self.state)}"


@dataclass(frozen=True, slots=True)
class Mix:
    """do(variable ~ weights), a soft intervention: in place of P(x | pa) stands w(x), whatever pa.

    StatesLike that are not named have no weight.  Raises QueryError unless the weights sum to one.
    """

    variable: str
    weights: StateWeights

    def __post_init__(self) -> None:
        distribution(self.weights, f"do({self})")

    def vector(self, variable: Variable) -> Array:
        """What takes the table's place: weights over the states, shape (states,), their sum one.

        Raises UnknownStateError.
        """
        found = np.zeros(len(variable.states))
        for state, weight in self.weights:
            found[variable.index(state)] = weight
        return found

    def __str__(self) -> str:
        share = 1 / len(self.weights) if len(self.weights) > 1 else 0.0
        return f"{quoted(self.variable)}={states_text(self.weights, even=share)}"


def distribution(weights: StateWeights, where: str) -> None:
    """Raise QueryError unless the weights of some states are none below zero and sum to one.

    ``where`` says what they belong to, as it is printed: ``do(leverage={low: 0.7, high: 0.4})``.
    """
    total = math.fsum(w for _, w in weights)
    if not abs(total - 1) <= 1e-9 or any(w < 0 for _, w in weights):
        raise QueryError(
            f"The weights in `{where}` sum to {total:g}.",
            "A soft intervention replaces a table, whose rows sum to one.",
            "Scale the weights so that they sum to one.",
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """do(variable = state if condition), on another variable of the same day or the day before.

    W(x | pa, c) = m(c) v(x) + (1 - m(c)) table(x | pa): where the condition does not hold the
    variable keeps the table that it has.  ``when`` is a Condition or one item of a mapping,
    ``{"liquidations@-1": ["elevated", "cascade"]}``; its weights m are chances of acting, in
    [0, 1].  Where two policies on one variable hold, the later one counts.
    Raises QueryError for a condition on the future, on the variable itself today, on weights
    above one.
    """

    what: Hard | Mix
    when: Condition | Mapping[str, StatesLike]

    def __post_init__(self) -> None:
        if not isinstance(self.what, Hard | Mix):
            raise QueryError(
                f"A policy cannot do {written(self.what)}.",
                "It sets its variable to a state or to a distribution.",
                'Write Policy(Hard("leverage", "low"), {"liquidations@-1": "cascade"}).',
            )
        object.__setattr__(self, "when", _plain(self.when))
        self._checked()

    def _checked(self) -> None:
        """Raise QueryError for a condition that no policy can look at, or weights above one.

        It may read the same day and the day before: later days are not known then, and earlier ones
        would need axes that a model of one lag does not carry.
        """
        when = self.condition
        if when.day not in (None, -1):
            future = (when.day or 0) > 0
            raise QueryError(
                f"The policy `{self}` depends on {'the future' if future else 'the far past'}.",
                "On each of its days a policy sees that day (`x`) and the day before (`x@-1`).",
                f"Write `... if {when.variable}@-1=...`.",
            )
        if when.day is None and when.variable == self.what.variable:
            raise QueryError(
                f"The policy `{self}` depends on the variable that it sets.",
                "On one day it would come before itself.",
                f"Write `... if {when.variable}@-1=...`, the day before.",
            )
        if any(w > 1 for _, w in when.weights):
            raise QueryError(
                f"The condition of the policy `{self}` has a weight above one.",
                "Its weights are the chances with which the policy acts.",
                "Scale the weights to at most one.",
            )

    @property
    def variable(self) -> str:
        """Whose table is changed."""
        return self.what.variable

    @property
    def condition(self) -> Condition:
        """``when``, as a condition."""
        assert isinstance(self.when, Condition)
        return self.when

    @property
    def axis(self) -> str:
        """What it reads, as an axis: ``liquidations@-1``."""
        name = self.condition.variable
        return lagged(name) if self.condition.day == -1 else name

    def chance(self, graph: CausalGraph) -> Array:
        """m(c), the chance of acting in each state c of the condition's variable, (states,).

        Raises UnknownVariableError, UnknownStateError.
        """
        return self.condition.vector(graph.variable(self.condition.variable))

    def vector(self, variable: Variable) -> Array:
        """v(x), what it sets where it acts, shape (states,); raises UnknownStateError."""
        return self.what.vector(variable)

    def __str__(self) -> str:
        return f"{self.what} if {self.condition}"


def _plain(when: object) -> Condition:
    """A condition from what the caller wrote; day 0, the policy's own, is left out.

    Raises QueryError for anything but a Condition or a mapping of one variable.
    """
    if isinstance(when, Mapping) and len(when) == 1:
        ((key, states),) = when.items()
        name, mark, day = str(key).partition("@")
        if not mark or day.removeprefix("-").isdecimal():
            when = Condition(name, states_of(name, states), int(day) if mark else None)
    if not isinstance(when, Condition):
        raise QueryError(
            f"{written(when)} is no condition of a policy.",
            "A policy reads one variable, of the same day or of the day before.",
            'Write Policy(Hard("leverage", "low"), {"liquidations@-1": "cascade"}).',
        )
    return Condition(when.variable, when.weights) if when.day == 0 else when
