"""Elimination orders: which pair of arrays to multiply next, found on sets of axes as bit masks."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from causal.contract.array import Axes

SEARCHES = 128  # randomised orders tried at most
SEARCH_COST = 40_000  # multiply-adds that one order of one more table costs to find
SEARCH_SHARE = 0.1  # of the run that may be spent on the search
SMALL = 2_000  # multiply-adds below which the first order is good enough
NOISE = 0.3  # spread of the random factor on a cost (log scale) in the search


Pairs = list[tuple[int, int, int]]

_Kind = Literal["size", "fill"]


def cheapest(search: EliminationSearch, batch: int) -> Pairs:
    """Steps (left, right, mask of the result) of the cheapest order found.

    Greedy elimination by the smallest product; where that is not cheap, by the weighted fill-in too
    (Kjaerulff 1990); then a seeded search among randomised orders of both kinds, for as long as it
    is cheap beside running the order found on ``batch`` draws.
    """
    best = search.order("size", None)
    if best[0] > SMALL:
        best = min(best, search.order("fill", None), key=_cost)
    tries = int(SEARCH_SHARE * best[0] * batch / (SEARCH_COST * max(len(search.masks), 1)))
    rng = random.Random(0)
    for turn in range(min(tries, SEARCHES)):
        best = min(best, search.order("fill" if turn % 2 else "size", rng), key=_cost)
    return best[1]


def _cost(found: tuple[int, Pairs]) -> int:
    return found[0]


class EliminationSearch:
    """Elimination orders over sets of axes written as bit masks."""

    def __init__(self, inputs: tuple[Axes, ...], sizes: Mapping[str, int], output: Axes) -> None:
        self.inputs, self.output = inputs, output
        self.names = tuple(dict.fromkeys(a for axes in inputs for a in axes))
        self.bit = {a: 1 << i for i, a in enumerate(self.names)}
        self.width = [sizes[a] for a in self.names]
        self.keep = sum(self.bit[a] for a in output)
        self.masks = [sum(self.bit[a] for a in axes) for axes in inputs]
        self._size: dict[int, int] = {0: 1}

    def size(self, mask: int) -> int:
        """Entries of an array over the axes of ``mask``."""
        found = self._size.get(mask)
        if found is None:
            found, rest = 1, mask
            while rest:
                low = rest & -rest
                found *= self.width[low.bit_length() - 1]
                rest ^= low
            self._size[mask] = found
        return found

    def order(self, kind: _Kind, rng: random.Random | None) -> tuple[int, Pairs]:
        """Cost and steps (left, right, out mask) of eliminating the cheapest axis each time."""
        going = _Elimination(self, kind)
        weigh: Callable[[int], float] = float
        if rng is not None:
            weigh = lambda cost: (cost + 0.5) * math.exp(rng.gauss(0.0, NOISE))  # noqa: E731
        cost = {axis: weigh(going.cost(axis)) for axis in going.holders if not axis & self.keep}
        while cost:
            axis = min(cost, key=cost.__getitem__)
            touched = going.eliminate(axis)
            for other in [a for a in cost if a & touched]:
                if other in going.holders:
                    cost[other] = weigh(going.cost(other))
                else:
                    del cost[other]
        going.merge(list(going.live))
        return going.spent, going.pairs


class _Elimination:
    """The arrays still alive while axes are eliminated, and who holds which axis."""

    def __init__(self, search: EliminationSearch, kind: _Kind) -> None:
        self.search, self.kind = search, kind
        self.live = dict(enumerate(search.masks))
        self.holders: dict[int, set[int]] = {}
        for place, mask in self.live.items():
            for axis in bits(mask):
                self.holders.setdefault(axis, set()).add(place)
        self.pairs: Pairs = []
        self.spent = 0

    def cost(self, axis: int) -> int:
        """Entries of the product that eliminating ``axis`` makes, or of the pairs it joins anew."""
        union = 0
        for place in self.holders[axis]:
            union |= self.live[place]
        if self.kind == "size":
            return self.search.size(union)
        others = list(bits(union & ~axis))
        return sum(
            self.search.size(a | b)
            for place, a in enumerate(others)
            for b in others[place + 1 :]
            if self.holders[a].isdisjoint(self.holders[b])
        )

    def eliminate(self, axis: int) -> int:
        """Join all arrays that hold ``axis``; the axes whose cost may have changed."""
        bucket = list(self.holders[axis])
        touched = 0
        for place in bucket:
            touched |= self.live[place]
        self.merge(bucket)
        return touched

    def merge(self, bucket: list[int]) -> None:
        """Join the arrays of a bucket, the two smallest first."""
        if len(bucket) == 1 and self._lone(self.live[bucket[0]], bucket[0], -1):
            self.join(bucket[0], -1)
        size = self.search.size
        while len(bucket) > 1:
            bucket.sort(key=lambda place: (size(self.live[place]), place), reverse=True)
            right, left = bucket.pop(), bucket.pop()
            bucket.append(self.join(left, right))

    def join(self, left: int, right: int) -> int:
        """One step: multiply two arrays and sum every axis that no other array holds."""
        both = self.live.pop(left) | (self.live.pop(right) if right >= 0 else 0)
        lone = self._lone(both, left, right)
        out = both & ~lone
        here = len(self.search.masks) + len(self.pairs)
        for axis in bits(both):
            held = self.holders[axis]
            held.discard(left)
            held.discard(right)
            if axis & lone:
                del self.holders[axis]
            else:
                held.add(here)
        self.spent += self.search.size(both)
        self.live[here] = out
        self.pairs.append((left, right, out))
        return here

    def _lone(self, mask: int, left: int, right: int) -> int:
        """Axes of ``mask`` to be summed now: not asked for, and held by nobody else."""
        ours = {left, right}
        found = 0
        for axis in bits(mask & ~self.search.keep):
            if self.holders[axis] <= ours:
                found |= axis
        return found


def bits(mask: int) -> Iterator[int]:
    """The axes of a mask, one bit each."""
    while mask:
        low = mask & -mask
        yield low
        mask ^= low
