"""What a question got: one value a posterior draw, all that stands behind it, and its words.

First the value, and ``assemble``, by which every answer is made; then the numbers that are taken of
it (contrasts are paired: draw by draw, so that what both sides share cancels); then the same as
JSON and as lines of text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from causal import limit
from causal.answer.draws import LEVEL, Bounds, Draws, tail
from causal.answer.format import (
    Estimate,
    digit,
    error,
    finite_or_none,
    in_days,
    share,
    signed,
    span,
    times,
)
from causal.answer.support import Support
from causal.contract.array import Array
from causal.errors import QueryError
from causal.identify.claim import Claim, licence
from causal.infer.forward import full
from causal.model.checks import UNMEASURED
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.week import calendar_used

if TYPE_CHECKING:
    from causal.answer.moments import Closed

    Posterior: TypeAlias = Draws | Bounds | Closed

LARGEST = 700.0  # the exponential of more is no float
CAVEAT = "A scenario carried through the model, not a forecast"
THIN_DAYS = 30
MOSTLY_PRIOR = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a question got: one value per posterior draw, and all that stands behind it.

    ``evidence``: P(evidence | do), the mean over the draws.  ``seed`` and ``model`` (its
    name, first and last day of its data) say how to get the same again; ``support`` is None for a
    model without counts.

    ``posterior``: ``Draws``; ``Bounds`` where the effect is only bounded, and there is a range in
    place of a number; ``Closed`` when the delta method was asked for and holds.  ``note`` says why
    it was asked for and draws came.  ``calendar``: which sessions its days have, from a date to a
    date or "mean over weekdays"; None where the model has no calendar.
    """

    query: Query
    posterior: Posterior
    evidence: float
    claim: Claim
    support: Support | None
    seed: int | None = None
    model: Mapping[str, str | None] = field(default_factory=dict)
    note: str = ""
    checked: str = UNMEASURED
    calendar: str | None = None

    @property
    def draws(self) -> Array:
        """P(event | do, evidence), shape (draws,); the mean alone of a closed form.

        Where the effect is only bounded those of the tables alone, which nothing prints or draws.
        """
        match self.posterior:
            case Draws():
                return self.posterior.values
            case Bounds():
                return self.posterior.tables
        return np.array([self.posterior.probability])

    @property
    def base(self) -> Array:
        """P(event), nothing done or known, shape (draws,)."""
        found = self.posterior
        return found.base if isinstance(found, Draws | Bounds) else np.array([found.base_rate])

    @property
    def bounds(self) -> tuple[Array, Array] | None:
        """Both bounds, a value a draw each; None where there is a number."""
        found = self.posterior
        return (found.low, found.high) if isinstance(found, Bounds) else None

    @property
    def closed(self) -> Closed | None:
        """The posterior in closed form; None where draws were taken."""
        return None if isinstance(self.posterior, Draws | Bounds) else self.posterior

    @property
    def curve(self) -> Array | None:
        """P(the event happens for the first time on day d), shape (days asked, draws)."""
        return self.posterior.curve if isinstance(self.posterior, Draws) else None

    @property
    def base_curve(self) -> Array | None:
        """``curve`` of the base rate."""
        return self.posterior.base_curve if isinstance(self.posterior, Draws) else None

    @property
    def uncertain(self) -> bool:
        """Whether there is a posterior to take an interval from."""
        return self.posterior.count != 1

    @property
    def probability(self) -> float | None:
        """Posterior mean; None where the effect is only bounded."""
        return self.posterior.probability

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Equal-tailed credible interval; for a bounded answer it covers both bounds.

        Raises QueryError for a level that is none.
        """
        return self.posterior.interval(limit.level(level))

    def first_passage(self, level: float = LEVEL) -> list[dict[str, Any]]:
        """A row for every day asked: P(first event on it), interval, base rate, all days up to it.

        The sum over the days is the answer.  Raises QueryError where there is no ``curve``.
        """
        if self.curve is None or self.base_curve is None:
            raise QueryError(
                "On which day the event happens first is not known.",
                "Evidence on or after one of its days changes them all at once; bounds, closed "
                "forms and drawdowns have no days of their own.",
                "Ask about an event of states, with evidence about today or the day before.",
            )
        total = np.cumsum(self.curve, axis=0)
        days = zip(self.query.asked, self.curve, self.base_curve, total, strict=True)
        return [
            {
                "day": day,
                "probability": float(chance.mean()),
                **dict(zip(("low", "high"), tail(chance, level), strict=True)),
                "base_rate": float(usual.mean()),
                "by_then": float(so_far.mean()),
            }
            for day, chance, usual, so_far in days
        ]

    def to_dict(self, level: float = LEVEL) -> dict[str, Any]:
        """The answer as plain JSON values (see ``answer_to_dict``)."""
        return answer_to_dict(self, level)

    def __str__(self) -> str:
        return answer_to_text(self)


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
    usual = full(base, count).copy()
    values = full(draws, count).copy()
    posterior: Posterior = Draws(values, usual, *(_each(c, count) for c in curves))
    if closed is not None:
        posterior = closed
    elif bounds is not None:
        low, high = (full(bound, count).copy() for bound in bounds)
        posterior = Bounds(low, high, usual, values)
    return Answer(
        query=query,
        posterior=posterior,
        evidence=evidence,
        claim=claim,
        support=support,
        seed=model.fit.seed if model.fit else None,
        model=model_card(model),
        note=note,
        checked=UNMEASURED if model.fit is None else str(model.fit.checks or UNMEASURED),
        calendar=calendar_used(model.graph, query.start, query.horizon),
    )


def _each(curve: Array | None, draws: int) -> Array | None:
    """A curve with a column a draw, its own."""
    return None if curve is None else np.broadcast_to(curve, (len(curve), draws)).copy()


def model_card(model: CausalModel) -> dict[str, str | None]:
    """The model's name and the span of its data."""
    span = model.fit.provenance if model.fit else None
    return {
        "name": model.name,
        "data_from": span.data_from if span else None,
        "data_to": span.data_to if span else None,
    }


