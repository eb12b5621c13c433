"""What a story declares: sections of text read key by key, every mistake noted with its place.

``complete`` asks for all that a fit needs: every variable measured, every arrow with its reason.
Without it a story may be a bare structure, as one made in Python or by a test.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Literal, cast, get_args

from causal import limit
from causal.errors import nearest
from causal.graph.variable import (
    Acts,
    Calendar,
    Confounded,
    Edge,
    Measurement,
    Series,
    TableKind,
    Variable,
)
from causal.text import fault, written

OPEN, CLOSED = CALENDAR_STATES = ("open", "closed")
MEASUREMENT = ("series", "cuts", "quantiles", "closed", "calendar", "acts")
RESERVED = ("draw",)


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
            if not is_day(item):
                self.wrong(key, f"`{item}` is no day; write it like 2021-04-27")
        return found

    def day(self, key: str) -> str:
        """One day written ``"2021-04-27"``; empty when absent."""
        found = self.text(key)
        if found and not is_day(found):
            self.wrong(key, f"`{found}` is no day; write it like 2021-04-27")
            return ""
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


def is_day(text: object) -> bool:
    """Whether a text is a day as it is written here."""
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def finite(value: object) -> bool:
    """Whether a value is a finite number; true and false are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def read_variables(section: Section, complete: bool) -> tuple[Variable, ...]:
    """Every variable of ``[variables.*]``, in the order of the file."""
    inner = section.tables()
    if not inner:
        section.wrong("", "no variable is declared; add a table like [variables.bitcoin]")
    return tuple(_variable(s, name, tuple(inner), complete) for name, s in inner.items())


def _variable(section: Section, name: str, names: Sequence[str], complete: bool) -> Variable:
    if "@" in name or not name.strip() or name in RESERVED:
        section.wrong("", f"`{name}` cannot name a variable: `@` marks a day, `draw` an axis")
    states = section.texts("states")
    if not states:
        if not section.has("states"):
            section.wrong("states", "missing: name the states, calmest first")
        elif section.table["states"] in ([], ()):
            section.wrong("states", "empty: name the states, calmest first")
    elif len(set(states)) < len(states):
        twice = sorted({s for s in states if states.count(s) > 1})
        section.wrong("states", f"given twice: {', '.join(twice)}")
    states_zh = section.texts("states_zh")
    if states and states_zh and len(states_zh) != len(states):
        section.wrong("states_zh", f"{len(states_zh)} labels for {len(states)} states")
    found = Variable(
        name,
        states,
        measurement=_measurement(section, states),
        rule=cast(Literal["", "worst"], section.text("rule", choices=("worst",))),
        start=_start(section, name, names),
        publication_lag=section.whole("publication_lag", 0, limit.DAYS),
        manipulable=section.flag("manipulable"),
        table=cast(TableKind, section.text("table", choices=get_args(TableKind)[1:])),
        label=section.text("label"),
        label_zh=section.text("label_zh"),
        states_zh=states_zh,
        why=section.text("why", prose=True),
    )
    section.close()
    measured = section.table.get("series") or section.table.get("acts")
    if complete and not (measured or section.has("rule", "calendar")):
        section.wrong(
            "series",
            "missing: nothing says how it is measured (series, acts, rule or calendar); "
            "latent variables are not supported",
        )
    return found


def _start(section: Section, name: str, names: Sequence[str]) -> tuple[str, ...] | None:
    if not section.has("start"):
        return None
    found = section.texts("start")
    for parent in found:
        if parent not in names:
            section.wrong("start", unknown(parent, names))
    if name in found or len(set(found)) < len(found):
        section.wrong("start", "names the variable itself, or a parent twice")
    return found


def _measurement(section: Section, states: tuple[str, ...]) -> Measurement | None:
    before = len(section.mistakes)
    found = Measurement(
        series=tuple(_series(s) for s in section.sections("series")),
        cuts=section.numbers("cuts"),
        quantiles=section.numbers("quantiles"),
        closed=section.flag("closed"),
        calendar=cast(
            Calendar,
            section.text("calendar", choices=("us", "us_independent")),
        ),
        acts=tuple(_acts(s, states) for s in section.sections("acts")),
    )
    if not section.has(*MEASUREMENT):
        return None
    if any(not 0 < q < 1 for q in found.quantiles):
        section.wrong("quantiles", "must lie between 0 and 1, both excluded")
    if states and len(section.mistakes) == before:
        _states_and_cuts(section, found, states)
    return found


def _states_and_cuts(section: Section, found: Measurement, states: tuple[str, ...]) -> None:
    if found.calendar:
        if states != CALENDAR_STATES:
            section.wrong("states", f"a calendar has the states {list(CALENDAR_STATES)}")
        if section.has("series", "cuts", "quantiles", "closed", "rule", "acts"):
            section.wrong(
                "calendar", "a calendar takes no series, cuts, quantiles, closed, acts or rule"
            )
        return
    if found.acts and (found.closed or section.has("rule")):
        section.wrong("acts", "acts take neither closed nor rule: they are in force on any day")
    if found.closed and states[0] != CLOSED:
        section.wrong("states", f"the first must be `{CLOSED}` because closed = true")
    if section.has("cuts") and section.has("quantiles"):
        section.wrong("quantiles", "give either cuts or quantiles, not both")
        return
    key = "quantiles" if section.has("quantiles") else "cuts"
    have = len(found.quantiles or found.cuts)
    want = len(states) - 1 - found.closed
    if (section.has("cuts", "quantiles") or found.series) and have != want:
        tail = " besides `closed`" if found.closed else ""
        section.wrong(key, f"{want + 1} states{tail} need {want} of them, found {have}")


