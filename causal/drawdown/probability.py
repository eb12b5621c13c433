"""P(drawdown <= L within Nd | do, evidence): its draws, bounds, base rate, licence and support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from causal.answer.answer import Answer, evidence_probability, model_card
from causal.answer.support import Support, row_name, support
from causal.contract.array import Array
from causal.drawdown.augmented import Deep, averaged, deepened, fallen
from causal.drawdown.distribution import Fall, Price, carriers, fall, price, quantile
from causal.errors import QueryError
from causal.identify.claim import Claim, claim, ranged
from causal.infer.expected_counts import expected_counts, used
from causal.infer.forward import forward, full, possible
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.unrolled import Unrolled, unroll
from causal.query.validation import counterfactual
from causal.text import written


@dataclass(frozen=True, slots=True, eq=False)
class Rungs:
    """One horizon under one question: the distribution of the worst drawdown, and its base rate.

    ``low`` and ``happens`` are there when the effect is only bounded: P(event, what is done | seen)
    lies between ``low`` x ``happens`` and that plus 1 - ``happens``.
    """

    days: int
    found: Fall
    base: Fall
    happens: Array | None = None

    def draws(self, threshold: float) -> Array:
        """P(worst drawdown <= threshold), per draw; where it is bounded, as if done were seen."""
        return self.found.reaches(threshold)

    def error(self, threshold: float) -> float:
        """What the grid leaves wrong in the probability, or in its bounds (root mean square)."""
        share = 1.0 if self.happens is None else float(self.happens.mean())
        return share * float(self.found.error[self.found.place(threshold)])

    def bounds(self, threshold: float) -> tuple[Array, Array] | None:
        """Manski's bounds, per draw, where the effect is only bounded."""
        if self.happens is None:
            return None
        low = np.where(self.happens > 0, self.found.reaches(threshold) * self.happens, 0.0)
        return low, np.minimum(low + 1 - self.happens, 1.0)


def rung(
    model: CausalModel, query: Query, *, interval: str = "draws", assume_unconfounded: bool = False
) -> Answer:
    """The answer to a question about one drawdown, from close to close."""
    assert query.drawdown is not None
    threshold = query.drawdown.threshold
    unroll(model.graph, query)
    of = price(model, (threshold,), query.horizon, variable=query.drawdown.variable)
    licence = licensed(model, of, query, assumed=assume_unconfounded)
    found = rungs(model, of, query, query.horizon, bounded=licence.bounded)
    grid = f"grid error {found.error(threshold):.5f}"
    assumptions = (*licence.assumptions, assumed_moves(of), grid)
    return Answer(
        query=query,
        draws=full(found.draws(threshold), model.draws),
        base=full(found.base.reaches(threshold), model.draws),
        evidence=evidence(model, query),
        claim=replace(licence, assumptions=assumptions),
        support=thinnest(model, of, query, threshold),
        seed=model.fit.seed if model.fit else None,
        model=model_card(model),
        bounds=found.bounds(threshold),
        note="the moves of a price have no closed form" if interval == "delta" else "",
    )


def assumed_moves(of: Price) -> str:
    """What an answer about a price assumes of its moves, in words."""
    return (
        f"the usual volatility is {of.usual:.2%} a day, and moves of that size are alike given "
        f"{' and '.join(of.moves.declared.cell)}"
    )


def rungs(
    model: CausalModel, of: Price, query: Query, days: int, *, bounded: bool = False
) -> Rungs:
    """The worst drawdown on days 1 to ``days`` under a query, and without its ``do`` and ``given``.

    The base is kept with the model.
    """
    asked = _asked(model, query, days)
    key = ("base fall", of.grid.tobytes(), of.usual, of.low, days)
    plain = replace(query, do=(), given=())
    base = model.kept.made(key, lambda: fall(model, of, _asked(model, plain, days), days))
    if not query.do and not query.given:
        return Rungs(days, base, base)
    if not bounded:
        return Rungs(days, fall(model, of, asked, days), base)
    if not ranged(query, asked):
        return Rungs(days, base, base, np.zeros(model.draws))
    joint = asked.observing
    seen = _log_evidence(model, joint)
    happens = np.exp(seen - _log_evidence(model, replace(asked, doing={})))
    if not happens.all():
        return Rungs(days, base, base, np.zeros(model.draws))
    return Rungs(days, fall(model, of, joint, days), base, full(happens, model.draws))


