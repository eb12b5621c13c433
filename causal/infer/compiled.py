"""Run days on the compiled kernel: programs cached by structure, tiles spread over the cores."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec

import numpy as np

from causal.infer.frontier import Day
from causal.infer.program import Program, lower
from causal.infer.rowspace import RowSpace, rowspace
from causal.model.network import CausalModel
from causal.model.table import Array

PAYS_COLD = 2_000_000_000  # multiply-adds that outweigh loading the kernel (about half a second)
PAYS_WARM = 200_000  # multiply-adds that outweigh a call, once the kernel is loaded
WORK_BYTES = 700_000  # of work area per core: stays in its cache
KERNEL = "causal.infer.kernel"


def pays(operations: int) -> bool:
    """Is it worth running this many multiply-adds compiled?  Never without numba."""
    if os.environ.get("CAUSAL_COMPILED") == "0" or not _installed():
        return False
    return operations >= (PAYS_WARM if KERNEL in sys.modules else PAYS_COLD)


@cache
def _installed() -> bool:
    return find_spec("numba") is not None


def run(model: CausalModel, days: Sequence[Day]) -> tuple[Array, Array] | None:
    """Scores (event days, draws) and log P(evidence) (draws); None where NumPy must do it."""
    space = rowspace(model)
    program = _program(model, space, days)
    if program is None:
        return None
    space.fill(model, (o for d in days for o in d.operands))
    return execute(program, space)


def _program(model: CausalModel, space: RowSpace, days: Sequence[Day]) -> Program | None:
    key = ("program", *(_key(day) for day in days))
    if key not in model.kept:
        model.kept[key] = lower(days, space)
    found = model.kept[key]
    assert found is None or isinstance(found, Program)
    return found


def _key(day: Day) -> tuple[object, ...]:
    vectors = tuple(
        (o.source, o.piece, str(o.index), None if o.vector is None else o.vector.tobytes())
        for o in day.operands
    )
    event = None if day.event is None else (day.event.shape, day.event.tobytes())
    return (day.plan, day.past, day.frontier, day.seen, event, vectors)


def execute(program: Program, space: RowSpace) -> tuple[Array, Array]:
    """Run a program over all tiles, on every core; the number of cores changes no number."""
    from causal.infer import kernel

    tiles, _, width = space.buffer.shape
    score = np.empty((max(program.scores, 1), tiles * width))
    log_evidence = np.zeros(tiles * width)
    piece = max(8, min(width, WORK_BYTES // (8 * max(program.rows, 1)) // 8 * 8))

    def work(span: tuple[int, int]) -> None:
        area = np.empty((program.rows, piece))
        kernel.run(
            program.steps, program.pool, program.days, program.places, program.weights,
            program.constants, space.buffer, (span[0], span[1], piece), area, score, log_evidence,
        )  # fmt: skip

    cores = min(os.cpu_count() or 1, tiles)
    if cores == 1:
        work((0, tiles))
    else:
        ends = np.linspace(0, tiles, 2 * cores + 1 if tiles >= 4 * cores else cores + 1).astype(int)
        list(_pool().map(work, zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)))
    draws = space.draws
    return score[: program.scores, :draws], log_evidence[:draws]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1)
