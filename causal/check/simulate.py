"""Days drawn from a model, with the gaps of a history: what a refit is tried on."""

from __future__ import annotations

from dataclasses import replace
from graphlib import TopologicalSorter

import numpy as np

from causal.contract.array import Array
from causal.data.in_force import MISSING
from causal.data.states import Codes, States
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, unlagged
from causal.model.network import CausalModel


def simulated(model: CausalModel, like: States, *, draw: int = 0, seed: int = 0) -> States:
    """A history as long as ``like``, drawn from one draw of the model, with the gaps of ``like``.

    x_0 ~ prod_v start_v, x_t ~ prod_v table_v(. | parents of t and t-1), each variable by its
    inverse distribution function; a cell is missing where it is missing in ``like``.
    """
    graph, days = model.graph, len(like.dates)
    uniform = np.random.default_rng(seed).random((days, len(graph.names)))
    place = {name: i for i, name in enumerate(graph.names)}
    codes = np.zeros((days, len(graph.names)), dtype=np.int8)
    start, every = _steps(model, draw, first=True), _steps(model, draw, first=False)
    before = codes[0]
    for row in range(days):
        here = codes[row]
        for at, parents, distribution in every if row and graph.persistent else start:
            key = tuple(int((before if late else here)[p]) for p, late in parents)
            code = int(np.searchsorted(distribution[key], uniform[row, at], side="right"))
            here[at] = min(code, distribution.shape[-1] - 1)
        before = here
    order = [place[name] for name in like.names]
    found: Codes = codes[:, order]
    return replace(like, codes=np.where(like.codes == MISSING, MISSING, found).astype(np.int8))


DrawStep = tuple[int, list[tuple[int, bool]], Array]


def _steps(model: CausalModel, draw: int, *, first: bool) -> list[DrawStep]:
    """In order: the place of a variable, those of its causes (and whether of the day before), and
    its cumulated table."""
    graph: CausalGraph = model.graph
    place = {name: i for i, name in enumerate(graph.names)}
    tables = model.start if first and graph.persistent else model.tables
    found = []
    for name in _order(graph, first=first):
        table = tables[name]
        values = table.values[..., min(draw, table.values.shape[-1] - 1)]
        parents = [(place[unlagged(a)], a.endswith(LAST)) for a in table.axes[:-2]]
        found.append((place[name], parents, np.cumsum(values, axis=-1)))
    return found


def _order(graph: CausalGraph, *, first: bool) -> list[str]:
    """Every variable after its same-day causes; in the first slice after those of the start."""
    parents = graph.start_parents if first and graph.persistent else graph.parents
    causes = {n: [p for p in parents(n) if p in graph.names] for n in graph.names}
    return list(TopologicalSorter(causes).static_order())
