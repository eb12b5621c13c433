"""How much data stands behind an answer: its thinnest table row.

An answer is a sum of products of table entries, and no better known than the row, of those that it
uses, of which least has been seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import SupportsInt

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.graph.variable import unlagged
from causal.infer.expected_counts import ExpectedCounts, Key, used
from causal.model.learnt.prior import LearntPrior
from causal.model.network import CausalModel, family
from causal.model.posterior import Piece

ENOUGH = 500  # draws that tell the spread of a row
CERTAIN = 1e6  # days that a certain row is worth

TableRow = tuple[Key, tuple[int, ...]]
"""A row of a table: the table, and the state of each parent."""


@dataclass(frozen=True, slots=True)
class Support:
    """Days behind the thinnest table row that the answer used, and the prior's share of it.

    ``own`` is None where rows are independent, and ``days`` are then those of the row
    itself.  Where a row leans on the rest of its table (``LearntPrior``), ``days`` are what its
    posterior is worth, ``own`` those of the row itself, and ``prior_share`` is 1 - own / days, zero
    at least."""

    days: float
    prior_share: float
    row: str = ""
    own: float | None = None


def support(model: CausalModel, counts: ExpectedCounts) -> Support | None:
    """The thinnest table row that an answer used: its days of data and its prior's share.

    A row (one state for each parent) is used when it takes at least the share ``USED`` of the
    expected visits to its table, given the event and the evidence.  With n days of data and a prior
    worth s days a row, the prior's share is s / (s + n).  None for a model without counts.
    With a learnt prior days are effective ones (see ``effective_days``).
    """
    return supports(model, counts)[0]


def supports(model: CausalModel, counts: ExpectedCounts) -> list[Support | None]:
    """``support`` for every column of the expected counts: many questions at once."""
    if model.fit is None:
        return [None] * len(counts.probability)
    learnt = {k: v for k, v in counts.tables.items() if k[1] in model.fit.counts.of(k[0])}
    own = {(p, n): model.fit.counts.of(p)[n].sum(axis=-1) for p, n in learnt}
    leaning = isinstance(model.fit.prior, LearntPrior) and model.fit.draws > 1
    held = {key: effective_days(model, key) for key in learnt} if leaning else own
    found: list[Support | None] = []
    for thin in thinnest(held, {k: used(v) for k, v in learnt.items()}):
        if thin is None:
            found.append(None)
            continue
        days, ((piece, name), place) = thin
        row = row_name(model.graph, piece, name, place)
        if leaning:
            here = float(np.asarray(own[piece, name])[place])
            found.append(Support(days, max(1 - here / days, 0.0) if days > 0 else 1.0, row, here))
            continue
        strength = model.fit.prior.strength_of(piece, name)
        found.append(Support(days, strength / (strength + days), row))
    return found


def effective_days(model: CausalModel, key: Key) -> Array:
    """How many days the posterior of every row of a table is worth, shape (*parents,).

    A Dirichlet of a days, prior included, has variances that add up to sum_k m_k (1 - m_k) / (a +
    1); so a = sum_k m_k (1 - m_k) / sum_k Var_k - 1 with mean and variance over the draws (a row
    that is certain is worth ``CERTAIN`` days).  Kept with the model.
    """
    return model.kept.made(("effective", key), lambda: _effective(model, key))


def _effective(model: CausalModel, key: Key) -> Array:
    piece, name = key
    table = (model.tables if piece == "day" else model.start)[name]
    values = table.values[..., :ENOUGH]
    mean = values.mean(axis=-1)
    spread = values.var(axis=-1).sum(axis=-1)
    whole = (mean * (1 - mean)).sum(axis=-1)
    worth: Array = np.where(
        spread > whole / CERTAIN, whole / np.maximum(spread, 1e-300) - 1, CERTAIN
    )
    return np.maximum(worth, 0.0)


def thinnest(
    held: Mapping[Key, Array], touched: Mapping[Key, NDArray[np.bool_]]
) -> list[tuple[float, TableRow] | None]:
    """Of the rows that are ``touched`` the one that holds least, for every column.

    ``held`` (*parents,) says how much each row holds, ``touched`` (*parents, columns) which count;
    None where no row does.  The first of several that hold the same.
    """
    width = max((flags.shape[-1] for flags in touched.values()), default=1)
    least = np.full(width, np.inf)
    rows: list[TableRow | None] = [None] * width
    for key, flags in touched.items():
        amounts = np.asarray(held[key])
        counted = np.where(flags.reshape(-1, width), amounts.reshape(-1, 1), np.inf)
        place = counted.argmin(axis=0)
        here = counted[place, np.arange(width)]
        for column in np.flatnonzero(here < least):
            index = np.unravel_index(int(place[column]), amounts.shape) if amounts.ndim else ()
            rows[column] = key, tuple(map(int, index))
        least = np.minimum(least, here)
    return [
        None if row is None else (float(amount), row)
        for amount, row in zip(least, rows, strict=True)
    ]


def row_name(graph: CausalGraph, piece: Piece, name: str, place: Iterable[SupportsInt]) -> str:
    """A table row in words: ``bitcoin | leverage=high, leverage@-1=low``."""
    axes = family(graph, name, piece)[:-1]
    states = [
        f"{a}={graph.variable(unlagged(a)).states[int(i)]}"
        for a, i in zip(axes, place, strict=True)
    ]
    return f"{name} | {', '.join(states)}" if states else name
