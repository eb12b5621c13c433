"""Compile a question day by day: what each day needs, its factors, one contraction plan for them.

    a_d(i_d) = sum_{i_(d-1), rest} a_(d-1)(i_(d-1)) prod_v table_v(x_d | parents) weights_d

The frontier i_d holds the persistent variables that a later day still needs (the interface
algorithm, Murphy 2002); a variable that is set or seen in one state is indexed away and leaves it.
A factor is a table, a vector, or what surgery made of both: policies and cuts are small affine maps
on a table, applied when it is read.  ``forward.py`` runs the days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from causal.contract.array import Array, Axes
from causal.contract.plan import plan
from causal.contract.slice import HIT, Index, Slice
from causal.graph.dag import CausalGraph
from causal.graph.variable import lagged
from causal.model.network import CausalModel, family
from causal.model.posterior import DrawnTables, Piece
from causal.query.surgery import Change, Mechanism, Rule, Sight
from causal.query.unrolled import Unrolled, certain, relevant, settled
from causal.query.week import evenly


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """One array of a day's contraction: a table or fixed numbers, its certain axes indexed away.

    ``source``: the variable, ``piece``: whose table, the first slice's or every day's.  ``changes``
    are what policies and cuts then make of the table; ``axes`` are those of the result.  It holds
    no model: a compiled day serves every model of its graph.
    """

    source: str
    piece: Piece
    axes: Axes
    index: Index
    vector: Array | None = None
    changes: tuple[Change, ...] = ()

    def of(self, model: CausalModel) -> Array:
        """Its values, shape (*sizes of axes, draws), one draw for a vector; never written to."""
        if self.vector is not None:
            return np.asarray(self.vector[self.index])[..., None]
        values = self._table(model)
        return modified(values, self._own(model), self.changes)[0] if self.changes else values

    def charged(self, model: CausalModel, used: Array) -> Array:
        """Visits to the entries of the table that it reads, from the visits to its own entries."""
        if not self.changes:
            return used
        return charged(used, self._table(model), self._own(model), self.changes)

    @property
    def table(self) -> tuple[str, str]:
        """Which table it reads."""
        return self.piece, self.source

    @property
    def changed(self) -> bool:
        """Whether policies or cuts have made something else of the table."""
        return bool(self.changes)

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
        """The block of the table that it reads, before the changes; draws are made when read."""
        tables = model.tables if self.piece == "day" else model.start
        if isinstance(tables, DrawnTables):
            return tables.block(self.source, self.index)
        return tables[self.source].values[self.index]

    def _own(self, model: CausalModel) -> Axes:
        """Axes of the table before the changes."""
        whole = family(model.graph, self.source, self.piece)
        return tuple(a for a, i in zip(whole, self.index, strict=True) if not isinstance(i, int))


def factors(day: Slice) -> tuple[Factor, ...]:
    """The operands of a compiled day: whatever a model multiplies is a factor."""
    return cast("tuple[Factor, ...]", day.operands)


def compile_slices(
    unrolled: Unrolled, targets: Mapping[int, frozenset[str]] | None = None, *, batch: int = 1
) -> tuple[Slice, ...]:
    """Every day of a world that matters: relevance backwards, then a plan each.

    ``targets`` are variables to keep whatever else is pruned (none for a plain question); plans are
    searched the longer the more draws (``batch``) will run on them.
    """
    # From the last day to the first: a day needs the ancestors of what is asked or seen on it, and
    # of what the next day reads.  Anything else is barren: its table sums to one (Shachter 1986).
    needed, crossing = relevant(unrolled, targets or {})
    found: list[Slice] = []
    for day in unrolled.days:
        if needed[day] or day in unrolled.event_days:
            found.append(_day(unrolled, day, needed[day], crossing, (bool(found), batch)))
    return tuple(found)


def _day(
    unrolled: Unrolled,
    day: int,
    needed: frozenset[str],
    crossing: Mapping[int, frozenset[str]],
    run: tuple[bool, int],
) -> Slice:
    """One compiled day; ``run``: whether a day comes before it, and the draws that will run on it.

    The names that cross from the day before are read as ``x@-1``; those certain there are indices.
    """
    graph = unrolled.graph
    past, batch = run
    left, narrowed = _left(unrolled, day), _left(unrolled, day - 1)
    before = settled(unrolled, day - 1)
    fixed = {n: i for n, i in settled(unrolled, day).items() if n in needed}
    handed = tuple(lagged(n) for n in graph.names if n in crossing[day - 1] and n not in before)
    # What is certain has no axis: a constant index here, and no room in either frontier.
    fixed |= {lagged(n): before[n] for n in crossing[day - 1] if n in before}
    arrays = tuple(operands(unrolled, day, needed, fixed, crossing[day - 1]))
    frontier = tuple(n for n in graph.names if n in crossing[day] and n not in fixed)
    here = bool(unrolled.event) and day in unrolled.event_days
    wanted = {n for n in unrolled.event if here} | set(
        unrolled.kept if day == unrolled.days[-1] else ()
    )
    asked = tuple(n for n in graph.names if n in wanted and n not in fixed)
    # Evidence after an event day weighs on "it has happened" too, so that mass may not leave yet:
    # it travels along an axis ``hit`` until the last evidence is in.
    flagged = here and min(unrolled.event_days) < day <= unrolled.last_seen
    hit: Axes = (HIT,) if flagged else ()
    output = (*hit, *dict.fromkeys((*frontier, *asked)))
    inputs = tuple(o.axes for o in arrays)
    if past:
        inputs = ((*hit, *handed), *inputs)
    sizes = {(a, 2 if a == HIT else graph.size(a)) for axes in inputs for a in axes}
    return Slice(
        day,
        plan(inputs, tuple(sorted(sizes)), output, batch),
        arrays,
        past,
        frontier,
        _event(unrolled, output[len(hit) :], fixed) if here else None,
        flagged,
        here and day < unrolled.last_seen,
        bool(unrolled.seeing[day]),
        left if left and left[0] in frontier else None,
        (lagged(narrowed[0]), narrowed[1]) if narrowed and lagged(narrowed[0]) in handed else None,
    )


def _left(unrolled: Unrolled, day: int) -> tuple[str, slice] | None:
    """The event's variable and the states in which the event leaves it, if they are neighbours.

    None where nothing can be narrowed: the event is on several variables, weighs a state in part,
    leaves a set with gaps, or evidence comes on or after its first day.
    """
    if day not in unrolled.event_days or len(unrolled.event) != 1:
        return None
    ((name, vector),) = unrolled.event.items()
    (states,) = np.nonzero(vector == 0)
    certain = np.isin(vector, (0, 1)).all() and 0 < len(states) < len(vector)
    if (
        not certain
        or np.ptp(states) >= len(states)
        or unrolled.last_seen >= min(unrolled.event_days)
    ):
        return None
    return name, slice(int(states[0]), int(states[-1]) + 1)


def _event(unrolled: Unrolled, output: Axes, fixed: Mapping[str, int]) -> Array:
    """Weight of the event over the output axes, shape (*sizes or ones, 1)."""
    weight = np.ones((1,) * (len(output) + 1))
    for name, vector in unrolled.event.items():
        if name in fixed:
            weight = weight * vector[fixed[name]]
        else:
            shape = [1] * (len(output) + 1)
            shape[output.index(name)] = unrolled.graph.size(name)
            weight = weight * vector.reshape(shape)
    return weight


def operands(
    unrolled: Unrolled,
    day: int,
    needed: frozenset[str],
    fixed: Mapping[str, int],
    crossing: frozenset[str],
) -> Iterator[Factor]:
    """The arrays that a day multiplies, but for the frontier; a one where it needs nothing.

    ``crossing``: the variables that the day before hands on.

    What is set has its vector in place of its table (truncated factorisation, Pearl 2000), what is
    seen one beside it: seeing multiplies in a weight, doing replaces a table.
    """
    graph = unrolled.graph
    piece: Piece = "start" if day < 0 else "day"
    doing, made = unrolled.doing.get(day, {}), unrolled.made.get(day, {})
    for name in graph.names:
        if name not in needed:
            continue
        if name in doing:
            yield operand(name, piece, (name,), fixed, doing[name])
        elif name in made:
            yield _mechanical(graph, name, made[name], fixed)
        elif (table := unrolled.session(name, day)) is not None:
            if name == unrolled.week and name not in crossing:
                table = evenly()
            axes = family(graph, name, piece) if table.ndim > 1 else (name,)
            yield operand(name, piece, axes, fixed, table)
        else:
            yield operand(name, piece, family(graph, name, piece), fixed)
        if name in unrolled.seeing[day]:
            yield operand(name, piece, (name,), fixed, unrolled.seeing[day][name])
    if not needed:
        yield Factor("", piece, (), (), np.ones(()))


def operand(
    source: str, piece: Piece, axes: Axes, fixed: Mapping[str, int], vector: Array | None = None
) -> Factor:
    """A table or a vector over ``axes``, the axes of certain variables indexed away."""
    index = tuple(fixed.get(a, slice(None)) for a in axes)
    return Factor(source, piece, tuple(a for a in axes if a not in fixed), index, vector)


def _mechanical(graph: CausalGraph, name: str, made: Mechanism, fixed: Mapping[str, int]) -> Factor:
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
    # Nothing reads the table any more: what is left are fixed numbers, the same for every draw.
    if base is not None:
        values, axes = modified(base[:, None], (name,), rules)
        return operand(name, "day", axes, fixed, values[..., 0])
    own = family(graph, name, "day")
    sights = {a: _sight(s, fixed) for a, s in made.sights.items()}
    index: list[int | slice] = []
    changes: list[Change] = []
    axes = ()
    for axis in own:
        at: int | slice = fixed.get(axis, slice(None))
        # A cut cause is read in the state that the cut shows, not in its own: one that is certain
        # is an index, others stay to be weighted, and drop the axis unless what is shown depends on
        # it.
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
    return Factor(name, "day", axes, tuple(index), None, tuple(changes))


def _sight(sight: Sight, fixed: Mapping[str, int]) -> Sight:
    """Where the real state is known, or does not matter, only what is seen is left."""
    if sight.axis in fixed:
        return Sight(sight.axis, sight.weights[fixed[sight.axis]])
    alike = bool((sight.weights == sight.weights[0]).all())
    return Sight(sight.axis, sight.weights[0]) if alike else sight


def modified(values: Array, axes: Axes, changes: Sequence[Change]) -> tuple[Array, Axes]:
    """Apply changes to an array over (*axes, draws) whose variable is the last axis."""
    for change in changes:
        if isinstance(change, Sight):
            values, axes = _seen(values, axes, change)
        else:
            values, axes = _ruled(values, axes, change)
    return values, axes


def charged(used: Array, values: Array, axes: Axes, changes: Sequence[Change]) -> Array:
    """Visits to the entries of a table, from the visits to what changes made of it.

    W is linear in the table, so theta dlog F/dtheta = theta sum_o (dW_o/dtheta) used_o / W_o.
    """
    steps = [(values, axes)]
    for change in changes:
        steps.append(modified(*steps[-1], (change,)))
    made = steps[-1][0]
    # used_o = W_o dlog F/dW_o: divided by W_o it is the derivative, which goes back change by
    # change.
    flow = np.divide(used, made, out=np.zeros(np.broadcast_shapes(used.shape, made.shape)),
                     where=made > 0)  # fmt: skip
    for change, (_, before) in zip(reversed(changes), reversed(steps[:-1]), strict=True):
        flow = _back(flow, before, change)
    found: Array = values * flow
    return found


def _seen(values: Array, axes: Axes, change: Sight) -> tuple[Array, Axes]:
    """A cut applied: the axis of the cause weighted by what the effect sees of it, and summed."""
    place = axes.index(change.axis)
    found = np.tensordot(change.weights, values, axes=([-1], [place]))
    if change.weights.ndim == 1:
        return found, axes[:place] + axes[place + 1 :]
    return np.moveaxis(found, 0, place), axes


def _ruled(values: Array, axes: Axes, change: Rule) -> tuple[Array, Axes]:
    """A policy applied: chance * vector + (1 - chance) * table, over the axis that it looks at."""
    if change.chance.ndim and change.axis not in axes:
        values, axes = values[None], (change.axis, *axes)
    chance = _laid(change, axes)
    return chance * change.vector[..., None] + (1 - chance) * values, axes


def _laid(change: Rule, axes: Axes) -> Array:
    """The chance of acting, over the axes and the draws."""
    if not change.chance.ndim:
        return change.chance
    shape = [1] * (len(axes) + 1)
    shape[axes.index(change.axis)] = len(change.chance)
    return change.chance.reshape(shape)


def _back(flow: Array, axes: Axes, change: Change) -> Array:
    """The adjoint of one change, onto an array over ``axes``."""
    if isinstance(change, Rule):
        if change.chance.ndim and change.axis not in axes:
            flow = flow * (1 - _laid(change, (change.axis, *axes)))
            return np.asarray(flow.sum(axis=0))
        return flow * (1 - _laid(change, axes))
    place = axes.index(change.axis)
    if change.weights.ndim == 1:
        shape = [1] * (len(axes) + 1)
        shape[place] = -1
        return np.expand_dims(flow, place) * change.weights.reshape(shape)
    return np.moveaxis(np.tensordot(change.weights, flow, axes=([0], [place])), 0, place)
