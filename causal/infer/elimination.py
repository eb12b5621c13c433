"""Elimination orders on the graph of free variables, fast enough for a question never seen (numba).

Eliminating x multiplies all arrays that hold x: one product over x and its neighbours, after which
these are neighbours of each other.  Greedy by the size of that product, or by the weighted fill-in
(Kjaerulff 1990), each also with costs that are off by a random factor.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SPREAD = 0.6  # of the random factor, as a power of two on either side
TRY_COST = 1_500.0  # multiply-adds that one variable costs in one more try
SHARE = 0.1  # of the run that may be spent on trying
TRIES = 64


@njit(nogil=True, cache=True)
def neighbours(count, width, axes, free):
    """Who stands with whom in an array: flags (x, y), lists of neighbours, and their lengths."""
    joined = np.zeros((free, free), np.int8)
    near, degree = np.empty((free, free), np.int64), np.zeros(free, np.int64)
    for f in range(count):
        for i in range(width[f]):
            for k in range(i):
                _befriend(axes[f, i], axes[f, k], joined, near, degree)
    return joined, near, degree


@njit(nogil=True, cache=True)
def _befriend(x, y, joined, near, degree):
    """Make two variables neighbours; whether they were none."""
    if joined[x, y]:
        return False
    joined[x, y] = joined[y, x] = 1
    near[x, degree[x]] = y
    near[y, degree[y]] = x
    degree[x] += 1
    degree[y] += 1
    return True


@njit(nogil=True, cache=True)
def cheapest(joined, near, degree, sizes, kept, draws):
    """The rank of every variable in the cheapest order found; those kept come last, all alike."""
    dear = TRY_COST * (1 + sizes.shape[0])
    best, least = np.empty(0, np.int64), np.inf
    turn, turns = 0, 1
    while turn < turns:
        seed, fill = max(turn - 1, 0), turn % 2 == 1
        rank, cost = eliminate(joined.copy(), near.copy(), degree.copy(), sizes, kept, fill, seed)
        if turn == 0 and cost * draws > dear:
            turns = 2 + min(TRIES, int(SHARE * cost * draws / dear))
        if cost < least:
            best, least = rank, cost
        turn += 1
    return best


@njit(nogil=True, cache=True)
def eliminate(joined, near, degree, sizes, kept, by_fill, seed):
    """One greedy order: the rank of every variable, and the entries of all products together.

    Takes the graph apart as it goes.
    """
    count = sizes.shape[0]
    rank = np.full(count, count)
    product, price = np.empty(count), np.full(count, -1.0)
    left = 0
    for x in range(count):
        product[x] = sizes[x]
        for i in range(degree[x]):
            product[x] *= sizes[near[x, i]]
        left += not kept[x]
    total = 0.0
    for turn in range(left):
        best = -1
        for x in range(count):
            if kept[x] or rank[x] < count:
                continue
            if price[x] < 0:
                price[x] = _fill(joined, near, degree, sizes, x) if by_fill else product[x]
                if seed:
                    price[x] = (price[x] + 0.5) * _factor(seed, x)
            if best < 0 or price[x] < price[best]:
                best = x
        rank[best] = turn
        total += product[best]
        _take_out(joined, near, degree, sizes, best, product, price, by_fill)
    return rank, total


@njit(nogil=True, cache=True)
def _fill(joined, near, degree, sizes, x):
    """Entries of the pairs that eliminating x would join anew."""
    total = 0.0
    for i in range(degree[x]):
        y = near[x, i]
        for k in range(i):
            z = near[x, k]
            if not joined[y, z]:
                total += sizes[y] * sizes[z]
    return total


@njit(nogil=True, cache=True)
def _take_out(joined, near, degree, sizes, x, product, price, by_fill):
    """Take x out: its neighbours become neighbours; prices that may have changed are unset."""
    for i in range(degree[x]):
        y = near[x, i]
        product[y] /= sizes[x]
        price[y] = -1.0
        for k in range(degree[y]):
            if near[y, k] == x:
                degree[y] -= 1
                near[y, k] = near[y, degree[y]]
                break
    for i in range(degree[x]):
        y = near[x, i]
        for k in range(i):
            z = near[x, k]
            if _befriend(y, z, joined, near, degree):
                product[y] *= sizes[z]
                product[z] *= sizes[y]
    if by_fill:
        for i in range(degree[x]):
            y = near[x, i]
            for k in range(degree[y]):
                price[near[y, k]] = -1.0


@njit(nogil=True, cache=True)
def _factor(seed, x):
    """A number between 2^-SPREAD and 2^SPREAD by lot, the same for the same arguments."""
    mixed = (seed * 40503 + x * 30011 + 12345) % 65521
    mixed = (mixed * mixed + seed) % 65521
    return 2.0 ** (SPREAD * (2.0 * mixed / 65521 - 1.0))