def _asked(model: CausalModel, query: Query, days: int) -> Unrolled:
    """The world of a query up to day ``days``, or to its last evidence; with no event in it."""
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
    asked = _asked(model, query, query.horizon)
    days = compile_slices(asked)
    if not days:
        return 1.0
    found = forward(model, days)
    possible(found, query)
    return evidence_probability(found.log_evidence + asked.log_scale, query)


def _log_evidence(model: CausalModel, asked: Unrolled) -> Array:
    """log P(evidence) per draw; zero where there is none."""
    days = compile_slices(asked)
    return forward(model, days).log_evidence if days else np.zeros(model.draws)


def licensed(model: CausalModel, of: Price, query: Query, *, assumed: bool = False) -> Claim:
    """Rung, licence and assumptions: those of a question about the variables that carry moves.

    Raises QueryError for a counterfactual: evidence on these days' own moves under a do.
    """
    for _, error in counterfactual(query, model.graph, carriers(model, query)):
        raise error
    deep = _point(model, of)
    asked = _struck(deep, _asked(model, query, query.horizon), query.horizon, 0)
    return claim(query, asked, assumed=assumed)


def thinnest(model: CausalModel, of: Price, query: Query, threshold: float) -> Support | None:
    """The thinnest table row or cell of moves that an answer used (see ``licence.support``)."""
    deep = _point(model, of)
    asked = _struck(deep, _asked(model, query, query.horizon), query.horizon, deep.at(threshold))
    days = compile_slices(asked)
    counts = expected_counts(deep.model, days)
    found = support(deep.model, counts)
    table = counts.point["day", deep.name]
    cells = table[: deep.hit].sum(axis=(0, -1))
    held = of.moves.days.sum(axis=(-2, -1))
    touched = used(cells[..., None, None])[..., 0]
    if found is None or not touched.any() or held[touched].min() >= found.days:
        return found
    least = int(held[touched].min())
    place = np.argwhere(touched & (held == least))[0]
    name = row_name(deep.model.graph, "day", deep.name, (0, *place))
    return Support(float(least), 0.0 if least else 1.0, f"move |{name.partition(',')[2]}")


def _point(model: CausalModel, of: Price) -> Deep:
    """The joined model at the posterior mean."""
    return deepened(averaged(model), of.moves, of.grid, of.usual, low=of.low)


def _struck(deep: Deep, asked: Unrolled, days: int, start: int) -> Unrolled:
    """The world in which the event is that a drawdown is hit, from one distance on day 0."""
    size = deep.hit + 1
    found = deep.started(asked, (np.arange(size) == start).astype(np.float64))
    hit = (np.arange(size) == deep.hit).astype(np.float64)
    return replace(found, event={deep.name: hit}, event_days=frozenset(range(1, days + 1)))


def quantiles(
    model: CausalModel,
    of: Price,
    query: Query,
    days: Sequence[int],
    shares: Sequence[float],
) -> dict[int, tuple[float, ...]]:
    """Quantiles of the worst drawdown (a share of the price, 0 or more) at the posterior mean."""
    deep = _point(model, of)
    found = {}
    for day in days:
        chance = fallen(deep, _asked(model, query, day), day)[::-1]
        found[day] = quantile(of.grid * of.usual, chance, shares)
    return found


def known_horizons(days: Sequence[int]) -> None:
    """Raise QueryError unless these are different horizons of 1 to 60 days."""
    from causal.query.validation import LONGEST

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
