"""A question never seen, from names to numbers in one compiled call: prune, order, lower, run."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from causal.infer.buckets import joins, lowered
from causal.infer.elimination import cheapest, neighbours
from causal.infer.kernel import steps
from causal.infer.requisite import FREE, HEAD, STORE, WORK, ancestors, clamped, connected, factors

LONG = 60  # steps above which results are kept in range
LARGE = 1e60
WIDE = 8  # entries of a run above which it is worth gathering


@njit(nogil=True, cache=True)
def plan(variables, families, positive, question, weights, draws):
    """The program of a question and what is needed to run it.

    Returns the steps, their pool of offsets, the rows of work area, the row of the result, its
    weights of the event, the multiply-adds, flags of the tables it reads, and the state of every
    variable.  Without steps the question is outside the scope of this planner.
    """
    state, cut, plain = clamped(variables, question)
    needed = ancestors(variables, families, question, cut)
    none = np.empty((0, 10), np.int64)
    if not plain:
        return none, none[0:0, 0], 0, 0, weights, 0.0, needed, state
    connected(variables, families, positive, question, state, cut, needed)
    sizes, numbers, place, width, axes, strides, leaves = factors(
        variables, families, question, state, cut, needed
    )
    if leaves < 0:
        return none, none[0:0, 0], 0, 0, weights, 0.0, needed, state
    first = 1 + weights.shape[0]
    if leaves == 0:  # nothing is left to chance: one step, one times one
        one = np.zeros((1, 10), np.int64)
        one[0, 0] = one[0, 2] = WORK
        one[0, 4], one[0, 5:9] = first, 1
        needed[:] = 0
        event = struck(question, weights, variables, state, numbers[:0])
        return one, np.zeros(9, np.int64), first + 1, first, event, 1.0, needed, state
    kept = np.zeros(sizes.shape[0], np.int8)
    for x in range(sizes.shape[0]):
        for item in range(question[0]):
            kept[x] |= question[HEAD + 2 * item] == numbers[x]
    joined, near, degree = neighbours(leaves, width, axes, sizes.shape[0])
    rank = cheapest(joined, near, degree, sizes, kept, draws)
    pairs, count, rows, work = joins(leaves, place, width, axes, strides, sizes, rank, first)
    if count < 0:
        return none, none[0:0, 0], 0, 0, weights, work, needed, state
    program, pool = lowered(pairs, leaves, count, place, width, axes, strides, sizes)
    last = count - 1
    event = struck(question, weights, variables, state, numbers[axes[last, : width[last]]])
    for v in range(state.shape[0]):
        needed[v] = needed[v] and not cut[v]
    return program, pool, rows, place[last, 1], event, work, needed, state


@njit(nogil=True, cache=True)
def struck(question, weights, variables, state, result):
    """How much of each row of a result over the variables ``result`` is the event."""
    rows = 1
    for v in result:
        rows *= variables[v, 0]
    found = np.ones(rows)
    for item in range(question[0]):
        v, x = question[HEAD + 2 * item], question[HEAD + 2 * item + 1]
        if state[v] != FREE:
            for r in range(rows):
                found[r] *= _weight(x, state[v], weights)
        stride = rows
        for u in result:
            stride //= variables[u, 0]
            if u == v:
                for r in range(rows):
                    found[r] *= _weight(x, (r // stride) % variables[v, 0], weights)
    return found


@njit(nogil=True, cache=True)
def _weight(x, state, weights):
    """How much of a state is what was asked for."""
    if x < 0:
        return weights[state - 1 - x]
    return 1.0 if state == x else 0.0


@njit(nogil=True, cache=True)
def point(variables, families, positive, question, weights, values):
    """P(event, evidence) and P(evidence), up to one factor, under a single draw.

    Both are -1 where the question is outside the scope of this planner.
    """
    program, pool, rows, at, event, _, _, _ = plan(
        variables, families, positive, question, weights, 1
    )
    if program.shape[0] == 0:
        return -1.0, -1.0
    work = np.empty(rows)
    work[0] = 1.0
    for r in range(weights.shape[0]):
        work[1 + r] = weights[r]
    _steps(program, pool, values, work)
    hit = total = 0.0
    for r in range(event.shape[0]):
        hit += event[r] * work[at + r]
        total += work[at + r]
    return hit, total


@njit(nogil=True, cache=True)
def ratios(program, pool, weights, event, at, store, tiles, work, out):
    """P(event, evidence) / P(evidence) of every draw, -1 where the evidence cannot happen.

    ``tiles`` = (first tile, last tile, width of a piece) of ``store`` (tile, row, draw); ``event``
    are the weights of the event on the rows of the result, which begins at row ``at`` of ``work``.
    """
    tile_width, last = store.shape[2], program.shape[0]
    work[0, :] = 1.0
    for r in range(weights.shape[0]):
        work[1 + r, :] = weights[r]
    for tile in range(tiles[0], tiles[1]):
        for low in range(0, tile_width, tiles[2]):
            width = min(tiles[2], tile_width - low)
            address = store.ctypes.data + 8 * (tile * store.shape[1] * tile_width + low)
            steps(program, 0, last, pool, address, 8 * tile_width, work, width // 8, last > LONG)
            here = tile * tile_width + low
            for t in range(width):
                hit = total = 0.0
                for r in range(event.shape[0]):
                    hit += event[r] * work[at + r, t]
                    total += work[at + r, t]
                out[here + t] = hit / total if total > 0.0 else -1.0


@njit(nogil=True, cache=True)
def _steps(program, pool, values, work):
    """Run a program on a single draw: plain sums of products (``kernel.steps`` runs many)."""
    long = program.shape[0] > LONG
    for s in range(program.shape[0]):
        a = values if program[s, 0] == STORE else work
        b = values if program[s, 2] == STORE else work
        if program[s, 7] >= WIDE:
            _wide(program[s], pool, a, b, work)
        else:
            _narrow(program[s], pool, a, b, work)
        if long:
            first = program[s, 4]
            entries = program[s, 5] * program[s, 6] * program[s, 7]
            _scale(work[first : first + entries])


@njit(nogil=True, cache=True)
def _scale(row):
    """Divide by a power of two where the largest entry has grown small or large."""
    top = 0.0
    for r in range(row.shape[0]):
        top = max(top, row[r])
    if top > LARGE or 0.0 < top < 1.0 / LARGE:
        factor = 2.0 ** -math.floor(math.log2(top))
        for r in range(row.shape[0]):
            row[r] *= factor


@njit(nogil=True, cache=True)
def _narrow(step, pool, a, b, out):
    """out[h + i + k] = sum_j a[h + i + j] b[h + k + j], entry by entry."""
    nh, ni, nk, nj, h = step[5], step[6], step[7], step[8], step[9]
    i = h + 3 * nh
    k = i + 2 * ni
    j = k + 2 * nk
    for x in range(nh):
        ah, bh = step[1] + pool[h + x], step[3] + pool[h + nh + x]
        oh = step[4] + pool[h + 2 * nh + x]
        for y in range(ni):
            ai, oi = ah + pool[i + y], oh + pool[i + ni + y]
            for z in range(nk):
                bk = bh + pool[k + z]
                total = 0.0
                for w in range(nj):
                    total += a[np.uintp(ai + pool[j + w])] * b[np.uintp(bk + pool[j + nj + w])]
                out[oi + pool[k + nk + z]] = total


@njit(nogil=True, cache=True, fastmath={"contract"})
def _wide(step, pool, a, b, out):
    """The same where k is long: its variables vary fastest in the result, so it is one run.

    The rows of b are gathered into runs first, once for all i.
    """
    nh, ni, nk, nj, h = step[5], step[6], step[7], step[8], step[9]
    i = h + 3 * nh
    k = i + 2 * ni
    j = k + 2 * nk
    run = True
    for z in range(nk):
        run = run and pool[k + z] == z
    panel = np.empty((0, 0) if run else (nj, nk))
    for x in range(nh):
        ah, bh = step[1] + pool[h + x], step[3] + pool[h + nh + x]
        oh = step[4] + pool[h + 2 * nh + x]
        if not run:
            for w in range(nj):
                for z in range(nk):
                    panel[w, z] = b[bh + pool[j + nj + w] + pool[k + z]]
        for y in range(ni):
            ai, oi = ah + pool[i + y], oh + pool[i + ni + y]
            to = out[oi : oi + nk]
            for w in range(0, nj, 2):
                v = min(w + 1, nj - 1)
                at, then = bh + pool[j + nj + w], bh + pool[j + nj + v]
                _add(
                    a[ai + pool[j + w]],
                    b[at : at + nk] if run else panel[w],
                    a[ai + pool[j + v]] if v > w else 0.0,
                    b[then : then + nk] if run else panel[v],
                    to,
                    w == 0,
                )


@njit(nogil=True, cache=True, fastmath={"contract"})
def _add(one, source, other, second, to, first):
    """to += one * source + other * second; what ``to`` held before is ignored at first."""
    if first:
        for z in range(to.shape[0]):
            to[z] = one * source[z] + other * second[z]
    else:
        for z in range(to.shape[0]):
            to[z] += one * source[z] + other * second[z]
