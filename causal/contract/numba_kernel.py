"""The compiled machine: row offsets in, row offsets out, draws last (numba, cached on disk).

A program is a table of steps.  Each step multiplies two operands and sums: for every h, i, k

    out[h + i + k] = sum_j A[h + i + j] * B[h + k + j]

where each letter runs over a list of row offsets (``Lowering.step`` derives them).  From top to
bottom: all days of every tile, the absorption of a day, the steps of a day, one block.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from causal.contract.numba_lanes import block

(B11, B12, B13, B14) = (block(1, n) for n in (1, 2, 3, 4))
(B21, B22, B23, B24) = (block(2, n) for n in (1, 2, 3, 4))
(B31, B32, B33, B34) = (block(3, n) for n in (1, 2, 3, 4))
(B41, B42, B43, B44) = (block(4, n) for n in (1, 2, 3, 4))
LOG_TWO = math.log(2.0)


@njit(nogil=True, cache=True)
def run_tiles(
    program, pool, days, places, weights, constants, store, tiles, work, score, log_evidence, joint,
    long,
):  # fmt: skip
    """Every day of every tile in ``tiles`` = (first tile, last tile, width of a piece).

    days[d] = (first fixed, last fixed, first moving, last moving, result row, result rows, frontier
    row, frontier rows, offset into places and weights, evidence counts, score row or -1); fixed
    steps run when the day before had other ones.  ``store`` is (tile, row, draw), ``work`` (row,
    piece), ``score`` (event day, draw); ``joint`` (row, draw) takes the last day's result.  Writes
    ``work``, and of ``score``, ``log_evidence`` and ``joint`` the draws of its own tiles alone, so
    that other threads may have the others.
    """
    tile_width = store.shape[2]
    for row in range(constants.shape[0]):
        work[row, :] = constants[row]
    for tile in range(tiles[0], tiles[1]):
        for low in range(0, tile_width, tiles[2]):
            width = min(tiles[2], tile_width - low)
            here = tile * tile_width + low
            address = store.ctypes.data + 8 * (tile * store.shape[1] * tile_width + low)
            alive = np.ones(width)
            unused = np.empty(width)
            before = np.int64(-1)
            fixed = 0
            for d in range(days.shape[0]):
                day = days[d]
                if day[0] != before:
                    before = day[0]
                    fixed = steps(
                        program, before, day[1], pool, address, 8 * tile_width, work, width // 8,
                        long,
                    )  # fmt: skip
                # The fixed results that are read again carry their powers of two, so those count
                # every day.
                exponents = fixed + steps(
                    program, day[2], day[3], pool, address, 8 * tile_width, work, width // 8, long
                )
                result = work[day[4] : day[4] + day[5], :width]
                if d == days.shape[0] - 1 and joint.shape[0] > 0:
                    joint[:, here : here + width] = result
                    if day[9] > 0:
                        mass(result, exponents, log_evidence[here : here + width])
                    break
                struck = score[day[10], here : here + width] if day[10] >= 0 else unused
                absorb(
                    result,
                    work[day[6] : day[6] + day[7], :width],
                    places[day[8] : day[8] + day[5]],
                    weights[day[8] : day[8] + day[5]],
                    day[9] > 0,
                    exponents,
                    log_evidence[here : here + width],
                    alive,
                    struck,
                )


@njit(nogil=True, cache=True)
def absorb(result, frontier, place, weight, ends, exponents, log_evidence, alive, struck):
    """Divide a day's result into frontier and event, normalise, and keep score per draw.

    With s = sum_r result[r], the scale of the day:

        struck = alive * sum_r weight[r] result[r] / s
        frontier[place[r]] += (1 - weight[r]) result[r],  then divided by its sum m;  alive *= m / s

    ``result`` (rows, width), ``frontier`` (rows, width) is written; ``place[r]`` is the frontier
    row of result row r, ``weight[r]`` how much of it is the event; ``ends``: evidence still counts,
    and log s + exponents log 2 is added to ``log_evidence``.
    """
    width = result.shape[1]
    for r in range(frontier.shape[0]):
        for t in range(width):
            frontier[r, t] = 0.0
    total = np.zeros(width)
    hit = np.zeros(width)
    for r in range(result.shape[0]):
        w = weight[r]
        f = place[r]
        for t in range(width):
            x = result[r, t]
            total[t] += x
            hit[t] += w * x
            frontier[f, t] += (1.0 - w) * x
    left = np.zeros(width)
    for r in range(frontier.shape[0]):
        for t in range(width):
            left[t] += frontier[r, t]
    for t in range(width):
        safe = total[t] if total[t] > 0.0 else 1.0
        if ends:
            log_evidence[t] += np.log(total[t]) + exponents * LOG_TWO
        struck[t] = alive[t] * hit[t] / safe
        alive[t] *= left[t] / safe
        left[t] = 1.0 / left[t] if left[t] > 0.0 else 1.0
    for r in range(frontier.shape[0]):
        for t in range(width):
            frontier[r, t] *= left[t]


@njit(nogil=True, cache=True)
def mass(result, exponents, log_evidence):
    """Add the log of a day's whole mass, per draw: what ``absorb`` does to the evidence alone."""
    total = np.zeros(result.shape[1])
    for r in range(result.shape[0]):
        for t in range(result.shape[1]):
            total[t] += result[r, t]
    for t in range(result.shape[1]):
        log_evidence[t] += np.log(total[t]) + exponents * LOG_TWO


