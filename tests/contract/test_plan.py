"""What a plan cannot join is refused in words."""

from __future__ import annotations

import numpy as np
import pytest

from causal.ask import probability
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.infer.marginals import joint
from causal.model.network import CausalModel
from causal.model.table import DRAW, Table


def woven(count: int) -> CausalModel:
    """Persistent variables, each with its own yesterday and its neighbour's as causes."""
    names = [f"x{i}" for i in range(count)]
    edges = [Edge(n, n, 1) for n in names]
    edges += [Edge(a, b, 1) for a, b in zip(names, [*names[1:], names[0]], strict=True)]
    graph = CausalGraph(tuple(Variable(n, ("a", "b")) for n in names), tuple(edges))
    start = {n: Table((n, DRAW), np.full((2, 1), 0.5)) for n in names}
    tables = {n: Table((*graph.parents(n), n, DRAW), np.full((2, 2, 2, 1), 0.5)) for n in names}
    return CausalModel(graph, tables, start)


@pytest.mark.parametrize("count", [20, 60])
def test_more_axes_than_letters_are_refused(count: int) -> None:
    model = woven(count)
    if count < 51:
        assert probability(model, {"x0": "b"}, within=2).draws == pytest.approx(0.75)
        return
    with pytest.raises(QueryError):
        probability(model, {"x0": "b"}, within=40)
    with pytest.raises(QueryError):
        joint(model, model.graph.names)
