"""Sufficient statistics: how often each family of the graph was seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causal.data.panel import DAY, one_day
from causal.data.states import MISSING, States
from causal.graph.dag import LAST, CausalGraph, unlagged
from causal.model.network import family
from causal.model.posterior import Counts, IntArray, Slice


def count(
    states: States, graph: CausalGraph, *, since: str | np.datetime64 | None = None
) -> Counts:
    """N[parents, state] of every variable, over the days on which its whole family is known.

    A day serves each family in which it is complete; a lagged parent is read on the calendar day
    before, so no transition crosses a gap.  With ``since`` the days before it are not counted, and
    serve only as a day before: ``count(a) + count(a ++ b, since=b) == count(a ++ b)``.
    """
    before = np.full_like(states.codes, MISSING)
    follows = np.flatnonzero(np.diff(states.dates) == DAY) + 1
    before[follows] = states.codes[follows - 1]
    first = 0 if since is None else int(np.searchsorted(states.dates, one_day(since)))
    place = {name: i for i, name in enumerate(states.names)}

    def counted(piece: Slice) -> dict[str, IntArray]:
        found = {}
        for name in graph.names:
            axes = family(graph, name, piece)
            columns = [
                (before if axis.endswith(LAST) else states.codes)[first:, place[unlagged(axis)]]
                for axis in axes
            ]
            found[name] = _tally(np.array(columns), tuple(graph.size(axis) for axis in axes))
        return found

    return Counts(counted("day"), counted("start"))


def _tally(columns: NDArray[np.int8], sizes: tuple[int, ...]) -> IntArray:
    """Counts of the complete columns of ``columns`` (axes, days) in a table of shape ``sizes``."""
    complete = columns[:, (columns != MISSING).all(axis=0)].astype(np.int64)
    flat = np.ravel_multi_index(tuple(complete), sizes)
    tally: IntArray = np.bincount(flat, minlength=int(np.prod(sizes))).reshape(sizes)
    return tally
