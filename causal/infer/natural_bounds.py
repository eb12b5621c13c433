"""Natural bounds: what holds of an effect whatever the hidden causes (Manski 1990)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from causal.contract.array import Array
from causal.identify.claim import ranged
from causal.infer.forward import forward, full
from causal.infer.frontier import compile_slices
from causal.infer.weekdays import corrected
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.unrolled import unroll


def natural_bounds(model: CausalModel, query: Query) -> tuple[Array, Array]:
    """Manski's bounds on P(event | do(x), z), per draw: what holds whatever the hidden causes.

        low = P(event, x | z),   high = low + 1 - P(x | z),   x on every day on which it is done.

    Who was seen at x tells what would have happened; of the others nothing is known.  [0, 1] where
    something else than states is done, or evidence lies on or after its first day.  Two forward
    passes, each (draws,); over weekdays as ``weekdays`` has it.  Raises QueryError beyond the
    budget.
    """
    if not ranged(query, unroll(model.graph, query)):
        return np.zeros(model.draws), np.ones(model.draws)

    def seen(of: CausalModel, query: Query) -> tuple[Array, Array]:
        asked = unroll(of.graph, query)
        before = forward(of, compile_slices(replace(asked, doing={}, event={})))
        seen = forward(of, compile_slices(asked.observing))
        return seen.probability, np.exp(seen.log_evidence - before.log_evidence)

    likely, happens = corrected(model, query, seen, logarithm=False)
    low = np.where(happens > 0, np.nan_to_num(likely) * happens, 0.0)
    least, most = between(low, happens)
    return full(least, model.draws), full(most, model.draws)


def between(low: Array, happens: Array) -> tuple[Array, Array]:
    """P(y, x | z) <= P(y | do(x), z) <= P(y, x | z) + 1 - P(x | z): ``low`` and ``happens``.

    Any shape, the same for both; bounds stay in [0, 1].
    """
    return low, np.minimum(low + 1 - happens, 1.0)
