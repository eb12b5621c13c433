"""Where nothing licenses a number, the bounds contain the truth behind the hidden cause."""

from __future__ import annotations

import numpy as np
import pytest

from causal.answer.answer import Answer
from causal.ask import probability
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Variable
from causal.model.network import CausalModel
from causal.model.table import DRAW, Table
from tests.reference import truth

BINARY = ("no", "yes")


def hidden_cause(seed: int, days: bool) -> tuple[CausalModel, CausalModel]:
    """A model with u -> x, u -> y, x -> y, and what is left of it when u is not measured.

    Through time y also depends on its past, and x on the past of y.
    """
    rng = np.random.default_rng(seed)
    past = ["y@-1"] if days else []
    shape = [2] * len(past)
    u = rng.dirichlet([1, 1])
    x = rng.dirichlet([0.7, 0.7], (*shape, 2))  # (past, u, x)
    y = rng.dirichlet([0.7, 0.7], (*shape, 2, 2))  # (past, x, u, y)
    joint = np.einsum("u,...ux,...xuy->...xy", u, x, y)
    lags = [Edge("y", "x", 1), Edge("y", "y", 1)] if days else []
    binary = {n: Variable(n, BINARY) for n in "uxy"}
    full = CausalGraph(
        tuple(binary.values()), (*lags, Edge("u", "x"), Edge("x", "y"), Edge("u", "y"))
    )
    seen = CausalGraph(
        (binary["x"], binary["y"]), (*lags, Edge("x", "y")), (Confounded("x", "y", "u"),)
    )
    even = {n: np.array([0.5, 0.5]) for n in "uxy"}

    def start(graph: CausalGraph) -> dict[str, Table]:
        if not days:
            return {}
        sizes = {n: [2] * len(graph.start_parents(n)) for n in graph.names}
        return {
            n: Table(
                (*graph.start_parents(n), n, DRAW),
                np.broadcast_to(even[n], (*sizes[n], 2))[..., None].copy(),
            )
            for n in graph.names
        }

    whole = {
        "u": Table(("u", DRAW), u[:, None]),
        "x": Table((*past, "u", "x", DRAW), x[..., None]),
        "y": Table((*past, "x", "u", "y", DRAW), y[..., None]),
    }
    chance = joint.sum(axis=-1)
    left = {
        "x": Table((*past, "x", DRAW), chance[..., None]),
        "y": Table((*past, "x", "y", DRAW), (joint / chance[..., None])[..., None]),
    }
    return CausalModel(full, whole, start(full)), CausalModel(seen, left, start(seen))


@pytest.mark.parametrize("horizon", [0, 1, 2, 3])
def test_bounds_contain_the_truth(horizon: int) -> None:
    """What the hidden cause makes of it lies between the bounds; surgery on the tables
    that are left need not."""
    wrong = 0
    for seed in range(100):
        whole, left = hidden_cause(seed, days=horizon > 0)
        do = {"x": BINARY[seed % 2]}
        within = horizon or None
        answer = probability(left.do(do), {"y": "yes"}, within=within)
        true = truth(whole, {"y": "yes"}, do=whole.do(do).interventions, within=within).draws[0]
        low, high = bounds(answer)
        assert -1e-12 <= low - 1e-12 <= true <= high + 1e-12 <= 1 + 1e-11
        assert answer.interval()[0] <= true + 1e-12
        wrong += abs(answer.draws[0] - true) > 0.02
    assert wrong > 50


def bounds(answer: Answer) -> tuple[float, float]:
    assert answer.bounds is not None
    return float(answer.bounds[0][0]), float(answer.bounds[1][0])
