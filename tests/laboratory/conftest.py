"""A small market that has been running for more than a year, shared by the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from causal.graph.dag import CausalGraph
from causal.laboratory.hours import advance
from causal.laboratory.noise import Noise
from causal.laboratory.parameters import Parameters
from causal.laboratory.reading import StateReader
from causal.laboratory.simulation import MarketRun
from causal.laboratory.state import Rules, State
from causal.laboratory.true_answer import shipped_graph

PATHS, WARM = 24, 440


@dataclass(frozen=True)
class Small:
    """``state``: as a Wednesday begins; a test runs a copy of it on."""

    run: MarketRun
    noise: Noise
    state: State
    graph: CausalGraph

    @property
    def rules(self) -> Rules:
        return Rules(self.run.p)

    @property
    def reader(self) -> StateReader:
        return StateReader(self.graph, self.noise, self.run.dates, self.run.plain)

    def after(self, days: int = 1, rules: Rules | None = None) -> State:
        """A copy, run on by some days."""
        state = self.state.copy()
        for _ in range(days):
            advance(state, self.noise, rules or self.rules, {})
        return state


@pytest.fixture(scope="session")
def small() -> Small:
    run = MarketRun(np.datetime64("2024-06-05"), 10, WARM, 7, Parameters(), paths=PATHS)
    noise, state = run.noise(), run.fresh()
    for _ in range(WARM):
        advance(state, noise, Rules(run.p), {})
    return Small(run, noise, state, shipped_graph())
