"""What a question got: one value a posterior draw, all that stands behind it, and its words.

First the value, and ``assemble``, by which every answer is made; then the numbers that are taken of
it (contrasts are paired: draw by draw, so that what both sides share cancels); then the same as
JSON and as lines of text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from causal import limit
from causal.answer.format import Estimate, digit, error, share, signed, span, times
from causal.answer.support import Support
from causal.contract.array import Array
from causal.errors import QueryError
from causal.identify.claim import Claim, licence
from causal.infer.forward import full
from causal.model.network import CausalModel
from causal.query.query import Query

if TYPE_CHECKING:
    from causal.answer.moments import Closed, Moments

LEVEL = 0.9
LARGEST = 700.0  # the exponential of more is no float
QUOTIENT = 1e100
CAVEAT = "A scenario carried through the model, not a forecast"
THIN_DAYS = 30
MOSTLY_PRIOR = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a question got: one value per posterior draw, and all that stands behind it.

    ``draws``: P(event | do, evidence), and ``base`` P(event) with nothing done or known, shape
    (draws,); ``evidence``: P(evidence | do), the mean over the draws.  ``seed`` and ``model`` (its
    name, first and last day of its data) say how to get the same again; ``support`` is None for a
    model without counts.

    Where the effect is only bounded the answer is ``bounds``, a pair of values a draw; ``draws``
    are then those of the tables alone, and nothing prints or draws them.

    ``closed`` is the posterior in closed form when the delta method was asked for and holds; there
    are no draws then, but the posterior means.  ``note`` says why it was asked for and draws came.
    ``curve``: P(the event happens for the first time on day d), shape (days asked, draws), and
    ``base_curve`` the same of the base rate; None where the days cannot be told apart, because
    evidence comes after one of them, and where there are no draws.
    """

    query: Query
    draws: Array
    base: Array
    evidence: float
    claim: Claim
    support: Support | None
    seed: int | None = None
    model: Mapping[str, str | None] = field(default_factory=dict)
    bounds: tuple[Array, Array] | None = None
    closed: Closed | None = None
    note: str = ""
    curve: Array | None = None
    base_curve: Array | None = None

    @property
    def uncertain(self) -> bool:
        """Whether there is a posterior to take an interval from."""
        return self.closed is not None or len(self.draws) > 1

    @property
    def probability(self) -> float | None:
        """Posterior mean; None where the effect is only bounded."""
        return None if self.bounds is not None else float(self.draws.mean())

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Equal-tailed credible interval; for a bounded answer it covers both bounds.

        Raises QueryError for a level that is none.
        """
        limit.level(level)
        if self.closed is not None:
            return self.closed.interval(level)
        low, high = self.bounds if self.bounds is not None else (self.draws, self.draws)
        return tail(low, level)[0], tail(high, level)[1]

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
    curve, base_curve = (None if c is None else _each(c, count) for c in curves)
    return Answer(
        query=query,
        draws=full(draws, count).copy(),
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


def evidence_probability(log_evidence: Array, query: Query) -> float:
    """P(evidence | do), the mean over the draws of exp(log P), each at most what weights allow.

    P(e) <= prod_c max_s w_c(s), one where no weight is above one: rounding goes past it.
    """
    most = sum(math.log(max(w for _, w in item.weights)) for item in query.given)
    return float(np.exp(np.minimum(log_evidence, min(most, LARGEST))).mean())


def quotient(one: Array, other: Array) -> Array | None:
    """one / other, draw by draw; None where a denominator is zero, or next to it.

    Beyond ``QUOTIENT`` the mean or the variance of the draws may be no float.
    """
    if not (other > 0).all():
        return None
    with np.errstate(over="ignore"):
        found: Array = one / other
    return found if (found < QUOTIENT).all() else None


def tail(values: Array, level: float = LEVEL) -> tuple[float, float]:
    """Equal tails: the quantiles (1 - level)/2, (1 + level)/2 of the draws; raises QueryError."""
    limit.level(level)
    ordered = np.sort(values)
    return _quantile(ordered, (1 - level) / 2), _quantile(ordered, (1 + level) / 2)


def mean_estimate(values: Array, level: float = LEVEL) -> Estimate:
    """The mean of some draws and their ``tail``."""
    return Estimate(float(np.mean(values)), *tail(values, level))


def ratio_estimate(one: Array, other: Array, level: float = LEVEL) -> Estimate:
    """one / other, paired over the draws; empty where there is no such number (``quotient``)."""
    found = quotient(*np.broadcast_arrays(one, other))
    return Estimate(None, None, None) if found is None else mean_estimate(found, level)


def _quantile(ordered: Array, share: float) -> float:
    """Linear between the two nearest of the sorted values; NaN if there is one (it sorts last).

    As ``numpy.quantile``, which imports masked arrays for it: some milliseconds of a cold start.
    """
    if math.isnan(ordered[-1]):
        return math.nan
    part, place = math.modf(share * (len(ordered) - 1))
    low, high = float(ordered[int(place)]), float(ordered[min(int(place) + 1, len(ordered) - 1)])
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)


def probability_estimate(answer: Answer, level: float = LEVEL) -> Estimate:
    """P(event | do, evidence)."""
    return Estimate(_finite(answer.probability), *map(_finite, answer.interval(level)))


def risk_difference(answer: Answer, level: float = LEVEL) -> Estimate:
    """P(event | do, evidence) - P(event), paired over the posterior draws."""
    if answer.closed is not None:
        found = answer.closed.difference
        return Estimate(found.mean, *found.interval(level))
    low, high = _ends(answer)
    return _estimate(answer, low - answer.base, high - answer.base, level)


def risk_ratio(answer: Answer, level: float = LEVEL) -> Estimate:
    """P(event | do, evidence) / P(event), paired; empty where there is no such number."""
    if answer.closed is not None:
        return _ratio(answer.closed.ratio, level)
    low, high = (quotient(end, answer.base) for end in _ends(answer))
    if low is None or high is None:
        return Estimate(None, None, None)
    return _estimate(answer, low, high, level)


def _ratio(found: Moments | None, level: float) -> Estimate:
    """From the logarithm of a ratio, which is near normal: its mean is exp(mean + variance / 2)."""
    if found is None:
        return Estimate(None, None, None)
    value, (low, high) = found.mean + found.deviation**2 / 2, found.interval(level)
    if max(value, high) >= math.log(QUOTIENT):
        return Estimate(None, None, None)
    return Estimate(math.exp(value), math.exp(low), math.exp(high))


def _ends(answer: Answer) -> tuple[Array, Array]:
    """What the interval is taken between: both bounds, or the draws twice."""
    return answer.bounds if answer.bounds is not None else (answer.draws, answer.draws)


def _estimate(answer: Answer, low: Array, high: Array, level: float) -> Estimate:
    value = None if answer.bounds is not None else _finite(float(np.mean(low)))
    return Estimate(value, _finite(tail(low, level)[0]), _finite(tail(high, level)[1]))


def answer_to_dict(answer: Answer, level: float = LEVEL) -> dict[str, Any]:
    """The answer as plain JSON values; a number that does not exist is None, never NaN.

    ``bounds`` is there only when the effect is bounded rather than identified: then
    ``probability`` is None, and the interval covers both bounds.  The interval says what it is
    ``by`` (delta, draws) only where the delta method was asked for.
    """
    low, high = map(_finite, answer.interval(level))
    support = answer.support
    found: dict[str, Any] = {
        "query": str(answer.query),
        "probability": _finite(answer.probability),
        "interval": {"level": level, "low": low, "high": high},
        "base_rate": _finite(float(np.mean(answer.base))),
        "risk_difference": risk_difference(answer, level).to_dict(),
        "risk_ratio": risk_ratio(answer, level).to_dict(),
        "claim": answer.claim.to_dict(),
        "support": {
            "days": _finite(support.days) if support else None,
            "prior_share": _finite(support.prior_share) if support else None,
        },
        "evidence_probability": _finite(answer.evidence),
        "monte_carlo_error": errors(answer),
        "draws": len(answer.draws) if answer.closed is None else 0,
        "seed": answer.seed,
        "model": {key: answer.model.get(key) for key in ("name", "data_from", "data_to")},
    }
    if answer.closed is not None:
        found["interval"]["by"] = "delta"
    elif answer.note:
        found["interval"] |= {"by": "draws", "note": answer.note}
    if answer.bounds is not None:
        least, most = (_finite(float(np.mean(b))) for b in answer.bounds)
        found["bounds"] = {"low": least, "high": most}
    return found


def _finite(value: float | None) -> float | None:
    """The number, or None where it is none: JSON knows neither NaN nor infinity."""
    return float(value) if value is not None and math.isfinite(value) else None


def errors(answer: Answer) -> dict[str, Any]:
    """Monte-Carlo errors of the probability (or of both bounds), the base rate, and the contrasts.

    None where there is no number, and where nothing was drawn.
    """
    none = dict.fromkeys(("probability", "base_rate", "risk_difference", "risk_ratio"))
    if answer.closed is not None:
        return none
    found: dict[str, Any] = {**none, "base_rate": error(answer.base)}
    if answer.bounds is not None:
        low, high = map(error, answer.bounds)
        return {**found, "lower_bound": low, "upper_bound": high}
    found |= {
        "probability": error(answer.draws),
        "risk_difference": error(answer.draws - answer.base),
    }
    ratio = quotient(answer.draws, answer.base)
    if ratio is not None:
        found["risk_ratio"] = error(ratio)
    return found


def answer_to_text(answer: Answer) -> str:
    """Number, interval, contrasts, licence, assumptions, support and caveat, as lines of text."""
    lines = [str(answer.query), headline(answer), f"base rate {share(float(answer.base.mean()))}"]
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
    if answer.query.given:
        lines.append(f"evidence: probability {share(answer.evidence)}")
    return "\n".join(filter(None, (*lines, method(answer), warning(answer), caveat(answer))))


def headline(answer: Answer) -> str:
    """The probability with its interval, or the bounds."""
    found = probability_estimate(answer)
    ends = f"{share(found.low)} to {share(found.high)}"
    if found.value is None:
        least, most = (share(float(np.mean(b))) for b in _ends(answer))
        return f"between {least} and {most}   with {LEVEL:.0%} intervals of both bounds {ends}"
    if not answer.uncertain:
        return f"{share(found.value)}   one number a table entry, no draws: no interval"
    return f"{share(found.value)}   {LEVEL:.0%} interval {ends}"


def backing(answer: Answer) -> str:
    """How many days stand behind the thinnest row, and how much of it is prior."""
    support = answer.support
    if support is None:
        return "unknown: the model holds tables, not counts"
    days, prior = f"{support.days:,.0f} days", f"{support.prior_share:.2f}"
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
    if support.prior_share >= MOSTLY_PRIOR:
        return "The thinnest row is mostly prior: take this answer as an assumption, not a finding."
    if support.days < THIN_DAYS:
        return "Thin: a few days more or less would move this answer."
    return ""


def caveat(answer: Answer) -> str:
    """What the answer is not, in one sentence."""
    if answer.query.horizon:
        return f"{CAVEAT}: it claims no skill about days to come."
    return f"{CAVEAT}: it is as true as the graph and its tables."


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
