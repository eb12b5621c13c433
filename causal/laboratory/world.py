"""How a market is run: what is set, which paths are cut, how much leverage is allowed.

A ``World`` says it in words of the mechanisms; ``Held`` is what the mechanisms look at on a day:
for every quantity a range that it has to lie in, and where to put it if it does not.  What lies
there already is left alone, so an intervention that sets what happened anyway changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from causal.contract.array import Array
from causal.errors import QueryError, nearest
from causal.laboratory.parameters import Parameters, number_in
from causal.text import written

CUTS = {
    "equity": "risk-off -> shares",
    "sentiment": "risk-off -> price at the hour of the news",
    "reallocation": "risk-off -> orders of institutions",
    "pro_rata": "shares -> orders of institutions",
    "margin": "losses on shares -> margin sales of crypto",
    "loop": "liquidations -> price",
    "squeeze": "short positions -> liquidation in rallies",
}
"""The paths that can be cut, each with what it links."""


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """Held between ``low`` and ``high`` (both included); put at ``target`` where it is not.

    Each has shape (paths,); NaN in ``target`` leaves a path alone.
    """

    low: Array
    high: Array
    target: Array

    def of(self, natural: Array) -> Array:
        """The quantity as it is held."""
        inside = (natural >= self.low) & (natural <= self.high)
        found: Array = np.where(inside | np.isnan(self.target), natural, self.target)
        return found


Held = Mapping[str, Range]


def as_held(name: str, natural: Array, ranges: Held) -> Array:
    """A quantity of the day: as it would be, or as it is held."""
    return ranges[name].of(natural) if name in ranges else natural


def exactly(value: float, paths: int) -> Range:
    """A quantity set to one value on every path."""
    whole = np.full(paths, float(value))
    return Range(whole, whole, whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One way to run the market.

    Set for some days: ``trade`` and ``war`` (0 calm, 1 elevated, 2 escalation), ``risk_off`` (its
    level; an escalation adds 1.6) and ``ai_miss`` (0 or 1) on days 1 to ``days`` after today,
    ``equity`` (the session's log return) on days 1 to ``equity_days``.
    Rules, from day ``since`` on (-45: since 45 days before today, so that the book has changed by
    then): ``cut``, names of ``CUTS``; ``leverage`` and ``open_interest``, factors on the median
    leverage and the size of what is opened; ``leverage_cap``; ``margin_addon``, asked on top of the
    margin 1/l of leverage l.  Raises QueryError for values that mean nothing.
    """

    trade: int | None = None
    war: int | None = None
    risk_off: float | None = None
    ai_miss: int | None = None
    equity: float | None = None
    days: int = 3
    equity_days: int = 3
    cut: frozenset[str] = field(default_factory=frozenset)
    leverage: float = 1.0
    open_interest: float = 1.0
    leverage_cap: float | None = None
    margin_addon: float = 0.0
    since: int = -45

    def __post_init__(self) -> None:
        object.__setattr__(self, "cut", cut_paths(self.cut))
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if value is not None or name not in OPTIONAL:
                number_in(name, value, least, most, whole=name in WHOLE)

    def parameters(self, p: Parameters) -> Parameters:
        """The parameters of the market while this world's rules hold."""
        cap = p.leverage_cap if self.leverage_cap is None else self.leverage_cap
        return replace(
            p,
            leverage=p.leverage * self.leverage,
            leverage_short=p.leverage_short * self.leverage,
            leverage_cap=min(cap, p.leverage_cap),
            longs_opened=p.longs_opened * self.open_interest,
            shorts_opened=p.shorts_opened * self.open_interest,
        )

    def holds(self, day: int, paths: int) -> dict[str, Range]:
        """What is held on a day after today."""
        spans = dict.fromkeys(("trade", "war", "risk_off", "ai_miss"), self.days)
        spans["equity"] = self.equity_days
        named = {n: getattr(self, n) for n, last in spans.items() if 1 <= day <= last}
        return {n: exactly(v, paths) for n, v in named.items() if v is not None}

    def __str__(self) -> str:
        values = [(n, getattr(self, n), getattr(UNTOUCHED, n)) for n in LIMITS if n not in SPANS]
        words = [f"{n}={value:g}" for n, value, usual in values if value != usual]
        words += [f"{name} cut" for name in sorted(self.cut)]
        if any(getattr(self, n) is not None for n in ("trade", "war", "risk_off", "ai_miss")):
            words.append(f"for {self.days}d")
        if self.equity is not None:
            words.append(f"equity for {self.equity_days}d")
        if self.cut or any(value != usual for n, value, usual in values if n not in SET):
            words.append(f"rules from day {self.since}")
        return ", ".join(words) or "nothing done"


def cut_paths(names: object) -> frozenset[str]:
    """Names of ``CUTS``, one or several; raises QueryError for another."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        names = [names]
    found = [name if isinstance(name, str) else written(name) for name in names]
    for name in found:
        if name not in CUTS:
            raise QueryError(
                f"The market has no path `{name}` to cut.",
                "; ".join(f"`{k}`: {v}" for k, v in CUTS.items()) + ".",
                nearest(name, CUTS),
            )
    return frozenset(found)


LIMITS: Mapping[str, tuple[float, float]] = {
    "trade": (0, 2),
    "war": (0, 2),
    "risk_off": (-5, 5),
    "ai_miss": (0, 1),
    "equity": (-0.3, 0.3),
    "days": (1, 60),
    "equity_days": (1, 60),
    "leverage": (0.05, 10),
    "open_interest": (0, 20),
    "leverage_cap": (1.05, 200),
    "margin_addon": (0, 0.5),
    "since": (-200, 1),
}
WHOLE = frozenset({"trade", "war", "ai_miss", "days", "equity_days", "since"})

SET = ("trade", "war", "risk_off", "ai_miss", "equity")
OPTIONAL = frozenset({*SET, "leverage_cap"})
SPANS = frozenset({"days", "equity_days", "since"})

UNTOUCHED = World()
"""The world in which nothing is done."""
