"""From counts to learnt priors: gaps shared out, a strength for every table, the modes.

The steps, each in a file of its own: days by sub-block (``day_counts``), gaps (``em``), strengths
(``strength``), and the regressions at their modes (``model.learnt.prior``).  Shares of the gap days
are settled once more by the tables that come out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import numpy as np

from causal.data.states import States
from causal.errors import DataError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story
from causal.graph.variable import TableKind
from causal.learn.day_counts import day_counts, totals
from causal.learn.em import completed, shared_out
from causal.learn.strength import strength_of
from causal.model.learnt.evidence import BlockCounts, DayCounts
from causal.model.learnt.prior import LearntPrior, TablePrior, with_modes
from causal.model.posterior import CountArray, Counts

FEWEST = 5  # blocks of days in a history
ROUNDS, STILL = 30, 0.01  # of sharing out; days of a cell
FIRST = 20.0  # strength of a table before its own is chosen
STRETCHES = 8  # to which rows without a date are dealt
LONE = 2.0  # strength of the prior of a first slice that is only counted
DIGITS = 9  # of a coefficient, and of days that are shared out: a file holds no more


def learnt(
    story: Story, counts: Counts, read: States | None
) -> tuple[Counts, LearntPrior, DayCounts | None]:
    """Counts with gaps shared out, the prior of every table, and the days by sub-block.

    ``read``: the states of the days; without them (rows of no date) days are independent, and
    nothing is filled or forgotten.
    """
    graph, how = story.graph, story.weighing
    evidence = None
    if read is None and (how.half_life or how.since):
        raise DataError(
            "Rows of states have no dates, so none is older than another.",
            "A half-life and a first day cannot be kept.",
            "Take `half_life` and `since` out of the story, or fit it to a panel.",
        )
    if read is not None:
        evidence = day_counts(
            read, graph, half_life=how.half_life, since=how.since, start=how.start == "observed"
        )
        counts = totals(evidence, counts)
    days = len(read.dates) if read is not None else 0
    block = min(how.block, max(days // FEWEST, 1))  # of fewer blocks no weight tells one
    kinds = {n: kind_of(story, n) for n in counts.day if not graph.variable(n).rule}
    prior = _prior(story, kinds, lambda _: story.strength or FIRST, block)
    if evidence is None:
        blocks, told = _by_cell(counts), counts
    else:
        found = completed(graph, evidence, counts, prior)
        blocks, told = dict(evidence.day), found.counts
    if story.strength is None:
        chosen = {
            n: strength_of(graph, n, graph.parents(n), kinds[n], blocks[n])
            if len(blocks[n].days)
            else FIRST
            for n in kinds
        }
        prior = _prior(story, kinds, chosen.__getitem__, block)
    prior = with_modes(graph, told, prior)
    if evidence is not None and evidence.gaps:
        told, prior = _settled(graph, evidence, counts, told, prior)
    return told, prior, evidence


def _settled(
    graph: CausalGraph, evidence: DayCounts, counts: Counts, told: Counts, prior: LearntPrior
) -> tuple[Counts, LearntPrior]:
    """Gap days shared out by the tables that they lead to: again, until a day moves no more.

    N -> m(theta(N)) -> q -> N' is a fixed point iteration of the posterior mean itself, and not of
    the regression alone, as in ``em``: where a row has days of its own, they say how it is filled.
    """
    for _ in range(ROUNDS):
        after = _rounded(shared_out(graph, evidence, counts, told, prior))
        moved = max(float(np.abs(after.day[n] - told.day[n]).max()) for n in after.day)
        told, prior = after, with_modes(graph, after, prior)
        if moved < STILL:
            break
    return told, prior


def kind_of(story: Story, name: str) -> TableKind:
    """How the table of a variable is learnt.

    As it says itself, else as its story says.
    """
    own = story.graph.variable(name).table
    if own:
        return own
    return cast(TableKind, story.kind)


def _prior(
    story: Story, kinds: Mapping[str, TableKind], strength: Callable[[str], float], block: int
) -> LearntPrior:
    how = story.weighing
    day = {n: TablePrior(k, strength(n)) for n, k in kinds.items()}
    start = {n: TablePrior("backoff", LONE) for n in kinds}
    stationary = how.start == "stationary"
    return LearntPrior(day, start, block, how.half_life, how.since, stationary)


def _by_cell(counts: Counts) -> dict[str, BlockCounts]:
    """Counts without dates: every eighth day of a cell in a stretch of its own, by chance."""
    rng = np.random.default_rng(0)
    return {n: _dealt(a, rng) for n, a in counts.day.items()}


def _dealt(days: CountArray, rng: np.random.Generator) -> BlockCounts:
    """Whole days dealt to eight stretches, cell by cell."""
    flat = np.asarray(days).astype(np.int64).ravel()
    seen = np.flatnonzero(flat)
    dealt = rng.multinomial(flat[seen], np.full(STRETCHES, 1 / STRETCHES))
    place, block = np.nonzero(dealt)
    return BlockCounts(flat.size, block, seen[place], dealt[place, block].astype(float))


def _rounded(counts: Counts) -> Counts:
    day = {n: np.round(a, DIGITS) if a.dtype.kind == "f" else a for n, a in counts.day.items()}
    return Counts(day, counts.start)
