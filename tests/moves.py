"""Random moves for random models, and a world of paths written down one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from causal.graph.story import Moves
from causal.model.network import CausalModel, Fit, Provenance
from causal.model.posterior import Counts, Dirichlet
from causal.model.returns import MoveCounts

CLOSE = (-6.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0)
WICK = (0.0, 0.5, 1.0, 3.0)


def random_moves(
    seed: int, model: CausalModel, *, low: bool = True, of: str | None = None
) -> MoveCounts:
    """Days in random bins for ``of``, or the last variable, given another where there is one."""
    rng = np.random.default_rng([5, seed])
    names = sorted(model.graph.names, key=lambda n: n == of)
    given = tuple(names[:1]) if len(names) > 1 and rng.random() < 0.7 else ()
    told = Moves(names[-1], "close", "low" if low else "", given, ("logreturn",))
    sizes = [model.graph.size(n) for n in told.cell]
    days = rng.poisson(2.0, (*sizes, len(CLOSE) - 1, len(WICK) - 1 if low else 1))
    if not low:
        return MoveCounts(told, CLOSE, WICK[:2], days, 0.03)
    return MoveCounts(told, CLOSE, WICK, days, 0.03)


def with_moves(model: CausalModel, moves: MoveCounts) -> CausalModel:
    """The model with a fit that holds nothing but these moves (its tables stay)."""
    card = Provenance("", "", 0, "", "")
    return replace(
        model,
        fit=Fit(
            Counts({}, {}), Dirichlet(1.0), model.draws if model.draws > 1 else 0, 7, card, moves
        ),
    )
