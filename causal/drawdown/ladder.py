"""The drawdown ladder: how far the price falls at its worst within some days, as probabilities.

P(min over days 1..H of close_t / close_0 - 1 <= L | do, evidence) for thresholds L and horizons H,
and two means of the same distribution: of the worst drawdown, and of its worst 5 % and 1 %
(expected shortfall, Acerbi & Tasche 2002).  A drawdown counts as zero when no close is below
today's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any, Literal

import numpy as np

from causal.answer.answer import (
    Answer,
    assemble,
    errors,
    noise,
    probability_estimate,
    risk_difference,
    risk_ratio,
)
from causal.answer.draws import LEVEL, tail
from causal.answer.format import Estimate, in_days, share
from causal.answer.support import Support
from causal.contract.array import Array
from causal.drawdown.distribution import expected, price, shortfall
from causal.drawdown.probability import (
    Distributions,
    assumed_moves,
    distributions,
    drawdown_support,
    evidence,
    known_horizons,
    licensed,
    quantiles,
)
from causal.errors import QueryError
from causal.identify.claim import Claim, licence
from causal.model.network import CausalModel
from causal.query.event import FINEST, Drawdown, StatesLike, conditions, percent
from causal.query.level import Close, money
from causal.query.query import Query
from causal.query.surgery import in_force
from causal.text import written

THRESHOLDS = (-0.05, -0.10, -0.15, -0.20)
HORIZONS = (1, 7, 30)
MOST = 100  # thresholds
TAILS = {0.05: "shortfall_95", 0.01: "shortfall_99"}  # shares of the worst cases, and their keys
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99)
FAN_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60)


@dataclass(frozen=True, slots=True, eq=False)
class Rung:
    """One threshold within one horizon: an Answer, and the root mean square error of the grid.

    ``threshold``: a return below zero; ``days``: the horizon; ``grid_error``: of the probability.
    """

    threshold: float
    days: int
    answer: Answer
    grid_error: float


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """Means of the worst drawdown within one horizon, as positive shares of the price.

    ``worst``: E[drawdown]; ``shortfall``: its mean in the worst 5 % and 1 %, by that share.  Each
    is (draws,), beside the grid's error of it.
    """

    days: int
    worst: tuple[Array, float]
    shortfall: Mapping[float, tuple[Array, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """The rungs by horizon and threshold, and all that stands behind them.

    ``price``: close or low; ``usual``: the usual volatility, a log return a day; ``tails``: by
    horizon, none where the effect is only bounded.  ``fan``: for every day up to the longest
    horizon the quantiles (``QUANTILES``) of the worst drawdown, at the posterior mean; empty where
    the effect is only bounded.  ``support``: that of the rung with the thinnest row.  ``close``:
    where the price stands, in a model as of a day.
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
    close: Close | None = None

    def level(self, threshold: float) -> float | None:
        """The price at a threshold, close (1 + L); None where the close is not known."""
        return None if self.close is None else self.close.price * (1 + threshold)

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
        return [_rung_to_row(r) | _level_at(self, r) for r in self.rungs]

    def to_dict(self, level: float = LEVEL) -> dict[str, Any]:
        """Plain JSON values (docs/how-to/ladder.md lists the keys)."""
        return ladder_to_dict(self, level)

    def __str__(self) -> str:
        return ladder_to_text(self)


def question(ladder: Ladder) -> str:
    """The ladder's question: ``drawdown | do(leverage=low), near_support=near``."""
    query = ladder.query
    do = [f"do({', '.join(map(str, query.do))})"] if query.do else []
    right = ", ".join([*do, *map(str, query.given)])
    begins = f"drawdown from {query.start}" if query.start is not None else "drawdown"
    return f"{begins} | {right}" if right else begins


def ladder_to_text(ladder: Ladder) -> str:
    """Rungs, means, licence and support, as lines of text."""
    lines = [question(ladder), *_rungs_text(ladder), *_tails_text(ladder)]
    lines += map(" ".join, licence(ladder.claim))
    lines += [f"  assuming: {a}" for a in ladder.claim.assumptions]
    lines += [f"  evidence: {p}" for p in ladder.claim.paths]
    lines += grounds(ladder)
    if ladder.query.given:
        lines.append(f"evidence: probability {share(ladder.evidence)}")
    lines.append("A scenario carried through the model, not a forecast.")
    return "\n".join(lines)


