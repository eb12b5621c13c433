"""Query and Answer: the question as a value, and what comes back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from causal import limit
from causal.errors import QueryError
from causal.infer.drawdown import Drawdown
from causal.model.event import Condition
from causal.model.intervention import Intervention
from causal.model.table import Array
from causal.text import written

if TYPE_CHECKING:
    from causal.infer.delta import Closed

LEVEL = 0.9
LARGEST = 700.0  # the exponential of more is no float
QUOTIENT = 1e100

Effect = Literal["observed", "identified", "bounded", "assumed"]
Computed = Literal["estimand", "tables"]


@dataclass(frozen=True, slots=True)
class Query:
    """P(event [within|at Nd] | do(...), evidence); ``str(query)`` is the grammar.

    Without a horizon everything stands in one day, day 0.  With ``within`` or ``at`` plain evidence
    is about day 0, the event and ``do`` about days 1 to N.  A ``drawdown`` takes
    the place of an event.
    """

    event: tuple[Condition, ...]
    given: tuple[Condition, ...] = ()
    do: tuple[Intervention, ...] = ()
    within: int | None = None
    at: int | None = None
    drawdown: Drawdown | None = None

    def __post_init__(self) -> None:
        for days in (self.within, self.at):
            if days is not None and not limit.day(days):
                raise QueryError(
                    f"{written(days)} is not a horizon.",
                    "Horizons are whole days.",
                    'Write 7 or "7d".',
                )

    @property
    def horizon(self) -> int:
        """Days after today that the question reaches; 0 for a question about one day."""
        return self.within or self.at or 0

    @property
    def asked(self) -> range:
        """Days that the event is about: today, days 1 to N of ``within``, day N of ``at``."""
        return range(1 if self.within else self.horizon, self.horizon + 1)

    def __str__(self) -> str:
        fall = () if self.drawdown is None else (self.drawdown,)
        event = ", ".join(map(str, (*fall, *self.event)))
        if self.within:
            event += f" within {self.within}d"
        if self.at:
            event += f" at {self.at}d"
        do = [f"do({', '.join(map(str, self.do))})"] if self.do else []
        right = ", ".join([*do, *map(str, self.given)])
        return f"P({event} | {right})" if right else f"P({event})"


@dataclass(frozen=True, slots=True)
class Claim:
    """On which rung the answer stands (seeing, doing), what licenses it, on which assumptions.

    ``effect``: what the graph lets one know of what is asked.  ``observed``, nothing is done;
    ``identified``, it follows from the graph and the observed joint; ``bounded``, an unmeasured
    cause leaves a range; ``assumed``, someone took that cause as absent.
    ``computed``: how the number (or the range) comes out of the tables.  By its ``estimand``, which
    their product is here (see ``district``); or by the product of the ``tables``, assumed to
    describe the observed joint in spite of declared common causes.
    ``paths``: what evidence on effects of what is done closes and opens (see ``evidence_path``).
    """

    rung: str
    effect: Effect
    computed: Computed = "estimand"
    assumptions: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def licensed_by(self) -> Effect:
        """The weaker of the two: a number by the product of the tables alone is ``assumed``."""
        return self.effect if self.computed == "estimand" or self.bounded else "assumed"

    @property
    def bounded(self) -> bool:
        """Whether there is a range in place of a number."""
        return self.effect == "bounded"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "rung": self.rung,
            "licensed_by": self.licensed_by,
            "effect": self.effect,
            "computed": self.computed,
            "assumptions": list(self.assumptions),
            "paths": list(self.paths),
        }


@dataclass(frozen=True, slots=True)
class Support:
    """Days behind the thinnest table row that the answer used, and the prior's share of it."""

    days: float
    prior_share: float
    row: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a question got: one value per posterior draw, and all that stands behind it.

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
        """The answer as plain JSON values (see ``report.answer_to_dict``)."""
        from causal.infer.report import answer_to_dict

        return answer_to_dict(self, level)

    def __str__(self) -> str:
        from causal.infer.report import answer_to_text

        return answer_to_text(self)


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
    """The quantiles (1 - level)/2 and (1 + level)/2 of the draws; raises QueryError."""
    limit.level(level)
    ordered = np.sort(values)
    return _quantile(ordered, (1 - level) / 2), _quantile(ordered, (1 + level) / 2)


def _quantile(ordered: Array, share: float) -> float:
    """Linear between the two nearest of the sorted values; NaN if there is one (it sorts last).

    As ``numpy.quantile``, which imports masked arrays for it: some milliseconds of a cold start.
    """
    if math.isnan(ordered[-1]):
        return math.nan
    part, place = math.modf(share * (len(ordered) - 1))
    low, high = float(ordered[int(place)]), float(ordered[min(int(place) + 1, len(ordered) - 1)])
    return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)
