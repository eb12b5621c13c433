"""What stands behind many scenarios of one do: support, evidence by evidence in one batch.

The scenarios take the place of the draws: at the posterior mean one forward and one backward pass
give the visits to every table row for all of them (see ``answer.support`` for one).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

import numpy as np

from causal.answer.support import Support, supports
from causal.contract.slice import Slice
from causal.infer.expected_counts import expected_counts
from causal.infer.factor import Factor, factors
from causal.infer.frontier import compile_slices
from causal.model.network import CausalModel
from causal.query.query import Query
from causal.query.unrolled import Unrolled, Weights, unroll

BYTES = 200_000_000  # of one batch

Blank = Mapping[int, Weights]


def batch_supports(mean: CausalModel, queries: Sequence[Query]) -> list[Support | None]:
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
    return supports(mean, expected_counts(mean, days, columns=columns))


def _seen(days: Sequence[Slice], blank: Blank) -> Iterator[tuple[int, int, str, Factor]]:
    """Where the evidence stands among the operands."""
    for day in days:
        for place, operand in enumerate(factors(day)):
            if operand.vector is not None and operand.vector is blank.get(day.number, {}).get(
                operand.source
            ):
                yield day.number, place, operand.source, operand
