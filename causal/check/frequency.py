"""Plain frequencies of dependent days, with intervals that know that days come in spells.

k of n days say little more than k of n / d independent ones, d the design effect: the variance of
k / n over resampled blocks of days against p (1 - p) / n.  The interval is that of Clopper and
Pearson (1934) at the effective numbers k / d and n / d (Korn & Graubard 1998): it holds for rare
events, and is the plain one where no day of the n, or every one, counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array

Flags = NDArray[np.bool_]
BlockWeights = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Frequencies:
    """Shares ``shares`` of ``days`` days, any shape, and the design effect of each (at least 1)."""

    shares: Array
    days: Array
    effect: Array

    def interval(self, level: float) -> tuple[Array, Array]:
        """Clopper-Pearson at the effective number of days: (low, high)."""
        from scipy.special import betaincinv

        tail = (1 - level) / 2
        total = self.days / self.effect
        hits = self.shares * total
        none, all_ = hits <= 0, hits >= total
        low = betaincinv(np.where(none, 1.0, hits), total - hits + 1, tail)
        high = betaincinv(hits + 1, np.where(all_, 1.0, total - hits), 1 - tail)
        return np.where(none, 0.0, low), np.where(all_, 1.0, high)


def resampled(days: int, *, block: int, replicates: int, seed: int) -> BlockWeights:
    """How often each day comes up in circular block resamples, shape (replicates, days).

    Blocks of ``block`` consecutive days with random starts, the last day followed by the first
    (Politis & Romano 1992).
    """
    rng = np.random.default_rng(seed)
    starts = rng.integers(days, size=(replicates, -(-days // block)))
    began = np.zeros((replicates, days), dtype=np.float32)
    np.add.at(began, (np.arange(replicates)[:, None], starts), 1)
    began = np.concatenate([began[:, -block:], began], axis=1)  # the circle
    total = np.cumsum(began, axis=1)
    weights: BlockWeights = total[:, block:] - total[:, :-block]  # begun on the last `block` days
    return weights


def frequencies(among: Flags, happened: Flags, known: Flags, weights: BlockWeights) -> Frequencies:
    """Shares of the days ``among`` on which each column of ``happened`` does, where it is known.

    ``among`` has shape (days,), ``happened`` and ``known`` (days, columns), ``weights`` those of
    ``resampled``.  The variance is that of the linearised ratio, sum w (hit - p) / n.
    """
    rows = np.flatnonzero(among)
    hits, there = happened[rows].astype(np.float32), known[rows].astype(np.float32)
    days = there.sum(axis=0, dtype=np.float64)
    count = (hits * there).sum(axis=0, dtype=np.float64)
    least = np.maximum(days, 1)
    share = count / least
    part = weights[:, rows]
    residual = part @ (hits * there) - (part @ there) * share.astype(np.float32)
    spread = residual.astype(np.float64).var(axis=0) / least**2
    plain = share * (1 - share) / least
    effect = np.where(plain > 0, spread / np.where(plain > 0, plain, 1), 1.0)
    return Frequencies(share, days, np.maximum(effect, 1.0))
