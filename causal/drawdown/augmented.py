"""A drawdown as a variable: the model joined by ``depth``, the price's distance to a threshold.

depth_t depends on depth_(t-1) and the day's cell (the variable whose move it is, and those that its
moves are given by); its table is the kernel of ``grid.py``.  Then every verb works on a drawdown:
P(min over days 1..H of close_t / close_0 - 1 <= L | do, evidence) = P(depth = hit on day H), with
depth set on day 0 to x = -ln(1 + L).
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

DEPTH = "drawdown"
HIT = "hit"
KEPT = 4  # joined models kept with a model: each holds a table of some 30 MB at 2,000 draws


@dataclass(frozen=True, slots=True, eq=False)
class Deep:
    """A model joined by ``depth``: the variable's name, and its distances, farthest first.

    Distances are log returns: ``grid`` in usual moves times the usual volatility ``usual``.
    """

    model: CausalModel
    name: str
    distances: Array

    @property
    def hit(self) -> int:
        """Index of the state ``hit``."""
        return len(self.distances)

    def at(self, threshold: float) -> int:
        """Index of the node that a threshold starts from; ``threshold`` is a return, -0.1."""
        return int(np.abs(self.distances + np.log1p(threshold)).argmin())

    def started(self, unrolled: Unrolled, depth: Array) -> Unrolled:
        """The world of a question to the joined model, ``depth`` set on day 0 to these weights."""
        doing = {day: dict(weights) for day, weights in unrolled.doing.items()}
        doing[0] = {**doing.get(0, {}), self.name: depth}
        return replace(unrolled, graph=self.model.graph, doing=doing)


def deepened(
    model: CausalModel,
    moves: MoveCounts,
    grid: Array,
    usual: float,
    *,
    low: bool = False,
    first: int | None = None,
) -> Deep:
    """``model`` joined by ``depth`` on a grid (see ``grid.nodes``); kept with the model.

    ``first``: only so many of its draws, each the same draw as without.
    """
    key = (grid.tobytes(), low, first)
    name = DEPTH
    while name in model.graph.names:
        name += "'"

    def made() -> CausalModel:
        seed = model.fit.seed if model.fit is not None else 0
        draws = model.fit.draws if model.fit is not None else model.draws
        _afford(moves, len(grid) + 1, draws, first or draws)
        shares = moves.shares(0 if draws == 1 and model.fit is None else draws, seed)
        some = model if first is None else first_draws(model, first)
        values = kernel(grid, moves, shares[..., :first], low=low)
        return _joined(some, name, moves, values)

    joined = model.kept.made("depths", lambda: Memo(KEPT)).made(key, made)
    return Deep(joined.under(model.interventions), name, grid[::-1] * usual)


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


def averaged(model: CausalModel) -> CausalModel:
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


def fallen(deep: Deep, unrolled: Unrolled, day: int) -> Array:
    """P(hit by ``day`` | do, evidence) from every distance, farthest first, (nodes, draws).

    One backward pass answers all thresholds, since a threshold is a distance on day 0.  The row of
    ``hit`` is P(evidence), by which the others are divided.
    """
    size = deep.hit + 1
    asked = deep.started(unrolled, np.ones(size))
    struck = {deep.name: (np.arange(size) == deep.hit).astype(np.float64)}
    days = tuple(d for d in unrolled.days if d <= max(day, unrolled.last_seen))
    seeing = {d: {**unrolled.seeing[d], **(struck if d == day else {})} for d in days}
    asked = replace(asked, days=days, seeing=seeing, event={}, event_days=frozenset())
    joint, _ = last_joint(deep.model, _reversed(asked, deep.name, deep.model.draws))
    scale = joint[-1]
    if not (scale > 0).all():
        raise impossible(())
    found: Array = joint[:-1] / scale
    return found


def _reversed(unrolled: Unrolled, name: str, batch: int) -> tuple[Slice, ...]:
    """Reversed days, the kernel of ``depth`` contracted by itself before the rest of its day.

    Greedy orders leave the kernel, the largest table, to the end, when one more axis is open.
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
