"""The grid, swept once for all tests of this folder."""

from __future__ import annotations

import pytest

from causal.sweep.result import Sweep
from causal.sweep.sweep import sweep
from tests.app.toy import toy
from tests.sweep.asked import EVENT, GRID


@pytest.fixture(scope="session")
def swept() -> Sweep:
    return sweep(toy(), GRID, EVENT, within=5)
