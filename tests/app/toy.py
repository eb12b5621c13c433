"""A small fitted model of days, for tests that need a file and not the real history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from causal.model.network import CausalModel, Fit, Provenance, family, fitted
from causal.model.posterior import Counts, Dirichlet, IntArray, Piece


def _cut(*cuts: float) -> Measurement:
    return Measurement((Series("column"),), cuts=cuts)


GRAPH = CausalGraph(
    (
        Variable(
            "geopolitics",
            ("calm", "elevated", "escalation"),
            _cut(0, 1),
            label="Geopolitics",
            label_zh="地緣政治",
            states_zh=("平靜", "升高", "升級"),
        ),
        Variable("leverage", ("low", "mid", "high"), _cut(0, 1), manipulable=True),
        Variable("bitcoin", ("rise", "flat", "fall", "crash"), _cut(0, 1, 2)),
    ),
    (
        Edge("geopolitics", "bitcoin", 0, "fear"),
        Edge("leverage", "bitcoin", 0, "forced selling"),
        Edge("geopolitics", "geopolitics", 1, "tension lasts"),
        Edge("leverage", "leverage", 1, "positions last"),
        Edge("bitcoin", "leverage", 1, "losses flush"),
    ),
    name="toy",
)


def toy(draws: int = 200, rate: float = 20.0, *, confounded: bool = False) -> CausalModel:
    """Counts from a seed, about ``rate`` a cell."""
    hidden = (Confounded("leverage", "bitcoin", "mood"),) if confounded else ()
    rng = np.random.default_rng(1)

    def counts(piece: Piece) -> dict[str, IntArray]:
        sizes = {n: [GRAPH.size(a) for a in family(GRAPH, n, piece)] for n in GRAPH.names}
        return {n: rng.poisson(rate, size).astype(np.int64) for n, size in sizes.items()}

    cuts = {v.name: v.measurement.cuts for v in GRAPH.variables if v.measurement is not None}
    span = Provenance("2020-01-01", "2020-12-31", 366, "sha256:" + "0" * 64, "2020-12-31", cuts)
    fit = Fit(Counts(counts("day"), counts("start")), Dirichlet(4.0), draws, 7, span)
    return fitted(replace(GRAPH, confounded=hidden), fit)
