"""Whether intervals cover: a truth is drawn, a history simulated, the story refitted and asked.

An interval is right when it covers: over many histories a 90 % interval should hold the truth in 90
of 100.  The truth is the model's posterior mean, the same each time, or a fresh posterior draw each
time.  With truths drawn from the prior of the refit, coverage would be exact (Rubin 1984; Cook,
Gelman & Rubin 2006); with truths near one history it is so where rows have data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from causal import file
from causal.answer.draws import LEVEL, tail
from causal.ask import ask
from causal.check.simulate import simulated
from causal.contract.array import Array
from causal.data.states import States
from causal.errors import DataError, QueryError
from causal.executor import Executor, executor_of
from causal.graph.story import Story
from causal.learn.fit import fit_states
from causal.model.network import CausalModel
from causal.query.parser import parse

TruthKind = Literal["mean", "draw"]
DRAWS = 400
ROUNDS = 12  # histories a worker has in hand before they are kept


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
        from scipy.stats import beta

        edge, k, n = (1 - level) / 2, self.covered, self.histories
        low = float(beta.ppf(edge, k, n - k + 1)) if k else 0.0
        high = float(beta.ppf(1 - edge, k + 1, n - k)) if k < n else 1.0
        return low, high

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
    place = Path(kept) if kept is not None else None
    source = truth.mean() if kind == "mean" else truth
    key = _key(story, source, like, questions, (draws, seed))
    done = _read(place, key)
    jobs = [
        _Job(story, source, like, tuple(questions), draws, seed, i)
        for i in range(histories)
        if i not in done
    ]
    for number, rows in executor_of(executor).map(_one, jobs):
        done[number] = rows
        _append(place, key, number, rows)
    return [
        _row(question, np.array([done[i][k] for i in range(histories)]))
        for k, question in enumerate(questions)
    ]


def asked_value(model: CausalModel, question: Question) -> Array:
    """One value a draw of a question or a difference; raises QueryError where it has none."""
    parts = []
    for text in filter(None, (question.text, question.minus)):
        query = parse(text, model.graph, priced=())
        answer = ask(model, query, assume_unconfounded=True)
        parts.append(answer.draws)
    found: Array = parts[0] - parts[1] if len(parts) > 1 else parts[0]
    return found


def _one(job: _Job) -> tuple[int, list[list[float]]]:
    """Of one history: truth, posterior mean, its sd, low and high, for every question."""
    draw = job.number % job.truth.draws
    days = simulated(job.truth, job.like, draw=draw, seed=_seed(job.seed, job.number))
    model = fit_states(job.story, days, draws=job.draws, seed=_seed(job.seed, job.number))
    real = _single(job.truth, draw)
    rows = []
    for question in job.questions:
        draws = asked_value(model, question)
        low, high = tail(draws, LEVEL)
        true = float(asked_value(real, question)[0])
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
    sha.update(repr((story.strength, edges, [str(q) for q in questions], more)).encode())
    return sha.hexdigest()[:32]


def _read(place: Path | None, key: str) -> dict[int, list[list[float]]]:
    """Finished histories of the same kind; lines that are cut short or of another run are left."""
    found: dict[int, list[list[float]]] = {}
    if place is None or not place.exists():
        return found
    for line in file.contents(place, DataError).decode(errors="replace").splitlines():
        try:
            entry = json.loads(line)
            if entry["coverage"] == key:
                found[int(entry["history"])] = [[float(x) for x in row] for row in entry["rows"]]
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _append(place: Path | None, key: str, number: int, rows: list[list[float]]) -> None:
    if place is None:
        return
    line = json.dumps({"coverage": key, "history": number, "rows": rows})
    try:
        whole = not place.exists() or place.read_bytes()[-1:] in (b"", b"\n")
        with place.open("a", encoding="utf-8") as kept:  # half a line, cut short, is closed off
            kept.write(("" if whole else "\n") + line + "\n")
    except OSError as trouble:
        raise DataError(
            f"`{place}` cannot be written: {file.reason(trouble)}.",
            "Finished histories would be lost.",
            "Name a file in a folder of yours.",
        ) from None
