"""Interventions: data that say how to replace a table.

``Hard`` sets a state, ``Mix`` a distribution; ``Schedule`` confines either to some days.  Doing
replaces the whole table of the variable, so its marginal is exactly what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from causal.errors import QueryError
from causal.graph.dag import CausalGraph, Variable
from causal.model.event import States, condition, quoted, states_text
from causal.model.table import Array


@dataclass(frozen=True, slots=True)
class Hard:
    """do(variable = state)."""

    variable: str
    state: str

    def vector(self, variable: Variable) -> Array:
        found = np.zeros(len(variable.states))
        found[variable.index(self.state)] = 1.0
        return found

    def __str__(self) -> str:
        return f"{quoted(self.variable)}={quoted(self.state)}"


@dataclass(frozen=True, slots=True)
class Mix:
    """do(variable ~ weights): a soft intervention.  Raises QueryError unless they sum to one."""

    variable: str
    weights: tuple[tuple[str, float], ...]

    def __post_init__(self) -> None:
        total = math.fsum(w for _, w in self.weights)
        if not abs(total - 1) <= 1e-9 or any(w < 0 for _, w in self.weights):
            raise QueryError(
                f"The weights in `do({self})` sum to {total:g}.",
                "A soft intervention replaces a table, whose rows sum to one.",
                "Scale the weights so that they sum to one.",
            )

    def vector(self, variable: Variable) -> Array:
        found = np.zeros(len(variable.states))
        for state, weight in self.weights:
            found[variable.index(state)] = weight
        return found

    def __str__(self) -> str:
        share = 1 / len(self.weights) if len(self.weights) > 1 else 0.0
        return f"{quoted(self.variable)}={states_text(self.weights, even=share)}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """An intervention that holds from day ``first`` to ``last`` of the horizon, both included."""

    what: Hard | Mix
    first: int = 1
    last: int | None = None

    def __post_init__(self) -> None:
        whole = all(isinstance(d, int) for d in (self.first, self.last) if d is not None)
        if not whole or self.first < 1 or (self.last is not None and self.last < self.first):
            raise QueryError(
                f"An intervention on days {self.first} to {self.last} is not a span of days.",
                "Days of the horizon are counted from 1.",
                "Write `do(x=a for 3d)` for the first three days, `do(x=a on d2)` for the second.",
            )

    @property
    def variable(self) -> str:
        return self.what.variable

    def vector(self, variable: Variable) -> Array:
        return self.what.vector(variable)

    def holds(self, day: int) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def __str__(self) -> str:
        if self.first == self.last:
            return f"{self.what} on d{self.first}"
        if self.first == 1 and self.last is not None:
            return f"{self.what} for {self.last}d"
        if self.last is None:
            return f"{self.what} from d{self.first}"
        return f"{self.what} on d{self.first}-d{self.last}"


Intervention = Hard | Mix | Schedule


def intervention(graph: CausalGraph, name: str, states: States) -> Hard | Mix:
    """A checked intervention.  A set of states shares the weight evenly; weights must sum to one.

    Raises UnknownVariableError, UnknownStateError, QueryError.
    """
    found = condition(graph, name, states)
    if found.day is not None:
        raise QueryError(
            f"`do({found})` names a day with `@`.",
            "An intervention holds on every day of the horizon unless it says for how long.",
            f"Write `do({found.variable}=... on d{max(found.day, 1)})` or `for 3d`.",
        )
    if isinstance(states, Mapping):
        return Mix(found.variable, found.weights)
    if len(found.weights) == 1:
        return Hard(found.variable, found.weights[0][0])
    share = 1 / len(found.weights)
    return Mix(found.variable, tuple((s, share) for s, _ in found.weights))


def interventions(
    graph: CausalGraph, what: Intervention | Mapping[str, States] | Iterable[Intervention]
) -> tuple[Intervention, ...]:
    """Interventions from values or from a mapping, each checked against the graph."""
    if isinstance(what, Mapping):
        return tuple(intervention(graph, name, states) for name, states in what.items())
    found = (what,) if isinstance(what, Hard | Mix | Schedule) else what
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise _no_intervention(what)
    found = tuple(found)
    for item in found:
        if not isinstance(item, Hard | Mix | Schedule):
            raise _no_intervention(item)
        item.vector(graph.variable(item.variable))
    return found


def _no_intervention(what: object) -> QueryError:
    return QueryError(
        f"{what!r} is no intervention.",
        "`do` takes a mapping of variables to states, or Hard, Mix and Schedule values.",
        'Write model.do(leverage="low") or model.do(Schedule(Hard("leverage", "low"), 1, 3)).',
    )
