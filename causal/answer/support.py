"""How much data stands behind an answer: its thinnest table row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import SupportsInt

import numpy as np

from causal.contract.plan import Array
from causal.contract.slice import Slice
from causal.graph.dag import CausalGraph, unlagged
from causal.infer.expected_counts import usage, used
from causal.model.network import CausalModel, family
from causal.model.posterior import Piece


@dataclass(frozen=True, slots=True)
class Support:
    """Days behind the thinnest table row that the answer used, and the prior's share of it."""

    days: float
    prior_share: float
    row: str = ""


def support(
    model: CausalModel,
    days: Sequence[Slice],
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


def row_name(graph: CausalGraph, piece: Piece, name: str, place: Iterable[SupportsInt]) -> str:
    """A table row in words: ``bitcoin | leverage=high, leverage@-1=low``."""
    axes = family(graph, name, piece)[:-1]
    states = [
        f"{a}={graph.variable(unlagged(a)).states[int(i)]}"
        for a, i in zip(axes, place, strict=True)
    ]
    return f"{name} | {', '.join(states)}" if states else name