@njit(nogil=True, cache=True)
def steps(program, first, last, pool, store, store_row, area, vectors, long):
    """Run the steps first..last-1 of a program on one tile; the sum of the exponents taken out.

    ``store`` is an address, ``store_row`` the bytes from one of its rows to the next; of every row
    of the work area ``area`` that many ``vectors`` are used.
    """
    exponents = 0
    work, work_row = area.ctypes.data, 8 * area.shape[1]
    for s in range(first, last):
        a_row = store_row if program[s, 0] == 0 else work_row
        b_row = store_row if program[s, 2] == 0 else work_row
        a = (store if program[s, 0] == 0 else work) + program[s, 1] * a_row
        b = (store if program[s, 2] == 0 else work) + program[s, 3] * b_row
        out = work + program[s, 4] * work_row
        nh, ni, nk, nj = program[s, 5], program[s, 6], program[s, 7], program[s, 8]
        at = program[s, 9]
        base = pool.ctypes.data
        # Eight bytes an offset: the lists of i, k and j are handed on as addresses.
        ai = base + 8 * (at + 3 * nh)
        oi, bk = ai + 8 * ni, ai + 16 * ni
        ok, aj = bk + 8 * nk, bk + 16 * nk
        bj = aj + 8 * nj
        for h in range(nh):
            ah = a + pool[at + h] * a_row
            bh = b + pool[at + nh + h] * b_row
            oh = out + pool[at + 2 * nh + h] * work_row
            i = 0
            while i < ni:
                m = _piece(ni - i)
                k = 0
                while k < nk:
                    n = _piece(nk - k)
                    _block(
                        m, n, ah, bh, oh, a_row, b_row, work_row,
                        ai + 8 * i, bk + 8 * k, oi + 8 * i, ok + 8 * k, aj, bj, nj, vectors,
                    )  # fmt: skip
                    k += n
                i += m
        if long:
            row = program[s, 4]
            exponents += scale(area[row : row + nh * ni * nk, : 8 * vectors])
    return exponents


@njit(nogil=True, cache=True)
def scale(area):
    """Divide an array by a power of two where it has grown small or large; the exponent."""
    top = 0.0
    for r in range(area.shape[0]):
        for t in range(area.shape[1]):
            top = max(top, area[r, t])
    if top <= 0.0 or 1e-60 < top < 1e60 or top == np.inf:
        return 0
    exponent = math.frexp(top)[1]
    for r in range(area.shape[0]):
        for t in range(area.shape[1]):
            area[r, t] = math.ldexp(area[r, t], -exponent)
    return exponent


@njit(nogil=True, cache=True)
def _piece(left):
    """How many rows the next block takes: four, but never a lone last one after a four."""
    if left > 5 or left == 4:
        return 4
    return 3 if left == 5 else left


@njit(nogil=True, cache=True)
def _block(m, n, a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv):
    """The block of m by n rows: a branch to the kernel that was compiled for just that shape."""
    if m == 4:
        if n == 4:
            B44(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        elif n == 3:
            B43(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        elif n == 2:
            B42(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        else:
            B41(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
    elif m == 3:
        if n == 4:
            B34(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        elif n == 3:
            B33(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        elif n == 2:
            B32(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        else:
            B31(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
    elif m == 2:
        if n == 4:
            B24(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        elif n == 3:
            B23(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        elif n == 2:
            B22(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
        else:
            B21(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
    elif n == 4:
        B14(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
    elif n == 3:
        B13(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
    elif n == 2:
        B12(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
    else:
        B11(a, b, o, ar, br, wr, ai, bk, oi, ok, aj, bj, nj, nv)
