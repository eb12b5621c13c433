"""The readable backend: plans run by NumPy, tile by tile of draws, on every core.

P(first event on day d) = sum a_d w; the survivors go on with a_d (1 - w).  Every day is normalised
and its scale kept as a logarithm, so that long runs of evidence do not underflow (the scaling of
Rabiner 1989).  A result that does not depend on the frontier is the same on every day, and in every
world, whose tables and steps behind it are the same.  It is computed once a tile; everything else
goes into buffers that the next day, and the next tile, write over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import is_
from typing import Any, TypeVar, cast

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.backend import Forward, Reader, Slices
from causal.contract.plan import Step
from causal.contract.slice import Operand, Slice, tiling

MOVING = -1  # instead of a number: a result that depends on the frontier
SMALL = 1 << 19  # entries of all results of a tile: four megabytes
LOG_TWO = float(np.log(2.0))
RECIPES = "last recipes"
T = TypeVar("T")
_Cut = tuple[slice, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """A day as workers run it, step by step.

    ``numbers`` tell fixed results apart, over all days and worlds (``MOVING``: it depends on the
    frontier); ``cuts`` index what a moving step takes from a fixed array, where the frontier has
    lost states; ``spent``: slots that no later step reads.
    """

    day: Slice
    numbers: tuple[int, ...]
    cuts: tuple[tuple[_Cut, _Cut], ...]
    spent: tuple[tuple[int, ...], ...]


Known = tuple[tuple[Slices, ...], list[list[Recipe]]]


@dataclass(slots=True, eq=False)
class Kept:
    """What the backward pass needs of a day: ``Plan.trace``'s slots and exponents, and factors.

    Per draw: the day's scale s, the share of it that went on, and who was ``alive`` before it.
    """

    slots: list[Array]
    exponents: list[int]
    scale: Array
    left: Array
    alive: Array


def able(worlds: Sequence[Slices], reader: Reader) -> bool:
    """Always: this is the backend that every other is held against."""
    return True


def run(worlds: Sequence[Slices], reader: Reader, *, joint: bool = False) -> list[Forward]:
    """The worlds side by side: what they have in common is computed once a tile."""
    act = Run.ending if joint else Run.forward
    return [_joined(parts) for parts in _tiled(reader, worlds, act)]


def backward(days: Slices, reader: Reader) -> tuple[dict[tuple[int, int], Array], Array]:
    """theta dlog F / dtheta of every entry of every operand, and P(event | evidence), per draw.

    F is P(event and evidence), or P(evidence) without an event.  Under (day number, operand place)
    stands an array of the operand's axes, then the draws.
    """
    parts = _tiled(reader, (days,), Run.used)[0]
    found = {key: np.concatenate([p[key] for p, _ in parts], axis=-1) for key in parts[0][0]}
    return found, np.concatenate([total for _, total in parts])


def _joined(parts: Sequence[Forward]) -> Forward:
    """One world's tiles, side by side again: draws are the last axis of everything."""
    curves = [p.curve for p in parts if p.curve is not None]
    joints = [p.joint for p in parts if p.joint is not None]
    return Forward(
        np.concatenate([p.probability for p in parts]),
        np.concatenate([p.log_evidence for p in parts]),
        np.concatenate(curves, axis=-1) if len(curves) == len(parts) else None,
        np.concatenate(joints, axis=-1) if joints else None,
    )


def _tiled(reader: Reader, worlds: Sequence[Slices], act: Callable[[Run], T]) -> list[list[T]]:
    """Apply ``act`` to every world and tile of draws, on every core where there is enough to do."""
    steps = _recipes(reader, worlds)
    arrays = _arrays(reader, worlds)
    draws = max((a.shape[-1] for unrolled in arrays for row in unrolled for a in row), default=1)
    width, cores = tiling([day for days in worlds for day in days], draws)
    tiles = [slice(low, min(low + width, draws)) for low in range(0, draws, width)]
    left = iter(enumerate(tiles))
    found: list[list[T]] = [[] for _ in tiles]

    def run() -> None:
        worker = Worker(width)
        for place, tile in left:
            worker.begin()
            for unrolled, days in zip(arrays, steps, strict=True):
                cut = [[a[..., tile] if a.shape[-1] > 1 else a for a in row] for row in unrolled]
                found[place].append(act(Run(days, cut, tile.stop - tile.start, worker)))

    others = cores - 1
    if others == 0:
        run()
    else:
        with ThreadPoolExecutor(others) as pool:
            running = [pool.submit(run) for _ in range(others)]
            run()
            for other in running:
                other.result()
    return [list(parts) for parts in zip(*found, strict=True)]


def _recipes(reader: Reader, worlds: Sequence[Slices]) -> list[list[Recipe]]:
    """The recipes of some worlds, those of the last ones kept with the model."""
    known = cast(Known | None, reader.kept.get(RECIPES))
    if known and len(known[0]) == len(worlds) and all(map(is_, known[0], worlds)):
        return known[1]
    made = recipes(worlds)
    reader.kept.put(RECIPES, (tuple(worlds), made))
    return made


