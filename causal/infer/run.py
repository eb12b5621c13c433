"""One tile of draws going through the compiled days: evidence, events and first passage.

P(first event on day d) = sum a_d w; the survivors go on with a_d (1 - w).  Every day is normalised
and its scale kept as a logarithm, so that long runs of evidence do not underflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from causal.infer.frontier import Day
from causal.infer.worker import Recipe, Worker
from causal.model.table import Array

SMALL = 1 << 19  # entries of all results of a tile: four megabytes
LOG_TWO = float(np.log(2.0))


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """Per draw: P(event | evidence), log P(evidence), and the event's first day where it is known.

    ``curve`` has shape (event days, draws), or is None when evidence comes after an event day.
    """

    probability: Array
    log_evidence: Array
    curve: Array | None


@dataclass(slots=True, eq=False)
class Kept:
    """What the backward pass needs of a day."""

    slots: list[Array]
    exponents: list[int]
    scale: Array
    left: Array
    alive: Array


@dataclass(slots=True, eq=False)
class Run:
    """One tile of draws going through the days of a world."""

    recipes: Sequence[Recipe]
    arrays: list[list[Array]]
    width: int
    worker: Worker
    kept: list[Kept] = field(default_factory=list)
    ended: list[Array] = field(default_factory=list)

    @property
    def days(self) -> list[Day]:
        return [recipe.day for recipe in self.recipes]

    @property
    def last_seen(self) -> int:
        """The last day with evidence; on later days all the mass may have met the event."""
        return max((d.number for d in self.days if d.seen), default=-2)

    @property
    def plain(self) -> bool:
        """One small day alone: nothing to share, and no memory worth using again."""
        plans = [recipe.day.plan for recipe in self.recipes]
        return len(plans) == 1 and plans[0].working * self.width <= SMALL

    def forward(self, keep: bool = False, end: bool = False) -> Passage:
        """Evidence, event and survivors day after day.

        ``keep`` what ``backward`` needs; ``end``: keep the last day's result.
        """
        alive, log_evidence, last_seen = np.ones(self.width), np.zeros(self.width), self.last_seen
        struck: list[Array] = []
        frontier, buffer = alive, None
        plain = self.plain
        for recipe, arrays in zip(self.recipes, self.arrays, strict=True):
            day = recipe.day
            inputs = [frontier, *arrays] if day.past else arrays
            before = buffer
            if keep or plain:
                slots, exponents = day.plan.trace(_narrowed(day, inputs))
                result, exponent = slots[-1], sum(exponents)
            else:
                result, exponent, buffer = self.worker.result(recipe, inputs)
            if before is not None:
                self.worker.give(before)
            if end and recipe is self.recipes[-1]:
                self.ended.append(np.broadcast_to(result, (*result.shape[:-1], self.width)).copy())
            left, hits = _absorb(day, np.broadcast_to(result, (*result.shape[:-1], self.width)))
            mass = _mass(left)
            scale = mass if hits is None else mass + hits
            if day.number <= last_seen:
                with np.errstate(divide="ignore"):
                    log_evidence = log_evidence + np.log(scale) + LOG_TWO * exponent
            safe = np.where(scale > 0, scale, 1.0)
            if keep:
                share = np.where(mass > 0, mass, safe) / safe
                self.kept.append(Kept(slots, exponents, safe, share, alive))
            if hits is not None:
                struck.append(alive * hits / safe)
                alive = alive * (mass / safe)
            frontier = (left / np.where(mass > 0, mass, 1.0)).astype(result.dtype, copy=False)
        if buffer is not None:
            self.worker.give(buffer)
        if not struck:
            return Passage(np.ones(self.width), log_evidence, None)
        curve = None if any(day.opened for day in self.days) else np.stack(struck)
        return Passage(np.sum(struck, axis=0), log_evidence, curve)

    def result(self) -> tuple[Array, Array]:
        """The last day's result, shape (*output axes, draws), and log P(evidence) up to there."""
        log_evidence = self.forward(end=True).log_evidence
        return self.ended[0], log_evidence

    def used(self) -> dict[tuple[int, int], Array]:
        """Visits under every draw of the tile."""
        total = self.forward(keep=True).probability
        found = self.backward(np.where(total > 0, total, 1.0))
        return {k: np.broadcast_to(v, (*v.shape[:-1], self.width)) for k, v in found.items()}

    def backward(self, total: Array) -> dict[tuple[int, int], Array]:
        """Expected visits to every table entry; ``total`` is the value of F (see ``visits``)."""
        found: dict[tuple[int, int], Array] = {}
        asked = any(day.event is not None for day in self.days)
        flow = np.zeros(self.width) if asked else np.ones(self.width)
        rows = zip(self.days, self.arrays, self.kept, strict=True)
        for day, arrays, kept in reversed(list(rows)):
            seed = _absorb_back(day, flow, kept) / kept.scale
            back = day.plan.adjoint(kept.slots, kept.exponents, seed)
            for place, operand in enumerate(day.operands):
                slot = place + day.past
                visits = kept.slots[slot] * back[slot] / total
                index = day.narrowing(operand.axes)
                found[day.number, place] = _restored(visits, index, arrays[place].shape)
            flow = back[0] if day.past else flow
        return found


