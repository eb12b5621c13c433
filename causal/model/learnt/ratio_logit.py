"""The continuation-ratio logit: P(Y >= k | Y >= k-1, x) = expit(a_k + x b_k), for many weights.

A row's distribution is a chain of binary choices, so rows cannot cross and the likelihood is
concave (Fienberg 1980, ch. 6; Agresti 2010, sec. 4.2).  With n_k = sum_{j >= k-1} N_j trials and
y_k = sum_{j >= k} N_j successes in every row, and a normal prior of mean c and precision Q,

    gradient = Z'(y - n p) - Q (theta - c),    Hessian = Z' diag(n p (1 - p)) Z + Q,

Newton's steps from the mode on other weights w give the draw theta_w (weighted likelihood
bootstrap with a randomised prior; Newton & Raftery 1994, Newton, Polson & Xu 2021).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.model.learnt.design import Design
from causal.model.posterior import CountArray

STEPS = 3  # of a draw, from the mode: one is wrong, two are good
MOST = 60  # of the mode
LARGEST = 4.0  # most that a step may move a coefficient
HALVINGS = 20  # of a step of the mode that would lead uphill
SMALL = 1e-10
CHUNK = 500  # draws whose Hessians are held at a time


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Trials n and successes y of every level, (L, rows, draws); coding of the rows,
    (rows, 1 + q)."""

    n: Array
    y: Array
    coding: Array

    def some(self, part: slice) -> Trials:
        """Those of some draws."""
        return Trials(self.n[..., part], self.y[..., part], self.coding)


def mode(design: Design, counts: CountArray, start: Array | None = None) -> Array:
    """The penalised maximum, (L (1 + q),), for counts of shape (rows, states)."""
    theta: Array = np.zeros((1, len(design.precision))) if start is None else start[None, :].copy()
    if not theta.size:
        return np.zeros(0)
    seen = _trials(design, counts[..., None])
    centre = np.zeros_like(theta)
    for _ in range(MOST):
        step = _step(design, seen, theta, centre)
        here = _loss(design, seen, theta)
        for _ in range(HALVINGS):
            if _loss(design, seen, theta + step) <= here + SMALL:
                break
            step = step / 2
        theta += step
        if np.abs(step).max() < SMALL:
            break
    found: Array = theta[0]
    return found


def refitted(design: Design, counts: Array, at: Array, rng: np.random.Generator) -> Array:
    """Coefficients of every draw, (draws, L (1 + q)), for weighted counts (rows, states, draws).

    ``at``: the mode that the steps begin from.  Each draw has a prior centre of its own, normal
    with the prior's covariance around zero, intercepts around the mode.
    """
    draws = counts.shape[-1]
    if not at.size:
        return np.zeros((draws, 0))
    root = np.linalg.cholesky(np.linalg.inv(design.precision))
    centre = rng.standard_normal((draws, len(at))) @ root.T + np.where(design.intercepts(), at, 0.0)
    seen = _trials(design, counts)
    theta: Array = np.tile(at, (draws, 1))
    for low in range(0, draws, CHUNK):
        some = slice(low, low + CHUNK)
        here = seen.some(some)
        for _ in range(STEPS):
            theta[some] += _step(design, here, theta[some], centre[some])
    return theta


def row_means(design: Design, theta: Array, states: int) -> Array:
    """Rows of the table by coefficients (draws, L (1 + q)): shape (rows, states, draws)."""
    draws, rows = len(theta), int(np.prod(design.sizes))
    found = np.zeros((rows, states, draws))
    above = np.ones((rows, draws))
    for k in range(design.levels):
        part = theta[:, k * design.width : (k + 1) * design.width]
        more = above * expit(design.scores(part))
        found[:, design.lowest + k] = above - more
        above = more
    found[:, design.lowest + design.levels] = above
    return found


def expit(x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    found: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
    return found


def _trials(design: Design, counts: CountArray) -> Trials:
    """The binary choices behind counts (rows, states, draws), on rows that were ever seen."""
    tail = np.cumsum(counts[:, design.lowest :][:, ::-1], axis=1)[:, ::-1]
    kept = tail[:, 0].any(axis=-1)
    tail, coding = tail[kept].transpose(1, 0, 2), design.coding(np.flatnonzero(kept))
    return Trials(tail[:-1], tail[1:], coding)


def _step(design: Design, seen: Trials, theta: Array, centre: Array) -> Array:
    """One Newton step for every draw, none of its entries larger than ``LARGEST``."""
    width, draws = design.width, len(theta)
    gradient = -(theta - centre) @ design.precision
    hessian = np.tile(design.precision, (draws, 1, 1))
    for k in range(design.levels):
        part = slice(k * width, (k + 1) * width)
        chance = expit(theta[:, part] @ seen.coding.T)
        trials = seen.n[k].T
        gradient[:, part] += (seen.y[k].T - trials * chance) @ seen.coding
        weights = trials * chance * (1 - chance)
        hessian[:, part, part] += _squares(weights, seen.coding)
    step = np.asarray(np.linalg.solve(hessian, gradient[..., None])[..., 0], dtype=np.float64)
    largest = np.abs(step).max(axis=1, keepdims=True)
    found: Array = step * np.minimum(1.0, LARGEST / np.maximum(largest, SMALL))
    return found


def _loss(design: Design, seen: Trials, theta: Array) -> float:
    """The penalised negative log likelihood of one draw, prior centre zero."""
    found = 0.5 * float(theta[0] @ design.precision @ theta[0])
    for k in range(design.levels):
        score = seen.coding @ theta[0, k * design.width : (k + 1) * design.width]
        n, y = seen.n[k, :, 0], seen.y[k, :, 0]
        found += float((n * np.logaddexp(0.0, score) - y * score).sum())
    return found


def _squares(weights: Array, coding: Array) -> Array:
    """Z' diag(w) Z for every draw, weights (draws, rows): shape (draws, 1 + q, 1 + q)."""
    width = coding.shape[1]
    if len(weights) == 1:
        return ((coding * weights.T).T @ coding)[None]
    pairs = (coding[:, :, None] * coding[:, None, :]).reshape(len(coding), width * width)
    return (weights @ pairs).reshape(-1, width, width)
