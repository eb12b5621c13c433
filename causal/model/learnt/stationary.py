"""The law that the days of a model settle in, and the tables of a first slice drawn from it.

With T the transition of the persistent variables in one day, pi = pi T is found by power steps,

    pi_{n+1}(x') = sum_x pi_n(x) prod_v table_v(x'_v | causes in x', x),

each step one contraction for all draws.  The first slice is the projection of that law on the
arrows that it declares: start_v(x | parents) = pi(x, parents) / pi(parents), the nearest law of
that form by the Kullback-Leibler divergence (Koller & Friedman 2009, sec. 8.5).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.plan import Plan, plan
from causal.graph.dag import CausalGraph
from causal.graph.variable import lagged, unlagged
from causal.model.table import DRAW, Table

TILE = 50  # draws of a contraction
CYCLE = 7  # power steps between two extrapolations
MOST = 60  # cycles that a law may take to settle
SETTLED = 3e-6  # change of a chance in a day below which it has
RIDGE = 1e-12
TINY = 1e-300


def stationary(graph: CausalGraph, tables: Mapping[str, Table], near: Array | None = None) -> Array:
    """The law of the persistent variables, axes ``graph.persistent`` and the draws.

    ``near``: a law to begin from, with one draw; else all states alike.  After ``MOST`` cycles the
    law is taken as it is: it is then a chain that hardly mixes.
    """
    kept = graph.persistent
    sizes = [graph.size(n) for n in kept]
    if near is None:
        near = np.full((*sizes, 1), 1 / np.prod(sizes))
    inputs = (tuple(map(lagged, kept)), *(tables[n].axes[:-1] for n in graph.names))
    step = plan(inputs, _sizes(graph, inputs), kept, TILE)
    draws = max(tables[n].draws for n in graph.names)
    found = np.empty((*sizes, draws))

    def settle(low: int) -> None:
        some = slice(low, low + TILE)
        values = [_some(tables[n].values, some) for n in graph.names]
        found[..., some] = _settled(lambda law: step.run([law, *values]), near)

    _tiled(settle, draws)
    return found


def _settled(step: Callable[[Array], Array], near: Array) -> Array:
    """Power steps in cycles, each cycle ended by the best combination of its laws."""
    law = near
    for _ in range(MOST):
        laws = [law]
        for _ in range(CYCLE):
            after = step(laws[-1])
            laws.append(after / after.sum(axis=tuple(range(after.ndim - 1))))
        change = np.abs(laws[-1] - laws[-2]).max()
        if change < SETTLED:
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
    """The tables of a first slice in this law, by variable."""
    draws = law.shape[-1]
    inputs = (tuple(map(lagged, graph.persistent)), *(tables[n].axes[:-1] for n in graph.names))
    found = {}
    for name in graph.names:
        axes = (*graph.start_parents(name), name)
        joint = np.empty((*(graph.size(a) for a in axes), draws))
        marginal = plan(inputs, _sizes(graph, inputs), axes, TILE)

        def tell(low: int, marginal: Plan = marginal, joint: Array = joint) -> None:
            some = slice(low, low + TILE)
            values = [_some(tables[n].values, some) for n in graph.names]
            joint[..., some] = marginal.run([law[..., some], *values])

        _tiled(tell, draws)
        found[name] = Table((*axes, DRAW), _rows(joint))
    return found


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