def grounds(ladder: Ladder) -> list[str]:
    """The data behind the rungs and the errors of their numbers, as lines of text."""
    lines = [f"grid error at most {ladder.grid_error:.5f}"]
    if ladder.support is not None:
        days, row = in_days(ladder.support.days), ladder.support.row
        lines.insert(0, f"data: {days} behind the thinnest row used ({row})")
    if loudest(ladder):
        lines.append(f"Monte-Carlo error: {loudest(ladder)}")
    return lines


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
    if ladder.close is not None:
        lines.append(f"from {ladder.close}")
    acted = bool(ladder.query.do or ladder.query.given)
    for rung in ladder.rungs:
        found = probability_estimate(rung.answer)
        at = "" if ladder.close is None else f" ({money(ladder.level(rung.threshold) or 0.0)})"
        line = f"  {percent(rung.threshold):>6}{at} within {rung.days:>2}d  {_words(found)}"
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


def _words(found: Estimate) -> str:
    """A probability with its interval, or the range it is bounded to."""
    ends = f"({share(found.low)} to {share(found.high)})"
    return f"bounded {ends}" if found.value is None else f"{share(found.value)} {ends}"


def ladder_to_dict(ladder: Ladder, level: float = LEVEL) -> dict[str, Any]:
    """The ladder as plain JSON values; a number that does not exist is None, never NaN."""
    support = ladder.support
    close = ladder.close
    known = {} if close is None else {"close": {"price": close.price, "day": close.day or None}}
    return {
        "query": question(ladder),
        "price": ladder.price,
        **known,
        "usual_volatility": ladder.usual,
        "level": level,
        "rungs": [_rung_to_dict(r, level) | _level_at(ladder, r) for r in ladder.rungs],
        "tails": [_tail_to_dict(t, level) for t in ladder.tails],
        "fan": [{"days": d, "drawdown": list(q)} for d, q in ladder.fan.items()],
        "fan_quantiles": list(QUANTILES) if ladder.fan else [],
        "grid_error": ladder.grid_error,
        "calendar": ladder.rungs[-1].answer.calendar,
        "claim": ladder.claim.to_dict(),
        "support": {
            "days": support.days if support else None,
            "prior_share": support.prior_share if support else None,
            "row": support.row if support else None,
        },
        "evidence_probability": ladder.evidence,
    }


def _level_at(ladder: Ladder, rung: Rung) -> dict[str, float | None]:
    """The price of a rung, where the close is known; else nothing."""
    return {} if ladder.close is None else {"price_level": ladder.level(rung.threshold)}


def _rung_to_dict(rung: Rung, level: float) -> dict[str, Any]:
    answer = rung.answer
    found = probability_estimate(answer, level)
    return {
        "query": str(answer.query),
        "threshold": rung.threshold,
        "days": rung.days,
        "probability": found.value,
        "interval": {"low": found.low, "high": found.high},
        "base_rate": float(np.mean(answer.base)),
        "risk_difference": risk_difference(answer, level).to_dict(),
        "risk_ratio": risk_ratio(answer, level).to_dict(),
        "grid_error": rung.grid_error,
        "monte_carlo_error": errors(answer),
    }


def _tail_to_dict(found: Tail, level: float) -> dict[str, Any]:
    parts = {"worst": found.worst, **{TAILS[s]: found.shortfall[s] for s in found.shortfall}}
    return {"days": found.days} | {
        name: Estimate(float(draws.mean()), *tail(draws, level)).to_dict() | {"grid_error": error}
        for name, (draws, error) in parts.items()
    }


def _rung_to_row(rung: Rung) -> dict[str, Any]:
    answer = rung.answer
    return {
        "threshold": rung.threshold,
        "days": rung.days,
        **_columns("probability", probability_estimate(answer), ""),
        "base_rate": float(np.mean(answer.base)),
        **_columns("risk_difference", risk_difference(answer), "risk_difference_"),
        **_columns("risk_ratio", risk_ratio(answer), "risk_ratio_"),
        "grid_error": rung.grid_error,
    }


