"""How many cases of a kind were answered, refused, and by which error; and what escaped."""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.kinds import KINDS
from tests.fuzz.verdict import ANSWERED, Escape, outcome


@dataclass(frozen=True)
class Tally:
    """Outcomes by name, and every escape with its sort and its text."""

    outcomes: Counter[str] = field(default_factory=Counter)
    escapes: tuple[tuple[str, str], ...] = ()

    @property
    def cases(self) -> int:
        return self.outcomes.total() + len(self.escapes)

    @property
    def answered(self) -> int:
        return self.outcomes[ANSWERED]


def counted(name: str, seeds: Iterable[int]) -> Tally:
    """What became of the cases of a kind; a warning counts as an escape."""
    kind = next(k for k in KINDS if k.name == name)
    outcomes: Counter[str] = Counter()
    escapes = []
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in seeds:
            try:
                outcomes[outcome(kind, seed, Path(folder))] += 1
            except Escape as escape:
                escapes.append((escape.sort, str(escape)))
    return Tally(outcomes, tuple(escapes))


def joined(one: Tally | None, other: Tally) -> Tally:
    """Both counts in one."""
    if one is None:
        return other
    return Tally(one.outcomes + other.outcomes, (*one.escapes, *other.escapes))


def table(found: Mapping[str, Tally]) -> str:
    """The counts as a Markdown table, a kind a row."""
    head = ("kind", "cases", "answered", "refused, by error", "escaped")
    lines = [head, ("---", "--:", "--:", "---", "--:")]
    for name, tally in found.items():
        refused = [(n, e) for e, n in tally.outcomes.items() if e != ANSWERED]
        told = ", ".join(f"{n:,} {e}" for n, e in sorted(refused, reverse=True))
        escaped = len(tally.escapes)
        lines.append((name, f"{tally.cases:,}", f"{tally.answered:,}", told, f"{escaped:,}"))
    cases = sum(tally.cases for tally in found.values())
    answered = sum(tally.answered for tally in found.values())
    escaped = sum(len(tally.escapes) for tally in found.values())
    refused = f"{cases - answered - escaped:,}"
    lines.append(("all", f"{cases:,}", f"{answered:,}", refused, f"{escaped:,}"))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
