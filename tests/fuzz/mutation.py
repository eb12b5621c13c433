"""How valid input is spoilt: bytes, words, lines and numbers of a text, values and keys of a tree.

Every mutator takes a ``random.Random`` and what is to be spoilt, and gives back something of the
same kind; the same generator gives the same result.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

WORDS = re.compile(r"\w+|\s+|[^\w\s]")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
NUMBERS = (
    "0", "-1", "1", "61", "1e308", "1e400", "5e-324", "-0.0", "nan", "inf", "-inf", "Infinity",
    "1_0", "٣", "１２", "9007199254740993", "4611686018427387904", "9223372036854775807",
    "18446744073709551616", "1" + 40 * "0", "9" * 5000, "0x10", "+1", "--1", "1.", ".5", "²",
)  # fmt: skip
TEXTS = (
    "", " ", "\x00", "\x07", "\x1b[31m", "\x9b2J", "\u202e", "\ud800", "\ufeff", "e\u0301", "ﬁ",
    "漢字", "\U0001f4a5", "[bold]", "[/]", "[link=x]", "{", "}", "(", ")", '"', "'", "\\", "|",
    ",", "=", "@", ":", "->", "→", "%s", "${x}", "{0}", "\n", "\r", "\t", "\u2028", "NaN", "null",
    "true", "None", "date", "draw", "do", "do(", "within", "at", "in", "if", "then", "cut",
    "drawdown", "for", "<=", "closed", "open", "worst", "us", "A" * 300, "A" * 20_000, "{" * 2_000,
    "(" * 2_000, "[" * 9_000,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 0.5, -0.5, 1e308, -1e308, 5e-324, float("nan"), float("inf"),
    float("-inf"), 2**31, 2**53 + 1, 2**58, 2**62, 2**63 - 1, 2**63, 2**64, 10**30, 10**400, "",
    " ", "1", "x", [], [[]], [None], {}, {"": {}}, [1, 2, 3], ["a", "a"],
)  # fmt: skip
DEPTHS = (3, 60, 1_100)
DEEP = "[" * 5_000 + "]" * 5_000
PARTS = 4_096  # parts of a tree among which one is chosen

Tree = Any


def text(rng: Random, whole: str, words: tuple[str, ...] = ()) -> str:
    """One to three mutations of a text; ``words`` mean something where it is read."""
    found = whole
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        found = rng.choice(TEXT_MUTATORS)(rng, found, words)
    return found


def raw(rng: Random, whole: bytes) -> bytes:
    """One to four bytes of a file changed, removed or added; or the file cut short."""
    found = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(len(found) + 1)
        match rng.randrange(5):
            case 0:
                found[place : place + 1] = bytes([rng.randrange(256)])
            case 1:
                found[place:place] = rng.randbytes(rng.choice((1, 2, 40)))
            case 2:
                del found[place : place + rng.choice((1, 3, 50))]
            case 3 if found:
                found[min(place, len(found) - 1)] ^= 1 << rng.randrange(8)
            case _ if rng.random() < 0.2:
                del found[place:]
    return bytes(found)


def _character(rng: Random, whole: str, words: tuple[str, ...]) -> str:
    place = rng.randrange(len(whole) + 1)
    return whole[:place] + rng.choice(TEXTS) + whole[place + rng.randrange(3) :]


def _word(rng: Random, whole: str, words: tuple[str, ...]) -> str:
    """A word removed, repeated, exchanged with another, or replaced by a name or a mark."""
    found = WORDS.findall(whole) or [""]
    one, other = rng.randrange(len(found)), rng.randrange(len(found))
    match rng.randrange(5):
        case 0:
            del found[one]
        case 1:
            found.insert(one, found[other])
        case 2:
            found[one], found[other] = found[other], found[one]
        case 3:
            found[one] = found[one] * rng.choice((2, 3, 200))
        case _:
            found[one] = rng.choice((*words, *TEXTS, *NUMBERS))
    return "".join(found)


def _number(rng: Random, whole: str, words: tuple[str, ...]) -> str:
    found = list(NUMBER.finditer(whole))
    if not found:
        return whole + rng.choice(NUMBERS)
    chosen = rng.choice(found)
    return whole[: chosen.start()] + rng.choice(NUMBERS) + whole[chosen.end() :]


def _line(rng: Random, whole: str, words: tuple[str, ...]) -> str:
    """A line removed, repeated or exchanged with another: keys that come twice, or too early."""
    found = whole.split("\n")
    one, other = rng.randrange(len(found)), rng.randrange(len(found))
    match rng.randrange(3):
        case 0:
            del found[one]
        case 1:
            found.insert(one, found[other])
        case _:
            found[one], found[other] = found[other], found[one]
    return "\n".join(found)


def _span(rng: Random, whole: str, words: tuple[str, ...]) -> str:
    """A stretch removed or repeated."""
    first, last = sorted(rng.randrange(len(whole) + 1) for _ in range(2))
    times = rng.choice((0, 0, 2, 2, 50))
    return whole[:first] + whole[first:last] * times + whole[last:]


def _name(rng: Random, whole: str, words: tuple[str, ...]) -> str:
    """A name in place of another, so that what is said stays well formed but is another thing."""
    there = [m for m in WORDS.finditer(whole) if m.group() in words]
    if not there:
        return _word(rng, whole, words)
    chosen = rng.choice(there)
    return whole[: chosen.start()] + rng.choice(words) + whole[chosen.end() :]


TEXT_MUTATORS: tuple[Callable[[Random, str, tuple[str, ...]], str], ...] = (
    _character, _word, _word, _number, _line, _span, _name,
)  # fmt: skip


def tree(rng: Random, whole: Tree, words: tuple[str, ...] = ()) -> Tree:
    """One to three parts of a tree of mappings and lists given another value, name or place."""
    holder = [copy.deepcopy(whole)]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = [p for p in _places(holder) if p[0] is not holder or rng.random() < 0.05]
        if places:
            rng.choice(TREE_MUTATORS)(rng, *rng.choice(places), words)
    return holder[0] if holder else None


def _places(holder: list[Any]) -> list[tuple[Any, Any]]:
    """Every (container, key) of a tree, the first few thousand."""
    found: list[tuple[Any, Any]] = []
    queue: list[Any] = [holder]
    while queue and len(found) < PARTS:
        inner = queue.pop(0)
        for key in range(len(inner)) if isinstance(inner, list) else list(inner):
            found.append((inner, key))
            if isinstance(inner[key], list | dict):
                queue.append(inner[key])
    return found


def _valued(rng: Random, inner: Any, key: Any, words: tuple[str, ...]) -> None:
    inner[key] = copy.deepcopy(rng.choice((*VALUES, *words)))


def _spoilt(rng: Random, inner: Any, key: Any, words: tuple[str, ...]) -> None:
    """The value changed within its own kind: a text mutated, a number to an extreme."""
    value = inner[key]
    if isinstance(value, str):
        inner[key] = text(rng, value, words)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        inner[key] = rng.choice(VALUES[:20])
    else:
        far = rng.choice((0, -value, value + 1, value - 1, value * 10**6, 2**53 + 1, 2**62, 10**19))
        inner[key] = float(far) if rng.random() < 0.3 else far


def scaled(rng: Random, inner: Any, key: Any, words: tuple[str, ...] = ()) -> None:
    """Every number in a part made larger, or nothing, by the same factor."""
    factor = rng.choice((0, -1, 10**3, 10**6, 2**40, 2**52, 2**55, 2**56, 2**57, 1e-300, 1e300))

    def times(value: Any) -> Any:
        if isinstance(value, list):
            return [times(v) for v in value]
        if isinstance(value, dict):
            return {k: times(v) for k, v in value.items()}
        known = isinstance(value, int | float) and not isinstance(value, bool)
        try:
            return value * factor if known else value
        except OverflowError:
            return value

    try:
        inner[key] = times(inner[key])
    except RecursionError:  # it was nested before
        inner[key] = factor


def _removed(rng: Random, inner: Any, key: Any, words: tuple[str, ...]) -> None:
    del inner[key]


def _repeated(rng: Random, inner: Any, key: Any, words: tuple[str, ...]) -> None:
    if isinstance(inner, list):
        inner.insert(key, inner[key])
    else:
        inner[rng.choice((*words, *TEXTS[:40], f"{key} "))] = inner[key]


def _renamed(rng: Random, inner: Any, key: Any, words: tuple[str, ...]) -> None:
    if isinstance(inner, dict):
        value = inner.pop(key)
        inner[rng.choice((*words, *TEXTS[:40], text(rng, str(key))))] = value
    else:
        inner.reverse()


def _nested(rng: Random, inner: Any, key: Any, words: tuple[str, ...]) -> None:
    for _ in range(rng.choice(DEPTHS)):
        inner[key] = [inner[key]] if rng.random() < 0.5 else {"x": inner[key]}


def _exchanged(rng: Random, inner: Any, key: Any, words: tuple[str, ...]) -> None:
    keys = range(len(inner)) if isinstance(inner, list) else list(inner)
    other = rng.choice(list(keys))
    inner[key], inner[other] = inner[other], inner[key]


TREE_MUTATORS: tuple[Callable[[Random, Any, Any, tuple[str, ...]], None], ...] = (
    _valued, _valued, _spoilt, _spoilt, scaled, _removed, _repeated, _renamed, _nested, _exchanged,
)  # fmt: skip


def toml(value: Tree) -> str:
    """A tree as TOML, a line a table: whatever the tree holds, for better or worse."""
    try:
        lines = [f"{_quoted(key)} = {_inline(inner)}" for key, inner in value.items()]
    except RecursionError:
        lines = [f"deep = {DEEP}"]
    return "\n".join(lines) + "\n"


def shown(value: Tree) -> str:
    """A tree as JSON, NaN and numbers of any length among it."""
    try:
        return _inline(value, toml=False)
    except RecursionError:
        return DEEP


def _inline(value: Tree, *, toml: bool = True) -> str:
    if isinstance(value, Mapping):
        mark = " = " if toml else ": "
        pairs = (f"{_quoted(k)}{mark}{_inline(v, toml=toml)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(v, toml=toml) for v in value) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int) and abs(value) > 10**300:  # longer than Python likes to write
        return "1" + "0" * 400
    return repr(value) if toml and isinstance(value, float) else json.dumps(value)


def _quoted(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)
