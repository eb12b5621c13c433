"""States: the panel read as a word a day and variable; cut points that never look ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from causal.calendar import us_open
from causal.contract.array import Array
from causal.data.in_force import act_columns, acted, with_story_acts
from causal.data.panel import Days, Panel, one_day
from causal.data.steps import check_step, step_columns, transform
from causal.errors import DataError, SpecError
from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING, Measurement, Variable

Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """Index of the state of every variable on every day, shape (days, variables); -1 is missing.

    ``cuts`` are the cut points in force, by variable; those that were learnt saw nothing after
    ``fit_until``.
    """

    dates: Days
    names: tuple[str, ...]
    codes: Codes
    cuts: Mapping[str, tuple[float, ...]]
    fit_until: np.datetime64

    def of(self, name: str) -> Codes:
        """The codes of one variable."""
        return self.codes[:, self.names.index(name)]


def states(
    panel: Panel,
    graph: CausalGraph,
    *,
    fit_until: str | np.datetime64 | None = None,
    cuts: Mapping[str, tuple[float, ...]] | None = None,
) -> States:
    """Every variable of ``graph`` read off the panel.

    State = number of cut points <= value.  Quantiles become cut points on the values up to
    ``fit_until`` (default: the last day of the panel), or are taken from ``cuts`` when a model
    remembers them.  A closed market is in its first state on days without a session.
    Raises DataError when columns are missing or a quantile has no values to be learnt from.
    """
    last = panel.dates[-1] if fit_until is None else one_day(fit_until)
    if last < panel.dates[0]:
        raise DataError(
            f"`fit_until` is {last}, before the panel starts on {panel.dates[0]}.",
            "No cut point could be learnt.",
            "Choose a later day.",
        )
    panel = with_story_acts(panel, graph)
    check_measurements(graph, panel)
    session = us_open(panel.dates)
    codes = np.full((len(panel.dates), len(graph.names)), MISSING, dtype=np.int8)
    place = {name: i for i, name in enumerate(graph.names)}
    learnt: dict[str, tuple[float, ...]] = {}
    for name in graph.order:
        variable = graph.variable(name)
        how = variable.measurement
        if variable.rule == "worst":
            causes = codes[:, [place[p] for p in graph.parents(name)]]
            gap = (causes == MISSING).any(axis=1)
            codes[:, place[name]] = np.where(gap, MISSING, causes.max(axis=1))
        elif how is not None and how.calendar:
            shut = variable.index("closed")
            codes[:, place[name]] = np.where(session, 1 - shut, shut)
        elif how is not None:
            values = measured(panel, how, session)
            points = _cuts(variable, how, values[panel.dates <= last], (cuts or {}).get(name))
            learnt[name] = points
            read = coded(values, points, days_closed(panel, how, session))
            codes[:, place[name]] = acted(read, variable, panel)
    return States(panel.dates, graph.names, codes, learnt, last)


def measured(
    panel: Panel,
    how: Measurement,
    session: NDArray[np.bool_] | None = None,
    known: NDArray[np.bool_] | None = None,
) -> Array:
    """The number behind the states: the weighted mean of the series, NaN where it is a gap.

    A day needs half of the weight at least.  A market that closes is read on its sessions only,
    whatever the source prints on other days.  ``known``: on which days each series could be read
    for that day, shape (series, days); all where it is not given.
    """
    found: Array = np.full(len(panel.dates), np.nan)
    if not how.series:
        return found
    weights = np.array([s.weight for s in how.series])[:, None]
    rows = np.array([_series(panel, how, i, session) for i in range(len(how.series))])
    there = ~np.isnan(rows) if known is None else ~np.isnan(rows) & known
    weight = (weights * there).sum(axis=0)
    total = (weights * np.where(there, rows, 0.0)).sum(axis=0)
    enough = weight >= weights.sum() / 2
    np.divide(total, weight, out=found, where=enough)
    return found


def measured_columns(graph: CausalGraph) -> tuple[str, ...]:
    """Columns of the panel that the variables of ``graph`` are measured by, in sorted order."""
    series = [s for v in graph.variables if v.measurement for s in v.measurement.series]
    return tuple(sorted({c for s in series for c in (s.column, *step_columns(s.steps))}))


def check_measurements(graph: CausalGraph, panel: Panel | None = None) -> None:
    """Raise SpecError with every step that is not understood; DataError with missing columns."""
    series = [(v, s) for v in graph.variables if v.measurement for s in v.measurement.series]
    problems = [f"`{v.name}`: {p}" for v, s in series for step in s.steps for p in check_step(step)]
    if problems:
        raise SpecError(
            f"{len(problems)} step(s) of the story are not understood.",
            "The history cannot be read.",
            "Mend each of these:",
            problems,
        )
    if panel is not None:
        panel.require((*measured_columns(graph), *act_columns(graph)))


def _series(panel: Panel, how: Measurement, place: int, session: NDArray[np.bool_] | None) -> Array:
    series = how.series[place]
    column = panel.column(series.column)
    if how.closed and session is not None:
        column = np.where(session, column, np.nan)
    others = {name: panel.column(name) for name in step_columns(series.steps)}
    return transform(column, panel.dates, series.steps, restart=series.restart, others=others)


def _cuts(
    variable: Variable, how: Measurement, known: Array, remembered: Iterable[float] | None
) -> tuple[float, ...]:
    if remembered is not None:
        points = tuple(float(c) for c in remembered)
    elif how.quantiles:
        finite = known[~np.isnan(known)]
        if finite.size == 0:
            raise DataError(
                f"`{variable.name}` has no value up to the last day of fitting.",
                "Its quantiles cannot be learnt.",
                "Fit on a longer history, or give the variable fixed `cuts`.",
            )
        points = tuple(float(c) for c in np.quantile(finite, how.quantiles))
    else:
        points = how.cuts
    wanted = variable.cut_points
    if len(points) != wanted or any(b < a for a, b in pairwise(points)):
        raise SpecError(
            f"`{variable.name}` has cut points {points}.",
            f"Its {len(variable.states)} states need {wanted}, in increasing order.",
            "Mend `cuts` or `quantiles`, or the list of states.",
        )
    return points


def coded(
    values: Array, points: tuple[float, ...], closed: NDArray[np.bool_] | None = None
) -> Codes:
    """Number of ``points`` <= value, MISSING for a gap; ``closed``: days of state 0, the cuts
    dividing the others."""
    codes = np.searchsorted(np.array(points), values, side="right").astype(np.int8)
    if closed is not None:
        codes += 1
    codes[np.isnan(values)] = MISSING
    if closed is not None:
        codes[closed] = 0
    return codes


def days_closed(
    panel: Panel,
    how: Measurement,
    session: NDArray[np.bool_],
    late: NDArray[np.timedelta64] | None = None,
) -> NDArray[np.bool_] | None:
    """The days on which a market is known to be closed; None for what does not close.

    After sessions without a value there is no market yet, and days without one are gaps like them:
    known on closed days alone, it would seem closed most of the time.  Until there was a session
    nothing speaks against it.  ``late``: how many days after its own a value could be read,
    (series, days).
    """
    if not how.closed:
        return None
    begun = ~np.logical_or.accumulate(session)
    for place, series in enumerate(how.series):
        there = session & ~np.isnan(panel.column(series.column))
        known = panel.dates if late is None else panel.dates + late[place]
        first = np.sort(known[there & ~np.isnat(known)])[:1]
        if len(first):
            begun |= panel.dates >= first[0]
    return ~session & begun
