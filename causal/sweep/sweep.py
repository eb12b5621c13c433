"""Sweep: one question in many scenarios, all draws at once, what is common computed once.

The verb decides, in this order: the question and every scenario are checked, the rows that a
checkpoint holds are taken, the rest gets its way and its price (``strategy``), is cut in chunks
(``job``), and any executor works them off (``evaluator``).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from causal import limit
from causal.answer.answer import model_card
from causal.answer.draws import LEVEL
from causal.drawdown.distribution import carriers
from causal.errors import CausalError, ExecutorError, QueryError
from causal.executor import Executor, executor_of
from causal.model.network import CausalModel
from causal.query.event import Condition, StatesLike, conditions
from causal.query.item import drawdown_ahead
from causal.query.level import names_level
from causal.query.lexer import Cursor
from causal.query.parser import parse, parse_given
from causal.query.query import Query, begun, horizon
from causal.query.scenarios.scenario import Loose, Scenario, resolved
from causal.query.scenarios.scenario_file import read_scenarios
from causal.query.surgery import in_force
from causal.query.validation import check
from causal.query.week import calendar_used
from causal.sweep.checkpoint import Checkpoint
from causal.sweep.evaluator import Shared
from causal.sweep.job import Chunk, Item, Rows, chunk_rows, chunked, held, model_parts, topic
from causal.sweep.result import Row, Sweep, row
from causal.sweep.strategy import routed

Progress = Callable[[int, int], object]


def sweep(
    model: CausalModel,
    scenarios: Iterable[Loose] | str | os.PathLike[str],
    event: Mapping[str, StatesLike] | str,
    *,
    within: int | str | None = None,
    at: int | str | None = None,
    given: Mapping[str, StatesLike] | str | None = None,
    assume_unconfounded: bool = False,
    start: str | None = None,
    level: float = LEVEL,
    executor: Executor | str | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    budget: float | str | None = None,
) -> Sweep:
    """P(event | do, given) in every scenario, with all that ``probability`` says of one.

    ``scenarios``: ``grid(...)``, a list of (name, do, given), or a .csv or .toml file
    (``read_scenarios``).  ``event``: a mapping or a text, ``"drawdown <= -10%"`` too; ``given``
    holds in all scenarios; ``start`` is the date of today (see ``probability``).  ``executor``
    spreads the work (``causal.executor``, or a name such as ``"processes"``); ``progress`` is
    called with scenarios done and in all; finished rows are kept in the file ``checkpoint``, from
    which a later call goes on.  ``budget``: multiply-adds, or ``"60s"``.  A scenario that cannot be
    has a row that says so.  Raises QueryError (all mistakes at once; a cost beyond the budget),
    DataError for a file that is no checkpoint, ExecutorError when work does not come back.
    """
    asked = asked_in_all(model, event, given, within, at, start=start)
    limit.level(level)
    _check(checkpoint)
    who = executor_of(executor)
    if isinstance(scenarios, str | os.PathLike):
        scenarios = read_scenarios(scenarios, model.graph)
    listed = _resolved(model, asked, scenarios)
    queries = [_query(model, asked, s) for s in listed]
    own = model_parts(model)
    keys = [_key([own.token, assume_unconfounded, level, str(q)]) for q in queries]
    kept = Checkpoint(Path(checkpoint)) if checkpoint is not None else None
    wanted = set(keys)
    found = {k: r for k, r in (kept.rows() if kept else {}).items() if k in wanted}
    # By key, so that scenarios which ask the same thing are computed once.
    todo = {k: q for k, q in zip(keys, queries, strict=True) if k not in found}
    left, moved = list(todo.values()), _moved(model, asked)
    ways = routed(model.graph, left, model.draws, budget, moved=moved).ways if todo else ()
    items = [Item(k, q, w) for (k, q), w in zip(todo.items(), ways, strict=True)]
    if kept:
        kept.add([])  # a place that cannot be written is told before the work, not after
    tell = progress or (lambda done, total: None)
    tell(sum(k in found for k in keys), len(keys))
    chunks = [Chunk(own, some, assume_unconfounded, level) for some in chunked(items)]
    common = topic(own, asked, assume_unconfounded)
    with held(common, Shared(model, assume_unconfounded)):
        for some in _spread(who, chunks):
            if kept:
                kept.add(some)
            found.update(some)
            tell(sum(k in found for k in keys), len(keys))
    return _sweep(
        model, asked, [row(s, found[k]) for s, k in zip(listed, keys, strict=True)], level
    )


def _check(checkpoint: object) -> None:
    """Raise QueryError unless this is a file's name, or none."""
    if checkpoint is not None and not isinstance(checkpoint, str | os.PathLike):
        raise QueryError(
            f"{checkpoint!r} is no checkpoint.", "Finished rows are kept in a file.", "Name one."
        )


