"""Plan a contraction once, by the elimination order that costs least, and run it on a batch.

A contraction multiplies arrays with named axes and sums the axes that are not asked for,

    out[o] = sum_{rest} prod_i in_i[axes_i],

which is the one operation behind every answer.  Summing one axis at a time, once all arrays that
hold it are joined, is bucket elimination (Dechter 1999); the order decides what it costs.

A ``Plan`` is a list of pairwise ``Step``s; ``plan`` makes one for a structure (axes and sizes, no
numbers).  Every array carries the batch (posterior draws) along its last axis, so that a step
touches contiguous runs of draws.  Below stands the search, on sets of axes as bit masks.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_letters
from typing import Literal

import numpy as np

from causal.contract.array import Array, Axes
from causal.errors import QueryError

SEARCHES = 128  # randomised orders tried at most
SEARCH_COST = 40_000  # multiply-adds that one order of one more table costs to find
SEARCH_SHARE = 0.1  # of the run that may be spent on the search
SMALL = 2_000  # multiply-adds below which the first order is good enough
NOISE = 0.3  # spread of the random factor on a cost (log scale) in the search
BATCH = "Z"
LETTERS = ascii_letters.replace(BATCH, "")
LONG = 60  # steps above which results are kept in range
LARGE = 1e60
Pairs = list[tuple[int, int, int]]
"""Steps as the search finds them: left, right (or -1), and the mask of the result."""
_Kind = Literal["size", "fill"]


@dataclass(frozen=True, slots=True)
class Step:
    """One pairwise product-and-sum; ``right`` is -1 where a single array is only summed.

    ``left`` and ``right`` number arrays: the plan's inputs, then the results of earlier steps.
    """

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
    """Steps over numbered arrays: the inputs come first, each step appends its result.

    The last result is the answer, over ``output``; every result is read by exactly one later step,
    so that the steps are a tree.  ``specs`` are the steps as einsums.  Per draw: ``operations``
    multiply-adds, ``largest`` entries of one array, ``working`` entries of all results together.  A
    plan holds no numbers and never changes: threads and models share it.
    """

    inputs: tuple[Axes, ...]
    output: Axes
    steps: tuple[Step, ...]
    specs: tuple[str, ...]
    operations: int
    largest: int
    working: int

    def __repr__(self) -> str:
        kept = ", ".join(self.output) or "a number"
        return (
            f"Plan({len(self.inputs)} tables -> {kept}; {len(self.steps)} steps, "
            f"a draw: {self.operations:,} multiply-adds, largest table {8 * self.largest:,} bytes, "
            f"{8 * self.working:,} bytes in all; "
            f"sums {', '.join(self.order) or 'nothing'})"
        )

    @property
    def order(self) -> tuple[str, ...]:
        """The axes that are summed away, in the order in which that happens."""
        gone: dict[str, None] = {}
        for step in self.steps:
            gone |= dict.fromkeys(
                a for a in (*step.left_axes, *step.right_axes) if a not in step.axes
            )
        return tuple(gone)

    @property
    def long(self) -> bool:
        """So many factors that their product may leave the range of a float64."""
        return len(self.steps) > LONG

    def run(self, arrays: Sequence[Array]) -> Array:
        """The contracted array, axes ``output`` then the batch; up to a power of two when long."""
        return self.trace(arrays)[0][-1]

    def trace(self, arrays: Sequence[Array]) -> tuple[list[Array], list[int]]:
        """Inputs and every intermediate result, the last one the answer; and the steps' exponents.

        A long plan divides each result by a power of two where it grows small or large; the
        exponents, one a step and zero in a short plan, say by which: the true answer is the last
        slot times 2 ** sum(exponents).
        """
        slots, exponents = list(arrays), []
        for step, spec in zip(self.steps, self.specs, strict=True):
            sides = [slots[step.left]] if step.right < 0 else [slots[step.left], slots[step.right]]
            slots.append(np.einsum(spec, *sides))
            exponents.append(self.scaled(slots[-1]))
        return slots, exponents

    def scaled(self, found: Array) -> int:
        """Bring a step's result into range, in place; the power of two that was taken out."""
        if not self.long:
            return 0
        top = float(found.max())
        if not (0 < top < 1 / LARGE or LARGE < top < math.inf):
            return 0
        # One power of two for the whole array, all draws included: only exponents change, so it is
        # exact.
        exponent = math.frexp(top)[1]
        np.ldexp(found, -exponent, out=found)
        return exponent

    def adjoint(self, slots: Sequence[Array], exponents: Sequence[int], seed: Array) -> list[Array]:
        """Derivatives of sum(seed * output) in every input, by one backward pass.

        This is the differential approach (Darwiche 2003): d/d left = sum over what left lacks of
        (d/d out * right), and the same for right, from the last step to the first.  It costs about
        twice the forward pass, whatever the number of inputs.

        ``slots`` and ``exponents`` come from ``trace``, ``seed`` has the output's shape.  The
        derivatives are of the output as ``trace`` left it, powers of two taken out; each has its
        input's axes, then the draws.
        """
        back: list[Array | None] = [None] * len(slots)
        back[-1] = seed
        first = len(self.inputs)
        for place in range(len(slots) - 1, first - 1, -1):
            step, flow = self.steps[place - first], back[place]
            # Nothing above reads this slot.  Else its flow is complete here: steps stand in order,
            # so all that read a slot come after it, and have been passed.
            if flow is None:
                continue
            # The step stored 2^-e times its sum, a constant factor, which the derivative takes on,
            # too.
            if exponents[place - first]:
                flow = np.ldexp(flow, -exponents[place - first])
            # out = sum left * right is linear in each side, so the flow into one is (flow * other),
            # summed over whatever that side lacks: again a pairwise step.
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


