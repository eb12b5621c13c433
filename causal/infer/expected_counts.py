"""Expected counts: how often an answer uses each entry of each table (the E-step)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causal.contract import numpy_backend
from causal.contract.cost import affordable
from causal.contract.plan import Array
from causal.contract.slice import Slice
from causal.graph.dag import CausalGraph
from causal.infer.factor import Factor, factors
from causal.infer.forward import source
from causal.model.network import CausalModel, family
from causal.model.posterior import Piece

Visits = Mapping[tuple[int, int], Array]
"""Under (day number, place of an operand): expected visits, shape (*axes of it, draws)."""


def visits(
    model: CausalModel, days: Sequence[Slice], *, columns: Visits | None = None
) -> tuple[Visits, Array]:
    """How often each entry of each operand is used, and P(event | evidence), per draw.

    N(entry) = theta dlog F / dtheta, F = P(event and evidence), or P(evidence) without an event:
    the expected number of visits to the entry given event and evidence, by one forward and one
    backward pass (Castillo, Gutierrez & Hadi 1997: the derivative; Baum et al. 1970: the counts).
    ``columns``: weights that take the place of some operands, shape (*axes, questions): many
    questions at once that differ in weights alone, to a model of one draw.
    Raises QueryError where the days cost more than the budget.
    """
    affordable(days, model.draws)
    own = source(model)
    if columns:
        placed = {id(days_.operands[i]): c for days_ in days for (d, i), c in columns.items()
                  if d == days_.number}  # fmt: skip
        plain = own.read
        own = replace(own, read=lambda o: placed[id(o)] if id(o) in placed else plain(o))
    return numpy_backend.visits(days, own)


USED = 0.05  # a row counts as used when it takes this share of an answer's visits to its table


def usage(
    mean: CausalModel, days: Sequence[Slice], visits: Mapping[tuple[int, int], Array]
) -> dict[tuple[Piece, str], Array]:
    """Expected visits to every entry of every learnt table, over all days; whole table shapes.

    Of the visits to what a policy or a cut made of a table, its entries get what they are due.
    """
    graph = mean.graph
    found: dict[tuple[Piece, str], Array] = {}
    for day in days:
        for place, operand in enumerate(factors(day)):
            if operand.vector is None and not graph.variable(operand.source).rule:
                key = (operand.piece, operand.source)
                entries = _scattered(
                    graph, operand, operand.charged(mean, visits[day.number, place])
                )
                found[key] = found[key] + entries if key in found else entries
    return found


def used(entries: Array) -> NDArray[np.bool_]:
    """The rows that take at least the share ``USED`` of the visits to one table."""
    rows = entries.sum(axis=-1)
    found: NDArray[np.bool_] = (rows >= USED * rows.sum()) & (rows > 0)
    return found


def _scattered(graph: CausalGraph, operand: Factor, used: Array) -> Array:
    """Visits to the block of a table that an operand reads, in the shape of the whole table."""
    sizes = [graph.size(a) for a in family(graph, operand.source, operand.piece)]
    full = np.zeros(sizes)
    full[operand.index] = used.sum(axis=-1)
    return full
