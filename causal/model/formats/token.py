"""The words of a network file, each with its line, and the one place that walks along them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from causal.errors import ModelError
from causal.model.formats.stated import AGAIN

ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(slots=True)
class Tokens:
    """The tokens of a text; ``pattern`` has the groups ``quoted``, ``mark`` and ``word``, and
    whatever else it matches (blanks, comments) is passed over.

    Raises ModelError, with the line, for what is no token, and where another one was expected.
    """

    text: str
    pattern: re.Pattern[str]
    place: int = 0
    found: list[tuple[str, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        at = 0
        while at < len(self.text):
            match = self.pattern.match(self.text, at)
            if match is None:
                self._fail(at, f"`{self.text[at : at + 20]}` cannot be read")
            if match.lastgroup:
                self.found.append((match.lastgroup, match[0], at))
            at = match.end()

    @property
    def ended(self) -> bool:
        return self.place >= len(self.found)

    def peek(self) -> str:
        """The next token as it is written; "" at the end."""
        return "" if self.ended else self.found[self.place][1]

    def take(self, *expected: str) -> str:
        """The next token; raises ModelError unless it is one of ``expected``, where any are."""
        token = self.peek()
        if not token or (expected and token not in expected):
            wanted = " or ".join(f"`{one}`" for one in expected) or "more"
            self.fail(f"{wanted} was expected, not `{token or 'the end'}`")
        self.place += 1
        return token

    def name(self) -> str:
        """The next word, or what stands in quotes."""
        if self.ended or self.found[self.place][0] == "mark":
            self.fail(f"a name was expected, not `{self.peek() or 'the end'}`")
        kind, token, _ = self.found[self.place]
        self.place += 1
        return ESCAPED.sub(r"\1", token[1:-1]) if kind == "quoted" else token

    def fail(self, why: str) -> NoReturn:
        """Raise ModelError at the token before the next."""
        last = self.found[min(self.place, len(self.found) - 1)][2] if self.found else 0
        self._fail(last, why)

    def _fail(self, at: int, why: str) -> NoReturn:
        line = self.text.count("\n", 0, at) + 1
        raise ModelError(f"Line {line}: {why}.", "The file is not as the format says.", AGAIN)
