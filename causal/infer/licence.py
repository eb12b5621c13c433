"""What licenses an answer, and how much data stands behind it.

Where an effect is not identified (see ``door``), the natural bounds hold (Manski 1990):
P(y, x | z) <= P(y | do(x), z) <= P(y, x | z) + 1 - P(x | z), z not after x.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import SupportsInt

import numpy as np
from numpy.typing import NDArray

from causal.graph.dag import CausalGraph, unlagged
from causal.infer.door import doors
from causal.infer.frontier import Day, relevant
from causal.infer.operand import Operand
from causal.infer.query import Claim, Query, Support
from causal.infer.world import World
from causal.model.intervention import Cut, Hard, Mix
from causal.model.network import CausalModel, family
from causal.model.posterior import Slice
from causal.model.surgery import bare
from causal.model.table import Array

USED = 0.05  # a row counts as used when it takes this share of an answer's visits to its table


def claim(
    graph: CausalGraph, query: Query, relevant: frozenset[str], *, assumed: bool = False
) -> Claim:
    """Rung, licence (identified, bounded, assumed, observed) and the assumptions in words."""
    fitted = (
        "the tables of the graph describe the observed joint; days are alike given their causes"
    )
    if not query.do:
        return Claim("seeing", "observed", (fitted,))
    opened = doors(graph, query.do, relevant)
    assumptions = [
        "the graph is right: no cause is missing, no unmeasured common cause beyond those declared",
        fitted,
        *_hidden(graph, query, relevant),
        *_stretched(graph, query),
    ]
    if not opened:
        return Claim("doing", "identified", (_separate(query), *assumptions))
    for text in opened:
        assumptions.insert(0, text + ("; taken as absent here" if assumed else ""))
    return Claim("doing", "assumed" if assumed else "bounded", tuple(assumptions))


def _separate(query: Query) -> str:
    """What identification rests on, in words."""
    done = [bare(i) for i in query.do]
    named = list(dict.fromkeys(d.variable for d in done if not isinstance(d, Cut)))
    cuts = list(dict.fromkeys(f"{d.effect} to what else sees {d.cause}" for d in done
                              if isinstance(d, Cut)))  # fmt: skip
    joined = [f"{', '.join(named)} to its effects"] if named else []
    return f"no unmeasured common cause joins {', nor '.join([*joined, *cuts])}"


def _stretched(graph: CausalGraph, query: Query) -> Iterator[str]:
    """What nobody can do, and how it is to be read."""
    done = [bare(i) for i in query.do]
    names = dict.fromkeys(d.variable for d in done if not isinstance(d, Cut))
    proxies = [n for n in names if not graph.variable(n).manipulable]
    if proxies:
        yield f"{', '.join(proxies)}: nobody can set it; read as a scenario in which it happens"
    cuts = dict.fromkeys(f"{d.cause} -> {d.effect}" for d in done if isinstance(d, Cut))
    if cuts:
        yield f"{', '.join(cuts)}: nobody can cut an arrow alone; read as what runs through it"


def _hidden(graph: CausalGraph, query: Query, relevant: frozenset[str]) -> tuple[str, ...]:
    """What is assumed of declared common causes that do not touch the variables set.

    The effect stays identified, but by a formula on the observed joint (Tian & Pearl 2002); the
    tables give the same number only where they describe that joint in spite of the common cause.
    """
    done = {i.variable for i in query.do if isinstance(bare(i), Hard | Mix)}
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
    model: CausalModel,
    days: Sequence[Day],
    visits: Mapping[tuple[int, int], Array],
    mean: CausalModel,
) -> Support | None:
    """The thinnest table row that the answer used: its days of data and its prior's share.

    A row (one state for each cause) is used when it takes at least the share ``USED`` of the
    visits to its table that the answer rests on, given the event and the evidence.  None for a
    model without counts.  The visits were counted at ``mean``.
    """
    if model.fit is None:
        return None
    thinnest: tuple[float, str] | None = None
    for (piece, name), entries in usage(mean, days, visits).items():
        if name not in model.fit.counts.of(piece):
            continue  # made, not learnt: the depth of a drawdown
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
    mean: CausalModel, days: Sequence[Day], visits: Mapping[tuple[int, int], Array]
) -> dict[tuple[Slice, str], Array]:
    """Expected visits to every entry of every learnt table, over all days; whole table shapes.

    Of the visits to what a policy or a cut made of a table, its entries get what they are due.
    """
    graph = mean.graph
    found: dict[tuple[Slice, str], Array] = {}
    for day in days:
        for place, operand in enumerate(day.operands):
            if operand.vector is None and not graph.variable(operand.source).rule:
                key = (operand.piece, operand.source)
                entries = _scattered(
                    graph, operand, operand.charged(mean, visits[day.number, place])
                )
                found[key] = found[key] + entries if key in found else entries
    return found


def used(entries: Array) -> NDArray[np.bool_]:
    """The rows that take at least the share ``USED`` of the visits to one table."""
    rows = entries.sum(axis=-1)
    found: NDArray[np.bool_] = (rows >= USED * rows.sum()) & (rows > 0)
    return found


def _scattered(graph: CausalGraph, operand: Operand, used: Array) -> Array:
    """Visits to the block of a table that an operand reads, in the shape of the whole table."""
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


def spans(world: World) -> frozenset[str]:
    """Every variable whose table or vector the question uses."""
    return frozenset().union(*relevant(world, {})[0].values())
