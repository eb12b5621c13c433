"""A sweep: a thousand scenarios times a thousand draws of a horizon, on the shipped model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import causal
from causal.model.network import CausalModel, fitted
from causal.query.event import conditions
from causal.query.query import Query
from causal.query.scenarios.scenario import Scenario, grid, resolved
from tests.bench import ours
from tests.bench.clock import fastest, interleaved
from tests.bench.cold import SHIPPED
from tests.bench.limits import Limits
from tests.bench.networks import Array
from tests.bench.settings import Settings, agreed
from tests.bench.table import Row, Topic
from tests.bench.unrolled import Horizon, Seen

SCENARIOS, DRAWS, DAYS, CHECKED = 1_000, 1_000, 7, 2
EVENT = {"bitcoin": "crash"}
DO = {
    "geopolitics": [None, "calm", "elevated", "escalation", "escalation for 2d"],
    "leverage": [None, "low", "mid", "high", "low for 2d"],
}
GIVEN = {
    "bitcoin": ["calm", "fall", "crash"],
    "volatility": ["normal", "high"],
    "near_support": ["far", "middle", "near"],
    "equity_drawdown": ["shallow", "deep"],
    "crypto_selling": ["normal", "selling", "heavy"],
}
LIMIT, GOAL = 30.0, 250.0

HOW = """P(bitcoin=crash within 7d | do(...), evidence) on the shipped model for 1,000 distinct
scenarios by lot out of 2,700: 25 dos (geopolitics and leverage left alone, set, or set for two
days), 108 states of five variables seen today. Seconds for all 1,000 draws. "ours" is
`causal.sweep` in a warm process, whole: intervals, paired contrasts, licence and support of every
row, first held against `causal.ask`. "pyAgrum loop" fills the unrolled network of a do with a draw
and changes the evidence of the same engine, or does so with a flag in `KTBNInference`, whichever is
faster; "pyAgrum joint" asks the unrolled network for two joint posteriors over the five variables a
do and a draw, which is the cleverest way that we know of. **The peers run all scenarios of three of
the dos under one draw, and their time is scaled** to 1,000 scenarios and 1,000 draws; they give
numbers alone."""


def measure(settings: Settings, limits: Limits) -> Topic:
    title = "A sweep through time"
    if not SHIPPED.is_file():
        return Topic("sweep", title, (), HOW, ("No model is shipped in this checkout.",))
    ours.warm()
    count = 100 if settings.quick else SCENARIOS
    model = with_draws(causal.load(SHIPPED), DRAWS)
    asked = scenarios(model, count)
    groups = by_do(model, asked)
    sample = [groups[i] for i in (0, len(groups) // 2, len(groups) - 1)]
    sides = [Horizon(model, some[0], range(CHECKED)) for some in sample]
    worst, way = checked(model, sample, sides)
    seen = [[states(model, q) for q in some] for some in sample]

    def loop() -> None:
        for side, some in zip(sides, seen, strict=True):
            (side.loop if way == "unrolled" else side.flag)(0, some)

    def joint() -> None:
        for side, some in zip(sides, seen, strict=True):
            side.joint(0, some)

    found = interleaved(
        {
            "ours": lambda: causal.sweep(model, asked, EVENT, within=DAYS),
            "pyAgrum loop": loop,
            "pyAgrum joint": joint,
        },
        rounds=settings.rounds,
        budget=4 * settings.budget,
    )
    done = sum(map(len, sample))
    row = Row(
        f"{count:,} scenarios ({len(groups)} dos), {DRAWS:,} draws",
        found["ours"].median,
        {
            "pyAgrum loop": found["pyAgrum loop"].median * DRAWS * count / done,
            "pyAgrum joint": found["pyAgrum joint"].median * DRAWS * len(groups) / len(sample),
        },
        {"pyAgrum loop": GOAL},
        worst,
        {"timed of the peers": f"{done} scenarios, 1 draw; loop: {way}"},
    )
    reached = "reached" if found["ours"].median <= LIMIT else "**missed**"
    return Topic("sweep", title, (row,), HOW, (f"At most {LIMIT:g} s: {reached}.",))


def with_draws(model: CausalModel, draws: int) -> CausalModel:
    """The same posterior with another number of draws."""
    assert model.fit is not None
    return fitted(model.graph, replace(model.fit, draws=draws))


def question(model: CausalModel) -> Query:
    return Query(conditions(model.graph, EVENT), within=DAYS)


def scenarios(model: CausalModel, count: int, *, seed: int = 5) -> tuple[Scenario, ...]:
    """Distinct scenarios by lot."""
    every = grid(do=DO, given=GIVEN)
    chosen = np.random.default_rng(seed).choice(len(every), size=count, replace=False)
    return resolved(model.graph, question(model), [every[i] for i in sorted(chosen)])


def by_do(model: CausalModel, asked: Sequence[Scenario]) -> list[list[Query]]:
    """The questions of the sweep, those with the same do together."""
    found: dict[object, list[Query]] = defaultdict(list)
    for one in asked:
        found[one.do].append(replace(question(model), do=one.do, given=one.given))
    return list(found.values())


def states(model: CausalModel, query: Query) -> Seen:
    """What is seen today, as numbers of states."""
    return {
        c.variable: model.graph.variable(c.variable).index(c.weights[0][0]) for c in query.given
    }


def draws(model: CausalModel, queries: Sequence[Query]) -> Array:
    """Our numbers, shape (scenarios, draws), by ``causal.ask``, and what a sweep says of them."""
    found = np.array([causal.ask(model, q).draws for q in queries])
    listed = [Scenario(str(i), q.do, q.given) for i, q in enumerate(queries)]
    rows = causal.sweep(model, listed, EVENT, within=DAYS).rows
    agreed("causal.sweep", [row.probability for row in rows], found.mean(axis=1))
    return found


def checked(
    model: CausalModel, sample: Sequence[Sequence[Query]], sides: Sequence[Horizon]
) -> tuple[float, str]:
    """The largest difference on two draws, all ways against ours; and the faster loop."""
    worst = 0.0
    for some, side in zip(sample, sides, strict=True):
        mine, seen = draws(model, some), [states(model, q) for q in some]
        for draw in range(CHECKED):
            for name in ("loop", "joint", "flag"):
                few = seen[:4] if name == "flag" else seen
                theirs = getattr(side, name)(draw, few)
                worst = max(worst, agreed(name, mine[: len(few), draw], theirs))
    side, few = sides[0], [states(model, q) for q in sample[0][:3]]
    ways = {"unrolled": lambda: side.loop(0, few), "flag": lambda: side.flag(0, few)}
    return worst, fastest(ways, rounds=1)