def outline(
    model: CausalModel,
    scenarios: Iterable[Loose],
    event: Mapping[str, StatesLike] | str,
    *,
    within: int | str | None = None,
    at: int | str | None = None,
    given: Mapping[str, StatesLike] | str | None = None,
    start: str | None = None,
) -> Sweep:
    """The rows of a sweep without their numbers: every mistake is found, and nothing computed.

    Raises QueryError, all mistakes at once, as ``sweep`` would.
    """
    asked = asked_in_all(model, event, given, within, at, start=start)
    listed = _resolved(model, asked, scenarios)
    return _sweep(model, asked, [row(s, {}) for s in listed], LEVEL)


def _resolved(model: CausalModel, asked: Query, scenarios: Iterable[Loose]) -> tuple[Scenario, ...]:
    """The scenarios, checked on top of what the model itself does."""
    whole = replace(asked, do=in_force(model.interventions, asked.horizon))
    return resolved(model.graph, whole, scenarios, moved=_moved(model, asked))


def _moved(model: CausalModel, asked: Query) -> frozenset[str]:
    """Whose moves a drawdown is made of; none for an event of states."""
    return carriers(model, asked) if asked.drawdown is not None else frozenset()


def _sweep(model: CausalModel, asked: Query, rows: Sequence[Row], level: float) -> Sweep:
    """The result, with what its reader must know of model and question."""
    return Sweep(
        question=str(_query(model, asked, Scenario(""))),
        rows=tuple(rows),
        level=level,
        draws=model.draws,
        seed=model.fit.seed if model.fit else None,
        model=model_card(model),
        calendar=calendar_used(model.graph, asked.start, asked.horizon),
    )


def asked_in_all(
    model: CausalModel,
    event: Mapping[str, StatesLike] | str,
    given: Mapping[str, StatesLike] | str | None,
    within: int | str | None,
    at: int | str | None,
    *,
    start: str | None = None,
) -> Query:
    """What is common to all scenarios, checked."""
    span, seen = (horizon(within), horizon(at)), _conditions(model, given)
    if isinstance(event, str) and (
        names_level(event, model.priced) or drawdown_ahead(Cursor(event))
    ):
        words = "".join(f" {w} {d}d" for w, d in zip(("within", "at"), span, strict=True) if d)
        found = parse(f"P({event}{words})", model.graph, priced=model.priced, close=model.close)
        if found.do or found.given:
            raise QueryError(
                f"The event of the sweep, `{event}`, is a whole question.",
                "What is done or seen differs by scenario, or is given beside the event.",
                'Write "drawdown <= -10%", and `given=` for what holds in all scenarios.',
            )
        return check(begun(replace(found, given=seen), start), model.graph)
    asked = Query(_conditions(model, event), seen, (), *span, start=start)
    if not asked.event:
        last = model.graph.variable(model.graph.names[-1])
        raise QueryError(
            "The sweep has no event.",
            "There is nothing to compute.",
            f'Ask {{"{last.name}": "{last.states[-1]}"}}.',
        )
    return check(asked, model.graph)


def _conditions(
    model: CausalModel, what: Mapping[str, StatesLike] | str | None
) -> tuple[Condition, ...]:
    """Conditions from a mapping, or from text in the grammar of evidence."""
    return (
        parse_given(what, model.graph) if isinstance(what, str) else conditions(model.graph, what)
    )


def _query(model: CausalModel, asked: Query, scenario: Scenario) -> Query:
    """The whole question of one scenario: what holds in all, the model's own do, and its own."""
    return replace(
        asked,
        given=(*asked.given, *scenario.given),
        do=in_force((*model.interventions, *scenario.do), asked.horizon),
    )


def _key(parts: list[Any]) -> str:
    """A row's key in a checkpoint: a hash of all that its numbers follow from."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _spread(executor: Executor, chunks: Sequence[Chunk]) -> Iterator[Rows]:
    """The rows of every chunk as they come; what an executor raises becomes an ExecutorError."""
    if not chunks:
        return
    try:
        yield from executor.map(chunk_rows, chunks)
    except (CausalError, MemoryError):
        raise
    except Exception as failure:
        raise ExecutorError(
            f"Work that was spread out did not come back: {type(failure).__name__}: {failure}",
            "The rows that are missing were not computed.",
            "Try again with the executor `serial`; with a checkpoint it goes on where it stopped.",
        ) from failure
