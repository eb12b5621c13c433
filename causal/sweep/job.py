"""A chunk of a sweep: what is sent to a worker, and the rows that it sends back.

A model travels as its story, counts, prior and seed, from which its draws follow; one that is not
fitted travels as its tables.  A worker keeps the last model and question it has seen with all that
their scenarios share, so that a chunk costs no more there than here.  Everything that travels is
plain data, and the same numbers come back whoever works on it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, get_args

import numpy as np

from causal.errors import ImpossibleEvidenceError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story, story_to_dict
from causal.memo import Latches, Memo
from causal.model.learnt.kept import RECIPE
from causal.model.learnt.learnt_file import evidence_to_dict, prior_to_dict
from causal.model.learnt.prior import LearntPrior
from causal.model.network import CausalModel, Fit, fitted
from causal.model.posterior import DrawnTables, Piece
from causal.model.table import Table
from causal.query.intervention import Intervention
from causal.query.query import Query
from causal.sweep.evaluator import Shared
from causal.sweep.result import answered
from causal.sweep.strategy import Way

SIZE = 48  # scenarios of a chunk at most; one that shares no future counts for several
LONE = 6
VERSION = 1
_held: dict[str, tuple[Shared, ...]] = {}  # of the sweeps that run in this process
_last = Memo(1)  # of a worker: the last model and question that were sent to it
_latches = Latches()

Rows = list[tuple[str, dict[str, Any]]]
"""Key and fields of each row."""


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A scenario on its way: its key (in the checkpoint), its question, and how to answer it."""

    key: str
    query: Query
    way: Way


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A model as plain values; ``token`` says whether a worker has it already.

    ``tables`` and ``start`` are None for a fitted model: counts, prior and seed in ``fit`` make
    them.
    """

    token: str
    graph: CausalGraph
    fit: Fit | None
    interventions: tuple[Intervention, ...]
    tables: Mapping[str, Table] | None
    start: Mapping[str, Table] | None

    def model(self) -> CausalModel:
        """The model again, with the same draws."""
        if self.tables is None or self.start is None:
            assert self.fit is not None
            return fitted(self.graph, self.fit, self.interventions)
        return CausalModel(self.graph, self.tables, self.start, self.interventions, self.fit)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some scenarios of one model; ``assumed`` and ``level`` are as ``sweep`` was asked."""

    parts: Parts
    items: tuple[Item, ...]
    assumed: bool
    level: float


def model_parts(model: CausalModel) -> Parts:
    """What a worker needs to have the same model, but none of what was kept with it."""
    drawn = isinstance(model.tables, DrawnTables)
    tables = None if drawn else dict(model.tables)
    start = None if drawn else dict(model.start)
    token = fingerprint(model)
    return Parts(token, model.graph, model.fit, model.interventions, tables, start)


def fingerprint(model: CausalModel) -> str:
    """A hash of what answers follow from: story, counts, prior, draws and seed, or tables.

    SHA-256, in hexadecimal.  Models of equal hash give equal rows, so it is in the key of every row
    of a checkpoint; ``VERSION`` goes up when the same model is to give other numbers.
    """
    digest = hashlib.sha256()
    story = story_to_dict(Story(model.graph))
    head = [VERSION, story, [str(i) for i in model.interventions], model.draws]
    digest.update(json.dumps(head, sort_keys=True, default=str).encode())
    if model.fit is not None:
        digest.update(json.dumps([model.fit.seed, told_prior(model.fit)]).encode())
        if (moves := model.fit.moves) is not None:
            edges = (moves.close_edges, moves.wick_edges)
            digest.update(repr((moves.declared, edges, moves.usual)).encode())
            digest.update(np.ascontiguousarray(moves.days).tobytes())
        for piece in get_args(Piece):
            for name, counts in sorted(model.fit.counts.of(piece).items()):
                digest.update(f"{piece}:{name}".encode() + np.ascontiguousarray(counts).tobytes())
    if not isinstance(model.tables, DrawnTables):
        for kind in (model.tables, model.start):
            for name, table in sorted(kind.items()):
                digest.update(f"{name}:{table.axes}".encode())
                digest.update(np.ascontiguousarray(table.values).tobytes())
    return digest.hexdigest()


def told_prior(fit: Fit) -> Any:
    """All that the draws of a fit follow from beside its counts, as plain values."""
    if not isinstance(fit.prior, LearntPrior):
        return asdict(fit.prior)
    days = None if fit.evidence is None else evidence_to_dict(fit.evidence)
    return [RECIPE, prior_to_dict(fit.prior), days]


def topic(own: Parts, query: Query, assumed: bool) -> str:
    """Equal for scenarios that may share: those of one model and one event.

    ``query``: any of them, for do and evidence do not count.
    """
    return f"{own.token}:{assumed}:{replace(query, do=(), given=())}"


def chunked(items: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    """Scenarios with the same do stay together, as far as a chunk holds them.

    A scenario that cannot share the future of the one before it weighs 1 + ``LONE``, others 1, and
    a chunk at most ``SIZE``: so chunks take about equally long.
    """
    chunk: list[Item] = []
    weight = 0
    for item in sorted(items, key=_neighbours):
        alone = not chunk or chunk[-1].query.do != item.query.do or item.way == "plain"
        if chunk and weight + 1 + LONE * alone > SIZE:
            yield tuple(chunk)
            chunk, weight, alone = [], 0, True
        chunk.append(item)
        weight += 1 + LONE * alone
    if chunk:
        yield tuple(chunk)


def _neighbours(item: Item) -> tuple[str, str, str]:
    """Sorted by this, scenarios that share a future, then a past, come one after the other."""
    seen = [f"{c.variable}@{c.day or 0}" for c in item.query.given]
    return (str(item.query.do), str(seen), str(item.query.given))


@contextmanager
def held(token: str, shared: Shared) -> Iterator[None]:
    """Let chunks that are worked on in this process have the model itself.

    While the context lasts, under ``token`` (see ``topic``).  Several sweeps may hold one token at
    once, each taking back its own; the tuples are replaced whole, so readers take no lock.
    """
    with _latches["held"]:
        _held[token] = (*_held.get(token, ()), shared)
    try:
        yield
    finally:
        with _latches["held"]:
            left = tuple(s for s in _held[token] if s is not shared)
            _held[token] = left
            if not left:
                del _held[token]


def chunk_rows(chunk: Chunk) -> Rows:
    """Key and fields of every row of a chunk, in its order: the work of a worker.

    Uses the model that a sweep in this process holds, else the last that was sent, else makes it.
    Evidence that cannot be is a row with its ``problem``, and no error.
    """
    token = topic(chunk.parts, chunk.items[0].query, chunk.assumed)
    (shared, *_) = _held.get(token) or (
        _last.made(token, lambda: Shared(chunk.parts.model(), chunk.assumed)),
    )
    queries, ways = [i.query for i in chunk.items], [i.way for i in chunk.items]
    found: Rows = []
    for item, one in zip(chunk.items, shared.answers(queries, ways), strict=True):
        if isinstance(one, ImpossibleEvidenceError):
            found.append((item.key, {"problem": one.what}))
        else:
            found.append((item.key, answered(one, chunk.level)))
    return found
