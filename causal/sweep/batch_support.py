"""What stands behind many scenarios of one do: support, evidence by evidence in one batch.

The scenarios take the place of the draws: at the posterior mean one forward and one backward pass
give the visits to every table row for all of them (see ``licence.support`` for one).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from causal.answer.support import Support, row_name
from causal.contract.plan import Array
from causal.contract.slice import Slice
from causal.infer.expected_counts import USED, visits
from causal.infer.factor import Factor, factors
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel, family
from causal.model.posterior import Piece
from causal.query.query import Query
from causal.query.unrolled import Unrolled, Weights, unroll

BYTES = 200_000_000  # of one batch

Blank = Mapping[int, Weights]


def supports(mean: CausalModel, queries: Sequence[Query]) -> list[Support | None]:
    """Support of every query; all do the same and see the same variables on the same days.

    ``mean`` is the model at its posterior mean, with its counts.
    """
    if mean.fit is None:
        return [None] * len(queries)
    worlds = [unroll(mean.graph, q) for q in queries]
    number = count(1)  # no two are equal, so that no two are taken for the same
    blank = {
        d: {n: np.full(len(v), float(next(number))) for n, v in w.items()}
        for d, w in worlds[0].seeing.items()
    }
    days = compile_slices(replace(worlds[0], seeing=blank))
    batch = max(1, BYTES // (24 * sum(day.plan.working for day in days) + 1))
    found: list[Support | None] = []
    for low in range(0, len(worlds), batch):
        found += _batch(mean, days, blank, worlds[low : low + batch])
    return found


def _batch(
    mean: CausalModel, days: Sequence[Slice], blank: Blank, worlds: Sequence[Unrolled]
) -> list[Support | None]:
    columns = {
        (number, place): np.stack([w.seeing[number][name] for w in worlds], axis=-1)[operand.index]
        for number, place, name, operand in _seen(days, blank)
    }
    counted, _ = visits(mean, days, columns=columns)
    usage: dict[tuple[Piece, str], Array] = {}
    for day in days:
        for place, operand in enumerate(factors(day)):
            if operand.vector is None and not mean.graph.variable(operand.source).rule:
                key = (operand.piece, operand.source)
                charged = operand.charged(mean, counted[day.number, place])
                entries = _whole(mean, operand, charged, len(worlds))
                usage[key] = usage[key] + entries if key in usage else entries
    return _thinnest(mean, usage, len(worlds))


def _seen(days: Sequence[Slice], blank: Blank) -> Iterator[tuple[int, int, str, Factor]]:
    """Where the evidence stands among the operands."""
    for day in days:
        for place, operand in enumerate(factors(day)):
            if operand.vector is not None and operand.vector is blank.get(day.number, {}).get(
                operand.source
            ):
                yield day.number, place, operand.source, operand


def _whole(mean: CausalModel, operand: Factor, visits: Array, width: int) -> Array:
    """Visits on an operand's axes, put back into the shape of its table; one column a scenario."""
    sizes = [mean.graph.size(a) for a in family(mean.graph, operand.source, operand.piece)]
    full = np.zeros((*sizes, width))
    full[operand.index] = visits
    return full


def _thinnest(
    mean: CausalModel, usage: Mapping[tuple[Piece, str], Array], width: int
) -> list[Support | None]:
    assert mean.fit is not None
    least = np.full(width, np.inf)
    rows: list[str] = [""] * width
    for (piece, name), entries in usage.items():
        days = mean.fit.counts.of(piece)[name].sum(axis=-1)
        visited = entries.sum(axis=-2).reshape(-1, width)
        touched = (visited >= USED * visited.sum(axis=0)) & (visited > 0)
        counted = np.where(touched, days.reshape(-1, 1), np.inf)
        place = counted.argmin(axis=0)
        here = counted[place, np.arange(width)]
        for column in np.flatnonzero(here < least):
            where = np.unravel_index(int(place[column]), days.shape) if days.ndim else ()
            rows[column] = row_name(mean.graph, piece, name, where)
        least = np.minimum(least, here)
    strength = mean.fit.prior.strength
    return [
        Support(float(d), strength / (strength + float(d)), row) if np.isfinite(d) else None
        for d, row in zip(least, rows, strict=True)
    ]
