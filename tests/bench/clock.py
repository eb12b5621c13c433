"""Interleaved timing: every contestant takes its turn in every round; the medians are compared.

A machine that is busy for a while slows the contestants of the same rounds, not one of them alone.
"""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

Work = Callable[[], object]
SHORTEST = 2e-3  # seconds: shorter work is repeated within a round until it takes this long

SLOW = 0.1  # seconds: work that needs no second warming up


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one call: the median over the rounds, the best, and how many rounds."""

    median: float
    best: float
    rounds: int

    def per(self, count: int) -> Timing:
        """The time of one of ``count`` equal parts of the work."""
        return Timing(self.median / count, self.best / count, self.rounds)


def once(work: Work) -> float:
    """Seconds of a single call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def interleaved(
    contest: Mapping[str, Work], *, rounds: int = 7, budget: float = 12.0, least: int = 3
) -> dict[str, Timing]:
    """Time every contestant, one after the other in each round, in turns of who goes first.

    Each is called untimed first.  A contestant that has used ``budget`` seconds sits out after
    ``least`` rounds.  Short work is called several times in a row and divided.
    """
    names = list(contest)
    warm = {n: once(contest[n]) for n in names}
    warm |= {n: once(contest[n]) for n in names if warm[n] < SLOW}
    repeats = {n: max(1, math.ceil(SHORTEST / max(warm[n], 1e-9))) for n in names}
    spent = dict.fromkeys(names, 0.0)
    seen: dict[str, list[float]] = {n: [] for n in names}
    with _no_collection():
        for turn in range(max(rounds, least)):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                if turn >= least and spent[name] > budget:
                    continue
                took = _repeated(contest[name], repeats[name])
                spent[name] += took * repeats[name]
                seen[name].append(took)
    return {n: Timing(statistics.median(t), min(t), len(t)) for n, t in seen.items()}


def fastest(ways: Mapping[str, Work], *, rounds: int = 3, budget: float = 1.0) -> str:
    """The name of the quickest way of doing the same thing: a short interleaved run decides.

    A way whose first call takes ten times as long as the best first call is out at once.
    """
    first = {n: once(work) for n, work in ways.items()}
    limit = 10 * min(first.values())
    kept = {n: work for n, work in ways.items() if first[n] <= max(limit, 1e-3)}
    if len(kept) == 1:
        return next(iter(kept))
    found = interleaved(kept, rounds=rounds, budget=budget, least=2)
    return min(found, key=lambda n: found[n].median)


def _repeated(work: Work, repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) / repeats


@contextmanager
def _no_collection() -> Iterator[None]:
    """No garbage collection in the middle of a measurement."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
