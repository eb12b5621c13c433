"""The one place that makes an Answer: query, numbers, base rate, claim and support."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from causal.answer.answer import Answer
from causal.answer.support import Support
from causal.contract.array import Array
from causal.identify.claim import Claim
from causal.infer.forward import full
from causal.model.network import CausalModel
from causal.query.query import Query

if TYPE_CHECKING:
    from causal.answer.moments import Closed


def assemble(
    model: CausalModel,
    query: Query,
    *,
    draws: Array,
    base: Array,
    evidence: float,
    claim: Claim,
    support: Support | None,
    bounds: tuple[Array, Array] | None = None,
    closed: Closed | None = None,
    note: str = "",
    curves: tuple[Array | None, Array | None] = (None, None),
) -> Answer:
    """An answer to ``query`` as ``model`` gives it, whatever kind of question it is.

    ``draws`` and ``base`` are P(event | do, evidence) and P(event), one value a draw or one for all
    of them, shape (draws,) or (1,); ``curves`` their first-passage curves, shape (days, draws).
    The answer owns its numbers: what is kept with a model is copied.
    """
    count = model.draws
    curve, base_curve = (None if c is None else _each(c, count) for c in curves)
    return Answer(
        query=query,
        draws=full(draws, count),
        base=full(base, count).copy(),
        evidence=evidence,
        claim=claim,
        support=support,
        seed=model.fit.seed if model.fit else None,
        model=model_card(model),
        bounds=bounds,
        closed=closed,
        note=note,
        curve=curve,
        base_curve=base_curve,
    )


def _each(curve: Array, draws: int) -> Array:
    """A curve with a column a draw, its own."""
    return np.broadcast_to(curve, (len(curve), draws)).copy()


def model_card(model: CausalModel) -> dict[str, str | None]:
    """The model's name and the span of its data."""
    span = model.fit.provenance if model.fit else None
    return {
        "name": model.name,
        "data_from": span.data_from if span else None,
        "data_to": span.data_to if span else None,
    }
