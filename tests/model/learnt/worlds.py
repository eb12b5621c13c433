"""Small worlds to learn: graphs, tables drawn for them, histories with gaps, and slow accounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from causal.check.simulate import simulated
from causal.data.states import States
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import MISSING, Edge, Measurement, Series, TableKind, Variable
from causal.graph.weighing import Weighing
from causal.learn.fit import fit_states
from causal.model.learnt.design import Design
from causal.model.learnt.evidence import DayCounts
from causal.model.learnt.prior import LearntPrior
from causal.model.network import CausalModel, family
from causal.model.posterior import Counts, Piece, allowed, within
from causal.model.table import DRAW, Table

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
FIRST = np.datetime64("2010-01-04")


def measured(name: str, *states: str, closed: bool = False, **more: Any) -> Variable:
    """A variable that is read off a column of its own name."""
    cuts = tuple(k + 0.5 for k in range(len(states) - 1 - closed))
    return Variable(name, states, Measurement((Series(name),), cuts, closed=closed), **more)


PERSISTENT = (Edge("a", "a", 1, "lasts"), Edge("y", "y", 1, "lasts"))
GAPPY = CausalGraph(
    (
        measured("a", "low", "mid", "high"),
        measured("b", "no", "yes"),
        measured("h", "few", "some", "many"),
        measured("y", "calm", "crash"),
    ),
    (
        *PERSISTENT,
        Edge("a", "b", because="made up"),
        Edge("a", "h", because="made up"),
        Edge("b", "h", because="made up"),
        Edge("h", "y", because="made up"),
        Edge("a", "y", because="made up"),
    ),
    name="gappy",
)
"""b and h act on the same day alone: their gaps are filled."""

MARKET = CausalGraph(
    (
        Variable("us", ("open", "closed"), Measurement(calendar="us")),
        measured("m", "closed", "calm", "bad", closed=True),
        measured("x", "closed", "calm", "bad", closed=True),
        measured("y", "calm", "crash"),
    ),
    (
        Edge("us", "m", because="it closes"),
        Edge("m", "m", 1, "lasts"),
        Edge("us", "x", because="it closes"),
        Edge("m", "x", because="made up"),
        Edge("x", "y", because="made up"),
        Edge("us", "y", because="made up"),
        Edge("y", "y", 1, "lasts"),
    ),
    name="market",
)
"""Two markets that close together, and a price that does not."""

PAIR = CausalGraph(
    (measured("h", "u", "v"), measured("c", "u", "v")),
    (Edge("h", "c", because="made up"),),
    name="pair",
)
RULED = replace(
    GAPPY,
    variables=(*GAPPY.variables, Variable("worst", ("calm", "crash"), rule="worst")),
    edges=(*GAPPY.edges, Edge("y", "worst", because="by rule")),
)
KINDS: tuple[TableKind, ...] = ("ordinal", "logit", "backoff")


def law_of(graph: CausalGraph, seed: int = 0, *, smooth: float = 2.0) -> CausalModel:
    """Random tables for a graph, one draw, zero where the calendar forbids."""
    rng = np.random.default_rng([20, seed])

    def tables(piece: Piece) -> dict[str, Table]:
        found = {}
        for name in graph.names:
            axes = family(graph, name, piece)
            sizes = [graph.size(a) for a in axes]
            rows = rng.dirichlet(np.full(sizes[-1], smooth), sizes[:-1])
            where = allowed(graph, name, axes[:-1])
            rows = rows if where is None else within(rows, where)
            found[name] = Table((*axes, DRAW), rows[..., None])
        return found

    return CausalModel(graph, tables("day"), tables("start"))


def blank(graph: CausalGraph, days: int, *, gaps: Mapping[str, float] | None = None) -> States:
    """Days without a word; a share of those of some variables is missing, by chance."""
    codes = np.zeros((days, len(graph.names)), dtype=np.int8)
    rng = np.random.default_rng([21, days])
    for name, share in (gaps or {}).items():
        codes[rng.random(days) < share, graph.names.index(name)] = MISSING
    dates = FIRST + np.arange(days)
    cuts = {v.name: v.measurement.cuts for v in graph.variables if v.measurement is not None}
    return States(dates, graph.names, codes, {n: c for n, c in cuts.items() if c}, dates[-1])


def history(
    graph: CausalGraph, days: int, seed: int = 0, *, gaps: Mapping[str, float] | None = None
) -> States:
    """Days drawn from ``law_of`` the graph, with gaps."""
    return simulated(law_of(graph, seed), blank(graph, days, gaps=gaps), seed=seed + 1)


def learnt_model(read: States, graph: CausalGraph, **how: Any) -> CausalModel:
    """The fit of a story with learnt priors; what is no part of how days are weighed is its own."""
    weighing = {k: how.pop(k) for k in ("block", "half_life", "since", "start") if k in how}
    usual = {"table": "ordinal", "draws": 200, "seed": 3}
    story = Story(graph, weighing=Weighing(**weighing), **{**usual, **how})
    assert story.kind != "dirichlet"
    return fit_states(story, read)


def parts_of(model: CausalModel) -> tuple[Counts, LearntPrior, DayCounts]:
    """What the draws of a learnt model follow from."""
    assert model.fit is not None
    assert isinstance(model.fit.prior, LearntPrior)
    assert model.fit.evidence is not None
    return model.fit.counts, model.fit.prior, model.fit.evidence


def product_of(design: Design, theta: FloatArray, states: int) -> FloatArray:
    """The rows of a table, state by state: P(k) = (1 - p_k+1) p_k ... p_1, (rows, states)."""
    rows = int(np.prod(design.sizes))
    coding = design.coding(np.arange(rows))
    found = np.zeros((rows, states))
    for row in range(rows):
        left = 1.0
        for level in range(design.levels):
            own = theta[level * design.width : (level + 1) * design.width]
            chance = 1 / (1 + np.exp(-(coding[row] @ own)))
            found[row, design.lowest + level] = left * (1 - chance)
            left *= chance
        found[row, design.lowest + design.levels] = left
    return found
