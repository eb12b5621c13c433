"""A ladder in plain words and plain JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from causal.infer.drawdown import percent
from causal.infer.noise import errors, noise
from causal.infer.query import LEVEL, tail
from causal.infer.report import (
    Estimate,
    licence,
    probability_estimate,
    risk_difference,
    risk_ratio,
    share,
)
from causal.model.table import Array

if TYPE_CHECKING:
    from causal.explain.ladder import Ladder, Rung, Tail

NAMES = {0.05: "shortfall_95", 0.01: "shortfall_99"}


def ladder_to_dict(ladder: Ladder, level: float = LEVEL) -> dict[str, Any]:
    """The ladder as plain JSON values; a number that does not exist is None, never NaN."""
    support = ladder.support
    return {
        "query": question(ladder),
        "price": ladder.price,
        "usual_volatility": ladder.usual,
        "level": level,
        "rungs": [_rung(r, level) for r in ladder.rungs],
        "tails": [_tail(t, level) for t in ladder.tails],
        "fan": [{"days": d, "drawdown": list(q)} for d, q in ladder.fan.items()],
        "fan_quantiles": list(_quantiles()) if ladder.fan else [],
        "grid_error": ladder.grid_error,
        "claim": ladder.claim.to_dict(),
        "support": {
            "days": support.days if support else None,
            "prior_share": support.prior_share if support else None,
            "row": support.row if support else None,
        },
        "evidence_probability": ladder.evidence,
    }


def question(ladder: Ladder) -> str:
    """The ladder's question: ``drawdown | do(leverage=low), near_support=near``."""
    query = ladder.query
    do = [f"do({', '.join(map(str, query.do))})"] if query.do else []
    right = ", ".join([*do, *map(str, query.given)])
    return f"drawdown | {right}" if right else "drawdown"


def ladder_to_text(ladder: Ladder) -> str:
    """Rungs, means, licence and support, as lines of text."""
    lines = [question(ladder), *_rungs_text(ladder), *_tails_text(ladder)]
    lines += map(" ".join, licence(ladder.claim))
    lines += [f"  assuming: {a}" for a in ladder.claim.assumptions]
    lines += [f"  evidence: {p}" for p in ladder.claim.paths]
    support = ladder.support
    if support is not None:
        lines.append(f"data: {support.days:,.0f} days behind the thinnest row used ({support.row})")
    lines.append(f"grid error at most {ladder.grid_error:.5f}")
    if loudest(ladder):
        lines.append(f"Monte-Carlo error: {loudest(ladder)}")
    if ladder.query.given:
        lines.append(f"evidence: probability {share(ladder.evidence)}")
    lines.append("A scenario carried through the model, not a forecast.")
    return "\n".join(lines)


def loudest(ladder: Ladder) -> str:
    """The Monte-Carlo error of the rung whose printed digits it reaches furthest; else empty."""
    said = [r for r in ladder.rungs if noise(r.answer)]
    if not said:
        return ""
    worst = max(said, key=lambda r: r.answer.draws.std())
    return f"{noise(worst.answer)} ({percent(worst.threshold)} within {worst.days}d)"


def _rungs_text(ladder: Ladder) -> list[str]:
    to = "low" if ladder.price == "low" else "close"
    lines = [f"worst {to} below today's close; usual volatility {ladder.usual:.2%} a day"]
    acted = bool(ladder.query.do or ladder.query.given)
    for rung in ladder.rungs:
        found = probability_estimate(rung.answer)
        line = f"  {percent(rung.threshold):>6} within {rung.days:>2}d  {value(found)}"
        lines.append(line + (f"  base {share(float(np.mean(rung.answer.base)))}" if acted else ""))
    return lines


def _tails_text(ladder: Ladder) -> list[str]:
    if not ladder.tails:
        return []
    lines = ["expected worst drawdown, and its mean in the worst 5 % and 1 %"]
    for found in ladder.tails:
        parts = [found.worst[0], *(draws for draws, _ in found.shortfall.values())]
        words = ", ".join(f"{-float(np.mean(p)):.1%}" for p in parts)
        lines.append(f"  within {found.days:>2}d  {words}")
    return lines


def value(found: Estimate) -> str:
    """A probability with its interval, or the range it is bounded to."""
    ends = f"({share(found.low)} to {share(found.high)})"
    return f"bounded {ends}" if found.value is None else f"{share(found.value)} {ends}"


def _rung(rung: Rung, level: float) -> dict[str, Any]:
    answer = rung.answer
    found: dict[str, Any] = {
        "query": str(answer.query),
        "threshold": rung.threshold,
        "days": rung.days,
        **_named("probability", probability_estimate(answer, level)),
        "base_rate": float(np.mean(answer.base)),
        "risk_difference": _plain(risk_difference(answer, level)),
        "risk_ratio": _plain(risk_ratio(answer, level)),
        "grid_error": rung.grid_error,
        "monte_carlo_error": errors(answer),
    }
    return found


def _named(name: str, found: Estimate) -> dict[str, Any]:
    return {name: found.value, "interval": {"low": found.low, "high": found.high}}


def _plain(found: Estimate) -> dict[str, float | None]:
    return {"value": found.value, "low": found.low, "high": found.high}


def _tail(found: Tail, level: float) -> dict[str, Any]:
    parts = {"worst": found.worst, **{NAMES[s]: found.shortfall[s] for s in found.shortfall}}
    return {"days": found.days} | {
        name: {**mean(draws, level), "grid_error": error} for name, (draws, error) in parts.items()
    }


def mean(draws: Array, level: float = LEVEL) -> dict[str, float]:
    """Posterior mean and interval of a number with a draw each."""
    low, high = tail(draws, level)
    return {"value": float(draws.mean()), "low": low, "high": high}


def _quantiles() -> tuple[float, ...]:
    from causal.explain.ladder import QUANTILES

    return QUANTILES
