"""Counting by sub-blocks of days: what the posterior's shared weights are laid on.

N[b, parents, state] is how many days of sub-block b have the whole family known; a lagged cause is
read on the calendar day before.  Days may count for less the older they are,
share = 2^(-age / half-life) with the age of their sub-block, and not at all before a first day.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.panel import DAY
from causal.data.states import Codes, States
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, MISSING
from causal.model.learnt.evidence import BlockCounts, DayCounts, GapDays
from causal.model.learnt.gaps import gap_axes
from causal.model.network import family
from causal.model.posterior import CountArray, Counts, IntArray, Piece

LENGTH = 10  # days of a sub-block
DIGITS = 6  # of what a day counts for: a file holds no more
FEW = 0.02  # share of a child's days: fewer gaps are left out
EPOCH = np.datetime64("1970-01-01")


def day_counts(
    read: States,
    graph: CausalGraph,
    *,
    half_life: float = 0.0,
    since: str = "",
    start: bool = False,
    length: int = LENGTH,
) -> DayCounts:
    """The counts of a history by sub-block, and its days with one variable missing.

    ``start``: whether the first slice is counted, too.  Shares of days are one without a
    ``half_life``, zero before ``since``.
    """
    columns = _columns(read, graph)
    block = ((read.dates - EPOCH) // DAY).astype(np.int64) // length
    share = _shares(read, block, length, half_life, since)
    pieces: tuple[Piece, ...] = ("day", "start") if start else ("day",)
    found = {
        piece: {
            name: _counted(graph, family(graph, name, piece), columns, block, share)
            for name in graph.names
            if not graph.variable(name).rule
        }
        for piece in pieces
    }
    gaps = [_gaps(graph, name, columns, block, share) for name in completed_names(graph, read)]
    return DayCounts(length, found["day"], found.get("start", {}), tuple(g for g in gaps if g))


def totals(evidence: DayCounts, start: Counts) -> Counts:
    """The counts of every table over all days; ``start`` where they were not kept by sub-block."""

    def summed(blocks: Mapping[str, BlockCounts], plain: Mapping[str, CountArray]) -> Any:
        return {
            n: blocks[n].total().reshape(a.shape) if n in blocks else a for n, a in plain.items()
        }

    return Counts(summed(evidence.day, start.day), summed(evidence.start, start.start))


def completed_names(graph: CausalGraph, read: States) -> tuple[str, ...]:
    """Variables whose gaps are filled: those that act on the same day alone.

    One that was never seen takes no part: whatever it might have been, its effects are the same.
    """
    lagged = {e.cause for e in graph.edges if e.lag}
    return tuple(
        v.name
        for v in graph.variables
        if not v.rule
        and v.name not in lagged
        and graph.children(v.name)
        and (read.of(v.name) == MISSING).any()
        and all(not graph.variable(c).rule for c in graph.children(v.name))
    )


def _columns(read: States, graph: CausalGraph) -> dict[str, Codes]:
    """The code of every axis on every day, lagged ones across calendar days only."""
    found = {name: read.of(name) for name in graph.names}
    follows = np.concatenate([[False], np.diff(read.dates) == DAY])
    for name in graph.names:
        before = np.concatenate([[MISSING], found[name][:-1]]).astype(np.int8)
        found[name + LAST] = np.where(follows, before, MISSING).astype(np.int8)
    return found


def _shares(read: States, block: IntArray, length: int, half_life: float, since: str) -> Array:
    """What each day counts for: one share for the days of a sub-block, as a file holds it."""
    age = (block[-1] - block) * length
    share: Array = np.exp2(-age / half_life) if half_life > 0 else np.ones(len(block))
    share = np.round(share, DIGITS)
    if since:
        share = np.where(read.dates >= np.datetime64(since), share, 0.0)
    return share


def _counted(
    graph: CausalGraph,
    axes: tuple[str, ...],
    columns: dict[str, Codes],
    block: IntArray,
    share: Array,
) -> BlockCounts:
    """The days on which every axis is known, by sub-block and cell."""
    cells = int(np.prod([graph.size(a) for a in axes]))
    whole = share > 0
    code = np.zeros(len(block), dtype=np.int64)
    for axis in axes:
        whole &= columns[axis] != MISSING
        code = code * graph.size(axis) + columns[axis]
    key, place = np.unique(block[whole] * cells + code[whole], return_inverse=True)
    days: Array = np.zeros(len(key))
    np.add.at(days, place, share[whole])
    days = np.round(days, DIGITS)
    return BlockCounts(cells, key // cells, key % cells, days)


def _gaps(
    graph: CausalGraph, name: str, columns: dict[str, Codes], block: IntArray, share: Array
) -> GapDays | None:
    """The days on which a variable alone keeps a child's family from being whole."""
    axes = gap_axes(graph, name)
    useful: NDArray[np.bool_] = np.zeros(len(block), dtype=bool)
    for child in graph.children(name):
        others = [a for a in (*graph.parents(child), child) if a != name]
        useful |= np.all([columns[a] != MISSING for a in others], axis=0)
    here = (columns[name] == MISSING) & useful & (share > 0)
    if here.sum() <= FEW * useful.sum():
        return None
    codes = np.column_stack([columns[a][here] for a in axes]).astype(np.int8)
    order = np.lexsort((*codes.T[::-1], block[here]))
    return GapDays(name, axes, block[here][order], codes[order], share[here][order])
