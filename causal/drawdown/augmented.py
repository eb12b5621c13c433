"""A drawdown as a variable: the model joined by the price's distance to a threshold.

The distance x_t = ln(close_t / ((1 + L) close_0)) of day t to the threshold L depends on x_(t-1)
and the day's cell (the variable whose move it is, and those that its moves are given by):
x_t = x_(t-1) + move_t, and a distance that has been zero or below stays in the state ``hit``.  Its
table is the kernel of ``grid.py``.  A drawdown is then a state of one more variable:

    P(min over days 1..H of close_t / close_0 - 1 <= L | do, e) = P(x_H = hit | do, e),

with x_0 = -ln(1 + L) set on day 0 (an absorbing state: Kemeny & Snell 1960, chapter 3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from causal import limit
from causal.contract.array import Array
from causal.contract.plan import plan
from causal.contract.slice import Slice
from causal.drawdown.grid import kernel
from causal.errors import QueryError
from causal.graph.variable import Edge, Variable, lagged
from causal.infer.backward import reversed_days
from causal.infer.forward import impossible, last_joint
from causal.infer.frontier import factors
from causal.memo import Memo
from causal.model.augment import augmented, first_draws
from causal.model.network import CausalModel
from causal.model.returns import MoveCounts
from causal.model.table import DRAW, Table
from causal.query.unrolled import Unrolled
from causal.query.week import weekly

NAME = "drawdown"
HIT = "hit"
KEPT = 4  # joined models kept with a model: each holds a table of some 30 MB at 2,000 draws


@dataclass(frozen=True, slots=True, eq=False)
class DistanceModel:
    """A model joined by the distance: its variable's ``name``, and its states' distances.

    ``distances``: log returns, farthest first, shape (nodes,); the state after them is ``hit``.
    """

    model: CausalModel
    name: str
    distances: Array

    @property
    def hit(self) -> int:
        """Index of the state ``hit``."""
        return len(self.distances)

    def node(self, threshold: float) -> int:
        """Index of the state that a threshold starts from; ``threshold`` is a return, -0.1."""
        return int(np.abs(self.distances + np.log1p(threshold)).argmin())

    def started(self, unrolled: Unrolled, weights: Array) -> Unrolled:
        """The days of a question to the joined model; ``weights`` set the distance of day 0."""
        doing = {day: dict(some) for day, some in unrolled.doing.items()}
        doing[0] = {**doing.get(0, {}), self.name: weights}
        graph = weekly(self.model.graph)[0] if unrolled.week else self.model.graph
        return replace(unrolled, graph=graph, doing=doing)

    def asked(self, unrolled: Unrolled, days: int, start: int) -> Unrolled:
        """The question whether ``hit`` is reached on days 1 to ``days``, from the state ``start``.

        An ordinary question to the joined model, as ``causal.ask`` grounds one.
        """
        found = self.started(unrolled, self._only(start))
        return replace(
            found, event={self.name: self._only(self.hit)}, event_days=frozenset(range(1, days + 1))
        )

    def _only(self, state: int) -> Array:
        weights = np.zeros(self.hit + 1)
        weights[state] = 1.0
        return weights


def with_distance(
    model: CausalModel,
    moves: MoveCounts,
    grid: Array,
    usual: float,
    *,
    low: bool = False,
    first: int | None = None,
) -> DistanceModel:
    """``model`` joined by the distance on a grid; the last few joined models are kept with it.

    ``grid``: distances in usual moves (see ``grid.nodes``), (nodes,); ``usual``: the usual move as
    a log return a day.  ``low``: a day hits when its low does.  ``first``: only so many draws, each
    the same as without.  Raises QueryError where the kernel does not fit in the memory budget.
    """
    key = (grid.tobytes(), low, first)
    name = NAME
    while name in model.graph.names:
        name += "'"

    def joined() -> CausalModel:
        seed = model.fit.seed if model.fit is not None else 0
        draws = model.fit.draws if model.fit is not None else model.draws
        _afford(moves, len(grid) + 1, draws, first or draws)
        shares = moves.shares(0 if draws == 1 and model.fit is None else draws, seed)
        some = model if first is None else first_draws(model, first)
        values = kernel(grid, moves, shares[..., :first], low=low)
        return _joined(some, name, moves, values)

    found = model.kept.made("with distance", lambda: Memo(KEPT)).made(key, joined)
    return DistanceModel(found.under(model.interventions), name, grid[::-1] * usual)


def _afford(moves: MoveCounts, nodes: int, draws: int, first: int) -> None:
    """Raise QueryError where the shares of moves, and the kernel made of them, do not fit.

    Drawing takes twice what is drawn, the kernel two and a half times itself (measured).
    """
    *cells, bins = moves.alpha.shape
    shares, made = 2 * bins * max(draws, 1), 2.5 * nodes**2 * max(first, 1)
    limit.afford(
        8 * prod(cells) * (shares + made),
        f"{draws:,} draws of the moves of `{moves.declared.close}`, "
        f"on a grid of {nodes} distances,",
        "Ask with fewer draws or fewer thresholds",
        QueryError,
    )


def at_the_mean(model: CausalModel) -> CausalModel:
    """The model at its posterior mean, nothing done to it."""
    return model if model.draws == 1 else model.mean().under(())


def _joined(model: CausalModel, name: str, moves: MoveCounts, values: Array) -> CausalModel:
    states = (*(f"d{i}" for i in range(values.shape[0] - 1, 0, -1)), HIT)
    cell = moves.declared.cell
    return augmented(
        model,
        Variable(name, states, start=()),
        (Edge(name, name, 1), *(Edge(cause, name) for cause in cell)),
        Table((lagged(name), *cell, name, DRAW), values),
        Table((name, DRAW), np.full((len(states), 1), 1 / len(states))),
    )


def hit_probability(distance: DistanceModel, unrolled: Unrolled, day: int) -> Array:
    """P(hit by ``day`` | do, evidence) from every distance, farthest first, (nodes, draws).

    One backward pass answers all thresholds, since a threshold is nothing but a distance on day 0.
    With that distance left open the pass ends in

        J(x) = P(evidence, x_day = hit | do, x_0 = x).

    Nothing of the story depends on the distance, and what has hit stays hit, so that
    J(hit) = P(evidence | do), and J(x) / J(hit) is what is asked, for every x.
    Raises ImpossibleEvidenceError where the evidence has probability zero.
    """
    size = distance.hit + 1
    asked = distance.started(unrolled, np.ones(size))
    hit = {distance.name: (np.arange(size) == distance.hit).astype(np.float64)}
    days = tuple(d for d in unrolled.days if d <= max(day, unrolled.last_seen))
    seeing = {d: {**unrolled.seeing[d], **(hit if d == day else {})} for d in days}
    asked = replace(asked, days=days, seeing=seeing, event={}, event_days=frozenset())
    joint, _ = last_joint(distance.model, _reversed(asked, distance.name, distance.model.draws))
    scale = joint[-1]
    if not (scale > 0).all():
        raise impossible(())
    found: Array = joint[:-1] / scale
    return found


def _reversed(unrolled: Unrolled, name: str, batch: int) -> tuple[Slice, ...]:
    """Reversed days, the kernel of the distance contracted by itself before the rest of its day.

    Greedy orders leave the kernel, the largest table, to the end, when one more axis is open.  So a
    day becomes two: flow(x', frontier) K(x, cell, x') summed over x', then all its other factors.
    """
    found: list[Slice] = []
    for day in reversed_days(unrolled, kept=(name,), batch=batch):
        place = next(
            (i for i, o in enumerate(factors(day)) if o.source == name and lagged(name) in o.axes),
            None,
        )
        if place is None or not day.past:
            found.append(day)
            continue
        own, flow = day.operands[place], day.plan.inputs[0]
        rest = (*day.operands[:place], *day.operands[place + 1 :])
        between = tuple(a for a in dict.fromkeys((*flow, *own.axes)) if a != name)
        steps = [((flow, own.axes), between), ((between, *(o.axes for o in rest)), day.plan.output)]
        plans = []
        for inputs, output in steps:
            sizes = {a: unrolled.graph.size(a) for axes in inputs for a in axes}
            plans.append(plan(inputs, tuple(sorted(sizes.items())), output, batch))
        found.append(replace(day, plan=plans[0], operands=(own,), frontier=between))
        found.append(replace(day, plan=plans[1], operands=rest))
    return tuple(found)
