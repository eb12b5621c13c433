"""The leveraged book: positions by the price at which they are liquidated, and the cascade.

A long at leverage l that is opened at price P is liquidated when the price has fallen by d(l) =
-ln(1 - (1/l - maintenance)); a short when it has risen by as much.  Positions stand on a grid of
log prices, ``STEP`` apart.  Forced orders of Q billion move the price by L(Q) = lam Q / (1 + Q/K).

The cascade is the smallest solution D of D = s + L(Q(D)): s the first move, Q(D) what is liquidated
on the way (monotone, so a walk from the price outwards finds it).  Its local amplification is
1 / (1 - g), g = L'(Q) q, q the density of liquidation levels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.laboratory.parameters import Parameters

STEP = 0.004  # log price from one level to the next
LEVELS = 8192  # of them, around the first price: fifteen log points either way
REACH = 250  # levels from the price to the farthest liquidation that is followed
AHEAD = 6  # levels that a walk looks at in one go
NEAR = 75  # levels within which positions count as near: thirty log points
FRONT = 5  # levels over which the density in front of the price is taken
TILT, TILTS = 0.02, 30  # steps of momentum by which the median leverage moves
ROUNDING = 1e-12
LONG, SHORT = 0, 1

Places = NDArray[np.intp]
Marks = NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class Book:
    """Notional by path, side and level, (paths, 2, LEVELS), in $B once multiplied by ``held``.

    ``interest``: all positions of a side, those out of reach counted, (2, paths); ``fund``: what
    the insurance fund holds, (paths,)."""

    levels: Array
    interest: Array
    fund: Array
    held: float = 1.0

    def copy(self) -> Book:
        return Book(self.levels.copy(), self.interest.copy(), self.fund.copy(), self.held)

    def scale(self, side: int, by: Array) -> None:
        """Multiply the positions of a side, path by path."""
        self.levels[:, side] *= by[:, None]
        self.interest[side] *= by

    def age(self, closed: float, filled: float, full: float) -> None:
        """End a day: holders close a share of all positions, the fund is filled up by a share."""
        self.fund += filled * (full - self.fund)
        self.interest *= 1 - closed
        self.held *= 1 - closed
        if self.held < 1e-9:
            self.levels *= self.held
            self.held = 1.0

    def ahead(self, price: Array, side: int, count: int) -> Array:
        """$B at the next ``count`` levels of a side, nearest first, (paths, count)."""
        way = -1 if side == LONG else 1
        at = level_of(price)[:, None] + way * np.arange(1, count + 1)
        found: Array = self.levels[np.arange(len(price))[:, None], side, at] * self.held
        return found

    def open(self, price: Array, side: int, amount: Array, shares: Array) -> None:
        """Open positions of ``amount`` $B; ``shares`` of it at 1..REACH levels from the price."""
        self.interest[side] += amount
        new = shares * (amount / self.held)[:, None]
        if side == LONG:
            new = new[:, ::-1]
        first = level_of(price) + (-REACH if side == LONG else 1)
        for path, start in enumerate(first.tolist()):
            self.levels[path, side, start : start + REACH] += new[path]


@dataclass(frozen=True, slots=True, eq=False)
class Cascade:
    """What forced orders made of an hour, each (paths,): whether the price fell, the price after
    them, the forced part of the move, $B liquidated, $B deleveraged against the other side, and
    whether stops went off."""

    fell: Marks
    price: Array
    forced: Array
    liquidated: Array
    deleveraged: Array
    stopped: Marks


def new_book(paths: int, p: Parameters) -> Book:
    """A book without positions, its insurance fund full."""
    return Book(np.zeros((paths, 2, LEVELS)), np.zeros((2, paths)), np.full(paths, p.fund_most))


def level_of(price: Array) -> Places:
    """Index of the level that holds a log price."""
    at = np.floor(price / STEP).astype(np.intp) + LEVELS // 2
    found: Places = np.clip(at, REACH + 1, LEVELS - REACH - 2)
    return found


def impact(sold: Array, lam: Array | float, depth: float) -> Array:
    """L(Q) = lam Q / (1 + Q / depth), a log move for ``sold`` = Q billion of forced orders."""
    found: Array = lam * sold / (1 + sold / depth)
    return found


@lru_cache(maxsize=64)
def opening_shares(
    median: float, spread: float, cap: float, maintenance: float, addon: float = 0.0
) -> Array:
    """Shares of a new position by distance to its liquidation, (2 TILTS + 1, REACH).

    Row TILTS + i is at momentum TILT i, whose exponential multiplies the median leverage.  Leverage
    is lognormal, capped at ``cap``; a margin ``addon`` turns leverage l into 1 / (1/l + addon).
    Column j - 1 holds what is liquidated between (j - 1/2) and (j + 1/2) levels away.
    """
    from scipy.stats import norm

    edges = STEP * (np.arange(REACH + 1) + 0.5)
    margin = 1 - np.exp(-edges) + maintenance  # 1/l of what is liquidated there, add-on included
    bare = np.maximum(margin - addon, 1e-9)
    tilts = TILT * np.arange(-TILTS, TILTS + 1)
    z = (-np.log(bare)[None, :] - np.log(median) - tilts[:, None]) / spread
    below = np.where((1 / bare >= cap) | (margin <= addon), 1.0, norm.cdf(z))
    found: Array = below[:, :-1] - below[:, 1:]
    found[:, 0] += 1 - below[:, 0]  # nearer than the first level
    return found


def tilted(shares: Array, momentum: Array) -> Array:
    """The row of ``opening_shares`` for the momentum of every path."""
    at = np.clip(np.rint(momentum / TILT).astype(np.intp), -TILTS, TILTS) + TILTS
    found: Array = shares[at]
    return found


def cascade(
    book: Book,
    before: Array,
    proposed: Array,
    lam: Array,
    p: Parameters,
    *,
    stop_at: Array,
    allowed: Array,
) -> Cascade:
    """Solve the hour: the price after forced orders, from those before and proposed.

    A fall liquidates longs, a rise shorts, each level once the price has reached its middle.
    ``stop_at``: the log price below which stop orders wait (-inf: none); they go off at the next
    level.  ``allowed``: $B that may still be liquidated (an exchange that halts; inf: all); from
    the first level that does not fit on nothing is liquidated.  When the losses beyond the margin
    exceed the insurance fund, what is liquidated further is matched with the other side
    (auto-deleveraging) and no longer sold."""
    paths = len(before)
    side = np.where(proposed < before, LONG, SHORT)
    way = np.where(side == LONG, -1, 1)
    first_move = np.abs(proposed - before)
    most = allowed * (1 + ROUNDING) + ROUNDING  # what fits but for the last digit fits
    sold, market, lost = np.zeros((3, paths))
    stopped, halted = np.zeros((2, paths), dtype=bool)
    flat = book.levels.reshape(-1)
    on, start = _near(before, way, first_move), 0
    while len(on) and start < LEVELS:
        step = way[on, None]
        at = level_of(before[on])[:, None] + step * (start + np.arange(AHEAD))
        distance = step * ((at - LEVELS // 2 + 0.5) * STEP - before[on, None])
        where = (2 * on + side[on])[:, None] * LEVELS + np.clip(at, 0, LEVELS - 1)
        there = flat[where]
        mass = there * book.held
        beyond = sold[on, None] + np.cumsum(mass, axis=1) > most[on, None]
        kept = np.logical_or.accumulate(beyond, axis=1) | halted[on, None]
        mass[kept] = 0.0
        waiting = (side[on] == LONG) & ~stopped[on]
        stops = _stops(distance, before[on] - stop_at[on], waiting)
        lumps = p.stop_lump * stops
        raw = market[on, None] + np.cumsum(mass + lumps, axis=1)
        over = np.maximum(impact(raw, lam[on, None], p.forced_depth) - p.maintenance, 0.0)
        losses = lost[on, None] + np.cumsum(mass * over, axis=1)
        sells = np.where(losses <= book.fund[on, None], mass, 0.0) + lumps
        pressed = market[on, None] + np.cumsum(sells, axis=1) - sells
        move = first_move[on, None] + impact(pressed, lam[on, None], p.forced_depth)
        reached = np.logical_and.accumulate(move >= distance, axis=1)
        mass *= reached
        sold[on] += mass.sum(axis=1)
        market[on] += (sells * reached).sum(axis=1)
        lost[on] += (mass * over).sum(axis=1)
        stopped[on], halted[on] = stopped[on] | (stops & reached).any(axis=1), kept[:, -1]
        flat[where] = np.where(reached & ~kept, 0.0, there)
        on = on[reached[:, -1]]
        start += AHEAD
    forced = way * impact(market, lam, p.forced_depth)
    matched = sold + p.stop_lump * stopped - market
    deleveraged = np.where(matched > 1e-9, matched, 0.0)
    _settle(book, side, sold, deleveraged, lost)
    return Cascade(side == LONG, proposed + forced, forced, sold, deleveraged, stopped)


def _near(before: Array, way: Places, move: Array) -> Places:
    """The paths whose first move reaches the next level: nothing is forced on the others."""
    distance = way * ((level_of(before) - LEVELS // 2 + 0.5) * STEP - before)
    return np.flatnonzero(move >= distance)


def _stops(distance: Array, away: Array, waiting: Marks) -> Marks:
    """At which of the levels the waiting stop orders lie: the first that is as far as they are."""
    past = (distance >= away[:, None]) & waiting[:, None]
    past[:, 1:] &= ~past[:, :-1]
    return past


def _settle(book: Book, side: Places, sold: Array, deleveraged: Array, lost: Array) -> None:
    """Book what was liquidated: open interest, the fund, and the other side where it was
    matched."""
    rows = np.arange(len(sold))
    book.interest[side, rows] = np.maximum(book.interest[side, rows] - sold, 0.0)
    book.fund[:] = np.maximum(book.fund - lost, 0.0)
    for path in np.flatnonzero(deleveraged):
        other = 1 - side[path]
        there = book.interest[other, path]
        keep = max(1 - deleveraged[path] / there, 0.0) if there > 0 else 0.0
        book.levels[path, other] *= keep
        book.interest[other, path] = there * keep
