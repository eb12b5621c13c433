"""The rows of a probability block of a BIF file: by states, by default, or a table whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import NoReturn

import numpy as np

from causal.contract.array import Array
from causal.errors import nearest
from causal.model.formats.bif_scanner import Lexeme, Scanner

Unravelled = Sequence[Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class VariableBlock:
    """A variable's block: its name where it stands, and the number of each state."""

    lexeme: Lexeme
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityBlock:
    """A probability block: variable and causes, ``values`` of shape (rows of causes, states).

    ``written`` says where a row stands, ``whole`` where the table or default does.
    """

    header: tuple[Lexeme, ...]
    values: Array
    written: Mapping[int, Lexeme]
    whole: Lexeme

    def place(self, row: int) -> Lexeme:
        """Where the row stands in the text."""
        return self.written.get(row, self.whole)


def read_rows(
    scanner: Scanner, header: tuple[Lexeme, ...], declared: Mapping[str, VariableBlock]
) -> ProbabilityBlock:
    """What stands in the braces of a block, the last cause of the header changing fastest.

    Raises ModelError where a row is given twice, or not at all without a default.
    """
    name = f"`{header[0].text}`"
    causes = [declared[lexeme.text].states for lexeme in header[1:]]
    states, count = len(declared[header[0].text].states), prod(map(len, causes))
    written: dict[int, Lexeme] = {}
    numbers: dict[int, list[float]] = {}
    parts: dict[str, tuple[Lexeme, list[float]]] = {}
    while not (lexeme := scanner.take()).is_mark("}"):
        if lexeme.is_mark("(") and causes:
            row = _row(scanner, lexeme, header, causes)
            if row in written:
                twice(scanner, lexeme, f"this row of {name}")
            written[row] = lexeme
            numbers[row] = scanner.numbers(states, f"a row of {name}")
        elif lexeme.is_word("table", "default"):
            if lexeme.text in parts:
                twice(scanner, lexeme, f"the {lexeme.text} of {name}")
            size = states * (count if lexeme.text == "table" else 1)
            parts[lexeme.text] = lexeme, scanner.numbers(size, f"the {lexeme.text} of {name}")
        elif lexeme.is_word("property"):
            scanner.skip_property()
        elif not lexeme.is_mark(";"):
            scanner.fail(
                lexeme,
                f"{lexeme} has no place in the table of {name}",
                "A table is `table`, or rows by the states of its causes, with a `default`.",
                "Look for a semicolon, brace or bracket before it.",
            )
    if "table" in parts and (written or "default" in parts):
        twice(scanner, parts["table"][0], f"a row of {name}")
    whole = parts.get("table", parts.get("default", (header[0], [])))[0]
    if "table" in parts:
        values = np.array(parts["table"][1]).reshape(states, count).T
    elif "default" in parts or len(written) == count:
        values = np.empty((count, states))
        values[:] = parts["default"][1] if "default" in parts else 0.0
        values[list(numbers)] = list(numbers.values()) or np.empty((0, states))
    else:
        _missing(scanner, header, causes, written)
    return ProbabilityBlock(header, values, written, whole)


def _row(scanner: Scanner, bracket: Lexeme, header: tuple[Lexeme, ...], causes: Unravelled) -> int:
    """The number of the row whose states stand in round brackets, the last changing fastest."""
    found = names_up_to(scanner, ")", len(causes))
    if len(found) != len(causes):
        scanner.fail(
            bracket,
            f"a row of `{header[0].text}` names {len(found)} states of {len(causes)} causes",
            "It would stand for no row, or for several.",
            f"Name a state each of {', '.join(lexeme.text for lexeme in header[1:])}.",
        )
    row = 0
    for lexeme, cause, states in zip(found, header[1:], causes, strict=True):
        place = states.get(lexeme.text)
        if place is None:
            scanner.fail(
                lexeme,
                f"`{lexeme.text}` is no state of `{cause.text}`",
                "States stand in the order of the header.",
                nearest(lexeme.text, states),
            )
        row = row * len(states) + place
    return row


def _missing(
    scanner: Scanner, header: tuple[Lexeme, ...], causes: Unravelled, written: Mapping[int, Lexeme]
) -> NoReturn:
    """Raise ModelError that names the first row without numbers."""
    row = next(place for place in range(len(written) + 1) if place not in written)
    sizes = [len(states) for states in causes]
    names = [
        f"{cause.text}={list(states)[place]}"
        for cause, states, place in zip(
            header[1:], causes, np.unravel_index(row, sizes) if sizes else (), strict=True
        )
    ]
    given = f" for {', '.join(names)}" if names else ""
    scanner.fail(
        header[0],
        f"the table of `{header[0].text}` has no row{given}",
        "Nothing says what holds there, and the block has no `default`.",
        "Add the row, or a `default`.",
    )


def names_up_to(scanner: Scanner, close: str, size: int) -> list[Lexeme]:
    """Names up to a mark, between commas or, where they are ``size`` words so, blanks.

    Between commas words without quotes make one name: ``very calm, calm``.
    """
    groups: list[list[Lexeme]] = [[]]
    while not (lexeme := scanner.take()).is_mark(close):
        if lexeme.is_name:
            groups[-1].append(lexeme)
        elif lexeme.is_mark(","):
            groups.append([])
        else:
            scanner.fail(
                lexeme,
                f"{lexeme} stands where a name or `{close}` is expected",
                "A name with blanks or marks stands in quotes.",
                f"Quote the name, or write `{close}` before it.",
            )
    words = [lexeme for group in groups for lexeme in group]
    joined = [_joined(group) for group in groups if group]
    alone = len(joined) == 1 and close == "}"  # `{ no yes }` is never one state
    fits = len(joined) == size and len(words) != size and not alone and None not in joined
    return [lexeme for lexeme in joined if lexeme is not None] if fits else words


def _joined(group: list[Lexeme]) -> Lexeme | None:
    """Words without quotes as one name; None where one of several is quoted."""
    if len(group) == 1:
        return group[0]
    if any(lexeme.kind == "quoted" for lexeme in group):
        return None
    return Lexeme("word", " ".join(t.text for t in group), group[0].start, group[-1].end)


def twice(scanner: Scanner, lexeme: Lexeme, what: str) -> NoReturn:
    """Raise ModelError: ``what`` is said here, and was before."""
    scanner.fail(
        lexeme,
        f"{what} is given twice",
        "Which of the two is meant cannot be known.",
        "Take one of them out.",
    )