@lru_cache(maxsize=4096)
def plan(
    inputs: tuple[Axes, ...], sizes: tuple[tuple[str, int], ...], output: Axes, batch: int = 1
) -> Plan:
    """The cheapest order found for one structure; kept, so that a structure is planned once.

    ``inputs``: the axes of every array; ``sizes``: (axis, number of states) pairs, sorted, so that
    equal structures are equal keys; ``output``: the axes to keep, in the order wanted.  ``batch``
    draws are going to run on it: the more, the longer a cheap order is searched for.  The search is
    seeded: the same structure always gets the same plan, and so the same last digits.
    """
    search = EliminationSearch(inputs, dict(sizes), output)
    return _lowered(search, cheapest(search, batch))


def _lowered(search: EliminationSearch, pairs: Pairs) -> Plan:
    """Masks to named axes: the plan that runs, with what it costs."""
    axes = list(search.inputs)
    steps, operations, working = [], 0, 0
    largest = max((search.size(m) for m in search.masks), default=1)
    for place, (left, right, mask) in enumerate(pairs):
        both = dict.fromkeys((*axes[left], *(axes[right] if right >= 0 else ())))
        last = place == len(pairs) - 1
        out = search.output if last else tuple(a for a in both if search.bit[a] & mask)
        steps.append(Step(left, right, axes[left], axes[right] if right >= 0 else (), out))
        operations += search.size(sum(search.bit[a] for a in both))
        largest = max(largest, search.size(mask))
        working += search.size(mask)
        axes.append(out)
    if not steps or axes[-1] != search.output:
        # One array, nothing to sum: it only has to be put in the order of the output.
        steps.append(Step(len(axes) - 1, -1, axes[-1], (), search.output))
    specs = tuple(s.subscripts for s in steps)
    return Plan(search.inputs, search.output, tuple(steps), specs, operations, largest, working)


def _spread(arrays: list[Array], flow: Axes, other: Axes | None, axes: Axes, like: Array) -> Array:
    """The flow into one side of a step, over its ``axes``: flow times other side, summed."""
    present = set(flow) | set(other or ())
    kept = tuple(a for a in axes if a in present)
    grown: Array = np.einsum(_subscripts(flow, other, kept), *arrays)
    if kept == axes:
        return grown
    # What the step summed from this side alone is in neither array: every state has the same share.
    index = tuple(slice(None) if a in present else None for a in axes)
    return np.broadcast_to(grown[index], (*like.shape[:-1], grown.shape[-1]))


def _subscripts(left: Axes, right: Axes | None, out: Axes) -> str:
    """An einsum over named axes, a letter each, with the batch last on every array.

    NumPy has 52 letters, one of which the batch takes: a step joins at most 51 axes, and a table
    over more would have 2^52 entries or more.  Raises QueryError beyond them.
    """
    names = dict.fromkeys((*left, *(right or ())))
    if len(names) > len(LETTERS):
        raise QueryError(
            f"This question would join {len(names)} variables in one table.",
            f"A step joins at most {len(LETTERS)}: beyond, no memory holds the table.",
            "Give evidence on some of them, or ask about fewer at a time.",
        )
    letter = {a: LETTERS[i] for i, a in enumerate(names)}
    sides = [left] if right is None else [left, right]
    text = ",".join("".join(letter[a] for a in side) + BATCH for side in sides)
    return f"{text}->{''.join(letter[a] for a in out)}{BATCH}"


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
    """By what orders are compared: multiply-adds a draw."""
    return found[0]


class EliminationSearch:
    """Elimination orders over sets of axes written as bit masks: bit i is the i-th of ``names``."""

    def __init__(self, inputs: tuple[Axes, ...], sizes: Mapping[str, int], output: Axes) -> None:
        self.inputs, self.output = inputs, output
        self.names = tuple(dict.fromkeys(a for axes in inputs for a in axes))
        self.bit = {a: 1 << i for i, a in enumerate(self.names)}
        self.width = [sizes[a] for a in self.names]
        self.keep = sum(self.bit[a] for a in output)
        self.masks = [sum(self.bit[a] for a in axes) for axes in inputs]
        self._size: dict[int, int] = {0: 1}

    def size(self, mask: int) -> int:
        """Entries of an array over the axes of ``mask``, per draw."""
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
        """Cost and steps (left, right, out mask) of eliminating the cheapest axis each time.

        With ``rng`` costs are multiplied by exp(N(0, ``NOISE``)): near ties fall differently each
        time.
        """
        going = _Elimination(self, kind)
        weigh: Callable[[int], float] = float
        if rng is not None:
            weigh = lambda cost: (cost + 0.5) * math.exp(rng.gauss(0.0, NOISE))  # noqa: E731
        cost = {axis: weigh(going.cost(axis)) for axis in going.holders if not axis & self.keep}
        while cost:
            axis = min(cost, key=cost.__getitem__)
            touched = going.eliminate(axis)
            # Joining the bucket changed the neighbourhood of its own axes and of no others.
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
        """Entries of the product that eliminating ``axis`` makes, or of the pairs it joins anew.

        ``size``: the product of the sizes of all axes in the bucket.  ``fill``: sum of |a| |b| over
        the pairs of neighbours that no array holds together yet (weighted fill-in, Kjaerulff 1990).
        """
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
        """Join all arrays that hold ``axis`` (its bucket); the axes whose cost may have changed."""
        bucket = list(self.holders[axis])
        touched = 0
        for place in bucket:
            touched |= self.live[place]
        self.merge(bucket)
        return touched

    def merge(self, bucket: list[int]) -> None:
        """Join the arrays of a bucket, the two smallest first: an order leaves that open."""
        # A bucket of one array is summed alone, if it holds an axis that nobody else does.
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
