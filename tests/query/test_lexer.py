"""Words and their places: every token spans what was written, every caret stands under it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from causal.errors import QueryError, pointed
from causal.query.event import quoted
from causal.query.lexer import HINTS, MARKS, Cursor, tokens

WINDOW = 96  # characters of a question that an error shows

words = st.text("aZ0_.+é國", min_size=1, max_size=4).map(lambda w: (w, "word", w))
marks = st.sampled_from([*MARKS]).map(lambda m: (m, "mark", m))
arrows = st.sampled_from(["->", "→"]).map(lambda a: (a, "mark", "->"))
names = st.text("a 'é\\\"@#|", max_size=4)
quotes = names.map(lambda n: (f'"{quoted_in(n, chr(34))}"', "quoted", n)) | names.map(
    lambda n: (f"'{quoted_in(n, chr(39))}'", "quoted", n)
)


def quoted_in(name: str, mark: str) -> str:
    return name.replace("\\", "\\\\").replace(mark, "\\" + mark)


@settings(max_examples=150)
@given(
    st.lists(st.tuples(words | marks | arrows | quotes, st.sampled_from([" ", "\n\t ", ""]))),
    st.sampled_from(["", " "]),
)
@example([(("a-b", "word", "a-b"), ""), (("->", "mark", "->"), ""), (("b", "word", "b"), "")], "")
@example([(("-", "word", "-"), ""), (("->", "mark", "->"), ""), (("->", "mark", "->"), "")], "")
def test_every_token_spans_what_was_written(
    pieces: list[tuple[tuple[str, str, str], str]], before: str
) -> None:
    text, wanted = before, []
    for (written, kind, said), gap in pieces:
        if kind == "word" and wanted and wanted[-1][0] == "word" and wanted[-1][3] == len(text):
            text += " "  # or they would be one word
        wanted.append((kind, said, len(text), len(text) + len(written)))
        text += written + gap
    wanted.append(("end", "", len(text), len(text)))
    assert [(t.kind, t.text, t.start, t.end) for t in tokens(text)] == wanted
    assert [str(t) for t in tokens(text)] == [*(f"`{w[1]}`" for w in wanted[:-1]), "the end"]


@given(names)
def test_a_quoted_name_is_one_token(name: str) -> None:
    (token, end) = tokens(quoted(name))
    assert (token.text, end.kind) == (name, "end")


def refused(text: str) -> tuple[QueryError, str]:
    """The error, and what its carets stand under."""
    with pytest.raises(QueryError) as caught:
        tokens(text)
    shown, carets = caught.value.where.split("\n")
    assert all((caught.value.what, caught.value.means, caught.value.do))
    return caught.value, shown[carets.index("^") : carets.rindex("^") + 1]


@pytest.mark.parametrize("text", ['a="', "a='b\"", 'a="b\\"', 'a="b\\\\\\"', 'a="\\', 'a="b c'])
def test_a_name_that_is_never_closed(text: str) -> None:
    error, under = refused(text)
    assert "never closed" in error.what
    assert under == text[2]


@pytest.mark.parametrize("char", [*HINTS, "#", "?", "/"])
def test_a_strange_character_is_pointed_at(char: str) -> None:
    error, under = refused(f"a = b {char} c")
    assert (error.what, under) == (f"`{char}` has no meaning in a question.", char)
    assert error.do == HINTS.get(char, "Quote the name, or remove the character.")


PLAIN = {
    "-": "\N{HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}",
    '"': "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}„«»＂",
    "'": "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}‚`´",
    ",": "、，",
    "(": "（",
    "=": "＝",
    "|": "｜",
    "{": "｛",
    ":": "：",
}


@pytest.mark.parametrize("plain", PLAIN)
def test_what_looks_like_a_mark_is_told_from_it(plain: str) -> None:
    for char in PLAIN[plain]:
        error, _ = refused(f"a {char} b")
        assert error.what == f"`{char}` looks like `{plain}` but is another character."
        assert error.do == f"Type a plain `{plain}`."


@pytest.mark.parametrize(
    ("text", "texts"),
    [
        ("drawdown<=-10%", ["drawdown", "<=", "-10", "%"]),
        ("(drawdown<=-10%)", ["(", "drawdown", "<=", "-10", "%", ")"]),
        ("(drawdown <= -.1)", ["(", "drawdown", "<=", "-.1", ")"]),
        ("drawdown <= - 10 %", ["drawdown", "<=", "-", "10", "%"]),
        ("drawdown<=%", ["drawdown", "<=", "%"]),
        ("drawdown(x)<=-10%", ["drawdown", "(", "x", ")", "<=", "-10", "%"]),
        ("(drawdown(x.y) <= -.1)", ["(", "drawdown", "(", "x.y", ")", "<=", "-.1", ")"]),
        ("drawdown = a", ["drawdown", "=", "a"]),
    ],
)
def test_a_drawdown_is_compared(text: str, texts: list[str]) -> None:
    found = tokens(text)
    assert [t.text for t in found] == [*texts, ""]
    assert [text[t.start : t.end] for t in found] == [*texts, ""]
    assert all(t.kind == "mark" for t in found if t.text in ("<=", "%"))


@pytest.mark.parametrize(
    ("text", "under"),
    [("drawdown < -1", "<"), ("drawdown >= -1", ">"), ("(drawdown>-1", ">"), ("drawdown <", "<"),
     ("x <= -1", "<"), ("drawdown x <= 1", "<"), ("<= 1", "<"), ("x %", "%"),
     ("drawdown <= 1 2 3 %", "%"), ("drawdown(x) >= -1", ">"), ("x(drawdown) <= 1", "<"),
     ("drawdown(x) y <= 1", "<"), ("drawdown x) <= 1", "<")],
)  # fmt: skip
def test_elsewhere_a_comparison_means_nothing(text: str, under: str) -> None:
    error, found = refused(text)
    assert found == under
    near = text.replace(" ", "").partition(under)[0].endswith(("drawdown", "drawdown(x)"))
    assert ("is not compared by" in error.what) == near


def where(text: str, start: int, end: int) -> tuple[str, str]:
    error = pointed(QueryError("what", "means", "do"), text, start, end)
    shown, carets = error.where.split("\n")
    assert shown.startswith("  ")
    assert carets.startswith("  ")
    return shown[2:], carets[2:]


@settings(max_examples=150)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 12))
@example(WINDOW, 0, 1)
@example(WINDOW, WINDOW, 0)
@example(WINDOW + 1, WINDOW // 2, 1)
@example(WINDOW + 1, WINDOW // 2 + 1, 1)
@example(300, 100, 9)
def test_the_caret_stands_under_the_place_in_a_window_of_the_text(
    length: int, start: int, more: int
) -> None:
    """The place in the middle, as far as the text reaches; dots where there is more of it."""
    start = min(start, length)
    end = min(start + more, length)
    text = "".join(chr(ord("a") + k % 26) for k in range(length))
    shown, carets = where(text, start, end)
    first = min(max(start - WINDOW // 2, 0), max(length - WINDOW, 0))
    last = min(first + WINDOW, length)
    head, tail = "... " if first > 0 else "", " ..." if last < length else ""
    assert shown == head + text[first:last] + tail
    under = max(min(end, last) - start, 1)
    assert carets == " " * (len(head) + start - first) + "^" * under


@pytest.mark.parametrize(
    ("text", "start", "end", "before", "under"),
    [("ab", 1, 2, 1, 1), ("國b", 1, 2, 2, 1), ("國b", 0, 0, 0, 1),
     ("a國國", 1, 3, 1, 4), ("a＝b", 1, 2, 1, 2),
     ("e\u0301b", 2, 3, 1, 1), ("ae\u0301", 1, 3, 1, 1), ("a\u0301", 1, 2, 1, 1),
     ("a\tb", 1, 2, 1, 1), ("a\x07b", 2, 3, 2, 1), ("ab", 2, 2, 2, 1)],
)  # fmt: skip
def test_columns_are_those_of_the_screen(
    text: str, start: int, end: int, before: int, under: int
) -> None:
    shown, carets = where(text, start, end)
    assert carets == " " * before + "^" * under
    assert "\t" not in shown
    assert "\x07" not in shown
    assert len(shown) == len(text)


def test_a_cursor_stops_at_the_end() -> None:
    at = Cursor("a b =")
    assert (at.next.text, at.after.text, at.last.text) == ("a", "b", "a")
    taken = [at.take().text for _ in range(6)]
    assert taken == ["a", "b", "=", "", "", ""]
    assert at.next.kind == at.after.kind == "end"
    assert at.last.text == "="
    one = Cursor("")
    assert one.next.kind == one.after.kind == one.last.kind == "end"


@pytest.mark.parametrize(
    ("ask", "found", "then"),
    [
        (lambda at: at.mark("="), False, "a"),
        (lambda at: at.mark("a"), False, "a"),
        (lambda at: at.word("b", "a"), True, "a"),
        (lambda at: at.word("="), False, "a"),
        (lambda at: at.word(), False, "a"),
        (lambda at: at.run(), "ab", "="),
        (lambda at: at.run("b"), "a", "b"),
        (lambda at: at.run("a"), "", "a"),
    ],
)
def test_what_comes_next(ask: Callable[[Cursor], object], found: object, then: str) -> None:
    at = Cursor("a b = 'c'")
    assert ask(at) == found
    assert at.next.text == then


def test_marks_are_no_words_and_quotes_are_neither() -> None:
    at = Cursor("= '=' = 'a' a")
    assert at.mark("=")
    assert not at.mark("=")  # a name in quotes
    at.take()
    assert at.mark("=")
    assert not at.word("a")
    at.take()
    assert at.word("a")


def test_a_part_is_remembered_by_what_it_is() -> None:
    at = Cursor("ab  cd = e")
    at.take()
    start = at.next
    part, twin = ["x"], ["x"]
    at.take()
    at.take()
    at.note(part, start)
    at.note("horizon", start)
    assert at.span(part) == at.span("horizon") == (4, 8)
    assert at.span(twin) == at.span("else") == (0, len(at.text))
