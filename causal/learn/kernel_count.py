"""The compiled increment of a pool: numba, cached on disk, without the GIL; loaded when it pays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

STEP = 4096  # rows whose codes are held at a time, in the first-level cache


@njit(cache=True, nogil=True)
def count_pool(
    block: NDArray[Any],
    rows: int,
    places: NDArray[np.int64],
    strides: NDArray[np.uint16],
    table: NDArray[np.int64],
) -> None:
    """table[sum_i strides[i] * block[places[i], row]] += 1 for each of the first ``rows`` rows."""
    code = np.empty(STEP, dtype=np.uint16)
    for low in range(0, rows, STEP):
        size = min(STEP, rows - low)
        code[:size] = 0
        for i in range(len(places)):
            level = block[places[i], low : low + size]
            stride = strides[i]
            for row in range(size):
                code[row] += np.uint16(level[row]) * stride
        for row in range(size):
            table[code[row]] += 1
