"""The networks and questions: public ones, one like our story, random two-slice ones.

Draws of the tables are Dirichlet around each network's own rows; every contestant gets the same
numbers.  Questions are drawn from a seed by a stated rule, so that nobody picks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable, unlagged
from causal.model.interchange import read_network
from causal.model.network import CausalModel, family
from causal.model.table import DRAW, Table
from causal.query.event import condition, conditions
from causal.query.intervention import interventions
from causal.query.query import Query
from tests.against.networks import example_file

Array = NDArray[np.float64]
SMALL = ("asia", "sachs", "child", "alarm", "insurance", "hailfinder", "win95pts", "hepar2")
PUBLIC = (*SMALL, "andes", "water")
HARD = ("munin1", "pigs", "link")
STRENGTH = 200.0  # days a row is worth: the spread of the draws around a network's own rows


@dataclass(frozen=True)
class Question:
    """P(variable = state | do(...), given), one state each."""

    event: tuple[str, str]
    given: dict[str, str] = field(default_factory=dict)
    do: dict[str, str] = field(default_factory=dict)

    def query(self, graph: CausalGraph) -> Query:
        name, state = self.event
        return Query(
            (condition(graph, name, state),),
            conditions(graph, self.given),
            interventions(graph, self.do),
        )

    def needed(self, graph: CausalGraph) -> tuple[str, ...]:
        """Ancestors of what is asked and seen after surgery, in topological order."""
        found: set[str] = set()
        stack = [self.event[0], *self.given]
        while stack:
            name = stack.pop()
            if name not in found:
                found.add(name)
                stack += [] if name in self.do else graph.parents(name)
        return tuple(n for n in graph.order if n in found)


@cache
def public(name: str) -> CausalModel:
    """A network that pgmpy ships, read once a run; ``crypto12`` is ours."""
    return crypto12() if name == "crypto12" else read_network(example_file(name))


CHAIN: dict[str, tuple[str, ...]] = {
    "trade": (),
    "geopolitics": ("trade",),
    "yields": ("geopolitics",),
    "risk_off": ("geopolitics", "yields"),
    "rebalancing": ("risk_off",),
    "equity_selling": ("rebalancing", "risk_off"),
    "crypto_selling": ("rebalancing", "risk_off"),
    "leverage": (),
    "volatility": ("risk_off", "leverage"),
    "support_break": ("crypto_selling", "volatility"),
    "liquidations": ("crypto_selling", "leverage", "support_break"),
    "bitcoin": ("crypto_selling", "equity_selling", "liquidations"),
}
STORY = Question(("bitcoin", "s2"), {"leverage": "s2", "volatility": "s1"}, {"geopolitics": "s2"})


def crypto12(seed: int = 12) -> CausalModel:
    """Twelve variables of three states in the shape of our story, random tables."""
    variables = [Variable(n, ("s0", "s1", "s2")) for n in CHAIN]
    edges = [Edge(p, n) for n, parents in CHAIN.items() for p in parents]
    graph = CausalGraph(tuple(variables), tuple(edges), name="crypto12")
    return CausalModel(graph, dict(_random(graph, graph.names, "day", seed)))


def two_slices(variables: int, states: int, seed: int = 8) -> CausalModel:
    """Every variable persists and follows its neighbour on the same day; one crosses over.

    v0 -> v1 -> ... -> v(n-1) same-day, v(i)@-1 -> v(i), and v0 -> v2: the interface between days
    holds all variables, and every one of them is a cause of the last.
    """
    names = [f"v{i}" for i in range(variables)]
    edges = [Edge(a, b) for a, b in pairwise(names)]
    edges += [Edge(names[0], names[2])]
    edges += [Edge(n, n, lag=1) for n in names]
    labels = tuple(f"s{i}" for i in range(states))
    graph = CausalGraph(
        tuple(Variable(n, labels) for n in names), tuple(edges), name=f"{variables}x{states}"
    )
    return CausalModel(
        graph,
        dict(_random(graph, names, "day", seed)),
        dict(_random(graph, names, "start", seed + 1)),
    )


def _random(
    graph: CausalGraph, names: Iterable[str], piece: str, seed: int
) -> Iterator[tuple[str, Table]]:
    rng = np.random.default_rng(seed)
    for name in names:
        axes = family(graph, name, "start" if piece == "start" else "day")
        sizes = [graph.size(unlagged(a)) for a in axes]
        calm = np.linspace(2.0, 0.6, sizes[-1])  # calm states are likelier than bad ones
        rows = rng.dirichlet(calm, size=sizes[:-1])
        yield name, Table((*axes, DRAW), rows[..., None])


def drawn(model: CausalModel, draws: int, *, seed: int = 1) -> CausalModel:
    """The model with Dirichlet draws of every row: parameters STRENGTH p + 1 where p > 0."""
    rng = np.random.default_rng(seed)
    day = {n: _draw(t, draws, rng) for n, t in model.tables.items()}
    start = {n: _draw(t, draws, rng) for n, t in model.start.items()}
    return CausalModel(model.graph, day, start)


def alpha(table: Table) -> Array:
    """Dirichlet parameters around a point table; structural zeros stay zero."""
    point = table.values[..., 0]
    return STRENGTH * point + (point > 0)


def _draw(table: Table, draws: int, rng: np.random.Generator) -> Table:
    around = alpha(table)[..., None]
    gamma = rng.standard_gamma(around, size=(*around.shape[:-1], draws))
    gamma /= gamma.sum(axis=-2, keepdims=True)
    return Table(table.axes, gamma)


def questions(model: CausalModel, count: int, *, seed: int = 3) -> list[Question]:
    """Questions by lot: something asked, a ``do`` on one of its causes, two things seen.

    What is seen comes from one world simulated under the ``do``, so that it can happen.
    """
    graph, rng = model.graph, np.random.default_rng(seed)
    asked = [n for n in graph.names if graph.ancestors([n]) - {n}]
    found = []
    for _ in range(count):
        event = asked[rng.integers(len(asked))]
        causes = sorted(graph.ancestors([event]) - {event})
        done = causes[rng.integers(len(causes))]
        states = graph.variable(done).states
        do = {done: states[rng.integers(len(states))]}
        world = _simulated(model, do, rng)
        others = [n for n in graph.names if n not in (event, done)]
        seen = [others[i] for i in rng.permutation(len(others))[:2]]
        found.append(Question((event, world[event]), {n: world[n] for n in seen}, do))
    return found


def typical(model: CausalModel) -> Question:
    """Of 41 questions by lot, the one whose needed part of the network has the median size."""
    if model.name == "crypto12":
        return STORY
    found = questions(model, 41)
    return sorted(found, key=lambda q: len(q.needed(model.graph)))[20]


def _simulated(model: CausalModel, do: dict[str, str], rng: np.random.Generator) -> dict[str, str]:
    graph, place = model.graph, dict[str, int]()
    for name in graph.order:
        if name in do:
            place[name] = graph.variable(name).index(do[name])
            continue
        table = model.tables[name]
        row = table.values[(*(place[p] for p in table.parents), slice(None), 0)]
        place[name] = int(rng.choice(len(row), p=row / row.sum()))
    return {n: graph.variable(n).states[i] for n, i in place.items()}
