"""Days drawn from a model: with the gaps of a history, or many paths at once with their moves."""

from __future__ import annotations

from dataclasses import replace
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.states import Codes, States
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, MISSING, unlagged
from causal.model.network import CausalModel
from causal.model.returns import MoveCounts

Indices = NDArray[np.intp]
WARM = 40  # days that a path runs before its first, so that its start is forgotten


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


def paths(model: CausalModel, days: int, count: int, rng: np.random.Generator) -> Codes:
    """``count`` paths of states side by side, (days, count, variables) in the graph's order.

    Path k is drawn from posterior draw k modulo the draws, and has run for ``WARM`` days before.
    """
    graph = model.graph
    found = np.zeros((WARM + days, count, len(graph.names)), dtype=np.int8)
    start, every = _steps(model, None, first=True), _steps(model, None, first=False)
    for row in range(WARM + days):
        here, before = found[row], found[row - 1]
        for at, parents, cumulated in every if row and graph.persistent else start:
            which: Indices = np.arange(count) % cumulated.shape[-1]
            cause = tuple((before if late else here)[:, p].astype(np.intp) for p, late in parents)
            here[:, at] = _drawn(cumulated, cause, which, rng)
    return found[WARM:]


def moves_along(
    model: CausalModel, moves: MoveCounts, codes: Codes, rng: np.random.Generator
) -> Array:
    """A move of the close for every day of ``paths``, in usual moves, shape (days, count).

    Its bin is drawn from the shares of the day's cell, in the draw of its path (``model.returns``),
    its place evenly within the bin.
    """
    days, count, _ = codes.shape
    draws = model.draws
    seed = model.fit.seed if model.fit is not None else 0
    cumulated = np.cumsum(moves.shares(0 if draws == 1 else draws, seed), axis=-2)
    which = np.arange(count) % draws
    places = [model.graph.names.index(n) for n in moves.declared.cell]
    close, _ = moves.bins
    found = np.zeros((days, count))
    for row in range(days):
        cell = tuple(codes[row, :, p].astype(np.intp) for p in places)
        low, high = close[_drawn(cumulated, cell, which, rng)].T
        found[row] = low + (high - low) * rng.random(count)
    return found


def _drawn(
    cumulated: Array, cell: tuple[Indices, ...], which: Indices, rng: np.random.Generator
) -> Indices:
    """A place for every path by the inverse distribution function of its cell and draw."""
    table = np.moveaxis(cumulated, -2, -1)[(*cell, which)]
    below = (table <= rng.random(len(which))[:, None]).sum(axis=-1)
    found: Indices = np.minimum(below, cumulated.shape[-2] - 1)
    return found


DrawStep = tuple[int, list[tuple[int, bool]], Array]


def _steps(model: CausalModel, draw: int | None, *, first: bool) -> list[DrawStep]:
    """In order: the place of a variable, those of its causes (and whether of the day before), and
    its cumulated table; of one draw, or of all with the draws last."""
    graph: CausalGraph = model.graph
    place = {name: i for i, name in enumerate(graph.names)}
    tables = model.start if first and graph.persistent else model.tables
    found = []
    for name in _order(graph, first=first):
        table = tables[name]
        values = table.values
        if draw is not None:
            values = values[..., min(draw, values.shape[-1] - 1)]
        parents = [(place[unlagged(a)], a.endswith(LAST)) for a in table.axes[:-2]]
        found.append((place[name], parents, np.cumsum(values, axis=-1 if draw is not None else -2)))
    return found


def _order(graph: CausalGraph, *, first: bool) -> list[str]:
    """Every variable after its same-day causes; in the first slice after those of the start."""
    parents = graph.start_parents if first and graph.persistent else graph.parents
    causes = {n: [p for p in parents(n) if p in graph.names] for n in graph.names}
    return list(TopologicalSorter(causes).static_order())
