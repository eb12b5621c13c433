"""Run the compiled days: evidence, events and first passage, for all draws at once.

P(first event on day d) = sum a_d w; the survivors go on with a_d (1 - w).  Every day is normalised
and its scale kept as a logarithm, so that long runs of evidence do not underflow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from causal.infer import compiled
from causal.infer.budget import affordable
from causal.infer.frontier import Day
from causal.model.network import CausalModel
from causal.model.table import Array

TILE_BYTES = 1 << 21  # aim for the largest array of a tile (docs/decisions/0002-draws-last.md)
TILE = (64, 512)  # fewest and most draws of a tile: short runs waste the loop, long ones the cache
LOG_TWO = float(np.log(2.0))
THREAD_ABOVE = 20_000_000  # multiply-adds in all below which one thread is faster


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """Per draw: P(event | evidence), log P(evidence), and the event's first day where it is known.

    ``curve`` has shape (event days, draws), or is None when evidence comes after an event day.
    """

    probability: Array
    log_evidence: Array
    curve: Array | None


def passage(model: CausalModel, days: Sequence[Day], *, single: bool = False) -> Passage:
    """Run the days over all draws of the model, tile by tile, on every core.

    ``single`` computes in float32: half the memory, errors of about 1e-6 of the answer, and always
    on the NumPy path (docs/explanation/engine.md says what it gains).
    """
    work = affordable(days, model.draws)
    if not single and compiled.pays(work):
        found = compiled.run(model, days)
        if found is not None:
            score, log_evidence = found
            asked = any(day.event is not None for day in days)
            total = score.sum(axis=0) if asked else np.ones(len(log_evidence))
            return Passage(total, log_evidence, score if asked else None)
    parts = _tiled(model, days, _Run.forward, np.float32 if single else np.float64)
    curves = [p.curve for p in parts if p.curve is not None]
    return Passage(
        np.concatenate([p.probability for p in parts]),
        np.concatenate([p.log_evidence for p in parts]),
        np.concatenate(curves, axis=-1) if len(curves) == len(parts) else None,
    )


T = TypeVar("T")


def _tiled(
    model: CausalModel,
    days: Sequence[Day],
    act: Callable[[_Run], T],
    dtype: type[np.floating[Any]] = np.float64,
) -> list[T]:
    """Apply ``act`` to every tile of draws, on every core where there is enough to do."""
    arrays = [[o.of(model) for o in day.operands] for day in days]
    draws = max((a.shape[-1] for row in arrays for a in row), default=1)
    largest = max(day.plan.largest for day in days)
    width = min(max(TILE_BYTES // (8 * largest), TILE[0]), TILE[1])
    tiles = [slice(low, min(low + width, draws)) for low in range(0, draws, width)]

    def run(tile: slice) -> T:
        cut = [[a[..., tile] if a.shape[-1] > 1 else a for a in row] for row in arrays]
        cut = [[a.astype(dtype, copy=False) for a in row] for row in cut]
        return act(_Run(days, cut, tile.stop - tile.start))

    work = draws * sum(day.plan.operations for day in days)
    if len(tiles) > 1 and work > THREAD_ABOVE:
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return list(pool.map(run, tiles))
    return [run(tile) for tile in tiles]


def last_day(model: CausalModel, days: Sequence[Day]) -> Array:
    """What the last day's plan yields, over its output axes and the draws: a joint, up to a scale.

    Every earlier day is conditioned on its evidence and normalised; an event plays no part.
    """
    return last_joint(model, days)[0]


def last_joint(model: CausalModel, days: Sequence[Day]) -> tuple[Array, Array]:
    """``last_day``, and log of its whole mass before anything was normalised (where days count)."""
    work = affordable(days, model.draws)
    if compiled.pays(work):
        found = compiled.last_joint(model, days)
        if found is not None:
            return found
    parts = _tiled(model, days, _Run.result)
    return np.concatenate([p for p, _ in parts], axis=-1), np.concatenate([s for _, s in parts])


def every_visit(model: CausalModel, days: Sequence[Day]) -> dict[tuple[int, int], Array]:
    """``visits`` under every draw: arrays over an operand's axes and the draws."""
    affordable(days, model.draws)
    parts = _tiled(model, days, _Run.used)
    return {key: np.concatenate([p[key] for p in parts], axis=-1) for key in parts[0]}


def visits(model: CausalModel, days: Sequence[Day]) -> tuple[dict[tuple[int, int], Array], float]:
    """How often each table row is used, at the posterior mean: theta dlog F / dtheta.

    F is P(event and evidence), or P(evidence) without an event.  The array under (day number,
    operand place) has the operand's shape and holds the expected number of visits to each entry
    given the event and the evidence (Castillo, Gutierrez & Hadi 1997 give the derivative).  Also
    returns P(event | evidence), 1 without an event.
    """
    affordable(days, 1)
    run = _Run(days, [[o.of(model) for o in day.operands] for day in days], 1)
    result = run.forward(keep=True)
    total = result.probability
    return run.backward(np.where(total > 0, total, 1.0)), float(total[0])


@dataclass(slots=True, eq=False)
class _Kept:
    """What the backward pass needs of a day."""

    slots: list[Array]
    exponents: list[int]
    scale: Array
    left: Array
    alive: Array


