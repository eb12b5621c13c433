"""What licenses an answer, and how much data stands behind it.

Where an effect is not identified (see ``door``), the natural bounds hold (Manski 1990):
P(y, x | z) <= P(y | do(x), z) <= P(y, x | z) + 1 - P(x | z), z not after x.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import SupportsInt

import numpy as np
from numpy.typing import NDArray

from causal.graph.dag import CausalGraph, Confounded, unlagged
from causal.infer.district import district, misread, parts
from causal.infer.door import doors
from causal.infer.evidence_path import evidence_paths
from causal.infer.frontier import Day, relevant
from causal.infer.identification import identified, reduced
from causal.infer.operand import Operand
from causal.infer.query import Claim, Computed, Effect, Query, Support
from causal.infer.world import World
from causal.model.intervention import Cut, Hard, Mix
from causal.model.network import CausalModel, family
from causal.model.posterior import Slice
from causal.model.surgery import bare
from causal.model.table import Array

USED = 0.05  # a row counts as used when it takes this share of an answer's visits to its table


def claim(query: Query, asked: World, *, assumed: bool = False) -> Claim:
    """Rung, effect, how it is computed, and the assumptions in words; ``asked`` grounds ``query``.

    ``assumed``: declared common causes that leave the effect open are taken as absent.
    """
    fitted = (
        "the tables of the graph describe the observed joint; days are alike given their causes"
    )
    opened, pairs = _doors(query, asked)
    if not query.do:
        return Claim("seeing", "observed", _by(pairs), (fitted, *_in_spite(asked, pairs)))
    effect: Effect = "identified" if not opened else "assumed" if assumed else "bounded"
    if effect == "assumed":
        pairs = _misread(asked, absent={bare(i).variable for i in query.do})
    if effect == "bounded":
        pairs = _misread(asked.observing) if ranged(query, asked) else ()
    assumptions = [
        *(text + ("; taken as absent here" if assumed else "") for text in reversed(opened)),
        *(() if opened else [_separate(query, asked)]),
        "the graph is right: no cause is missing, no unmeasured common cause beyond those declared",
        fitted,
        *_in_spite(asked, pairs),
        *_stretched(asked.graph, query),
    ]
    return Claim("doing", effect, _by(pairs), tuple(assumptions), evidence_paths(query, asked))


def ranged(query: Query, asked: World) -> bool:
    """Whether natural bounds are narrower than [0, 1]: states are set, and after the evidence."""
    if not all(isinstance(bare(i), Hard) for i in query.do):
        return False
    doing = [d for d, w in asked.doing.items() if any(i.variable in w for i in query.do)]
    return asked.last_seen < min(doing, default=asked.days[-1] + 1)


def _doors(query: Query, asked: World) -> tuple[tuple[str, ...], tuple[Confounded, ...]]:
    """Open doors in words, and the declared common causes that make the tables' product another.

    Assignments are put to both tests with as little evidence as the do-calculus leaves.
    """
    if not asked.graph.confounded:
        return (), ()
    leading = spans(asked)
    relevant = spans(asked.untouched) | leading
    opened = doors(asked.graph, query.do, relevant, leading=leading)
    pairs = _misread(asked)
    if (opened or pairs) and all(isinstance(bare(i), Hard | Mix) for i in query.do):
        less = reduced(asked) if query.given else asked
        opened = () if opened and identified(less) else opened
        pairs = pairs and _misread(less)
    return opened, pairs


def _misread(asked: World, *, absent: Iterable[str] = ()) -> tuple[Confounded, ...]:
    """Declared common causes in spite of which the product of the tables is taken (none: it is).

    Common causes of variables that are ``absent`` are not looked at.
    """
    left = frozenset(absent)
    pairs = tuple(c for c in asked.graph.confounded if not {c.one, c.other} & left)
    return misread(replace(asked.graph, confounded=pairs), parts(asked)) if pairs else ()


def _by(pairs: Sequence[Confounded]) -> Computed:
    return "tables" if pairs else "estimand"


def _separate(query: Query, asked: World) -> str:
    """What identification rests on, in words, beyond what is declared."""
    done = [bare(i) for i in query.do]
    named = list(dict.fromkeys(d.variable for d in done if not isinstance(d, Cut)))
    cuts = list(dict.fromkeys(f"{d.effect} to what else sees {d.cause}" for d in done
                              if isinstance(d, Cut)))  # fmt: skip
    joined = [f"{', '.join(named)} to its effects"] if named else []
    text = f"no unmeasured common cause joins {', nor '.join([*joined, *cuts])}"
    paired = {n for c in asked.graph.confounded for n in (c.one, c.other)}
    if not paired & set(named):
        return text
    relevant = spans(asked.untouched) | spans(asked)
    known = [_pair(c) for name in named for c in _declared(asked.graph, name, relevant)]
    return f"beyond those declared ({'; '.join(dict.fromkeys(known))}) {text}" if known else text


def _declared(graph: CausalGraph, name: str, relevant: frozenset[str]) -> Iterator[Confounded]:
    """Declared common causes whose chain joins ``name`` to one of its effects of any day."""
    chain = district(graph, relevant | {name}, name)
    effects: set[str] = set()
    stack = [name] if len(chain) > 1 else []
    while stack:
        here = stack.pop()
        more = {e.effect for e in graph.edges if e.cause == here} - effects
        effects |= more
        stack += more
    if effects & (chain - {name}):
        yield from (c for c in graph.confounded if {c.one, c.other} <= chain)


def _pair(pair: Confounded) -> str:
    return f"{pair.one} and {pair.other}"


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


def _in_spite(asked: World, pairs: Sequence[Confounded]) -> Iterator[str]:
    """What is assumed where the product of the tables need not be the estimand, or the base rate.

    The effect may follow from the observed joint by a formula (Tian & Pearl 2002), and its bounds
    do; the tables give the same numbers only where their product describes that joint in spite of
    the common causes.
    """
    if pairs:
        yield f"in spite of {_listed(pairs)} the tables describe the observed joint"
    elif plain := _misread(replace(asked.untouched, seeing={d: {} for d in asked.days})):
        yield (
            f"the base rate takes the tables to describe the observed joint in spite of "
            f"{_listed(plain)}"
        )


def _listed(pairs: Sequence[Confounded]) -> str:
    return f"declared common causes within a day ({'; '.join(map(_pair, pairs))})"


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
