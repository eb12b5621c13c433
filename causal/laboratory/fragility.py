"""The loop as an object: how much further selling a first fall brings, and where it runs away.

Open interest O at median leverage l has O F(d) billion of longs that are liquidated within a fall
of d; with impact L(Q) = lam Q / (1 + Q/K) a first fall s becomes the smallest D with D = s +
L(Q(D)).  The gain there is g(D) = L'(Q) q(D), q = Q' the density of liquidation levels: a further
fall of ds becomes ds / (1 - g).  Where g runs_on 1 the fall runs on by itself to the next stretch
with few positions.  Everything here is the laboratory's equations, licensed *model-only*."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causal.contract.array import Array
from causal.errors import QueryError, nearest
from causal.laboratory.book import REACH, STEP, TILTS, impact, opening_shares
from causal.laboratory.parameters import USUAL, number_in
from causal.text import written

FARTHEST = 0.30  # first fall that is looked at
SPREADS = 150  # levels by which a price may have moved since a position was opened
FALLS = (0.01, 0.02, 0.03, 0.05, 0.07, 0.10, 0.15, 0.20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragility:
    """A book of longs opened around today's price, and the market that it would be sold into.

    ``open_interest`` in $B; ``leverage``: its median, lognormal around it, at most ``cap``;
    ``margin_addon``: what an exchange asks on top of 1/l; ``impact``: log fall for the first
    billion of forced sales, ``depth`` the $B that halve it; ``support``: the fall at which stop
    orders of ``stops`` $B go off; ``entry_spread``: sd of the log prices at which positions were
    opened, around today's.  Raises QueryError for numbers that mean nothing.
    """

    open_interest: float = 10.0
    leverage: float = USUAL.leverage
    cap: float = USUAL.leverage_cap
    margin_addon: float = 0.0
    impact: float = USUAL.forced_impact
    depth: float = USUAL.forced_depth
    support: float | None = None
    stops: float = USUAL.stop_lump
    entry_spread: float = 0.03

    def __post_init__(self) -> None:
        for name, (least, most) in LIMITS_OF.items():
            value = getattr(self, name)
            if value is not None or name != "support":
                number_in(name, value, least, most)


LIMITS_OF = {
    "open_interest": (0.01, 1_000.0),
    "leverage": (1.1, 125.0),
    "cap": (1.1, 125.0),
    "margin_addon": (0.0, 0.5),
    "impact": (0.0, 0.5),
    "depth": (0.1, 1_000.0),
    "support": (0.0, 0.99),
    "stops": (0.0, 100.0),
    "entry_spread": (0.0, 0.2),
}


@dataclass(frozen=True, slots=True, eq=False)
class GainCurve:
    """What a first fall becomes.  ``first``, ``total``: falls (shares of the price); ``forced``: $B
    liquidated; ``gain``: g at the end of the fall; each (points,), ``first`` increasing.
    ``runs_on``: the smallest first fall that runs on by itself, because the gain reaches 1 on the
    way or stop orders make it jump; None where none does up to the last."""

    what: Fragility
    first: Array
    total: Array
    forced: Array
    gain: Array
    runs_on: float | None

    def at(self, fall: float) -> dict[str, float]:
        """The point of one first fall, or the next on the curve: total fall, $B forced, gain."""
        number_in("first fall", fall, float(self.first[0]), float(self.first[-1]))
        place = int(np.searchsorted(self.first, fall - 1e-9))
        values = (self.first, self.total, self.forced, self.gain)
        names = ("first", "total", "forced", "gain")
        return {n: float(v[place]) for n, v in zip(names, values, strict=True)}

    @property
    def largest(self) -> tuple[float, float]:
        """The largest gain at the end of a fall, and the first fall it belongs to."""
        at = int(self.gain.argmax())
        return float(self.gain[at]), float(self.first[at])

    def fall_for(self, forced: float) -> float | None:
        """The first fall after which so many $B have been liquidated; None where none does."""
        number_in("liquidated", forced, 1e-9, 1e6)
        over = np.flatnonzero(self.forced >= forced)
        return float(self.first[over[0]]) if len(over) else None

    def to_dict(self, falls: Sequence[float] = FALLS) -> dict[str, Any]:
        """Plain JSON values at some first falls."""
        names = (
            "entry_spread",
            "open_interest",
            "leverage",
            "cap",
            "margin_addon",
            "impact",
            "depth",
            "support",
            "stops",
        )
        return {
            **{n: getattr(self.what, n) for n in names},
            "runs_on_from": self.runs_on,
            "largest_gain": self.largest[0],
            "largest_gain_at": self.largest[1],
            "points": [self.at(f) for f in falls],
            "licence": "model-only",
        }


def support_fall(price: float | None, support: float | None) -> float | None:
    """How far a support lies below today's price; None without one.  Raises QueryError."""
    if price is not None:
        number_in("price", price, 1e-9, 1e12)
    if support is None:
        return None
    lowest = None if price is None else price * (1 - LIMITS_OF["support"][1])
    if price is None or lowest is None or not lowest <= support <= price:
        raise QueryError(
            f"A support at {written(support)} needs a price above it, not a hundred times its own.",
            "Stop orders lie below today's price.",
            "Say --spot as well: --spot 95000 --support 91000.",
        )
    return 1 - support / price


