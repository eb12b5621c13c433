"""Run compiled days for all draws at once: tile by tile, on every core, compiled where it pays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from operator import is_
from typing import TypeVar, cast

import numpy as np

from causal.infer import compiled
from causal.infer.budget import affordable, tiling
from causal.infer.frontier import Day
from causal.infer.operand import Operand
from causal.infer.rowspace import roomy
from causal.infer.run import Passage, Run
from causal.infer.worker import Recipe, Worker, recipes
from causal.model.network import CausalModel
from causal.model.table import Array


def passage(model: CausalModel, days: Sequence[Day]) -> Passage:
    """Run the days over all draws of the model, tile by tile, on every core."""
    return passages(model, (days,))[0]


def passages(model: CausalModel, worlds: Sequence[Sequence[Day]]) -> list[Passage]:
    """``passage`` of several worlds side by side: what they have in common is computed once."""
    work = affordable([day for days in worlds for day in days], model.draws)
    if compiled.pays(work) and roomy(model):
        found = [_compiled(model, days) for days in worlds]
        if None not in found:
            return [f for f in found if f is not None]
    return [_joined(parts) for parts in _tiled(model, worlds, Run.forward)]


def _compiled(model: CausalModel, days: Sequence[Day]) -> Passage | None:
    found = compiled.run(model, days)
    if found is None:
        return None
    score, log_evidence = found
    asked = any(day.event is not None for day in days)
    total = score.sum(axis=0) if asked else np.ones(len(log_evidence))
    return Passage(total, log_evidence, score if asked else None)


def _joined(parts: Sequence[Passage]) -> Passage:
    curves = [p.curve for p in parts if p.curve is not None]
    return Passage(
        np.concatenate([p.probability for p in parts]),
        np.concatenate([p.log_evidence for p in parts]),
        np.concatenate(curves, axis=-1) if len(curves) == len(parts) else None,
    )


def column_visits(
    model: CausalModel, days: Sequence[Day], columns: Mapping[tuple[int, int], Array]
) -> dict[tuple[int, int], Array]:
    """``visits`` for many questions at once that differ in weights alone: one column for each.

    ``columns`` hold, under (day number, operand place), what takes an operand's place: its axes,
    then the columns.  Tables are taken at their first draw.
    """
    affordable(days, 1)
    width = max((c.shape[-1] for c in columns.values()), default=1)
    arrays = [
        [columns.get((day.number, i), o.of(model)[..., :1]) for i, o in enumerate(day.operands)]
        for day in days
    ]
    (steps,) = recipes((days,))
    return Run(steps, arrays, width, Worker(width)).used()


T = TypeVar("T")
Known = tuple[tuple[Sequence[Day], ...], list[list[Recipe]]]
RECIPES = "last recipes"


def _tiled(
    model: CausalModel,
    worlds: Sequence[Sequence[Day]],
    act: Callable[[Run], T],
) -> list[list[T]]:
    """Apply ``act`` to every world and tile of draws, on every core where there is enough to do."""
    steps = _recipes(model, worlds)
    arrays = _arrays(model, worlds)
    draws = max((a.shape[-1] for world in arrays for row in world for a in row), default=1)
    width, cores = tiling([day for days in worlds for day in days], draws)
    tiles = [slice(low, min(low + width, draws)) for low in range(0, draws, width)]
    left = iter(enumerate(tiles))
    found: list[list[T]] = [[] for _ in tiles]

    def run() -> None:
        worker = Worker(width)
        for place, tile in left:
            worker.begin()
            for world, days in zip(arrays, steps, strict=True):
                cut = [[a[..., tile] if a.shape[-1] > 1 else a for a in row] for row in world]
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


def _recipes(model: CausalModel, worlds: Sequence[Sequence[Day]]) -> list[list[Recipe]]:
    """The recipes of some worlds, those of the last ones kept with the model."""
    known = cast(Known | None, model.kept.get(RECIPES))
    if known and len(known[0]) == len(worlds) and all(map(is_, known[0], worlds)):
        return known[1]
    made = recipes(worlds)
    model.kept.put(RECIPES, (tuple(worlds), made))
    return made


def _arrays(model: CausalModel, worlds: Sequence[Sequence[Day]]) -> list[list[list[Array]]]:
    """What the operands hold; what surgery made of a table is made once for all days alike."""
    made: dict[tuple[object, ...], Array] = {}

    def array(operand: Operand) -> Array:
        if not operand.changes:
            return operand.of(model)
        key = operand.key
        if key not in made:
            made[key] = operand.of(model)
        return made[key]

    return [[[array(o) for o in day.operands] for day in days] for days in worlds]


def last_day(model: CausalModel, days: Sequence[Day]) -> Array:
    """What the last day's plan yields, over its output axes and the draws: a joint, up to a scale.

    Every earlier day is conditioned on its evidence and normalised; an event plays no part.
    """
    return last_joint(model, days)[0]


def last_joint(model: CausalModel, days: Sequence[Day]) -> tuple[Array, Array]:
    """``last_day``, and log of its whole mass before anything was normalised (where days count)."""
    work = affordable(days, model.draws)
    if compiled.pays(work) and roomy(model):
        found = compiled.last_joint(model, days)
        if found is not None:
            return found
    parts = _tiled(model, (days,), Run.result)[0]
    return np.concatenate([p for p, _ in parts], axis=-1), np.concatenate([s for _, s in parts])


def every_visit(model: CausalModel, days: Sequence[Day]) -> dict[tuple[int, int], Array]:
    """``visits`` under every draw: arrays over an operand's axes and the draws."""
    affordable(days, model.draws)
    parts = _tiled(model, (days,), Run.used)[0]
    return {key: np.concatenate([p[key] for p in parts], axis=-1) for key in parts[0]}


def visits(model: CausalModel, days: Sequence[Day]) -> tuple[dict[tuple[int, int], Array], float]:
    """How often each table row is used, at the posterior mean: theta dlog F / dtheta.

    F is P(event and evidence), or P(evidence) without an event.  The array under (day number,
    operand place) has the operand's shape and holds the expected number of visits to each entry
    given the event and the evidence (Castillo, Gutierrez & Hadi 1997 give the derivative).  Also
    returns P(event | evidence), 1 without an event.
    """
    affordable(days, 1)
    (steps,) = recipes((days,))
    run = Run(steps, _arrays(model, (days,))[0], 1, Worker(1))
    result = run.forward(keep=True)
    total = result.probability
    return run.backward(np.where(total > 0, total, 1.0)), float(total[0])
