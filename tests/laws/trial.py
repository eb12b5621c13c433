"""Put many cases to the engine and to the slow truth, and report where they part.

``RTOL`` is the agreement asked for; ``ATOL`` forgives rounding where an answer is a difference of
numbers near one (1 - P).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from causal.ask import probability
from causal.errors import ImpossibleEvidenceError
from tests.reference import Array, Truth, truth
from tests.strategies import Case

RTOL, ATOL = 1e-9, 1e-12
CHUNKS = 8
"""The models of a law are dealt into so many tests, so that they can run side by side."""


@dataclass(frozen=True)
class Found:
    """What the engine said: draws and mean P(evidence), or that the evidence is impossible."""

    draws: Array | None
    evidence: float


Oracle = Callable[[Case], Truth]


def ask(case: Case) -> Found:
    """The engine's answer to a case."""
    model = case.model
    for one in case.do:
        model = model.do(one)
    try:
        answer = probability(model, case.event, **case.question)
    except ImpossibleEvidenceError:
        return Found(None, 0.0)
    return Found(answer.draws, answer.evidence)


def slow(case: Case) -> Truth:
    """The enumeration's answer to a case."""
    return truth(case.model, case.event, do=case.do, **case.question)


def seeds_of(chunk: int, models: int) -> range:
    """The seeds of one of the ``CHUNKS`` tests of a law that tries ``models`` models."""
    return range(chunk, models, CHUNKS)


def same(found: Found, true: Truth) -> bool:
    """Every draw agrees, and so does P(evidence); an impossible case is called impossible."""
    if (true.evidence == 0).all():
        return found.draws is None
    if found.draws is None:
        return False
    draws = np.broadcast_to(found.draws, np.broadcast_shapes(found.draws.shape, true.draws.shape))
    return bool(
        np.allclose(draws, true.draws, rtol=RTOL, atol=ATOL)
        and np.isclose(found.evidence, true.evidence.mean(), rtol=RTOL, atol=0)
    )


def agree(cases: Iterable[Case], oracle: Oracle = slow) -> int:
    """Assert that engine and oracle agree on every case; the number of possible ones.

    Fails with the count of disagreements and the smallest of them.
    """
    wrong: list[tuple[int, str]] = []
    tried = possible = 0
    for case in cases:
        true, found = oracle(case), ask(case)
        tried += 1
        possible += bool((true.evidence > 0).any())
        if not same(found, true):
            size = sum(t.values.size for t in case.model.tables.values())
            wrong.append((size, f"{case}\n  engine {found}\n  truth  {true}"))
    if wrong:
        raise AssertionError(f"{len(wrong)} of {tried} cases; the smallest:\n{min(wrong)[1]}")
    assert possible > 0.6 * tried > 0, f"only {possible} of {tried} cases could happen"
    return possible
