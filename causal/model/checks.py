"""What was measured of a fit out of sample and of its days, kept with it: plain numbers.

Filled by ``check.fit_checks``, written to the model's file, and quoted where an answer is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from causal import limit
from causal.contract.array import Array
from causal.graph.section import Section, finite

UNMEASURED = "not measured"
STEEPEST = 100.0  # of a map of log-odds
SMALLEST = 1e-9  # no forecast is taken as surer, in a logit


@dataclass(frozen=True, slots=True)
class SkillLine:
    """Log skill of forecasts of one kind against climatology, with its 90 % block interval.

    1 - mean log loss / mean log loss of climatology, on ``days`` days from ``first`` to ``last`` of
    which ``events`` had the event; each year forecast by a fit that ended before it.
    """

    board: str
    first: str
    last: str
    days: int
    events: int
    log_skill: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"log skill {self.log_skill:+.2f} ({self.low:+.2f} to {self.high:+.2f}) {self.board}, "
            f"{self.first[:4]} to {self.last[:4]}"
        )


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A map of forecasts to how often they came: logit p' = a + b logit p + c 1{variable = worst}.

    About one event, the worst state of ``target`` within ``days``; learnt on forecasts that were
    made out of sample, ``forecasts`` of them (Cox 1958; Platt 1999).
    """

    target: str
    days: int
    intercept: float
    slope: float
    variable: str = ""
    term: float = 0.0
    forecasts: int = 0

    def applied(self, p: Array, flag: Array | float) -> Array:
        """The forecasts p, recalibrated; ``flag``: 1 where the variable is in its worst state."""
        sure = np.clip(p, SMALLEST, 1 - SMALLEST)
        odds = np.log(sure) - np.log1p(-sure)
        score = self.intercept + self.slope * odds + self.term * flag
        found: Array = 1 / (1 + np.exp(-score))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {f: getattr(self, f) for f in Recalibration.__slots__}


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """Skill by board, and by table how much its days hang together.

    ``inflation``: of every table the long-run variance of its residuals against that of independent
    days, for each of ``blocks``, beside the most that chance alone would give.
    """

    target: str
    skill: tuple[SkillLine, ...] = ()
    blocks: tuple[int, ...] = ()
    inflation: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    recalibration: Recalibration | None = None

    def __str__(self) -> str:
        """One line: skill out of sample."""
        if not self.skill:
            return UNMEASURED
        return f"of `{self.target}` against its usual frequency: {'; '.join(map(str, self.skill))}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "target": self.target,
            "skill": [{f: getattr(line, f) for f in SkillLine.__slots__} for line in self.skill],
            "blocks": list(self.blocks),
            "inflation": {name: list(values) for name, values in self.inflation.items()},
            **({"recalibration": self.recalibration.to_dict()} if self.recalibration else {}),
        }


def checks_from_section(section: Section, names: tuple[str, ...]) -> Checks:
    """The checks in a stored model; what is wrong is noted in the section."""
    lines = []
    for inner in section.sections("skill"):
        days, events = inner.whole("days", 0), inner.whole("events", 0)
        low, high = inner.number("low", 0.0), inner.number("high", 0.0)
        found = SkillLine(
            inner.text("board", required="what was forecast"), inner.day("first"),
            inner.day("last"), days, events, inner.number("log_skill", 0.0), low, high,
        )  # fmt: skip
        if events > days or low > high:
            inner.wrong("", "more events than days, or an interval that ends before it begins")
        inner.close()
        lines.append(found)
    blocks = tuple(int(b) for b in section.numbers("blocks"))
    inner = section.section("inflation")
    inflation = {}
    for name in inner.table:
        inner.asked.add(name)
        listed = inner.table[name]
        values = tuple(listed) if isinstance(listed, list) and all(map(finite, listed)) else ()
        if name not in names or len(values) != len(blocks) or any(v < 0 for v in values):
            inner.wrong(str(name), "must be a variable, and a number for every block")
        inflation[str(name)] = values
    inner.close()
    target = section.text("target")
    if target not in names:
        section.wrong("target", f"`{target}` is no variable")
    found_map = (
        _map(section.section("recalibration"), names) if section.has("recalibration") else None
    )
    section.close()
    return Checks(target, tuple(lines), blocks, inflation, found_map)


def _map(section: Section, names: tuple[str, ...]) -> Recalibration:
    target, variable = section.text("target"), section.text("variable")
    for key, name in (("target", target), ("variable", variable)):
        if name not in names and (name or key == "target"):
            section.wrong(key, f"`{name}` is no variable")
    for key in ("days", "intercept", "slope", "forecasts"):
        if not section.has(key):
            section.wrong(key, "missing")
    found = Recalibration(
        target,
        section.whole("days", 1, limit.DAYS),
        section.number("intercept", 0.0),
        section.number("slope", 1.0),
        variable,
        section.number("term", 0.0),
        section.whole("forecasts", 0),
    )
    if not 0 < found.slope < STEEPEST or max(abs(found.intercept), abs(found.term)) > STEEPEST:
        section.wrong("slope", f"must rise, and no number be beyond {STEEPEST:g}")
    section.close()
    return found
