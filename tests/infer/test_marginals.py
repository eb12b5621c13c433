"""All marginals at once are the answers that one question each would get."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from causal.ask import probability
from causal.errors import ImpossibleEvidenceError
from causal.infer.marginals import marginals
from causal.model.network import CausalModel
from tests.strategies import one_slice, two_slice, with_tables

pytestmark = pytest.mark.usefixtures("path")


def models() -> Iterator[CausalModel]:
    for seed in range(25):
        graph = (one_slice if seed % 2 else two_slice)(seed).graph
        if len(graph.names) > 2:
            yield with_tables(np.random.default_rng(seed), graph, 5)


def states(rng: np.random.Generator, model: CausalModel, name: str) -> str:
    return str(rng.choice(model.graph.variable(name).states))


def test_marginals_are_single_answers() -> None:
    tried = 0
    for seed, model in enumerate(models()):
        rng = np.random.default_rng(seed)
        seen, done = map(str, rng.permutation(model.graph.names)[:2])
        acted = model.do({done: states(rng, model, done)}) if seed % 3 else model
        given = {seen: states(rng, model, seen)} if seed % 4 else {}
        try:
            found = marginals(acted, given=given, draws=True)
        except ImpossibleEvidenceError:
            continue
        assert tuple(found) == model.graph.names
        for name, table in found.items():
            if name in given and acted.interventions:
                continue  # asked one by one this is a counterfactual
            for state, row in zip(model.graph.variable(name).states, table, strict=True):
                one = probability(acted, {name: state}, given=given).draws
                np.testing.assert_allclose(row, one, rtol=1e-9, atol=1e-12)
                tried += 1
    assert tried > 60
