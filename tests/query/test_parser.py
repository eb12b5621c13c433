"""The grammar: what it reads, that it reads back what it writes, and how it teaches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal.errors import CausalError, QueryError, UnknownStateError, UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Edge, Variable
from causal.query.assignment import Hard, Mix
from causal.query.event import Condition
from causal.query.intervention import Schedule
from causal.query.lexer import MARKS
from causal.query.parser import FOR, parse, parse_do, parse_given
from causal.query.query import Query
from causal.query.validation import LONGEST, check
from tests.query.grammar import questions

EXAMPLE = "P(bitcoin=crash within 7d | do(geopolitics=escalation), leverage=high)"

LONG = f"Write it like `{EXAMPLE}`."

CHAIN = CausalGraph(
    (
        Variable("geopolitics", ("calm", "elevated", "escalation")),
        Variable("leverage", ("low", "mid", "high")),
        Variable("bitcoin", ("rise", "flat", "fall", "crash")),
    ),
    (
        Edge("geopolitics", "bitcoin"),
        Edge("leverage", "bitcoin"),
        Edge("leverage", "leverage", 1),
    ),
    name="chain",
)

CRASH = (Condition("bitcoin", (("crash", 1.0),)),)

HIGH = Condition("leverage", (("high", 1.0),))

WAR = Hard("geopolitics", "escalation")

LOW = Hard("leverage", "low")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (EXAMPLE, Query(CRASH, (HIGH,), (WAR,), within=7)),
        ("P(bitcoin=crash)", Query(CRASH)),
        (" P ( bitcoin = crash at 3 days ) ", Query(CRASH, at=3)),
        ("P(bitcoin=crash within 7 d)", Query(CRASH, within=7)),
        ("P(bitcoin=crash within 7)", Query(CRASH, within=7)),
        ("P(\"bitcoin\"='crash'\n|\tleverage=high)", Query(CRASH, (HIGH,))),
        ("P(bitcoin=crash | leverage=high, do(geopolitics=escalation))",
         Query(CRASH, (HIGH,), (WAR,))),
        ("P(bitcoin=crash, leverage=high)", Query((*CRASH, HIGH))),
        ("P(bitcoin in {fall, crash})",
         Query((Condition("bitcoin", (("fall", 1.0), ("crash", 1.0))),))),
        ("P(bitcoin={fall: .5, crash: 1e0})",
         Query((Condition("bitcoin", (("fall", 0.5), ("crash", 1.0))),))),
        ("P(bitcoin=crash | leverage@-1=high)",
         Query(CRASH, (Condition("leverage", (("high", 1.0),), -1),))),
        ("P(bitcoin=crash within 3d | leverage @ 2 in {high})",
         Query(CRASH, (Condition("leverage", (("high", 1.0),), 2),), within=3)),
        ("P(bitcoin=crash | do(leverage={low, mid}))",
         Query(CRASH, (), (Mix("leverage", (("low", 0.5), ("mid", 0.5))),))),
        ("P(bitcoin=crash | do(leverage={low: .25, mid: .75}), do(geopolitics=escalation))",
         Query(CRASH, (), (Mix("leverage", (("low", 0.25), ("mid", 0.75))), WAR))),
        ("P(bitcoin=crash within 7d | do(leverage=low for 3 d, leverage=low from d4))",
         Query(CRASH, (), (Schedule(LOW, 1, 3), Schedule(LOW, 4, None)), within=7)),
        ("P(bitcoin=crash within 7d | do(leverage=low on d2, leverage=low on d4 - d5))",
         Query(CRASH, (), (Schedule(LOW, 2, 2), Schedule(LOW, 4, 5)), within=7)),
    ],
)  # fmt: skip
def test_reads(text: str, query: Query) -> None:
    assert parse(text, CHAIN) == query


QUERY, VARIABLE, STATE = QueryError, UnknownVariableError, UnknownStateError

BITCOIN = "Its states are rise, flat, fall, crash (calmest first)."

UNDER = "  P(bitcoin=crash"

MISTAKES = [
    ("P(bitcon=crash)", VARIABLE, "bitcon",
     "There is no variable `bitcon`.",
     "The question or the story names something the model does not hold.",
     "Did you mean `bitcoin`?"),
    ("P(BITCOIN=crash)", VARIABLE, "BITCOIN",
     "There is no variable `BITCOIN`.",
     "The question or the story names something the model does not hold.",
     "Did you mean `bitcoin`?"),
    ("P(bitcoin=crahs)", STATE, "crahs",
     "`bitcoin` has no state `crahs`.", BITCOIN, "Did you mean `crash`?"),
    ("P(bitcoin=crash | do(geopolitics))", QUERY, "geopolitics",
     "`geopolitics` is named without a state.",
     "Its states are calm, elevated, escalation (calmest first).",
     "Write `geopolitics=escalation`."),
    ("P(bitcoin=crash | do(leverage=low)", QUERY, "",
     "A closing parenthesis is missing.",
     "The question ends before its last `)`.",
     "Add `)` at the end."),
    ("P(bitcoin=crash | do(leverage=low", QUERY, "",
     "`do(` is not closed: here comes the end.",
     "Its items are joined by commas, and `)` ends them.",
     "Write `do(leverage=low, war=calm)`."),
    ("P(bitcoin=crash do(leverage=low))", QUERY, "do",
     "The bar `|` is missing before `do`.",
     "What is done and what is seen stand to the right of a bar.", LONG),
    ("P(bitcoin=crash leverage=high)", QUERY, "leverage",
     "After `crash` comes `leverage`.",
     "Items are joined by commas; a name or state of more than one word needs quotes.",
     'Add a comma or a bar, or quote the name: `x="a b"`.'),
    ("P(bitcoin=crash | do leverage=low)", QUERY, "do",
     "`do` stands without parentheses.",
     "Its items stand in parentheses, so that doing and seeing cannot be mixed up.",
     "Write `do(leverage=low)`."),
    ("P(bitcoin=crash, do(leverage=low))", QUERY, "do",
     "`do` stands in the event.",
     "An intervention stands to the right of the bar, its items in parentheses.", LONG),
    ("P(bitcoin=crash, within 7d)", QUERY, "within",
     "`within` comes where the event should name a variable.",
     "A horizon follows the event directly, without a comma, before the bar.", LONG),
    ("P(bitcoin=crash | leverage=high within 7d)", QUERY, "within",
     "`within` stands in the evidence.",
     "A question has one bar, and its horizon belongs to the event, before the bar.", LONG),
    ("P(bitcoin=crash | do(leverage=low) | leverage=high)", QUERY, "|",
     "`|` stands in the evidence.",
     "A question has one bar, and its horizon belongs to the event, before the bar.", LONG),
    ("P(bitcoin=crash within 0d)", QUERY, "within 0d",
     "`within 0d` is no horizon.",
     "A horizon counts the days after today, from 1.",
     "Write `within 7d`, or leave it out to ask about one day."),
    ("P(bitcoin=crash at -3d)", QUERY, "at -3d",
     "`at -3d` is no horizon.",
     "A horizon counts the days after today, from 1.",
     "Write `at 7d`, or leave it out to ask about one day."),
    ("P(bitcoin=crash within 61d)", QUERY, "within 61d",
     "`within 61d` reaches too far.",
     "The longest horizon is 60 days: a model of daily steps has long forgotten today by then, "
     "and its answer is the long-run frequency.",
     "Ask for at most `within 60d`."),
    ("P(bitcoin=crash within 7d at 3d)", QUERY, "within 7d at 3d",
     "The question has both `within` and `at`.",
     "`within 7d` means at least once by day 7, `at 7d` means on day 7 itself.",
     "Keep one of them."),
    ("P(bitcoin=crash within 7d within 3d)", QUERY, "within",
     "`within` is given twice.", "A question has one horizon.", "Keep one of them."),
    ("P(bitcoin=crash within 7w)", QUERY, "7w",
     "After `within` comes `7w`, not a number of days.",
     "Time is counted in whole days.", "Write `within 7d` or `within 7`."),
    ("P(bitcoin=crash within)", QUERY, ")",
     "After `within` comes `)`, not a number of days.",
     "Time is counted in whole days.", "Write `within 7d` or `within 7`."),
    ("P(bitcoin@2=crash within 7d)", QUERY, "bitcoin@2=crash",
     "The event `bitcoin@2=crash` names a day.",
     "The day of the event is today, or the one that `within` or `at` gives; "
     "only evidence names its own.",
     "Leave the day out to ask about the day that the question is about, or ask about a later one "
     "with `at`: that is another question."),
    ("P(bitcoin=crash | leverage@2=high)", QUERY, "leverage@2=high",
     "The evidence `leverage@2=high` is about a day outside the question.",
     "This question spans the days -1 to 0; day 0 is today.",
     "By Bayes' rule it is `P(leverage=high at 2d | bitcoin=crash)` times `P(bitcoin=crash)`, "
     "divided by `P(leverage=high at 2d)`."),
    ("P(bitcoin=crash within 3d | leverage@-2=high)", QUERY, "leverage@-2=high",
     "The evidence `leverage@-2=high` is about a day outside the question.",
     "This question spans the days -1 to 3; day 0 is today.",
     "Choose one of these days, or leave it out; a longer horizon is another question."),
    ("P(bitcoin=crash within 7d, do(leverage=low))", QUERY, ",",
     "After the horizon comes `,`, where the bar `|` is missing.",
     "The horizon ends the event; what is done or seen stands to the right of a bar.",
     f"Write `|` in place of the comma, like `{EXAMPLE}`."),
    ("Should I sell?", QUERY, "Should I sell?",
     "This is no question that can be put to the model.", FOR,
     f"The nearest question that it can answer is `{EXAMPLE}`."),
    ("P(price > 100000)", QUERY, "price > 100000",
     "`price > 100000` compares with a number, and a question names states.", FOR,
     f"The nearest question that it can answer is `{EXAMPLE}`. "
     "How far the price falls is told by `causal ladder`."),
    ("P(bitcoin=crash | leverage@x=high)", QUERY, "x",
     "`leverage@` is followed by `x`, not by a day.",
     "After `@` stands a whole number: -1 is the day before, 2 two days ahead.",
     "Write `leverage@-1=...` or `leverage@2=...`."),
    ("P(bitcoin=crash | leverage@\N{MINUS SIGN}1=high)", QUERY, "\N{MINUS SIGN}",
     "`\N{MINUS SIGN}` looks like `-` but is another character.",
     "Word processors and some keyboards put it in place of the plain one.",
     "Type a plain `-`."),
    ("P(bitcoin=\N{LEFT DOUBLE QUOTATION MARK}crash)", QUERY, "\N{LEFT DOUBLE QUOTATION MARK}",
     "`\N{LEFT DOUBLE QUOTATION MARK}` looks like `\"` but is another character.",
     "Word processors and some keyboards put it in place of the plain one.",
     'Type a plain `"`.'),
    ("P(bitcoin!=crash)", QUERY, "!",
     "`!` has no meaning in a question.",
     'Names that hold more than letters, digits and _ . - + are put in quotes: `x="a b"`.',
     "There is no `!=`: name the states you do want, as a set `x={a, b}`."),
    ("P(bitcoin=crash # leverage=high)", QUERY, "#",
     "`#` has no meaning in a question.",
     'Names that hold more than letters, digits and _ . - + are put in quotes: `x="a b"`.',
     "Quote the name, or remove the character."),
    ("P(bitcoin==crash)", QUERY, "=",
     "Where a state of `bitcoin` should stand comes `=`. One `=` is enough.",
     BITCOIN, "Write `bitcoin=crash`."),
    ("P(bitcoin in crash)", QUERY, "crash",
     "After `in` comes `crash`, not a set.",
     "A set of states stands in braces; a single state follows `=`.",
     "Write `bitcoin in {fall, crash}`."),
    ("P(bitcoin={fall, crash)", QUERY, ")",
     "A set of states is not closed: here comes `)`.",
     "States in a set are joined by commas, and the set ends with `}`.",
     "Write `x={a, b}`, or with weights `x={a: 0.7, b: 0.3}`."),
    ("P(bitcoin={fall, fall})", QUERY, "{",
     "A state is named twice in one set.",
     "A set names different states, all of them weighted or none.",
     "Write `x={a, b}` or `x={a: 0.7, b: 0.3}`."),
    ("P(bitcoin={fall: 0.5, crash})", QUERY, "{",
     "Some states of a set have a weight and others have none.",
     "A set names different states, all of them weighted or none.",
     "Write `x={a, b}` or `x={a: 0.7, b: 0.3}`."),
    ("P(bitcoin={fall: most})", QUERY, "most",
     "After `:` comes `most`, not a weight.",
     "A weight is a plain number.", "Write it like `x={a: 0.7, b: 0.3}`."),
    ("P(bitcoin={crash: 2})", QUERY, "bitcoin={crash: 2}",
     "The event `bitcoin={crash: 2}` has a weight above one.",
     "Weighted, an event is a chance of counting, so its answer stays in [0, 1].",
     "Scale the weights to at most one."),
    ("P(bitcoin={crash: nan})", QUERY, "bitcoin={crash: nan}",
     "The weight of `bitcoin=crash` is nan.",
     "Weights are finite and not negative.", "Give each state a weight of zero or more."),
    ("P(bitcoin=crash | do(leverage={low: 0.5}))", QUERY, "leverage={low: 0.5}",
     "The weights in `do(leverage={low: 0.5})` sum to 0.5.",
     "A soft intervention replaces a table, whose rows sum to one.",
     "Scale the weights so that they sum to one."),
    ("P(bitcoin=crash | leverage=high, leverage@0=low)", QUERY, "leverage@0=low",
     "The evidence names `leverage` twice for the same day.",
     "`leverage=high` and `leverage@0=low` would both speak about it.",
     "Say it once; several states are a set: `leverage={a, b}`."),
    ("P(bitcoin=crash, bitcoin=fall)", QUERY, "bitcoin=fall",
     "The event names `bitcoin` twice for the same day.",
     "`bitcoin=crash` and `bitcoin=fall` would both speak about it.",
     "Say it once; several states are a set: `bitcoin={a, b}`."),
    ("P(bitcoin=crash | do(leverage=low for 3d))", QUERY, "leverage=low for 3d",
     "`do(leverage=low for 3d)` holds on some days, but the question is about one day.",
     "Without a horizon there are no days to schedule.",
     "Write `do(leverage=low)`, or ask with `within 7d` or `at 7d`."),
    ("P(bitcoin=crash within 5d | do(leverage=low on d7))", QUERY, "leverage=low on d7",
     "`do(leverage=low on d7)` begins after the last day of the question.",
     "The horizon ends on day 5: the intervention would never act.",
     "Begin it by day 5, or lengthen the horizon."),
    ("P(bitcoin=crash within 5d | do(leverage=low, leverage=mid on d2))", QUERY,
     "leverage=mid on d2",
     "`leverage` is intervened on twice on the same day.",
     "`do(leverage=low)` and `do(leverage=mid on d2)` cannot both hold.",
     "Keep one of them, or give them different days: "
     "`do(leverage=a for 3d, leverage=b from d4)`."),
    ("P(bitcoin=crash | do(leverage@1=low))", QUERY, "leverage",
     "`do` names a day of `leverage` with `@`.",
     "An intervention holds on every day of the horizon unless it says for how long.",
     "Write `do(leverage=... on d2)` or `do(leverage=... for 3d)`."),
    ("P(bitcoin=crash within 5d | do(leverage=low on Monday))", QUERY, "Monday",
     "After `on` comes `Monday`, not a day of the horizon.",
     "Days of the horizon are counted from d1, the day after today.",
     "Write `on d2`, `on d2-d4` or `from d3`."),
    ("P(bitcoin=crash within 5d | do(leverage=low for 0d))", QUERY, "for 0d",
     "An intervention on days 1 to 0 is not a span of days.",
     "Days of the horizon are counted from 1.",
     "Write `do(x=a for 3d)` for the first three days, `do(x=a on d2)` for the second."),
    ("P(bitcoin=crash |)", QUERY, ")",
     "Where the name of a variable should stand in the evidence comes `)`.",
     "Every item names a variable and its state.", "Write it like `leverage=high`."),
    ("P(bitcoin=crash) and more", QUERY, "and",
     "The question is closed, and then comes `and`.",
     "One question is one `P(...)`.",
     "Remove what follows, or the closing parenthesis that stands too early."),
    ("bitcoin=crash", QUERY, "bitcoin",
     "A question begins with `P(`.", "This one begins with `bitcoin`.", LONG),
    ("", QUERY, "", "A question begins with `P(`.", "This one is empty.", LONG),
    ("P(bitcoin=crash | \"leverage=high)", QUERY, '"',
     'A quoted name is opened with " and never closed.',
     "Everything after it would belong to the name.", 'Add the closing ".'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "under", "what", "means", "do"), MISTAKES, ids=[m[0] for m in MISTAKES]
)
def test_teaches(
    text: str, kind: type[CausalError], under: str, what: str, means: str, do: str
) -> None:
    with pytest.raises(kind) as caught:
        parse(text, CHAIN)
    error = caught.value
    assert (error.what, error.means, error.do) == (what, means, do)
    shown, carets = error.where.split("\n")
    assert shown == f"  {text}"
    assert shown[carets.index("^") :][: carets.count("^")] == under
    assert str(error) == f"{what} {means} {do}\n{error.where}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("P(x=a within 2d)", "`one` has no lagged edge, so `within 2d` has no meaning in it."),
        ("P(x=a | x@-1=b)", "`x@-1=b` speaks of the day before, which `one` does not have."),
    ],
)
def test_a_model_of_one_day_has_no_other_days(text: str, what: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text, CausalGraph((Variable("x", ("a", "b")),), name="one"))
    assert caught.value.what == what


def test_check_guards_a_query_built_by_hand() -> None:
    assert check(Query(CRASH, within=LONGEST), CHAIN) == Query(CRASH, within=LONGEST)
    for query in (Query(CRASH, within=LONGEST + 1), Query(CRASH, within=1, at=1)):
        with pytest.raises(QueryError):
            check(query, CHAIN)
    nested = Query(CRASH, do=(LOW, Hard("leverage", "high")))
    assert check(nested, CHAIN) == nested


def test_a_long_question_is_shown_in_part_and_the_caret_counts_columns() -> None:
    padding = ", ".join(["geopolitics={calm, elevated, escalation}"] * 40)
    with pytest.raises(QueryError) as caught:
        parse(f"P({padding}, bitcoin=?)", CHAIN)
    shown, carets = caught.value.where.split("\n")
    assert len(shown) < 120
    assert shown[carets.index("^")] == "?"
    with pytest.raises(QueryError, match="Type a plain `=`") as refused:
        parse("P(bitcoin\N{FULLWIDTH EQUALS SIGN}crash)", CHAIN)
    assert refused.value.where.endswith("\n" + " " * 11 + "^^")
    wide = CausalGraph((Variable("比特幣", ("升", "崩盤")),))
    with pytest.raises(UnknownStateError) as caught:
        parse("P(比特幣=崩)", wide)
    assert caught.value.where == "  P(比特幣=崩)\n" + " " * (2 + 2 + 6 + 1) + "^^"


@given(questions())
def test_reads_back_what_it_writes(question: tuple[CausalGraph, Query]) -> None:
    graph, query = question
    assert parse(str(query), graph) == query


@pytest.mark.parametrize("mark", [*MARKS, "->", "in", "then", "do", "<=", "*"])
def test_a_quoted_name_is_no_mark(mark: str) -> None:
    """A name of the same letters as a mark or a word stands wherever another name stands."""
    name = "day" if mark == "@" else mark
    graph = CausalGraph(
        (Variable("x", ("calm", mark)), Variable(name, ("calm", mark))), (Edge("x", name, 1),)
    )
    text = (
        f'P("{name}"="{mark}" within 3d | do(x=calm for 1d, then "{mark}"), "{name}"@-1="{mark}")'
    )
    query = parse(text, graph)
    assert query.do == (Schedule(Hard("x", "calm"), 1, 1), Schedule(Hard("x", mark), 2))
    assert query.given == (Condition(name, ((mark, 1.0),), -1),)
    assert parse(str(query), graph) == query
    for wrong in (f'P"{mark}"x=calm)', f'P(x in "{mark}")', f'P(x "{mark}" calm)'):
        with pytest.raises(QueryError):
            parse(wrong, graph)


@pytest.mark.parametrize("text", [None, 7, 2.5, b"P(x=a)", ["P(x=a)"], {"x": "a"}, Query(CRASH)])
@pytest.mark.parametrize("read", [parse, parse_do, parse_given])
def test_only_a_text_is_parsed(text: object, read: Callable[..., object]) -> None:
    with pytest.raises(QueryError, match="is no text"):
        read(text, CHAIN)


@given(st.text(alphabet=st.sampled_from("P(bitcon=crash|do{}:,@->17. within if\"'é"), max_size=40))
def test_any_text_is_read_or_refused_with_a_caret(text: str) -> None:
    try:
        query = parse(f"P(bitcoin=crash{text}", CHAIN)
    except CausalError as error:
        found = error.where
    else:
        found = "^" if parse(str(query), CHAIN) == query else "the query reads back as another"
    assert found.endswith("^")
