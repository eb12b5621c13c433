"""All draws at once = one draw after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from causal.ask import probability
from causal.errors import ImpossibleEvidenceError, TableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Variable
from causal.model.network import CausalModel
from causal.model.table import DRAW, Table
from tests.laws.trial import ask
from tests.strategies import Case, cases, two_slice


def one_draw(model: CausalModel, draw: int) -> CausalModel:
    """The model of a single draw; a table with one draw serves every draw."""

    def cut(table: Table) -> Table:
        return Table(table.axes, table.values[..., [draw if table.draws > 1 else 0]])

    tables = {n: cut(t) for n, t in model.tables.items()}
    return replace(model, tables=tables, start={n: cut(t) for n, t in model.start.items()})


@given(cases)
def test_loop(case: Case) -> None:
    batch = ask(case)
    if batch.draws is None:
        return
    assert batch.draws.shape == (case.model.draws,)
    single = [ask(replace(case, model=one_draw(case.model, d))) for d in range(case.model.draws)]
    loop = np.concatenate([s.draws for s in single if s.draws is not None])
    np.testing.assert_allclose(batch.draws, loop, rtol=1e-9, atol=1e-13)
    evidence = np.mean([s.evidence for s in single])
    np.testing.assert_allclose(batch.evidence, evidence, rtol=1e-9)


def many_draws(model: CausalModel, draws: int) -> CausalModel:
    """The model with each table's draws repeated up to ``draws``."""

    def repeated(table: Table) -> Table:
        times = -(-draws // table.draws)
        return Table(table.axes, np.tile(table.values, times)[..., :draws])

    tables = {n: repeated(t) for n, t in model.tables.items()}
    return replace(model, tables=tables, start={n: repeated(t) for n, t in model.start.items()})


@pytest.mark.parametrize("draws", [7, 999, 4097])
def test_many_draws(draws: int) -> None:
    """Enough draws for several tiles and threads: the same numbers, in the same places."""
    for seed in range(5, 9):
        model = two_slice(seed)
        variable = model.graph.variables[0]
        event = {variable.name: variable.states[-1]}
        few = probability(model, event, within=20)
        many = probability(many_draws(model, draws), event, within=20)
        assert many.draws.shape == many.base.shape == (draws,)
        expected = np.resize(few.draws, draws)
        np.testing.assert_allclose(many.draws, expected, rtol=1e-9, atol=1e-13)


def test_draws_that_do_not_match_are_refused() -> None:
    graph = CausalGraph((Variable("a", ("s0", "s1")), Variable("b", ("s0", "s1"))))
    two = Table(("a", DRAW), np.full((2, 2), 0.5))
    three = Table(("b", DRAW), np.full((2, 3), 0.5))
    with pytest.raises(TableError):
        CausalModel(graph, {"a": two, "b": three})


def test_evidence_impossible_in_one_draw_is_named() -> None:
    """One draw in which the evidence cannot happen has no answer; the others must not hide it."""
    graph = CausalGraph((Variable("a", ("s0", "s1")),))
    model = CausalModel(graph, {"a": Table(("a", DRAW), np.array([[0.5, 0.0], [0.5, 1.0]]))})
    with pytest.raises(ImpossibleEvidenceError, match="1 of its draws"):
        probability(model, {"a": "s1"}, given={"a": "s0"})
