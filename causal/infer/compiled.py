"""Run days on the compiled kernel: programs cached by structure, tiles spread over the cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import cast

import numpy as np

from causal.errors import SettingError
from causal.infer.frontier import Day
from causal.infer.lowering import Program
from causal.infer.program import lower
from causal.infer.rowspace import LANES, RowSpace, aligned, rowspace
from causal.memo import Memo
from causal.model.network import CausalModel
from causal.model.table import Array
from causal.text import written

PAYS_COLD = 2_000_000_000  # multiply-adds that outweigh loading the kernel (about half a second)
PAYS_WARM = 5_000  # multiply-adds that outweigh a call, once the kernel is loaded
THREADS_ABOVE = 1_000_000  # multiply-adds that outweigh handing tiles to another core
WORK_BYTES = 1_500_000  # of work area per core: about what its cache holds
APART = 1024  # bytes of a page between where the draws begin and where the work area does
KERNEL = "causal.infer.kernel"
SWITCH = "CAUSAL_COMPILED"
_Last = tuple[Sequence[Day], tuple[Program, RowSpace] | None]


def pays(operations: int) -> bool:
    """Is it worth running this many multiply-adds compiled?  Never without numba."""
    if switched_off() or not _installed():
        return False
    return operations >= (PAYS_WARM if KERNEL in sys.modules else PAYS_COLD)


def switched_off() -> bool:
    """Whether CAUSAL_COMPILED is 0; raises SettingError where it is neither that nor 1."""
    said = os.environ.get(SWITCH) or "1"
    if said not in ("0", "1"):
        raise SettingError(
            f"The environment variable {SWITCH} is {written(said)}.",
            "It says whether compiled kernels may be used: 1, or 0 for NumPy alone.",
            "Set it to one of them, or unset it.",
        )
    return said == "0"


@cache
def _installed() -> bool:
    return find_spec("numba") is not None


def run(model: CausalModel, days: Sequence[Day]) -> tuple[Array, Array] | None:
    """Scores (event days, draws) and log P(evidence) (draws); None where NumPy must do it."""
    found = _program(model, days)
    if found is None:
        return None
    score, log_evidence, _ = _execute(*found, joint=False)
    return score, log_evidence


def last_joint(model: CausalModel, days: Sequence[Day]) -> tuple[Array, Array] | None:
    """The last day's result, shape (*output axes, draws), and log P(evidence); None as ``run``."""
    found = _program(model, days)
    if found is None:
        return None
    _, log_evidence, joint = _execute(*found, joint=True)
    sizes = [model.graph.size(a) for a in days[-1].plan.output]
    return joint.reshape(*sizes, joint.shape[-1]), log_evidence


def _program(model: CausalModel, days: Sequence[Day]) -> tuple[Program, RowSpace] | None:
    """The program of some days, made once a structure, and the rows it reads, in place."""
    last = cast("_Last | None", model.kept.get("last program"))
    if last is not None and last[0] is days:
        return last[1]
    operands = [o for day in days for o in day.operands]
    space = rowspace(model).ready(model, operands)
    key: tuple[object, ...] = ("program", *(_key(day) for day in days))
    if any(o.changes for o in operands):
        key = (*key, space.emptied)
    program = model.kept.made(key, lambda: lower(days, space))
    found = None if program is None else (program, space)
    model.kept.put("last program", (days, found))
    return found


def _key(day: Day) -> tuple[object, ...]:
    vectors = tuple(
        (
            o.source,
            o.piece,
            str(o.index),
            None if o.vector is None else o.vector.tobytes(),
            o.recipe,
        )
        for o in day.operands
    )
    event = None if day.event is None else (day.event.shape, day.event.tobytes())
    left = (str(day.left), str(day.narrowed))
    return (day.plan, day.past, day.frontier, day.seen, event, left, vectors)


def _execute(program: Program, space: RowSpace, *, joint: bool) -> tuple[Array, Array, Array]:
    """Run a program over all tiles; the number of cores changes no number."""
    kernel = import_module(KERNEL)
    padded = space.buffer.shape[0] * space.buffer.shape[2]
    score = np.empty((max(program.scores, 1), padded))
    log_evidence = np.zeros(padded)
    result = np.empty((int(program.days[-1, 5]) if joint else 0, padded))

    def work(low: int, high: int, area: Array) -> None:
        kernel.run(
            program.steps, program.pool, program.days, program.places, program.weights,
            program.constants, space.buffer, (low, high, area.shape[1]), area, score,
            log_evidence, result, program.long,
        )  # fmt: skip

    spread(program.rows, space, program.operations * space.draws, work)
    draws = space.draws
    return score[: program.scores, :draws], log_evidence[:draws], result[:, :draws]


def spread(
    rows: int, space: RowSpace, work_total: int, work: Callable[[int, int, Array], None]
) -> None:
    """Give every core spans of tiles and a work area that stays in its cache."""
    tiles, _, width = space.buffer.shape
    vectors = max(1, min(width, WORK_BYTES // (8 * max(rows, 1))) // LANES)
    piece = LANES * (vectors if vectors % 2 else vectors - 1)
    cores = min(tiles, 1 + work_total // THREADS_ABOVE)
    if cores > 1:
        cores = min(cores, os.cpu_count() or 1)
    if cores == 1:
        work(0, tiles, aligned((rows, piece), APART))
        return
    spans = 2 * cores if tiles >= 4 * cores else cores
    ends = np.linspace(0, tiles, spans + 1).astype(int).tolist()

    def part(low: int, high: int) -> None:
        work(low, high, aligned((rows, piece), APART))

    list(threads().map(part, ends[:-1], ends[1:]))


_POOL = Memo()


def threads() -> ThreadPoolExecutor:
    """A thread a core, kept: starting them takes as long as counting a million rows."""
    return _POOL.made("threads", lambda: ThreadPoolExecutor(os.cpu_count() or 1))


if hasattr(os, "register_at_fork"):  # a child has none of these threads
    os.register_at_fork(after_in_child=lambda: _POOL.drop("threads"))
