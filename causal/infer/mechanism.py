"""Mechanism: a table after surgery that still reads something, W(x | pa, c).

W = table, with a cut axis seen through m(seen | real); then, policy by policy,
W <- m(c) v(x) + (1 - m(c)) W.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from causal.graph.dag import CausalGraph
from causal.infer.contraction import Axes
from causal.model.surgery import Stack
from causal.model.table import Array


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A cut axis: ``weights`` (real, seen), or (seen,) where the real state is known."""

    axis: str
    weights: Array


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A policy: its chance of acting in each state of ``axis`` (or one chance), what it sets."""

    axis: str
    chance: Array
    vector: Array


Change = Sight | Rule


@dataclass(frozen=True, slots=True, eq=False)
class Mechanism:
    """What surgery makes of one table on a day; ``base`` is the vector in place of the table."""

    reads: Axes
    base: Array | None
    sights: Mapping[str, Sight]
    rules: tuple[Rule, ...]


def mechanism(graph: CausalGraph, name: str, stack: Stack) -> Mechanism:
    """The mechanism that a stack of surgery makes."""
    variable = graph.variable(name)
    return Mechanism(
        stack.reads(graph, name),
        None if stack.base is None else stack.base.vector(variable),
        {a: Sight(a, c.matrix(graph)) for a, c in stack.cuts.items()},
        tuple(Rule(p.axis, p.chance(graph), p.vector(variable)) for p in stack.policies),
    )


def changed(values: Array, axes: Axes, changes: Sequence[Change]) -> tuple[Array, Axes]:
    """Apply changes to an array over (*axes, draws) whose variable is the last axis."""
    for change in changes:
        if isinstance(change, Sight):
            values, axes = _seen(values, axes, change)
        else:
            values, axes = _ruled(values, axes, change)
    return values, axes


def charged(used: Array, values: Array, axes: Axes, changes: Sequence[Change]) -> Array:
    """Visits to the entries of a table, from the visits to what changes made of it.

    W is linear in the table, so theta dlog F/dtheta = theta sum_o (dW_o/dtheta) used_o / W_o.
    """
    steps = [(values, axes)]
    for change in changes:
        steps.append(changed(*steps[-1], (change,)))
    made = steps[-1][0]
    flow = np.divide(used, made, out=np.zeros(np.broadcast_shapes(used.shape, made.shape)),
                     where=made > 0)  # fmt: skip
    for change, (_, before) in zip(reversed(changes), reversed(steps[:-1]), strict=True):
        flow = _back(flow, before, change)
    found: Array = values * flow
    return found


def _seen(values: Array, axes: Axes, change: Sight) -> tuple[Array, Axes]:
    place = axes.index(change.axis)
    found = np.tensordot(change.weights, values, axes=([-1], [place]))
    if change.weights.ndim == 1:
        return found, axes[:place] + axes[place + 1 :]
    return np.moveaxis(found, 0, place), axes


def _ruled(values: Array, axes: Axes, change: Rule) -> tuple[Array, Axes]:
    if change.chance.ndim and change.axis not in axes:
        values, axes = values[None], (change.axis, *axes)
    chance = _laid(change, axes)
    return chance * change.vector[..., None] + (1 - chance) * values, axes


def _laid(change: Rule, axes: Axes) -> Array:
    """The chance of acting, over the axes and the draws."""
    if not change.chance.ndim:
        return change.chance
    shape = [1] * (len(axes) + 1)
    shape[axes.index(change.axis)] = len(change.chance)
    return change.chance.reshape(shape)


def _back(flow: Array, axes: Axes, change: Change) -> Array:
    """The adjoint of one change, onto an array over ``axes``."""
    if isinstance(change, Rule):
        if change.chance.ndim and change.axis not in axes:
            flow = flow * (1 - _laid(change, (change.axis, *axes)))
            return np.asarray(flow.sum(axis=0))
        return flow * (1 - _laid(change, axes))
    place = axes.index(change.axis)
    if change.weights.ndim == 1:
        shape = [1] * (len(axes) + 1)
        shape[place] = -1
        return np.expand_dims(flow, place) * change.weights.reshape(shape)
    return np.moveaxis(np.tensordot(change.weights, flow, axes=([0], [place])), 0, place)
