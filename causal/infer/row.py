"""One row of a sweep: a scenario and what is kept of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from causal.graph.section import finite
from causal.infer.report import answer_to_dict, share

if TYPE_CHECKING:
    from causal.infer.query import Answer
    from causal.infer.scenario import Scenario

ABSENT = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario and its answer; None where there is no number, ``problem`` says why.

    ``low`` and ``high`` are the interval (of both bounds where the effect is only bounded: then
    ``probability`` is None, and ``least`` and ``most`` are the mean bounds).  The errors are
    Monte-Carlo errors of the means: what other draws would change.
    """

    name: str
    do: str
    given: str
    probability: float | None = None
    low: float | None = None
    high: float | None = None
    base_rate: float | None = None
    risk_difference: float | None = None
    risk_difference_low: float | None = None
    risk_difference_high: float | None = None
    risk_ratio: float | None = None
    risk_ratio_low: float | None = None
    risk_ratio_high: float | None = None
    probability_error: float | None = None
    base_rate_error: float | None = None
    licensed_by: str = ""
    effect: str = ""
    computed: str = ""
    support_days: float | None = None
    prior_share: float | None = None
    thinnest_row: str = ""
    evidence_probability: float | None = None
    least: float | None = None
    most: float | None = None
    problem: str = ""
    coordinates: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The probability, the bounds, or a dash."""
        if self.probability is not None:
            return share(self.probability)
        if self.least is None:
            return ABSENT
        return f"{share(self.least)} to {share(self.most)}"


WORDS = ("name", "do", "given", "licensed_by", "effect", "computed", "thinnest_row", "problem")
COLUMNS = tuple(f.name for f in fields(Row) if f.name != "coordinates")
ANSWERED = frozenset(COLUMNS) - {"name", "do", "given", "problem"}


def row(scenario: Scenario, found: Mapping[str, Any]) -> Row:
    """A scenario beside the fields of its answer."""
    do, given = (", ".join(map(str, part)) for part in (scenario.do, scenario.given))
    return Row(scenario.name, do, given, **found, coordinates=scenario.coordinates)


def answered(answer: Answer, level: float) -> dict[str, Any]:
    """The fields of a row, without the draws: what is kept of an answer."""
    found = answer_to_dict(answer, level)
    bounds, support = found.get("bounds", {}), answer.support
    return {
        "probability": found["probability"],
        "low": found["interval"]["low"],
        "high": found["interval"]["high"],
        "base_rate": found["base_rate"],
        **_estimate("risk_difference", found["risk_difference"]),
        **_estimate("risk_ratio", found["risk_ratio"]),
        "probability_error": found["monte_carlo_error"]["probability"],
        "base_rate_error": found["monte_carlo_error"]["base_rate"],
        "licensed_by": answer.claim.licensed_by,
        "effect": answer.claim.effect,
        "computed": answer.claim.computed,
        "support_days": found["support"]["days"],
        "prior_share": found["support"]["prior_share"],
        "thinnest_row": support.row if support else "",
        "evidence_probability": found["evidence_probability"],
        "least": bounds.get("low"),
        "most": bounds.get("high"),
    }


def sound(found: object) -> bool:
    """Whether these are the fields of an answer, or a problem alone: what one reads may be damaged.

    A number that does not exist is None.
    """
    if not isinstance(found, dict):
        return False
    if set(found) == {"problem"}:
        return isinstance(found["problem"], str)
    return set(found) == ANSWERED and all(
        isinstance(value, str) if name in WORDS else value is None or finite(value)
        for name, value in found.items()
    )


def _estimate(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
