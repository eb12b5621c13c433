"""The compiled planner gives the numbers of the readable path, and those of enumeration."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import ModuleType

import numpy as np
import pytest

import causal
from causal.errors import ImpossibleEvidenceError, QueryError, UnknownStateError
from causal.graph.dag import CausalGraph, Edge, Variable
from causal.infer import compiled, swift
from causal.infer.grammar import parse
from causal.infer.query import Query
from causal.infer.swift import probabilities
from causal.model.event import condition, conditions
from causal.model.network import CausalModel
from causal.model.table import Array, Table
from tests.against.networks import example_file
from tests.bench.networks import drawn, public, questions
from tests.laws.trial import seeds_of
from tests.reference import truth
from tests.strategies import Case, one_day_case, with_tables

CLOSE = {"rtol": 1e-12, "atol": 1e-14}


@pytest.fixture(autouse=True)
def kernel(needs: Callable[[str], ModuleType]) -> None:
    needs("numba")
    needs(compiled.KERNEL)


def query(case: Case) -> Query:
    graph = case.model.graph
    return Query(conditions(graph, case.event), conditions(graph, case.given), case.do)


def readable(model: CausalModel, asked: Query, monkeypatch: pytest.MonkeyPatch) -> Array | None:
    """The NumPy path's answer; None where the evidence is impossible."""
    with monkeypatch.context() as patch:
        patch.setenv("CAUSAL_COMPILED", "0")
        try:
            return np.broadcast_to(probabilities(model, asked), model.draws)
        except ImpossibleEvidenceError:
            return None