def _arrays(reader: Reader, worlds: Sequence[Slices]) -> list[list[list[Array]]]:
    """What the operands hold; what surgery made of a table is made once for all days alike."""
    made: dict[tuple[object, ...], Array] = {}

    def array(operand: Operand) -> Array:
        if not operand.changed:
            return reader.read(operand)
        key = operand.key
        if key not in made:
            made[key] = reader.read(operand)
        return made[key]

    return [[[array(o) for o in day.operands] for day in days] for days in worlds]


def recipes(worlds: Sequence[Slices]) -> list[list[Recipe]]:
    """The days of some worlds, with what they have in common numbered alike."""
    numbers: dict[Hashable, int] = {}
    return [[_recipe(day, numbers) for day in days] for days in worlds]


def _recipe(day: Slice, numbers: dict[Hashable, int]) -> Recipe:
    """A day's recipe; ``numbers`` grows.  Equal numbers: equal values, up to their axes' order."""
    slots = [MOVING] * day.past
    slots += [numbers.setdefault(o.key, len(numbers)) for o in day.operands]
    first = len(slots)
    cuts: list[tuple[_Cut, _Cut]] = []
    spent: list[tuple[int, ...]] = []
    last = {side: step for step in day.plan.steps for side in (step.left, step.right)}
    for step in day.plan.steps:
        sides = [slots[step.left], *([slots[step.right]] if step.right >= 0 else ())]
        moving = MOVING in sides
        key = (*sorted(sides), frozenset(step.axes))
        slots.append(MOVING if moving else numbers.setdefault(key, len(numbers)))
        index = [
            day.narrowing(axes) if moving and number != MOVING else None
            for number, axes in zip(sides, (step.left_axes, step.right_axes), strict=False)
        ]
        cuts.append((index[0], index[-1]))
        dead = {s for s in (step.left, step.right) if s >= first and last[s] is step}
        spent.append(tuple(s for s in dead if slots[s] == MOVING))
    return Recipe(day, tuple(slots[first:]), tuple(cuts), tuple(spent))


