"""What a story may not say: every mistake at once, with its file and key."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from causal.errors import CycleError, SpecError
from causal.graph.story import story_from_dict
from causal.graph.variable import Edge


def problems(document: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(SpecError) as caught:
        story_from_dict(document, where="small.toml", complete=True)
    error = caught.value
    assert error.what
    assert error.means
    assert error.do
    assert all(p in str(error) for p in error.problems)
    return error.problems


MISTAKES = {
    "unknown key": (
        "variables.war.cutz",
        [1.0],
        "variables.war.cutz: unknown key. Did you mean `cuts`?",
    ),
    "unknown root key": ("edge", [], "small.toml: edge: unknown key. Did you mean `edges`?"),
    "unknown story key": ("story.titel", "x", "story.titel: unknown key. Did you mean `title`?"),
    "unknown series key": (
        "variables.trade.series",
        [{"column": "t", "step": []}],
        "variables.trade.series[1].step: unknown key. Did you mean `steps`?",
    ),
    "unknown cause": (
        "edges.0.cause",
        "wra",
        "edges[1].cause: there is no variable `wra`. Did you mean `war`?",
    ),
    "unknown effect": (
        "edges.1.effect",
        "geopolitcs",
        "edges[2].effect: there is no variable `geopolitcs`. Did you mean `geopolitics`?",
    ),
    "unknown start": (
        "variables.trade.start",
        ["wor"],
        "variables.trade.start: there is no variable `wor`. Did you mean `war`?",
    ),
    "own start": ("variables.trade.start", ["trade"], "variables.trade.start: names the variable"),
    "unknown confounded": (
        "confounded.0.between",
        ["equitty", "war"],
        "confounded[1].between: there is no variable `equitty`. Did you mean `equity`?",
    ),
    "confounded alone": ("confounded.0.between", ["war"], "must name two different variables"),
    "confounded with itself": ("confounded.0.between", ["war", "war"], "two different variables"),
    "edge without reason": ("edges.0.because", None, "edges[1].because: missing: say why war -> g"),
    "edge with blank reason": ("edges.0.because", " ", "edges[1].because: empty: say why war"),
    "confounded without reason": (
        "confounded.0.because",
        None,
        "confounded[1].because: missing: say why equity <-> leverage",
    ),
    "lag 2": ("edges.0.lag", 2, "edges[1].lag: must be 0 (the same day) or 1"),
    "lag -1": ("edges.0.lag", -1, "edges[1].lag: must be a whole number, zero or more"),
    "lag true": ("edges.0.lag", True, "edges[1].lag: must be a whole number"),
    "too few cuts": (
        "variables.war.cuts",
        [1.0],
        "small.toml: variables.war.cuts: 3 states need 2 of them, found 1",
    ),
    "too many quantiles": (
        "variables.trade.quantiles",
        [0.1, 0.2, 0.3],
        "variables.trade.quantiles: 3 states need 2 of them, found 3",
    ),
    "closed counts": (
        "variables.equity.cuts",
        [1, 2],
        "variables.equity.cuts: 2 states besides `closed` need 1 of them, found 2",
    ),
    "no cuts": ("variables.leverage.cuts", None, "variables.leverage.cuts: 2 states need 1"),
    "falling cuts": ("variables.war.cuts", [2, 1], "variables.war.cuts: must increase"),
    "equal cuts": ("variables.war.cuts", [2, 2], "variables.war.cuts: must increase"),
    "cut not finite": ("variables.war.cuts", [1, float("nan")], "cuts: must be a list of finite"),
    "infinite cut": ("variables.war.cuts", [1, float("inf")], "cuts: must be a list of finite"),
    "cut is text": ("variables.war.cuts", ["1", "2"], "cuts: must be a list of finite numbers"),
    "cut is true": ("variables.war.cuts", [False, True], "cuts: must be a list of finite numbers"),
    "huge cut": ("variables.war.cuts", [1, 10**400], "cuts: must be a list of finite numbers"),
    "quantile 1": ("variables.trade.quantiles", [0.5, 1], "quantiles: must lie between 0 and 1"),
    "quantile 0": ("variables.trade.quantiles", [0.0, 0.5], "quantiles: must lie between 0 and 1"),
    "cuts and quantiles": ("variables.war.quantiles", [0.5, 0.6], "either cuts or quantiles"),
    "closed is not first": (
        "variables.equity.states",
        ["calm", "closed", "rush"],
        "variables.equity.states: the first must be `closed`",
    ),
    "closed without calendar": (
        "edges.2",
        {"cause": "us", "effect": "equity", "lag": 1, "because": "x"},
        "variables.equity.closed: needs a same-day edge from a calendar variable",
    ),
    "calendar states": ("variables.us.states", ["shut", "open"], "variables.us.states: a calendar"),
    "calendar with cuts": ("variables.us.cuts", [1], "variables.us.calendar: a calendar takes no"),
    "unknown calendar": ("variables.us.calendar", "uk", "variables.us.calendar: `uk` is none"),
    "unknown rule": ("variables.geopolitics.rule", "wurst", "Did you mean `worst`?"),
    "rule with series": (
        "variables.geopolitics.series",
        [{"column": "x"}],
        "variables.geopolitics.rule: takes none of series",
    ),
    "rule with start": (
        "variables.geopolitics.start",
        [],
        "variables.geopolitics.rule: takes none",
    ),
    "rule of unlike causes": (
        "edges.0.cause",
        "leverage",
        "variables.geopolitics.rule: its cause `leverage` must have the same states",
    ),
    "rule with a lagged cause": (
        "edges.0.lag",
        1,
        "variables.geopolitics.rule: takes same-day causes only",
    ),
    "latent": (
        "variables.leverage",
        {"states": ["low", "high"]},
        "variables.leverage.series: missing: nothing says how it is measured",
    ),
    "empty series": ("variables.leverage.series", [], "variables.leverage.series: missing"),
    "series without column": (
        "variables.trade.series",
        [{"steps": ["log"]}],
        "variables.trade.series[1].column: missing",
    ),
    "series is a text": ("variables.trade.series", "tpu", "trade.series: must be a list of tables"),
    "empty step": ("variables.trade.series", [{"column": "t", "steps": [""]}], "series[1].steps: "),
    "step is a number": ("variables.trade.series", [{"column": "t", "steps": [3]}], "[1].steps: "),
    "zero weight": ("variables.trade.series", [{"column": "t", "weight": 0}], "series[1].weight: "),
    "text weight": ("variables.trade.series", [{"column": "t", "weight": "1"}], "[1].weight: must"),
    "restart no day": (
        "variables.trade.series",
        [{"column": "t", "restart": ["2021-02-30"]}],
        "variables.trade.series[1].restart: `2021-02-30` is no day",
    ),
    "restart unquoted": (
        "variables.trade.series",
        tomllib.loads('x = [{ column = "t", restart = [2021-02-28] }]')["x"],
        "variables.trade.series[1].restart: must hold texts",
    ),
    "no states": ("variables.war.states", None, "variables.war.states: missing"),
    "empty states": ("variables.war.states", [], "variables.war.states: empty"),
    "same state twice": ("variables.war.states", ["a", "b", "a"], "states: given twice: a"),
    "state is a number": ("variables.war.states", ["a", 2, "c"], "variables.war.states: must hold"),
    "states_zh count": ("variables.war.states_zh", ["一"], "states_zh: 1 labels for 3 states"),
    "label is a number": ("variables.war.label", 3, "variables.war.label: must be text in quotes"),
    "manipulable is a text": ("variables.war.manipulable", "no", "must be true or false"),
    "negative publication lag": ("variables.war.publication_lag", -1, "publication_lag: must be a"),
    "lag as float": ("variables.war.publication_lag", 1.0, "publication_lag: must be a whole"),
    "variable is no table": ("variables.war", 3, "small.toml: variables.war: must be a table"),
    "variable with @": ("variables.x@1", {"states": ["a"], "rule": "worst"}, "cannot name a var"),
    "variable called draw": ("variables.draw", {"states": ["a"]}, "cannot name a variable"),
    "variables no table": ("variables", [], "small.toml: variables: must be a table, not []"),
    "edges no list": ("edges", {"cause": "a"}, "small.toml: edges: must be a list of tables"),
    "edge no table": ("edges", ["a -> b"], "small.toml: edges: must be a list of tables"),
    "no name": ("story.name", None, "small.toml: story.name: missing"),
    "strength zero": ("fit.strength", 0, "fit.strength: must be more than zero"),
    "strength text": ("fit.strength", "4", "fit.strength: must be a finite number"),
    "draws fraction": ("fit.draws", 10.5, "fit.draws: must be a whole number"),
    "seed negative": ("fit.seed", -1, "fit.seed: must be a whole number"),
}


def changed(document: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy with one key set, or taken out where ``value`` is None."""
    found = copy.deepcopy(document)
    inner: Any = found
    *steps, last = place.split(".")
    for step in steps:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    if value is None:
        del inner[last]
    elif isinstance(inner, list):
        inner[int(last)] = value
    else:
        inner[last] = value
    return found


