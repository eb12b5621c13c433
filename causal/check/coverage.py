"""Whether intervals cover: a truth is drawn, a history simulated, the story refitted and asked.

An interval is right when it covers: over many histories a 90 % interval should hold the truth in 90
of 100.  The truth is the model's posterior mean, the same each time, or a fresh posterior draw each
time.  With truths drawn from the prior of the refit, coverage would be exact (Rubin 1984; Cook,
Gelman & Rubin 2006); with truths near one history it is so where rows have data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from causal.answer.draws import LEVEL, tail
from causal.ask import ask
from causal.check.frequency import Frequencies
from causal.check.simulate import simulated
from causal.contract.array import Array
from causal.data.states import States
from causal.errors import QueryError
from causal.executor import Executor, executor_of
from causal.graph.section import finite
from causal.graph.story import Story
from causal.learn.fit import fit_states
from causal.model.network import CausalModel
from causal.query.parser import parse
from causal.sweep.checkpoint import Checkpoint

TruthKind = Literal["mean", "draw"]
DRAWS = 400


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose interval is tried, or the difference of two on the same draws."""

    text: str
    minus: str = ""

    def __str__(self) -> str:
        return f"{self.text} - {self.minus}" if self.minus else self.text


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """Of one question: in how many histories its 90 % interval held the truth; the mean error of
    the posterior mean in posterior standard deviations, and the mean width of the interval."""

    question: str
    histories: int
    covered: int
    bias: float
    width: float
    truth: float

    @property
    def coverage(self) -> float:
        return self.covered / self.histories

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Of the coverage, by Clopper and Pearson."""
        seen = Frequencies(np.array(self.coverage), np.array(self.histories), np.array(1.0))
        low, high = seen.interval(level)
        return float(low), float(high)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        low, high = self.interval()
        return {
            "question": self.question,
            "histories": self.histories,
            "covered": self.covered,
            "coverage": self.coverage,
            "coverage_low": low,
            "coverage_high": high,
            "bias_in_sd": self.bias,
            "mean_width": self.width,
            "mean_truth": self.truth,
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    story: Story
    truth: CausalModel
    like: States
    questions: tuple[Question, ...]
    draws: int
    seed: int
    number: int


def coverage(
    story: Story,
    truth: CausalModel,
    like: States,
    questions: Sequence[Question],
    *,
    histories: int = 60,
    kind: TruthKind = "mean",
    draws: int = DRAWS,
    seed: int = 0,
    kept: str | Path | None = None,
    executor: Executor | str | None = None,
) -> list[CoverageRow]:
    """Coverage of every question over ``histories`` simulated histories.

    ``truth``: the model that histories are drawn from, as it is where it has one draw, else by its
    mean or by draw i in history i (``kind``).  ``like``: states of a real history, for its length
    and its gaps.  ``kept``: a file of finished histories, from which an interrupted run goes on.
    Raises QueryError for a question that the story cannot answer with a number.
    """
    if kind not in ("mean", "draw") or histories < 1 or not questions:
        raise QueryError(
            f"Truth `{kind}`, {histories} histories, {len(questions)} questions.",
            "Truth is the `mean` or a `draw`; a question and a history are the least.",
            "Say --truth mean, and one of each at least.",
        )
    for question in questions:
        asked_value(truth.mean(), question)
    source = truth.mean() if kind == "mean" else truth
    key = _key(story, source, like, questions, (draws, seed))
    file, done = _kept(Path(kept) if kept is not None else None, key)
    if file is not None:
        file.add(())
    jobs = (
        _Job(story, _single(source, i % source.draws), like, tuple(questions), draws, seed, i)
        for i in range(histories)
        if i not in done
    )
    for number, rows in executor_of(executor).map(_one, jobs):
        done[number] = rows
        if file is not None:
            file.add([(f"{key} {number}", {"values": rows})])
    return [
        _row(question, np.array([done[i][k] for i in range(histories)]))
        for k, question in enumerate(questions)
    ]


def asked_value(model: CausalModel, question: Question) -> Array:
    """One value a draw of a question or a difference; raises QueryError where it has none."""
    parts = []
    for text in filter(None, (question.text, question.minus)):
        query = parse(text, model.graph)
        if query.drawdown is not None:
            raise QueryError(
                f"`{query}` is about a price.",
                "Simulated histories are states of days and have no price.",
                "Ask about states.",
            )
        answer = ask(model, query, assume_unconfounded=True)
        parts.append(answer.draws)
    found: Array = parts[0] - parts[1] if len(parts) > 1 else parts[0]
    return found


def _one(job: _Job) -> tuple[int, list[list[float]]]:
    """Of one history: truth, posterior mean, its sd, low and high, for every question."""
    days = simulated(job.truth, job.like, seed=_seed(job.seed, job.number))
    model = fit_states(job.story, days, draws=job.draws, seed=_seed(job.seed, job.number))
    rows = []
    for question in job.questions:
        draws = asked_value(model, question)
        low, high = tail(draws, LEVEL)
        true = float(asked_value(job.truth, question)[0])
        rows.append([true, float(draws.mean()), float(draws.std()), low, high])
    return job.number, rows


def _single(model: CausalModel, draw: int) -> CausalModel:
    """One draw of a model as a model of its own."""
    if model.draws == 1:
        return model
    pieces = [
        {
            name: replace(table, values=table.values[..., [min(draw, table.draws - 1)]])
            for name, table in tables.items()
        }
        for tables in (model.tables, model.start)
    ]
    return CausalModel(model.graph, tables=pieces[0], start=pieces[1])


def _row(question: Question, seen: Array) -> CoverageRow:
    true, mean, sd, low, high = seen.T
    held = (low - 1e-12 <= true) & (true <= high + 1e-12)
    bias = np.mean((mean - true) / np.maximum(sd, 1e-12))
    return CoverageRow(
        str(question), len(seen), int(held.sum()), float(bias), float((high - low).mean()),
        float(true.mean()),
    )  # fmt: skip


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1)[0])


def _key(
    story: Story,
    truth: CausalModel,
    like: States,
    questions: Iterable[Question],
    more: tuple[Any, ...],
) -> str:
    """What a finished history depends on, in short: truth, gaps, story, questions."""
    sha = hashlib.sha256(like.codes.tobytes() + like.dates.astype("<i8").tobytes())
    for tables in (truth.tables, truth.start):
        for name in truth.graph.names:
            if name in tables:
                sha.update(np.ascontiguousarray(tables[name].values).tobytes())
    edges = [(e.cause, e.effect, e.lag) for e in story.graph.edges]
    sha.update(
        repr(
            (story.kind, story.strength, story.weighing, edges, [str(q) for q in questions], more)
        ).encode()
    )
    return sha.hexdigest()[:32]


def _kept(place: Path | None, key: str) -> tuple[Checkpoint | None, dict[int, list[list[float]]]]:
    """The file of finished histories, and those in it that are of this run."""
    if place is None:
        return None, {}
    found = Checkpoint(place, "coverage", _sound)
    rows = {k.partition(" ")[2]: row for k, row in found.rows().items() if k.startswith(f"{key} ")}
    return found, {int(n): row["values"] for n, row in rows.items() if n.isdecimal()}


def _sound(row: Any) -> bool:
    """Whether a line that was read holds five numbers for every question."""
    values = row.get("values") if isinstance(row, dict) else None
    return isinstance(values, list) and all(
        isinstance(one, list) and len(one) == 5 and all(map(finite, one)) for one in values
    )
