"""How large an ordinary move is, is itself not known: a factor on the usual volatility.

The usual volatility m of a day looks back, and the days to come may be calmer or wilder than it by
a factor that lasts.  With ``spread`` s of the story's section [moves],

    unit = m e^(s z),   z ~ N(0, 1),   P(D >= d) = E_z V(d / unit),

V being the chance in usual moves, which rests on no unit (see ``grid.py``): so one pass serves all
units.  Every posterior draw has a unit of its own, so that intervals hold what is not known of it;
at the posterior mean the units are mixed, by Gauss-Hermite quadrature, which makes the tails
heavier (a scale mixture: Praetz 1972).
"""

from __future__ import annotations

import numpy as np

from causal.contract.array import Array

STREAM = 0x756E6974  # names the random stream of the units among those of tables and moves
POINTS = 9  # of the quadrature
FAINT = 1e-12  # no chance is taken as smaller: a grid leaves some a little below zero


def unit_factors(draws: int, seed: int, spread: float) -> Array:
    """e^(s z) of every draw, (draws,): quantiles of the normal distribution in random order.

    Their mean over a function is that of the distribution with an error of order 1 / draws.
    """
    from scipy.special import ndtri

    rng = np.random.Generator(np.random.Philox([seed, STREAM]))
    place = (rng.permutation(draws) + 0.5) / draws
    found: Array = np.exp(spread * ndtri(place))
    return found


def stretched(grid: Array, chance: Array, at: Array, factor: Array) -> Array:
    """V(x / f) for distances ``at`` x and every draw's factor f, shape (len(at), draws).

    ``chance``: V on the nodes of ``grid``, (nodes, draws) or (nodes, 1); linear in its logarithm
    between nodes and beyond the last.
    """
    x = at[:, None] / factor
    right = np.clip(np.searchsorted(grid, x), 1, len(grid) - 1)
    part = (x - grid[right - 1]) / (grid[right] - grid[right - 1])
    logs = np.log(np.minimum.accumulate(np.clip(chance, FAINT, 1.0), axis=0))
    logs = np.broadcast_to(logs, (len(grid), len(factor)))
    draw = np.arange(len(factor))
    found: Array = np.exp(logs[right - 1, draw] * (1 - part) + logs[right, draw] * part)
    return np.where(found > 2 * FAINT, found, 0.0)


def weighed(spread: float) -> tuple[Array, Array]:
    """Factors e^(s z) and the weights of their mixture, each (points,); one factor without spread.

    sum_i w_i f(z_i) = E f(z) for polynomials up to degree 2 ``POINTS`` - 1 (Gauss-Hermite).
    """
    if not spread:
        return np.ones(1), np.ones(1)
    places, weights = np.polynomial.hermite_e.hermegauss(POINTS)
    return np.exp(spread * places), weights / weights.sum()


def mixed(grid: Array, chance: Array, at: Array, spread: float) -> Array:
    """E_z V(x e^(-s z)) at distances ``at``, (len(at), 1); ``chance``: V of one draw."""
    factor, weights = weighed(spread)
    found: Array = (stretched(grid, chance, at, factor) @ weights)[:, None]
    return found
