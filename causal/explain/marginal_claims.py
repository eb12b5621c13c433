"""What licenses each variable's distribution on one day: the claim of every card of a picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from causal.contract.array import Array
from causal.identify.claim import Claim, claim
from causal.infer.natural_bounds import natural_bounds
from causal.model.network import CausalModel
from causal.query.event import Condition
from causal.query.query import Query
from causal.query.unrolled import certain, unroll


@dataclass(frozen=True, slots=True, eq=False)
class Licensed:
    """A claim on one variable, and where it is only bounded both bounds, each over its states."""

    claim: Claim
    bounds: tuple[Array, Array] | None = None


def card_claims(
    model: CausalModel, query: Query, names: Iterable[str], *, day: int, assumed: bool = False
) -> dict[str, Licensed]:
    """The claim on P(x) on ``day`` under the query's do and evidence, for every x of ``names``.

    What is set, or seen in one state, on that day needs none and is left out; so is all where
    nothing is done.  Bounds are those of ``natural_bounds`` at the posterior mean,
    P(y, x | z) <= P(y | do(x), z) <= P(y, x | z) + 1 - P(x | z) (Manski 1990), each an array over
    the states of x.  ``assumed`` takes the declared common causes as absent.  Raises as ``unroll``
    and ``claim`` do.
    """
    if not query.do:
        return {}
    plain = replace(query, event=(), drawdown=None, within=None, at=day or None)
    asked = unroll(model.graph, plain)
    found = {}
    for name in names:
        seen = asked.seeing[day].get(name)
        if name in asked.doing.get(day, ()) or (seen is not None and certain(seen) is not None):
            continue
        told = replace(asked, event={name: np.ones(model.graph.size(name))})
        licence = claim(plain, told, assumed=assumed)
        found[name] = Licensed(licence)
        if licence.bounded:
            found[name] = Licensed(licence, _bounds(model, plain, name, seen is None))
    return found


def _bounds(model: CausalModel, plain: Query, name: str, unseen: bool) -> tuple[Array, Array]:
    """Bounds of every state; [0, 1] for what is seen under the do (see ``counterfactual``)."""
    states = model.graph.variable(name).states
    if not unseen:
        return np.zeros(len(states)), np.ones(len(states))
    mean = model.mean()
    events = [(Condition(name, ((state, 1.0),)),) for state in states]
    pairs = [natural_bounds(mean, replace(plain, event=event)) for event in events]
    low, high = (np.array([float(pair[side].mean()) for pair in pairs]) for side in (0, 1))
    return low, high
