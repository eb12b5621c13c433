"""From an order to the steps and row offsets that the kernel runs (numba).

Every array waits in the bucket of the first of its variables to go; a bucket is multiplied
together, the two smallest first, summing each variable as soon as no other array holds it, and the
result waits in the bucket of the next (Dechter 1999).  Arrays of kept variables wait in the last.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from causal.infer.requisite import WIDTH, WORK

ROWS = 2.0**22  # entries of all results at most; beyond, the readable path plans, or refuses
FIELDS = 10  # of a step, as the kernel reads it
LEFT, RIGHT, OUT = 1, 2, 4  # in which arrays of a step a variable stands
IN_ALL, NOT_RIGHT, NOT_LEFT = LEFT | RIGHT | OUT, LEFT | OUT, RIGHT | OUT  # groups h, i, k


@njit(nogil=True, cache=True)
def joins(count, place, width, axes, strides, sizes, rank, first_row):
    """The pairs of arrays to multiply, (left, right), one a step; right is -1 where there is none.

    Appends the results to ``place``, ``width``, ``axes`` and ``strides``.  Returns the pairs, the
    number of arrays, the rows of work area and the multiply-adds; -1 arrays where one is too large.
    """
    free = sizes.shape[0]
    entries, held = np.ones(place.shape[0]), np.zeros(free, np.int64)
    head, then = np.full(free + 1, -1), np.full(place.shape[0], -1)
    for f in range(count):
        for i in range(width[f]):
            entries[f] *= sizes[axes[f, i]]
            held[axes[f, i]] += 1
        _wait(f, width, axes, rank, head, then)
    pairs = np.empty((place.shape[0], 2), np.int64)
    taken, found = np.empty(place.shape[0], np.int64), np.zeros(free, np.int8)
    spare, total, leaves, work = np.empty((place.shape[0], 2), np.int64), first_row, count, 0.0
    spares = 0
    for x in range(free + 1):
        bucket, f = 0, head[x]
        head[x] = -1
        while f >= 0:
            taken[bucket] = f
            bucket += 1
            f = then[f]
        alone = bucket == 1 and (x < free or count == leaves)
        while bucket > 1 or alone:
            alone = False
            left = _smallest(taken, bucket, entries)
            bucket -= 1
            right = -1
            if bucket:
                right = _smallest(taken, bucket, entries)
                bucket -= 1
            new = count
            work += _result(left, right, new, width, axes, strides, sizes, rank, held, found)
            for i in range(width[new]):
                entries[new] *= sizes[axes[new, i]]
            if width[new] < 0 or total + entries[new] > ROWS:
                return pairs, -1, 0, work
            place[new, 0] = WORK
            place[new, 1], total, spares = _take(int(entries[new]), spare, spares, total)
            for side in (left, right):
                if side >= leaves:
                    spare[spares, 0], spare[spares, 1] = place[side, 1], int(entries[side])
                    spares += 1
            pairs[new - leaves, 0], pairs[new - leaves, 1] = left, right
            count += 1
            taken[bucket] = new
            bucket += 1
        if bucket and x < free:
            _wait(taken[0], width, axes, rank, head, then)
    return pairs, count, total, work


@njit(nogil=True, cache=True)
def _wait(f, width, axes, rank, head, then):
    """Put an array into its bucket."""
    x = rank.shape[0]
    for i in range(width[f]):
        x = min(x, rank[axes[f, i]])
    then[f] = head[x]
    head[x] = f


@njit(nogil=True, cache=True)
def _smallest(taken, bucket, entries):
    """Move the smallest array of a bucket to its end, and return it."""
    best = bucket - 1
    for i in range(bucket - 1):
        if entries[taken[i]] < entries[taken[best]]:
            best = i
    found = taken[best]
    taken[best] = taken[bucket - 1]
    taken[bucket - 1] = found
    return found


@njit(nogil=True, cache=True)
def _take(rows, spare, spares, total):
    """Rows of the work area: the first gap that is wide enough, or new ones."""
    for i in range(spares):
        if spare[i, 1] >= rows:
            at = spare[i, 0]
            spare[i, 0] += rows
            spare[i, 1] -= rows
            if spare[i, 1] == 0:
                spares -= 1
                spare[i, 0], spare[i, 1] = spare[spares, 0], spare[spares, 1]
            return at, total, spares
    return total, total + rows, spares


@njit(nogil=True, cache=True)
def _result(left, right, new, width, axes, strides, sizes, rank, held, found):
    """Axes and strides of one step's result; the multiply-adds of the step.

    A variable is summed when it is not kept and no array but these two holds it.
    """
    free = rank.shape[0]
    work = 1.0
    for side in (left, right):
        if side >= 0:
            for i in range(width[side]):
                found[axes[side, i]] += 1
    width[new] = 0
    for side in (left, right):
        for i in range(width[side] if side >= 0 else 0):
            x = axes[side, i]
            if found[x] == 0:
                continue
            work *= sizes[x]
            held[x] -= found[x]
            found[x] = 0
            if held[x] or rank[x] == free:
                held[x] += 1
                if width[new] == WIDTH:
                    width[new] = -1
                    return work
                axes[new, width[new]] = x
                width[new] += 1
    stride = 1
    for i in range(width[new] - 1, -1, -1):
        strides[new, i] = stride
        stride *= sizes[axes[new, i]]
    return work


@njit(nogil=True, cache=True)
def lowered(pairs, leaves, count, place, width, axes, strides, sizes):
    """The steps as the kernel reads them, and the pool of their row offsets."""
    program = np.empty((count - leaves, FIELDS), np.int64)
    mark, stride = np.zeros(sizes.shape[0], np.int8), np.empty((3, sizes.shape[0]), np.int64)
    pooled = 0
    for s in range(count - leaves):
        left, right, new = pairs[s, 0], pairs[s, 1], leaves + s
        row = program[s]
        row[0], row[1], row[2], row[3], row[4] = (
            place[left, 0],
            place[left, 1],
            WORK,
            0,
            place[new, 1],
        )
        if right >= 0:
            row[2], row[3] = place[right, 0], place[right, 1]
        _mark(left, right, new, width, axes, strides, mark, stride)
        row[5:9] = 1
        for side in (left, right, new):
            for i in range(width[side] if side >= 0 else 0):
                x = axes[side, i]
                if mark[x] > 0:
                    row[_group(mark[x])] *= sizes[x]
                    mark[x] = 0
        row[9] = pooled
        pooled += 3 * row[5] + 2 * (row[6] + row[7] + row[8])
    pool, grown = np.zeros(pooled, np.int64), np.empty(9, np.int64)
    for s in range(count - leaves):
        left, right, new = pairs[s, 0], pairs[s, 1], leaves + s
        _mark(left, right, new, width, axes, strides, mark, stride)
        _offsets(left, right, new, width, axes, sizes, mark, stride, program[s], pool, grown)
    return program, pool


@njit(nogil=True, cache=True)
def _mark(left, right, new, width, axes, strides, mark, stride):
    """Which of the three arrays hold each variable, and with which strides (zero elsewhere)."""
    for which in range(3):
        side = (left, right, new)[which]
        for i in range(width[side] if side >= 0 else 0):
            x = axes[side, i]
            if mark[x] == 0:
                stride[0, x] = stride[1, x] = stride[2, x] = 0
            mark[x] |= 1 << which
            stride[which, x] = strides[side, i]


@njit(nogil=True, cache=True)
def _group(mark):
    """The column of a step that counts a variable's group."""
    return 5 if mark == IN_ALL else 6 if mark == NOT_RIGHT else 7 if mark == NOT_LEFT else 8


