"""Every value survives being written down and read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from causal.ask import ask, probability
from causal.errors import QueryError
from causal.graph.dag import CausalGraph
from causal.graph.story import Story, read_story, story_from_dict, story_to_dict, write_story
from causal.graph.variable import Confounded, Edge, Measurement, Series, Variable
from causal.model.store import load, save
from causal.query.event import conditions
from causal.query.parser import parse
from causal.query.query import Query
from tests.laws.test_rows_sum_to_one import fitted_on
from tests.strategies import Case, any_case, cases, seeds, two_slice


def query_of(case: Case) -> Query:
    graph = case.model.graph
    event, seen = conditions(graph, case.event), conditions(graph, case.given)
    return Query(event, seen, case.do, case.within, case.at)


def once_each(case: Case) -> bool:
    """The grammar has no order of surgery: a variable is done once."""
    return len({d.variable for d in case.do}) == len(case.do)


@given(cases)
def test_query(case: Case) -> None:
    query = query_of(case)
    if once_each(case):
        assert parse(str(query), case.model.graph) == query


def test_query_is_tried() -> None:
    assert sum(once_each(any_case(s)) and bool(any_case(s).do) for s in range(100)) > 50


@given(cases)
def test_question_as_text_has_the_same_answer(case: Case) -> None:
    if not once_each(case):
        return
    model = case.model
    for one in case.do:
        model = model.do(one)
    try:
        spoken = probability(model, case.event, **case.question)
    except QueryError as refused:
        with pytest.raises(type(refused)):
            ask(case.model, str(query_of(case)))
        return
    written = ask(case.model, str(query_of(case)))
    np.testing.assert_array_equal(spoken.draws, written.draws)
    assert written.query == spoken.query


def story(seed: int) -> Story:
    """A story with every field in use."""
    rng = np.random.default_rng(seed)
    graph = two_slice(seed).graph
    variables = []
    for place, variable in enumerate(graph.variables):
        cuts = tuple(sorted(rng.normal(size=len(variable.states) - 1).round(6).tolist()))
        steps = ("log", "mean 3", "zscore 365 250")[: int(rng.integers(0, 4))]
        series = Series(f"column_{place}", steps, float(rng.choice([1.0, 0.25])), ("2021-04-27",))
        variables.append(
            Variable(
                variable.name,
                variable.states,
                Measurement((series,), cuts),
                start=variable.start,
                publication_lag=int(rng.integers(0, 8)),
                manipulable=bool(rng.random() < 0.5),
                label='War "risk" \\ 1',
                label_zh="戰爭風險",
                states_zh=tuple(f"狀態{k}" for k in range(len(variable.states))),
                why="because\nof this",
            )
        )
    edges = tuple(Edge(e.cause, e.effect, e.lag, f"{e.cause} acts") for e in graph.edges)
    names = graph.names
    pairs = (Confounded(names[0], names[1], "both follow the dollar"),)
    whole = CausalGraph(tuple(variables), edges, pairs, "made_up")
    return Story(whole, float(rng.choice([1.0, 4.5])), 200, int(rng.integers(10**6)), "T", "題")


@given(seeds)
def test_story(seed: int) -> None:
    told = story(seed)
    assert story_from_dict(json.loads(json.dumps(story_to_dict(told)))) == told


def test_story_file(tmp_path: Path) -> None:
    for seed in range(20):
        told = story(seed)
        write_story(told, tmp_path / "story.toml")
        assert read_story(tmp_path / "story.toml") == told


def test_fitted_model_file(tmp_path: Path) -> None:
    for seed in range(10):
        model = fitted_on(story(seed).graph, np.random.default_rng(seed), 12)
        save(model, tmp_path / "model.json")
        back = load(tmp_path / "model.json")
        assert back.graph == model.graph
        assert back.draws == model.draws == 12
        for mine, theirs in ((model.tables, back.tables), (model.start, back.start)):
            assert list(mine) == list(theirs)
            for name in mine:
                assert mine[name].axes == theirs[name].axes
                np.testing.assert_array_equal(mine[name].values, theirs[name].values)
        first = (tmp_path / "model.json").read_bytes()
        save(back, tmp_path / "again.json")
        assert (tmp_path / "again.json").read_bytes() == first
