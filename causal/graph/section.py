"""One table of a story, read key by key; every mistake is noted with its place, none stops it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from causal import limit
from causal.errors import nearest
from causal.text import fault, written


@dataclass(frozen=True, slots=True)
class Section:
    """A table at ``path`` of a story.  What its keys hold wrongly goes to the shared ``mistakes``.

    A key that is never asked for is unknown; ``close`` reports those.
    """

    table: Mapping[str, object]
    where: str
    path: str
    mistakes: list[str]
    asked: set[str] = field(default_factory=set)

    def wrong(self, key: str, message: str) -> None:
        """Note a mistake: ``crash.toml: variables.war.cuts: message``."""
        path = ".".join(p for p in (self.path, key) if p)
        self.mistakes.append(f"{self.where}: {path}: {message}")

    def has(self, *keys: str) -> bool:
        return any(k in self.table for k in keys)

    def text(
        self, key: str, *, required: str = "", choices: tuple[str, ...] = (), prose: bool = False
    ) -> str:
        """A string; ``required`` says why there must be one, ``prose`` may have several lines."""
        value = self._value(key)
        if value is None:
            if required:
                self.wrong(key, f"missing: {required}")
            return ""
        if not isinstance(value, str):
            self.wrong(key, f"must be text in quotes, not {written(value)}")
            return ""
        if required and not value.strip():
            self.wrong(key, f"empty: {required}")
        if choices and value not in choices:
            self.wrong(key, f"`{value}` is none of these. {nearest(value, choices)}")
            return ""
        return self._plain(key, value, prose=prose)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, none of them empty."""
        value = self._value(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            self.wrong(key, f"must be a list of texts, not {written(value)}")
            return ()
        for item in value:
            if not isinstance(item, str) or not item.strip():
                self.wrong(key, f"must hold texts that are not empty, not {written(item)}")
                return ()
        return tuple(self._plain(key, item) for item in value)

    def dates(self, key: str) -> tuple[str, ...]:
        """A list of days written ``"2021-04-27"``."""
        found = self.texts(key)
        for item in found:
            try:
                ok = date.fromisoformat(item).isoformat() == item
            except ValueError:
                ok = False
            if not ok:
                self.wrong(key, f"`{item}` is no day; write it like 2021-04-27")
        return found

    def number(self, key: str, default: float) -> float:
        """A finite number."""
        value = self._value(key)
        if value is None:
            return default
        if not finite(value):
            self.wrong(key, f"must be a finite number, not {written(value)}")
            return default
        return float(value)  # type: ignore[arg-type]

    def strength(self, key: str, default: float) -> float:
        """A prior's strength in days a row; ``default``, and a mistake, where it is none."""
        value = self.number(key, default)
        if limit.STRENGTH <= value <= limit.COUNT:
            return value
        self.wrong(
            key,
            f"must be more than zero days a row, from {limit.STRENGTH:g} to 2^53, not {value:g}",
        )
        return limit.STRENGTH

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers, each larger than the one before."""
        value = self._value(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(map(finite, value)):
            self.wrong(key, f"must be a list of finite numbers, not {written(value)}")
            return ()
        found = tuple(float(v) for v in value)
        if any(a >= b for a, b in pairwise(found)):
            self.wrong(key, f"must increase, each larger than the one before: {written(value)}")
        return found

    def whole(self, key: str, default: int, most: int = limit.COUNT) -> int:
        """A whole number, zero or more, at most ``most``."""
        value = self._value(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            self.wrong(key, f"must be a whole number, zero or more, not {written(value)}")
            return default
        if value > most:
            self.wrong(key, f"must be at most {most:,}, not {written(value)}")
            return default
        return value

    def flag(self, key: str) -> bool:
        """``true`` or ``false``; false when absent."""
        value = self._value(key)
        if value is not None and not isinstance(value, bool):
            self.wrong(key, f"must be true or false, not {written(value)}")
        return value is True

    def section(self, key: str) -> Section:
        """A table inside this one; empty when absent."""
        value = self._value(key)
        if value is not None and not isinstance(value, Mapping):
            self.wrong(key, f"must be a table, not {written(value)}")
        return self._inner(value, key)

    def sections(self, key: str) -> tuple[Section, ...]:
        """A list of tables, counted from 1 in the paths."""
        value = self._value(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(isinstance(v, Mapping) for v in value):
            self.wrong(key, f"must be a list of tables, not {written(value)}")
            return ()
        return tuple(self._inner(v, f"{key}[{i}]") for i, v in enumerate(value, 1))

    def tables(self) -> dict[str, Section]:
        """Every key as a table of its own."""
        return {self._plain("", key): self.section(key) for key in self.table}

    def close(self) -> None:
        """Report the keys that nobody asked for."""
        for key in self.table:
            if key not in self.asked:
                self.wrong(str(key), f"unknown key. {nearest(str(key), sorted(self.asked))}")

    def _plain(self, key: str, value: str, *, prose: bool = False) -> str:
        """The text, noted as a mistake where it holds control characters."""
        found = fault(value, prose=prose)
        if found:
            self.wrong(key, f"`{value}` {found}")
        return value

    def _value(self, key: str) -> object:
        self.asked.add(key)
        if key in self.table and self.table[key] is None:
            self.wrong(key, "is null, which says nothing: leave it out, or give a value")
        return self.table.get(key)

    def _inner(self, value: object, key: str) -> Section:
        path = ".".join(p for p in (self.path, key) if p)
        table = value if isinstance(value, Mapping) else {}
        return Section(table, self.where, path, self.mistakes)


def finite(value: object) -> bool:
    """Whether a value is a finite number; true and false are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
