"""The checks that a fit runs and keeps: skill out of sample, and how days hang together.

The walk is a short one, of some seconds: every day's propagation, and of the days ahead one
forecast a week, so that they do not overlap.  ``causal check skill`` walks in full, and names the
rivals."""

from __future__ import annotations

from dataclasses import replace

from causal.check.dependence import BLOCKS, dependence
from causal.check.recalibration import learnt_map
from causal.check.scores import difference, log_loss
from causal.check.skill import BLOCK, USUAL, worst_came
from causal.check.walk_forward import ALL, LEAST, NETWORK, WITHIN, Board, Walk, walk_forward
from causal.data.history import Holdings
from causal.data.panel import DAY
from causal.data.states import States, states
from causal.errors import DataError
from causal.executor import Executor
from causal.graph.story import Story
from causal.graph.variable import MISSING
from causal.model.checks import Checks, SkillLine
from causal.model.network import CausalModel

APART = AHEAD = 7  # days
YEARS = 5  # that are forecast at most
HALF = 0.5  # of the days on which the target is known: they come first, and only teach
WORDS = {ALL: "given the other states of the day", WITHIN: "a week ahead"}


def with_checks(
    model: CausalModel, story: Story, held: Holdings, *, executor: Executor | str | None = None
) -> CausalModel:
    """The model with what was measured of it on the history that it was fitted to.

    ``held``: that history, with its lags of publication.  A history too short for a walk leaves the
    skill out.
    """
    assert model.fit is not None
    panel = held.panel.until(model.fit.provenance.fit_until)
    held = replace(held, panel=panel, available=held.available[: len(panel.dates)])
    read = states(panel, story.graph, cuts=model.fit.provenance.cuts)
    rows = dependence(model, read)
    target = story.target
    boards = _walked(story, held, read, target, executor)
    ahead = next((b for b in boards if b.name != ALL), None)
    by = story.weighing.recalibrate
    checks = Checks(
        target,
        tuple(_line(board) for board in boards),
        BLOCKS,
        {row.table: tuple(round(f, 3) for f in row.inflation) for row in rows},
        learnt_map(ahead, read, story.graph, target=target, days=AHEAD, variable=by)
        if ahead is not None
        else None,
    )
    return replace(model, fit=replace(model.fit, checks=checks))


def _walked(
    story: Story, held: Holdings, read: States, target: str, executor: Executor | str | None
) -> list[Board]:
    """The boards of a short walk over the later half of the days, at most ``YEARS``."""
    if not story.graph.persistent:  # days without a day before have no days ahead
        return []
    there = read.dates[read.of(target) != MISSING]
    if len(there) < 2 * LEAST:
        return []
    first = max(there[int(HALF * len(there))], there[-1] - 365 * YEARS * DAY)
    first = (first.astype("M8[Y]") + 1).astype("M8[D]")
    if first >= there[-1] - LEAST * DAY:
        first = there[int(HALF * len(there))]
    walk = Walk(
        story,
        held,
        target,
        first,
        there[-1],
        boards=(ALL, WITHIN),
        rivals=(USUAL,),
        apart=APART,
        worst=True,
    )
    try:
        return walk_forward(walk, executor=executor)
    except DataError:
        return []


def _line(board: Board) -> SkillLine:
    y = worst_came(board)
    own, usual = (log_loss(board.forecasts[n][:, -1], y) for n in (NETWORK, USUAL))
    apart = max(int((board.dates[1:] - board.dates[:-1]).min() / DAY), 1) if len(y) > 1 else 1
    nats = difference(own, usual, block=max(BLOCK // apart, 1))
    base = float(usual.sum())
    return SkillLine(
        WORDS[ALL if board.name == ALL else WITHIN],
        str(board.dates[0]),
        str(board.dates[-1]),
        len(y),
        int(y.sum()),
        *(
            round(float(v) / base, 4) if base > 0 else 0.0
            for v in (nats.total, nats.low, nats.high)
        ),
    )
