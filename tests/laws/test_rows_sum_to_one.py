"""Rows sum to one after every operation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given

from causal.ask import probability
from causal.errors import ImpossibleEvidenceError, TableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Measurement, Variable
from causal.infer.marginals import marginals
from causal.model.network import CausalModel, Fit, Provenance, family, fitted
from causal.model.posterior import Counts, Dirichlet
from causal.model.table import DRAW, Table
from tests.strategies import Case, askable, cases, models, seeds, two_slice


def rows(model: CausalModel) -> list[np.ndarray]:  # type: ignore[type-arg]
    """The sums of every row of every table of a model."""
    return [t.values.sum(axis=-2) for m in (model.tables, model.start) for t in m.values()]


@given(models)
def test_mean(model: CausalModel) -> None:
    mean = model.mean()
    assert mean.draws == 1
    for sums in rows(mean):
        np.testing.assert_allclose(sums, 1, rtol=1e-12)


def asking_of(case: Case, variable: Variable) -> Case:
    """The case about one variable on its last day, without evidence that no ``do`` goes with."""
    at = case.horizon or None
    return askable(replace(case, event={variable.name: variable.states[0]}, within=None, at=at))


@given(cases)
def test_states_share_one(case: Case) -> None:
    """Whatever is done and seen, the chances of the states of a variable sum to one."""
    variable = case.model.graph.variables[0]
    case = asking_of(case, variable)
    model = case.model
    for one in case.do:
        model = model.do(one)
    question = {"given": case.given, "at": case.horizon or None}
    try:
        total = sum(
            probability(model, {variable.name: s}, **question).draws for s in variable.states
        )
        whole = probability(model, {variable.name: list(variable.states)}, **question)
    except ImpossibleEvidenceError:
        assume(False)
    np.testing.assert_allclose(total, 1, rtol=1e-9)
    np.testing.assert_allclose(whole.draws, 1, rtol=1e-9)
    np.testing.assert_allclose(whole.base, 1, rtol=1e-9)


@given(cases)
def test_marginals_are_probabilities(case: Case) -> None:
    """``marginals`` at a point model agrees with ``probability`` state by state."""
    model = case.model.mean()
    for one in case.do:
        model = model.do(one)
    question = {"given": case.given, "at": case.horizon or None}
    try:
        found = marginals(model, given=case.given, day=case.horizon)
    except ImpossibleEvidenceError:
        assume(False)
    assert list(found) == list(model.graph.names)
    for variable in model.graph.variables:
        vector = found[variable.name]
        assert vector.shape == (len(variable.states),)
        alone = asking_of(case, variable)
        if (alone.given, alone.do) != (case.given, case.do):
            continue  # asked by itself this is a counterfactual
        for place, state in enumerate(variable.states):
            answer = probability(model, {variable.name: state}, **question)
            np.testing.assert_allclose(vector[place], answer.draws[0], rtol=1e-9, atol=1e-12)


@given(cases)
def test_soft_surgery_gives_what_was_asked(case: Case) -> None:
    """peers.md T5: the marginal of what is done is exactly the vector of the intervention."""
    model, horizon = case.model, case.horizon
    variable = model.graph.variables[-1]
    weights = np.random.default_rng(len(case.name)).dirichlet(np.ones(len(variable.states)))
    done = model.do({variable.name: dict(zip(variable.states, weights.tolist(), strict=True))})
    for state, weight in zip(variable.states, weights, strict=True):
        answer = probability(done, {variable.name: state}, at=horizon or None)
        np.testing.assert_allclose(answer.draws, weight, rtol=1e-12)
        assert answer.evidence == pytest.approx(1, rel=1e-12)


def fitted_on(graph: CausalGraph, rng: np.random.Generator, draws: int) -> CausalModel:
    """A fit on made-up counts, most of them zero."""

    def tally(piece: str) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
        shapes = {
            n: [graph.size(a) for a in family(graph, n, piece)]  # type: ignore[arg-type]
            for n in graph.names
        }
        return {n: rng.poisson(0.5, s) * rng.integers(0, 100, s) for n, s in shapes.items()}

    provenance = Provenance("2020-01-01", "2020-12-31", 366, "0", "2020-12-31")
    prior = Dirichlet(float(rng.choice([0.5, 4.0, 50.0])))
    return fitted(graph, Fit(Counts(tally("day"), tally("start")), prior, draws, 7, provenance))


@given(seeds)
def test_drawn_tables(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = fitted_on(two_slice(seed).graph, rng, 50)
    assert model.draws == 50
    for sums in (*rows(model), *rows(model.mean())):
        np.testing.assert_allclose(sums, 1, rtol=1e-12)
    assert all((t.values > 0).all() for t in model.tables.values())


def test_structure_holds_in_every_draw() -> None:
    """A market is closed on closed days only, and the worst of two causes is the worst."""
    calendar = Variable("session", ("open", "closed"), Measurement(calendar="us"))
    market = Variable("market", ("closed", "calm", "fall"), Measurement(closed=True))
    other = Variable("other", ("low", "mid", "high"))
    worst = Variable("worst", ("low", "mid", "high"), rule="worst")
    second = Variable("second", ("low", "mid", "high"))
    graph = CausalGraph(
        (calendar, market, other, second, worst),
        (
            Edge("session", "market"),
            Edge("other", "worst"),
            Edge("second", "worst"),
            Edge("other", "other", 1),
        ),
    )
    rng = np.random.default_rng(3)
    model = fitted_on(graph, rng, 40)
    closed, calm = {"market": "closed"}, {"market": ["calm", "fall"]}
    for shut, event in (("closed", closed), ("open", calm)):
        answer = probability(model, event, given={"session": shut})
        np.testing.assert_allclose(answer.draws, 1, rtol=1e-12)
    answer = probability(model, {"worst": "mid"}, given={"other": "mid", "second": ["low", "mid"]})
    np.testing.assert_allclose(answer.draws, 1, rtol=1e-12)
    for sums in rows(model):
        np.testing.assert_allclose(sums, 1, rtol=1e-12)


def test_a_row_that_does_not_sum_is_refused() -> None:
    graph = CausalGraph((Variable("a", ("s0", "s1")),))
    for bad in ([0.5, 0.6], [1.5, -0.5], [np.nan, 1.0]):
        values = np.array(bad)[:, None]
        with pytest.raises(TableError, match=r"sums to|negative"):
            CausalModel(graph, {"a": Table(("a", DRAW), values)})
