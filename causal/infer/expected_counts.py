"""Expected counts: how often an answer uses each entry of each table (the E-step).

    N(entry) = theta dlog F / dtheta,   F = P(event and evidence), or P(evidence) without an event,

the expected number of times that the days of a question visit an entry of a table, given event and
evidence (Baum, Petrie, Soules & Weiss 1970; the derivative: Castillo, Gutierrez & Hadi 1997).  F is
linear in each entry of a day's table, so theta dF/dtheta is the joint probability of that entry's
states with event and evidence: divided by F, their probability.  One forward and one backward pass
give it for every entry at once.  Support, gradients, the tornado and marginals read it, and
learning from incomplete days will.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causal.contract import numpy_backend
from causal.contract.array import Array
from causal.contract.slice import Slice, affordable
from causal.graph.dag import CausalGraph
from causal.infer.forward import reader
from causal.infer.frontier import Factor, factors
from causal.model.network import CausalModel, family
from causal.model.posterior import Piece

USED = 0.05  # a row counts as used when it takes this share of an answer's visits to its table

Key = tuple[Piece, str]
"""A table: of the first slice or of every day, and its variable."""

Visits = Mapping[tuple[int, int], Array]
"""Under (day number, place of an operand): expected visits, shape (*axes of it, columns)."""


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedCounts:
    """N of every entry of every learnt table, over all days of a question.

    ``tables``: shape (*parents, states, columns), a column a draw (or a question, see
    ``expected_counts``); tables by a rule are absent.  ``probability``: P(event | evidence), one
    without an event, shape (columns,).
    """

    probability: Array
    tables: Mapping[Key, Array]

    @property
    def point(self) -> dict[Key, Array]:
        """The tables of a model of one draw, without their columns."""
        return {key: entries[..., 0] for key, entries in self.tables.items()}


def expected_counts(
    model: CausalModel, days: Sequence[Slice], *, columns: Visits | None = None
) -> ExpectedCounts:
    """Expected counts of compiled days, in the shape of whole tables (see ``visits``).

    Days share their tables, so an entry's count is its sum over the days.  Of the visits to what a
    policy or a cut made of a table, its entries get what they are due.  Meant for a model of one
    draw: whole tables of every draw are large.  Raises QueryError beyond the budget.
    """
    counted, probability = visits(model, days, columns=columns)
    graph = model.graph
    found: dict[Key, Array] = {}
    for day in days:
        for place, factor in enumerate(factors(day)):
            if factor.vector is None and not graph.variable(factor.source).rule:
                key = factor.piece, factor.source
                entries = _whole(graph, factor, factor.charged(model, counted[day.number, place]))
                found[key] = found[key] + entries if key in found else entries
    return ExpectedCounts(probability, found)


def visits(
    model: CausalModel, days: Sequence[Slice], *, columns: Visits | None = None
) -> tuple[Visits, Array]:
    """How often each entry of each operand is used, and P(event | evidence), per draw.

    ``columns``: weights that take the place of some operands, shape (*axes, questions): many
    questions at once that differ in weights alone, to a model of one draw.
    Raises QueryError where the days cost more than the budget.
    """
    affordable(days, model.draws)
    own = reader(model)
    if columns:
        operands = {(day.number, i): o for day in days for i, o in enumerate(day.operands)}
        placed = {id(operands[key]): weights for key, weights in columns.items()}
        plain = own.read
        own = replace(own, read=lambda o: placed[id(o)] if id(o) in placed else plain(o))
    return numpy_backend.backward(days, own)


def used(entries: Array) -> NDArray[np.bool_]:
    """The rows that take at least the share ``USED`` of the visits to one table.

    ``entries`` (*parents, states, columns); the flags (*parents, columns).
    """
    rows = entries.sum(axis=-2)
    total = rows.sum(axis=tuple(range(rows.ndim - 1)))
    found: NDArray[np.bool_] = (rows >= USED * total) & (rows > 0)
    return found


def _whole(graph: CausalGraph, factor: Factor, visited: Array) -> Array:
    """Visits to the block of a table that a factor reads, in the shape of the whole table."""
    sizes = [graph.size(a) for a in family(graph, factor.source, factor.piece)]
    full = np.zeros((*sizes, visited.shape[-1]))
    full[factor.index] = visited
    return full
