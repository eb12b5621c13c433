"""The result of a sweep: a row a scenario; as a table, a frame, a file, a heat map.

A row holds what is kept of an answer, plain numbers and words without the draws: that is what a
worker sends back, what a checkpoint stores, and what every form of the result shows.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal import file
from causal.answer.answer import answer_to_dict
from causal.answer.format import digit, share, signed, times
from causal.errors import CausalError, QueryError, nearest
from causal.graph.section import finite

if TYPE_CHECKING:
    import pandas as pd

    from causal.answer.answer import Answer
    from causal.query.scenarios.scenario import Scenario

FORMS = (".csv", ".json", ".parquet")
ABSENT = "-"
WORDS = ("name", "do", "given", "licensed_by", "effect", "computed", "thinnest_row", "problem")


@dataclass(frozen=True, slots=True)
class Row:
    """One scenario and its answer; None where there is no number, ``problem`` says why.

    ``low`` and ``high`` are the interval (of both bounds where the effect is only bounded: then
    ``probability`` is None, and ``least`` and ``most`` are the mean bounds).  The errors are
    Monte-Carlo errors of the means: what other draws would change.  ``licensed_by``, ``effect`` and
    ``computed`` are those of the claim; ``support_days`` and ``prior_share`` belong to
    ``thinnest_row``.  ``coordinates``: variable, as ``leverage`` or ``do(leverage)``, and its value
    in words; heat maps are laid out by them.
    """

    name: str
    do: str
    given: str
    probability: float | None = None
    low: float | None = None
    high: float | None = None
    base_rate: float | None = None
    risk_difference: float | None = None
    risk_difference_low: float | None = None
    risk_difference_high: float | None = None
    risk_ratio: float | None = None
    risk_ratio_low: float | None = None
    risk_ratio_high: float | None = None
    probability_error: float | None = None
    base_rate_error: float | None = None
    licensed_by: str = ""
    effect: str = ""
    computed: str = ""
    support_days: float | None = None
    prior_share: float | None = None
    thinnest_row: str = ""
    evidence_probability: float | None = None
    least: float | None = None
    most: float | None = None
    problem: str = ""
    coordinates: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The probability, the bounds, or a dash."""
        if self.probability is not None:
            return share(self.probability)
        if self.least is None:
            return ABSENT
        return f"{share(self.least)} to {share(self.most)}"


COLUMNS = tuple(f.name for f in fields(Row) if f.name != "coordinates")
ANSWERED = frozenset(COLUMNS) - {"name", "do", "given", "problem"}