@dataclass(slots=True, eq=False)
class Worker:
    """Runs recipes, one tile of at most ``width`` draws after the other; it belongs to one thread.

    ``free``: buffers by rows and type; ``known``: fixed results of this tile by number, with their
    axes and exponent; ``lent``: the buffers that those lie in.
    """

    width: int
    free: dict[tuple[int, Any], list[Array]] = field(default_factory=dict)
    known: dict[int, tuple[Axes, Array, int]] = field(default_factory=dict)
    lent: list[Array] = field(default_factory=list)

    def begin(self) -> None:
        """Start another tile: nothing is known of it."""
        self.known.clear()
        for buffer in self.lent:
            self.give(buffer)
        self.lent.clear()

    def take(self, rows: int, dtype: Any) -> Array:
        """A flat buffer of ``rows`` times the tile's width."""
        free = self.free.setdefault((rows, dtype), [])
        return free.pop() if free else np.empty(rows * self.width, dtype)

    def give(self, buffer: Array) -> None:
        """Take a buffer back; what lies in it is lost."""
        self.free[len(buffer) // self.width, buffer.dtype].append(buffer)

    def result(self, recipe: Recipe, arrays: Sequence[Array]) -> tuple[Array, int, Array | None]:
        """What a plan yields, the sum of the exponents taken out, and its buffer to give back."""
        plan, slots, exponents = recipe.day.plan, list(arrays), 0
        buffers: dict[int, Array] = {}
        for place, step in enumerate(plan.steps):
            number, here = recipe.numbers[place], len(slots)
            if number in self.known:
                axes, found, exponent = self.known[number]
                if axes != step.axes:
                    found = found.transpose(*(axes.index(a) for a in step.axes), -1)
            else:
                sides = [slots[step.left], *([slots[step.right]] if step.right >= 0 else ())]
                sides = [
                    side if cut is None else side[cut]
                    for side, cut in zip(sides, recipe.cuts[place], strict=False)
                ]
                found, buffer = self._multiplied(step, plan.specs[place], sides)
                exponent = plan.scaled(found)
                if number == MOVING:
                    buffers[here] = buffer
                else:
                    self.known[number] = (step.axes, found, exponent)
                    self.lent.append(buffer)
            slots.append(found)
            exponents += exponent
            for slot in recipe.spent[place]:
                self.give(buffers.pop(slot))
        return slots[-1], exponents, buffers.get(len(slots) - 1)

    def _multiplied(self, step: Step, spec: str, sides: list[Array]) -> tuple[Array, Array]:
        """One step into a buffer, in the order of its operands' axes, and the buffer."""
        named = (step.left_axes, step.right_axes)
        sizes = {
            a: n
            for axes, x in zip(named, sides, strict=False)
            for a, n in zip(axes, x.shape, strict=False)
        }
        natural = [a for a in sizes if a in step.axes]
        shape = [sizes[a] for a in natural]
        width = max(side.shape[-1] for side in sides)
        buffer = self.take(math.prod(shape), np.result_type(*sides))
        found = buffer[: math.prod(shape) * width].reshape(*shape, width)
        found = found.transpose(*(natural.index(a) for a in step.axes), -1)
        np.einsum(spec, *sides, out=found)
        return found, buffer


@dataclass(slots=True, eq=False)
class Run:
    """One tile of draws going through the days of a world."""

    recipes: Sequence[Recipe]
    arrays: list[list[Array]]
    width: int
    worker: Worker
    kept: list[Kept] = field(default_factory=list)

    @property
    def days(self) -> list[Slice]:
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

    def forward(self, keep: bool = False, end: bool = False) -> Forward:
        """Evidence, event and survivors day after day.

        ``keep`` what ``backward`` needs; ``end``: with the last day's result.
        """
        alive, log_evidence, last_seen = np.ones(self.width), np.zeros(self.width), self.last_seen
        struck: list[Array] = []
        buffer: Array | None = None
        frontier, ended = alive, None
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
                ended = np.broadcast_to(result, (*result.shape[:-1], self.width)).copy()
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
            return Forward(np.ones(self.width), log_evidence, None, ended)
        curve = None if any(day.opened for day in self.days) else np.stack(struck)
        return Forward(np.sum(struck, axis=0), log_evidence, curve, ended)

    def ending(self) -> Forward:
        """The forward pass with the last day's result."""
        return self.forward(end=True)

    def used(self) -> tuple[dict[tuple[int, int], Array], Array]:
        """Visits under every draw of the tile, and P(event | evidence)."""
        total = self.forward(keep=True).probability
        found = self.backward(np.where(total > 0, total, 1.0))
        wide = {k: np.broadcast_to(v, (*v.shape[:-1], self.width)) for k, v in found.items()}
        return wide, total

    def backward(self, total: Array) -> dict[tuple[int, int], Array]:
        """Expected visits to every table entry, theta dQ/dtheta / Q; ``total`` is Q.

        Every s_d may be taken as constant: the product of all of them is one factor of F,
        P(evidence), and Q is F without it.
        """
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


def _narrowed(day: Slice, arrays: Sequence[Array]) -> list[Array]:
    """A day's arrays in the states that the frontier has; it comes first, and has them already."""
    cuts = [day.narrowing(o.axes) for o in day.operands]
    fixed = arrays[len(arrays) - len(cuts) :]
    cut = [a if c is None else a[c] for a, c in zip(fixed, cuts, strict=True)]
    return [*arrays[: len(arrays) - len(cuts)], *cut]


def _restored(array: Array, index: tuple[slice, ...] | None, shape: tuple[int, ...]) -> Array:
    """An array with the states that the frontier had lost, zero there."""
    if index is None:
        return array
    full = np.zeros((*shape[:-1], array.shape[-1]))
    full[index] = array
    return full


def _mass(array: Array) -> Array:
    """The sum over all axes but the draws."""
    found: Array = array.sum(axis=tuple(range(array.ndim - 1)), dtype=np.float64)
    return found


def _absorb(day: Slice, result: Array) -> tuple[Array, Array | None]:
    """Split a day's result into what goes on (the frontier) and the mass that the event took.

    With r the result and w the event: r (1 - w) goes on, sum r w is taken.  ``left``: w is 0 on a
    run of states and 1 elsewhere, so r is cut there.  ``flagged``: r = (r0, r1), not yet hit and
    hit before; sum r0 w + r1 is taken.  ``opened``: evidence is still to come, so nothing is taken,
    and (r0 (1 - w), r0 w + r1) goes on.
    """
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


def _summed(day: Slice, array: Array) -> Array:
    return array.sum(axis=day.summed) if day.summed else array


def _absorb_back(day: Slice, flow: Array, kept: Kept) -> Array:
    """Derivative in a day's result, times s, from ``flow``, that in the frontier handed on.

    Q = sum_d alive_(d-1) hits_d / s_d is linear in alive_d f_d = alive_(d-1) left_d / s_d, what
    goes on after day d.  ``flow`` is dQ/df_d with alive_d held, so s dQ/dleft_d = flow / share_d,
    and by the adjoint of ``_absorb``

        s dQ/dr0 = alive_(d-1) w + (1 - w) flow / share_d,   s dQ/dr1 = alive_(d-1)
    """
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


def _widened(day: Slice, flow: Array, kept: Kept) -> Array:
    """The frontier's derivative repeated over the axes that were summed away."""
    wide = np.expand_dims(flow, day.summed) if day.summed else flow
    return np.broadcast_to(wide, (*_shape(day, kept), flow.shape[-1]))


def _shape(day: Slice, kept: Kept) -> tuple[int, ...]:
    shape = kept.slots[-1].shape[:-1]
    return shape[1:] if day.flagged else shape
