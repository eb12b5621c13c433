"""Whatever is handed to the public API, an answer or a CausalError comes back.

2,400 cases, their seeds fixed; ``CAUSAL_FUZZ_CASES=50000`` tries more.  A failure prints the input
and the call that repeats it.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from causal.answer.draws import Draws
from causal.ask import probability
from causal.errors import CausalError, QueryError
from tests.fuzz import verdict
from tests.fuzz.kinds import KINDS, pieces, shared_out
from tests.fuzz.tally import counted
from tests.fuzz.verdict import Escape, Kind, outcome
from tests.strategies import two_slice

CASES = max(2_400, int(os.environ.get("CAUSAL_FUZZ_CASES", "0")))
PIECES = pieces(shared_out(CASES))
SHOWN = 3


@pytest.mark.parametrize(("kind", "seeds"), PIECES, ids=[f"{k} {s.start}" for k, s in PIECES])
def test_spoilt_input_is_answered_or_refused(kind: str, seeds: range) -> None:
    found = counted(kind, seeds)
    texts = [text for _, text in found.escapes[:SHOWN]]
    assert not texts, f"{len(found.escapes)} escapes\n\n" + "\n\n".join(texts)
    assert found.cases == len(seeds)
    assert found.answered < found.cases, "nothing was spoilt enough to be refused"
    if len(seeds) == 100:
        assert found.answered > 0, "everything is refused"


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        ("questions", 11510),  # thresholds so near to each other that the grid between them is none
        ("commands", 1003),  # a vintage that is no day, of an empty cache
        ("questions", 2681),  # a spread whose square is zero
        ("scenarios", 3912),  # a chance of -3e-16
        ("manifests", 3216),  # a warning of a date reader
    ],
)
def test_what_escaped_from_a_long_run(kind: str, seed: int) -> None:
    assert not counted(kind, range(seed, seed + 1)).escapes


def test_all_cases_are_tried() -> None:
    assert sum(len(seeds) for _, seeds in PIECES) == CASES
    assert {kind for kind, _ in PIECES} == {kind.name for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_a_case_follows_from_its_seed(kind: Kind) -> None:
    def put(seed: int) -> tuple[str, str]:
        rng = Random(f"{kind.name} {seed}")
        twin = kind.valid(rng)
        return verdict.told(twin), verdict.told(kind.mutated(rng, twin))

    first = [put(seed) for seed in range(12)]
    assert [put(seed) for seed in range(12)] == first
    assert sum(twin != spoilt for twin, spoilt in first) > 8


def toy(**parts: Any) -> Kind:
    """A kind whose twin is 1 and whose spoilt input is 2."""
    plain = Kind("toy", 1, lambda rng: 1, lambda rng, twin: twin + 1, lambda put, folder: None)
    return replace(plain, **parts)


def raising(error: BaseException, at: int) -> Any:
    def tried(put: int, folder: Path) -> None:
        if put == at:
            raise error

    return tried


def test_the_verdict_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another error, a refused twin, an error without advice, a warning and a hang are escapes."""
    assert outcome(toy(), 3, tmp_path) == "answered"
    refused = raising(QueryError("No.", "It means no.", "Ask again."), 2)
    assert outcome(toy(tried=refused), 3, tmp_path) == "QueryError"
    for number, tried in enumerate(
        (
            raising(KeyError("x"), 2),
            raising(QueryError("No.", "It means no.", "Ask again."), 1),
            raising(CausalError("No.", "It means no."), 2),
            raising(RuntimeWarning("divided by zero"), 2),
            raising(RecursionError(), 2),
            raising(MemoryError(), 2),
        )
    ):
        with pytest.raises(
            Escape, match=f"input: (1|2)\nagain: python -m tests.fuzz {number} --seed"
        ):
            outcome(toy(name=str(number), tried=tried), 8, tmp_path)
    monkeypatch.setattr(verdict, "SECONDS", 0.05)
    with pytest.raises(Escape, match="Hang"):
        outcome(toy(name="slow", tried=lambda put, folder: time.sleep(put - 1)), 8, tmp_path)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1e-9, 1 + 1e-9])
def test_numbers_that_are_no_probabilities_are_told(wrong: float) -> None:
    answer = probability(two_slice(3), {"b": "s0"}, within=2)
    verdict.sound(answer)
    for part in (0, 1):
        pair = [answer.draws.copy(), answer.base.copy()]
        pair[part][0] = wrong
        with pytest.raises(AssertionError):
            verdict.sound(replace(answer, posterior=Draws(*pair)))
    with pytest.raises(AssertionError):
        verdict.in_order({"low": 0.2, "high": 0.1})
    with pytest.raises(AssertionError):
        verdict.in_order({"rows": [{"low": 0.2, "high": 0.3, "value": 0.4}]})