def _columns(name: str, found: Estimate, before: str) -> dict[str, float | None]:
    return {name: found.value, f"{before}low": found.low, f"{before}high": found.high}


def ladder(
    model: CausalModel,
    *,
    given: Mapping[str, StatesLike] | None = None,
    thresholds: Iterable[float] | float = THRESHOLDS,
    horizons: Iterable[int] | int = HORIZONS,
    price: Literal["close", "low"] = "close",
    usual: float | None = None,
    start: str | None = None,
    assume_unconfounded: bool = False,
) -> Ladder:
    """P(worst drawdown <= L within N days | do(model's interventions), given) for each L and N.

    ``thresholds`` are returns below zero; ``price="low"`` measures to the day's low; ``usual`` is
    the usual volatility, the last one in the data unless given; ``start`` the date of today (see
    ``probability``).  Every posterior draw is answered on a grid, whose error is in the result.
    Raises QueryError for thresholds that are no losses, horizons outside 1 to 60 days, and a model
    without a price; UnknownVariableError, UnknownStateError, ImpossibleEvidenceError.
    """
    levels, days = _listed(thresholds), tuple(map(_whole, _listed(horizons)))
    _check(levels, days, price)
    do = in_force(model.interventions, max(days))
    query = Query((), conditions(model.graph, given), do, within=max(days), start=start)
    return _answered(
        model,
        query,
        levels,
        days,
        low=price == "low",
        usual=usual,
        assumed=assume_unconfounded,
    )


def _answered(
    model: CausalModel,
    query: Query,
    thresholds: Sequence[float],
    days: Sequence[int],
    *,
    low: bool,
    usual: float | None,
    assumed: bool,
) -> Ladder:
    """The ladder of a query without an event, whose horizon is the longest of the ladder's."""
    of = price(model, thresholds, max(days), low=low, usual=usual)
    chance = evidence(model, query)
    licence = licensed(model, of, query, assumed=assumed)
    bounded = licence.bounded
    support = {level: drawdown_support(model, of, query, level) for level in thresholds}
    found = [distributions(model, of, query, d, bounded=bounded) for d in sorted(days)]
    rungs = []
    for here, level, draws, base in _never_less(found, sorted(thresholds, reverse=True)):
        drawdown = Drawdown(level)
        answer = assemble(
            model,
            replace(query, within=here.days, drawdown=drawdown),
            draws=draws,
            base=base,
            evidence=chance,
            claim=licence,
            support=support[level],
            bounds=here.bounds(level),
        )
        rungs.append(Rung(level, here.days, answer, here.error(level)))
    known = [s for s in support.values() if s is not None]
    return Ladder(
        query=query,
        price="low" if low else "close",
        usual=of.usual,
        rungs=tuple(rungs),
        tails=() if bounded else tuple(map(_tail, found)),
        fan={} if bounded else quantiles(model, of, query, _fan_days(days), QUANTILES),
        claim=replace(licence, assumptions=(*licence.assumptions, assumed_moves(of))),
        support=min(known, key=lambda s: s.days) if known else None,
        evidence=chance,
        close=of.moves.close,
    )


def _never_less(
    found: Iterable[Distributions], thresholds: Sequence[float]
) -> Iterator[tuple[Distributions, float, Array, Array]]:
    """Every rung's draws and base rate, (draws,): a longer horizon is never less likely.

    Each horizon has a grid error of its own, which could turn two that are next to equal round.
    """
    draws: dict[float, Array | float] = dict.fromkeys(thresholds, 0.0)
    base: dict[float, Array | float] = dict.fromkeys(thresholds, 0.0)
    for here in found:
        for level in thresholds:
            draws[level] = np.maximum(here.draws(level), draws[level])
            base[level] = np.maximum(here.base.reaches(level), base[level])
            yield here, level, np.asarray(draws[level]), np.asarray(base[level])


def _tail(here: Distributions) -> Tail:
    shares = {share: here.found.of(shortfall(share)) for share in TAILS}
    return Tail(here.days, here.found.of(expected), shares)


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


def _fan_days(days: Sequence[int]) -> tuple[int, ...]:
    """Days at which the fan is computed: dense at first, and every horizon."""
    return tuple(sorted({d for d in FAN_DAYS if d < max(days)} | set(days)))
