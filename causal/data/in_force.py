"""Acts in force: the state of a variable from the day of a dated act on, while the act lasts.

An act of size x >= ``at_least`` on day s is in force on the days s to s + ``days`` - 1: known at
the end of each of them, since an act is dated by its first public word.  Between acts the series of
the variable speak; without a series, the calmest state.  Beyond the last day that a list covers
nothing is known of new acts, so that the state is missing, whatever the series say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.events import act_column, shipped_acts
from causal.data.panel import Panel
from causal.data.steps import step_columns
from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING, Acts, Variable


def act_columns(graph: CausalGraph) -> tuple[str, ...]:
    """Columns of dated acts that the variables of ``graph`` are measured by, in sorted order."""
    found = (a.column for v in graph.variables if v.measurement for a in v.measurement.acts)
    return tuple(sorted(set(found)))


def with_story_acts(panel: Panel, graph: CausalGraph) -> Panel:
    """The panel and those columns of acts that ``graph`` reads, it lacks and the package ships.

    Acts are read by a variable's ``acts``, and by its series (a step ``times ai_earnings_day``).
    """
    series = [s for v in graph.variables if v.measurement for s in v.measurement.series]
    read = {c for s in series for c in (s.column, *step_columns(s.steps))}
    wanted = [n for n in sorted(read | set(act_columns(graph))) if n not in panel.names]
    lists = shipped_acts() if wanted else ()
    names = [name for name in wanted if any(name in some.columns for some in lists)]
    columns = [act_column(lists, name, panel.dates) for name in names]
    values = np.column_stack([panel.values, *columns])
    return Panel(panel.dates, (*panel.names, *names), values, panel.text)


def acts_in_force(acts: Acts, column: Array) -> NDArray[np.bool_]:
    """Whether an act is in force, by day, (days,): max of x over the last ``days`` days is at least
    ``at_least``.  ``column``: the largest size x of each day's acts, NaN where it is not known."""
    struck = np.nan_to_num(column, nan=-np.inf) >= acts.at_least
    found = struck.copy()
    for back in range(1, min(acts.days, len(struck))):
        found[back:] |= struck[:-back]
    return found


def acted(codes: NDArray[np.int8], variable: Variable, panel: Panel) -> NDArray[np.int8]:
    """The states that the series of a variable give, (days,), overruled by the acts in force.

    Of two acts in force the one that stands later in the story counts.  Before the first day that a
    list covers the series speak alone.
    """
    how = variable.measurement
    if how is None or not how.acts:
        return codes
    found = codes.copy() if how.series else np.zeros_like(codes)
    columns = {a.column: panel.column(a.column) for a in how.acts}
    for column in columns.values():
        unknown = np.isnan(column)
        since = int(np.argmin(unknown)) if not unknown.all() else len(column)
        found[unknown & (np.arange(len(column)) >= (since if how.series else 0))] = MISSING
    for acts in how.acts:
        found[acts_in_force(acts, columns[acts.column])] = variable.index(acts.state)
    return found
