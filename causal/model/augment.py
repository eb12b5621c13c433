"""Augmentation: a model joined by one more variable, and every verb works on that one, too.

What happens along a path (how far a price fell, how often a state came up) or beside it (the noise
that two worlds share) is no variable of a story, but it can be made one: v_t has a table given
v_(t-1) and variables of the day, and nothing of the story depends on it.  The others keep their
joint, P'(x, v) = P(x) prod_t table(v_t | v_(t-1), x_t), since v sums out of it.  This is state
augmentation (Bertsekas 2017, Dynamic Programming and Optimal Control, section 1.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from causal.contract.array import Array
from causal.errors import TableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable, unlagged
from causal.model.network import CausalModel, family
from causal.model.posterior import DrawnTables, Piece, mean_tables
from causal.model.table import DRAW, Table


class JoinedTables(DrawnTables):
    """The tables of a model and one more, whose weights may be signed.

    They count as drawn, so that nothing asks them to be distributions, and blocks of drawn rows
    are still drawn only when they are read.
    """

    def __init__(self, base: Mapping[str, Table], name: str, table: Table) -> None:
        self._base, self._name, self._table = base, name, table

    def __getitem__(self, name: str) -> Table:
        return self._table if name == self._name else self._base[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._base
        yield self._name

    def __len__(self) -> int:
        return len(self._base) + 1

    def block(self, name: str, index: tuple[int | slice, ...]) -> Array:
        """Part of one table, ``index`` one entry an axis before the draws."""
        if name != self._name and isinstance(self._base, DrawnTables):
            return self._base.block(name, index)
        return self[name].values[index]

    def mean(self) -> Mapping[str, Table]:
        """The same tables at the posterior mean, that of the one more among them."""
        return JoinedTables(mean_tables(self._base), self._name, self._table.mean())


class SomeDraws(DrawnTables):
    """The first draws of drawn tables."""

    def __init__(self, base: DrawnTables, first: int) -> None:
        self._base, self._first = base, first

    def __getitem__(self, name: str) -> Table:
        table = self._base[name]
        return Table(table.axes, table.values[..., : self._first])

    def __iter__(self) -> Iterator[str]:
        return iter(self._base)

    def __len__(self) -> int:
        return len(self._base)

    def block(self, name: str, index: tuple[int | slice, ...]) -> Array:
        """Part of one table, ``index`` one entry an axis before the draws."""
        return self._base.block(name, index)[..., : self._first]

    def mean(self) -> Mapping[str, Table]:
        """The posterior mean of all draws, not that of the first."""
        return self._base.mean()


def augmented(
    model: CausalModel, variable: Variable, causes: Iterable[Edge], day: Table, start: Table
) -> CausalModel:
    """``model`` joined by ``variable``, whose ``causes`` are edges into it; nothing is done to it.

    ``day``: its table on every day, axes (*parents, variable, draw) in the order of the edges;
    ``start``: that of the first slice; each with one draw or the model's.  The model's own tables
    may be drawn or plain.  Weights of the new ones may be signed, as long as rows sum to one: a
    kernel of higher order has such (see ``drawdown/grid.py``).
    Raises SpecError where the graph cannot take the variable, TableError where a table is another.
    """
    graph = CausalGraph(
        (*model.graph.variables, variable),
        (*model.graph.edges, *causes),
        model.graph.confounded,
        model.graph.name,
    )
    pieces: tuple[tuple[Piece, Table], ...] = (("day", day), ("start", start))
    for piece, table in pieces:
        _fits(graph, variable.name, piece, table, model.draws)
    return CausalModel(
        graph,
        JoinedTables(model.tables, variable.name, day),
        JoinedTables(model.start, variable.name, start),
        fit=model.fit,
    )


def _fits(graph: CausalGraph, name: str, piece: Piece, table: Table, draws: int) -> None:
    """Raise TableError unless a table has the axes of the graph and the draws of the model."""
    axes = (*family(graph, name, piece), DRAW)
    sizes = tuple(graph.size(unlagged(a)) for a in axes[:-1])
    if table.axes != axes or table.values.shape[:-1] != sizes or table.draws not in (1, draws):
        raise TableError(
            f"The table of `{name}` has axes {table.axes} and shape {table.values.shape}.",
            f"The graph says axes {axes} and sizes {sizes}, the model {draws} draws.",
            "Transpose or rebuild the table so that they agree.",
        )


def first_draws(model: CausalModel, count: int) -> CausalModel:
    """The model on its first ``count`` draws, each the same draw as in the whole model."""

    def cut(tables: Mapping[str, Table]) -> Mapping[str, Table]:
        if isinstance(tables, DrawnTables):
            return SomeDraws(tables, count)
        return {n: Table(t.axes, t.values[..., :count]) for n, t in tables.items()}

    fit = None if model.fit is None else replace(model.fit, draws=count)
    return replace(model, tables=cut(model.tables), start=cut(model.start), fit=fit)
