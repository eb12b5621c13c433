"""Many answers from one contraction: scenarios as open axes, all marginals from one backward pass.

Scenarios: the variables that are set or seen stay open, so that one contraction holds the answer
to every scenario over them; a scenario is then a look-up, and a repeat costs nothing.
Marginals: P(x, e) = theta dP(e)/dtheta summed over the other axes, for every table at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from causal.errors import ImpossibleEvidenceError, QueryError
from causal.graph.dag import CausalGraph
from causal.infer import compiled
from causal.infer.frontier import Day
from causal.infer.frontier import compiled as compile_days
from causal.infer.passage import every_visit, last_day
from causal.infer.query import Query
from causal.infer.question import counterfactual
from causal.infer.rowspace import roomy
from causal.infer.world import world
from causal.model.event import Condition, States, conditions
from causal.model.intervention import Hard
from causal.model.network import CausalModel
from causal.model.table import Array

Scenario = Mapping[str, str]
ENTRIES = 200_000  # states of an open table at most, per draw
BOTH_WAYS = 3  # what a pass forward and backward costs, in passes forward


def scenarios(
    model: CausalModel,
    event: Mapping[str, States],
    *,
    given: Sequence[Scenario] = (),
    do: Sequence[Scenario] = (),
) -> Array:
    """P(event | do, given) today for many scenarios, shape (scenarios, draws).

    ``given[i]`` and ``do[i]`` say in which state scenario i sees and sets which variables; all
    scenarios name the same variables (an empty list: nothing is seen, or set).  On top of the
    model's own interventions.
    Raises QueryError when they do not, or when the table over all of them would be too large, and
    ImpossibleEvidenceError when a scenario cannot occur.
    """
    return looked_up(model, event, coded(model.graph, given=given, do=do))


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Scenarios as state numbers: which variables are seen and set, and a vector of states each.

    ``codes``: a vector over the scenarios for each variable seen, then for each that is only set.
    """

    seen: tuple[str, ...]
    done: tuple[str, ...]
    codes: tuple[NDArray[np.int64], ...]
    count: int


def coded(
    graph: CausalGraph, *, given: Sequence[Scenario] = (), do: Sequence[Scenario] = ()
) -> Coded:
    """Scenarios checked and numbered once, to be asked many times (see ``scenarios``)."""
    count = max(len(given), len(do), 1)
    seen, done = _named(graph, given, count), _named(graph, do, count)
    return Coded(seen, done, _codes(graph, given, do, seen, done), count)


def looked_up(model: CausalModel, event: Mapping[str, States], asked: Coded) -> Array:
    """P(event | do, given), shape (scenarios, draws), of coded scenarios; raises as those do."""
    table = scenario_table(model, event, asked.seen, asked.done)
    place = np.zeros(asked.count, np.intp)
    if asked.codes:
        place = np.ravel_multi_index(asked.codes, table.shape[:-1])
    rows = table.reshape(-1, table.shape[-1])
    impossible = np.atleast_1d(np.isnan(rows).any(axis=1))
    if impossible.any() and impossible[place].any():
        raise ImpossibleEvidenceError(
            "The evidence of at least one scenario has probability zero under the model.",
            "Nothing can be conditioned on what cannot happen.",
            "Leave that scenario out.",
        )
    found = rows.take(place, axis=0)
    return np.broadcast_to(found, (asked.count, model.draws)) if found.shape[1] == 1 else found


def scenario_table(
    model: CausalModel, event: Mapping[str, States], seen: Sequence[str], done: Sequence[str] = ()
) -> Array:
    """P(event | each state of ``seen``, do each state of ``done``), shape (*sizes, draws).

    Axes: ``seen``, then ``done`` without what is also seen.  NaN where the evidence is impossible.
    One contraction with those axes open: P(event, e || do) / P(e || do).
    """
    graph = model.graph
    if done or model.interventions:
        _refused(model, conditions(graph, event), seen, done)
    opened = (*seen, *(n for n in done if n not in seen))
    days = _opened_day(
        model, Query(conditions(graph, event), (), model.interventions), opened, done
    )
    output = days[-1].plan.output
    entries = int(np.prod([graph.size(a) for a in output], dtype=np.int64)) if output else 1
    if entries > ENTRIES:
        raise QueryError(
            f"A table over {', '.join(opened)} has {entries:,} entries a draw.",
            f"Beyond {ENTRIES:,} it would not fit in memory.",
            "Name fewer variables, or split the scenarios.",
        )
    joint = last_day(model, days)
    extra = tuple(i for i, a in enumerate(output) if a not in opened)
    weight = days[-1].event
    assert weight is not None
    letters = ascii_letters[: len(output)]
    left = "".join(x for i, x in enumerate(letters) if i not in extra)
    hits = np.einsum(f"{letters}...,{letters}...->{left}...", joint, weight, optimize=False)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.divide(hits, joint.sum(axis=extra), out=hits)
    order = [a for a in output if a in opened]
    ratio = ratio.transpose(*(order.index(n) for n in opened if n in order), -1)
    return np.asarray(ratio.reshape(*(graph.size(n) for n in opened), ratio.shape[-1]))


