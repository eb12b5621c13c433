"""The chance of a drawdown from every state that a day may end in: one backward pass, all days.

With i the persistent variables of day 0, x the distance to the threshold in usual moves,

    V_H(i, x) = P(hit by day H | i_0 = i, x_0 = x)

(see ``augmented.py`` for ``hit``, and ``infer/backward.py`` for the pass).  What is known as of a
day gives P(i_0 | evidence), and its usual volatility m says where V is read:

    P(drawdown <= L within H | evidence) = sum_i P(i_0 = i | evidence) V_H(i, -ln(1 + L) / m).

So a ladder is asked as of thousands of days for the price of one, at the posterior mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from causal.contract.array import Array
from causal.drawdown.augmented import at_the_mean, with_distance
from causal.drawdown.grid import nodes, refined
from causal.drawdown.unit import FAINT, weighed
from causal.graph.variable import unlagged
from causal.infer.backward import reversed_days, value
from causal.infer.forward import impossible, last_joint
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.model.returns import MoveCounts
from causal.query.event import Condition
from causal.query.query import Query
from causal.query.unrolled import settled, unroll

COARSE, HALVINGS = 24, 2  # nodes of the grid before it is refined, and how often it is
FAR = 3.0  # standard deviations of the unit that the grid reaches


@dataclass(frozen=True, slots=True, eq=False)
class StateValue:
    """V_H of one horizon ``days``: ``chance`` over the states of ``names`` and the nodes of a grid.

    ``names`` are the persistent variables that the future rests on; ``grid``: distances from 0 up
    in usual moves, (nodes,); ``chance``: (*sizes of ``names``, nodes), never rising with distance.
    ``spread``: of the unit, see ``unit.py``.
    """

    days: int
    names: tuple[str, ...]
    grid: Array
    chance: Array
    spread: float = 0.0

    def read(self, distances: Array) -> Array:
        """V at any distances, the units mixed, shape (*sizes, len(distances))."""
        parts = zip(*weighed(self.spread), strict=True)
        found: Array = sum(
            (weight * self._at(distances / factor) for factor, weight in parts), np.zeros(1)
        )
        return found

    def _at(self, distances: Array) -> Array:
        """V at distances in one unit, linear in its logarithm between nodes."""
        logs = np.log(np.clip(self.chance, FAINT, 1.0))
        right = np.clip(np.searchsorted(self.grid, distances), 1, len(self.grid) - 1)
        gap = self.grid[right] - self.grid[right - 1]
        part = np.clip((distances - self.grid[right - 1]) / gap, 0.0, 1.0)
        found: Array = np.exp(logs[..., right - 1] * (1 - part) + logs[..., right] * part)
        return np.where(found > 2 * FAINT, found, 0.0)


def state_values(
    model: CausalModel, moves: MoveCounts, horizons: Sequence[int], farthest: float
) -> tuple[StateValue, ...]:
    """V_H at the posterior mean for every horizon H (days), to the worst close.

    ``farthest``: the longest distance in usual moves that will be read.  One value serves all days,
    so sessions are those of independent days.  Raises QueryError where the model has no days, or
    the kernel does not fit in the memory budget.
    """
    spread = moves.declared.spread
    grid = refined(nodes((farthest * np.exp(FAR * spread),), max(horizons), COARSE), HALVINGS)
    distance = with_distance(at_the_mean(model), moves, grid, 1.0)
    hit = {distance.name: (np.arange(distance.hit + 1) == distance.hit).astype(np.float64)}
    found = []
    for days in horizons:
        asked = distance.started(
            unroll(model.graph, Query((), within=days, independent=True)),
            np.ones(distance.hit + 1),
        )
        seeing = {d: {**asked.seeing[d], **(hit if d == days else {})} for d in asked.days}
        asked = replace(asked, seeing=seeing, event={}, event_days=frozenset())
        passed = reversed_days(asked, until=1)
        chance = value(distance.model, passed)[..., :-1, 0][..., ::-1]
        names = tuple(map(unlagged, passed[-1].frontier))[:-1]
        chance = np.minimum.accumulate(np.clip(chance, 0.0, 1.0), axis=-1)
        found.append(StateValue(days, names, grid, chance, spread))
    return tuple(found)


def state_of_today(model: CausalModel, given: tuple[Condition, ...], names: Sequence[str]) -> Array:
    """P(i_0 | evidence) over the states of ``names`` at the posterior mean, shape (*sizes,).

    ``given`` is evidence about today and the day before.  Raises ImpossibleEvidenceError.
    """
    mean = at_the_mean(model)
    asked = unroll(mean.graph, Query((), given, within=1, independent=True))
    asked = replace(
        asked,
        days=tuple(d for d in asked.days if d <= 0),
        event={},
        event_days=frozenset(),
        kept=tuple(names),
    )
    days = compile_slices(asked)
    joint, scale = last_joint(mean, days)
    if not np.isfinite(scale).all():
        raise impossible(given)
    fixed = settled(asked, 0)
    axes = days[-1].plan.output
    assert axes == tuple(n for n in mean.graph.names if n in names and n not in fixed)
    order = [n for n in mean.graph.names if n in names]
    place = tuple(fixed.get(n, slice(None)) for n in order)
    whole = np.zeros([mean.graph.size(n) for n in order])
    whole[place] = joint[..., 0] / joint[..., 0].sum()
    found: Array = whole.transpose([order.index(n) for n in names])
    return found
