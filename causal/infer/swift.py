"""Numbers alone, at once: a question that was never asked before costs microseconds.

``probabilities`` gives what ``causal.ask`` gives without its base rate, licence and support.  A
question about one day is pruned, ordered, lowered and run by compiled code (``swift_kernel.py``),
and no plan is kept; whatever lies outside that planner's scope takes the readable path.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from causal.errors import QueryError
from causal.infer import compiled
from causal.infer.budget import TILE, within
from causal.infer.encoding import encoded
from causal.infer.frontier import compiled as compile_days
from causal.infer.packed import Packed, packed
from causal.infer.passage import passage
from causal.infer.probability import possible
from causal.infer.query import Query
from causal.infer.rowspace import roomy
from causal.infer.world import world
from causal.model.network import CausalModel
from causal.model.table import Array

KERNEL = "causal.infer.swift_kernel"


def probabilities(model: CausalModel, query: str | Query) -> Array:
    """P(event | do, evidence) under every posterior draw, shape (draws,).

    The query's ``do`` is done on top of the model's own interventions.  Nothing is said of what
    licenses them: where ``ask`` only bounds an effect, declared common causes are taken as absent.
    Raises UnknownVariableError, UnknownStateError, QueryError, ImpossibleEvidenceError.
    """
    if isinstance(query, str):
        from causal.infer.grammar import parse

        query = parse(query, model.graph)
    found = swiftly(model, query) if compiled.KERNEL in sys.modules else None
    return _readable(model, query) if found is None else found


def _readable(model: CausalModel, query: Query) -> Array:
    if not query.event:
        raise QueryError(
            "The question has no event.", "There is nothing to compute.", 'Ask P(bitcoin="crash").'
        )
    query = replace(query, do=(*model.interventions, *query.do))
    found = passage(model, compile_days(world(model.graph, query), batch=model.draws))
    possible(found, query)
    return found.probability


def swiftly(model: CausalModel, query: Query) -> Array | None:
    """The answer of the compiled planner; None where the question is outside its scope.

    Outside are days ahead, evidence that is impossible or given twice, and large contractions.
    """
    if "CAUSAL_COMPILED" in os.environ and compiled.switched_off():
        return None
    if not roomy(model):
        return None
    net = packed(model)
    question = encoded(net, query, model.interventions)
    if question is None:
        return None
    kernel = _kernel()
    if not net.single.size:
        plan = kernel.plan(net.variables, net.families, net.positive, *question, model.draws)
        return _drawn(kernel, model, net, plan, question[1])
    hit, total = kernel.point(net.variables, net.families, net.positive, *question, net.single)
    return np.array([hit / total]) if total > 0 else None


@cache
def _kernel() -> ModuleType:
    """The planner, whole, even while another thread is loading it (``sys.modules`` has it half)."""
    return import_module(KERNEL)


def _drawn(kernel: Any, model: CausalModel, net: Packed, plan: Any, weights: Array) -> Array | None:
    """Run a plan on every draw, tile by tile on every core."""
    steps, pool, rows, at, event, work, needed, state = plan
    if not len(steps) or not within(8 * rows * TILE[0], work * model.draws):
        return None
    if (needed > net.ready).any():
        net.fill(model, needed, state)
    space = net.space
    found = np.empty(space.buffer.shape[0] * space.buffer.shape[2])

    def part(low: int, high: int, area: Array) -> None:
        tiles = (low, high, area.shape[1])
        kernel.ratios(steps, pool, weights, event, at, space.buffer, tiles, area, found)

    compiled.spread(rows, space, int(work) * model.draws, part)
    found = found[: model.draws]
    return found if found.min() >= 0 else None