def _refused(
    model: CausalModel, event: tuple[Condition, ...], seen: Sequence[str], done: Sequence[str]
) -> None:
    """Raise QueryError where the event's own variable is seen under a do."""
    for name in {c.variable for c in event} & set(seen):
        some = Condition(name, tuple((s, 1.0) for s in model.graph.variable(name).states))
        do = (*model.interventions, *(Hard(n, model.graph.variable(n).states[0]) for n in done))
        for _, error in counterfactual(Query(event, (some,), do), model.graph, (name,)):
            raise error


def _opened_day(
    model: CausalModel, query: Query, opened: tuple[str, ...], done: Sequence[str]
) -> tuple[Day, ...]:
    """Today with the variables of the scenarios open, compiled once and kept with the model."""

    def days() -> tuple[Day, ...]:
        asked = world(model.graph, query)
        free = {n: np.ones(model.graph.size(n)) for n in done}
        made = {n: m for n, m in asked.made[0].items() if n not in free}
        doing = {**asked.doing[0], **free}
        asked = replace(asked, doing={0: doing}, made={0: made}, kept=opened)
        return compile_days(asked, batch=model.draws)

    return model.kept.made(("opened day", query, opened, tuple(done)), days)


def all_marginals(
    model: CausalModel, *, given: Mapping[str, States] | None = None
) -> dict[str, Array]:
    """P(x | do, given) today for every variable and every draw, shapes (states, draws).

    One pass forward and one backward, not one contraction a variable.
    """
    graph = model.graph
    query = Query((), conditions(graph, given), model.interventions)
    days = _whole_day(model, query)
    own = _own_operands(days[-1])
    found = _compiled_marginals(model, days, own) if len(days) == 1 else None
    if found is None:
        used = every_visit(model, days)
        found = {n: _summed(used[0, place]) for n, place in own.items()}
    result: dict[str, Array] = {}
    for name in graph.names:
        if name in found:
            total = found[name].sum(axis=0)
            if not (total > 0).all():
                raise ImpossibleEvidenceError(
                    "The evidence has probability zero under the model.",
                    "Nothing can be conditioned on what cannot happen.",
                    "Check the states for a contradiction.",
                )
            result[name] = found[name] / total
        else:
            result[name] = _certain(days[-1], name, graph.size(name)) * np.ones(model.draws)
    return result


def _whole_day(model: CausalModel, query: Query) -> tuple[Day, ...]:
    """Today with every variable in it, compiled once for a query and kept with the model."""

    def days() -> tuple[Day, ...]:
        asked = replace(world(model.graph, query), event={}, event_days=frozenset())
        whole = {0: frozenset(model.graph.names)}
        return compile_days(asked, whole, batch=BOTH_WAYS * model.draws)

    return model.kept.made(("whole day", query), days)


def _own_operands(day: Day) -> dict[str, int]:
    """Where each variable that is not certain has a table (or vector) of its own."""
    found: dict[str, int] = {}
    for place, operand in enumerate(day.operands):
        if operand.source and operand.axes[-1:] == (operand.source,):
            found.setdefault(operand.source, place)
    return found


def _compiled_marginals(
    model: CausalModel, days: Sequence[Day], own: Mapping[str, int]
) -> dict[str, Array] | None:
    if not (compiled.pays(3 * model.draws * days[0].plan.operations) and roomy(model)):
        return None
    wanted = {place: (name,) for name, place in own.items()}
    rows = compiled.marginals(model, days[0], wanted)
    return {name: rows[place] for name, place in own.items()}


def _certain(day: Day, name: str, size: int) -> Array:
    """The state that the evidence or an intervention leaves, as a column."""
    (state, *_) = (o.index[-1] for o in day.operands if o.source == name and o.index)
    column: Array = (np.arange(size) == state).astype(np.float64)[:, None]
    return column


def _summed(used: Array) -> Array:
    """Visits summed over all axes but the variable's own, which is the last before the draws."""
    total: Array = used.reshape(-1, *used.shape[-2:]).sum(axis=0)
    return total


def _named(graph: CausalGraph, items: Sequence[Scenario], count: int) -> tuple[str, ...]:
    names = {frozenset(item) for item in items} or {frozenset[str]()}
    if len(names) > 1 or len(items) not in (0, count):
        raise QueryError(
            "The scenarios name different variables.",
            "One pass answers scenarios over the same variables.",
            "Group the scenarios by the variables that they see and set.",
        )
    (only,) = names
    for name in only:
        graph.variable(name)
    return tuple(n for n in graph.names if n in only)


def _codes(
    graph: CausalGraph,
    given: Sequence[Scenario],
    do: Sequence[Scenario],
    seen: Sequence[str],
    done: Sequence[str],
) -> tuple[NDArray[np.int64], ...]:
    """State numbers of every scenario: a vector for each variable seen, then for each set."""
    if any(a[n] != b[n] for n in set(seen) & set(done) for a, b in zip(given, do, strict=True)):
        raise ImpossibleEvidenceError(
            "A scenario sees a variable in another state than the one it sets.",
            "Such evidence has probability zero.",
            "Leave the variable out of `given`.",
        )

    def column(name: str, items: Sequence[Scenario]) -> NDArray[np.int64]:
        number = {s: i for i, s in enumerate(graph.variable(name).states)}
        for item in items:
            if item[name] not in number:
                graph.variable(name).index(item[name])
        return np.array([number[item[name]] for item in items], dtype=np.int64)

    return (
        *(column(n, given) for n in seen),
        *(column(n, do) for n in done if n not in seen),
    )
