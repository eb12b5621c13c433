"""Blocks of rows multiplied and summed in vector registers (numba, loaded only when it pays).

A row is a contiguous run of draws.  ``block(m, n)`` makes the kernel that computes, for m rows of A
and n rows of B at once,  out[i, k] = sum_j A[i, j] * B[k, j]  draw by draw: each loaded row serves
m or n products, and the sums stay in registers until they are stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from causal.contract.row_store import LANES

WORD = ir.IntType(64)
VECTOR = ir.VectorType(ir.DoubleType(), LANES)
FUSED = ("contract",)  # a multiply and an add may become one instruction


def block(m: int, n: int) -> Callable[..., None]:
    """The kernel for m by n rows.

    Arguments, all integers: addresses of A, B and out; bytes per row in each; addresses of five
    lists of row offsets (of A and out per i, of B and out per k, of A and B per j, each pair one
    list after the other is not assumed); the number of j; the number of vectors in a row.
    """

    @intrinsic
    def rows(
        typing, a, b, out, a_row, b_row, out_row, a_i, b_k, out_i, out_k, a_j, b_j, count, vectors
    ):
        def emit(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            _emit(builder, m, n, values)
            return context.get_dummy_value()

        return types.void(*([types.int64] * 14)), emit

    return rows


def _emit(builder: Any, m: int, n: int, values: Any) -> None:
    """Write the kernel: a loop over the vectors of a row, in it one over j; i and k unrolled."""
    a, b, out, a_row, b_row, out_row, a_i, b_k, out_i, out_k, a_j, b_j, count, vectors = values
    left = [_at(builder, a, a_i, i, a_row) for i in range(m)]
    right = [_at(builder, b, b_k, k, b_row) for k in range(n)]
    places = [
        [_at(builder, _at(builder, out, out_i, i, out_row), out_k, k, out_row) for k in range(n)]
        for i in range(m)
    ]
    # LLVM keeps these cells in registers.  Product and sum may fuse, which rounds once and not
    # twice: the last digit can differ from NumPy's.
    sums = [[cgutils.alloca_once(builder, VECTOR) for _ in range(n)] for _ in range(m)]
    zero = ir.Constant(VECTOR, [0.0] * LANES)
    with cgutils.for_range(builder, vectors) as run:
        shift = builder.mul(run.index, WORD(8 * LANES))
        for row in sums:
            for cell in row:
                builder.store(zero, cell)
        with cgutils.for_range(builder, count) as loop:
            a_shift = _at(builder, shift, a_j, loop.index, a_row)
            b_shift = _at(builder, shift, b_j, loop.index, b_row)
            a_rows = [_load(builder, builder.add(place, a_shift)) for place in left]
            b_rows = [_load(builder, builder.add(place, b_shift)) for place in right]
            for i in range(m):
                for k in range(n):
                    product = builder.fmul(a_rows[i], b_rows[k], flags=FUSED)
                    total = builder.fadd(builder.load(sums[i][k]), product, flags=FUSED)
                    builder.store(total, sums[i][k])
        for i in range(m):
            for k in range(n):
                place = builder.inttoptr(builder.add(places[i][k], shift), VECTOR.as_pointer())
                builder.store(builder.load(sums[i][k]), place, align=8)


def _at(builder: Any, base: Any, offsets: Any, place: Any, row: Any) -> Any:
    """Address ``base`` + offsets[place] rows of ``row`` bytes."""
    where = place if isinstance(place, ir.Value) else WORD(place)
    pointer = builder.gep(builder.inttoptr(offsets, WORD.as_pointer()), [where])
    return builder.add(base, builder.mul(builder.load(pointer), row))


def _load(builder: Any, address: Any) -> Any:
    """One vector of draws from an address that is a multiple of eight bytes."""
    return builder.load(builder.inttoptr(address, VECTOR.as_pointer()), align=8)
