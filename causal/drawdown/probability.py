"""P(drawdown <= L within Nd | do, evidence): an ordinary question to the model with its distance.

Licence, support, base rate, bounds and the probability of the evidence are those of any question;
only the number comes another way, off the whole distribution of the worst drawdown, whose grid
error is corrected (see ``distribution.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from causal.answer.answer import Answer, assemble, evidence_probability
from causal.answer.support import Support, row_name, support, thinnest
from causal.contract.array import Array
from causal.drawdown.augmented import DistanceModel, at_the_mean, hit_probability, with_distance
from causal.drawdown.distribution import (
    Price,
    WorstDrawdown,
    carriers,
    price,
    quantile,
    worst_drawdown,
)
from causal.drawdown.unit import mixed
from causal.errors import QueryError
from causal.identify.claim import Claim, claim, ranged
from causal.infer.expected_counts import Key, expected_counts, used
from causal.infer.forward import forward, full, possible
from causal.infer.frontier import compile_slices
from causal.infer.natural_bounds import between
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.unrolled import Unrolled, unroll
from causal.query.validation import LONGEST, counterfactual
from causal.text import written


@dataclass(frozen=True, slots=True, eq=False)
class Distributions:
    """One horizon under one question: the distribution of the worst drawdown, and its base rate.

    ``happens`` is there when the effect is only bounded: P(what is done | seen), (draws,); then
    ``found`` is the distribution where what is done was seen.
    """

    days: int
    found: WorstDrawdown
    base: WorstDrawdown
    happens: Array | None = None

    def draws(self, threshold: float) -> Array:
        """P(worst drawdown <= threshold), (draws,); where it is bounded, as if done were seen."""
        return self.found.reaches(threshold)

    def error(self, threshold: float) -> float:
        """What the grid leaves wrong in the probability, or in its bounds (root mean square)."""
        share = 1.0 if self.happens is None else float(self.happens.mean())
        return share * float(self.found.error[self.found.place(threshold)])

    def bounds(self, threshold: float) -> tuple[Array, Array] | None:
        """Natural bounds, each (draws,), where the effect is only bounded (see ``between``)."""
        if self.happens is None:
            return None
        low = np.where(self.happens > 0, self.found.reaches(threshold) * self.happens, 0.0)
        return between(low, self.happens)


def drawdown_answer(
    model: CausalModel, query: Query, *, interval: str = "draws", assume_unconfounded: bool = False
) -> Answer:
    """The answer to a question about one drawdown, from close to close.

    Raises QueryError where the model has no such price or the grid is too coarse for it, and
    ImpossibleEvidenceError.
    """
    asked = query.drawdown
    assert asked is not None
    unroll(model.graph, query)
    of = price(model, (asked.threshold,), query.horizon, variable=asked.variable)
    licence = licensed(model, of, query, assumed=assume_unconfounded)
    chance = evidence(model, query)
    found = distributions(model, of, query, query.horizon, bounded=licence.bounded)
    grid = f"grid error {found.error(asked.threshold):.5f}"
    assumptions = (*licence.assumptions, assumed_moves(of), grid)
    return assemble(
        model,
        query,
        draws=found.draws(asked.threshold),
        base=found.base.reaches(asked.threshold),
        evidence=chance,
        claim=replace(licence, assumptions=assumptions),
        support=drawdown_support(model, of, query, asked.threshold),
        bounds=found.bounds(asked.threshold),
        note="the moves of a price have no closed form" if interval == "delta" else "",
    )


def assumed_moves(of: Price) -> str:
    """What an answer about a price assumes of its moves, in words."""
    spread = of.moves.declared.spread
    about = f", within a factor of {math.exp(spread):.2f} two times in three" if spread else ""
    return (
        f"the usual volatility is {of.usual:.2%} a day{about}, and moves of that size are alike "
        f"given {' and '.join(of.moves.declared.cell)}"
    )


def distributions(
    model: CausalModel, of: Price, query: Query, days: int, *, bounded: bool = False
) -> Distributions:
    """The worst drawdown on days 1 to ``days`` under a query, and without its ``do`` and ``given``.

    The base rate is kept with the model.  Where the effect is ``bounded``, x done and z seen,
    P(D, x | z) = P(D | x, z) P(x | z): both factors, from a question in which x is seen.
    """
    asked = _days_of(model, query, days)
    key = ("base drawdown", of.grid.tobytes(), of.usual, of.low, days, query.start)
    plain = replace(query, do=(), given=())
    base = model.kept.made(
        key, lambda: worst_drawdown(model, of, _days_of(model, plain, days), days)
    )
    if not query.do and not query.given:
        return Distributions(days, base, base)
    if not bounded:
        return Distributions(days, worst_drawdown(model, of, asked, days), base)
    if not ranged(query, asked):
        return Distributions(days, base, base, np.zeros(model.draws))
    joint = asked.observing
    seen = _log_evidence(model, joint)
    happens = np.exp(seen - _log_evidence(model, replace(asked, doing={})))
    if not happens.all():
        return Distributions(days, base, base, np.zeros(model.draws))
    return Distributions(
        days, worst_drawdown(model, of, joint, days), base, full(happens, model.draws)
    )


def _days_of(model: CausalModel, query: Query, days: int) -> Unrolled:
    """The days of a query up to day ``days``, or to its last evidence; with no event on them."""
    found = unroll(model.graph, replace(query, event=(), drawdown=None))
    last = max(days, found.last_seen)
    return replace(
        found,
        days=tuple(d for d in found.days if d <= last),
        doing={d: w for d, w in found.doing.items() if d <= last},
        made={d: w for d, w in found.made.items() if d <= last},
        seeing={d: w for d, w in found.seeing.items() if d <= last},
        event={},
        event_days=frozenset(),
    )


def evidence(model: CausalModel, query: Query) -> float:
    """P(evidence | do), the mean over the draws; raises ImpossibleEvidenceError where it is 0."""
    asked = _days_of(model, query, query.horizon)
    days = compile_slices(asked)
    if not days:
        return 1.0
    found = forward(model, days)
    possible(found, query)
    return evidence_probability(found.log_evidence + asked.log_scale, query)


def _log_evidence(model: CausalModel, asked: Unrolled) -> Array:
    """log P(evidence), (draws,); zero where there is none."""
    days = compile_slices(asked)
    return forward(model, days).log_evidence if days else np.zeros(model.draws)


def licensed(model: CausalModel, of: Price, query: Query, *, assumed: bool = False) -> Claim:
    """What licenses a question about the price: the claim of the same question to the distance.

    Raises QueryError for a counterfactual: evidence on these days' own moves under a do.
    """
    for _, error in counterfactual(query, model.graph, carriers(model, query)):
        raise error
    distance = _at_the_mean(model, of)
    asked = distance.asked(_days_of(model, query, query.horizon), query.horizon, 0)
    return claim(query, asked, assumed=assumed)


def drawdown_support(
    model: CausalModel, of: Price, query: Query, threshold: float
) -> Support | None:
    """The thinnest table row that an answer used; a cell of moves is one row more.

    The kernel of the distance has no counts of its own: its visits, summed over the distances that
    were not yet hit, are those to the cells, and behind a cell stand its days, without a prior.
    """
    distance = _at_the_mean(model, of)
    days = _days_of(model, query, query.horizon)
    asked = distance.asked(days, query.horizon, distance.node(threshold))
    counts = expected_counts(distance.model, compile_slices(asked))
    learnt = support(distance.model, counts)
    kernel: Key = ("day", distance.name)
    cells = counts.tables[kernel][: distance.hit].sum(axis=0)
    (thin,) = thinnest({kernel: of.moves.days.sum(axis=(-2, -1))}, {kernel: used(cells)})
    if thin is None or (learnt is not None and learnt.days <= thin[0]):
        return learnt
    held, (_, cell) = thin
    name = row_name(distance.model.graph, "day", distance.name, (0, *cell))
    return Support(held, 0.0 if held else 1.0, f"move |{name.partition(',')[2]}")


def _at_the_mean(model: CausalModel, of: Price) -> DistanceModel:
    """The model with its distance, at the posterior mean."""
    return with_distance(at_the_mean(model), of.moves, of.grid, of.usual, low=of.low)


def quantiles(
    model: CausalModel,
    of: Price,
    query: Query,
    days: Sequence[int],
    shares: Sequence[float],
) -> dict[int, tuple[float, ...]]:
    """Quantiles of the worst drawdown (a share of the price, 0 or more) at the posterior mean."""
    distance = _at_the_mean(model, of)
    found = {}
    for day in days:
        chance = hit_probability(distance, _days_of(model, query, day), day)[::-1]
        if of.moves.declared.spread:
            chance = mixed(of.grid, chance, of.grid, of.moves.declared.spread)
        found[day] = quantile(of.grid * of.usual, chance, shares)
    return found


def known_horizons(days: Sequence[int]) -> None:
    """Raise QueryError unless these are different horizons of 1 to 60 days."""
    for day in days:
        if isinstance(day, bool) or not isinstance(day, int) or not 1 <= day <= LONGEST:
            raise QueryError(
                f"{written(day)} is no horizon of a ladder.",
                f"Horizons are whole days from 1 to {LONGEST}: beyond, the model has long "
                "forgotten today.",
                "Ask for (1, 7, 30), say.",
            )
    if not days or len(set(days)) < len(days):
        raise QueryError(
            f"The horizons {tuple(days)} are none, or one is given twice.",
            "A ladder has a column for each.",
            "Ask for (1, 7, 30), say.",
        )
