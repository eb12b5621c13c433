"""The slices of a dynamic network as days: slice t is day t, the first of them today.

A model of days has one table for every day, given the day before.  The first slice of a dynamic
network has tables of its own, on no day before.  A variable that says which slice it is (*first* on
day 0 and never again) lets one table hold both; the day before day 0, of which a dynamic network
says nothing, is as the first slice, and nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from causal.graph.variable import lagged
from causal.model.formats.stated import Declared, Stated, assembled, sizes
from causal.model.network import CausalModel

BEFORE, AFTER = "before first", "later"


def dated(
    title: str,
    known: Mapping[str, Declared],
    first: Mapping[str, Stated],
    later: Mapping[str, Stated],
) -> CausalModel:
    """The model whose day 0 has the tables ``first``, and whose later days have those of ``later``.

    ``later`` holds the tables that change, on the parents of ``first`` and on the day before.
    Raises ModelError, TableError.
    """
    clock = next(n for n in ("slice", *(f"slice_{i}" for i in range(len(known)))) if n not in known)
    nodes = {**known, clock: Declared(clock, (BEFORE, AFTER))}
    day = {**first, clock: Stated((), np.array([0.0, 1.0]))}
    for name, then in later.items():
        axes = (lagged(clock), *then.parents)
        shape = sizes(nodes, name, axes)
        values = np.empty(shape)
        values[0] = _spread(first[name], then)
        values[1] = then.values
        day[name] = Stated(axes, values)
    start = {**first, clock: Stated((), np.array([1.0, 0.0]))}
    return assembled(title, nodes, day, start)


def _spread(first: Stated, then: Stated) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The table of the first slice, laid along the parents of the later ones."""
    order = [first.parents.index(axis) for axis in then.parents if axis in first.parents]
    values = first.values.transpose(*order, len(first.parents))
    lone = tuple(i for i, axis in enumerate(then.parents) if axis not in first.parents)
    return np.expand_dims(values, lone)
