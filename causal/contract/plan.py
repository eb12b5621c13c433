"""Plan a contraction once, run it on a batch.

A contraction multiplies arrays with named axes and sums the axes that are not asked for:
out[o] = sum_{rest} prod_i in_i[axes_i].  A plan is a list of pairwise steps; every array carries
the batch (posterior draws) along its last axis, so that a step touches contiguous runs of draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_letters

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.order import EliminationSearch, Pairs, cheapest

BATCH = "Z"
LONG = 60  # steps above which results are kept in range
LARGE = 1e60
LETTERS = ascii_letters.replace(BATCH, "")


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
    """Steps over numbered arrays: the inputs come first, each step appends its result.

    Per draw: ``operations`` multiply-adds, ``largest`` entries of one array, ``working`` entries of
    all results together.
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
        exponents say by which.
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
        exponent = math.frexp(top)[1]
        np.ldexp(found, -exponent, out=found)
        return exponent

    def adjoint(self, slots: Sequence[Array], exponents: Sequence[int], seed: Array) -> list[Array]:
        """Derivatives of sum(seed * output) in every input, by one backward pass.

        ``slots`` and ``exponents`` come from ``trace``; d/d left = sum over what left lacks of
        (d/d out * right).
        """
        back: list[Array | None] = [None] * len(slots)
        back[-1] = seed
        first = len(self.inputs)
        for place in range(len(slots) - 1, first - 1, -1):
            step, flow = self.steps[place - first], back[place]
            if flow is None:
                continue
            if exponents[place - first]:
                flow = np.ldexp(flow, -exponents[place - first])
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
def plan(
    inputs: tuple[Axes, ...], sizes: tuple[tuple[str, int], ...], output: Axes, batch: int = 1
) -> Plan:
    """The cheapest order found for one structure; kept, so that a structure is planned once.

    ``batch`` draws are going to run on it: the more, the longer a cheap order is searched for.
    """
    search = EliminationSearch(inputs, dict(sizes), output)
    return _lowered(search, cheapest(search, batch))


def _lowered(search: EliminationSearch, pairs: Pairs) -> Plan:
    """Masks to named axes: the plan that runs."""
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
        steps.append(Step(len(axes) - 1, -1, axes[-1], (), search.output))
    specs = tuple(s.subscripts for s in steps)
    return Plan(search.inputs, search.output, tuple(steps), specs, operations, largest, working)
