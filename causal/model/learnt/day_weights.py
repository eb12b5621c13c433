"""Weights of days: what each day counts for in a draw of the posterior.

The Bayesian bootstrap (Rubin 1981) weighs days by independent Exp(1).  Days that follow each other
are alike, so a weight is a sum over the sub-blocks that end with the day's own,

    w_b = sum_{j < k} g_{b - j},    g ~ Gamma(1 / k) independent,

still Exp(1), with correlation 1 - |j| / k (Bartlett) between sub-blocks j apart.
"""

from __future__ import annotations

import zlib

import numpy as np

from causal import limit
from causal.contract.array import Array

WORD = np.uint64(32)
BITS = (1 << 32) - 1


def stream(seed: int, what: str, number: int = 0) -> np.random.Generator:
    """The random stream of a name and a number, the same on every machine."""
    key = (zlib.crc32(what.encode()) << 32) | (number & BITS)
    return np.random.Generator(np.random.Philox(key=np.array([seed, key], dtype=np.uint64)))


def block_weights(seed: int, span: tuple[int, int], draws: int, width: int) -> Array:
    """Weights of the sub-blocks from the first to the last of ``span``, (sub-blocks, draws).

    ``width``: k, how many sub-blocks a weight is spread over; the gammas are keyed by (seed,
    sub-block), so that a longer history has the same weights where it is the same.
    """
    first, last = span
    limit.afford(
        16.0 * (last - first + width) * draws,
        f"Weights of {last - first + 1:,} stretches of days in {draws:,} draws",
        "Ask with fewer draws",
    )
    parts = np.empty((last - first + width, draws))
    for row, number in enumerate(range(first - width + 1, last + 1)):
        stream(seed, "days", number).standard_gamma(1 / width, out=parts[row])
    found = parts[width - 1 :].copy()
    for back in range(1, width):
        found += parts[width - 1 - back : len(parts) - back]
    return found
