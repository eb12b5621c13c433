"""What becomes of a case: its valid twin is answered, and the spoilt one answered or refused.

A case follows from its kind and a seed.  Refused is a CausalError in three parts that can be
printed; answered is numbers that are finite, probabilities in [0, 1], ends of intervals in order,
and JSON that reads back the same.  Anything else is an escape.
"""

from __future__ import annotations

import json
import math
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import FrameType
from typing import Any
from unittest import mock

import numpy as np

from causal.errors import CausalError

SECONDS = 30  # a case that takes longer hangs
SHOWN = 3_000  # characters of an input that a failure prints
DEEP = 8  # calls of a traceback that it prints
ROUND = 1e-12
ANSWERED = "answered"
REPEATED = 8  # of so many equal twins one is asked again, after all that was put in between
ANSWERED_BEFORE: set[str] = set()


@dataclass(frozen=True)
class Kind:
    """One kind of input: how it is made, how it is spoilt, and the public doors it goes through.

    ``weight``: its share of the cases.  ``tried`` gets the input and an empty folder, and raises
    CausalError where the input is refused.
    """

    name: str
    weight: int
    valid: Callable[[Random], Any]
    mutated: Callable[[Random, Any], Any]
    tried: Callable[[Any, Path], None]


class Escape(AssertionError):
    """Something else than an answer or a CausalError came out of the public API."""

    sort = ""


class Hang(BaseException):
    """A case took too long."""


def outcome(kind: Kind, seed: int, folder: Path) -> str:
    """``answered``, or the name of the error by which the spoilt input was refused.

    Raises Escape, with the input and the call that repeats it, when a valid twin is refused or
    anything but a CausalError comes out.
    """
    rng = Random(f"{kind.name} {seed}")
    twin = kind.valid(rng)
    known = f"{kind.name} {told(twin)}"
    if known not in ANSWERED_BEFORE or seed % REPEATED == 0:
        try:
            with _limited():
                kind.tried(twin, _empty(folder / "twin"))
        except (Exception, Hang) as error:
            raise _escape(kind, seed, twin, error, "the valid twin is refused") from None
        ANSWERED_BEFORE.add(known)
    spoilt = kind.mutated(rng, twin)
    try:
        with _limited():
            kind.tried(spoilt, _empty(folder / "spoilt"))
    except CausalError as error:
        fault = _badly_told(error)
        if fault:
            raise _escape(kind, seed, spoilt, error, fault) from None
        return type(error).__name__
    except (Exception, Hang) as error:  # a MemoryError, a warning: whatever is no CausalError
        raise _escape(kind, seed, spoilt, error, "it escapes") from None
    return ANSWERED


def _escape(kind: Kind, seed: int, put: Any, error: BaseException, what: str) -> Escape:
    trace = traceback.extract_tb(error.__traceback__)[-DEEP:]
    lines = [f"  {f.filename}, line {f.lineno}, {f.name}: {f.line}" for f in trace]
    head = f"{kind.name}, seed {seed}: {what}: {type(error).__name__}: {ascii(str(error))[:500]}"
    again = f"again: python -m tests.fuzz {kind.name} --seed {seed}"
    found = Escape("\n".join((head, f"input: {_shown(put)}", again, *lines)))
    last = next((f for f in reversed(trace) if "causal/" in f.filename), trace[-1])
    found.sort = f"{what}: {type(error).__name__}, {Path(last.filename).name}, line {last.lineno}"
    return found


def told(put: Any) -> str:
    """An input as a text that a terminal shows as it is."""
    try:
        return ascii(put)
    except RecursionError:
        return f"a {type(put).__name__} that is nested too deep to be shown"


def _shown(put: Any) -> str:
    text = told(put)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text):,} characters)"


def _badly_told(error: CausalError) -> str:
    """What is missing of the three parts of an error; nothing where all are there."""
    if not error.what.strip() or not error.do.strip():
        return "the error lacks what happened, or what to do"
    return ""


def _empty(folder: Path) -> Path:
    """A folder without a file; the few of a case are removed one by one."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    return folder


@contextmanager
def _limited() -> Iterator[None]:
    """Raise Hang after SECONDS.  Nothing is flushed to the disk: what is written is gone soon."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise Hang(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with mock.patch("os.fsync", return_value=None):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def sound(answer: Any) -> None:
    """Raise AssertionError unless an Answer's numbers are what they say they are."""
    for name, values in (("draws", answer.draws), ("base", answer.base)):
        within(values, name)
    ends = answer.bounds if answer.bounds is not None else (answer.draws, answer.draws)
    for values in ends:
        within(values, "bounds")
    assert (ends[0] <= ends[1] + ROUND).all(), "a lower bound lies above the upper"
    low, high = answer.interval()
    assert low <= high, f"the interval runs from {low} to {high}"
    if answer.closed is None:
        assert min(map(np.min, ends)) - ROUND <= low <= high <= max(map(np.max, ends)) + ROUND
    if answer.probability is not None:
        assert 0 <= answer.probability <= 1
    assert math.isfinite(answer.evidence), f"evidence {answer.evidence}"
    assert answer.evidence >= 0, f"evidence {answer.evidence}"
    if all(w <= 1 for c in answer.query.given for _, w in c.weights):
        assert answer.evidence <= 1 + ROUND, f"evidence {answer.evidence}"
    assert str(answer).strip()
    plain = same_json(answer.to_dict())
    in_order(plain)


def in_order(plain: dict[str, Any]) -> None:
    """low <= value <= high in every part of a JSON record that has them."""
    low, high = plain.get("low"), plain.get("high")
    if low is not None and high is not None:
        assert low <= high, plain
        value = plain.get("value", plain.get("probability"))
        assert value is None or low - ROUND <= value <= high + ROUND, plain
    for inner in plain.values():
        for part in inner if isinstance(inner, list) else [inner]:
            if isinstance(part, dict):
                in_order(part)


def within(values: Any, name: str) -> None:
    """Raise AssertionError unless every number is finite and a probability."""
    found = np.asarray(values, dtype=float)
    assert np.isfinite(found).all(), f"{name} holds {found[~np.isfinite(found)][0]}"
    assert (found >= 0).all(), f"{name} holds {found.min()!r}"
    assert (found <= 1 + ROUND).all(), f"{name} holds {found.max()!r}"


def same_json(plain: Any) -> Any:
    """The record itself; AssertionError unless it is JSON that reads back equal."""
    text = json.dumps(plain, allow_nan=False, ensure_ascii=True)
    assert json.loads(text) == plain, "JSON reads back another record"
    return plain
