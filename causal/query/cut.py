"""Cut: an intervention on an edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

import numpy as np

from causal.contract.array import Array
from causal.errors import QueryError, nearest
from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable, lagged, unlagged
from causal.query.assignment import distribution
from causal.query.event import StatesLike, StateWeights, quoted, states_of, states_text
from causal.text import written


@dataclass(frozen=True, slots=True)
class Cut:
    """do(cause -> effect = state): one effect sees a chosen state of its cause, no other does.

    table'(y | pa) = sum_s m(s | real c) table(y | .., s, ..), an edge intervention (Shpitser &
    Tchetgen Tchetgen 2016).  ``sees`` is a state, a set (equal shares) or weights that sum to one;
    without it the effect sees the calmest state.  A market that closes is seen closed on the days
    on which it is: the calendar is never contradicted.
    ``cause`` is an axis, ``"bitcoin@-1"`` or ``"leverage"``.
    """

    cause: str
    effect: str
    sees: StatesLike | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.cause, str) or not isinstance(self.effect, str):
            raise QueryError(
                f"Cut({written(self.cause)}, {written(self.effect)}) names no arrow.",
                "An arrow runs from a cause to an effect, both named.",
                'Write Cut("bitcoin@-1", "liquidations").',
            )
        if self.sees is None or _weighed(self.sees):
            return
        weights = states_of(self.cause, self.sees)
        if not isinstance(self.sees, Mapping):
            weights = tuple((s, 1 / len(weights)) for s, _ in weights)
        object.__setattr__(self, "sees", weights)
        distribution(weights, f"do({self})")

    @property
    def variable(self) -> str:
        """Whose table is changed: the effect."""
        return self.effect

    def matrix(self, graph: CausalGraph) -> Array:
        """m(seen | real), shape (states of the cause, states of the cause): rows sum to one.

        Without ``sees`` it is the calmest state of an open day.  Where the cause's market closes
        the row of the closed state stays what it is.  Raises UnknownVariableError,
        UnknownStateError.
        """
        variable = graph.variable(unlagged(self.cause))
        closes = closing(variable)
        seen = np.zeros(len(variable.states))
        for state, weight in self.weights or ((variable.states[1 if closes else 0], 1.0),):
            seen[variable.index(state)] = weight
        found = np.tile(seen, (len(seen), 1))
        if closes:
            found[0] = np.eye(len(seen))[0]
        return found

    @property
    def weights(self) -> StateWeights:
        """What the effect sees, with its weights; empty for the calmest state."""
        return self.sees if _weighed(self.sees) else ()

    def __str__(self) -> str:
        edge = f"{axis_text(self.cause)} -> {quoted(self.effect)}"
        if not self.weights:
            return f"{edge} cut"
        share = 1 / len(self.weights) if len(self.weights) > 1 else 0.0
        return f"{edge}={states_text(self.weights, even=share)}"


def axis_text(axis: str) -> str:
    """An axis as the grammar reads it."""
    name = unlagged(axis)
    return quoted(name) + axis[len(name) :]


def _weighed(states: object) -> TypeGuard[StateWeights]:
    """Whether what is seen has been resolved into states and weights."""
    return isinstance(states, tuple) and all(isinstance(s, tuple) for s in states)


def closing(variable: Variable) -> bool:
    """Whether the first state of a variable stands for days without a session.

    Such a state is set by the calendar: no intervention contradicts it.
    """
    measured = variable.measurement
    return measured is not None and measured.closed and len(variable.states) > 1


def checked_cut(graph: CausalGraph, cut: Cut) -> Cut:
    """The cut with its axis in full, its names and states known to the graph.

    ``bitcoin -> liquidations`` means the lagged edge where only that one exists.  Raises
    UnknownVariableError, UnknownStateError, and QueryError, with the nearest edge, where there is
    no such edge, or for a closed market that is shown on an open day.
    """
    graph.variable(cut.effect)
    name, mark, day = cut.cause.partition("@")
    graph.variable(name)
    axis = name if mark and day in ("0", "-0") else cut.cause
    parents = graph.parents(cut.effect)
    if axis == name and not mark and name not in parents and lagged(name) in parents:
        axis = lagged(name)
    if axis not in parents:
        edges = [f"{p} -> {cut.effect}" for p in parents]
        raise QueryError(
            f"There is no edge `{axis} -> {cut.effect}` to cut.",
            f"Edges into {cut.effect}: {', '.join(edges)}."
            if edges
            else f"No edge leads into {cut.effect}.",
            _advice(graph, name, axis, cut.effect),
        )
    found = Cut(axis, cut.effect, cut.sees)
    variable = graph.variable(name)
    found.matrix(graph)
    states = [s for s, w in found.weights if w > 0]
    if closing(variable) and variable.states[0] in states:
        raise QueryError(
            f"`do({found})` lets `{cut.effect}` see a closed market on an open day.",
            "Days without a session are set by the calendar, not by an intervention.",
            f"Choose among {', '.join(variable.states[1:])}.",
        )
    return found


def _advice(graph: CausalGraph, name: str, axis: str, effect: str) -> str:
    """What to do about an edge that is not there: the same one on the other day, or the nearest."""
    known = [f"{e.axis} -> {e.effect}" for e in graph.edges]
    same = [f"{p} -> {effect}" for p in (name, lagged(name)) if p in graph.parents(effect)]
    if same:
        return f"Did you mean `{same[0]}`?"
    return nearest(f"{axis} -> {effect}", known) if known else "The graph has no edges."