@pytest.mark.parametrize("chunk", range(4))
def test_random_questions(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hard and soft evidence and ``do``, several targets, one slice and two, zeros in tables.

    The same bits again when the question is put again, to a model that has seen its tables.
    """
    swiftly = tried = 0
    for seed in seeds_of(chunk, 800):
        case = one_day_case(seed)
        plain = readable(case.model, query(case), monkeypatch)
        found = swift.swiftly(case.model, query(case))
        if plain is None:
            with pytest.raises(ImpossibleEvidenceError):
                probabilities(case.model, query(case))
            continue
        tried += 1
        again = swift.swiftly(case.model, query(case))
        assert (found is None) == (again is None), str(case)
        if found is not None:
            swiftly += 1
            np.testing.assert_array_equal(again, found, err_msg=str(case))
            np.testing.assert_allclose(found, plain, err_msg=str(case), **CLOSE)
            slow = truth(case.model, case.event, do=case.do, given=case.given).draws
            np.testing.assert_allclose(found, np.broadcast_to(slow, found.shape), rtol=1e-9)
    assert tried > 60
    assert swiftly > 0.4 * tried


@pytest.mark.parametrize(
    "name",
    ["asia", "sachs", "child", "alarm", "insurance", "hailfinder", "win95pts", "hepar2", "andes"],
)
def test_public_networks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(name, 12, monkeypatch)


def test_dense_network(monkeypatch: pytest.MonkeyPatch) -> None:
    agree("water", 4, monkeypatch)


def agree(name: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert example_file(name).is_file()
    point = public(name)
    model = drawn(point, 3)
    for asked in questions(point, count, seed=5):
        for one in (point, model):
            plain = readable(one, asked.query(one.graph), monkeypatch)
            found = swift.swiftly(one, asked.query(one.graph))
            assert plain is not None
            assert found is not None
            np.testing.assert_allclose(found, plain, err_msg=f"{name}: {asked}", **CLOSE)


@pytest.mark.parametrize("length", [40, 300])
@pytest.mark.parametrize("draws", [1, 9])
def test_rare_evidence(length: int, draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """P(evidence) of about 1e-200 (40 rare symptoms), and far below 1e-300 (300 of them)."""
    names = [f"x{i}" for i in range(length)]
    symptoms = [f"y{i}" for i in range(length)]
    variables = [Variable(n, ("a", "b", "c")) for n in names]
    variables += [Variable(n, ("no", "yes")) for n in symptoms]
    edges = [Edge(a, b) for a, b in pairwise(names)]
    edges += [Edge(a, b) for a, b in zip(names, symptoms, strict=True)]
    graph = CausalGraph(tuple(variables), tuple(edges))
    model = with_tables(np.random.default_rng(length), graph, draws)
    rare = np.random.default_rng(1).uniform(1, 9, (3, draws)) * 1e-5
    tables = {n: Table((c, n, "draw"), np.stack([1 - rare, rare], 1)) for c, n in
              zip(names, symptoms, strict=True)}  # fmt: skip
    model = CausalModel(graph, {**model.tables, **tables})
    given = tuple(condition(graph, n, "yes") for n in symptoms)
    asked = Query((condition(graph, names[length // 2], "b"),), given)
    plain = readable(model, asked, monkeypatch)
    found = swift.swiftly(model, asked)
    assert plain is not None
    assert found is not None
    np.testing.assert_allclose(found, plain, rtol=1e-11)


@pytest.mark.parametrize("draws", [7, 8, 168, 169, 1000])
def test_one_core_is_two(draws: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = drawn(public("alarm"), draws)
    asked = questions(public("alarm"), 1)[0].query(model.graph)
    plain = readable(model, asked, monkeypatch)
    monkeypatch.setattr(compiled, "THREADS_ABOVE", 1)
    both = probabilities(model, asked)
    monkeypatch.setattr(compiled.os, "cpu_count", lambda: 1)
    np.testing.assert_array_equal(probabilities(model, asked), both)
    np.testing.assert_allclose(both, plain, **CLOSE)


def test_the_model_s_own_interventions_hold() -> None:
    model = public("asia")
    done = probabilities(model.do(smoke="no"), "P(lung=yes | dysp=yes)")
    np.testing.assert_allclose(done, probabilities(model, "P(lung=yes | do(smoke=no), dysp=yes)"))
    assert not np.allclose(done, probabilities(model, "P(lung=yes | dysp=yes)"))


def test_impossible_evidence_elsewhere_is_not_overlooked() -> None:
    """What is asked does not touch the impossible part, yet the evidence cannot happen."""
    graph = CausalGraph(
        tuple(Variable(n, ("no", "yes")) for n in ("a", "b", "c")), (Edge("b", "c"),)
    )
    never = np.array([[1.0, 0.0], [1.0, 0.0]])
    model = CausalModel(
        graph,
        {
            "a": Table(("a", "draw"), np.array([[0.3], [0.7]])),
            "b": Table(("b", "draw"), np.array([[0.5], [0.5]])),
            "c": Table(("b", "c", "draw"), never[..., None]),
        },
    )
    assert probabilities(model, "P(a=yes | c=no)") == pytest.approx(0.7)
    for evidence in ("c=yes", "c=yes, b=no", "do(b=no), c=yes"):
        with pytest.raises(ImpossibleEvidenceError):
            probabilities(model, f"P(a=yes | {evidence})")


def test_what_is_outside_takes_the_readable_path() -> None:
    model = public("asia")
    graph = model.graph
    twice = Query(
        (condition(graph, "lung", "yes"),),
        (condition(graph, "smoke", "yes"), condition(graph, "smoke", "yes")),
    )
    assert swift.swiftly(model, twice) is None
    assert probabilities(model, twice) == pytest.approx(
        float(probabilities(model, "P(lung=yes | smoke=yes)")[0])
    )
    with pytest.raises(UnknownStateError):
        probabilities(model, "P(lung=perhaps)")
    for wrong in (
        Query(()),
        Query(twice.event, within=3),
        Query((condition(graph, "lung", {"yes": 2.0}),)),
        Query(twice.event, (condition(graph, "smoke@-1", "yes"),)),
    ):
        with pytest.raises(QueryError):
            probabilities(model, wrong)


def test_the_memory_budget_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    model = drawn(public("alarm"), 9)
    asked = questions(public("alarm"), 1)[0].query(model.graph)
    assert swift.swiftly(model, asked) is not None
    monkeypatch.setenv("CAUSAL_MEMORY_GB", "1e-8")
    assert swift.swiftly(model, asked) is None
    with pytest.raises(QueryError):
        probabilities(model, asked)


def test_wide_contractions_are_left_to_the_readable_path() -> None:
    """An effect is seen of every two of 24 causes, so that no order can part them."""
    causes = [f"c{i}" for i in range(24)]
    variables = [Variable(n, ("no", "yes")) for n in causes]
    pairs = [(a, b) for i, a in enumerate(causes) for b in causes[:i]]
    effects = [Variable(f"e{i}", ("no", "yes")) for i in range(len(pairs))]
    edges = [Edge(c, e.name) for pair, e in zip(pairs, effects, strict=True) for c in pair]
    graph = CausalGraph((*variables, *effects), tuple(edges))
    model = with_tables(np.random.default_rng(0), graph, 1)
    given = tuple(condition(graph, e.name, "yes") for e in effects)
    assert swift.swiftly(model, Query((condition(graph, "c0", "yes"),), given)) is None


@pytest.mark.parametrize(
    "text",
    [
        "P(bitcoin=crash | do(leverage=high), volatility=high)",
        "P(bitcoin=crash, volatility=high | do(trade={calm: 0.5, escalation: 0.5}), war@-1=calm)",
    ],
)
def test_the_shipped_model(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two slices, rows drawn when they are first read, and the posterior mean."""
    model = causal.load(causal.shipped())
    asked = parse(text, model.graph)
    for one in (model.mean(), model):
        found = swift.swiftly(one, asked)
        plain = readable(one, asked, monkeypatch)
        assert found is not None
        assert plain is not None
        np.testing.assert_allclose(found, plain, **CLOSE)