def _narrowed(day: Day, arrays: Sequence[Array]) -> list[Array]:
    """A day's arrays in the states that the frontier has; it comes first, and has them already."""
    cuts = [day.narrowing(o.axes) for o in day.operands]
    fixed = arrays[len(arrays) - len(cuts) :]
    cut = [a if c is None else a[c] for a, c in zip(fixed, cuts, strict=True)]
    return [*arrays[: len(arrays) - len(cuts)], *cut]


def _mass(array: Array) -> Array:
    """The sum over all axes but the draws."""
    found: Array = array.sum(axis=tuple(range(array.ndim - 1)), dtype=np.float64)
    return found


def _absorb(day: Day, result: Array) -> tuple[Array, Array | None]:
    """Split a day's result into what goes on (the frontier) and the mass that the event took."""
    if day.event is None:
        return _summed(day, result), None
    if day.left is not None:
        name, left = day.left
        place = day.plan.output.index(name)
        below, on, above = np.split(result, (left.start, left.stop), axis=place)
        return _summed(day, on), _mass(below) + _mass(above)
    clean, before = (result[0], result[1]) if day.flagged else (result, None)
    hit = clean * day.event
    on = _summed(day, clean - hit)
    if day.opened:
        taken = _summed(day, hit)
        return np.stack([on, taken if before is None else taken + _summed(day, before)]), None
    return on, _mass(hit) if before is None else _mass(hit) + _mass(before)


def _summed(day: Day, array: Array) -> Array:
    return array.sum(axis=day.summed) if day.summed else array


def _absorb_back(day: Day, flow: Array, kept: Kept) -> Array:
    """Derivative in a day's result, from the derivative ``flow`` in the frontier it hands on."""
    flow = flow / kept.left
    if day.event is None:
        return _widened(day, flow, kept)
    weight = np.broadcast_to(day.event, (*_shape(day, kept), 1))
    if day.opened:
        on, taken = _widened(day, flow[0], kept), _widened(day, flow[1], kept)
        clean = (1 - weight) * on + weight * taken
        return np.stack([clean, taken]) if day.flagged else clean
    if day.left is not None:
        name, left = day.left
        shape = [kept.slots[-1].shape[day.plan.output.index(a)] for a in day.frontier]
        index = tuple(left if a == name else slice(None) for a in day.frontier)
        flow = _restored(flow, index, (*shape, 1))
    clean = kept.alive * weight + (1 - weight) * _widened(day, flow, kept)
    if not day.flagged:
        return clean
    return np.stack([clean, np.broadcast_to(kept.alive, clean.shape)])


def _restored(array: Array, index: tuple[slice, ...] | None, shape: tuple[int, ...]) -> Array:
    """An array with the states that the frontier had lost, zero there."""
    if index is None:
        return array
    full = np.zeros((*shape[:-1], array.shape[-1]))
    full[index] = array
    return full


def _shape(day: Day, kept: Kept) -> tuple[int, ...]:
    shape = kept.slots[-1].shape[:-1]
    return shape[1:] if day.flagged else shape


def _widened(day: Day, flow: Array, kept: Kept) -> Array:
    """The frontier's derivative repeated over the axes that were summed away."""
    wide = np.expand_dims(flow, day.summed) if day.summed else flow
    return np.broadcast_to(wide, (*_shape(day, kept), flow.shape[-1]))
