"""Tables of a fit with learnt priors, each drawn whole when it is first read, and then kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from math import prod

import numpy as np

from causal.contract.array import Array
from causal.graph.dag import CausalGraph
from causal.memo import Memo
from causal.model.learnt.kept import DrawnFile
from causal.model.learnt.stationary import first_slice, stationary
from causal.model.learnt.table_draws import TableDraws
from causal.model.posterior import Drawn, DrawnTables, Piece
from causal.model.table import DRAW, Table


class WeightedTables(DrawnTables):
    """Tables of one slice whose draws share the weights of days (``draws.TableDraws``)."""

    def __init__(
        self,
        alphas: Mapping[str, tuple[tuple[str, ...], Array]],
        piece: Piece,
        source: TableDraws,
        file: DrawnFile | None = None,
    ) -> None:
        super().__init__(alphas, piece, source.draws, source.seed)
        self._source, self._file = source, file

    def _more(self, name: str, index: tuple[int | slice, ...]) -> Drawn:
        """The table whole; called under its lock."""
        alpha = self._alphas[name][1]
        sure = not ((alpha > 0).sum(axis=-1) > 1).any()
        if self._draws == 0 or sure:
            return super()._more(name, (slice(None),) * (alpha.ndim - 1))
        self._afford(name, alpha.size)
        values = self._file.read(self._piece, name) if self._file is not None else None
        if values is None or values.shape != (*alpha.shape, self._draws):
            values = self._source.values(self._piece, name)
            if self._file is not None:
                self._file.add(self._piece, name, values)
        self._drawn[name] = found = Drawn(values, np.ones(alpha.shape[:-1], dtype=bool))
        return found


class StationaryTables(DrawnTables):
    """Tables of the first slice: the law that the days of the same draw settle in."""

    def __init__(
        self,
        graph: CausalGraph,
        day: DrawnTables,
        draws: int,
        seed: int,
        file: DrawnFile | None = None,
    ) -> None:
        super().__init__({}, "start", draws, seed)
        self._graph, self._day, self._file = graph, day, file
        self._laws = Memo()

    def mean(self) -> Mapping[str, Table]:
        """Those of the mean of the days."""
        return StationaryTables(self._graph, self._mean_day(), 0, self._seed)

    def __getitem__(self, name: str) -> Table:
        axes = (*self._graph.start_parents(name), name)
        return Table((*axes, DRAW), self.block(name, (slice(None),) * len(axes)))

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph.names)

    def __len__(self) -> int:
        return len(self._graph.names)

    def law(self) -> Array:
        """The law of the persistent variables, (*sizes, draws)."""
        return stationary(self._graph, self._days())

    def _days(self) -> dict[str, Table]:
        """The tables of every day, made by as many threads as there are cores."""
        names = self._graph.names[::-1]  # effects are most to make
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return dict(zip(names, pool.map(self._day.__getitem__, names), strict=True))

    def _more(self, name: str, index: tuple[int | slice, ...]) -> Drawn:
        """The table whole; all are made together, under one lock."""
        shape = tuple(self._graph.size(a) for a in (*self._graph.start_parents(name), name))
        self._afford(name, prod(shape))
        values = self._file.read("start", name) if self._file is not None else None
        if values is None or values.shape not in {(*shape, self._draws), (*shape, 1)}:
            values = self._laws.made("tables", self._all)[name].values
        self._drawn[name] = found = Drawn(values, np.ones(shape[:-1], dtype=bool))
        return found

    def _all(self) -> dict[str, Table]:
        law = self.law()
        found = first_slice(self._graph, dict(self._day), law)
        if self._file is not None:
            for name, table in found.items():
                self._file.add("start", name, table.values)
        return found

    def _mean_day(self) -> DrawnTables:
        found = self._day.mean()
        assert isinstance(found, DrawnTables)
        return found
