"""What is known as of a day: the state of each variable, its age, and the evidence it makes.

A two-slice model can be told of two days: today and the day before.  Where a publisher is slower,
an older state s enters as virtual evidence (Pearl 1988, ch. 2), weights in proportion to
P(x_0 | x_-k = s) / P(x_0): what the model's own dynamics leave of it after k days.  Where that is
nothing, or the series is older than its lag of publication explains, the variable is left out; no
state is carried forward.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from causal.calendar import us_open
from causal.data.history import Holdings, widened
from causal.data.in_force import act_columns, acts_in_force, with_story_acts
from causal.data.panel import DAY, Panel, one_day
from causal.data.states import measured, measured_columns, states
from causal.errors import DataError, ModelError
from causal.graph.variable import MISSING, Variable, lagged
from causal.infer.marginals import marginals
from causal.learn.fit import move_columns, usual_volatility
from causal.memo import Memo
from causal.model.network import CausalModel
from causal.query.event import StatesLike, conditions
from causal.query.level import Close
from causal.query.query import Query, begun
from causal.query.week import calendars

OLDEST = 1  # days: what the model can be told of
GRACE = 3  # days over its publication lag that a series may be old, and still say something
LEAST = 0.05  # total variation from what is expected anyway, below which a state says nothing
YEAR = 365
KEPT = 1_000  # old states whose weights a model keeps

Reason = Literal[
    "",
    "too old",
    "no data",
    "known to the question",
    "the day after is asked",
    "told by its causes",
]


@dataclass(frozen=True, slots=True)
class Reading:
    """The newest state of one variable, and the number that was read for it.

    ``day`` is the day it speaks of, ``age`` the days from there to the day that is asked as of,
    ``value`` the number behind the state in the units of its series, ``percentile`` the share of
    the year before that lay below it, in [0, 1].  ``left_out`` says why it is no evidence, ``""``
    if it is.  ``weights``: what is left of an old one, by state, the largest as 1.
    """

    variable: str
    state: str | None
    day: str | None
    age: int | None
    value: float | None
    percentile: float | None
    left_out: Reason = ""
    weights: tuple[tuple[str, float], ...] = ()


def readings(model: CausalModel, held: Holdings, day: str | np.datetime64) -> tuple[Reading, ...]:
    """Every measured variable of the model, from what could be read at the end of ``day``.

    Cut points are those that the model remembers: a state means what it meant when the tables were
    counted.  One reading a variable, in the order of the graph.
    Raises ModelError for a model without them, DataError for a day before the stored history.
    """
    if model.fit is None or model.fit.provenance is None:
        raise ModelError(
            f"`{model.name}` does not say how its variables are measured.",
            "No state can be read off the history for it.",
            "Use a model that was fitted to a history (`causal fit`).",
        )
    wanted = (*measured_columns(model.graph), *act_columns(model.graph))
    panel = widened(with_story_acts(held.as_of(day), model.graph), wanted)
    read = states(panel, model.graph, cuts=model.fit.provenance.cuts)
    session = us_open(panel.dates)
    found = []
    for variable in model.graph.variables:
        codes = read.of(variable.name)
        known = np.flatnonzero(codes != MISSING)
        if len(known) == 0:
            found.append(Reading(variable.name, None, None, None, None, None, "no data"))
            continue
        last = int(known[-1])
        age = len(codes) - 1 - last
        value, percentile = _value(variable, panel, session, last)
        reason = why_left_out(variable, age)
        state = variable.states[int(codes[last])]
        day_ = str(panel.dates[last])
        found.append(Reading(variable.name, state, day_, age, value, percentile, reason))
    return tuple(found)


def with_usual_volatility(
    model: CausalModel, held: Holdings, day: str | np.datetime64
) -> CausalModel:
    """The model with its price as it stood at the end of ``day``: the usual volatility of then.

    Drawdowns asked of it are sized by what the steps of [moves] make of the closes that could be
    read by then, and price levels are falls from the day's close; nothing later is read.  A model
    without a price stays as it is.
    Raises DataError where the stored closes do not say it, or ended some days before.
    """
    fit = model.fit
    if fit is None or fit.moves is None:
        return model
    moves, panel = fit.moves.declared, held.as_of(day)
    missing = [n for n in move_columns(moves) if n not in panel.names and n != moves.low]
    found = None if missing else usual_volatility(moves, panel)
    if found is None or found[1] > OLDEST + GRACE:
        fault = f"is {found[1]} days old" if found is not None else "is not known"
        raise DataError(
            f"The usual volatility of `{moves.close}` {fault} at the end of {one_day(day)}.",
            "A drawdown is measured in it, and a later one would be hindsight.",
            f"Pull `{moves.close}` (`causal data pull`), ask as of another day, or give the "
            "volatility yourself: `causal ladder --usual 2.5%`.",
        )
    sized = replace(model, fit=replace(fit, moves=replace(fit.moves, usual=found[0])))
    return with_close(sized, held, day)


def with_close(model: CausalModel, held: Holdings, day: str | np.datetime64) -> CausalModel:
    """The model with its price as it stood at the end of ``day``, by which a level is a drawdown.

    A model without a price, and one whose close of the day cannot be read, is as it was.
    """
    fit = model.fit
    if fit is None or fit.moves is None or fit.moves.declared.close not in held.panel.names:
        return model
    last = float(held.as_of(day).column(fit.moves.declared.close)[-1])
    close = Close(last, str(one_day(day))) if last > 0 else None
    return replace(model, fit=replace(fit, moves=replace(fit.moves, close=close)))


def with_known_evidence(
    model: CausalModel, query: Query, known: Sequence[Reading], day: str | np.datetime64
) -> tuple[Query, tuple[Reading, ...]]:
    """The question with what is known as of ``day`` as evidence, and how each reading was used.

    With a horizon, today (day 0) is ``day``.  Without one the question is about the day after, and
    what is known stands the day before it.  What the question says of a variable goes before what
    the history says.

    With a horizon a state of today is evidence on ``x``, one of the day before on ``x@-1``, and an
    older one gives weights on ``x`` (``virtual_evidence``); without one, each a day further back.
    The question begins on that date, with its sessions; QueryError where it names another.
    """
    named = {c.variable for c in query.given}
    shift = 0 if query.horizon else 1
    evidence: dict[str, StatesLike] = {}
    used = []
    for reading in known:
        reason, age = reading.left_out, reading.age or 0
        weights: tuple[tuple[str, float], ...] = ()
        if not reason and reading.variable in named:
            reason = "known to the question"
        if not reason and age == OLDEST and shift:
            reason = "the day after is asked"
        if not reason and age > OLDEST:
            weights = virtual_evidence(model, reading)
            reason = "" if weights else "too old"
        if not reason and reading.state is not None:
            back = shift if weights else age + shift
            key = lagged(reading.variable) if back else reading.variable
            evidence[key] = dict(weights) if weights else reading.state
        used.append(replace(reading, left_out=reason, weights=weights))
    if shift:
        done = {c.variable for c in query.event} | named | set(calendars(model.graph))
        evidence |= _calendar(model.graph.variables, one_day(day) + DAY, done)
    given = (*query.given, *conditions(model.graph, evidence))
    start = str(one_day(day) + shift * DAY) if calendars(model.graph) else None
    return begun(replace(query, given=given), start), tuple(used)


def virtual_evidence(model: CausalModel, reading: Reading) -> tuple[tuple[str, float], ...]:
    """P(x_0 | x_-k = s) / P(x_0) by state, the largest as 1, at the posterior mean.

    By Bayes' rule P(x_-k = s | x_0) is in proportion to this ratio, so weighing the states of today
    by it is the same as seeing the old state.  Exact when the past of x reaches today through x
    alone.  Empty when after k days the state says nothing: its distribution is within ``LEAST``, in
    total variation sum_x |P(x_0 | x_-k = s) - P(x_0)| / 2, of what is expected without it.
    """
    mean, key = model.mean(), (reading.variable, reading.state or "", reading.age or 0)
    kept = mean.kept.made("virtual evidence", lambda: Memo(KEPT))
    return kept.made(key, lambda: _virtual(mean, *key))


def _virtual(mean: CausalModel, name: str, state: str, age: int) -> tuple[tuple[str, float], ...]:
    after = marginals(mean, given={name: state}, day=age)[name]
    if np.abs(after - marginals(mean, day=age)[name]).sum() / 2 < LEAST:
        return ()
    before = marginals(mean)[name]
    ratio = np.divide(after, before, out=np.zeros(len(after)), where=before > 0)
    states_ = mean.graph.variable(name).states
    scaled = ratio / ratio.max()
    return tuple((s, float(f"{r:.3g}")) for s, r in zip(states_, scaled, strict=True))


def why_left_out(variable: Variable, age: int) -> Reason:
    """Why a state of this age is no evidence: older than the lag of publication and some grace."""
    if age <= OLDEST:
        return ""
    if variable.rule:
        return "told by its causes"
    return "" if age <= variable.publication_lag + GRACE and variable.publication_lag else "too old"


def _value(
    variable: Variable, panel: Panel, session: np.ndarray, row: int
) -> tuple[float | None, float | None]:
    """The number behind the state of a day, and the share of the ``YEAR`` before that lay below;
    none where a dated act gave the state."""
    how = variable.measurement
    if (
        how is None
        or not how.series
        or any(acts_in_force(a, panel.column(a.column))[row] for a in how.acts)
    ):
        return None, None
    values = measured(panel, how, session)
    if np.isnan(values[row]):
        return None, None
    past = values[max(row - YEAR, 0) : row]
    past = past[~np.isnan(past)]
    share = float((past < values[row]).mean()) if len(past) else None
    return float(values[row]), share


def _calendar(variables: Iterable[Variable], day: np.datetime64, done: set[str]) -> dict[str, str]:
    """Whether the US market is open on a day is known long before.

    It is evidence where other variables act on the calendar, else the date tells it.
    """
    word = "open" if us_open(np.array([day]))[0] else "closed"
    return {
        v.name: word
        for v in variables
        if v.measurement and v.measurement.calendar and v.name not in done and word in v.states
    }
