"""Networks of several hundred variables stay in range, and what cannot be afforded is refused."""

from __future__ import annotations

import os
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

from causal.ask import probability
from causal.contract.slice import TILE
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.infer.forward import forward
from causal.infer.frontier import compile_slices
from causal.infer.marginals import marginals
from causal.model.network import CausalModel
from causal.model.table import DRAW, Table
from causal.query.event import conditions
from causal.query.query import Query
from causal.query.unrolled import unroll

LENGTH = 300
RARE = 1e-4  # of what is observed at every second step: P(evidence) is about 1e-1200


pytestmark = pytest.mark.usefixtures("path")


def hidden_chain(draws: int) -> CausalModel:
    """A hidden Markov chain of LENGTH steps as one large network: x0 -> x1 -> ..., x_i -> y_i."""
    rng = np.random.default_rng(1)
    names = [f"x{i}" for i in range(LENGTH)]
    seen = [f"y{i}" for i in range(LENGTH)]
    edges = [Edge(a, b) for a, b in pairwise(names)]
    edges += [Edge(a, b) for a, b in zip(names, seen, strict=True)]
    graph = CausalGraph(
        tuple(Variable(n, ("a", "b", "c")) for n in names)
        + tuple(Variable(n, ("no", "yes")) for n in seen),
        tuple(edges),
    )
    tables = {}
    for i, name in enumerate(names):
        shape = (3, 3, draws) if i else (3, draws)
        values = rng.gamma(2.0, size=shape)
        axes = (f"x{i - 1}", name, DRAW) if i else (name, DRAW)
        tables[name] = Table(axes, values / values.sum(axis=-2, keepdims=True))
    for name, child in zip(names, seen, strict=True):
        yes = RARE * rng.uniform(0.5, 1.5, size=(3, draws))
        tables[child] = Table((name, child, DRAW), np.stack([1 - yes, yes], axis=1))
    return CausalModel(graph, tables)


def filtered(model: CausalModel) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """P(last x | evidence) and log P(evidence) by the textbook forward recursion."""
    belief = model.tables["x0"].values
    total = np.zeros(model.draws)
    for i in range(LENGTH):
        if i:
            belief = np.einsum("az,abz->bz", belief, model.tables[f"x{i}"].values)
        belief = belief * model.tables[f"y{i}"].values[:, 1]
        scale = belief.sum(axis=0)
        total += np.log(scale)
        belief = belief / scale
    return belief, total


def test_a_long_chain_of_rare_evidence() -> None:
    model = hidden_chain(20)
    given = {f"y{i}": "yes" for i in range(LENGTH)}
    belief, total = filtered(model)
    assert total.max() < -2000  # far below the smallest float64
    last = f"x{LENGTH - 1}"
    query = Query(conditions(model.graph, {last: "b"}), conditions(model.graph, given))
    found = forward(model, compile_slices(unroll(model.graph, query), batch=20))
    np.testing.assert_allclose(found.probability, belief[1], rtol=1e-10)
    np.testing.assert_allclose(found.log_evidence, total, rtol=1e-10)
    found_all = marginals(model, given=given, draws=True)
    np.testing.assert_allclose(found_all[last], belief, rtol=1e-10)
    answer = probability(model, {last: "b"}, given=given)
    np.testing.assert_allclose(answer.draws, belief[1], rtol=1e-10)


def test_what_cannot_be_afforded_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eighteen causes woven into eighteen effects: the tables they need grow with every effect."""
    count = 18
    names = [f"x{i}" for i in range(count)]
    middle = [f"m{i}" for i in range(count)]
    pairs = [(a, b) for a in names for b in middle]
    tables = {n: Table((n, DRAW), np.full((2, 1), 0.5)) for n in names}
    graph = CausalGraph(
        tuple(Variable(n, ("a", "b")) for n in (*names, *middle)),
        tuple(Edge(a, b) for a, b in pairs if (names.index(a) - middle.index(b)) % count < 9),
    )
    for name in middle:
        parents = graph.parents(name)
        tables[name] = Table((*parents, name, DRAW), np.full((2,) * (len(parents) + 1) + (1,), 0.5))
    model = CausalModel(graph, tables)
    given = dict.fromkeys(middle[1:], "a")
    probability(model, {middle[0]: "a"}, given=given)
    monkeypatch.setenv("CAUSAL_MEMORY_GB", "0.0001")
    with pytest.raises(QueryError, match="GB of memory"):
        probability(model, {middle[0]: "a"}, given=given)


def test_memory_stays_within_what_the_plan_printed() -> None:
    """The arrays of a run take no more than the plan's bytes a draw times the draws of a tile."""
    model = hidden_chain(2_000)
    query = Query(conditions(model.graph, {"x250": "b"}), conditions(model.graph, {"y0": "yes"}))
    days = compile_slices(unroll(model.graph, query), batch=2_000)
    (plan,) = (day.plan for day in days)
    forward(model, days)  # what is kept between calls is not counted
    tracemalloc.start()
    forward(model, days)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    cores = os.cpu_count() or 1
    widest = TILE[1]
    assert f"{8 * plan.working:,} bytes in all" in repr(plan)
    assert peak < 8 * plan.working * widest * cores + 2_000_000
