"""How a story's tables are learnt and its days weighed: the part ``[fit]`` of a story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from causal import limit
from causal.errors import SpecError
from causal.graph.section import Section, is_day
from causal.text import written

TableChoice = Literal["", "ordinal", "logit", "backoff", "dirichlet"]
StartChoice = Literal["stationary", "observed"]
BLOCK = 20


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a day counts for when a posterior is drawn.

    ``block``: days over which the weight of a day is spread, 1 for independent days. ``half_life``:
    days after which a day counts half, 0 for never.  ``since``: the first day that counts,
    ``2020-01-01``.  ``start``: the law of the first day, the one that days settle in, or the one
    that was observed.  ``recalibrate``: the variable whose worst state has a term of its own where
    forecasts are recalibrated.  Raises SpecError for numbers below one or zero, an unknown start.
    """

    block: int = BLOCK
    half_life: int = 0
    since: str = ""
    start: StartChoice = "stationary"
    recalibrate: str = ""

    def __post_init__(self) -> None:
        wrong = [
            f"{name} is {written(value)}"
            for name, value, least in (("block", self.block, 1), ("half_life", self.half_life, 0))
            if not limit.day(value) or value < least
        ]
        if self.since and not is_day(self.since):
            wrong.append(f"since is {written(self.since)}")
        if self.start not in get_args(StartChoice):
            wrong.append(f"start is {written(self.start)}")
        if wrong:
            raise SpecError(
                f"Days cannot be weighed so: {'; '.join(wrong)}.",
                "A block is of one day at least, a half-life of none; `since` is a day like "
                "2020-01-01, a start `stationary` or `observed`.",
                "Leave it out for the usual: blocks of 20 days, no half-life, stationary.",
            )


def read_weighing(fit: Section) -> Weighing:
    """The days' weights in the part ``[fit]``; mistakes are noted there."""
    block = fit.whole("block", BLOCK, limit.DAYS)
    if block < 1:
        fit.wrong("block", "must be one day at least; 1 takes days as independent")
        block = BLOCK
    start = fit.text("start", choices=get_args(StartChoice)) or "stationary"
    half_life = fit.whole("half_life", 0, limit.DAYS)
    by = fit.text("recalibrate")
    return Weighing(block, half_life, fit.day("since"), cast(StartChoice, start), by)


def read_kind(section: Section) -> TableChoice:
    """The kind of a story's tables, or of one."""
    return cast(TableChoice, section.text("table", choices=get_args(TableChoice)[1:]))


def weighing_to_dict(found: Weighing) -> Mapping[str, Any]:
    """What is not as usual."""
    usual = Weighing()
    plain = {
        key: getattr(found, key) for key in ("block", "half_life", "since", "start", "recalibrate")
    }
    return {key: value for key, value in plain.items() if value != getattr(usual, key)}
