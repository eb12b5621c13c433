"""Every error that leaves the public API.

CausalError
├─ SpecError                    the causal story is malformed (collects every problem)
│  ├─ CycleError                  shows the cycle
│  └─ UnknownVariableError        suggests the nearest name
├─ DataError
│  ├─ SourceError                 a provider or file is unreachable or has changed shape
│  ├─ IntegrityError              stored bytes do not match their hash
│  └─ LookAheadError              a value was used before it was known
├─ ModelError
│  └─ TableError                  rows do not sum to one, axes do not match the graph
├─ QueryError
│  ├─ UnknownStateError           suggests the nearest state
│  └─ ImpossibleEvidenceError     P(evidence) = 0 under the model
├─ NotIdentifiableError
├─ ExecutorError
└─ SettingError                an environment variable holds what it cannot

Every message has three parts: what happened, what it means, what to do.  What it quotes is text:
control characters are spelt out and long quotations shortened (``causal.text.shown``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeVar

from causal.text import WORD, shown

LISTED = 20
WINDOW = 96  # characters of the text around a place that is pointed at
NEAR = 0.6  # share of common letters (difflib's ratio) from which on a name is near
PROBLEMS = 100  # of a story that are shown; ``problems`` holds them all


class CausalError(Exception):
    """Base of every error of this package.

    ``what`` happened, what it ``means``, what to ``do``: the message is the three in one paragraph.
    ``where``, when it is known, shows the place in the text that was read, with a caret line.
    """

    _where: str = ""

    def __init__(self, what: str, means: str = "", do: str = "") -> None:
        self.what, self.means, self.do = map(shown, (what, means, do))
        super().__init__(" ".join(part for part in (self.what, self.means, self.do) if part))

    @property
    def where(self) -> str:
        return self._where

    @where.setter
    def where(self, text: str) -> None:
        self._where = "\n".join(map(shown, text.split("\n")))

    def __str__(self) -> str:
        return "\n".join(part for part in (super().__str__(), self.where) if part)


class SpecError(CausalError):
    """The causal story is malformed; ``problems`` lists every mistake that was found."""

    def __init__(
        self, what: str, means: str = "", do: str = "", problems: Iterable[str] = ()
    ) -> None:
        self.problems = tuple(map(shown, problems))
        super().__init__(what, means, do)

    @property
    def listed(self) -> tuple[str, ...]:
        """The problems that a message shows: the first hundred, and how many more there are."""
        more = len(self.problems) - PROBLEMS
        return (*self.problems[:PROBLEMS], *([f"and {more} more"] if more > 0 else []))

    def __str__(self) -> str:
        return "\n".join((super().__str__(), *(f"  - {p}" for p in self.listed)))


class CycleError(SpecError):
    """Same-day edges form a cycle."""


class UnknownVariableError(SpecError):
    """A name that is no variable of the graph."""


class DataError(CausalError):
    """The observed history cannot be used."""


class SourceError(DataError):
    """A provider or a file is unreachable, or has changed shape."""


class IntegrityError(DataError):
    """Stored bytes do not match their hash."""


class LookAheadError(DataError):
    """A value was used before it was known."""


class ModelError(CausalError):
    """A model cannot be built or read."""


class TableError(ModelError):
    """A table's rows do not sum to one, or its axes do not match the graph."""


class QueryError(CausalError):
    """The question cannot be answered as it was put."""


class UnknownStateError(QueryError):
    """A word that is no state of the variable."""


class ImpossibleEvidenceError(QueryError):
    """The evidence has probability zero under the model."""


class NotIdentifiableError(CausalError):
    """The effect cannot be computed from what is observed, whatever the amount of data."""


class ExecutorError(CausalError):
    """Work that was spread out did not come back."""


class SettingError(CausalError):
    """An environment variable holds what it cannot."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that suggests the nearest known name, or lists what there is."""
    names = list(known)
    close = closest(name, names)
    if close:
        return f"Did you mean `{close}`?"
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"Known: {', '.join(names[:LISTED])}{more}."


def closest(name: str, known: Iterable[str]) -> str:
    """The known name that is spelt nearly so, whatever its case; nothing where none is near."""
    folded = {n.casefold(): n for n in reversed(list(known))}
    text = name if isinstance(name, str) else ""  # whatever else it is, it is near to no name
    close = get_close_matches(text[:WORD].casefold(), folded, n=1, cutoff=NEAR)
    return folded[close[0]] if close else ""


E = TypeVar("E", bound=CausalError)


def pointed(error: E, text: str, start: int, end: int) -> E:
    """The same error, showing the text with a caret line under the characters start to end."""
    first = max(0, min(start - WINDOW // 2, len(text) - WINDOW))
    last = min(len(text), first + WINDOW)
    head, tail = "... " if first else "", " ..." if last < len(text) else ""
    shown = "".join(" " if c.isspace() or not c.isprintable() else c for c in text[first:last])
    before = sum(map(_columns, shown[: start - first]))
    under = sum(map(_columns, shown[start - first : max(end - first, 0)])) or 1
    error.where = f"  {head}{shown}{tail}\n  {' ' * (len(head) + before)}{'^' * under}"
    return error


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
