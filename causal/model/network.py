"""CausalModel: a causal graph with a table on every variable.

A dynamic Bayesian network of two slices (Dean & Kanazawa 1989): one table a variable for every day
given the day before, one for the first slice.  A model is never changed, only replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np

from causal import limit
from causal.contract.array import Array
from causal.errors import TableError
from causal.graph.dag import CausalGraph
from causal.graph.story import Moves
from causal.graph.variable import unlagged
from causal.memo import Memo
from causal.model.checks import Checks
from causal.model.learnt.drawn_tables import StationaryTables, WeightedTables
from causal.model.learnt.evidence import DayCounts
from causal.model.learnt.kept import kept_draws
from causal.model.learnt.prior import LearntPrior
from causal.model.learnt.table_draws import TableDraws
from causal.model.posterior import Counts, Dirichlet, DrawnTables, Piece, allowed, mean_tables
from causal.model.returns import MoveCounts
from causal.model.table import DRAW, Table
from causal.query.event import StatesLike
from causal.query.intervention import Intervention, interventions
from causal.query.level import Close
from causal.text import shown

Alphas = Mapping[str, tuple[tuple[str, ...], Array]]
CELL = 40  # bytes a cell: 27 while a history is counted, 40 while a question reads the mean
LEARNING = 100  # while priors are learnt: 88


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fit came from: the span of the data, its rows and hash, the cut points in force.

    Days as ``2026-05-31``; ``data_hash`` is a SHA-256 of the columns that were read, ``cuts`` the
    cut points by variable, in the units of its measurement.
    """

    data_from: str
    data_to: str
    rows: int
    data_hash: str
    fit_until: str
    cuts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """What a fitted model rests on: counts, prior, number of draws, seed, provenance; moves.

    ``evidence``: the counts by sub-block of days, for a learnt prior whose draws weigh days.
    ``checks``: what was measured of it.  ``origin``: the checksum of the file that it was read
    from; its draws are then kept beside. Raises ModelError for draws or a seed outside ``limit``.
    """

    counts: Counts
    prior: Dirichlet | LearntPrior
    draws: int
    seed: int
    provenance: Provenance
    moves: MoveCounts | None = field(default=None, repr=False)
    evidence: DayCounts | None = field(default=None, repr=False)
    origin: str = field(default="", repr=False)
    checks: Checks | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "draws", limit.draws(self.draws))
        object.__setattr__(self, "seed", limit.seed(self.seed))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CausalModel:
    """Graph and tables; ``tables`` hold every day given the day before, ``start`` the first slice.

    P(x_-1, x_0, ..., x_H) = prod_v start_v(x_-1) prod_t prod_v table_v(x_t | parents in t and t-1).
    A model without lagged edges has one slice and no ``start``.  ``kept`` holds what is made of the
    tables once (plans, rows in the form of the kernel), for all threads; copies and pickles begin
    without it.  Surgery is kept beside the tables, in ``interventions``, and read by a question.
    Raises TableError when a table is missing or its axes do not match the graph.
    """

    graph: CausalGraph
    tables: Mapping[str, Table]
    start: Mapping[str, Table] = field(default_factory=dict)
    interventions: tuple[Intervention, ...] = ()
    fit: Fit | None = None
    kept: Memo = field(default_factory=Memo, init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.tables, DrawnTables):
            return
        _check(self.graph, self.tables, "day")
        if self.graph.persistent:
            _check(self.graph, self.start, "start")
        _same_draws((*self.tables.values(), *self.start.values()))

    def __repr__(self) -> str:
        """Name, size, what was done, and the span of the history: ``print(model)`` in one line."""
        sizes = [len(v.states) for v in self.graph.variables]
        parts = [f"{len(sizes)} variables", f"{sum(sizes)} states", f"{self.draws:,} draws"]
        if self.fit is not None:
            parts.append(f"{self.fit.provenance.data_from} to {self.fit.provenance.data_to}")
        done = f" | do({len(self.interventions)})" if self.interventions else ""
        return shown(f"<CausalModel {self.name}{done}: {', '.join(parts)}>")

    @property
    def name(self) -> str:
        """The name of its graph."""
        return self.graph.name

    @property
    def priced(self) -> tuple[str, ...]:
        """The variables whose days are moves of a price: of these alone is there a drawdown."""
        moves = self.fit.moves if self.fit is not None else None
        return () if moves is None else (moves.declared.variable,)

    @property
    def close(self) -> Close | None:
        """Where the price stands, in a model as of a day (``learn.as_of``); else None."""
        moves = self.fit.moves if self.fit is not None else None
        return None if moves is None else moves.close

    @property
    def draws(self) -> int:
        """Number of posterior draws; 1 for a point model."""
        if self.fit is not None and isinstance(self.tables, DrawnTables):
            return max(self.fit.draws, 1)
        return self.kept.made("draws", self._most_draws)

    def _most_draws(self) -> int:
        tables = (t for m in (self.tables, self.start) for t in m.values())
        return max((t.draws for t in tables), default=1)

    def do(
        self,
        what: Intervention | Iterable[Intervention] | Mapping[str, StatesLike] | None = None,
        /,
        **states: StatesLike,
    ) -> CausalModel:
        """The model after surgery: ``model.do(leverage="low")``, ``model.do(Schedule(...))``.

        do(v) replaces the tables of v and leaves all others: the truncated factorisation (Pearl
        2009, sec. 3.2).  Surgery on top of surgery: where two hold on the same day, the later one
        counts.
        Raises UnknownVariableError, UnknownStateError, QueryError for what the graph cannot do.
        """
        more = interventions(self.graph, what if what is not None else {})
        more += interventions(self.graph, states)
        return self.under(self.interventions + more)

    def mean(self) -> CausalModel:
        """The model at its posterior mean: one draw, no interval.  It is kept with the model."""
        if self.fit is not None and self.fit.draws == 0:
            return self
        return self.kept.made("mean", self._mean).under(self.interventions)

    def under(self, interventions: tuple[Intervention, ...]) -> CausalModel:
        """The same tables, and all that is kept with them, under these interventions alone."""
        if interventions == self.interventions:
            return self
        other = copy(self)  # the tables, and all made from them, stay: nothing to check again
        object.__setattr__(other, "interventions", interventions)
        return other

    def _mean(self) -> CausalModel:
        drawn = self.fit is not None and isinstance(self.tables, DrawnTables)
        return replace(
            self,
            interventions=(),
            tables=mean_tables(self.tables),
            start=mean_tables(self.start),
            fit=replace(self.fit, draws=0) if drawn and self.fit is not None else None,
        )


