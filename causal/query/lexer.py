"""The words of a question, each with its place in the text, and errors that point at them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, NoReturn

from causal.errors import QueryError, pointed
from causal.query.event import AT_MOST, DRAWDOWN, bare
from causal.text import written

_Kind = Literal["word", "quoted", "mark", "end"]

MARKS = "(){}|,=@:"
ARROWS = ("->", "→")
QUOTES = "\"'"
HINTS = {
    "!": "There is no `!=`: name the states you do want, as a set `x={a, b}`.",
    "<": 'There is no `<`: name the states as a set `x={a, b}`, or quote a state: `x="<5"`.',
    ">": 'There is no `>`: name the states as a set `x={a, b}`, or quote a state: `x=">5"`.',
    "&": "Join items with a comma.",
    ";": "Join items with a comma.",
    "[": "Sets stand in braces, `x={a, b}`, and the question in round brackets, `P(...)`.",
    "]": "Sets stand in braces, `x={a, b}`, and the question in round brackets, `P(...)`.",
    "~": "A soft intervention is written with weights: `do(x={a: 0.7, b: 0.3})`.",
    "%": "Weights are numbers in [0, 1]: `0.7`, not `70%`.",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a quoted name, a mark or the end, and the characters it spans.

    ``text`` is what it says: a quoted name without its quotes.  ``start`` and ``end`` are places in
    the text that was read, for the caret of an error.
    """

    kind: _Kind
    text: str
    start: int
    end: int

    def is_mark(self, *texts: str) -> bool:
        """Whether it is one of these marks; a quoted name of the same letters is none."""
        return self.kind == "mark" and self.text in texts

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"`{self.text}`"


def tokens(text: str) -> list[Token]:
    """The words of ``text``, closed by an "end"; white space only parts them.

    A word is a run of letters, digits and ``_ . - +``; an arrow ends it.  Raises QueryError, with a
    caret, at a character of no meaning and at a quote that is never closed.
    """
    found: list[Token] = []
    place = 0
    while place < len(text):
        char = text[place]
        if char.isspace():
            place += 1
        elif mark := _comparison(text, place, found):
            found.append(mark)
            place = mark.end
        elif char in MARKS:
            found.append(Token("mark", char, place, place + 1))
            place += 1
        elif text.startswith(ARROWS, place):
            end = place + (2 if char == "-" else 1)
            found.append(Token("mark", "->", place, end))
            place = end
        elif char in QUOTES:
            found.append(_quoted(text, place))
            place = found[-1].end
        elif bare(char):
            end = place
            while end < len(text) and bare(text[end]) and not text.startswith("->", end):
                end += 1
            found.append(Token("word", text[place:end], place, end))
            place = end
        else:
            raise pointed(_strange(char), text, place, place + 1)
    return [*found, Token("end", "", len(text), len(text))]


def _comparison(text: str, place: int, found: list[Token]) -> Token | None:
    """The ``<=`` of a drawdown, and the ``%`` after its number; elsewhere they mean nothing.

    ``found``: the words before this place.  Raises QueryError for another comparison of a drawdown.
    """
    if text[place] not in "<>%":
        return None
    compared = _ends_in_drawdown([token.text for token in found])
    if compared and text.startswith(AT_MOST, place):
        return Token("mark", AT_MOST, place, place + len(AT_MOST))
    if compared and text[place] in "<>":
        error = QueryError(
            f"A drawdown is not compared by `{text[place]}`.",
            "It is a return below zero, and the question is whether it is at most so much.",
            "Write it like `P(drawdown <= -10% within 7d)`.",
        )
        raise pointed(error, text, place, place + 1)
    if text[place] == "%" and any(token.is_mark(AT_MOST) for token in found[-3:]):
        return Token("mark", "%", place, place + 1)
    return None


def _ends_in_drawdown(words: list[str]) -> bool:
    """Whether the words end in ``drawdown`` or ``drawdown(...)``."""
    if words[-1:] == [")"] and "(" in words:
        words = words[: len(words) - 1 - words[::-1].index("(")]
    return words[-1:] == [DRAWDOWN]


