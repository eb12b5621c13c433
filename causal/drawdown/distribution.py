"""The distribution of the worst drawdown over some days, per posterior draw, and its grid error.

Every draw runs on a coarse grid of spacing h.  The grid's error e_h = p_h - p is smooth in the
tables, so that it is nearly the same at every draw: at the posterior mean it is computed, on a grid
four times as fine, and taken off every draw (defect correction, Stetter 1978):

    p(draw) = p_h(draw) + p_(h/4)(mean) - p_h(mean).

What then remains, by how much e_h differs from draw to draw, is measured on a few draws on a grid
twice as fine, and reported as the grid error (docs/decisions/0005-drawdown-on-a-grid.md).  Days
whose date is not known go the same way: the draws take open and closed days as independent, the
posterior mean and the check run over the weekdays (docs/decisions/0015-the-calendar-as-it-is.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.drawdown.augmented import at_the_mean, hit_probability, with_distance
from causal.drawdown.grid import nodes, refined
from causal.drawdown.unit import mixed, stretched, unit_factors
from causal.errors import QueryError
from causal.model.network import CausalModel
from causal.model.returns import USUAL, MoveCounts
from causal.query.query import Query
from causal.query.unrolled import Unrolled
from causal.query.validation import without_price
from causal.text import written

CHECKED = 8  # draws on which the correction is checked
FINE = 2  # refinements at the posterior mean: a spacing of a quarter
STEPS = 400  # places at which a distribution is read between its nodes
COARSE = 0.02  # a grid error of a probability beyond which no number is given
FAINT = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """What a drawdown is measured on.

    ``usual``: the usual volatility, a log return a day; ``grid``: distances in its units, (nodes,);
    ``low``: it is measured to the day's low, not to the close.
    """

    moves: MoveCounts
    usual: float
    grid: Array
    low: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class WorstDrawdown:
    """P(D >= depth) for the worst log drawdown D = -min ln(close_t / close_0) >= 0, at every draw.

    ``depths``: log distances from 0 up, (nodes,); ``chance``: (nodes, draws), never rising with
    depth; ``error``: root mean square of what the grid leaves wrong in it, (nodes,).  Behind them,
    each with its depths: ``plain``, the draws before correction; ``mean`` and ``coarse``, the
    posterior mean on the fine and on the coarse grid; ``checked``, the first draws on a grid in
    between.  Where the unit is uncertain every draw has its own, and the mean mixes them.
    """

    depths: Array
    chance: Array
    error: Array
    plain: Array
    coarse: Array
    mean: tuple[Array, Array]
    checked: tuple[Array, Array]

    def reaches(self, threshold: float) -> Array:
        """P(worst drawdown <= threshold), (draws,); ``threshold`` is a return below zero."""
        found: Array = self.chance[self.place(threshold)].copy()  # its own: this may be kept
        return found

    def place(self, threshold: float) -> int:
        """The node of a threshold."""
        return int(np.abs(self.depths + np.log1p(threshold)).argmin())

    def of(self, functional: Callable[[Array, Array], Array]) -> tuple[Array, float]:
        """A functional of the distribution, (draws,), and its error (root mean square).

        ``functional(depths, chance)`` takes chances (nodes, draws).  It is corrected as the chances
        are, by its own values on the three grids: f(draw) + f(fine mean) - f(coarse mean).
        """
        found = functional(self.depths, self.plain)
        found = found + functional(*self.mean) - functional(self.depths, self.coarse)
        exact = functional(*self.checked)
        return found, float(np.sqrt(np.mean((found[: len(exact)] - exact) ** 2)))


def worst_drawdown(model: CausalModel, price: Price, unrolled: Unrolled, day: int) -> WorstDrawdown:
    """The worst drawdown on days 1 to ``day`` of a question's days; its event is not looked at.

    Raises ImpossibleEvidenceError, and QueryError where the grid is too coarse for its moves.
    """
    grid = price.grid

    def chance(of: CausalModel, on: Array, asked: Unrolled, first: int | None = None) -> Array:
        distance = with_distance(of, price.moves, on, price.usual, low=price.low, first=first)
        return hit_probability(distance, asked, day)[::-1]

    point, half, fine = at_the_mean(model), refined(grid), refined(grid, FINE)
    # The mean over weekdays costs a week for a day: every draw has independent days instead, and
    # what that leaves wrong is taken off, and checked, with the error of the grid.
    rough = unrolled if unrolled.tells_a_closed_day else unrolled.independent
    mean, coarse = chance(point, fine, unrolled), chance(point, grid, rough)
    plain = chance(model, grid, rough) if model.draws > 1 else coarse
    checked = chance(model, half, unrolled, min(CHECKED, model.draws))
    spread = price.moves.declared.spread
    unit = _unit(model, spread)
    grids = (grid, plain), (fine, mean), (grid, coarse), (half, checked)
    corrected, error = _corrected(unit, *grids)
    # A mixture of units smooths over a grid that is too coarse: the nodes themselves tell.
    worst = _corrected(_unit(model, 0.0), *grids)[1] if spread else error
    if spread:
        plain, checked = unit(grid, plain, grid), unit(half, checked, half)[:, : checked.shape[-1]]
        coarse, mean = mixed(grid, coarse, grid, spread), mixed(fine, mean, fine, spread)
    if not (worst <= COARSE).all():
        raise QueryError(
            f"The grid error of this drawdown is above {COARSE:g}.",
            f"The deepest threshold lies so many usual moves of {price.usual:.2%} away that the "
            f"grid, {len(grid)} distances, is too coarse for one of them.",
            "Ask for shallower thresholds, or for a higher usual volatility.",
        )
    return WorstDrawdown(
        depths=grid * price.usual,
        chance=np.minimum.accumulate(np.clip(corrected, 0.0, 1.0), axis=0),
        error=error,
        plain=plain,
        coarse=coarse,
        mean=(fine * price.usual, mean),
        checked=(half * price.usual, checked),
    )


def _corrected(
    unit: Callable[[Array, Array, Array], Array],
    plain: tuple[Array, Array],
    mean: tuple[Array, Array],
    coarse: tuple[Array, Array],
    checked: tuple[Array, Array],
) -> tuple[Array, Array]:
    """Chances on the first grid put right at the mean, (nodes, draws), and their error, (nodes,).

    Each is a grid and the chances on it, (nodes, draws), which ``unit`` reads at other nodes.
    """
    at, first = plain[0], checked[1].shape[-1]
    found = unit(*plain, at) + unit(*mean, at) - unit(*coarse, at)
    exact = unit(*checked, at)[:, :first]
    return found, np.sqrt(((found[:, :first] - exact) ** 2).mean(axis=-1))


def _unit(model: CausalModel, spread: float) -> Callable[[Array, Array, Array], Array]:
    """How chances on the nodes of a grid are read at others: (grid, chance, at) -> (at, draws).

    Without a spread ``at`` are nodes of the grid, and the chances are taken as they are.
    """
    if not spread:
        return lambda grid, chance, at: chance[np.searchsorted(grid, at)]
    if model.draws == 1:
        return lambda grid, chance, at: mixed(grid, chance, at, spread)
    own = unit_factors(model.draws, model.fit.seed if model.fit is not None else 0, spread)

    def read(grid: Array, chance: Array, at: Array) -> Array:
        some = own if chance.shape[-1] == 1 else own[: chance.shape[-1]]
        return stretched(grid, chance, at, some)

    return read


def expected(depths: Array, chance: Array) -> Array:
    """E[1 - min close / close] = E[1 - e^-D], a share of the price, (draws,).

    By parts it is int_0^inf P(D >= x) e^-x dx, since D >= 0.
    """
    return shortfall(1.0)(depths, chance)


def shortfall(share: float) -> Callable[[Array, Array], Array]:
    """Expected shortfall: the mean drawdown in the worst ``share`` s of cases, as a functional.

    (1 / s) int_0^inf min(P(D >= x), s) e^-x dx: of the cases that reach x only the worst s count
    (Acerbi & Tasche 2002).
    """

    def worst(depths: Array, chance: Array) -> Array:
        x = np.linspace(0.0, depths[-1], STEPS)
        weight = np.exp(-x) * np.gradient(x)
        weight[[0, -1]] /= 2
        found: Array = weight @ np.minimum(_read_at(depths, chance, x), share) / share
        return found

    return worst


def _read_at(depths: Array, chance: Array, x: Array) -> Array:
    """Chances at depths ``x``, linear in their logarithm between the nodes, (len(x), draws)."""
    logs = np.log(np.maximum(chance, FAINT))
    right = np.clip(np.searchsorted(depths, x), 1, len(depths) - 1)
    part = ((x - depths[right - 1]) / (depths[right] - depths[right - 1]))[:, None]
    found: Array = np.exp(logs[right - 1] * (1 - part) + logs[right] * part)
    return found


def quantile(depths: Array, chance: Array, shares: Sequence[float]) -> tuple[float, ...]:
    """The drawdown that is exceeded with probability 1 - q, as a share of the price; one draw.

    ``chance``: (nodes, 1).  Zero where fewer than 1 - q of the cases fall at all.
    """
    x = np.linspace(0.0, depths[-1], STEPS)
    curve = np.minimum.accumulate(_read_at(depths, np.clip(chance, 0.0, 1.0), x)[:, 0])
    found = [np.interp(1 - q, curve[::-1], x[::-1]) if curve[0] > 1 - q else 0.0 for q in shares]
    return tuple(float(-np.expm1(-d)) for d in found)


def price(
    model: CausalModel,
    thresholds: Sequence[float],
    days: int,
    *,
    variable: str | None = None,
    low: bool = False,
    usual: float | None = None,
) -> Price:
    """The price behind a model, and a grid for some thresholds and horizons up to ``days``.

    ``variable``: whose price it is; None: the one that the model has.
    Raises QueryError when the model has no price, not this one, no low, or ``usual`` is no
    volatility.
    """
    moves = model.fit.moves if model.fit is not None else None
    if variable is not None and variable not in model.priced:
        raise without_price(variable, model.priced)
    if moves is None:
        raise QueryError(
            f"`{model.name}` knows no price: its story has no section [moves].",
            "A drawdown is made of daily moves, and none were fitted.",
            "Add [moves] to the story and fit it again, or use the shipped model.",
        )
    if low and not moves.declared.low:
        raise QueryError(
            f"`{model.name}` has no daily low: [moves] names none.",
            "Only drawdowns from close to close can be computed.",
            'Ask with `price="close"`, or name the column of the low in the story.',
        )
    scale = moves.usual if usual is None else usual
    if isinstance(scale, bool) or not isinstance(scale, int | float) or not USUAL <= scale <= 1:
        raise QueryError(
            f"{written(scale)} is no usual volatility.",
            "It is the size of an ordinary day's move as a log return: 0.025 is 2.5 % a day.",
            f"Give a number from {USUAL:g} to 1, or leave it out for the last one in the data.",
        )
    grid = nodes((-math.log1p(level) / scale for level in thresholds), days)
    return Price(moves, float(scale), grid, low)


def carriers(model: CausalModel, query: Query) -> frozenset[str]:
    """The event's variables; of a drawdown the one whose moves it is, by its name or the model's.

    A query without an event is a ladder's.  Raises UnknownVariableError, and QueryError for a
    drawdown of a variable without a price.
    """
    if query.event:
        return frozenset(c.variable for c in query.event)
    if query.drawdown is None or query.drawdown.variable is None:
        return frozenset(model.priced)
    name = model.graph.variable(query.drawdown.variable).name
    if name not in model.priced:
        raise without_price(name, model.priced)
    return frozenset({name})