def _series(section: Section) -> Series:
    found = Series(
        column=section.text("column", required="the column of the panel"),
        steps=section.texts("steps"),
        weight=section.number("weight", 1.0),
        restart=section.dates("restart"),
    )
    if found.weight <= 0:
        section.wrong(
            "weight", "must be more than zero; turn a series round with the step `negate`"
        )
    section.close()
    return found


def _acts(section: Section, states: tuple[str, ...]) -> Acts:
    found = Acts(
        column=section.text("column", required="the column of dated acts"),
        state=section.text("state", required="the state that they bring"),
        at_least=section.number("at_least", 1.0),
        days=section.whole("days", 1, limit.DAYS),
    )
    if found.state and states and found.state not in states:
        section.wrong("state", f"`{found.state}` is none of these. {nearest(found.state, states)}")
    if found.days < 1:
        section.wrong("days", "an act is in force on its own day at least: 1 or more")
    if found.at_least <= 0:
        section.wrong("at_least", "must be more than zero: a day without an act has size 0")
    section.close()
    return found


def read_edges(root: Section, names: Sequence[str], complete: bool) -> tuple[Edge, ...]:
    """Every ``[[edges]]``; edges to unknown variables are reported and kept."""
    found: list[Edge] = []
    for section in root.sections("edges"):
        cause, effect = (_name(section, key, names) for key in ("cause", "effect"))
        lag = section.whole("lag", 0)
        if lag > 1:
            section.wrong("lag", f"must be 0 (the same day) or 1 (the day before), not {lag}")
        arrow = f"{cause or '?'} -> {effect or '?'}"
        because = _because(section, arrow, complete)
        if any((e.cause, e.effect, e.lag) == (cause, effect, lag) for e in found if cause):
            section.wrong("", f"{arrow} (lag {lag}) is given twice")
        section.close()
        found.append(Edge(cause, effect, lag, because))
    return tuple(found)


def read_confounded(root: Section, names: Sequence[str], complete: bool) -> tuple[Confounded, ...]:
    """Every ``[[confounded]]`` pair."""
    found: list[Confounded] = []
    for section in root.sections("confounded"):
        pair = section.texts("between")
        because = _because(section, " <-> ".join(pair) or "?", complete)
        section.close()
        for name in pair:
            if name not in names:
                section.wrong("between", unknown(name, names))
        if len(pair) != 2 or pair[0] == pair[1]:
            section.wrong("between", "must name two different variables")
            continue
        if any({c.one, c.other} == set(pair) for c in found):
            section.wrong("between", f"{pair[0]} <-> {pair[1]} is given twice")
        found.append(Confounded(pair[0], pair[1], because))
    return tuple(found)


def check_relations(
    section: Section, found: Iterable[Variable], arrows: Sequence[Edge], complete: bool
) -> None:
    """What a variable's kind asks of its causes: a rule needs alike ones, closing a calendar."""
    by_name = {v.name: v for v in found}
    for variable in by_name.values():
        here = section.section(variable.name)
        causes = [
            by_name[e.cause]
            for e in arrows
            if e.effect == variable.name and e.lag == 0 and e.cause in by_name
        ]
        if variable.rule:
            lagged = any(e.effect == variable.name and e.lag for e in arrows)
            _rule(here, variable, causes, lagged)
        closes = variable.measurement is not None and variable.measurement.closed
        has_calendar = any(c.measurement and c.measurement.calendar for c in causes)
        if complete and closes and not has_calendar:
            here.wrong("closed", "needs a same-day edge from a calendar variable")


def _rule(section: Section, variable: Variable, causes: list[Variable], lagged: bool) -> None:
    if not causes:
        section.wrong("rule", "needs at least one same-day cause (an edge with lag 0)")
    if lagged:
        section.wrong("rule", "takes same-day causes only; remove the edges with lag 1")
    if variable.measurement is not None or variable.start is not None:
        section.wrong("rule", f"takes none of {', '.join(MEASUREMENT)}, start")
    for cause in causes:
        if variable.states and cause.states and cause.states != variable.states:
            section.wrong("rule", f"its cause `{cause.name}` must have the same states")


def _name(section: Section, key: str, names: Sequence[str]) -> str:
    found = section.text(key, required="the name of a variable")
    if found.strip() and found not in names:
        section.wrong(key, unknown(found, names))
    return found


def _because(section: Section, arrow: str, complete: bool) -> str:
    why = f"say why {arrow}" if complete else ""
    return section.text("because", required=why, prose=True)


def unknown(name: str, names: Iterable[str]) -> str:
    """``there is no variable `wra`. Did you mean `war`?``"""
    return f"there is no variable `{name}`. {nearest(name, names)}"
