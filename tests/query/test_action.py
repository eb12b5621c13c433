"""Parts of a question read by themselves: what is done, what is seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from causal.ask import ask
from causal.errors import CausalError, QueryError, UnknownStateError, UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.query.assignment import Hard, Mix, Policy
from causal.query.cut import Cut
from causal.query.event import Condition
from causal.query.intervention import Intervention, Schedule
from causal.query.parser import parse, parse_do, parse_given
from tests.query.test_parser import CHAIN, HIGH, LOW, WAR
from tests.strategies import with_tables

HELD = Hard("leverage", "high")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("  ", ()),
        ("leverage=low", (LOW,)),
        ("leverage=low, geopolitics=escalation", (LOW, WAR)),
        ("do(leverage=low)", (LOW,)),
        ("leverage=low for 3d", (Schedule(LOW, 1, 3),)),
        ("leverage=low for 3d, then high", (Schedule(LOW, 1, 3), Schedule(HELD, 4))),
        ("leverage=low on d2-d3 then high for 2d",
         (Schedule(LOW, 2, 3), Schedule(HELD, 4, 5))),
        ("leverage=low for 1d, then mid for 1d, then {low, high}",
         (Schedule(LOW, 1, 1), Schedule(Hard("leverage", "mid"), 2, 2),
          Schedule(Mix("leverage", (("low", 0.5), ("high", 0.5))), 3))),
        ("leverage=low if bitcoin@-1 in {fall, crash}",
         (Policy(LOW, {"bitcoin@-1": ["fall", "crash"]}),)),
        ("leverage=low if geopolitics=escalation for 5d",
         (Schedule(Policy(LOW, {"geopolitics": "escalation"}), 1, 5),)),
        ("leverage={low: 0.7, mid: 0.3} if bitcoin@-1={fall: 0.5, crash: 1} from d2",
         (Schedule(Policy(Mix("leverage", (("low", 0.7), ("mid", 0.3))),
                          {"bitcoin@-1": {"fall": 0.5, "crash": 1}}), 2),)),
        ("leverage=high, leverage=low if bitcoin@-1=crash",
         (HELD, Policy(LOW, {"bitcoin@-1": "crash"}))),
        ("geopolitics -> bitcoin cut", (Cut("geopolitics", "bitcoin"),)),
        ("leverage@-1 -> leverage cut", (Cut("leverage@-1", "leverage"),)),
        ("leverage->leverage=low", (Cut("leverage@-1", "leverage", "low"),)),
        ("leverage@0 -> bitcoin in {low, mid} for 2d",
         (Schedule(Cut("leverage", "bitcoin", ["low", "mid"]), 1, 2),)),
        ("leverage → bitcoin={low: 0.9, high: 0.1}, leverage@-1 -> leverage cut on d2",
         (Cut("leverage", "bitcoin", {"low": 0.9, "high": 0.1}),
          Schedule(Cut("leverage@-1", "leverage"), 2, 2))),
        ("leverage=low for 3d, leverage=high from d4",
         (Schedule(LOW, 1, 3), Schedule(Hard("leverage", "high"), 4))),
    ],
)  # fmt: skip
def test_what_is_done(text: str, found: tuple[Intervention, ...]) -> None:
    assert parse_do(text, CHAIN) == found
    assert parse_do(", ".join(map(str, found)), CHAIN) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("leverage=high", (HIGH,)),
        ("leverage=high, bitcoin@-1 in {fall, crash}",
         (HIGH, Condition("bitcoin", (("fall", 1.0), ("crash", 1.0)), -1))),
    ],
)  # fmt: skip
def test_what_is_seen(text: str, found: tuple[Condition, ...]) -> None:
    assert parse_given(text, CHAIN) == found
    assert parse_given(", ".join(map(str, found)), CHAIN) == found


@pytest.mark.parametrize(
    ("read", "text", "error", "under"),
    [
        (parse_do, "leverag=low", UnknownVariableError, "leverag"),
        (parse_do, "leverage=lo", UnknownStateError, "lo"),
        (parse_do, "leverage=low geopolitics=calm", QueryError, "geopolitics"),
        (parse_do, "leverage=low)", QueryError, ")"),
        (parse_do, "do(leverage=low), leverage=high", QueryError, ","),
        (parse_do, "leverage=low, leverage=high", QueryError, "leverage=high"),
        (parse_do, "leverage@2=low", QueryError, "leverage"),
        (parse_do, "leverage=low if bitcoin@1=crash", QueryError,
         "leverage=low if bitcoin@1=crash"),
        (parse_do, "leverage=low if leverage=high", QueryError, "leverage=low if leverage=high"),
        (parse_do, "leverage=low if bitcoin@-1=crush", UnknownStateError, "crush"),
        (parse_do, "leverage=low for 3d if bitcoin@-1=crash", QueryError, "if"),
        (parse_do, "leverage=low, then high", QueryError, "then"),
        (parse_do, "leverage=low from d2 then high", QueryError, "then"),
        (parse_do, "leverage=low for 2d, then hi", UnknownStateError, "hi"),
        (parse_do, "bitcoin -> leverage cut", QueryError, "bitcoin -> leverage cut"),
        (parse_do, "leverage@-2 -> bitcoin cut", QueryError, "leverage@-2 -> bitcoin cut"),
        (parse_do, "leverage -> bitcoin", QueryError, "bitcoin"),
        (parse_do, "leverage -> bitcoin=crash", UnknownStateError, "crash"),
        (parse_do, "leverage -> bitcoin cut, leverage -> bitcoin=low", QueryError,
         "leverage -> bitcoin=low"),
        (parse_do, "leverage=low if bitcoin@-1=crash, leverage=mid", QueryError, "leverage=mid"),
        (parse_do, "leverage > bitcoin cut", QueryError, ">"),
        (parse_given, "leverage", QueryError, "leverage"),
        (parse_given, "leverage=high, leverage=low", QueryError, "leverage=low"),
        (parse_given, "do(leverage=low)", QueryError, "do"),
        (parse_given, "leverage=high | bitcoin=crash", QueryError, "|"),
    ],
)  # fmt: skip
def test_errors_point_at_the_place(
    read: Callable[[str, CausalGraph], object], text: str, error: type[CausalError], under: str
) -> None:
    with pytest.raises(error) as found:
        read(text, CHAIN)
    shown, carets = found.value.where.splitlines()
    assert shown[carets.index("^") : carets.rindex("^") + 1] == under
    assert all((found.value.what, found.value.means, found.value.do))


def test_a_policy_on_an_effect_is_shown_with_its_cycle() -> None:
    with pytest.raises(QueryError, match="bitcoin -> leverage -> bitcoin") as found:
        parse("P(bitcoin=crash within 2d | do(leverage=low if bitcoin=crash))", CHAIN)
    assert "leverage=low if bitcoin=crash" in found.value.where


def test_a_text_says_what_is_in_force() -> None:
    """Surgery on top of surgery prints as a question that reads back."""
    model = with_tables(np.random.default_rng(3), CHAIN, 2)
    done = model.do(leverage="low").do(Schedule(HELD, 2, 3)).do(Cut("leverage", "bitcoin"))
    answer = ask(done, "P(bitcoin=crash within 5d | do(geopolitics=calm, leverage=mid on d4))")
    assert str(answer.query) == (
        "P(bitcoin=crash within 5d | do(leverage=low on d1, leverage=low from d5, "
        "leverage=high on d2-d3, leverage -> bitcoin cut, geopolitics=calm, leverage=mid on d4))"
    )
    assert parse(str(answer.query), CHAIN) == answer.query
    again = ask(model, str(answer.query))
    np.testing.assert_array_equal(again.draws, answer.draws)
