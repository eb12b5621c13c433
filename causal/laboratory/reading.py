"""What the story reads in the market's columns: numbers, states, and how often each came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.panel import Days, Panel
from causal.data.states import Codes, coded, measured
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.variable import MISSING, Variable
from causal.laboratory.measurement import COLUMNS, STARTS, market_columns
from causal.laboratory.noise import Noise
from causal.laboratory.state import State

MEMORY = 12  # half-lives after which an EWMA has forgotten
WEEK = 1.6  # calendar days for a session, holidays counted
POOLED = 365  # days of the past over which states are counted


@dataclass(frozen=True, slots=True, eq=False)
class StateReader:
    """Reads variables of ``graph`` off a market; ``plain`` as the columns are made."""

    graph: CausalGraph
    noise: Noise
    dates: Days
    plain: bool

    def numbers(self, state: State, name: str, rows: int) -> Array:
        """The number behind the states on the last ``rows`` days, (rows, paths)."""
        how = self.variable(name).measurement
        assert how is not None
        back = rows + reach(self.graph.variable(name))
        wanted = sorted({s.column for s in how.series})
        made = market_columns(state, self.noise, self.dates, plain=self.plain, names=tuple(wanted))
        days = self.dates[: state.row][-back:]
        session = state.day["session"][: state.row][-back:] > 0
        found = np.empty((min(rows, len(days)), state.paths))
        for path in range(state.paths):
            values = np.stack([made[n][-back:, path] for n in wanted], axis=1)
            read = measured(Panel(days, tuple(wanted), values), how, session[:, path])
            found[:, path] = read[-rows:]
        return found

    def codes(self, state: State, name: str, rows: int) -> Codes:
        """States on the last ``rows`` days, (rows, paths); MISSING where nothing can be read."""
        variable = self.graph.variable(name)
        if variable.rule == "worst":
            causes = [self.codes(state, cause, rows) for cause in self.graph.parents(name)]
            lost = np.any([c == MISSING for c in causes], axis=0)
            return np.where(lost, MISSING, np.max(causes, axis=0)).astype(np.int8)
        session = state.day["session"][: state.row][-rows:] > 0
        how = self.variable(name).measurement
        assert how is not None
        if how.calendar:
            shut = variable.index("closed")
            return np.where(session, 1 - shut, shut).astype(np.int8)
        found = self.numbers(state, name, rows)
        read = [
            coded(found[:, i], how.cuts, ~session[:, i] if how.closed else None)
            for i in range(state.paths)
        ]
        return np.stack(read, axis=1)

    def variable(self, name: str) -> Variable:
        """A variable that the market can show; raises QueryError for one that it cannot."""
        variable = self.graph.variable(name)
        how = variable.measurement
        shown = how is not None and (how.calendar or not how.quantiles)
        if not shown or any(c not in COLUMNS for c in read_columns(self.graph, variable)):
            raise QueryError(
                f"The laboratory does not show `{name}`.",
                "Its market has the columns of the shipped story, with fixed cut points.",
                "Ask about a variable of models/crash.toml.",
            )
        return variable


def read_columns(graph: CausalGraph, variable: Variable) -> list[str]:
    """The columns that a variable is measured by, those of its causes where it is their worst."""
    if variable.rule == "worst":
        return [
            c for n in graph.parents(variable.name) for c in read_columns(graph, graph.variable(n))
        ]
    how = variable.measurement
    return [] if how is None else [s.column for s in how.series]


def shown_by(graph: CausalGraph, names: Sequence[str], day: np.datetime64) -> None:
    """Raise QueryError for the first variable whose series starts too late to be read on a day."""
    for name in names:
        for one in (name, *_worse(graph, name)):
            variable = graph.variable(one)
            for column in read_columns(graph, variable):
                first = np.datetime64(STARTS.get(column, "2000-01-01"))
                if first + np.timedelta64(reach(variable), "D") > day:
                    raise QueryError(
                        f"`{one}` cannot be read on {day}.",
                        f"Its column `{column}` starts on {first}, and it looks back some "
                        f"{reach(variable)} days.",
                        "Ask about a later day, or with the plain layer (--plain).",
                    )


def reach(variable: Variable) -> int:
    """Days of history that a variable's steps look back, some more rather than fewer."""
    how = variable.measurement
    if how is None:
        return 0
    most = 0
    for series in how.series:
        words = [step.split() for step in series.steps]
        days = sum(
            (MEMORY if w[0].startswith("ewma") else 1) * int(w[1]) for w in words if len(w) > 1
        )
        most = max(most, days)
    return int(most * (WEEK if how.closed or "nasdaq" in str(how.series) else 1)) + 10


def needed(graph: CausalGraph, names: list[str]) -> int:
    """Days of history behind the first day on which all of ``names`` can be read."""
    every = [n for name in names for n in (name, *_worse(graph, name))]
    return max((reach(graph.variable(n)) for n in every), default=0)


def _worse(graph: CausalGraph, name: str) -> tuple[str, ...]:
    return tuple(graph.parents(name)) if graph.variable(name).rule == "worst" else ()


def pools(values: Array, cuts: tuple[float, ...]) -> Mapping[int, Array]:
    """The numbers that were seen in every state, sorted; of a state never seen an empty array."""
    flat = values[~np.isnan(values)]
    place: NDArray[np.intp] = np.searchsorted(np.array(cuts), flat, side="right")
    return {k: np.sort(flat[place == k]) for k in range(len(cuts) + 1)}
