"""Text from outside: control characters are found, spelt out, and long texts shortened."""

from __future__ import annotations

import json
import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal.errors import PROBLEMS, CausalError, QueryError, SpecError, nearest
from causal.text import (
    CONTROL,
    WHOLE,
    WORD,
    controls,
    escaped,
    escaped_json,
    fault,
    shortened,
    shown,
)
from tests.strategies import CONTROLS, letters

everything = st.characters(exclude_categories=["Cs"])
anything = st.text(everything | st.sampled_from(CONTROLS + "\udfff\ufffe\uffff"))


def raw(text: str, keep: str = "") -> set[str]:
    """The characters of ``text`` that a terminal obeys."""
    return (set(text) & set(CONTROLS)) - set(keep)


@given(anything)
def test_escaped_text_has_no_control_character_left(text: str) -> None:
    assert not raw(escaped(text))
    assert not raw(escaped(text, "\n\t"), "\n\t")
    escaped(text).encode("utf-8")  # no half of a surrogate pair is left either
    assert bool(controls(text)) == (escaped(text) != text) == bool(fault(text))


@given(st.text(letters))
def test_harmless_text_is_left_alone(text: str) -> None:
    assert escaped(text) == text
    assert fault(text) == fault(text, prose=True) == ""


@given(anything)
def test_prose_may_have_lines(text: str) -> None:
    assert bool(fault(text, prose=True)) == bool(set(controls(text)) - {"\\n", "\\t"})


@pytest.mark.parametrize(
    ("char", "said"),
    [("\x1b", "\\x1b"), ("\a", "\\x07"), ("\x9b", "\\x9b"), ("\n", "\\n"), ("\u202e", "\\u202e")],
)
def test_the_character_is_named(char: str, said: str) -> None:
    assert controls(f"a{char}b{char}") == (said,)
    assert f"control character {said};" in fault(f"a{char}b")


@given(st.recursive(anything, lambda inner: st.lists(inner) | st.dictionaries(anything, inner)))
def test_json_reads_back_the_same(value: object) -> None:
    text = escaped_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert not raw(text, "\n")
    text.encode("utf-8")
    assert json.loads(text) == value


@given(anything, st.integers(5, 40))
def test_shortened_keeps_both_ends(text: str, most: int) -> None:
    found = shortened(text, most)
    assert len(found) <= most
    assert found == text or " ... " in found


@given(anything)
def test_shown_twice_is_shown_once(text: str) -> None:
    assert shown(shown(text)) == shown(text)


@pytest.mark.parametrize("text", ["x" * 100_000, "x " * 50_000, "\x1b" * 100_000])
def test_an_error_quotes_no_more_than_a_screen(text: str) -> None:
    found = QueryError(f"There is no `{text}`.", nearest(text, [text, "y"]), "Mend it.")
    found.where = f"{text}\n^"
    assert len(str(found)) < 3 * WHOLE + WORD
    assert found.what.startswith("There is no `")
    assert found.what.endswith("`.")
    assert " ... " in found.what
    assert not raw(str(found), "\n")


def test_a_story_of_mistakes_shows_a_hundred() -> None:
    found = SpecError("Bad.", "Unread.", "Mend it:", [f"mistake {i}" for i in range(5 * PROBLEMS)])
    assert len(found.problems) == 5 * PROBLEMS
    assert str(found).count("\n") == PROBLEMS + 1
    assert str(found).endswith(f"and {4 * PROBLEMS} more")


def test_an_error_keeps_its_place_in_another_process() -> None:
    error = CausalError("a", "b", "c")
    assert error.where == ""
    error.where = "P(\x1b)\n  ^"
    assert pickle.loads(pickle.dumps(error)).where == error.where == "P(\\x1b)\n  ^"


def test_a_character_that_is_obeyed_is_not_printable() -> None:
    """So that a text that is printable as a whole has none of them."""
    assert not [
        c for c in map(chr, range(sys.maxunicode + 1)) if CONTROL.match(c) and c.isprintable()
    ]
