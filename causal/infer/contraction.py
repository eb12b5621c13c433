"""Plan a contraction once, run it on a batch.

A contraction multiplies arrays with named axes and sums the axes that are not asked for:
out[o] = sum_{rest} prod_i in_i[axes_i].  A plan is a list of pairwise steps; every array carries
the batch (posterior draws) along its last axis, so that a step touches contiguous runs of draws.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_letters

import numpy as np

from causal.model.table import Array

Axes = tuple[str, ...]
BATCH = "Z"
LETTERS = ascii_letters.replace(BATCH, "")
SEARCH_ABOVE = 20_000  # multiply-adds below which one greedy order is good enough
SEARCHES = 64
NOISE = 0.7  # spread of the random factor on a cost (log scale) in the search


@dataclass(frozen=True, slots=True)
class Step:
    """One pairwise product-and-sum; ``right`` is -1 where a single array is only summed."""

    left: int
    right: int
    left_axes: Axes
    right_axes: Axes
    axes: Axes

    @property
    def subscripts(self) -> str:
        """The step as an einsum with the batch last."""
        return _subscripts(self.left_axes, self.right_axes if self.right >= 0 else None, self.axes)


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps over numbered arrays: the inputs come first, each step appends its result."""

    inputs: tuple[Axes, ...]
    output: Axes
    steps: tuple[Step, ...]
    specs: tuple[str, ...]
    operations: int
    largest: int

    def __repr__(self) -> str:
        kept = ", ".join(self.output) or "a number"
        return (
            f"Plan({len(self.inputs)} tables -> {kept}; {len(self.steps)} steps, "
            f"{self.operations:,} multiply-adds and {8 * self.largest:,} bytes a draw)"
        )

    def run(self, arrays: Sequence[Array]) -> Array:
        """The contracted array, axes ``output`` then the batch."""
        return self.trace(arrays)[-1]

    def trace(self, arrays: Sequence[Array]) -> list[Array]:
        """Inputs and every intermediate result, the last one the answer."""
        slots = list(arrays)
        for step, spec in zip(self.steps, self.specs, strict=True):
            if step.right < 0:
                slots.append(np.einsum(spec, slots[step.left]))
            else:
                slots.append(np.einsum(spec, slots[step.left], slots[step.right]))
        return slots

    def resume(self, known: list[Array | None], arrays: Sequence[Array]) -> list[Array]:
        """``trace``, with the results that do not depend on the first array kept in ``known``.

        Days that share their tables differ in the frontier alone, which comes first.
        """
        if not known:
            slots = self.trace(arrays)
            moving = {0}
            for place, step in enumerate(self.steps, len(arrays)):
                if step.left in moving or step.right in moving:
                    moving.add(place)
            known[:] = [None if i in moving else a for i, a in enumerate(slots)]
            return slots
        slots = list(arrays)
        for place, (step, spec) in enumerate(zip(self.steps, self.specs, strict=True), len(arrays)):
            kept = known[place]
            if kept is None:
                sides = (
                    [slots[step.left]] if step.right < 0 else [slots[step.left], slots[step.right]]
                )
                kept = np.einsum(spec, *sides)
            slots.append(kept)
        return slots

    def adjoint(self, slots: Sequence[Array], seed: Array) -> list[Array]:
        """Derivatives of sum(seed * output) in every input, by one backward pass.

        ``slots`` come from ``trace``; d/d left = sum over what left lacks of (d/d out * right).
        """
        back: list[Array | None] = [None] * len(slots)
        back[-1] = seed
        first = len(self.inputs)
        for place in range(len(slots) - 1, first - 1, -1):
            step, flow = self.steps[place - first], back[place]
            if flow is None:
                continue
            sides = [(step.left, step.left_axes, step.right, step.right_axes)]
            if step.right >= 0:
                sides.append((step.right, step.right_axes, step.left, step.left_axes))
            for here, axes, there, other in sides:
                arrays = [flow] if there < 0 else [flow, slots[there]]
                grown = _spread(arrays, step.axes, None if there < 0 else other, axes, slots[here])
                known = back[here]
                back[here] = grown if known is None else known + grown
            back[place] = None
        return [np.zeros_like(slots[i]) if b is None else b for i, b in enumerate(back[:first])]


