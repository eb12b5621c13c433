"""How far the price stands above a threshold, on a grid: its nodes, and one day's kernel.

Distances are logarithms, in units of the usual volatility.  A day's move u carries a distance x to
y = x + u; mass at y <= 0 is absorbed by ``hit``.  The rest is split onto the two nodes around y so
that its mean stays, which is linear interpolation of whatever is asked of the next distance.

Mass at a share t of a spacing h is spread by the split with variance t (1 - t) h^2: h^2 / 6 on
average over t.  So a value V is overrated by t (1 - t) h^2 V'' / 2, on average h^2 V'' / 12, every
day anew.  ``sharpened`` takes this average out again, which leaves an error of higher order and
some weights slightly below zero (docs/decisions/0005-drawdown-on-a-grid.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from causal.contract.array import Array
from causal.model.returns import MoveCounts

NODES = 12, 16  # of the grid that every draw runs on: up to a week, and beyond
WEEK = 7
GROWTH = 2.0  # the last spacing is exp(GROWTH) times the first
HEADROOM = 3.0  # usual moves over the horizon that fit above the deepest threshold
FARTHEST = 17.0  # usual moves that the grid reaches at least
FAR = 27.0  # usual moves beyond which more nodes are needed
MOST = 48
APART = 0.35  # of the spacing: a node closer to a threshold gives way to it
PIECES = 8  # of a bin of closes, on each of which a low is taken as hit or missed at its middle


def nodes(depths: Iterable[float], days: int, count: int | None = None) -> Array:
    """Distances from 0 up, in usual moves, dense where the threshold is near, (nodes,).

    ``depths`` are distances that must be nodes: thresholds -ln(1 + L) / m, for usual volatility m.
    The spacing grows by e^GROWTH from the first to the last; the grid reaches ``HEADROOM`` standard
    deviations of ``days`` usual moves above the deepest.  One that reaches far has more than
    ``NODES``, at most ``MOST``.
    """
    wanted = np.unique([d for d in depths if d > 0])
    deepest = float(wanted.max(initial=0.0))
    reach = max(deepest + HEADROOM * math.sqrt(days), FARTHEST)
    if count is None:
        least = NODES[days > WEEK]
        count = min(max(least, math.ceil(least * math.sqrt(reach / FAR))), MOST)
    steps = np.expm1(GROWTH * np.linspace(0, 1, count)) / math.expm1(GROWTH)
    found = reach * steps
    gap = np.interp(wanted, found[:-1], np.diff(found))
    near = np.abs(found[:, None] - wanted) < APART * gap
    near[[0, -1]] = False
    return np.union1d(found[~near.any(axis=1)], wanted)


def refined(grid: Array, times: int = 1) -> Array:
    """The same grid with a node in the middle of every two, so many times over."""
    for _ in range(times):
        grid = np.sort(np.concatenate([grid, (grid[1:] + grid[:-1]) / 2]))
    return grid


def kernel(grid: Array, moves: MoveCounts, shares: Array, *, low: bool) -> Array:
    """P(next | distance, cell), shape (nodes + 1, *cells, nodes + 1, draws); ``hit`` comes last.

    Distances run from the farthest to the nearest, calmest first.  ``shares`` are P(bin | cell),
    shape (*cells, bins, draws).  ``low``: a day hits when its low does, not only its close.  The
    kernel is linear in the shares, K = sum_bins share(bin) R(bin), and R is the same for all cells
    and draws.
    """
    close, wick = moves.bins
    cells = shares.shape[:-2]
    flat = shares.reshape(-1, *shares.shape[-2:])
    if low:
        response = (
            sum(_split(grid, piece, _missed(grid, piece, wick)) for piece in _pieces(close))
            / PIECES
        )
    else:
        close, place = np.unique(close, axis=0, return_inverse=True)
        merged = np.zeros((len(flat), len(close), flat.shape[-1]))
        for bin_, into in enumerate(place.ravel()):
            merged[:, into] += flat[:, bin_]
        flat, response = merged, _split(grid, close, np.ones((len(close), len(grid))))
    size = len(grid)
    response = response @ sharpened(grid)
    stay = np.tensordot(response.reshape(len(close), -1).T, flat, axes=(1, 1))
    stay = stay.reshape(size, size, len(flat), -1)[::-1, ::-1].transpose(0, 2, 1, 3)
    found = np.zeros((size + 1, len(flat), size + 1, flat.shape[-1]))
    found[:size, :, :size] = stay
    found[:size, :, size] = 1 - stay.sum(axis=2)
    found[size, :, size] = 1.0
    return found.reshape(size + 1, *cells, size + 1, -1)


def _split(grid: Array, span: Array, weight: Array) -> Array:
    """Where an even spread over ``span`` (bins, 2) lands from every node, shape (bins, from, to).

    The hat of a node is 1 there, 0 at its neighbours and linear between; its share of the spread
    from a to b is (H(x + b) - H(x + a)) / (b - a), H the integral of the hat.  Beyond the last node
    all mass is the last node's.  ``weight`` (bins, from) is the chance of not being hit on the way.
    """
    ends = [_hats(grid, grid + span[:, i, None]) for i in (0, 1)]
    width = (span[:, 1] - span[:, 0])[:, None, None]
    found: Array = (ends[1] - ends[0]) / width * weight[..., None]
    return found


def sharpened(grid: Array) -> Array:
    """I - A: values at the nodes less what linear interpolation adds to them, (nodes, nodes).

    Between nodes a linear V is off by t (1 - t) h^2 V'' / 2, on average h^2 V'' / 12.  Around a
    node with spacings l and r, each cell weighted by its width, that is (l^3 + r^3) / (12 (l + r))
    V'', and by three-point differences V'' = 2 (V_left / l - V (1/l + 1/r) + V_right / r) / (l +
    r).  The first node, beside the jump at the threshold, and the last stay as they are.
    """
    left, right = np.diff(grid)[:-1], np.diff(grid)[1:]
    both = left + right
    weight = (left**3 + right**3) / both / 12
    inner = np.arange(1, len(grid) - 1)
    found = np.eye(len(grid))
    found[inner, inner - 1] -= weight * 2 / (left * both)
    found[inner, inner + 1] -= weight * 2 / (right * both)
    found[inner, inner] += weight * 2 / (left * right)
    return found


def _hats(grid: Array, y: Array) -> Array:
    """Integral of every node's hat from -inf to y, shape (*y, nodes).

    At a share p of a gap g the falling half has g (p - p^2 / 2) behind it, the rising half g p^2 /
    2; beyond the last node the whole length is that node's.
    """
    gaps = np.diff(grid)
    part = np.clip((y[..., None] - grid[:-1]) / gaps, 0.0, 1.0)
    falling, rising = gaps * (part - part**2 / 2), gaps * part**2 / 2
    found = np.zeros((*y.shape, len(grid)))
    found[..., :-1] += falling
    found[..., 1:] += rising
    found[..., -1] += np.maximum(y - grid[-1], 0.0)
    return found


def _pieces(close: Array) -> list[Array]:
    """Every bin of closes cut into equal pieces."""
    edges = np.linspace(0, 1, PIECES + 1)
    cut = close[:, :1] + edges * (close[:, 1:] - close[:, :1])
    return [cut[:, i : i + 2] for i in range(PIECES)]


def _missed(grid: Array, piece: Array, wick: Array) -> Array:
    """P(the day's low stays above the threshold) from every node, shape (bins, nodes).

    The low is min(u, 0) - w with w even in the wick's bin; u is taken at the middle of its piece.
    """
    room = grid + np.minimum(piece.mean(axis=1), 0.0)[:, None]
    width = (wick[:, 1] - wick[:, 0])[:, None]
    found: Array = np.clip((room - wick[:, :1]) / width, 0.0, 1.0)
    return found