@dataclass(slots=True, eq=False)
class _Run:
    """One tile of draws going through the days."""

    days: Sequence[Day]
    arrays: list[list[Array]]
    width: int
    kept: list[_Kept] = field(default_factory=list)
    fixed: dict[tuple[object, ...], list[tuple[Array, int] | None]] = field(default_factory=dict)

    @property
    def last_seen(self) -> int:
        """The last day with evidence; on later days all the mass may have met the event."""
        return max((d.number for d in self.days if d.seen), default=-2)

    def forward(self, keep: bool = False) -> Passage:
        """Evidence, event and survivors day after day."""
        ones = np.ones(self.width)
        frontier, alive, log_evidence = ones, ones, np.zeros(self.width)
        struck: list[Array] = []
        for day, arrays in zip(self.days, self.arrays, strict=True):
            slots, exponents = self._contract(day, frontier, arrays, keep)
            result = np.broadcast_to(slots[-1], (*slots[-1].shape[:-1], self.width))
            scale = result.reshape(-1, self.width).sum(axis=0, dtype=np.float64)
            if day.number <= self.last_seen:
                with np.errstate(divide="ignore"):
                    log_evidence = log_evidence + np.log(scale) + LOG_TWO * sum(exponents)
            safe = np.where(scale > 0, scale, 1.0)
            left, hits = _absorb(day, result / safe)
            mass = left.reshape(-1, self.width).sum(axis=0)
            mass = np.where(mass > 0, mass, 1.0)
            if keep:
                self.kept.append(_Kept(slots, exponents, safe, mass, alive))
            if hits is not None:
                struck.append(alive * hits)
                alive = alive * left.reshape(-1, self.width).sum(axis=0)
            frontier = (left / mass).astype(result.dtype, copy=False)
        if not struck:
            return Passage(ones.copy(), log_evidence, None)
        curve = None if any(day.opened for day in self.days) else np.stack(struck)
        return Passage(np.sum(struck, axis=0), log_evidence, curve)

    def result(self) -> tuple[Array, Array]:
        """The last day's result, shape (*output axes, draws), and log P(evidence) up to there."""
        log_evidence = self.forward(keep=True).log_evidence
        last = self.kept[-1].slots[-1]
        return np.broadcast_to(last, (*last.shape[:-1], self.width)), log_evidence

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
        for day, kept in zip(reversed(self.days), reversed(self.kept), strict=True):
            seed = _absorb_back(day, flow, kept) / kept.scale
            back = day.plan.adjoint(kept.slots, kept.exponents, seed)
            first = 1 if day.past else 0
            for place in range(first, len(back)):
                found[day.number, place - first] = kept.slots[place] * back[place] / total
            flow = back[0] if day.past else flow
        return found

    def _contract(
        self, day: Day, frontier: Array, arrays: list[Array], keep: bool
    ) -> tuple[list[Array], list[int]]:
        if not day.past:
            return day.plan.trace(arrays)
        if keep:
            return day.plan.trace([frontier, *arrays])
        return day.plan.trace([frontier, *arrays], self.fixed.setdefault(day.signature, []))


def _absorb(day: Day, result: Array) -> tuple[Array, Array | None]:
    """Split a day's result into what goes on (the frontier) and the mass that the event took."""
    if day.event is None:
        return result.sum(axis=day.summed), None
    clean, before = (result[0], result[1]) if day.flagged else (result, None)
    hit = clean * day.event
    on = (clean - hit).sum(axis=day.summed)
    if day.opened:
        taken = hit.sum(axis=day.summed)
        if before is not None:
            taken = taken + before.sum(axis=day.summed)
        return np.stack([on, taken]), None
    width = result.shape[-1]
    mass = hit.reshape(-1, width).sum(axis=0)
    if before is not None:
        mass = mass + before.reshape(-1, width).sum(axis=0)
    return on, mass


def _absorb_back(day: Day, flow: Array, kept: _Kept) -> Array:
    """Derivative in a day's result, from the derivative ``flow`` in the frontier it hands on."""
    flow = flow / kept.left
    if day.event is None:
        return _widened(day, flow, kept)
    weight = np.broadcast_to(day.event, (*_shape(day, kept), 1))
    if day.opened:
        on, taken = _widened(day, flow[0], kept), _widened(day, flow[1], kept)
        clean = (1 - weight) * on + weight * taken
        return np.stack([clean, taken]) if day.flagged else clean
    clean = kept.alive * weight + (1 - weight) * _widened(day, flow, kept)
    if not day.flagged:
        return clean
    return np.stack([clean, np.broadcast_to(kept.alive, clean.shape)])


def _shape(day: Day, kept: _Kept) -> tuple[int, ...]:
    shape = kept.slots[-1].shape[:-1]
    return shape[1:] if day.flagged else shape


def _widened(day: Day, flow: Array, kept: _Kept) -> Array:
    """The frontier's derivative repeated over the axes that were summed away."""
    wide = np.expand_dims(flow, day.summed) if day.summed else flow
    return np.broadcast_to(wide, (*_shape(day, kept), flow.shape[-1]))