def _spread(arrays: list[Array], flow: Axes, other: Axes | None, axes: Axes, like: Array) -> Array:
    present = set(flow) | set(other or ())
    kept = tuple(a for a in axes if a in present)
    grown: Array = np.einsum(_subscripts(flow, other, kept), *arrays)
    if kept == axes:
        return grown
    index = tuple(slice(None) if a in present else None for a in axes)
    return np.broadcast_to(grown[index], (*like.shape[:-1], grown.shape[-1]))


def _subscripts(left: Axes, right: Axes | None, out: Axes) -> str:
    letter = {a: LETTERS[i] for i, a in enumerate(dict.fromkeys((*left, *(right or ()))))}
    sides = [left] if right is None else [left, right]
    text = ",".join("".join(letter[a] for a in side) + BATCH for side in sides)
    return f"{text}->{''.join(letter[a] for a in out)}{BATCH}"


@lru_cache(maxsize=4096)
def plan(inputs: tuple[Axes, ...], sizes: tuple[tuple[str, int], ...], output: Axes) -> Plan:
    """The cheapest order found for one structure; kept, so that a structure is planned once.

    Greedy elimination first; where that order costs more than ``SEARCH_ABOVE`` multiply-adds, a
    short seeded search among randomised orders.
    """
    search = _Search(inputs, dict(sizes), output)
    cost, pairs = search.order(None)
    if cost > SEARCH_ABOVE:
        rng = random.Random(0)
        for _ in range(SEARCHES):
            cost, pairs = min((cost, pairs), search.order(rng), key=lambda found: found[0])
    return search.lowered(pairs)


Pairs = list[tuple[int, int, int]]


class _Search:
    """Elimination orders over sets of axes written as bit masks."""

    def __init__(self, inputs: tuple[Axes, ...], sizes: dict[str, int], output: Axes) -> None:
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

    def order(self, rng: random.Random | None) -> tuple[int, Pairs]:
        """Cost and steps (left, right, out mask) of eliminating the cheapest axis each time."""
        going = _Elimination(self)
        weigh: Callable[[int], float] = float
        if rng is not None:
            weigh = lambda cost: cost * math.exp(rng.gauss(0.0, NOISE))  # noqa: E731
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

    def lowered(self, pairs: Pairs) -> Plan:
        """Masks to named axes: the plan that runs."""
        axes = list(self.inputs)
        steps, operations = [], 0
        largest = max((self.size(m) for m in self.masks), default=1)
        for place, (left, right, mask) in enumerate(pairs):
            both = dict.fromkeys((*axes[left], *(axes[right] if right >= 0 else ())))
            last = place == len(pairs) - 1
            out = self.output if last else tuple(a for a in both if self.bit[a] & mask)
            steps.append(Step(left, right, axes[left], axes[right] if right >= 0 else (), out))
            operations += self.size(sum(self.bit[a] for a in both))
            largest = max(largest, self.size(mask))
            axes.append(out)
        if not steps or axes[-1] != self.output:
            steps.append(Step(len(axes) - 1, -1, axes[-1], (), self.output))
        specs = tuple(s.subscripts for s in steps)
        return Plan(self.inputs, self.output, tuple(steps), specs, operations, largest)


class _Elimination:
    """The arrays still alive while axes are eliminated, and who holds which axis."""

    def __init__(self, search: _Search) -> None:
        self.search = search
        self.live = dict(enumerate(search.masks))
        self.holders: dict[int, set[int]] = {}
        for place, mask in self.live.items():
            for axis in _bits(mask):
                self.holders.setdefault(axis, set()).add(place)
        self.pairs: Pairs = []
        self.spent = 0

    def cost(self, axis: int) -> int:
        """Entries of the product that eliminating ``axis`` makes."""
        union = 0
        for place in self.holders[axis]:
            union |= self.live[place]
        return self.search.size(union)

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
        for axis in _bits(both):
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
        for axis in _bits(mask & ~self.search.keep):
            if self.holders[axis] <= ours:
                found |= axis
        return found


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low
        mask ^= low
