"""Loop gain: two answers on the same draws, the arrows that close the loop cut in one of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import causal
from causal.answer.draws import tail
from causal.answer.format import share, signed, times
from causal.app.cli import app
from causal.ask import ask, probability
from causal.errors import QueryError, UnknownVariableError
from causal.explain.feedback import loop, loop_gain
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Variable
from causal.model.network import CausalModel
from causal.model.store import save
from causal.query.assignment import Hard
from causal.query.cut import Cut
from tests.app.toy import toy
from tests.strategies import two_slice, with_tables

TWO = ("calm", "worse")
GRAPH = CausalGraph(
    tuple(Variable(n, TWO) for n in ("rates", "leverage", "volatility", "liquidations", "bitcoin")),
    (
        Edge("rates", "bitcoin"),
        Edge("volatility", "leverage"),
        Edge("leverage", "liquidations"),
        Edge("liquidations", "bitcoin"),
        Edge("bitcoin", "volatility", 1),
        Edge("bitcoin", "leverage", 1),
        Edge("bitcoin", "liquidations", 1),
        Edge("bitcoin", "rates", 1),
        Edge("bitcoin", "bitcoin", 1),
        Edge("leverage", "leverage", 1),
    ),
    (Confounded("liquidations", "bitcoin"),),
    name="loop",
)
ARROWS = ("volatility", "leverage", "liquidations")
CUTS = [Cut("bitcoin@-1", n) for n in ARROWS]
EVENT = {"bitcoin": "worse"}


@pytest.fixture(scope="module")
def model() -> CausalModel:
    return with_tables(np.random.default_rng(4), GRAPH, 30)


def test_the_loop_comes_back_where_most_ways_meet() -> None:
    """Through liquidations, to which volatility and leverage lead; not through rates alone."""
    assert set(loop(GRAPH, "bitcoin")) == set(CUTS)
    assert set(loop(GRAPH, "bitcoin", "liquidations")) == set(CUTS)
    assert loop(GRAPH, "bitcoin", "rates") == (Cut("bitcoin@-1", "rates"),)
    assert loop(GRAPH, "rates") == ()


def test_the_loop_of_the_shipped_story_is_the_liquidation_loop() -> None:
    graph = causal.load(causal.shipped()).graph
    found = loop(graph, "bitcoin")
    assert found == loop(graph, "bitcoin", "liquidations")
    assert {c.effect for c in found} == {
        "volatility", "near_support", "leverage", "support_break", "liquidations",
    }  # fmt: skip
    assert {c.cause for c in found} == {"bitcoin@-1"}


@pytest.mark.parametrize("seed", range(30))
def test_a_loop_is_a_way_back(seed: int) -> None:
    """Every arrow of it starts from yesterday's event and leads to its today; no name matters."""
    graph = two_slice(seed).graph
    for name in graph.names:
        found = loop(graph, name)
        ways = {e.effect for e in graph.edges if (e.cause, e.lag) == (name, 1)}
        ways &= graph.ancestors([name]) - {name}
        assert {c.effect for c in found} <= ways
        assert all(c.cause == f"{name}@-1" for c in found)
        assert bool(found) == bool(ways)
        if found:
            most = max(len(ways & graph.ancestors([w])) for w in ways)
            assert len(found) == most


def test_starts_are_levers_and_what_sizes_the_moves() -> None:
    shipped = causal.load(causal.shipped()).mean()
    found = loop_gain(shipped, {"bitcoin": "crash"}, within=2)
    assert {tuple(s.states) for s in found.starts} == {("leverage", "volatility")}
    assert loop_gain(shipped, "P(bitcoin=crash within 2d | leverage=high)").starts[0].states == {
        "volatility": "normal"
    }


def test_it_is_the_answer_beside_the_answer_under_cuts(model: CausalModel) -> None:
    found = loop_gain(model, EVENT, within="4d")
    cut = probability(model.do(CUTS), EVENT, within=4, assume_unconfounded=True)
    plain = probability(model, EVENT, within=4)
    np.testing.assert_array_equal(found.loop.draws, plain.draws)
    np.testing.assert_allclose(found.cut.draws, cut.draws, rtol=1e-12)
    assert found.difference.value == pytest.approx(float((plain.draws - cut.draws).mean()))
    assert (found.ratio.low, found.ratio.high) == pytest.approx(tail(plain.draws / cut.draws))
    assert found.cut.claim.licensed_by == "assumed"
    assert set(found.edges) == set(CUTS)


def test_starts_are_the_same_question_with_evidence(model: CausalModel) -> None:
    """And their shares add up, as the answers do by total probability."""
    both = ["leverage", "volatility"]
    found = loop_gain(model, "P(bitcoin=worse within 3d | rates=calm)", starts=both)
    assert [tuple(s.states.values()) for s in found.starts] == [(a, b) for a in TWO for b in TWO]
    assert sum(s.share for s in found.starts) == pytest.approx(1)
    for start in found.starts:
        seen = ", ".join(f"{n}={s}" for n, s in start.states.items())
        text = f"P(bitcoin=worse within 3d | rates=calm, {seen})"
        one, other = ask(model, text), ask(model.do(CUTS), text, assume_unconfounded=True)
        assert start.loop.value == pytest.approx(float(one.draws.mean()))
        assert start.cut.value == pytest.approx(float(other.draws.mean()))
        assert start.ratio.value == pytest.approx(float((one.draws / other.draws).mean()))
    mean = loop_gain(model.mean(), "P(bitcoin=worse within 3d | rates=calm)", starts=both)
    total = sum(s.share * (s.loop.value or 0) for s in mean.starts)
    assert total == pytest.approx(mean.loop.probability)