def fitted(
    graph: CausalGraph, fit: Fit, interventions: tuple[Intervention, ...] = ()
) -> CausalModel:
    """The model whose tables are drawn from the posterior of ``fit`` (0 draws: its mean).

    Rows are drawn when a question first reads them, and stay: the same draws in whatever order.
    """
    day = alphas(graph, fit.counts, fit.prior, "day")
    start = alphas(graph, fit.counts, fit.prior, "start")
    if isinstance(fit.prior, LearntPrior):
        tables = learnt_tables(graph, fit, day, start)
        return CausalModel(graph, *tables, interventions, fit)
    return CausalModel(
        graph,
        DrawnTables(day, "day", fit.draws, fit.seed),
        DrawnTables(start, "start", fit.draws, fit.seed),
        interventions,
        fit,
    )


def learnt_tables(
    graph: CausalGraph, fit: Fit, day: Alphas, start: Alphas
) -> tuple[DrawnTables, DrawnTables]:
    """The tables of both slices of a fit whose priors are learnt."""
    assert isinstance(fit.prior, LearntPrior)
    file = kept_draws(fit.origin, fit.draws, fit.seed) if fit.origin else None
    source = TableDraws(graph, fit.counts, fit.prior, fit.evidence, draws=fit.draws, seed=fit.seed)
    days = WeightedTables(day, "day", source, file)
    if fit.prior.stationary and graph.persistent:
        return days, StationaryTables(graph, days, fit.draws, fit.seed, file)
    return days, WeightedTables(start, "start", source, file)


