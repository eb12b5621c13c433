"""The grid that the tests of sweeps ask, and when two sweeps say the same."""

from __future__ import annotations

import pytest

from causal.query.scenarios.scenario import grid
from causal.sweep.result import COLUMNS, Sweep

EVENT = {"bitcoin": "crash"}

GRID = grid(
    do={"leverage": [None, "low", "high"], "geopolitics": ["calm", "escalation for 2d"]},
    given={"bitcoin": ["flat", "crash"]},
)


def assert_same(one: Sweep, other: Sweep) -> None:
    assert len(one.rows) == len(other.rows) > 0
    for mine, theirs in zip(one.rows, other.rows, strict=True):
        for column in (*COLUMNS, "coordinates"):
            a, b = getattr(mine, column), getattr(theirs, column)
            assert a == (pytest.approx(b, abs=1e-12) if isinstance(b, float) else b), column