def evidence_probability(log_evidence: Array, query: Query) -> float:
    """P(evidence | do), the mean over the draws of exp(log P), each at most what weights allow.

    P(e) <= prod_c max_s w_c(s), one where no weight is above one: rounding goes past it.
    """
    most = sum(math.log(max(w for _, w in item.weights)) for item in query.given)
    return float(np.exp(np.minimum(log_evidence, min(most, LARGEST))).mean())


def probability_estimate(answer: Answer, level: float = LEVEL) -> Estimate:
    """P(event | do, evidence)."""
    return Estimate(
        finite_or_none(answer.probability), *map(finite_or_none, answer.interval(level))
    )


def risk_difference(answer: Answer, level: float = LEVEL) -> Estimate:
    """P(event | do, evidence) - P(event), paired over the posterior draws."""
    return answer.posterior.risk_difference(level)


def risk_ratio(answer: Answer, level: float = LEVEL) -> Estimate:
    """P(event | do, evidence) / P(event), paired; empty where there is no such number."""
    return answer.posterior.risk_ratio(level)


def answer_to_dict(answer: Answer, level: float = LEVEL) -> dict[str, Any]:
    """The answer as plain JSON values; a number that does not exist is None, never NaN.

    ``bounds`` is there only when the effect is bounded rather than identified: then
    ``probability`` is None, and the interval covers both bounds.  The interval says what it is
    ``by`` (delta, draws) only where the delta method was asked for.  ``price_level`` is there where
    a drawdown was asked as the price that it reaches.
    """
    low, high = map(finite_or_none, answer.interval(level))
    support = answer.support
    found: dict[str, Any] = {
        "query": str(answer.query),
        "probability": finite_or_none(answer.probability),
        "interval": {"level": level, "low": low, "high": high},
        "base_rate": finite_or_none(answer.posterior.base_rate),
        "risk_difference": risk_difference(answer, level).to_dict(),
        "risk_ratio": risk_ratio(answer, level).to_dict(),
        "claim": answer.claim.to_dict(),
        "support": {
            "days": finite_or_none(support.days) if support else None,
            "prior_share": finite_or_none(support.prior_share) if support else None,
        },
        "evidence_probability": finite_or_none(answer.evidence),
        "monte_carlo_error": answer.posterior.errors(),
        "draws": answer.posterior.count,
        "seed": answer.seed,
        "calendar": answer.calendar,
        "checked": answer.checked,
        "model": {key: answer.model.get(key) for key in ("name", "data_from", "data_to")},
    }
    asked = answer.query.drawdown
    if asked is not None and asked.level is not None:
        found["price_level"] = {
            "level": asked.level.level,
            "close": asked.level.close.price,
            "day": asked.level.close.day or None,
            "threshold": asked.threshold,
            "words": str(asked.level),
        }
    if answer.closed is not None:
        found["interval"]["by"] = "delta"
    elif answer.note:
        found["interval"] |= {"by": "draws", "note": answer.note}
    if answer.bounds is not None:
        least, most = (finite_or_none(float(np.mean(b))) for b in answer.bounds)
        found["bounds"] = {"low": least, "high": most}
    return found


def errors(answer: Answer) -> dict[str, Any]:
    """Monte-Carlo errors of the probability (or of both bounds), the base rate, and the contrasts.

    None where there is no number, and where nothing was drawn.
    """
    return answer.posterior.errors()


