"""How the rows of a table are coded for the regression that is its prior mean.

A row is a state of every cause; x codes it without interactions.  Thermometer steps 1{state >= j}
where states are ordered, one indicator a state where they are not (``logit``).  A cause whose
market is closed gets an indicator of its own, and its other states are steps above the calmest one;
where the calendar is itself a cause, it has said so already.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.variable import TableKind, unlagged
from causal.model.posterior import calendar_axis, closes

SHARED, OWN, LEVEL = 0.3, 0.9, 0.05  # ridge on the common slopes, on a level's own, on intercepts


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """The regression of one table: P(Y >= k | Y >= k-1, x), k = 1..L.

    ``columns``: of every cause how its states are coded, (states, columns of it); x is all of them
    side by side, after an intercept.  ``lowest``: the place of the state that counts as 0, those
    before it are left out (closed); ``levels``: L; ``precision`` (L (1 + q), L (1 + q)): inverse
    covariance of the prior of the coefficients.
    """

    columns: tuple[Array, ...]
    lowest: int
    levels: int
    precision: Array

    @property
    def width(self) -> int:
        """Coefficients of one level, the intercept among them."""
        return 1 + sum(int(c.shape[1]) for c in self.columns)

    @property
    def sizes(self) -> tuple[int, ...]:
        """States of every cause."""
        return tuple(len(c) for c in self.columns)

    def intercepts(self) -> NDArray[np.bool_]:
        """Which of the coefficients, (L (1 + q),), are intercepts."""
        found: NDArray[np.bool_] = np.tile(np.arange(self.width) == 0, self.levels)
        return found

    def coding(self, rows: NDArray[np.intp]) -> Array:
        """The intercept and x of some rows of the table, (rows, 1 + q)."""
        places = np.unravel_index(rows, self.sizes) if self.columns else ()
        parts = [c[p] for c, p in zip(self.columns, places, strict=True)]
        found: Array = np.concatenate([np.ones((len(rows), 1)), *parts], axis=1)
        return found

    def scores(self, theta: Array) -> Array:
        """a + x b of every row, (rows, draws), for the coefficients of one level, (draws, 1 + q).

        Effects of causes add up, so that x is never written down for a whole table.
        """
        found: Array = theta[:, 0]
        first = 1
        for place, code in enumerate(self.columns):
            effect = code @ theta[:, first : first + code.shape[1]].T
            first += code.shape[1]
            behind = (1,) * (len(self.columns) - place - 1)
            found = found + effect.reshape(*(1,) * place, len(code), *behind, len(theta))
        return np.reshape(found, (-1, len(theta)))


def design(graph: CausalGraph, name: str, parents: tuple[str, ...], kind: TableKind) -> Design:
    """The design of the table of ``name`` given ``parents``, in the order of its axes."""
    calendar = any(calendar_axis(graph, a) for a in parents)
    columns = tuple(_coded(graph, axis, kind, calendar) for axis in parents)
    lowest = 1 if calendar and closes(graph, name) else 0
    levels = max(graph.size(name) - lowest - 1, 0)
    width = 1 + sum(c.shape[1] for c in columns)
    return Design(columns, lowest, levels, _precision(levels, width, kind))


def _coded(graph: CausalGraph, axis: str, kind: TableKind, calendar: bool) -> Array:
    """How the states of a cause are coded, (states, columns)."""
    code = np.arange(graph.size(axis))
    if calendar_axis(graph, axis):
        return np.zeros((len(code), 0))
    first = int(closes(graph, unlagged(axis)))
    states = range(first + 1, len(code))
    shut = [code == 0] if first and not (calendar and "@" not in axis) else []
    if kind == "logit":
        flags = [*shut, *(code == k for k in (first, *states))]
    else:
        flags = [*shut, *(code >= k for k in states)]
    return np.array(flags, dtype=np.float64).reshape(len(flags), len(code)).T


def _precision(levels: int, width: int, kind: TableKind) -> Array:
    """Slopes are beta + delta_k with independent normal priors; intercepts stand alone."""
    both = np.full((levels, levels), 1 / SHARED) + np.diag(np.full(levels, 1 / OWN))
    alone = kind == "logit" or levels < 2
    across = np.diag(np.full(levels, SHARED)) if alone else np.linalg.inv(both)
    slopes = np.ones(width)
    slopes[0] = 0.0
    found: Array = np.kron(across, np.diag(slopes)).astype(np.float64)
    found += np.kron(np.eye(levels), np.diag(LEVEL * (1 - slopes)))
    return found
