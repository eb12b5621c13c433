"""The law that the days of a model settle in, and the tables of a first slice drawn from it.

With T the transition of the persistent variables in one day, pi = pi T is found by power steps,

    pi_{n+1}(x') = sum_x pi_n(x) prod_v table_v(x'_v | causes in x', x),

each step one contraction for all draws.  The first slice is the projection of that law on the
arrows that it declares: start_v(x | parents) = pi(x, parents) / pi(parents), the nearest law of
that form by the Kullback-Leibler divergence (Koller & Friedman 2009, sec. 8.5).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import prod

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.plan import Plan, plan
from causal.graph.dag import CausalGraph
from causal.graph.variable import lagged, unlagged
from causal.model.table import DRAW, Table

TILE = 50  # draws of a contraction
LARGEST = 3_000  # states whose fundamental matrix is made
CYCLE = 3  # steps between two extrapolations
MOST = 60  # cycles that a law may take to settle
SETTLED = 1e-5  # change of a chance in a step below which it has
RIDGE = 1e-12
TINY = 1e-300


def stationary(graph: CausalGraph, tables: Mapping[str, Table]) -> Array:
    """The law of the persistent variables of every draw, axes ``graph.persistent`` and the draws.

    Each draw's power steps are preconditioned by the fundamental matrix Z of the mean of the draws
    (Kemeny & Snell 1960), where its states are at most ``LARGEST``:

        pi <- pi + (pi T - pi) Z,    Z = (I - T_mean + 1 pi_mean)^-1.

    After ``MOST`` cycles a law is taken as it is: it is then a chain that hardly mixes.
    """
    kept = graph.persistent
    sizes = tuple(graph.size(n) for n in kept)
    inputs = (tuple(map(lagged, kept)), *(tables[n].axes[:-1] for n in graph.names))
    step = plan(inputs, _sizes(graph, inputs), kept, TILE)
    even: Array = np.full((*sizes, 1), 1 / prod(sizes))
    mean = [tables[n].values.mean(axis=-1, keepdims=True) for n in graph.names]
    near = _settled(lambda law: step.run([law, *mean]), even)
    draws = max(tables[n].draws for n in graph.names)
    if draws == 1:
        return near
    to_rest = _fundamental(step, mean, near) if prod(sizes) <= LARGEST else None
    found = np.empty((*sizes, draws))

    def settle(low: int) -> None:
        some = slice(low, low + TILE)
        values = [_some(tables[n].values, some) for n in graph.names]

        def nearer(law: Array) -> Array:
            after = step.run([law, *values])
            if to_rest is None:
                return after
            left = (after - law).reshape(-1, after.shape[-1])
            return law + (to_rest.T @ left).reshape(after.shape)

        found[..., some] = _settled(nearer, near)

    _tiled(settle, draws)
    return found


def _fundamental(step: Plan, mean: Sequence[Array], near: Array) -> Array:
    """Z of a chain of one draw: its transition row by row, then an inverse."""
    states = near.size
    unit = np.eye(states).reshape(*near.shape[:-1], states)
    transition = step.run([unit, *mean]).reshape(states, states).T
    return np.linalg.inv(np.eye(states) - transition + near.reshape(1, -1)).astype(np.float64)


def _settled(step: Callable[[Array], Array], near: Array) -> Array:
    """Steps in cycles, each cycle ended by the best combination of its laws."""
    law = near
    for _ in range(MOST):
        laws = [law]
        for _ in range(CYCLE):
            after = np.maximum(step(laws[-1]), 0.0)
            laws.append(after / after.sum(axis=tuple(range(after.ndim - 1))))
            if np.abs(laws[-1] - laws[-2]).max() < SETTLED:
                return laws[-1]
        law = _combined(laws)
    return law


def _combined(laws: list[Array]) -> Array:
    """Of successive laws the weighted mean, weights adding up to one, that moves least in a step.

    Reduced rank extrapolation (Eddy 1979; Sidi 2017, ch. 2), for each draw its own.
    """
    draws = max(law.shape[-1] for law in laws)
    flat = np.array([np.broadcast_to(w, (*w.shape[:-1], draws)).reshape(-1, draws) for w in laws])
    moves = np.diff(flat, axis=0)
    gram = np.einsum("icd,jcd->dij", moves, moves)
    scale = np.trace(gram, axis1=1, axis2=2)[:, None, None] + TINY
    gram = gram / scale + RIDGE * np.eye(len(moves))
    weights = np.linalg.solve(gram, np.ones((draws, len(moves), 1)))[..., 0]
    weights /= weights.sum(axis=1, keepdims=True)
    best = np.maximum(np.einsum("icd,di->cd", flat[1:], weights), 0.0)
    best /= best.sum(axis=0)
    found: Array = best.reshape(*laws[-1].shape[:-1], draws)
    return found


def first_slice(graph: CausalGraph, tables: Mapping[str, Table], law: Array) -> dict[str, Table]:
    """The tables of a first slice in this law, by variable.

    A family of persistent variables is a margin of the law; a table whose first causes are those of
    every day is that table; others are contracted.
    """
    inputs = (tuple(map(lagged, graph.persistent)), *(tables[n].axes[:-1] for n in graph.names))
    found = {}
    for name in graph.names:
        axes = (*graph.start_parents(name), name)
        if axes == tables[name].axes[:-1]:
            found[name] = tables[name]
        elif set(axes) <= set(graph.persistent):
            found[name] = Table((*axes, DRAW), _rows(_margin(graph, law, axes)))
        else:
            marginal = plan(inputs, _sizes(graph, inputs), axes, TILE)
            found[name] = Table((*axes, DRAW), _rows(_joint(graph, tables, law, marginal)))
    return found


def _margin(graph: CausalGraph, law: Array, axes: Axes) -> Array:
    """The law of some of the persistent variables, in the order of ``axes``."""
    kept = graph.persistent
    summed = law.sum(axis=tuple(i for i, n in enumerate(kept) if n not in axes))
    left = [n for n in kept if n in axes]
    return np.transpose(summed, [*(left.index(a) for a in axes), len(axes)])


def _joint(graph: CausalGraph, tables: Mapping[str, Table], law: Array, marginal: Plan) -> Array:
    """The joint of the output axes of a plan over yesterday's law and the tables of a day."""
    draws = law.shape[-1]
    joint = np.empty((*(graph.size(a) for a in marginal.output), draws))

    def tell(low: int) -> None:
        some = slice(low, low + TILE)
        values = [_some(tables[n].values, some) for n in graph.names]
        joint[..., some] = marginal.run([law[..., some], *values])

    _tiled(tell, draws)
    return joint


def _tiled(act: Callable[[int], None], draws: int) -> None:
    """Act on every tile of draws, by threads where there are several."""
    lows = range(0, draws, TILE)
    if len(lows) == 1:
        act(0)
        return
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(act, lows))


def _rows(joint: Array) -> Array:
    """Rows of a joint scaled to one; equal shares where it has no mass."""
    total = joint.sum(axis=-2, keepdims=True)
    even = np.full_like(joint, 1 / joint.shape[-2])
    return np.where(total > 1e-12, joint / np.maximum(total, 1e-300), even)


def _some(values: Array, some: slice) -> Array:
    return values if values.shape[-1] == 1 else values[..., some]


def _sizes(graph: CausalGraph, inputs: tuple[Axes, ...]) -> tuple[tuple[str, int], ...]:
    axes = sorted({a for one in inputs for a in one})
    return tuple((a, graph.size(unlagged(a))) for a in axes)