def test_a_loop_whose_arrows_carry_nothing_has_no_gain() -> None:
    """With the effect set, or its table blind to the cause, cutting changes nothing."""
    model = with_tables(np.random.default_rng(4), GRAPH, 5)
    done = model.do([Hard(n, "calm") for n in ARROWS])
    found = loop_gain(done, EVENT, within=3)
    assert found.difference.value == pytest.approx(0, abs=1e-12)
    assert found.ratio.value == pytest.approx(1)


def test_edges_and_starts_can_be_named(model: CausalModel) -> None:
    one = loop_gain(model, EVENT, within=3, edges=["bitcoin@-1 -> leverage"], starts=["rates"])
    assert one.edges == (Cut("bitcoin@-1", "leverage"),)
    assert [s.states for s in one.starts] == [{"rates": s} for s in TWO]
    same = loop_gain(model, EVENT, within=3, edges=[Cut("bitcoin", "leverage")], starts=[])
    np.testing.assert_array_equal(one.cut.draws, same.cut.draws)
    assert same.starts == ()
    sees = loop_gain(model, EVENT, within=3, edges=["bitcoin -> leverage=worse"], starts=[])
    assert not np.allclose(sees.cut.draws, same.cut.draws)


@pytest.mark.parametrize(
    ("event", "more", "error", "says"),
    [
        ("P(bitcoin=worse)", {}, QueryError, "about one day"),
        ("P(rates=worse within 3d)", {}, QueryError, "no loop to cut"),
        (EVENT, {"within": 3, "edges": ["bitcoin=calm"]}, QueryError, "no edge"),
        (EVENT, {"within": 3, "edges": ["bitcoin@-1"]}, QueryError, "names a day"),
        (EVENT, {"within": 3, "edges": ["rates -> leverage"]}, QueryError, "no edge"),
        (EVENT, {"within": 3, "starts": ["leverag"]}, UnknownVariableError, "leverag"),
        (EVENT, {"within": 3, "at": 2}, QueryError, "both"),
    ],
)
def test_what_is_refused(
    model: CausalModel, event: Any, more: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        loop_gain(model, event, **more)


def test_too_many_starting_states() -> None:
    shipped = causal.load(causal.shipped())
    with pytest.raises(QueryError, match="starting states"):
        loop_gain(shipped, {"bitcoin": "crash"}, within=2, starts=shipped.graph.names[:9])


def test_advice_names_arrows_of_the_model() -> None:
    with pytest.raises(QueryError, match="no loop to cut") as refused:
        loop_gain(toy(), {"geopolitics": "calm"}, within=3)
    assert "bitcoin@-1 -> leverage" in refused.value.do
    assert "`geopolitics`" in refused.value.means
    named = loop_gain(toy(), {"geopolitics": "calm"}, within=3, edges=["bitcoin@-1 -> leverage"])
    assert named.difference.value == pytest.approx(0)


def test_text_and_json(model: CausalModel) -> None:
    found = loop_gain(model, EVENT, within=3)
    record = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert list(record) == [
        "query", "edges", "level", "loop", "cut", "difference", "ratio", "starts", "claim",
        "support", "draws", "seed", "model",
    ]  # fmt: skip
    assert record["edges"][0] == "bitcoin@-1 -> volatility cut"
    assert record["ratio"]["value"] == found.ratio.value
    text = str(found)
    assert f"with the loop  {share(found.loop.probability)}" in text
    assert signed(found.difference.value) in text
    assert times(found.ratio.value) in text
    assert "taken as absent here" in text


def test_the_command_line_says_what_python_says(tmp_path: Any) -> None:
    path = tmp_path / "toy.json"
    save(toy(), path)
    words = ["loop", "P(bitcoin=crash within 3d)", "--edge", "bitcoin@-1 -> leverage"]
    words += ["--start", "leverage", "-m", str(path)]
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    found = loop_gain(toy(), "P(bitcoin=crash within 3d)", edges=["bitcoin@-1 -> leverage"],
                      starts=["leverage"])  # fmt: skip
    result = runner.invoke(app, [*words, "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == json.loads(json.dumps(found.to_dict()))
    screen = runner.invoke(app, words).stdout
    assert signed(found.difference.value) in screen
    assert "bitcoin@-1 -> leverage cut" in screen
    assert all(share(s.share) in screen for s in found.starts)
    lone = runner.invoke(app, [*words[:2], "-m", str(path), "--through", "leverage", "--json"])
    assert json.loads(lone.stdout)["edges"] == ["bitcoin@-1 -> leverage cut"]
    none = runner.invoke(app, [*words[:2], "-m", str(path), "--through", "geopolitics"])
    assert none.exit_code == 2
    assert "back to `geopolitics`" in " ".join(none.stderr.split())