@njit(nogil=True, cache=True)
def _offsets(left, right, new, width, axes, sizes, mark, stride, row, pool, grown):
    """The nine lists of row offsets of one step: h in A, B, out; i in A, out; k in B, out; j."""
    nh, ni, nk, nj, at = row[5], row[6], row[7], row[8], row[9]
    h, i, k = at, at + 3 * nh, at + 3 * nh + 2 * ni
    j = k + 2 * nk
    grown[:] = 1
    for side in (new, left, right):
        for place in range(width[side] if side >= 0 else 0):
            x = axes[side, place]
            group = _group(mark[x])
            if mark[x] == 0:
                continue
            size = sizes[x]
            count = grown[group]
            if group == 5:
                _grow(pool, h, count, size, stride[0, x])
                _grow(pool, h + nh, count, size, stride[1, x])
                _grow(pool, h + 2 * nh, count, size, stride[2, x])
            elif group == 6:
                _grow(pool, i, count, size, stride[0, x])
                _grow(pool, i + ni, count, size, stride[2, x])
            elif group == 7:
                _grow(pool, k, count, size, stride[1, x])
                _grow(pool, k + nk, count, size, stride[2, x])
            else:
                _grow(pool, j, count, size, stride[0, x])
                _grow(pool, j + nj, count, size, stride[1, x])
            grown[group] *= size
            mark[x] = 0


@njit(nogil=True, cache=True)
def _grow(pool, at, count, size, stride):
    """Repeat a list of offsets for every state of one more variable, which varies fastest."""
    for c in range(count - 1, -1, -1):
        base = pool[at + c]
        for s in range(size - 1, -1, -1):
            pool[at + c * size + s] = base + s * stride
