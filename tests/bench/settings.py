"""What a run is asked to do, and the two things every contest has to do first."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from tests.bench.networks import HARD, PUBLIC, Array

EXACT = 1e-9  # largest difference between two answers that lets a contest begin


@dataclass(frozen=True, slots=True)
class Settings:
    """``quick``: two small networks and few rounds; ``plain``: the interpreter without torch."""

    quick: bool = False
    plain: str = sys.executable

    @property
    def networks(self) -> tuple[str, ...]:
        return ("asia", "alarm") if self.quick else PUBLIC

    @property
    def hard(self) -> tuple[str, ...]:
        return () if self.quick else HARD

    @property
    def rounds(self) -> int:
        return 3 if self.quick else 7

    @property
    def budget(self) -> float:
        """Seconds that one contestant may use in one contest."""
        return 0.3 if self.quick else 3.0


def pyagrum(part: str = "") -> Any:
    """pyAgrum or a part of it, imported without its warnings (as errors they crash its loader)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(f"pyagrum.{part}" if part else "pyagrum")


class DisagreementError(AssertionError):
    """Two contestants gave different answers: there is nothing to time."""


def agreed(what: str, mine: object, theirs: object, *, within: float = EXACT) -> float:
    """The largest absolute difference; raises DisagreementError when it exceeds ``within``."""
    one: Array = np.asarray(mine, dtype=np.float64)
    other: Array = np.asarray(theirs, dtype=np.float64)
    if one.shape != other.shape or not one.size:
        raise DisagreementError(f"{what}: {one.shape} numbers against {other.shape}")
    largest = float(np.abs(one - other).max())
    if not largest <= within:
        raise DisagreementError(f"{what}: answers differ by {largest:.2e}")
    return largest
