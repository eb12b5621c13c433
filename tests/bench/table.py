"""Rows of results, and the Markdown page that they are written into."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "performance.md"
START, END = "<!-- bench: {} -->", "<!-- end of {} -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One contest: seconds of ours and of each peer, and by how much the answers differed.

    ``goals``: how many times slower a peer should be; ``more``: further columns as text.
    """

    case: str
    ours: float
    peers: Mapping[str, float] = field(default_factory=dict)
    goals: Mapping[str, float] = field(default_factory=dict)
    difference: float | None = None
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Topic:
    """A table: what was measured, how, in which unit of work."""

    name: str
    title: str
    rows: tuple[Row, ...]
    how: str
    notes: tuple[str, ...] = ()


def seconds(value: float) -> str:
    """Three figures and a unit: ``217 ns``, ``5.50 us``, ``1.20 s``."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size:
            return f"{_three(value / size)} {unit}"
    return f"{_three(value / 1e-9)} ns"


def ratio(row: Row, peer: str) -> str:
    """How many times slower the peer was, beside the goal where there is one."""
    times = row.peers[peer] / row.ours
    text = f"{_three(times)}x"
    if peer in row.goals:
        goal = row.goals[peer]
        text += f" (goal {_three(goal)}x: {'reached' if times >= goal else '**missed**'})"
    elif times < 1:
        text = f"**{text}**"
    return text


def markdown(topic: Topic) -> str:
    """The topic as a section: how it was measured, the table, the notes."""
    peers = list(dict.fromkeys(p for row in topic.rows for p in row.peers))
    more = list(dict.fromkeys(m for row in topic.rows for m in row.more))
    differs = any(row.difference is not None for row in topic.rows)
    head = ["", "ours", *(h for p in peers for h in (p, "ratio")), *more]
    head += ["answers differ by"] if differs else []
    lines = [f"## {topic.title}", "", topic.how, "", _line(head), _line(["---"] * len(head))]
    for row in topic.rows:
        cells = [row.case, seconds(row.ours)]
        for peer in peers:
            there = peer in row.peers
            cells += [seconds(row.peers[peer]), ratio(row, peer)] if there else ["", ""]
        cells += [row.more.get(m, "") for m in more]
        if differs:
            cells.append("" if row.difference is None else f"{row.difference:.0e}")
        lines.append(_line(cells))
    lines += ["", *(f"* {note}" for note in topic.notes)]
    return "\n".join(lines).rstrip() + "\n"


def written(page: str, name: str, text: str) -> str:
    """The page with the part between the markers of ``name`` replaced, or added at the end."""
    start, end = START.format(name), END.format(name)
    part = f"{start}\n{text.strip()}\n{end}"
    if start in page:
        pattern = re.escape(start) + ".*?" + re.escape(end)
        return re.sub(pattern, lambda _: part, page, flags=re.DOTALL)
    return page.rstrip() + "\n\n" + part + "\n"


def write(out: Path, parts: Sequence[tuple[str, str]]) -> None:
    """Put every part between its markers in the file ``out``, which is made if it is not there."""
    page = out.read_text(encoding="utf-8") if out.is_file() else "# Performance\n"
    for name, text in parts:
        page = written(page, name, text)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")


def _three(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
