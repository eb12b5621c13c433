"""The compiled count of a block: numba, cached on disk, without the GIL; loaded when it pays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numpy.typing import NDArray

from causal.model.posterior import IntArray

if TYPE_CHECKING:
    from causal.learn.counting.pool import CodeColumn, Pooling

STEP = 2048  # rows held at a time: their levels and codes fit the first-level cache


def count_compiled(pooling: Pooling, columns: list[CodeColumn], table: IntArray) -> int:
    """Count rows of one-byte codes into the pools of ``table``; place of a bad column, or -1.

    The same counts as ``tally.count_columns``.  Columns are passed by address, so that one compiled
    function serves any number of them.
    """
    kept = [np.ascontiguousarray(column) for column in columns]
    addresses = np.array([column.ctypes.data for column in kept], dtype=np.int64)
    return int(_count(addresses, len(kept[0]), *pooling.layout, table))  # type: ignore[call-arg]


@intrinsic
def _bytes_at(typing: Any, address: Any) -> Any:
    """The column of bytes that lies at an address."""
    pointer = types.CPointer(types.uint8)  # type: ignore[no-untyped-call]

    def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], context.get_value_type(pointer))

    return pointer(types.int64), emit


@njit(cache=True, nogil=True)
def _count(  # noqa: PLR0917
    addresses: NDArray[np.int64],
    rows: int,
    sizes: NDArray[np.uint8],
    firsts: NDArray[np.int64],
    places: NDArray[np.int64],
    strides: NDArray[np.uint16],
    bases: NDArray[np.int64],
    table: NDArray[np.int64],
) -> int:
    """Pool p: table[bases[p] + sum_i strides[i] * level_i] += 1, i from firsts[p] to firsts[p+1].

    level_i = 1 + the code in the column at addresses[places[i]], in one byte: -1 becomes 0.
    """
    level = np.empty((len(addresses), STEP), dtype=np.uint8)
    code = np.empty(STEP, dtype=np.uint16)
    for low in range(0, rows, STEP):
        size = min(STEP, rows - low)
        for place in range(len(addresses)):
            column = carray(_bytes_at(addresses[place] + low), size)  # type: ignore[call-arg]
            held = level[place]
            largest = np.uint8(0)
            for row in range(size):
                held[row] = column[row] + np.uint8(1)
                largest = max(largest, held[row])
            if largest > sizes[place]:
                return place
        for pool in range(len(bases)):
            code[:size] = 0
            for i in range(firsts[pool], firsts[pool + 1]):
                held, stride = level[places[i]], strides[i]
                for row in range(size):
                    code[row] += np.uint16(held[row]) * stride
            cells = table[bases[pool] :]
            for row in range(size):
                cells[code[row]] += 1
    return -1