def _standing(book: Fragility) -> Array:
    """Shares of the open interest by distance to liquidation, (REACH,), as in ``opening_shares``.

    Since they were opened the price has moved by a normal z; who would have been liquidated on the
    way is gone, and the others make up the open interest.
    """
    how = (book.leverage, USUAL.leverage_spread, book.cap, USUAL.maintenance, book.margin_addon)
    fresh = opening_shares(*how)[TILTS]
    if not book.entry_spread:
        return np.asarray(fresh)
    moves = np.arange(-SPREADS, SPREADS + 1)
    weight = np.exp(-0.5 * (moves * STEP / book.entry_spread) ** 2)
    moved = np.convolve(fresh, weight / weight.sum())[
        : SPREADS + REACH
    ]  # from level 1 - SPREADS on
    gone, standing = moved[:SPREADS].sum(), moved[SPREADS:]
    found: Array = standing / (1 - gone)
    return found


def gain_curve(what: Fragility | None = None, **changed: float | None) -> GainCurve:
    """What first falls of 0.1 % to 30 % become: total fall, $B liquidated, gain.

    ``what``: the book, the usual one by default; ``changed``: fields of ``Fragility`` in its place.
    Raises QueryError for numbers that mean nothing.
    """
    book = Fragility() if what is None else what
    if not isinstance(book, Fragility):
        raise QueryError(
            f"{written(book)} is no book.", "A book is a Fragility.", "Write Fragility(cap=20)."
        )
    for name in changed:
        if name not in LIMITS_OF:
            raise QueryError(
                f"A book has no `{name}`.",
                "Its fields are those of Fragility.",
                nearest(name, LIMITS_OF),
            )
    book = replace(book, **changed)  # type: ignore[arg-type]
    shares = _standing(book)
    depth = STEP * (np.arange(REACH + 1) + 0.5)  # edges of the levels, the first without positions
    forced = np.concatenate([[0.0], np.cumsum(book.open_interest * shares)])
    orders = forced
    if book.support is not None:
        orders = forced + book.stops * (depth >= -np.log1p(-book.support))
    alone = depth - impact(orders, book.impact, book.depth)  # the first move that ends at a depth
    runs = np.flatnonzero(np.diff(alone) <= 0)
    first = np.linspace(0.001, FARTHEST, round(FARTHEST / 0.001))
    furthest = np.maximum.accumulate(alone)
    moves = -np.log1p(-first)
    end = np.clip(np.searchsorted(furthest, moves), 1, REACH)
    width = np.maximum(furthest[end] - furthest[end - 1], 1e-300)
    share = (moves - furthest[end - 1]) / width
    share = np.clip(np.where(moves <= furthest[0], 0.0, share), 0.0, 1.0)
    total = np.where(moves <= furthest[0], moves, depth[end - 1] + share * STEP)
    past = moves > furthest[-1]  # beyond the last level everything that can be has been sold
    total = np.where(past, moves + impact(orders[-1], book.impact, book.depth), total)
    sold = forced[end - 1] + share * (forced[end] - forced[end - 1])
    sold = np.where(moves <= furthest[0], 0.0, sold)
    pressed = orders[end - 1] + share * (orders[end] - orders[end - 1])
    slope = book.impact / (1 + pressed / book.depth) ** 2
    centres = STEP * np.arange(REACH + 1)
    density = np.interp(total, centres, book.open_interest * np.append(0.0, shares) / STEP)
    runs_on = float(-np.expm1(-max(furthest[runs[0]], 0.0))) if len(runs) else None
    return GainCurve(book, first, -np.expm1(-total), sold, slope * density, runs_on)
