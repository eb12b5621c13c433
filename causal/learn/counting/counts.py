"""Sufficient statistics: how often each family of the graph was seen.

N[parents, state] = sum_t 1(parents_t = parents, x_t = state): with complete rows these are all that
a multinomial likelihood knows of the history (Heckerman 1995).  They add over days.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from causal.data.panel import DAY, one_day
from causal.data.states import MISSING, States
from causal.errors import DataError, nearest
from causal.graph.dag import CausalGraph
from causal.graph.variable import LAST, unlagged
from causal.learn.counting.pool import Pooling, pool_families
from causal.learn.counting.tally import BLOCK, Block, tally
from causal.model.posterior import Counts


def count(
    states: States, graph: CausalGraph, *, since: str | np.datetime64 | None = None
) -> Counts:
    """N[parents, state] of every variable, over the days on which its whole family is known.

    Arrays of whole numbers of shape (*parent sizes, states), for the slice of a day (``day``) and
    for the first one (``start``).  A day serves each family in which it is complete; a lagged
    parent is read on the calendar day before, so no transition crosses a gap.  With ``since`` the
    days before it are not counted, and serve only as a day before:
    ``count(a) + count(a ++ b, since=b) == count(a ++ b)``.
    Raises DataError when the graph has a variable without states, UnknownStateError when a code is
    none of a variable's.
    """
    for name in graph.names:
        if name not in states.names:
            raise DataError(
                f"The states hold no variable `{name}`.",
                "Its family cannot be counted.",
                nearest(name, states.names),
            )
    days = len(states.dates)
    first = 0 if since is None else int(np.searchsorted(states.dates, one_day(since)))
    gap = np.full(days, MISSING, dtype=np.int8)  # a code "or" -1 is -1
    gap[1:][np.diff(states.dates) == DAY] = 0
    pooling = pool_families(graph, days - first)
    starts = range(first, days, BLOCK)
    partitions = [
        partial(_block, states, pooling, gap, low, min(low + BLOCK, days)) for low in starts
    ]
    return pooling.counts(tally(pooling, partitions, days - first))


def _block(
    states: States, pooling: Pooling, gap: NDArray[np.int8], low: int, high: int
) -> Iterator[Block]:
    """Days ``low`` to ``high`` as one block; lagged axes carry the day before ``low``."""
    before = max(low - 1, 0)
    columns = np.ascontiguousarray(states.codes[before:high].T)
    place = {name: i for i, name in enumerate(states.names)}
    found = []
    for axis in pooling.axes:
        column = columns[place[unlagged(axis)]]
        if axis.endswith(LAST):
            follows = np.full(high - low, MISSING, dtype=np.int8)
            follows[before + 1 - low :] = column[:-1] | gap[before + 1 : high]
            found.append(follows)
        else:
            found.append(column[low - before :])
    yield found
