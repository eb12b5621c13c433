"""Compile a world day by day: what each day needs, and one contraction plan for it.

a_d(i_d) = sum_{i_(d-1), rest} a_(d-1)(i_(d-1)) prod_v table_v(x_d | parents) weights_d

The frontier i_d holds the persistent variables that a later day still needs; a variable that is set
or seen in one state is indexed away and leaves it.  ``passage.py`` runs the days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from causal.graph.dag import LAST, lagged, unlagged
from causal.infer.contraction import Axes, Plan, plan
from causal.infer.operand import Operand, operands
from causal.infer.world import World, certain
from causal.model.table import Array

HIT = "hit"  # axis of size 2: has the event happened yet?


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """A compiled day: its plan and operands, and where the event stands in its result.

    ``past``: the first array is the frontier of the day before.  ``flagged``: the result carries
    the axis ``hit``; ``opened``: the frontier handed on carries it, because evidence is still to
    come.  ``left``: the event's variable and the states in which the event leaves it, where the
    frontier handed on holds them alone; ``narrowed``: the same of the frontier that comes in.
    """

    number: int
    plan: Plan
    operands: tuple[Operand, ...]
    past: bool
    frontier: Axes
    event: Array | None
    flagged: bool
    opened: bool
    seen: bool
    left: tuple[str, slice] | None = None
    narrowed: tuple[str, slice] | None = None

    def narrowing(self, axes: Axes) -> tuple[slice, ...] | None:
        """The index that takes, from an array over ``axes``, the states left to the frontier."""
        if self.narrowed is None or self.narrowed[0] not in axes:
            return None
        name, left = self.narrowed
        return tuple(left if a == name else slice(None) for a in axes)

    @property
    def summed(self) -> tuple[int, ...]:
        """Places of the output axes (without ``hit``) that the next day does not need."""
        axes = [a for a in self.plan.output if a != HIT]
        return tuple(i for i, a in enumerate(axes) if a not in self.frontier)

    @property
    def signature(self) -> tuple[object, ...]:
        """Equal for days whose contraction is the same."""
        return (
            self.plan,
            *(o.key for o in self.operands),
        )


def compiled(
    world: World, targets: Mapping[int, frozenset[str]] | None = None, *, batch: int = 1
) -> tuple[Day, ...]:
    """Every day of a world that matters: relevance backwards, then a plan each.

    ``targets`` are variables to keep whatever else is pruned (none for a plain question); plans are
    searched the longer the more draws (``batch``) will run on them.
    """
    needed, crossing = relevant(world, targets or {})
    found: list[Day] = []
    for day in world.days:
        if needed[day] or day in world.event_days:
            found.append(_day(world, day, needed[day], crossing, (bool(found), batch)))
    return tuple(found)


def relevant(
    world: World, targets: Mapping[int, frozenset[str]]
) -> tuple[dict[int, frozenset[str]], dict[int, frozenset[str]]]:
    """Variables each day needs, and the persistent ones it hands on (backward sweep)."""
    needed: dict[int, frozenset[str]] = {}
    crossing: dict[int, frozenset[str]] = {world.days[-1]: frozenset()}
    for day in reversed(world.days):
        wanted = crossing[day] | frozenset(world.seeing[day]) | targets.get(day, frozenset())
        if day in world.event_days:
            wanted |= frozenset(world.event)
        if day == world.days[-1]:
            wanted |= frozenset(world.kept)
        needed[day], crossing[day - 1] = _ancestors(world, wanted, day)
    return needed, crossing


def _ancestors(
    world: World, wanted: frozenset[str], day: int
) -> tuple[frozenset[str], frozenset[str]]:
    reached: set[str] = set()
    lasting: set[str] = set()
    stack = list(wanted)
    while stack:
        name = stack.pop()
        if name in reached:
            continue
        reached.add(name)
        for parent in world.reads(name, day):
            if parent.endswith(LAST):
                lasting.add(unlagged(parent))
            else:
                stack.append(parent)
    return frozenset(reached), frozenset(lasting)


def _day(
    world: World,
    day: int,
    needed: frozenset[str],
    crossing: Mapping[int, frozenset[str]],
    run: tuple[bool, int],
) -> Day:
    graph = world.graph
    past, batch = run
    left, narrowed = _left(world, day), _left(world, day - 1)
    before = settled(world, day - 1)
    fixed = {n: i for n, i in settled(world, day).items() if n in needed}
    handed = tuple(lagged(n) for n in graph.names if n in crossing[day - 1] and n not in before)
    fixed |= {lagged(n): before[n] for n in crossing[day - 1] if n in before}
    arrays = tuple(operands(world, day, needed, fixed))
    frontier = tuple(n for n in graph.names if n in crossing[day] and n not in fixed)
    here = bool(world.event) and day in world.event_days
    wanted = {n for n in world.event if here} | set(world.kept if day == world.days[-1] else ())
    asked = tuple(n for n in graph.names if n in wanted and n not in fixed)
    flagged = here and min(world.event_days) < day <= world.last_seen
    hit: Axes = (HIT,) if flagged else ()
    output = (*hit, *dict.fromkeys((*frontier, *asked)))
    inputs = tuple(o.axes for o in arrays)
    if past:
        inputs = ((*hit, *handed), *inputs)
    sizes = {(a, 2 if a == HIT else graph.size(a)) for axes in inputs for a in axes}
    return Day(
        day,
        plan(inputs, tuple(sorted(sizes)), output, batch),
        arrays,
        past,
        frontier,
        _event(world, output[len(hit) :], fixed) if here else None,
        flagged,
        here and day < world.last_seen,
        bool(world.seeing[day]),
        left if left and left[0] in frontier else None,
        (lagged(narrowed[0]), narrowed[1]) if narrowed and lagged(narrowed[0]) in handed else None,
    )


def _left(world: World, day: int) -> tuple[str, slice] | None:
    """The event's variable and the states in which the event leaves it, if they are neighbours."""
    if day not in world.event_days or len(world.event) != 1:
        return None
    ((name, vector),) = world.event.items()
    (states,) = np.nonzero(vector == 0)
    certain = np.isin(vector, (0, 1)).all() and 0 < len(states) < len(vector)
    if not certain or np.ptp(states) >= len(states) or world.last_seen >= min(world.event_days):
        return None
    return name, slice(int(states[0]), int(states[-1]) + 1)


def settled(world: World, day: int) -> dict[str, int]:
    """Variables that can be in one state only, set or seen: their axes are indexed away."""
    found: dict[str, int] = {}
    for weights in (world.seeing.get(day, {}), world.doing.get(day, {})):
        for name, vector in weights.items():
            state = certain(vector)
            if state is not None:
                found[name] = state
    return found


def _event(world: World, output: Axes, fixed: Mapping[str, int]) -> Array:
    """Weight of the event over the output axes, shape (*sizes or ones, 1)."""
    weight = np.ones((1,) * (len(output) + 1))
    for name, vector in world.event.items():
        if name in fixed:
            weight = weight * vector[fixed[name]]
        else:
            shape = [1] * (len(output) + 1)
            shape[output.index(name)] = world.graph.size(name)
            weight = weight * vector.reshape(shape)
    return weight
