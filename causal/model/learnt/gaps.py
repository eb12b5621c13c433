"""Days on which one variable is missing: what the tables say of it, given the rest of the day.

With x the missing state, z the causes of x that are not known either, and the children c of x,

    q(x, z) prop. to  share(z) P(x | causes, z) prod_c P(c | x, other causes),

share(z): how often z was seen, for all that is known of it is through x.  A child counts where its
other causes are known.  It is the E-step of an EM whose hidden cells do not touch each other
(Dempster, Laird & Rubin 1977), for every draw at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.model.learnt.evidence import GapDays
from causal.model.posterior import Counts, IntArray

FAINT = 1e-300
CHUNK = 200  # draws that are completed at a time


@dataclass(frozen=True, slots=True, eq=False)
class Child:
    """A child of the missing variable: the cells of its table, (days, states of the variable), and
    the days on which it counts."""

    name: str
    cells: IntArray
    counts: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """The gap days that lack the same causes: rows of the own table, (days, ways), for every way to
    fill those, with the share of each way; and the children."""

    place: IntArray
    rows: IntArray
    share: Array
    children: tuple[Child, ...]


def touched_tables(graph: CausalGraph, name: str) -> tuple[str, ...]:
    """The variable and its children: the tables that a gap of it touches."""
    return (name, *graph.children(name))


def touched_by(graph: CausalGraph, gaps: Iterable[GapDays]) -> list[str]:
    """All tables that some gaps touch, sorted by name."""
    return sorted({n for gap in gaps for n in touched_tables(graph, gap.variable)})


def gap_axes(graph: CausalGraph, name: str) -> tuple[str, ...]:
    """All else that those tables are about, in the order of their axes."""
    found: dict[str, None] = {}
    for n in touched_tables(graph, name):
        found |= dict.fromkeys((*graph.parents(n), n))
    found.pop(name)
    return tuple(found)


def days_of_gaps(graph: CausalGraph, gap: GapDays) -> dict[str, float]:
    """How many days a gap adds to each table that it touches."""
    column = {a: gap.codes[:, i] for i, a in enumerate(gap.axes)}
    found = {gap.variable: float(gap.share.sum())}
    for child in graph.children(gap.variable):
        others = [a for a in (*graph.parents(child), child) if a != gap.variable]
        whole = np.all([column[a] >= 0 for a in others], axis=0)
        found[child] = float(gap.share[whole].sum())
    return found


def completions(graph: CausalGraph, gap: GapDays, counts: Counts) -> list[Completion]:
    """The gap days sorted by the causes that they lack."""
    own = graph.parents(gap.variable)
    column = {a: gap.codes[:, i].astype(np.int64) for i, a in enumerate(gap.axes)}
    lacking = np.array([column[a] < 0 for a in own]).T if own else np.zeros((len(gap.block), 0))
    kinds, kind = np.unique(lacking, axis=0, return_inverse=True)
    found = []
    for number, missing in enumerate(kinds):
        place = np.flatnonzero(kind == number)
        here = {a: c[place] for a, c in column.items()}
        rows, share = _ways(graph, gap.variable, here, missing.astype(bool), counts)
        children = tuple(_child(graph, c, gap.variable, here) for c in graph.children(gap.variable))
        found.append(Completion(place, rows, share, children))
    return found


def _ways(
    graph: CausalGraph,
    name: str,
    here: Mapping[str, IntArray],
    missing: NDArray[np.bool_],
    counts: Counts,
) -> tuple[IntArray, Array]:
    """Rows of the own table for every way to fill the missing causes, and each way's share."""
    parents = graph.parents(name)
    days = len(next(iter(here.values())))
    rows, share = np.zeros((days, 1), dtype=np.int64), np.ones(1)
    seen = counts.day[name]
    for place, axis in enumerate(parents):
        size = graph.size(axis)
        if not missing[place]:
            rows = rows * size + here[axis][:, None]
            continue
        others = tuple(i for i in range(seen.ndim) if i != place)
        marginal = seen.sum(axis=others) + 1.0
        rows = (rows[:, :, None] * size + np.arange(size)).reshape(days, -1)
        share = (share[:, None] * (marginal / marginal.sum())).reshape(-1)
    return rows, share


def _child(graph: CausalGraph, child: str, name: str, here: Mapping[str, IntArray]) -> Child:
    """The cells of a child's table for every state of the variable."""
    days, states = len(next(iter(here.values()))), np.arange(graph.size(name))
    cells = np.zeros((days, len(states)), dtype=np.int64)
    whole = np.ones(days, dtype=bool)
    for axis in (*graph.parents(child), child):
        code = states[None, :] if axis == name else here[axis][:, None]
        if axis != name:
            whole &= here[axis] >= 0
        cells = cells * graph.size(axis) + np.maximum(code, 0)
    return Child(child, cells, whole)


def chances(found: Completion, tables: Mapping[str, Array], name: str) -> Array:
    """q of every day, way and state, (days, ways * states, draws); tables are (cells, draws)."""
    weight = weights(found, tables, name)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), FAINT)
    return weight


def weights(found: Completion, tables: Mapping[str, Array], name: str) -> Array:
    """q before it is normalised: its sum is the likelihood of the day, (days, draws)."""
    states = found.children[0].cells.shape[1]
    own = found.rows[..., None] * states + np.arange(states)
    weight: Array = tables[name][own] * found.share[:, None, None]
    for child in found.children:
        seen = tables[child.name][child.cells]
        seen[~child.counts] = 1.0
        weight *= seen[:, None]
    return weight.reshape(len(own), -1, weight.shape[-1])


def add_expected(
    found: Completion, q: Array, share: Array, name: str, into: Mapping[str, Array]
) -> None:
    """Add the expected counts of the days, q (days, ways * states), to ``into``, (cells,) each."""
    days, states = len(found.rows), found.children[0].cells.shape[1]
    weight = q.reshape(days, -1, states) * share[found.place][:, None, None]
    own = found.rows[..., None] * states + np.arange(states)
    np.add.at(into[name], own, weight)
    for child in found.children:
        told = weight.sum(axis=1) * child.counts[:, None]
        np.add.at(into[child.name], child.cells, told)


def add_sampled(
    found: Completion, chosen: IntArray, weights: Array, name: str, into: Mapping[str, Array]
) -> None:
    """Days with a state and a way drawn for them, added to ``into``, (cells, draws) each.

    ``chosen`` (days, draws): way * states + state; ``weights``: what a day counts for in a draw.
    """
    states, draws = found.children[0].cells.shape[1], weights.shape[1]
    days = np.arange(len(chosen))[:, None]
    way, state = np.divmod(chosen, states)
    _scatter(into[name], found.rows[days, way] * states + state, weights, draws)
    for child in found.children:
        told = weights * child.counts[:, None]
        _scatter(into[child.name], child.cells[days, state], told, draws)


def _scatter(into: Array, cells: IntArray, weights: Array, draws: int) -> None:
    """Add weights (days, draws) to their cells, draw by draw."""
    place = cells * draws + np.arange(draws)
    into += np.bincount(place.ravel(), weights.ravel(), minlength=into.size).reshape(into.shape)


def draw_chunks(draws: int) -> list[slice]:
    """The draws, some at a time."""
    edges = [*range(0, draws, CHUNK), draws]
    return [slice(a, b) for a, b in pairwise(edges)]