@dataclass(frozen=True, slots=True)
class Sweep:
    """The rows of a sweep, in the order of its scenarios.

    ``question``: what all of them ask, with what holds in all; ``level``: of every interval;
    ``draws`` and ``seed``: of the posterior; ``model``: its name, and the first and last day of its
    data.  ``calendar``: which sessions the days have (see ``Answer``).
    """

    question: str
    rows: tuple[Row, ...]
    level: float
    draws: int
    seed: int | None = None
    model: Mapping[str, str | None] = field(default_factory=dict)
    calendar: str | None = None

    def row(self, name: str) -> Row:
        """The row of a scenario; raises QueryError with the nearest name."""
        for row in self.rows:
            if row.name == name:
                return row
        raise QueryError(
            f"There is no scenario `{name}`.",
            "A row is found by the name of its scenario.",
            nearest(name, (r.name for r in self.rows)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; a number that does not exist is None."""
        return {
            "question": self.question,
            "level": self.level,
            "draws": self.draws,
            "seed": self.seed,
            "calendar": self.calendar,
            "model": dict(self.model),
            "rows": [asdict(row) for row in self.rows],
        }

    def to_frame(self) -> pd.DataFrame:
        """A pandas frame, one row a scenario, columns as in a file; missing numbers are NaN."""
        import pandas as pd

        found = pd.DataFrame([self._cells(row) for row in self.rows], columns=list(COLUMNS))
        numbers = [c for c in COLUMNS if c not in WORDS]
        return found.astype(dict.fromkeys(numbers, "float64"))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write .csv, .json or .parquet, whole or not at all; returns the path.

        Probabilities are in [0, 1] and not rounded; a missing number is an empty cell, or null.
        Raises QueryError for another suffix or a place that cannot be written, CausalError when
        Parquet's library is not installed.
        """
        where = Path(path)
        file.replace(where, self._content(form(where)), QueryError)
        return where

    def _content(self, suffix: str) -> str | bytes:
        """The file's content: text, or bytes for Parquet."""
        if suffix == ".json":
            return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
        if suffix == ".csv":
            text = io.StringIO(newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(self._cells(row).values() for row in self.rows)
            return text.getvalue()
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = [(c, pa.string() if c in WORDS else pa.float64()) for c in COLUMNS]
        table = pa.Table.from_pylist([self._cells(r) for r in self.rows], schema=pa.schema(kinds))
        out = io.BytesIO()
        pq.write_table(table, out)
        return out.getvalue()

    @staticmethod
    def _cells(row: Row) -> dict[str, Any]:
        """A row by the names of its columns."""
        return {name: getattr(row, name) for name in COLUMNS}

    def heatmap(self, x: str, y: str, *, where: Mapping[str, str] | None = None) -> Heatmap:
        """The rows laid out by two variables: ``heatmap("leverage", "do(geopolitics)")``.

        ``where`` picks among other variables, ``{"bitcoin": "crash"}``.  A variable that is only
        done, or only seen, may be named without ``do(...)``.  Raises QueryError when a variable is
        in no scenario, or when several rows fall into one cell.
        """
        across, down = self.coordinate(x), self.coordinate(y)
        if across == down:
            raise QueryError(
                f"Both axes are `{across}`.", "A heat map has two.", "Name another variable."
            )
        picked = {self.coordinate(n): value for n, value in (where or {}).items()}
        cells: dict[tuple[str, str], Row] = {}
        for row in self.rows:
            at = row.coordinates
            if any(at.get(n, ABSENT) != value for n, value in picked.items()):
                continue
            key = (at.get(across, ABSENT), at.get(down, ABSENT))
            if key in cells:
                raise self._crowded(cells[key], row, (across, down, *picked))
            cells[key] = row
        if not cells:
            chosen = ", ".join(f"{n}={v}" for n, v in picked.items())
            raise QueryError(
                f"No scenario has {chosen}.", "The heat map would be empty.", "Pick other values."
            )
        columns, lines = (tuple(dict.fromkeys(key[i] for key in cells)) for i in (0, 1))
        fixed = dict(picked)
        for name in dict.fromkeys(n for row in cells.values() for n in row.coordinates):
            values = {row.coordinates.get(name, ABSENT) for row in cells.values()}
            if len(values) == 1 and name not in (across, down):
                fixed |= {name: values.pop()}
        return Heatmap(self.question, across, down, columns, lines, cells, fixed, self.level)

    def varying(self) -> list[str]:
        """The variables by which the scenarios differ, in the order in which they come."""
        names = dict.fromkeys(n for row in self.rows for n in row.coordinates)
        return [n for n in names if len({r.coordinates.get(n, ABSENT) for r in self.rows}) > 1]

    def coordinate(self, name: str) -> str:
        """The full name of a variable by which the scenarios differ: ``do(leverage)``."""
        known = list(dict.fromkeys(n for row in self.rows for n in row.coordinates))
        for candidate in (name, f"do({name})"):
            if candidate in known:
                return candidate
        raise QueryError(
            f"No scenario does or sees `{name}`.",
            "An axis is a variable of the scenarios.",
            nearest(name, known) if known else "Sweep over some variable.",
        )

    @staticmethod
    def _crowded(one: Row, other: Row, used: tuple[str, ...]) -> QueryError:
        """The error that two rows fall into one cell, naming what would tell them apart."""
        apart = [
            n
            for n in {**one.coordinates, **other.coordinates}
            if n not in used and one.coordinates.get(n) != other.coordinates.get(n)
        ]
        advice = f"Pick a value of {', '.join(apart)} with `where`." if apart else "Leave one out."
        return QueryError(
            f"`{one.name}` and `{other.name}` fall into the same cell.",
            "A cell shows one answer.",
            advice,
        )

    def __str__(self) -> str:
        lines = [self.question, *self.lines()]
        return "\n".join(lines)

    def lines(self) -> Iterator[str]:
        """The table as text: probability, interval, contrast and days behind it."""
        head = ("scenario", "probability", f"{self.level:.0%} interval", "risk difference")
        cells = [(*head, "ratio", "effect", "computed by", "days")]
        cells += [
            (
                row.name,
                row.text,
                ABSENT if row.low is None else f"{share(row.low)} to {share(row.high)}",
                signed(row.risk_difference),
                times(row.risk_ratio),
                row.effect or ABSENT,
                row.computed or ABSENT,
                ABSENT if row.support_days is None else f"{row.support_days:,.0f}",
            )
            for row in self.rows
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for line in cells:
            yield "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
        base = next((row.base_rate for row in self.rows if row.base_rate is not None), None)
        yield f"base rate {share(base)}"
        yield from self._noise()
        for row in self.rows:
            if row.problem:
                yield f"{row.name}: {row.problem}"

    def _noise(self) -> Iterator[str]:
        """A line where other draws would change a digit that is printed."""
        pairs = [(r.probability_error, r.probability) for r in self.rows]
        pairs += [(r.base_rate_error, r.base_rate) for r in self.rows]
        said = [e for e, value in pairs if e is not None and e >= digit(value or 0.0)]
        if said:
            most, draws = f"{max(said):.1g}", f"{self.draws:,} draws"
            yield f"Monte-Carlo error up to {most}: with {draws} the last digit is noise"


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Answers by two variables: ``cells`` under (column, line); ``where`` holds what is fixed."""

    question: str
    x: str
    y: str
    columns: tuple[str, ...]
    lines: tuple[str, ...]
    cells: Mapping[tuple[str, str], Row]
    where: Mapping[str, str]
    level: float


def form(path: str | os.PathLike[str]) -> str:
    """The suffix of a file of results; raises QueryError for one that cannot be written.

    Raises CausalError for Parquet where its library is not installed.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMS:
        raise QueryError(
            f"A sweep cannot be saved as `{Path(path).name}`.",
            "The suffix of the file says what to write.",
            "Use .csv, .json or .parquet.",
        )
    if suffix == ".parquet" and find_spec("pyarrow") is None:
        raise CausalError(
            "pyarrow is not installed.",
            "Parquet files are written by it; nothing was written.",
            'Install it with `pip install "causal-crash[data]"`, or save as .csv or .json.',
        )
    return suffix


def row(scenario: Scenario, found: Mapping[str, Any]) -> Row:
    """A scenario beside the fields of its answer (see ``answered``), or its ``problem`` alone."""
    do, given = (", ".join(map(str, part)) for part in (scenario.do, scenario.given))
    return Row(scenario.name, do, given, **found, coordinates=scenario.coordinates)


def answered(answer: Answer, level: float) -> dict[str, Any]:
    """The fields of a row, without the draws: what is kept of an answer, as plain JSON values."""
    found = answer_to_dict(answer, level)
    bounds, support = found.get("bounds", {}), answer.support
    return {
        "probability": found["probability"],
        "low": found["interval"]["low"],
        "high": found["interval"]["high"],
        "base_rate": found["base_rate"],
        **_estimate("risk_difference", found["risk_difference"]),
        **_estimate("risk_ratio", found["risk_ratio"]),
        "probability_error": found["monte_carlo_error"]["probability"],
        "base_rate_error": found["monte_carlo_error"]["base_rate"],
        "licensed_by": answer.claim.licensed_by,
        "effect": answer.claim.effect,
        "computed": answer.claim.computed,
        "support_days": found["support"]["days"],
        "prior_share": found["support"]["prior_share"],
        "thinnest_row": support.row if support else "",
        "evidence_probability": found["evidence_probability"],
        "least": bounds.get("low"),
        "most": bounds.get("high"),
    }


def _estimate(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """An estimate and its interval as three fields of a row."""
    return {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"]}


def sound(found: object) -> bool:
    """Whether these are the fields of an answer, or a problem alone: what one reads may be damaged.

    A number that does not exist is None.
    """
    if not isinstance(found, dict):
        return False
    if set(found) == {"problem"}:
        return isinstance(found["problem"], str)
    return set(found) == ANSWERED and all(
        isinstance(value, str) if name in WORDS else value is None or finite(value)
        for name, value in found.items()
    )