@pytest.mark.parametrize(("place", "value", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_reported_with_file_and_key(
    document: dict[str, Any], place: str, value: Any, message: str
) -> None:
    found = problems(changed(document, place, value))
    assert any(message in p for p in found), found
    assert all(p.startswith("small.toml: ") for p in found)


def test_twice_given_edges_and_pairs(document: dict[str, Any]) -> None:
    document["edges"].append(document["edges"][0])
    document["confounded"].append({"between": ["leverage", "equity"], "because": "again"})
    assert problems(document) == (
        "small.toml: edges[5]: war -> geopolitics (lag 0) is given twice",
        "small.toml: confounded[2].between: leverage <-> equity is given twice",
    )


def test_a_rule_needs_a_cause(document: dict[str, Any]) -> None:
    document["edges"] = document["edges"][2:]
    assert problems(document) == (
        "small.toml: variables.geopolitics.rule: needs at least one same-day cause "
        "(an edge with lag 0)",
    )


def test_every_mistake_at_once(document: dict[str, Any]) -> None:
    document["variables"]["war"]["cuts"] = [2, 1]
    document["variables"]["trade"]["labl"] = "x"
    document["variables"]["equity"]["manipulable"] = 1
    document["edges"][0]["cause"] = "wra"
    del document["edges"][1]["because"]
    document["fit"]["draws"] = "many"
    document["edges"] += [
        {"cause": "leverage", "effect": "equity", "because": "x"},
        {"cause": "equity", "effect": "leverage", "because": "x"},
    ]
    found = problems(document)
    assert len(found) == 7
    places = {p.split(": ")[1] for p in found}
    assert places == {
        "variables.war.cuts",
        "variables.trade.labl",
        "variables.equity.manipulable",
        "edges[1].cause",
        "edges[2].because",
        "fit.draws",
        "Same-day edges form a cycle",
    }


def test_no_variable_at_all() -> None:
    assert any("no variable is declared" in p for p in problems({"story": {"name": "x"}}))
    assert any("no variable is declared" in p for p in problems({}))


@pytest.mark.parametrize("nothing", [None, [], "x", 3])
def test_not_even_a_table(nothing: Any) -> None:
    assert "must be a table" in problems(nothing)[0]


def test_a_cycle_is_shown(document: dict[str, Any]) -> None:
    document["edges"].append({"cause": "leverage", "effect": "equity", "because": "x"})
    document["edges"].append({"cause": "equity", "effect": "leverage", "because": "x"})
    with pytest.raises(CycleError, match=r"^small\.toml: .*cycle: (\w+) -> \w+ -> \1\."):
        story_from_dict(document, where="small.toml", complete=True)


def test_a_cycle_in_the_first_slice_is_shown(document: dict[str, Any]) -> None:
    document["variables"]["war"]["start"] = ["trade"]
    with pytest.raises(CycleError, match=r"`start` form a cycle"):
        story_from_dict(document, where="small.toml", complete=True)


def test_a_bare_structure_needs_neither_reasons_nor_series(document: dict[str, Any]) -> None:
    bare = {
        "variables": {"a": {"states": ["x"]}},
        "edges": [{"cause": "a", "effect": "a", "lag": 1}],
    }
    assert story_from_dict(bare).graph.edges == (Edge("a", "a", 1),)
    assert len(problems(bare)) == 3
