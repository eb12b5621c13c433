"""Assignments: what sets a variable whatever its causes say, to a state or to a distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from causal.errors import QueryError
from causal.graph.dag import Variable
from causal.model.event import quoted, states_text
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
        distribution(self.weights, f"do({self})")

    def vector(self, variable: Variable) -> Array:
        found = np.zeros(len(variable.states))
        for state, weight in self.weights:
            found[variable.index(state)] = weight
        return found

    def __str__(self) -> str:
        share = 1 / len(self.weights) if len(self.weights) > 1 else 0.0
        return f"{quoted(self.variable)}={states_text(self.weights, even=share)}"


def distribution(weights: tuple[tuple[str, float], ...], where: str) -> None:
    """Raise QueryError unless the weights of some states sum to one."""
    total = math.fsum(w for _, w in weights)
    if not abs(total - 1) <= 1e-9 or any(w < 0 for _, w in weights):
        raise QueryError(
            f"The weights in `{where}` sum to {total:g}.",
            "A soft intervention replaces a table, whose rows sum to one.",
            "Scale the weights so that they sum to one.",
        )
