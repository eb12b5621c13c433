"""The drawdown ladder: how far the price falls at its worst within some days, as probabilities.

P(min over days 1..H of close_t / close_0 - 1 <= L | do, evidence) for thresholds L and horizons H,
and two means of the same distribution: of the worst drawdown, and of its worst 5 % and 1 %
(expected shortfall, Acerbi & Tasche 2002).  A drawdown counts as zero when no close is below
today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any, Literal

import numpy as np

from causal.answer.answer import (
    LEVEL,
    Answer,
    errors,
    noise,
    probability_estimate,
    risk_difference,
    risk_ratio,
    tail,
)
from causal.answer.format import Estimate, share
from causal.answer.support import Support
from causal.contract.array import Array
from causal.drawdown.distribution import expected, price, shortfall
from causal.drawdown.probability import (
    assumed_moves,
    evidence,
    known_horizons,
    licensed,
    quantiles,
    rungs,
    thinnest,
)
from causal.errors import QueryError
from causal.identify.claim import Claim, licence
from causal.infer.forward import full
from causal.model.network import CausalModel
from causal.query.event import FINEST, Drawdown, States, conditions, percent
from causal.query.query import Query
from causal.query.surgery import in_force
from causal.text import written

THRESHOLDS = (-0.05, -0.10, -0.15, -0.20)
HORIZONS = (1, 7, 30)
MOST = 100  # thresholds
TAILS = (0.05, 0.01)
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
FAN_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60)


@dataclass(frozen=True, slots=True, eq=False)
class Rung:
    """One threshold within one horizon: an Answer, and the root mean square error of the grid."""

    threshold: float
    days: int
    answer: Answer
    grid_error: float


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """Means of the worst drawdown within one horizon, as positive shares of the price.

    ``worst``: E[drawdown]; ``shortfall``: its mean in the worst 5 % and 1 %, by that share.  Draws,
    and the grid's error; None where an effect is only bounded.
    """

    days: int
    worst: tuple[Array, float]
    shortfall: Mapping[float, tuple[Array, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """The rungs by horizon and threshold, and all that stands behind them.

    ``fan``: for every day up to the longest horizon the quantiles (``QUANTILES``) of the worst
    drawdown, at the posterior mean; empty where the effect is only bounded.
    """

    query: Query
    price: str
    usual: float
    rungs: tuple[Rung, ...]
    tails: tuple[Tail, ...]
    fan: Mapping[int, tuple[float, ...]]
    claim: Claim
    support: Support | None
    evidence: float

    @property
    def grid_error(self) -> float:
        """The largest error of the grid among the rungs."""
        return max(r.grid_error for r in self.rungs)

    def rung(self, threshold: float, days: int) -> Rung:
        """One rung; raises QueryError when the ladder has no such rung."""
        for found in self.rungs:
            if found.days == days and abs(found.threshold - threshold) < 1e-12:
                return found
        raise QueryError(
            f"The ladder has no rung of {threshold:g} within {days} days.",
            "Only what was asked for was computed.",
            "Ask for this threshold and horizon.",
        )

    def table(self) -> list[dict[str, Any]]:
        """A row for every rung, as plain values."""
        return [_row(r) for r in self.rungs]

    def to_dict(self, level: float = LEVEL) -> dict[str, Any]:
        """Plain JSON values (docs/how-to/ladder.md lists the keys)."""
        return ladder_to_dict(self, level)

    def __str__(self) -> str:
        return ladder_to_text(self)


def ladder(
    model: CausalModel,
    *,
    given: Mapping[str, States] | None = None,
    thresholds: Iterable[float] | float = THRESHOLDS,
    horizons: Iterable[int] | int = HORIZONS,
    price: Literal["close", "low"] = "close",
    usual: float | None = None,
    assume_unconfounded: bool = False,
) -> Ladder:
    """P(worst drawdown <= L within N days | do(model's interventions), given) for each L and N.

    ``thresholds`` are returns below zero; ``price="low"`` measures to the day's low; ``usual`` is
    the usual volatility, the last one in the data unless given.  Every posterior draw is answered
    on a grid, whose error is in the result.
    Raises QueryError for thresholds that are no losses, horizons outside 1 to 60 days, and a model
    without a price; UnknownVariableError, UnknownStateError, ImpossibleEvidenceError.
    """
    levels, days = _listed(thresholds), tuple(map(_whole, _listed(horizons)))
    _check(levels, days, price)
    do = in_force(model.interventions, max(days))
    query = Query((), conditions(model.graph, given), do, within=max(days))
    return climbed(
        model,
        query,
        (levels, days),
        low=price == "low",
        usual=usual,
        assume_unconfounded=assume_unconfounded,
    )


def climbed(
    model: CausalModel,
    query: Query,
    rails: tuple[Sequence[float], Sequence[int]],
    *,
    low: bool,
    usual: float | None,
    assume_unconfounded: bool = False,
) -> Ladder:
    """The ladder of a query without an event, whose horizon is the longest of the ladder's."""
    thresholds, days = rails
    of = price(model, thresholds, max(days), low=low, usual=usual)
    chance = evidence(model, query)
    licence = licensed(model, of, query, assumed=assume_unconfounded)
    bounded = licence.bounded
    longest: dict[tuple[float, str], Array] = {}  # no horizon is likelier than a longer one
    found: list[Rung] = []
    tails: list[Tail] = []
    behind = {level: thinnest(model, of, query, level) for level in thresholds}
    for horizon in sorted(days):
        here = rungs(model, of, query, horizon, bounded=bounded)
        for level in sorted(thresholds, reverse=True):
            draws = np.maximum(here.draws(level), longest.get((level, "draws"), 0.0))
            base = np.maximum(here.base.reaches(level), longest.get((level, "base"), 0.0))
            longest |= {(level, "draws"): draws, (level, "base"): base}
            answer = Answer(
                query=Query((), query.given, query.do, within=horizon, drawdown=Drawdown(level)),
                draws=full(draws, model.draws),
                base=full(base, model.draws),
                evidence=chance,
                claim=licence,
                support=behind[level],
                bounds=here.bounds(level),
            )
            found.append(Rung(level, horizon, answer, here.error(level)))
        if not bounded:
            tails.append(
                Tail(
                    horizon,
                    here.found.of(expected),
                    {share: here.found.of(shortfall(share)) for share in TAILS},
                )
            )
    known = [s for s in behind.values() if s is not None]
    fan = {} if bounded else quantiles(model, of, query, _fanned(days), QUANTILES)
    return Ladder(
        query=query,
        price="low" if low else "close",
        usual=of.usual,
        rungs=tuple(found),
        tails=tuple(tails),
        fan=fan,
        claim=replace(licence, assumptions=(*licence.assumptions, assumed_moves(of))),
        support=min(known, key=lambda s: s.days) if known else None,
        evidence=chance,
    )


def _listed(numbers: Iterable[float] | float) -> tuple[float, ...]:
    """Several numbers, or a single one."""
    if isinstance(numbers, Iterable) and not isinstance(numbers, str):
        return tuple(islice(numbers, MOST + 1))
    return (numbers,)  # whatever it is, it is checked next


def _whole(day: float) -> int:
    """NumPy's whole numbers as Python's; anything else is left to the check."""
    return int(day) if isinstance(day, np.integer) else day  # type: ignore[return-value]


def _check(thresholds: Sequence[float], days: Sequence[int], price: str) -> None:
    """Raise QueryError where thresholds, horizons or the price cannot be asked."""
    known_horizons(days)
    if len(thresholds) > MOST:
        raise QueryError(
            f"{len(thresholds):,} thresholds are too many for a ladder.",
            f"Each is a distance of the grid that every draw runs on; the most are {MOST}.",
            "Ask for those that matter, or read between them from `fan`.",
        )
    for level in thresholds:
        Drawdown(level)
    near = any(b - a < FINEST for a, b in pairwise(sorted(thresholds)))
    if not thresholds or near:
        raise QueryError(
            f"The thresholds {thresholds} are none, or one is given twice.",
            "A ladder has a rung for each.",
            "Ask for (-0.05, -0.10), say.",
        )
    if price not in ("close", "low"):
        named = price if isinstance(price, str) else written(price)
        raise QueryError(
            f"There is no price `{named}`.",
            "A drawdown is measured to the worst close or to the worst low.",
            'Say "close" or "low".',
        )


def _fanned(days: Sequence[int]) -> tuple[int, ...]:
    """Days at which the fan is computed: dense at first, and every horizon."""
    return tuple(sorted({d for d in FAN_DAYS if d < max(days)} | set(days)))


def _row(rung: Rung) -> dict[str, Any]:
    answer = rung.answer
    found = probability_estimate(answer)
    difference, ratio = risk_difference(answer), risk_ratio(answer)
    return {
        "threshold": rung.threshold,
        "days": rung.days,
        "probability": found.value,
        **_ends("", found),
        "base_rate": float(np.mean(answer.base)),
        "risk_difference": difference.value,
        **_ends("risk_difference_", difference),
        "risk_ratio": ratio.value,
        **_ends("risk_ratio_", ratio),
        "grid_error": rung.grid_error,
    }


def _ends(name: str, found: Estimate) -> dict[str, float | None]:
    return {f"{name}low": found.low, f"{name}high": found.high}


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
        "fan_quantiles": list(QUANTILES) if ladder.fan else [],
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
