"""The joint distribution of a few variables on one day, all posterior draws in one contraction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causal.errors import ImpossibleEvidenceError, QueryError
from causal.infer.frontier import compiled
from causal.infer.passage import last_day
from causal.infer.query import Query
from causal.infer.world import world
from causal.model.event import States, conditions
from causal.model.network import CausalModel
from causal.model.table import Array


def joint(
    model: CausalModel,
    names: Sequence[str],
    *,
    given: Mapping[str, States] | None = None,
    at: int = 0,
) -> Array:
    """P(names | do, given) on day ``at`` (today: 0), shape (*sizes of names, draws).

    ``given`` is about today, or about the day in its key; ``do`` holds as in ``probability``.

    Raises QueryError when a name comes twice or is also in ``given``, UnknownVariableError, and
    ImpossibleEvidenceError.
    """
    for name in names:
        model.graph.variable(name)
    query = Query((), conditions(model.graph, given), model.interventions, at=at or None)
    seen = {c.variable for c in query.given if (c.day or 0) == at}
    if len(set(names)) < len(names) or seen & set(names):
        raise QueryError(
            f"The joint over {', '.join(names)} names a variable twice, or one that is seen.",
            "Each variable has one axis, and what is seen has none.",
            "Name each variable once.",
        )
    asked = replace(world(model.graph, query), event={}, event_days=frozenset(), kept=tuple(names))
    days = compiled(asked)
    output = days[-1].plan.output
    table = last_day(model, days)
    extra = tuple(i for i, axis in enumerate(output) if axis not in names)
    table = table.sum(axis=extra)
    total = table.reshape(-1, table.shape[-1]).sum(axis=0)
    if not (total > 0).all():
        raise ImpossibleEvidenceError(
            "The evidence has probability zero under the model.",
            "Nothing can be conditioned on what cannot happen.",
            "Check the states for a contradiction.",
        )
    order = [axis for axis in output if axis in names]
    found: Array = table.transpose(*(order.index(n) for n in names if n in order), -1) / total
    for place, name in enumerate(names):
        if name not in order:  # set to one state: its axis was indexed away
            weight = asked.doing[at][name] > 0
            found = np.expand_dims(found, place) * _along(weight, place, found.ndim + 1)
    return found


def _along(flags: NDArray[np.bool_], place: int, axes: int) -> NDArray[np.bool_]:
    return flags.reshape([-1 if i == place else 1 for i in range(axes)])
