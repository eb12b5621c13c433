"""The likeliest paths to an event: most probable explanations through time, the k best exactly.

A path gives every variable that the question rests on a state on every day, and says on which day
the event first happens; ``k_best`` finds the best of them, a path's share being P(path, event,
evidence) / P(event, evidence).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from causal import limit
from causal.contract.slice import Slice
from causal.errors import QueryError
from causal.identify.claim import Claim, claim
from causal.infer.forward import forward, possible
from causal.infer.frontier import compile_slices, factors
from causal.infer.k_best import LawlerSearch, Trail
from causal.infer.marginals import marginals
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.surgery import in_force
from causal.query.unrolled import unroll
from causal.query.validation import no_event
from causal.text import written

MOST = 100  # paths that may be asked for


@dataclass(frozen=True, slots=True)
class Path:
    """One path: the state of every variable on every day, and its share of the event's mass.

    ``share`` is P(path | event, do, evidence); ``first`` the day on which the event first happens.
    """

    share: float
    first: int | None
    days: Mapping[int, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Paths:
    """The likeliest paths to an event, best first, at the posterior mean.

    ``probability`` is P(event | do, evidence), ``usual`` every variable's likeliest state on a day
    on which nothing is done or known.  Where the effect is only bounded, all is as if the declared
    common causes were absent, and the claim says ``assumed``.
    """

    query: Query
    probability: float
    paths: tuple[Path, ...]
    usual: Mapping[str, str]
    claim: Claim

    def unusual(self, path: Path) -> dict[int, dict[str, str]]:
        """The days of a path, with only those states that are not the usual ones."""
        return {
            day: {n: s for n, s in states.items() if s != self.usual[n]}
            for day, states in path.days.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``unusual`` names the variables that are not in their usual state."""
        return {
            "query": str(self.query),
            "probability": self.probability,
            "usual": dict(self.usual),
            "paths": [
                {
                    "share": path.share,
                    "first": path.first,
                    "days": [
                        {"day": day, "states": dict(path.days[day]), "unusual": list(odd)}
                        for day, odd in self.unusual(path).items()
                    ],
                }
                for path in self.paths
            ],
            "claim": self.claim.to_dict(),
        }


def likeliest(
    model: CausalModel, query: str | Query, *, k: int = 3, everything: bool = False
) -> Paths:
    """The ``k`` likeliest paths to the event of ``query`` under its ``do`` and evidence.

    A path names the variables that the question rests on: causes of the event or of the evidence.
    ``everything``: all variables on all days.  Raises QueryError where the event cannot
    happen, ImpossibleEvidenceError.
    """
    if isinstance(query, str):
        from causal.query.parser import parse

        query = parse(query, model.graph, priced=model.priced)
    query = replace(query, do=in_force((*model.interventions, *query.do), query.horizon))
    _check(model, query, k)
    mean = model.mean()
    query = replace(query, independent=True)  # a path names its days: no mean over weekdays
    asked = unroll(mean.graph, query)
    whole = dict.fromkeys(asked.days, frozenset(mean.graph.names)) if everything else None
    days = compile_slices(asked, whole)
    found = forward(mean, days)
    possible(found, query)
    mass = float(found.probability[0])
    if not mass > 0:
        raise QueryError(
            "The event cannot happen under what is done and seen.",
            "No path leads to it.",
            "Loosen the evidence, or ask for another event.",
        )
    total = float(np.log(mass) + found.log_evidence[0])
    usual = {
        n: mean.graph.variable(n).states[int(p.argmax())]
        for n, p in marginals(replace(mean, interventions=())).items()
    }
    chosen = (
        _path(mean, days, trail, float(np.exp(score - total)))
        for score, trail in islice(LawlerSearch(mean, days).run(), k)
    )
    return Paths(query, mass, tuple(chosen), usual, claim(query, asked, assumed=True))


def _check(model: CausalModel, query: Query, k: int) -> None:
    if not query.event:
        raise no_event(query, model.graph, "A likeliest path")
    if not limit.day(k) or not 1 <= k <= MOST:
        raise QueryError(
            f"{written(k)} paths were asked for.",
            f"The likeliest are listed one by one, at most {MOST}.",
            "Ask for 3.",
        )


def _path(mean: CausalModel, days: Sequence[Slice], trail: Trail, share: float) -> Path:
    """A trail in words; what is set or seen for certain stands in it too."""
    named = {}
    for day, step in zip(days, trail, strict=True):
        here = {o.source: o.index[-1] for o in factors(day) if o.source}
        states = {**{n: i for n, i in here.items() if isinstance(i, int)}, **step.states}
        variables = [v for v in mean.graph.variables if v.name in states]
        named[day.number] = {v.name: v.states[states[v.name]] for v in variables}
    first = (d.number for d, step in zip(days, trail, strict=True) if step.hit)
    return Path(share, next(first, None), named)
