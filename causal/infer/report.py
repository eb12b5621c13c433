"""An answer in numbers and plain words: contrasts with the base rate, a dictionary, a text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from causal.infer.noise import errors, noise
from causal.infer.query import LEVEL, QUOTIENT, Answer, Claim, quotient, tail
from causal.model.table import Array

if TYPE_CHECKING:
    from causal.infer.delta import Moments

CAVEAT = "A scenario carried through the model, not a forecast"
LICENCES = {
    "observed": "seeing: the observed distribution, nothing is done",
    "identified": "doing, identified: the effect follows from the graph and what was observed",
    "bounded": "doing, bounded: an unmeasured cause leaves a range, not a number",
    "assumed": "doing, assumed: identified only if the declared unmeasured cause is absent",
}
COMPUTED = {
    "estimand": "its estimand, which is the product of the tables here",
    "tables": "the product of the tables (assumed to describe the observed joint)",
}
THIN_DAYS = 30
MOSTLY_PRIOR = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A posterior mean and its credible interval; None where there is no number."""

    value: float | None
    low: float | None
    high: float | None


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
        "risk_difference": _plain(risk_difference(answer, level)),
        "risk_ratio": _plain(risk_ratio(answer, level)),
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


def answer_to_text(answer: Answer) -> str:
    """Number, interval, contrasts, licence, assumptions, support and caveat, as lines of text."""
    lines = [str(answer.query), headline(answer), f"base rate {share(float(answer.base.mean()))}"]
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


def licence(claim: Claim) -> Iterator[tuple[str, str]]:
    """What licenses an answer and how its numbers are computed, each with its name, in words."""
    yield "licensed by", LICENCES[claim.effect]
    yield "computed by", COMPUTED[claim.computed]


def reservation(claim: Claim) -> str:
    """With what a picture is to be read; empty where its numbers follow from graph and data."""
    if claim.effect == "assumed":
        return LICENCES["assumed"]
    return "" if claim.licensed_by != "assumed" else f"computed by {COMPUTED[claim.computed]}"


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


def span(found: Estimate, written: Callable[[float | None], str]) -> str:
    """The interval of an estimate, in the words of its number."""
    if found.low is None:
        return "none: the base rate may be zero"
    return f"{written(found.low)} to {written(found.high)}"


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


def _plain(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def share(value: float | None) -> str:
    """A probability: three decimals, two significant digits below 0.01, never rounded to 0 or 1."""
    if value is None:
        return "-"
    if 0 < value < 0.01:
        return f"{value:.2g}"
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference of probabilities, with its sign."""
    return "-" if value is None else f"{value:+.3f}"


def times(value: float | None) -> str:
    """A ratio."""
    return "-" if value is None else f"{value:.2f}"
