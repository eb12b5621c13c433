"""What licenses an answer, and how much data stands behind it.

The criterion is Tian & Pearl (2002): the effect of x on everything else is identified when no chain
of unmeasured common causes joins x to one of its effects.  Where it fails, the natural bounds hold
(Manski 1990): P(y, x | z) <= P(y | do(x), z) <= P(y, x | z) + 1 - P(x | z), z not after x.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import SupportsInt

import numpy as np
from numpy.typing import NDArray

from causal.graph.dag import CausalGraph, unlagged
from causal.infer.frontier import Day, Operand
from causal.infer.query import Claim, Query, Support
from causal.model.network import CausalModel, family
from causal.model.posterior import Slice
from causal.model.table import Array

USED = 0.05  # a row counts as used when it takes this share of an answer's visits to its table


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
        *_hidden(graph, query, relevant),
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


def _hidden(graph: CausalGraph, query: Query, relevant: frozenset[str]) -> tuple[str, ...]:
    """What is assumed of declared common causes that do not touch the interventions.

    The effect stays identified, but by a formula on the observed joint (Tian & Pearl 2002); the
    tables give the same number only where they describe that joint in spite of the common cause.
    """
    done = {i.variable for i in query.do}
    pairs = [
        f"{c.one} and {c.other}"
        for c in graph.confounded
        if {c.one, c.other} <= relevant and not {c.one, c.other} & done
    ]
    if not pairs:
        return ()
    return (
        f"in spite of declared common causes within a day ({'; '.join(pairs)}) the tables describe "
        "the observed joint",
    )


def support(
    model: CausalModel, days: Sequence[Day], visits: Mapping[tuple[int, int], Array]
) -> Support | None:
    """The thinnest table row that the answer used: its days of data and its prior's share.

    A row (one state for each cause) is used when it takes at least the share ``USED`` of the
    visits to its table that the answer rests on, given the event and the evidence.  None for a
    model without counts.
    """
    if model.fit is None:
        return None
    thinnest: tuple[float, str] | None = None
    for (piece, name), entries in usage(model.graph, days, visits).items():
        rows = model.fit.counts.of(piece)[name].sum(axis=-1)
        touched = used(entries)
        if touched.any():
            least = float(rows[touched].min())
            if thinnest is None or least < thinnest[0]:
                place = np.argwhere(touched & (rows == least))[0]
                thinnest = (least, row_name(model.graph, piece, name, place))
    if thinnest is None:
        return None
    strength = model.fit.prior.strength
    return Support(thinnest[0], strength / (strength + thinnest[0]), thinnest[1])


def usage(
    graph: CausalGraph, days: Sequence[Day], visits: Mapping[tuple[int, int], Array]
) -> dict[tuple[Slice, str], Array]:
    """Expected visits to every entry of every learnt table, over all days; whole table shapes."""
    found: dict[tuple[Slice, str], Array] = {}
    for day in days:
        for place, operand in enumerate(day.operands):
            if operand.vector is None and not graph.variable(operand.source).rule:
                key = (operand.piece, operand.source)
                entries = _scattered(graph, operand, visits[day.number, place])
                found[key] = found[key] + entries if key in found else entries
    return found


def used(entries: Array) -> NDArray[np.bool_]:
    """The rows that take at least the share ``USED`` of the visits to one table."""
    rows = entries.sum(axis=-1)
    found: NDArray[np.bool_] = (rows >= USED * rows.sum()) & (rows > 0)
    return found


def _scattered(graph: CausalGraph, operand: Operand, used: Array) -> Array:
    """Visits on the operand's axes, put back into the shape of the whole table."""
    sizes = [graph.size(a) for a in family(graph, operand.source, operand.piece)]
    full = np.zeros(sizes)
    full[operand.index] = used.sum(axis=-1)
    return full


def row_name(graph: CausalGraph, piece: Slice, name: str, place: Iterable[SupportsInt]) -> str:
    """A table row in words: ``bitcoin | leverage=high, leverage@-1=low``."""
    axes = family(graph, name, piece)[:-1]
    states = [
        f"{a}={graph.variable(unlagged(a)).states[int(i)]}"
        for a, i in zip(axes, place, strict=True)
    ]
    return f"{name} | {', '.join(states)}" if states else name


def spans(days: Sequence[Day]) -> frozenset[str]:
    """Every variable whose table or vector the question uses."""
    return frozenset(o.source for d in days for o in d.operands if o.source)
