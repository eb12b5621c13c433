"""The words of a BIF file, each with its place in the text, and errors that point at them.

Blanks and comments (``//`` to the end of the line, ``/* */``) may stand between any two words.  A
word is a quoted text, or a run of characters other than blanks, quotes and ``{ } ( ) [ ] | , ;``.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, NoReturn, TypeVar

from causal.errors import CausalError, ModelError, pointed
from causal.text import OBEYED, fault

_Kind = Literal["word", "quoted", "mark", "end", "stray"]

E = TypeVar("E", bound=CausalError)
BLANK = r"(?:[ \t\n\r\f\v]++|//[^\n]*+|/\*(?:[^*/]++|\*(?!/)|/(?!\*))*+\*/)*+"
WORD = r'(?P<word>(?:[^ \t\n\r\f\v{}()\[\]|,;"/]++|/(?![/*]))++)'
TOKEN = re.compile(rf'{BLANK}(?:{WORD}|"(?P<quoted>[^"\n]*)"|(?P<mark>[{{}}()\[\]|,;]))')
SPACE = re.compile(BLANK)
NUMBER = r"[-+]?(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?+"
ROW = re.compile(rf"[\s,]*+{NUMBER}(?:[\s,]++{NUMBER})*+[\s,]*+;", re.ASCII)
ONE = re.compile(NUMBER)
# A property is text up to a semicolon that stands in no quotes, or to the end of its line where
# another property or the brace follows.  What runs over the end of a line may hold no digit and no
# bracket: without its semicolon it would swallow rows.
LINE, LINES = r'(?:[^;{}"\n]|"[^"\n]*")*+', r'(?:[^;{}()"0-9]|"[^";{}]*")*+'

PROPERTY = re.compile(rf"{LINE};|{LINE}(?=\s*(?:property\b|\}}))|{LINES};")


class Lexeme(NamedTuple):
    """A word, a quoted name, a mark or the end, and the characters it spans."""

    kind: _Kind
    text: str
    start: int
    end: int

    def is_mark(self, *texts: str) -> bool:
        """Whether it is one of these marks."""
        return self.kind == "mark" and self.text in texts

    def is_word(self, *texts: str) -> bool:
        """Whether it is one of these words, written without quotes."""
        return self.kind == "word" and self.text in texts

    @property
    def is_name(self) -> bool:
        return self.kind in ("word", "quoted")

    def __str__(self) -> str:
        return "the end of the file" if self.kind == "end" else f"`{self.text}`"


class Scanner:
    """A place in the text of a file."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file, self.place = text, file, 0

    def peek(self) -> Lexeme:
        """The next word, or the end; nothing is stepped over."""
        match = TOKEN.match(self.text, self.place)
        if match is None:
            start = SPACE.match(self.text, self.place).end()  # type: ignore[union-attr]
            if start == len(self.text):
                return Lexeme("end", "", start, start)
            self._stray(start)
        kind = match.lastgroup or "quoted"
        start = match.start(kind) - (kind == "quoted")
        return Lexeme(kind, match[kind], start, match.end())  # type: ignore[arg-type]

    def take(self) -> Lexeme:
        """The next word, and step over it."""
        lexeme = self.peek()
        self.place = lexeme.end
        return lexeme

    def mark(self, text: str) -> bool:
        """Step over a mark if it comes next."""
        lexeme = self.peek()
        if lexeme.is_mark(text):
            self.place = lexeme.end
            return True
        return False

    def expect(self, mark: str, where: str) -> Lexeme:
        """The mark that has to come next; raises ModelError."""
        lexeme = self.take()
        if not lexeme.is_mark(mark):
            self.fail(
                lexeme,
                f"{lexeme} stands where `{mark}` is expected, {where}",
                "The file is cut short, or a name with blanks or marks lacks its quotes.",
                f"Write `{mark}` there, or quote the name.",
            )
        return lexeme

    def skip_property(self) -> None:
        """Step over the text of a property, which is never data."""
        match = PROPERTY.match(self.text, self.place)
        if match is None:
            lexeme = Lexeme("word", "", self.place, self.place + 1)
            self.fail(
                lexeme,
                "the property that begins here has no end",
                "A property ends at a semicolon; without it, it would swallow what follows.",
                "Close it by a `;` on its line, and close its quotes.",
            )
        self.place = match.end()

    def skip_block(self) -> None:
        """To the brace that closes a block, which is read when every variable is known."""
        depth = 0
        while not (lexeme := self.take()).is_mark("}"):
            if lexeme.is_word("property") and depth:
                self.skip_property()
            depth += lexeme.is_mark("{")
            if lexeme.kind == "end" or depth > 1:
                self.fail(
                    lexeme,
                    f"{lexeme} stands within a probability block",
                    "The block is cut short, or one of its braces is missing.",
                    "Write `probability ( NAME | CAUSE, ... ) { ... }`.",
                )

    def numbers(self, count: int, what: str) -> list[float]:
        """The ``count`` numbers up to the next semicolon, between commas or blanks."""
        start = self.peek()
        match = ROW.match(self.text, self.place)
        if match is not None:
            words = match[0][:-1].replace(",", " ").split()
            self.place = match.end()
        else:
            words = self._spelt_out()
        if len(words) != count:
            self.fail(
                start,
                f"{what} has {len(words)} numbers here and needs {count}",
                "Each state has a number, and in a `table` each state under each row of causes.",
                "Add what is missing, or take out what is too much.",
            )
        return list(map(float, words))

    def _spelt_out(self) -> list[str]:
        """Numbers among comments, word by word; raises ModelError at what is none."""
        words: list[str] = []
        while not (lexeme := self.take()).is_mark(";"):
            if lexeme.kind == "word" and ONE.fullmatch(lexeme.text):
                words.append(lexeme.text)
            elif not lexeme.is_mark(","):
                self.fail(
                    lexeme,
                    f"{lexeme} stands where a number or `;` is expected",
                    "A row is numbers between commas or blanks, closed by a semicolon.",
                    "Write decimal points and no other signs: `0.25, 0.75;`.",
                )
        return words

    def fail(self, lexeme: Lexeme, what: str, means: str, do: str) -> NoReturn:
        """Raise a ModelError that points at ``lexeme``."""
        whole = f"{self.file} cannot be read as a network: {what}."
        raise self.placed(ModelError(whole, means, do), lexeme)

    def printable(self, lexeme: Lexeme, text: str, what: str) -> None:
        """Raise ModelError where a name holds control characters; ``what`` it names."""
        if wrong := fault(text):
            error = ModelError(f"The {what} `{text}` {wrong}.", OBEYED, f"Rename the {what}.")
            raise self.placed(error, lexeme)

    def placed(self, error: E, lexeme: Lexeme) -> E:
        """The same error with line, column and a caret under ``lexeme``."""
        first = self.text.rfind("\n", 0, lexeme.start) + 1
        last = self.text.find("\n", lexeme.start)
        line = self.text[first : last if last >= 0 else len(self.text)]
        start, end = lexeme.start - first, min(lexeme.end - first, len(line))
        pointed(error, line, start, max(end, start + 1))
        number = self.text.count("\n", 0, first) + 1
        error.where = f"  line {number}, column {start + 1}:\n{error.where}"
        return error

    def _stray(self, start: int) -> NoReturn:
        lexeme = Lexeme("stray", self.text[start], start, start + 1)
        if lexeme.text == '"':
            what = "a quoted name is opened here and not closed on its line"
            do = 'Add the closing `"`.'
        else:
            what = (
                "a comment is opened here, and before it is closed the file ends or another opens"
            )
            do = "Add the closing `*/`."
        self.fail(lexeme, what, "Everything after it would belong to it.", do)
