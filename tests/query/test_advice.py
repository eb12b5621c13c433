"""Advice asks what was asked: the questions in it parse, and together they have the same answer."""

from __future__ import annotations

import re

import pytest

from causal.ask import ask
from causal.errors import CausalError
from causal.graph.dag import CausalGraph, meant
from causal.graph.variable import Edge, Measurement, Series, Variable
from causal.query.item import example
from causal.query.parser import parse
from tests.app.toy import GRAPH, toy
from tests.query.test_parser import CHAIN, MISTAKES

ODD = CausalGraph(
    (
        Variable("a b", ("x y", '"')),
        Variable("do", ("P", "no"), rule="worst"),
        Variable("c", ("1",)),
    ),
    (Edge("a b", "do"),),
)
ONE = CausalGraph((Variable("x", ("a", "b")),), ())


def advised(text: str, graph: CausalGraph) -> list[str]:
    """The whole questions in what an error says to do."""
    with pytest.raises(CausalError) as caught:
        parse(text, graph)
    return re.findall(r"`(P\(.*?\))`", caught.value.do)


@pytest.mark.parametrize("text", [m[0] for m in MISTAKES])
def test_every_question_in_an_advice_can_be_asked(text: str) -> None:
    for question in advised(text, CHAIN):
        if not question.startswith(("P(...)", "P(drawdown")):
            parse(question, CHAIN)


@pytest.mark.parametrize("graph", [CHAIN, GRAPH, ODD, ONE])
def test_an_example_is_made_for_the_graph(graph: CausalGraph) -> None:
    for name in ("", *graph.names):
        assert str(parse(example(graph, name), graph)) == example(graph, name)
    for text in ("Should I sell?", "P(price > 100000)", ""):
        for question in advised(text, graph):
            parse(question, graph)


@pytest.mark.parametrize(
    "text",
    ["P(leverage={} at 1d | bitcoin@2=crash)",
     "P(leverage={} | bitcoin@1={{fall, crash}}, geopolitics=calm)",
     "P(leverage={} at 2d | bitcoin@4={{fall: 0.5, crash: 1}}, geopolitics@1=calm)"],
)  # fmt: skip
def test_what_comes_later_is_told_by_bayes_rule(text: str) -> None:
    """The three questions are of one joint: over all states the probabilities sum to one."""
    model = toy(draws=4).mean()
    total = 0.0
    for state in GRAPH.variable("leverage").states:
        numbers = [
            float(ask(model, parse(q, GRAPH)).draws[0]) for q in advised(text.format(state), GRAPH)
        ]
        assert len(numbers) == 3
        total += numbers[0] * numbers[1] / numbers[2]
    assert total == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    ["P(leverage=high within 1d | bitcoin@2=crash)", "P(bitcoin@2=crash within 7d)",
     "P(leverage@-1=high | do(bitcoin=crash))", "P(leverage@-3=high)",
     "P(leverage@-1=high | bitcoin=crash)", "P(bitcoin@2=crash at 3d)"],
)  # fmt: skip
def test_where_nothing_asks_the_same_no_question_is_advised(text: str) -> None:
    assert advised(text, GRAPH) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [("tariffs", "`trade` (Trade risk)"), ("vix_index", "`fear`"), ("trad", "`trade`"),
     ("sanctions", "`trade` (Trade risk)"), ("戰爭", "`fear`"), ("holds", "Known: fear, trade."),
     ("xyzzy", "Known: fear, trade."), ("tariffic", "Known: fear, trade.")],
)  # fmt: skip
def test_a_name_is_near_in_letters_or_in_words(name: str, said: str) -> None:
    fear = Variable(
        "fear", ("a",), Measurement((Series("vix_close"),)), label_zh="戰爭",
        why="It holds no tariffs.",
    )  # fmt: skip
    trade = Variable("trade", ("a",), label="Trade risk", why="Tariffs rise and fall.")
    arrow = Edge("trade", "fear", 0, "Sanctions frighten.")
    assert said in meant(name, (fear, trade), (arrow,))


def test_the_shipped_story_knows_what_a_tariff_is() -> None:
    from causal.model.store import load, shipped

    graph = load(shipped()).graph
    with pytest.raises(CausalError, match="Did you mean `trade`"):
        parse("P(bitcoin=crash | do(tariffs=high))", graph)
