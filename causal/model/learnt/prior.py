"""The prior of every table: its mean, learnt from the table as a whole, and its strength.

Row r of a table has the prior mean m_r = m(x_r; theta) of a continuation-ratio logit on the states
of its causes (``ratio_logit``), or that of coarser causes (``backoff``, as
``posterior.Dirichlet``), and is worth s days, s chosen for the table (``learn.strength``).
Its posterior mean is (N_r + s m_r) / (sum N_r + s).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.variable import TableKind
from causal.memo import Memo
from causal.model.learnt.design import Design, design
from causal.model.learnt.ratio_logit import mode, row_means
from causal.model.posterior import TINY, CountArray, Counts, Dirichlet, Piece, allowed, within


@dataclass(frozen=True, slots=True, eq=False)
class TablePrior:
    """Of one table: how its prior mean is made, its strength in days a row, and the mode.

    ``coefficients``: those of the regression at all days, (L (1 + q),); none for ``backoff``.
    """

    kind: TableKind
    strength: float
    coefficients: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LearntPrior:
    """The priors of the tables of both slices, and how days are weighed.

    ``block``: days over which a weight is spread, 1 for independent days; ``half_life``: days after
    which a day counts half, 0 for never; ``since``: the first day that counts, empty for all;
    ``stationary``: whether the first day is drawn from the law that the days settle in.
    """

    day: Mapping[str, TablePrior]
    start: Mapping[str, TablePrior]
    block: int = 20
    half_life: float = 0.0
    since: str = ""
    stationary: bool = True
    kept: Memo = field(default_factory=Memo, init=False, repr=False)

    def __repr__(self) -> str:
        return f"<LearntPrior of {len(self.day)} tables, days in blocks of {self.block}>"

    def of(self, piece: Piece) -> Mapping[str, TablePrior]:
        """The priors of one slice, by variable."""
        return self.day if piece == "day" else self.start

    def strength_of(self, piece: Piece, name: str) -> float:
        """Days that the prior of a row is worth."""
        return self.of(piece)[name].strength

    def design(self, graph: CausalGraph, piece: Piece, name: str) -> Design:
        """The regression of one table."""
        parents = graph.parents(name) if piece == "day" else graph.start_parents(name)
        kind = self.of(piece)[name].kind
        return self.kept.made((piece, name), lambda: design(graph, name, parents, kind))

    def alpha(self, graph: CausalGraph, piece: Piece, name: str, counts: CountArray) -> Array:
        """N + s m of every row, (*parents, states)."""
        found = self.of(piece)[name]
        parents = graph.parents(name) if piece == "day" else graph.start_parents(name)
        if found.kind == "backoff":
            return Dirichlet(found.strength).alpha(counts, allowed(graph, name, parents))
        theta = np.array(found.coefficients)
        return smoothed(
            self.design(graph, piece, name), theta, found.strength, counts,
            allowed(graph, name, parents),
        )  # fmt: skip


def smoothed(
    rows: Design, theta: Array, strength: float, counts: CountArray, where: NDArray[np.bool_] | None
) -> Array:
    """N + s m(theta), (*parents, states), zero outside ``where``."""
    mean = row_means(rows, theta[None, :], counts.shape[-1])[..., 0].reshape(counts.shape)
    if where is not None:
        mean = within(mean, where)
    prior: Array = np.where(mean > 0, np.maximum(strength * mean, TINY), 0.0)
    found: Array = counts + prior
    return found


def with_modes(graph: CausalGraph, counts: Counts, prior: LearntPrior) -> LearntPrior:
    """The same prior, its coefficients at the mode of these counts."""
    pieces: list[dict[str, TablePrior]] = []
    slices: tuple[Piece, Piece] = ("day", "start")
    for piece in slices:
        found = {}
        for name, own in prior.of(piece).items():
            theta: Array = np.zeros(0)
            if own.kind != "backoff":
                days = counts.of(piece)[name]
                theta = mode(prior.design(graph, piece, name), days.reshape(-1, days.shape[-1]))
            found[name] = TablePrior(own.kind, own.strength, tuple(map(float, theta)))
        pieces.append(found)
    return replace(prior, day=pieces[0], start=pieces[1])