def noise(answer: Answer) -> str:
    """A sentence where the Monte-Carlo error reaches the last digit that is printed; else empty."""
    if answer.closed is not None:
        return ""
    named = {"probability": answer.draws, "base rate": answer.base}
    if answer.bounds is not None:
        low, high = answer.bounds
        named = {"lower bound": low, "upper bound": high, "base rate": answer.base}
    parts = []
    for name, values in named.items():
        found = error(values)
        if found is not None and found >= digit(float(values.mean())):
            parts.append(f"{found:.1g} in the {name}")
    if not parts:
        return ""
    return f"{', '.join(parts)}: with {len(answer.draws):,} draws the last digit is noise"


def answer_to_text(answer: Answer) -> str:
    """Number, interval, contrasts, licence, assumptions, support and caveat, as lines of text."""
    lines = [
        str(answer.query),
        spelt_level(answer),
        headline(answer),
        f"base rate {share(float(answer.base.mean()))}",
    ]
    # Nothing done and nothing known: the answer is the base rate.
    if answer.query.do or answer.query.given:
        for what, found, written in (
            ("risk difference", risk_difference(answer), signed),
            ("risk ratio", risk_ratio(answer), times),
        ):
            ends = f" ({span(found, written)})" if answer.uncertain else ""
            lines.append(f"{what} {written(found.value)}{ends}")
    lines += map(" ".join, licence(answer.claim))
    lines += [f"  assuming: {a}" for a in answer.claim.assumptions]
    lines += [f"  evidence: {p}" for p in answer.claim.paths]
    if noise(answer):
        lines.append(f"Monte-Carlo error: {noise(answer)}")
    lines.append(f"data: {backing(answer)}")
    lines.append(f"checked: {answer.checked}")
    if answer.query.given:
        lines.append(f"evidence: probability {share(answer.evidence)}")
    return "\n".join(filter(None, (*lines, method(answer), warning(answer), caveat(answer))))


def spelt_level(answer: Answer) -> str:
    """The price level that a drawdown was asked as, beside the close; else empty."""
    asked = answer.query.drawdown
    return "" if asked is None or asked.level is None else str(asked.level)


def headline(answer: Answer) -> str:
    """The probability with its interval, or the bounds."""
    found = probability_estimate(answer)
    ends = f"{share(found.low)} to {share(found.high)}"
    if found.value is None:
        least, most = (share(float(np.mean(b))) for b in answer.bounds or ())
        return f"between {least} and {most}   with {LEVEL:.0%} intervals of both bounds {ends}"
    if not answer.uncertain:
        return f"{share(found.value)}   one number a table entry, no draws: no interval"
    return f"{share(found.value)}   {LEVEL:.0%} interval {ends}"


def backing(answer: Answer) -> str:
    """How many days stand behind the thinnest row, and how much of it is prior."""
    support = answer.support
    if support is None and answer.model.get("data_to") is not None:
        return "no row of the tables decides it"  # what cannot happen uses none
    if support is None:
        return "unknown: the model holds tables, not counts"
    days, prior = in_days(support.days), f"{support.prior_share:.2f}"
    if support.own is not None:
        own = in_days(support.own)
        told = f"{own} of its own and the rest from its table"
        if support.own >= support.days:
            told = f"{own} of its own, which do not count in full"
        return f"the thinnest row used is worth {days}: {told} ({support.row})"
    return f"{days} behind the thinnest row used, {prior} of that row is prior ({support.row})"


def method(answer: Answer) -> str:
    """How the interval came about, where the delta method was asked for; else empty."""
    if answer.closed is not None:
        return "interval: in closed form (delta method), nothing drawn"
    if not answer.note:
        return ""
    source = "from draws" if answer.uncertain else "none"
    return f"interval: {source}, because {answer.note}"


def warning(answer: Answer) -> str:
    """What thin data behind the answer mean, in one sentence; empty where they are ample."""
    support = answer.support
    if support is None:
        return ""
    if support.own is not None and support.own < THIN_DAYS:
        return (
            "The thinnest row has few days of its own: there the rest of its table speaks, on the "
            "assumption that causes add up."
        )
    if support.own is None and support.prior_share >= MOSTLY_PRIOR:
        return "The thinnest row is mostly prior: take this answer as an assumption, not a finding."
    if support.days < THIN_DAYS:
        return "Thin: a few days more or less would move this answer."
    return ""


def caveat(answer: Answer) -> str:
    """What the answer is not, in one sentence."""
    if answer.query.horizon:
        return f"{CAVEAT}: it claims no skill about days to come."
    return f"{CAVEAT}: it is as true as the graph and its tables."