def alphas(
    graph: CausalGraph, counts: Counts, prior: Dirichlet | LearntPrior, piece: Piece
) -> dict[str, tuple[tuple[str, ...], Array]]:
    """Axes (*parents, variable) and Dirichlet parameters of every table of a slice.

    Parameters are in days, of shape (*parent sizes, states).  A variable with a rule has one
    certain state per row: parameters one there, zero elsewhere.
    """
    found = {}
    for variable in graph.variables:
        axes = family(graph, variable.name, piece)
        if variable.rule == "worst":
            found[variable.name] = (axes, worst(graph, axes))
            continue
        days = counts.of(piece)[variable.name]
        if isinstance(prior, LearntPrior):
            found[variable.name] = (axes, prior.alpha(graph, piece, variable.name, days))
        else:
            where = allowed(graph, variable.name, axes[:-1])
            found[variable.name] = (axes, prior.alpha(days, where))
    return found


def worst(graph: CausalGraph, axes: tuple[str, ...]) -> Array:
    """The deterministic table of a variable that takes the worst state among its causes.

    P(x | causes) = 1 where x = max(causes), states counted calmest first; shape (*sizes of axes).
    """
    sizes = [graph.size(a) for a in axes]
    index = np.zeros(sizes[:-1], dtype=np.int64)
    for states in np.ogrid[tuple(slice(n) for n in sizes[:-1])]:
        np.maximum(index, states, out=index)
    certain: Array = (index[..., None] == np.arange(sizes[-1])).astype(np.float64)
    return certain


def family(graph: CausalGraph, name: str, piece: Piece) -> tuple[str, ...]:
    """Axes of a table without its draws: (*parents, variable)."""
    parents = graph.parents(name) if piece == "day" else graph.start_parents(name)
    return (*parents, name)


def check_size(graph: CausalGraph, each: int = CELL) -> None:
    """Raise ModelError where the tables take more than ``limit.memory()``, ``each`` bytes a cell.

    Asked at the doors, before one of them is made; both slices are counted.
    """
    slices: tuple[Piece, Piece] = ("day", "start")
    families = [family(graph, name, piece) for piece in slices for name in graph.names]
    sizes = [prod(map(graph.size, axes)) for axes in families]
    most = max(sizes, default=1)
    *causes, name = families[sizes.index(most)] if families else ("",)
    limit.afford(
        each * sum(sizes),
        f"`{name}` has {len(causes)} causes, which makes a table of {limit.many(most)} cells: the "
        f"tables of `{graph.name}`",
        f"Give `{name}` fewer causes, or merge states",
    )


def _check(graph: CausalGraph, tables: Mapping[str, Table], piece: Piece) -> None:
    """Raise TableError unless every variable has a table on the axes that the graph says."""
    for name in graph.names:
        if name not in tables:
            raise TableError(
                f"`{name}` has no table ({piece} slice).",
                "Every variable of the graph needs one.",
                "Add it to the tables.",
            )
        table = tables[name]
        want = (*family(graph, name, piece), DRAW)
        sizes = tuple(graph.size(unlagged(a)) for a in want[:-1])
        if table.axes != want or table.values.shape[:-1] != sizes:
            raise TableError(
                f"The table of `{name}` has axes {table.axes} and shape {table.values.shape}.",
                f"The graph says axes {want} and sizes {sizes} before the draws.",
                "Transpose or rebuild the table so that they agree.",
            )
        table.checked()


def _same_draws(tables: Iterable[Table]) -> None:
    """Raise TableError unless all tables have the same number of draws, or a single one."""
    counts = sorted({t.draws for t in tables} - {1})
    if len(counts) > 1 or 0 in counts:
        raise TableError(
            f"The tables have {' and '.join(map(str, counts))} draws.",
            "Draw i of one table belongs with draw i of every other; one draw serves them all.",
            "Give every table the same number of draws, or a single one.",
        )


def check_moves(moves: Moves, graph: CausalGraph, bins: int) -> None:
    """Raise ModelError where the cells of the moves, ``bins`` each, do not fit in the budget.

    Two arrays of 8 bytes an entry are reckoned with, (cells, bins) each.
    """
    cells = prod(map(graph.size, moves.cell))
    limit.afford(
        2 * 8 * cells * bins,
        f"The moves of `{moves.close}` in {limit.many(cells)} cells, {bins} bins each,",
        "Name fewer variables under `given` in [moves]",
    )
