"""Max-product on the plans of sum-product: the best joint state of one day, in logarithms.

    b(o) = max_{rest} sum_i log in_i[axes_i]

Max distributes over + as + does over *, so elimination carries over (Dechter 1999), and a plan's
order is as good for a maximum as for a sum.  Arrays here have no draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.plan import Plan, Step, plan

Logs = tuple[Axes, Array]  # an array of logarithms and the names of its axes


def best(factors: Sequence[Logs], output: Axes) -> Array:
    """The maximum over every axis but ``output``; -inf where nothing is possible."""
    return _trace(factors, output)[1][-1]


def argbest(factors: Sequence[Logs]) -> tuple[float, dict[str, int]]:
    """The maximum over every axis, and a state of each in which it is taken.

    Read off backwards, as in Viterbi (1967): each step finds the states that it maximised away,
    given those found after it.  Ties go to the first.
    """
    order, slots = _trace(factors, ())
    found: dict[str, int] = {}
    for step in reversed(order.steps):
        both = _joined(step, slots)
        axes = _union(step)
        here = both[tuple(found.get(a, slice(None)) for a in axes)]
        free = [a for a in axes if a not in found]
        places = np.unravel_index(int(here.argmax()), here.shape)
        found |= {a: int(i) for a, i in zip(free, places, strict=True)}
    return float(slots[-1]), found


def _trace(factors: Sequence[Logs], output: Axes) -> tuple[Plan, list[Array]]:
    """The plan, and the inputs with every intermediate maximum, the last one over ``output``."""
    inputs = tuple(axes for axes, _ in factors)
    sizes = {(a, n) for axes, array in factors for a, n in zip(axes, array.shape, strict=True)}
    order = plan(inputs, tuple(sorted(sizes)), output)
    slots = [array for _, array in factors]
    for step in order.steps:
        axes = _union(step)
        gone = tuple(i for i, a in enumerate(axes) if a not in step.axes)
        left = [a for a in axes if a in step.axes]
        most = _joined(step, slots).max(axis=gone)
        slots.append(most.transpose([left.index(a) for a in step.axes]))
    return order, slots


def _union(step: Step) -> Axes:
    """The axes of both sides of a step, the left one's first."""
    return tuple(dict.fromkeys((*step.left_axes, *step.right_axes)))


def _joined(step: Step, slots: Sequence[Array]) -> Array:
    """Both sides of a step added, over the axes of either: the product, before the maximum."""
    axes = _union(step)
    left = _aligned(slots[step.left], step.left_axes, axes)
    if step.right < 0:
        return left
    return left + _aligned(slots[step.right], step.right_axes, axes)


def _aligned(array: Array, axes: Axes, wide: Axes) -> Array:
    """The array over the axes ``wide``, of length one where it lacks them."""
    order = [axes.index(a) for a in wide if a in axes]
    index = tuple(slice(None) if a in axes else None for a in wide)
    return array.transpose(order)[index]


def conditioned(factor: Logs, known: Mapping[str, int]) -> Logs:
    """The factor with some axes in a known state; axes that it lacks are passed over."""
    axes, array = factor
    index = tuple(known.get(a, slice(None)) for a in axes)
    return tuple(a for a in axes if a not in known), array[index]
