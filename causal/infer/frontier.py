"""Compile a world day by day: what each day needs, and one contraction plan for it.

a_d(i_d) = sum_{i_(d-1), rest} a_(d-1)(i_(d-1)) prod_v table_v(x_d | parents) weights_d

The frontier i_d holds the persistent variables that a later day still needs; a variable that is set
or seen in one state is indexed away and leaves it.  ``forward.py`` runs the days.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.plan import plan
from causal.contract.slice import HIT, Slice
from causal.graph.dag import lagged
from causal.infer.factor import operands
from causal.query.unrolled import Unrolled, relevant, settled


def compile_slices(
    unrolled: Unrolled, targets: Mapping[int, frozenset[str]] | None = None, *, batch: int = 1
) -> tuple[Slice, ...]:
    """Every day of a world that matters: relevance backwards, then a plan each.

    ``targets`` are variables to keep whatever else is pruned (none for a plain question); plans are
    searched the longer the more draws (``batch``) will run on them.
    """
    needed, crossing = relevant(unrolled, targets or {})
    found: list[Slice] = []
    for day in unrolled.days:
        if needed[day] or day in unrolled.event_days:
            found.append(_day(unrolled, day, needed[day], crossing, (bool(found), batch)))
    return tuple(found)


def _day(
    unrolled: Unrolled,
    day: int,
    needed: frozenset[str],
    crossing: Mapping[int, frozenset[str]],
    run: tuple[bool, int],
) -> Slice:
    graph = unrolled.graph
    past, batch = run
    left, narrowed = _left(unrolled, day), _left(unrolled, day - 1)
    before = settled(unrolled, day - 1)
    fixed = {n: i for n, i in settled(unrolled, day).items() if n in needed}
    handed = tuple(lagged(n) for n in graph.names if n in crossing[day - 1] and n not in before)
    fixed |= {lagged(n): before[n] for n in crossing[day - 1] if n in before}
    arrays = tuple(operands(unrolled, day, needed, fixed))
    frontier = tuple(n for n in graph.names if n in crossing[day] and n not in fixed)
    here = bool(unrolled.event) and day in unrolled.event_days
    wanted = {n for n in unrolled.event if here} | set(
        unrolled.kept if day == unrolled.days[-1] else ()
    )
    asked = tuple(n for n in graph.names if n in wanted and n not in fixed)
    flagged = here and min(unrolled.event_days) < day <= unrolled.last_seen
    hit: Axes = (HIT,) if flagged else ()
    output = (*hit, *dict.fromkeys((*frontier, *asked)))
    inputs = tuple(o.axes for o in arrays)
    if past:
        inputs = ((*hit, *handed), *inputs)
    sizes = {(a, 2 if a == HIT else graph.size(a)) for axes in inputs for a in axes}
    return Slice(
        day,
        plan(inputs, tuple(sorted(sizes)), output, batch),
        arrays,
        past,
        frontier,
        _event(unrolled, output[len(hit) :], fixed) if here else None,
        flagged,
        here and day < unrolled.last_seen,
        bool(unrolled.seeing[day]),
        left if left and left[0] in frontier else None,
        (lagged(narrowed[0]), narrowed[1]) if narrowed and lagged(narrowed[0]) in handed else None,
    )


def _left(unrolled: Unrolled, day: int) -> tuple[str, slice] | None:
    """The event's variable and the states in which the event leaves it, if they are neighbours."""
    if day not in unrolled.event_days or len(unrolled.event) != 1:
        return None
    ((name, vector),) = unrolled.event.items()
    (states,) = np.nonzero(vector == 0)
    certain = np.isin(vector, (0, 1)).all() and 0 < len(states) < len(vector)
    if (
        not certain
        or np.ptp(states) >= len(states)
        or unrolled.last_seen >= min(unrolled.event_days)
    ):
        return None
    return name, slice(int(states[0]), int(states[-1]) + 1)


def _event(unrolled: Unrolled, output: Axes, fixed: Mapping[str, int]) -> Array:
    """Weight of the event over the output axes, shape (*sizes or ones, 1)."""
    weight = np.ones((1,) * (len(output) + 1))
    for name, vector in unrolled.event.items():
        if name in fixed:
            weight = weight * vector[fixed[name]]
        else:
            shape = [1] * (len(output) + 1)
            shape[output.index(name)] = unrolled.graph.size(name)
            weight = weight * vector.reshape(shape)
    return weight
