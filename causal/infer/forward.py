"""The forward pass (filter with absorption): P(event | do, evidence) for all draws at once.

    a_d(i_d) = sum a_(d-1)(i_(d-1)) prod_v table_v(x_d | parents) weights_d

The recursion of Rabiner (1989) on joint states of the persistent variables; on a day that is asked,
the mass a_d w that the event takes leaves and is added up, so that "at least once by then" is a sum
over first days.  Backends run it (``contract/backend.py``); here a model meets them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.backend import Forward, Reader
from causal.contract.dispatch import choose
from causal.contract.row_store import RowStore, row_store
from causal.contract.slice import Operand, Slice, affordable
from causal.errors import ImpossibleEvidenceError
from causal.graph.variable import lagged
from causal.infer.frontier import Factor
from causal.model.network import CausalModel, family
from causal.model.posterior import Piece
from causal.query.event import Condition
from causal.query.query import Query
from causal.query.week import weekly


def forward(model: CausalModel, days: Sequence[Slice]) -> Forward:
    """Run compiled days over all draws of a model (see ``Forward``).

    Raises QueryError where they cost more than the budget.
    """
    return forwards(model, (days,))[0]


def forwards(model: CausalModel, worlds: Sequence[Sequence[Slice]]) -> list[Forward]:
    """``forward`` of several worlds side by side: what they have in common is computed once.

    In their order.  Raises QueryError where all of them together cost more than the budget.
    """
    work = affordable([day for days in worlds for day in days], model.draws)
    own = reader(model)
    return choose(work, worlds, own).run(worlds, own)


def last_joint(model: CausalModel, days: Sequence[Slice]) -> tuple[Array, Array]:
    """The last day's result over its output axes and the draws, up to a scale: a joint.

    And log of its whole mass before anything was normalised (of the days where that counts).  Every
    earlier day is conditioned on its evidence and normalised; an event plays no part.
    """
    work = affordable(days, model.draws)
    own = reader(model)
    (found,) = choose(work, (days,), own).run((days,), own, joint=True)
    assert found.joint is not None
    return found.joint, found.log_evidence


def reader(model: CausalModel) -> Reader:
    """A model as backends read it."""

    def read(operand: Operand) -> Array:
        assert isinstance(operand, Factor)
        return operand.of(model)

    return Reader(model.draws, read, lambda: rows(model), model.kept)


def rows(model: CausalModel) -> RowStore:
    """The rows of a model's tables, made once and kept with it; raises MemoryError without room."""
    return model.kept.made("rows", lambda: _rows(model))


def _rows(model: CausalModel) -> RowStore:
    """Room for the tables of all variables; those of the first slice where days hang together."""
    graph = model.graph
    pieces: tuple[Piece, ...] = ("day", "start") if graph.persistent else ("day",)
    shapes: dict[Hashable, Axes] = {
        (p, n): family(graph, n, p) for p in pieces for n in graph.names
    }
    joined, _ = weekly(graph)  # days without a date have an axis more
    sizes = {a: joined.size(n) for n in joined.names for a in (n, lagged(n))}
    return row_store(shapes, sizes, model.draws)


def possible(found: Forward, query: Query) -> None:
    """Raise ImpossibleEvidenceError where the evidence has probability zero, be it in one draw."""
    never = np.isneginf(found.log_evidence)
    if never.any():
        some = "" if never.all() else f" in {int(never.sum())} of its draws"
        raise impossible(query.given, some)


def impossible(given: Sequence[Condition], some: str = "") -> ImpossibleEvidenceError:
    """The error that evidence cannot be; ``some``: in which draws, in words."""
    evidence = f" ({', '.join(map(str, given))})" if given else ""
    return ImpossibleEvidenceError(
        f"The evidence{evidence} has probability zero under the model{some}.",
        "Nothing can be conditioned on what cannot happen (or is rarer than 1e-300).",
        "Check the states for a contradiction with `do`, with the calendar or with each other.",
    )


def full(values: Array, draws: int) -> Array:
    """One value a draw, whether or not they were computed one by one."""
    return values if len(values) == draws else np.broadcast_to(values, (draws,)).copy()
