"""Random questions to random models that rest on counts, as a fit leaves them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from causal.model.network import CausalModel, Fit, Provenance, family, fitted
from causal.model.posterior import Counts, Dirichlet, IntArray, Piece
from tests.strategies import Case, any_case


def fitted_case(seed: int, days: int, draws: int = 20_000) -> Case:
    """A random question to a model with ``days`` days of counts in every table."""
    case = any_case(seed)
    graph = case.model.graph
    rng = np.random.default_rng([9, seed])

    def counts(piece: Piece) -> dict[str, IntArray]:
        found = {}
        for name in graph.names:
            sizes = [graph.size(a) for a in family(graph, name, piece)]
            rows = int(np.prod(sizes[:-1]))
            spread = rng.multinomial(days, rng.dirichlet(np.full(rows, 2.0)))
            states = rng.dirichlet(np.ones(sizes[-1]), rows)
            drawn = [rng.multinomial(n, p) for n, p in zip(spread, states, strict=True)]
            found[name] = np.stack(drawn).reshape(sizes).astype(np.int64)
        return found

    span = Provenance("2020-01-01", "2020-12-31", days, "sha256:" + "0" * 64, "2020-12-31", {})
    fit = Fit(Counts(counts("day"), counts("start")), Dirichlet(4.0), draws, seed, span)
    return replace(case, model=done(case, fitted(graph, fit)))


def done(case: Case, model: CausalModel) -> CausalModel:
    """The model after the case's interventions."""
    for one in case.do:
        model = model.do(one)
    return model
