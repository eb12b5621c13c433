"""Latent projection: a model without some of its variables (Verma & Pearl 1990).

Among what is left, a -> b stands for every directed path from a to b through latents, and a <-> b,
a declared common cause, for every latent that leads to both through latents alone.  The tables are
those of the marginal joint, P(v | causes of v): a variable without a latent cause keeps its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from math import prod

import numpy as np

from causal.contract.array import Array
from causal.errors import ModelError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge
from causal.model.network import CausalModel
from causal.model.table import DRAW, Table

LARGEST = 1 << 24  # entries of one array on the way to a marginal
_Factor = tuple[tuple[str, ...], Array]


def projected(model: CausalModel, latents: frozenset[str]) -> CausalModel:
    """A point model of one day, its ``latents`` taken out.

    Raises ModelError where nothing would be left, where a table would have a row that never
    happens (the marginal joint says nothing about it), and where it is too large to work out.
    """
    graph = model.graph
    kept = [v for v in graph.variables if v.name not in latents]
    if not kept:
        raise ModelError(
            f"All variables of `{graph.name}` are latent.",
            "Nothing is left that could be asked for or seen.",
            "Leave at least one variable out of `latents`.",
        )
    causes = {v.name: _causes(graph, v.name, latents) for v in kept}
    edges = tuple(Edge(c, n) for n, some in causes.items() for c in some)
    pairs: dict[tuple[str, ...], str] = {}
    for latent in (n for n in graph.names if n in latents):
        heads = [v.name for v in kept if latent in _latent_causes(graph, v.name, latents)]
        for pair in combinations(heads, 2):
            pairs.setdefault(pair, f"The latent `{latent}` of the network causes both.")
    confounded = tuple(Confounded(a, b, why) for (a, b), why in pairs.items())
    left = CausalGraph(tuple(kept), edges, confounded, name=graph.name)
    tables = {
        n: _table(model, n, some) if latents & set(graph.parents(n)) else model.tables[n]
        for n, some in causes.items()
    }
    return CausalModel(left, tables)


def _latent_causes(graph: CausalGraph, name: str, latents: frozenset[str]) -> frozenset[str]:
    """The latents that lead to ``name`` through latents alone."""
    found: set[str] = set()
    stack = [name]
    while stack:
        more = {p for p in graph.parents(stack.pop()) if p in latents} - found
        found |= more
        stack += more
    return frozenset(found)


def _causes(graph: CausalGraph, name: str, latents: frozenset[str]) -> tuple[str, ...]:
    """What is left of the causes of ``name``, and what acts on it through latents."""
    between = _latent_causes(graph, name, latents)
    through = [p for n in graph.names if n in between for p in graph.parents(n)]
    found = dict.fromkeys((*graph.parents(name), *through))
    return tuple(p for p in found if p not in latents)


def _table(model: CausalModel, name: str, causes: tuple[str, ...]) -> Table:
    """P(name | causes) of the joint of ``model``; raises ModelError for a row that never is."""
    axes = (*causes, name)
    led = model.graph.ancestors(axes)
    needed = [n for n in model.graph.names if n in led]
    factors: list[_Factor] = [
        (model.tables[n].axes[:-1], model.tables[n].values[..., 0]) for n in needed
    ]
    values = _marginal(factors, axes, {n: model.graph.size(n) for n in needed})
    rows = values.sum(axis=-1)
    if not rows.all():
        place = np.argwhere(rows == 0)[0]
        row = ", ".join(
            f"{c}={model.graph.variable(c).states[i]}" for c, i in zip(causes, place, strict=True)
        )
        raise ModelError(
            f"Without its latent causes the table of `{name}` has no row for {row}.",
            "That never happens in the network, so nothing that is measured tells what follows it.",
            "Give it a positive probability, or take the latents of that variable as measured.",
        )
    return Table((*axes, DRAW), (values / rows[..., None])[..., None])


def _marginal(factors: list[_Factor], axes: tuple[str, ...], sizes: Mapping[str, int]) -> Array:
    """The product of ``factors`` summed over all but ``axes``: one variable after the other."""
    left = set(sizes) - set(axes)
    while left:
        spans = {n: _span(f for f in factors if n in f[0]) for n in left}
        name = min(left, key=lambda n: (prod(sizes[a] for a in spans[n]), n))
        touched = [f for f in factors if name in f[0]]
        rest = tuple(a for a in spans[name] if a != name)
        factors = [f for f in factors if name not in f[0]]
        factors.append((rest, _product(touched, rest, sizes)))
        left.remove(name)
    return _product(factors, axes, sizes)


def _span(factors: Iterable[_Factor]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(a for axes, _ in factors for a in axes))


def _product(factors: list[_Factor], axes: tuple[str, ...], sizes: Mapping[str, int]) -> Array:
    """The product of arrays, summed over all but ``axes``."""
    span = tuple(dict.fromkeys((*axes, *_span(factors))))
    if (size := prod(sizes[a] for a in span)) > LARGEST:
        raise ModelError(
            f"To take out the latents of the network needs an array of {size:,} numbers.",
            f"At most {LARGEST:,} are worked out; {len(span)} variables hang together there.",
            "Take fewer variables as latent, or give the network without them.",
        )
    found = np.ones((1,) * len(span))
    for own, values in factors:
        order = sorted(range(len(own)), key=lambda i: span.index(own[i]))
        shape = [sizes[a] if a in own else 1 for a in span]
        found = found * values.transpose(order).reshape(shape)
    summed: Array = found.sum(axis=tuple(range(len(axes), len(span))))
    return summed
