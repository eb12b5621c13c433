"""What could be known at the end of every day: the newest state of each variable, and its age.

The same as ``learn.as_of.readings`` on each day, for all days in one pass: steps look back along
their own column only, so a state of day d that is read at day t differs from the one read later by
nothing but the series that were not yet published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causal.calendar import us_open
from causal.contract.array import Array
from causal.data.history import Holdings
from causal.data.in_force import acted, with_story_acts
from causal.data.panel import DAY, Days
from causal.data.states import Codes, coded, days_closed, measured
from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING, Measurement, Variable
from causal.learn.as_of import GRACE, OLDEST, Reading, why_left_out


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Newest readable state (-1: none) and its age in days, each (days, variables)."""

    dates: Days
    graph: CausalGraph
    codes: Codes
    ages: NDArray[np.int16]

    def readings(self, row: int) -> Iterator[Reading]:
        """The readings of one day, as ``with_known_evidence`` takes them."""
        for place, variable in enumerate(self.graph.variables):
            code, age = int(self.codes[row, place]), int(self.ages[row, place])
            if code == MISSING:
                yield Reading(variable.name, None, None, None, None, None, "no data")
                continue
            day = str(self.dates[row] - age * DAY)
            reason = why_left_out(variable, age)
            yield Reading(variable.name, variable.states[code], day, age, None, None, reason)


def inputs(held: Holdings, graph: CausalGraph, cuts: Mapping[str, tuple[float, ...]]) -> Inputs:
    """What could be read at the end of every day of a history, by cut points that are given."""
    dates = held.panel.dates
    panel = with_story_acts(held.panel, graph)
    joined = np.repeat(dates[:, None], len(panel.names) - len(held.panel.names), axis=1)
    held = replace(held, panel=panel, available=np.hstack([held.available, joined]))
    session = us_open(dates)
    shape = (len(dates), len(graph.names))
    codes, ages = np.full(shape, MISSING, dtype=np.int8), np.zeros(shape, dtype=np.int16)
    place = {name: i for i, name in enumerate(graph.names)}
    for name in graph.order:
        variable, at = graph.variable(name), place[name]
        if variable.rule:
            causes = [place[p] for p in graph.parents(name)]
            together = (ages[:, causes] <= OLDEST).all(axis=1)
            together &= (ages[:, causes] == ages[:, causes[:1]]).all(axis=1)
            known = together & (codes[:, causes] != MISSING).all(axis=1)
            codes[:, at] = np.where(known, codes[:, causes].max(axis=1), MISSING)
            ages[:, at] = ages[:, causes[0]]
        elif variable.measurement is not None:
            codes[:, at], ages[:, at] = _newest(variable, held, session, cuts.get(name, ()))
    return Inputs(dates, graph, codes, ages)


def _newest(
    variable: Variable, held: Holdings, session: NDArray[np.bool_], cuts: tuple[float, ...]
) -> tuple[Codes, NDArray[np.int16]]:
    """Of one variable: the newest state at the end of each day, and its age."""
    how = variable.measurement
    assert how is not None
    days = len(held.panel.dates)
    if how.calendar:
        shut = variable.index("closed")
        return np.where(session, 1 - shut, shut).astype(np.int8), np.zeros(days, dtype=np.int16)
    how, carried = _uncarried(how)
    columns = [held.panel.names.index(s.column) for s in how.series]
    late = held.available[:, columns].T - held.panel.dates  # days; NaT where there is no value
    codes, ages = np.full(days, MISSING, dtype=np.int8), np.zeros(days, dtype=np.int16)
    closed = days_closed(held.panel, how, session, late)
    seen: dict[int, Codes] = {}
    for age in range(max(variable.publication_lag, OLDEST) + GRACE + 1):
        for more in range(carried + 1):
            back = age + more
            if back not in seen:
                read: Array = measured(held.panel, how, session, known=late <= back * DAY)
                there = coded(read, cuts, closed)
                there = acted(there, variable, held.panel)
                early = np.full(min(back, days), MISSING, dtype=np.int8)
                seen[back] = np.concatenate([early, there[: max(days - back, 0)]])
            fills = (codes == MISSING) & (seen[back] != MISSING)
            codes[fills], ages[fills] = seen[back][fills], age
    return codes, ages


def _uncarried(how: Measurement) -> tuple[Measurement, int]:
    """A measurement whose series all carry their last value on for some days, without that, and the
    days: a day then has the value that was the newest to be read, as if it were its own."""
    last = [s.steps[-1].split() if s.steps else [""] for s in how.series]
    if not last or any(words[0] != "carry" for words in last):
        return how, 0
    bare = tuple(replace(s, steps=s.steps[:-1]) for s in how.series)
    return replace(how, series=bare), max(int(words[1]) for words in last)
