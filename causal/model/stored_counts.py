"""The counts of a stored model, every family checked against the graph."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from causal import limit
from causal.graph.dag import CausalGraph
from causal.graph.section import Section
from causal.model.posterior import IntArray, Piece, total
from causal.text import written


def counted_by(graph: CausalGraph, name: str, piece: Piece) -> tuple[str, ...]:
    """The causes that a family is counted by; none for a name that is no variable."""
    if name not in graph.names:
        return ()
    return graph.parents(name) if piece == "day" else graph.start_parents(name)


def read_counts(counts: Section, graph: CausalGraph, piece: Piece) -> dict[str, IntArray]:
    """The tallies of one slice, every family checked against the graph."""
    section = counts.section(piece)
    found = {}
    for name in graph.names:
        if not section.has(name):
            if not graph.variable(name).rule:
                section.wrong(name, "missing: every variable needs its counts")
            continue
        family = section.section(name)
        causes = counted_by(graph, name, piece)
        shape = tuple(graph.size(axis) for axis in (*causes, name))
        if family.texts("given") != causes:
            family.wrong("given", f"the story says {list(causes)}")
        found[name] = _tally(family, shape)
        family.close()
    section.asked.update(graph.names)
    section.close()
    return found


def _tally(family: Section, shape: tuple[int, ...]) -> IntArray:
    """The counts of one family, of this shape; what is wrong is noted in the section."""
    family.asked.add("days")
    days = family.table.get("days")
    try:
        found = np.array(days)
    except (ValueError, OverflowError):
        found = np.array(None)
    if found.dtype.kind != "i" or found.shape != shape or not _plain(days, found.ndim):
        family.wrong("days", f"must be whole numbers of shape {shape}, not {written(days)}")
    elif (found < 0).any():
        family.wrong("days", "a count is negative")
    elif total(found) > limit.COUNT:
        family.wrong("days", "more than 2^53 in all: a float would no longer tell one day more")
    else:
        return found.astype(np.int64)
    return np.zeros(1, np.int64)


def _plain(days: Any, depth: int) -> bool:
    """Whether nested lists hold integers only: ``true`` would count as one."""
    for _ in range(depth - 1):
        days = chain.from_iterable(days)
    return set(map(type, days)) == {int}
