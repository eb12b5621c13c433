"""A chain of five variables whose policies and cuts are tried in every room."""

from __future__ import annotations

import numpy as np

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Measurement, Variable
from causal.model.network import CausalModel
from causal.query.assignment import Hard, Policy
from tests.strategies import with_tables

TWO = ("calm", "worse")

CHAIN = CausalGraph(
    (
        Variable("fear", TWO),
        Variable("lever", ("low", "mid", "high"), manipulable=True),
        Variable("forced", TWO),
        Variable("price", ("calm", "fall", "crash")),
        Variable("shares", ("closed", "calm", "shock"), measurement=Measurement(closed=True)),
    ),
    (
        Edge("fear", "lever"),
        Edge("lever", "forced"),
        Edge("forced", "price"),
        Edge("shares", "price"),
        Edge("price", "forced", 1),
        Edge("price", "lever", 1),
    ),
    (Confounded("shares", "price"), Confounded("forced", "lever")),
    name="chain",
)

LOW = Hard("lever", "low")

LOW_TOY = Hard("leverage", "low")

BREAKER = Policy(LOW, {"forced@-1": "worse"})


def near(one: Array, other: Array) -> None:
    """Equal to rounding, a single draw standing for all."""
    np.testing.assert_allclose(*np.broadcast_arrays(one, other), rtol=1e-9, atol=1e-12)


def drawn() -> CausalModel:
    """Twenty draws of random tables on the chain."""
    return with_tables(np.random.default_rng(5), CHAIN, 20)
