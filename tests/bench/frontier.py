"""Two slices through time: the whole first-passage curve, every day up to the horizon."""

from __future__ import annotations

from functools import partial

import numpy as np

from causal.model.network import CausalModel
from causal.query.assignment import Hard
from causal.query.event import condition, conditions
from causal.query.intervention import Schedule
from causal.query.query import Query
from tests.bench import ours
from tests.bench.clock import Work, fastest, interleaved, once
from tests.bench.limits import Limits
from tests.bench.networks import drawn, two_slices
from tests.bench.settings import Settings, agreed
from tests.bench.slices import Curve, Slices, flagged, soft, unrolled
from tests.bench.table import Row, Topic

GRID = ((6, 3), (7, 3), (8, 3), (9, 3), (8, 4))
HORIZONS = (5, 10, 30)
WORK = 5_000_000_000  # multiply-adds of a round: fewer draws where a draw costs more
TILES = 256  # draws that keep both cores equally busy

HOW = """P(last variable in its worst state within h days | do(first = worst on day 1), second =
worst today) for every h up to the horizon: the **whole curve**, seconds **per draw**. Ours is the
curve of a `causal.ask`, whole, with licence and support (its base rate is kept after the first).
All variables persist; interface states are states to the power of variables. pyAgrum: tables filled
in place, the fastest of three ways: a flag "has happened" in `KTBNInference` (whole curve in one
pass), soft evidence "not the event" in `KTBNInference` (one run a day; tried at H = 5, slower
beyond), soft evidence in the unrolled network with LazyPropagation (added day by day; left out
where its triangulation explodes). "one horizon only" is the same peer asked for the last day alone,
by the fastest of the ways that can. Peers run 1 to 3 draws a round; ours runs the draws in the
second column, at most 1,000."""


def measure(settings: Settings, limits: Limits) -> Topic:
    ours.warm()
    grid = GRID[:1] if settings.quick else GRID
    horizons = HORIZONS[:2] if settings.quick else HORIZONS
    rows = [_contest(n, k, h, settings) for n, k in grid for h in horizons]
    return Topic("frontier", "Two slices through time", tuple(rows), HOW)


def question(model: CausalModel, horizon: int) -> Query:
    """A shock on day 1, something bad seen today, the worst state of the last variable asked."""
    graph = model.graph
    worst, names = graph.variables[0].states[-1], graph.names
    return Query(
        (condition(graph, names[-1], worst),),
        conditions(graph, {names[1]: worst}),
        (Schedule(Hard(names[0], worst), first=1, last=1),),
        within=horizon,
    )


def _contest(variables: int, states: int, horizon: int, settings: Settings) -> Row:
    point = two_slices(variables, states)
    query = question(point, horizon)
    cost = ours.cost(point, query)
    draws = min(1_000, max(TILES, WORK // cost.operations // TILES * TILES))
    model = drawn(point, draws)
    mine = ours.curve(model, query)
    sample = 3 if variables < 8 else 1
    slices = Slices(model, horizon, range(3))
    whole, last, worst = ways(slices, mine)
    way = fastest({w: partial(c, 0) for w, c in whole.items()}, rounds=1)
    single = fastest({w: partial(c, 0) for w, c in last.items()}, rounds=1)
    contest: dict[str, Work] = {
        "ours": lambda: ours.curve(model, query),
        "pyAgrum": partial(_some, whole[way], sample),
        "pyAgrum, one horizon only": partial(_some, last[single], sample),
    }
    found = interleaved(contest, rounds=settings.rounds, budget=settings.budget / 2)
    times = {n: t.median / (draws if n == "ours" else sample) for n, t in found.items()}
    return Row(
        f"{variables} x {states}, H = {horizon}",
        times["ours"],
        {n: t for n, t in times.items() if n != "ours"},
        {"pyAgrum": 200 if (variables, states, horizon) == (8, 3, 30) else 20},
        worst,
        {
            "draws": f"{draws:,}",
            "interface": f"{states**variables:,}",
            "Gflop/s": f"{2e-9 * cost.operations / times['ours']:.1f}",
            "ways": f"{way}; one horizon: {single}",
        },
    )


def ways(slices: Slices, mine: object) -> tuple[dict[str, Curve], dict[str, Curve], float]:
    """Ways for the whole curve and for its last day, each held against ours on two draws."""
    curve = np.asarray(mine)
    days, end = range(1, slices.horizon + 1), [slices.horizon]
    whole: dict[str, Curve] = {"flag": flagged(slices)}
    last: dict[str, Curve] = {"soft": soft(slices, end)}
    if slices.horizon == 5:  # beyond, one run a day loses to the flag at every size
        whole["soft"] = soft(slices, days)
    if _unrolled_may_win(slices, once(partial(whole["flag"], 0))):
        whole["unrolled"] = unrolled(slices, days)
        last["unrolled"] = unrolled(slices, end)
    worst = 0.0
    for draw in range(2):
        for name, way in whole.items():
            worst = max(worst, agreed(name, curve[:, draw], way(draw)))
        for name, way in last.items():
            worst = max(worst, agreed(name, curve[-1:, draw], way(draw)))
    return whole, last, worst


def _unrolled_may_win(slices: Slices, flag: float) -> bool:
    """Tried at the shorter horizons first: nothing can stop a triangulation that explodes.

    At its own horizon one probability must come sooner than the flag's whole curve.
    """
    for horizon in (h for h in HORIZONS if h <= slices.horizon):
        early = unrolled(Slices(slices.model, horizon, range(1)), [horizon])
        if once(partial(early, 0)) * slices.horizon / horizon > flag:
            return False
    return True


def _some(curve: Curve, count: int) -> None:
    for draw in range(count):
        curve(draw)
