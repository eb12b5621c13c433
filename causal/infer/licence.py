"""What licenses an answer, and how much data stands behind it.

The criterion is Tian & Pearl (2002): the effect of x on everything else is identified when no chain
of unmeasured common causes joins x to one of its effects.  Where it fails, the natural bounds hold
(Manski 1990): P(y, x | z) <= P(y | do(x), z) <= P(y, x | z) + 1 - P(x | z), z not after x.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from causal.graph.dag import CausalGraph, unlagged
from causal.infer.frontier import Day, Operand
from causal.infer.query import Claim, Query, Support
from causal.model.network import CausalModel, family
from causal.model.table import Array

USED = 0.01  # a row counts as used when the answer visits it at least this often, in expectation


def entangled(graph: CausalGraph, name: str, relevant: frozenset[str]) -> tuple[str, ...]:
    """Same-day effects of ``name`` in its district: where Tian & Pearl's test fails.

    Only variables that matter to the question before surgery (``relevant``) count.  A declared
    common cause acts within a day, so an effect on the next day is never in the district.
    """
    pairs = [c for c in graph.confounded if c.one in relevant and c.other in relevant]
    district = {name}
    grown = True
    while grown:
        more = {x for c in pairs for x in (c.one, c.other) if {c.one, c.other} & district}
        grown = not more <= district
        district |= more
    effects = set(graph.children(name))
    return tuple(n for n in graph.names if n in effects & district & relevant)


def claim(
    graph: CausalGraph, query: Query, relevant: frozenset[str], *, assumed: bool = False
) -> Claim:
    """Rung, licence (identified, bounded, assumed, observed) and the assumptions in words."""
    fitted = (
        "the tables of the graph describe the observed joint; days are alike given their causes"
    )
    if not query.do:
        return Claim("seeing", "observed", (fitted,))
    names = tuple(dict.fromkeys(i.variable for i in query.do))
    open_doors = {n: found for n in names if (found := entangled(graph, n, relevant))}
    assumptions = [
        "the graph is right: no cause is missing, no unmeasured common cause beyond those declared",
        fitted,
    ]
    proxies = [n for n in names if not graph.variable(n).manipulable]
    if proxies:
        assumptions.append(
            f"{', '.join(proxies)}: nobody can set it; read as a scenario in which it happens"
        )
    if not open_doors:
        named = ", ".join(names)
        assumptions.insert(0, f"no unmeasured common cause joins {named} to its effects")
        return Claim("doing", "identified", tuple(assumptions))
    for name, effects in open_doors.items():
        joined = ", ".join(effects)
        text = f"{name} and its effect {joined} share an unmeasured cause (declared)"
        assumptions.insert(0, text + ("; taken as absent here" if assumed else ""))
    return Claim("doing", "assumed" if assumed else "bounded", tuple(assumptions))


def support(
    model: CausalModel, days: Sequence[Day], visits: Mapping[tuple[int, int], Array]
) -> Support | None:
    """The thinnest table row that the answer used: its days of data and its prior's share.

    A row (one state for each cause) is used when the expected number of visits to it, given the
    event and the evidence, is at least ``USED``.  None for a model without counts.
    """
    if model.fit is None:
        return None
    usage: dict[tuple[str, str], Array] = {}
    for day in days:
        for place, operand in enumerate(day.operands):
            if operand.vector is None and not model.graph.variable(operand.source).rule:
                key = (operand.piece, operand.source)
                used = _scattered(model.graph, operand, visits[day.number, place])
                usage[key] = usage.get(key, 0) + used
    thinnest: tuple[float, str] | None = None
    for (piece, name), used in usage.items():
        counts = model.fit.counts.of("day" if piece == "day" else "start")[name]
        rows = counts.sum(axis=-1)
        touched = used.sum(axis=-1) >= USED
        if touched.any():
            least = float(rows[touched].min())
            if thinnest is None or least < thinnest[0]:
                place = np.argwhere(touched & (rows == least))[0]
                axes = family(model.graph, name, "day" if piece == "day" else "start")[:-1]
                thinnest = (least, _row(model.graph, name, axes, place))
    if thinnest is None:
        return None
    strength = model.fit.prior.strength
    return Support(thinnest[0], strength / (strength + thinnest[0]), thinnest[1])


def _scattered(graph: CausalGraph, operand: Operand, used: Array) -> Array:
    """Visits on the operand's axes, put back into the shape of the whole table."""
    sizes = [graph.size(a) for a in family(graph, operand.source, operand.piece)]
    full = np.zeros(sizes)
    full[operand.index] = used.sum(axis=-1)
    return full


def _row(graph: CausalGraph, name: str, axes: Iterable[str], place: Iterable[int]) -> str:
    states = [
        f"{a}={graph.variable(unlagged(a)).states[int(i)]}"
        for a, i in zip(axes, place, strict=True)
    ]
    return f"{name} | {', '.join(states)}" if states else name


def spans(days: Sequence[Day]) -> frozenset[str]:
    """Every variable whose table or vector the question uses."""
    return frozenset(o.source for d in days for o in d.operands if o.source)
