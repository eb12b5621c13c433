"""Items and questions at their edges: what is read, and what comes one word too early or late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from causal.errors import CausalError, QueryError, UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.query.assignment import Hard
from causal.query.event import Condition, Drawdown
from causal.query.parser import parse, parse_do, parse_given
from causal.query.query import Query
from tests.query.test_parser import CHAIN, CRASH, HIGH, LOW, WAR

NAMED = CausalGraph(
    tuple(Variable(n, ("do", "in", "at")) for n in ("do", "within", "at", "P")),
    (Edge("do", "within"), Edge("do", "do", 1)),
    name="named",
)
"""Variables whose names are words of the grammar."""
DO = Hard("do", "in")


def on(name: str, state: str = "in", day: int | None = None) -> Condition:
    return Condition(name, ((state, 1.0),), day)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("P(do=in)", Query((on("do"),))),
        ("P(within=at, at=do)", Query((on("within", "at"), on("at", "do")))),
        ("P(P=do | do=in)", Query((on("P", "do"),), (on("do"),))),
        ("P(P=do | at=in, do(do=in))", Query((on("P", "do"),), (on("at"),), (DO,))),
        ("P(P=do | do(do=in), do=at)", Query((on("P", "do"),), (on("do", "at"),), (DO,))),
        ("P(do=in within 2d | do(within=at), within@-1=do)",
         Query((on("do"),), (on("within", "do", -1),), (Hard("within", "at"),), within=2)),
        ("P(P in {do} at 2)", Query((on("P", "do"),), at=2)),
    ],
)  # fmt: skip
def test_words_of_the_grammar_may_be_names(text: str, query: Query) -> None:
    assert parse(text, NAMED) == query
    assert parse(str(query), NAMED) == query


@pytest.mark.parametrize("days", ["-1", "+1", "0", "- 1", "0000001"])
def test_a_day_is_a_whole_number(days: str) -> None:
    (found,) = parse(f"P(bitcoin=crash within 2d | leverage@{days}=high)", CHAIN).given
    assert found == Condition("leverage", (("high", 1.0),), int(days.replace(" ", "")))


@pytest.mark.parametrize("days", ["", "1.5", "x", "1d", "00000001", "99999999", "'1'"])
def test_anything_else_is_no_day(days: str) -> None:
    with pytest.raises(QueryError, match="not by a day") as caught:
        parse(f"P(bitcoin=crash | leverage@{days}=high)", CHAIN)
    assert caught.value.do == "Write `leverage@-1=...` or `leverage@2=...`."


AFTER = "Items are joined by commas; a name or state of more than one word needs quotes."


@pytest.mark.parametrize(
    ("text", "under", "says"),
    [
        ("P(bitcoin=crash | leverage=high do(leverage=low))", "do", AFTER),
        ("P(bitcoin=crash | do(leverage=low) leverage=high)", "leverage", AFTER),
        ("P(bitcoin=crash {", "{", AFTER),
        ("P(bitcoin=crash within 2d leverage=high)", "leverage", AFTER),
        ("P(bitcoin=crash | leverage=high at 2d)", "at", "A question has one bar"),
        ("P(bitcoin=crash))", ")", "One question is one `P(...)`."),
        ("P(bitcoin=crash | leverage=high", "", "The question ends before its last `)`."),
        ("P(=crash)", "=", "Every item names a variable and its state."),
        ("P(", "", "Every item names a variable and its state."),
        ("P(bitcoin=", "", "Its states are rise, flat, fall, crash (calmest first)."),
        ("P(bitcoin=)", ")", "Its states are rise, flat, fall, crash (calmest first)."),
        ("P bitcoin=crash)", "P", None),
        ("Q(bitcoin=crash)", "Q", None),
        ("'P'(bitcoin=crash)", "'P'", None),
        ("P(drawdown <= -10%, bitcoin=crash within 2d)", "bitcoin", None),
        ("P(bitcoin=crash, drawdown <= -10% within 2d)", "drawdown", None),
        ("P(drawdown <= -10%, drawdown <= -20% within 2d)", "drawdown", None),
        ("P(drawdown <= x within 2d)", "x", None),
        ("P(drawdown(bitcoin) <= x within 2d)", "x", None),
        ("P(drawdown(bitcoin) <= -10%, leverage=high within 2d)", "leverage", None),
        ("P(leverage=high, drawdown(bitcoin) <= -10% within 2d)", "drawdown", None),
        ("P(drawdown(bitcon) <= -10% within 2d)", "bitcon", None),
        ("P(drawdown() <= -10% within 2d)", ")", "Every item names a variable"),
        ("P(drawdown(bitcoin, leverage) <= -1% within 2d)", ",", "In its parentheses stands one"),
        ("P(drawdown(bitcoin=crash) within 2d)", "=", "In its parentheses stands one"),
        ("P(drawdown(bitcoin) within 2d)", "within", "A drawdown is a return below zero"),
        ("P(drawdown(bitcoin) < -10% within 2d)", "<", "It is a return below zero"),
        ("P(drawdown(bitcoin) <= 10% within 2d)", "drawdown(bitcoin) <= 10%", None),
        ("P(drawdown(bitcoin) <= -10%)", "drawdown(bitcoin) <= -10%", None),
        ("P(bitcoin=crash at 2d at 2d)", "at", "A question has one horizon."),
        ("P(bitcoin=crash at 2d within 2d)", "at 2d within 2d", None),
        ("P(bitcoin={crash: 1, fall})", "{", "A set names different states"),
        ("P(bitcoin={crash, fall: 1})", "{", "A set names different states"),
        ("P(bitcoin={crash: 1, crash: 1})", "{", "A set names different states"),
        ("P(bitcoin={crash: 1, fall: 1, crash: 1, rise})", "{", "A set names different states"),
        ("P(bitcoin={})", "}", "Its states are"),
        ("P(bitcoin={crash:})", "}", "A weight is a plain number."),
        ("P(bitcoin in crash)", "crash", "A set of states stands in braces"),
        ("P(bitcoin | leverage=high)", "bitcoin", "Its states are"),
    ],
)  # fmt: skip
def test_the_first_word_out_of_place_is_pointed_at(text: str, under: str, says: str | None) -> None:
    with pytest.raises(CausalError) as caught:
        parse(text, CHAIN)
    shown, carets = caught.value.where.split("\n")
    assert shown[carets.index("^") : carets.rindex("^") + 1] == under
    assert says is None or caught.value.means.startswith(says)
    assert caught.value.do


@pytest.mark.parametrize(("name", "two"), [("leverage", "mid, high"), ("bitcoin", "fall, crash")])
def test_a_set_is_shown_by_the_two_worst_states(name: str, two: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(f"P({name} in {two[-4:]})", CHAIN)
    assert caught.value.do == f"Write `{name} in {{{two}}}`."


def test_a_drawdown_stands_alone() -> None:
    for whose, variable in (("", None), ("(bitcoin)", "bitcoin"), (" ( 'bitcoin' ) ", "bitcoin")):
        found = parse(f"P(drawdown{whose} <= -10% within 2d | leverage=high)", CHAIN)
        assert found == Query((), (HIGH,), within=2, drawdown=Drawdown(-0.1, variable))


def test_a_drawdown_without_a_price_is_pointed_at() -> None:
    asked = "P(drawdown(leverage) <= -10% within 2d)"
    assert parse(asked, CHAIN).drawdown == Drawdown(-0.1, "leverage")
    for priced, says in ((("bitcoin",), "only those of `bitcoin`"), ((), "none were fitted")):
        with pytest.raises(QueryError, match="`leverage` has no price") as caught:
            parse(asked, CHAIN, priced=priced)
        assert says in caught.value.means
        assert caught.value.do
        shown, carets = caught.value.where.split("\n")
        assert shown[carets.index("^") :].startswith("drawdown(leverage) <= -10%")
        assert parse("P(drawdown <= -10% within 2d)", CHAIN, priced=priced).drawdown is not None


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (parse_do, {"leverage=low": (LOW,), "do(leverage=low)": (LOW,), "": (),
                    "leverage=low, geopolitics=escalation": (LOW, WAR)},
         ["leverage=low leverage=high", "do(leverage=low) x", "leverage=low,", "do", "do(",
          "leverage=low, leverage=high", "leverage=low)", "do()"]),
        (parse_given, {"leverage=high": (HIGH,), "": (), "leverage=high, bitcoin=crash":
                       (HIGH, *CRASH)},
         ["leverage=high bitcoin=crash", "leverage=high,", "leverage=high, leverage=low", "=",
          "leverage=high)", "(leverage=high)"]),
    ],
)  # fmt: skip
def test_a_part_by_itself_is_read_to_its_end(
    read: Callable[[str, CausalGraph], Any], good: dict[str, Any], bad: list[str]
) -> None:
    for text, found in good.items():
        assert read(text, CHAIN) == found
        assert read(f"  {text} ", CHAIN) == found
    for text in bad:
        with pytest.raises(QueryError) as caught:
            read(text, CHAIN)
        assert caught.value.where.endswith("^")
    do = Variable("do", ("a", "b"))
    graph = CausalGraph((do,), name="one")
    written = read("do=a", graph)
    assert written == ((Hard("do", "a"),) if read is parse_do else (on("do", "a"),))


def test_a_word_where_a_name_should_stand() -> None:
    for text, what in (
        ("P(do(leverage=low))", "`do` stands in the event."),
        ("P(bitcoin=crash | at 2d)", "`at` comes where the evidence should name a variable."),
        ("P(within 2d)", "`within` comes where the event should name a variable."),
        ("P(then=a)", "There is no variable `then`."),
        ("P('do'=a)", "There is no variable `do`."),
        ("P('within'=a)", "There is no variable `within`."),
    ):
        with pytest.raises((QueryError, UnknownVariableError)) as caught:
            parse(text, CHAIN)
        assert caught.value.what == what


def test_a_mistake_is_pointed_at_as_a_whole() -> None:
    for text, under in (
        ("P(bitcoin=crash, leverage={high: -1})", "leverage={high: -1}"),
        ("P(bitcoin=crash | leverage@-1={high: 0})", "leverage@-1={high: 0}"),
        ("P(bitcoin=crash | leverag=high)", "leverag"),
        ("P(bitcoin=crash | leverage={high, hig})", "hig"),
    ):
        with pytest.raises(CausalError) as caught:
            parse(text, CHAIN)
        shown, carets = caught.value.where.split("\n")
        assert shown[carets.index("^") : carets.rindex("^") + 1] == under
