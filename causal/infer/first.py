"""The first-passage curve: P(an event happens for the first time on day d), day by day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causal.errors import QueryError
from causal.infer.frontier import compiled
from causal.infer.passage import passage
from causal.infer.probability import full, horizon, possible
from causal.infer.query import LEVEL, Query, tail
from causal.infer.world import world
from causal.model.event import States, conditions
from causal.model.network import CausalModel
from causal.model.surgery import in_force
from causal.model.table import Array


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """P(first event on day d | do, evidence) for d = 1..N, per draw: ``draws`` is (days, draws).

    Their sum is P(event within Nd).  ``base``: the same without ``do`` and evidence.
    """

    query: Query
    draws: Array
    base: Array

    def rows(self, level: float = LEVEL) -> list[dict[str, Any]]:
        """A row for every day: chance with its interval, base rate, and all days up to it."""
        total = np.cumsum(self.draws, axis=0)
        return [
            {
                "day": day,
                "probability": float(chance.mean()),
                "low": tail(chance, level)[0],
                "high": tail(chance, level)[1],
                "base_rate": float(usual.mean()),
                "by_then": float(so_far.mean()),
            }
            for day, (chance, usual, so_far) in enumerate(
                zip(self.draws, self.base, total, strict=True), 1
            )
        ]


def first_passage(
    model: CausalModel,
    event: Mapping[str, States],
    *,
    within: int | str,
    given: Mapping[str, States] | None = None,
) -> Curve:
    """The first-passage curve of an event under the model's interventions and ``given``.

    Raises QueryError without a horizon, without an event, or when evidence comes after the first
    day of the horizon: then the day of the first event is not known day by day.
    """
    query = Query(
        conditions(model.graph, event),
        conditions(model.graph, given),
        in_force(model.interventions, horizon(within) or 0),
        within=horizon(within),
    )
    if not query.event or not query.within:
        raise QueryError(
            "A first-passage curve needs an event and a horizon.",
            "It says on which of the days 1 to N the event happens first.",
            'Write first_passage(model, {"bitcoin": "crash"}, within=7).',
        )
    return Curve(query, _curve(model, query), _curve(model, replace(query, do=(), given=())))


def _curve(model: CausalModel, query: Query) -> Array:
    found = passage(model, compiled(world(model.graph, query), batch=model.draws))
    possible(found, query)
    if found.curve is None:
        raise QueryError(
            "Evidence lies on or after a day on which the event may happen.",
            "What is seen later changes the chance of every day before it at once.",
            "Give evidence about today or the day before.",
        )
    return np.stack([full(day, model.draws) for day in found.curve])
