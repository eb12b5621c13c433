"""Operands: the arrays that a day multiplies: a table, a vector, or what surgery made of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from causal.graph.dag import CausalGraph
from causal.infer.contraction import Axes
from causal.infer.mechanism import Change, Mechanism, Rule, Sight, changed, charged
from causal.infer.world import World, certain
from causal.model.network import CausalModel, family
from causal.model.posterior import DrawnTables, Slice
from causal.model.table import Array

Index = tuple[int | slice, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Operand:
    """One array of a day's contraction: a table or fixed numbers, its certain axes indexed away.

    ``changes`` are what policies and cuts then make of the table; ``axes`` are those of the result.
    """

    source: str
    piece: Slice
    axes: Axes
    index: Index
    vector: Array | None = None
    changes: tuple[Change, ...] = ()

    def of(self, model: CausalModel) -> Array:
        """Its values, shape (*sizes of axes, draws)."""
        if self.vector is not None:
            return np.asarray(self.vector[self.index])[..., None]
        values = self._table(model)
        return changed(values, self._own(model), self.changes)[0] if self.changes else values

    def charged(self, model: CausalModel, used: Array) -> Array:
        """Visits to the entries of the table that it reads, from the visits to its own entries."""
        if not self.changes:
            return used
        return charged(used, self._table(model), self._own(model), self.changes)

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for operands of equal values, whatever model they are of."""
        vector = None if self.vector is None else (self.vector.shape, self.vector.tobytes())
        return (self.source, self.piece, self.axes, str(self.index), vector, self.recipe)

    @property
    def recipe(self) -> tuple[object, ...]:
        """What the changes are, as a key."""
        return tuple(
            (c.axis, c.weights.shape, c.weights.tobytes())
            if isinstance(c, Sight)
            else (c.axis, c.chance.tobytes(), c.vector.tobytes())
            for c in self.changes
        )

    def _table(self, model: CausalModel) -> Array:
        tables = model.tables if self.piece == "day" else model.start
        if isinstance(tables, DrawnTables):
            return tables.block(self.source, self.index)
        return tables[self.source].values[self.index]

    def _own(self, model: CausalModel) -> Axes:
        """Axes of the table before the changes."""
        whole = family(model.graph, self.source, self.piece)
        return tuple(a for a, i in zip(whole, self.index, strict=True) if not isinstance(i, int))


def operands(
    world: World, day: int, needed: frozenset[str], fixed: Mapping[str, int]
) -> Iterator[Operand]:
    """The arrays that a day multiplies, but for the frontier."""
    graph = world.graph
    piece: Slice = "start" if day < 0 else "day"
    doing, made = world.doing.get(day, {}), world.made.get(day, {})
    for name in graph.names:
        if name not in needed:
            continue
        if name in doing:
            yield operand(name, piece, (name,), fixed, doing[name])
        elif name in made:
            yield _mechanical(graph, name, made[name], fixed)
        else:
            yield operand(name, piece, family(graph, name, piece), fixed)
        if name in world.seeing[day]:
            yield operand(name, piece, (name,), fixed, world.seeing[day][name])
    if not needed:
        yield Operand("", piece, (), (), np.ones(()))


def operand(
    source: str, piece: Slice, axes: Axes, fixed: Mapping[str, int], vector: Array | None = None
) -> Operand:
    """A table or a vector over ``axes``, the axes of certain variables indexed away."""
    index = tuple(fixed.get(a, slice(None)) for a in axes)
    return Operand(source, piece, tuple(a for a in axes if a not in fixed), index, vector)


def _mechanical(
    graph: CausalGraph, name: str, made: Mechanism, fixed: Mapping[str, int]
) -> Operand:
    """What surgery made of a table, as far as the certain axes settle it.

    A policy that is sure to act leaves nothing of the table; one that is sure not to, all of it.
    """
    base, rules = made.base, list[Rule]()
    for rule in made.rules:
        chance = rule.chance[fixed[rule.axis]] if rule.axis in fixed else rule.chance
        if np.all(chance == 1):
            base, rules = rule.vector, []
        elif np.any(chance > 0):
            rules.append(Rule(rule.axis, np.asarray(chance), rule.vector))
    if base is not None:
        values, axes = changed(base[:, None], (name,), rules)
        return operand(name, "day", axes, fixed, values[..., 0])
    own = family(graph, name, "day")
    sights = {a: _sight(s, fixed) for a, s in made.sights.items()}
    index: list[int | slice] = []
    changes: list[Change] = []
    axes = ()
    for axis in own:
        at: int | slice = fixed.get(axis, slice(None))
        if axis in sights:
            sight = sights[axis]
            state = certain(sight.weights) if sight.weights.ndim == 1 else None
            at = slice(None) if state is None else state
            if state is None:
                changes.append(sight)
        index.append(at)
        if not isinstance(at, int) and not (axis in sights and sights[axis].weights.ndim == 1):
            axes += (axis,)
    for rule in rules:
        if rule.chance.ndim and rule.axis not in axes:
            axes = (rule.axis, *axes)
        vector = np.asarray(rule.vector[fixed[name]]) if name in fixed else rule.vector
        changes.append(Rule(rule.axis, rule.chance, vector))
    return Operand(name, "day", axes, tuple(index), None, tuple(changes))


def _sight(sight: Sight, fixed: Mapping[str, int]) -> Sight:
    """Where the real state is known, or does not matter, only what is seen is left."""
    if sight.axis in fixed:
        return Sight(sight.axis, sight.weights[fixed[sight.axis]])
    alike = bool((sight.weights == sight.weights[0]).all())
    return Sight(sight.axis, sight.weights[0]) if alike else sight