def _quoted(text: str, start: int) -> Token:
    """A name in quotes; a backslash takes the next character as it is.

    Raises QueryError where the quote is never closed.
    """
    letters: list[str] = []
    place = start + 1
    while place < len(text):
        char = text[place]
        if char == text[start]:
            return Token("quoted", "".join(letters), start, place + 1)
        if char == "\\" and place + 1 < len(text):
            place += 1
        letters.append(text[place])
        place += 1
    raise pointed(
        QueryError(
            f"A quoted name is opened with {text[start]} and never closed.",
            "Everything after it would belong to the name.",
            f"Add the closing {text[start]}.",
        ),
        text,
        start,
        start + 1,
    )


def _strange(char: str) -> QueryError:
    """The error of a character that no question has, with what may have been meant by it."""
    plain = _plain(char)
    if plain:
        return QueryError(
            f"`{char}` looks like `{plain}` but is another character.",
            "Word processors and some keyboards put it in place of the plain one.",
            f"Type a plain `{plain}`.",
        )
    return QueryError(
        f"`{char}` has no meaning in a question.",
        'Names that hold more than letters, digits and _ . - + are put in quotes: `x="a b"`.',
        HINTS.get(char, "Quote the name, or remove the character."),
    )


def _plain(char: str) -> str:
    """The ASCII mark that a typographic or full-width character stands for, or nothing."""
    if unicodedata.category(char) == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    if char in "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}„«»":
        return '"'
    if char in "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}‚`´":
        return "'"
    if char in "、，":
        return ","
    folded = unicodedata.normalize("NFKC", char)
    return folded if folded in [*MARKS, *QUOTES] else ""


class Cursor:
    """A place among the words of a text, and the spans of the parts read so far.

    The reading functions take one and step over what they have read.  ``note`` remembers where a
    part stood, so that a fault that is found later, in the whole question, can still be pointed at.
    Raises QueryError for what is no text, and as ``tokens`` does.
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise QueryError(
                f"{written(text)} is no text.",
                "The grammar reads a question, what is done or what is seen, from a text.",
                'Write "P(bitcoin=crash within 7d)".',
            )
        self.text, self.words, self.place = text, tokens(text), 0
        self._spans: dict[object, tuple[int, int]] = {}

    @property
    def next(self) -> Token:
        """The word that comes next."""
        return self.words[self.place]

    @property
    def after(self) -> Token:
        """The word after the next one."""
        return self.words[min(self.place + 1, len(self.words) - 1)]

    @property
    def last(self) -> Token:
        """The word taken last."""
        return self.words[max(self.place - 1, 0)]

    def take(self) -> Token:
        """The next word, and step over it; the end is never stepped over."""
        found = self.next
        self.place = min(self.place + 1, len(self.words) - 1)
        return found

    def mark(self, text: str) -> bool:
        """Step over a mark if it comes next."""
        found = self.next.is_mark(text)
        if found:
            self.take()
        return found

    def word(self, *texts: str) -> bool:
        """Whether one of these words comes next."""
        return self.next.kind == "word" and self.next.text in texts

    def run(self, *stops: str) -> str:
        """The words that come next, written together, up to a mark or one of ``stops``.

        So ``- 10`` and ``-10`` are the same number, and ``7 d`` the same span.
        """
        text = ""
        while self.next.kind == "word" and not self.word(*stops):
            text += self.take().text
        return text

    def fail(self, token: Token, what: str, means: str, do: str) -> NoReturn:
        """Raise a QueryError that points at ``token``.

        What happened, what it means and what to do, as in every error of the house.
        """
        raise pointed(QueryError(what, means, do), self.text, token.start, token.end)

    def note(self, part: object, start: Token) -> None:
        """Remember that ``part`` was read from ``start`` to here."""
        key = part if isinstance(part, str) else id(part)
        self._spans[key] = (start.start, self.last.end)

    def span(self, part: object) -> tuple[int, int]:
        """The characters that ``part`` was read from; the whole text when it is unknown."""
        key = part if isinstance(part, str) else id(part)
        return self._spans.get(key, (0, len(self.text)))
