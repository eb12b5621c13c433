"""Parts of a question read by themselves: what is done, what is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from causal.errors import CausalError, QueryError, UnknownStateError, UnknownVariableError
from causal.graph.dag import CausalGraph
from causal.infer.grammar import parse_do, parse_given
from causal.model.event import Condition
from causal.model.intervention import Hard, Intervention, Schedule
from tests.infer.test_grammar import CHAIN, HIGH, LOW, WAR


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("  ", ()),
        ("leverage=low", (LOW,)),
        ("leverage=low, geopolitics=escalation", (LOW, WAR)),
        ("do(leverage=low)", (LOW,)),
        ("leverage=low for 3d", (Schedule(LOW, 1, 3),)),
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
        (parse_given, "leverage", QueryError, "leverage"),
        (parse_given, "leverage=high, leverage=low", QueryError, "leverage=low"),
        (parse_given, "do(leverage=low)", QueryError, "do"),
        (parse_given, "leverage=high | bitcoin=crash", QueryError, "|"),
    ],
)
def test_errors_point_at_the_place(
    read: Callable[[str, CausalGraph], object], text: str, error: type[CausalError], under: str
) -> None:
    with pytest.raises(error) as found:
        read(text, CHAIN)
    shown, carets = found.value.where.splitlines()
    assert shown[carets.index("^") : carets.rindex("^") + 1] == under
    assert all((found.value.what, found.value.means, found.value.do))
