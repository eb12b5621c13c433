"""Learnt priors and days by sub-block as plain values, and back.

``evidence``: of every table a list of sub-blocks, each [number, cell, days, cell, days, ...], cells
counted along the flattened table; gap days likewise, each [number, codes, codes, ...], a code one
character a cause, ``.`` where it is not known.  A sub-block is ten days without their order, so a
file tells which states came up in those days, and on none of them which.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, get_args

import numpy as np

from causal import limit
from causal.graph.dag import CausalGraph
from causal.graph.section import Section, finite
from causal.graph.variable import TableKind
from causal.graph.weighing import StartChoice
from causal.model.learnt.evidence import BlockCounts, DayCounts, GapDays
from causal.model.learnt.gaps import days_of_gaps, gap_axes
from causal.model.learnt.prior import LearntPrior, TablePrior
from causal.model.posterior import Counts, Piece

DIGITS = 9
ZERO, UNKNOWN = ord("0"), "."  # of a code as a character
FARTHEST = 10**6  # number of a sub-block, either way
NEAR = 1e-6  # days that may be missing between two sums


def prior_to_dict(prior: LearntPrior) -> dict[str, Any]:
    """A learnt prior as plain values."""
    return {
        "block": prior.block,
        "half_life": prior.half_life,
        "since": prior.since,
        "start": "stationary" if prior.stationary else "observed",
        "day": {n: _table(t) for n, t in prior.day.items()},
        "first": {n: _table(t) for n, t in prior.start.items()},
    }


def _table(found: TablePrior) -> dict[str, Any]:
    return {
        "table": found.kind,
        "strength": found.strength,
        **({"coefficients": list(found.coefficients)} if found.coefficients else {}),
    }


def prior_from_section(section: Section, graph: CausalGraph) -> LearntPrior:
    """The prior in a stored model; what is wrong is noted in the section."""
    names = [n for n in graph.names if not graph.variable(n).rule]
    day = _tables(section.section("day"), names)
    first = _tables(section.section("first"), names)
    for key in ("block", "half_life", "since", "start"):
        if not section.has(key):
            section.wrong(key, "missing")
    block = section.whole("block", 1, limit.DAYS)
    if block < 1:
        section.wrong("block", "must be one day at least")
    half_life = section.whole("half_life", 0, limit.DAYS)
    since = section.day("since")
    start = section.text("start", choices=get_args(StartChoice))
    found = LearntPrior(day, first, max(block, 1), half_life, since, start != "observed")
    slices: tuple[tuple[Piece, str], ...] = (("day", "day"), ("start", "first"))
    for piece, key in slices:
        for name, own in found.of(piece).items():
            want = 0
            if own.kind != "backoff":
                coding = found.design(graph, piece, name)
                want = coding.levels * coding.width
            if len(own.coefficients) != want:
                section.wrong(f"{key}.{name}", f"must have {want} coefficients")
    return found


def _tables(section: Section, names: list[str]) -> dict[str, TablePrior]:
    found = {}
    for name in names:
        inner = section.section(name)
        if not section.has(name):
            section.wrong(name, "missing: every table needs its prior")
        kind = inner.text("table", choices=get_args(TableKind)[1:]) or "backoff"
        numbers = inner.table.get("coefficients", [])
        inner.asked.add("coefficients")
        if not isinstance(numbers, list) or not all(map(finite, numbers)):
            inner.wrong("coefficients", "must be a list of finite numbers")
            numbers = []
        if not inner.has("strength"):
            inner.wrong("strength", "missing: every prior has one")
        strength = inner.strength("strength", 1.0)
        found[name] = TablePrior(kind, strength, tuple(map(float, numbers)))  # type: ignore[arg-type]
        inner.close()
    section.close()
    return found


def evidence_to_dict(evidence: DayCounts) -> dict[str, Any]:
    """Days by sub-block as plain values."""
    return {
        "length": evidence.length,
        "day": {n: _blocks(b) for n, b in evidence.day.items()},
        **({"first": {n: _blocks(b) for n, b in evidence.start.items()}} if evidence.start else {}),
        **({"gaps": [_gap(g) for g in evidence.gaps]} if evidence.gaps else {}),
    }


def _blocks(counts: BlockCounts) -> list[list[float]]:
    rows = zip(counts.block.tolist(), counts.cell.tolist(), counts.days.tolist(), strict=True)
    found = []
    for block, some in groupby(sorted(rows), key=lambda row: row[0]):
        line: list[float] = [block]
        for _, cell, days in some:
            line += [cell, int(days) if days == int(days) else round(days, DIGITS)]
        found.append(line)
    return found


def _gap(gap: GapDays) -> dict[str, Any]:
    rows = [
        (
            int(block),
            "".join(UNKNOWN if c < 0 else chr(ZERO + c) for c in codes),
            round(share, DIGITS),
        )
        for block, codes, share in zip(
            gap.block, gap.codes.tolist(), gap.share.tolist(), strict=True
        )
    ]
    blocks = []
    for block, some in groupby(rows, key=lambda row: row[0]):
        days = list(some)
        blocks.append([block, days[0][2], *(text for _, text, _ in days)])
    return {"variable": gap.variable, "given": list(gap.axes), "blocks": blocks}


def evidence_from_section(section: Section, graph: CausalGraph, counts: Counts) -> DayCounts:
    """The days by sub-block in a stored model; what is wrong is noted in the section."""
    length = section.whole("length", 0, limit.DAYS)
    if length < 1:
        section.wrong("length", "must be one day at least")
    found = {}
    slices: tuple[tuple[Piece, str], ...] = (("day", "day"), ("start", "first"))
    for piece, key in slices:
        inner = section.section(key)
        names = [n for n in graph.names if inner.has(n)]
        if piece == "day" and len(names) < sum(not graph.variable(n).rule for n in graph.names):
            inner.wrong("", "every table needs its days")
        shapes = {n: np.asarray(counts.of(piece).get(n, np.zeros(1))).size for n in names}
        found[piece] = {n: _read_blocks(inner, n, shapes[n]) for n in names}
        inner.asked.update(graph.names)
        inner.close()
    gaps = tuple(g for s in section.sections("gaps") if (g := _read_gap(s, graph)) is not None)
    evidence = DayCounts(max(length, 1), found["day"], found["start"], gaps)
    _add_up(section, graph, evidence, counts)
    section.close()
    return evidence


def _add_up(section: Section, graph: CausalGraph, evidence: DayCounts, counts: Counts) -> None:
    """Note where sub-blocks and gap days do not come to the counts."""
    more: dict[str, float] = {}
    for gap in evidence.gaps:
        for name, share in days_of_gaps(graph, gap).items():
            more[name] = more.get(name, 0.0) + share
    slices: tuple[Piece, ...] = ("day", "start")
    for piece in slices:
        for name, blocks in evidence.of(piece).items():
            told = blocks.total()
            days = np.asarray(counts.of(piece)[name], dtype=float).ravel()
            extra = more.get(name, 0.0) if piece == "day" else 0.0
            if len(told) != len(days):
                continue
            wrong = (told > days + NEAR) if extra else (np.abs(told - days) > NEAR)
            if wrong.any() or abs(told.sum() + extra - days.sum()) > NEAR * (1 + days.sum()):
                key = "day" if piece == "day" else "first"
                section.wrong(f"{key}.{name}", "the sub-blocks do not add up to the counts")


def _read_blocks(section: Section, name: str, cells: int) -> BlockCounts:
    section.asked.add(name)
    rows = section.table[name]
    block: list[int] = []
    cell: list[int] = []
    days: list[float] = []
    lines: list[list[Any]] = rows if isinstance(rows, list) else [[]]
    whole = all(_line(row) for row in lines)
    if whole:
        for row in lines:
            block += [row[0]] * (len(row) // 2)
            cell += row[1::2]
            days += row[2::2]
    if not whole or any(not 0 <= c < cells for c in cell) or any(d <= 0 for d in days):
        section.wrong(name, f"must be sub-blocks [number, cell, days, ...], cells below {cells}")
        return BlockCounts(cells, *(np.zeros(0, dtype=np.int64),) * 2, np.zeros(0))
    return BlockCounts(
        cells, np.array(block, np.int64), np.array(cell, np.int64), np.array(days, float)
    )


def _line(row: Any) -> bool:
    """Whether a value is [number, cell, days, cell, days, ...]."""
    if not isinstance(row, list) or len(row) % 2 == 0 or len(row) < 3:
        return False
    numbers = row[:1] + row[1::2]
    whole = all(isinstance(v, int) and not isinstance(v, bool) for v in numbers)
    return whole and abs(row[0]) <= FARTHEST and all(map(finite, row[2::2]))


def _read_gap(section: Section, graph: CausalGraph) -> GapDays | None:
    name = section.text("variable")
    if name not in graph.names or not graph.children(name):
        section.wrong("variable", f"`{name}` is no variable that acts on another")
        return None
    axes = gap_axes(graph, name)
    if section.texts("given") != axes:
        section.wrong("given", f"the story says {list(axes)}")
        return None
    section.asked.add("blocks")
    section.close()
    return _gap_days(section, graph, name, axes)


def _gap_days(
    section: Section, graph: CausalGraph, name: str, axes: tuple[str, ...]
) -> GapDays | None:
    """The days of one gap; None, and noted, where they are not what they should be."""
    sizes = [graph.size(a) for a in axes]
    block: list[int] = []
    codes: list[list[int]] = []
    share: list[float] = []
    rows = section.table.get("blocks")
    for row in rows if isinstance(rows, list) and rows else [None]:
        read = _codes(row, sizes)
        if not isinstance(row, list) or read is None:
            section.wrong("blocks", "must be sub-blocks [number, share, codes, ...] of its causes")
            return None
        block += [row[0]] * len(read)
        share += [float(row[1])] * len(read)
        codes += read
    found = np.array(codes, dtype=np.int8)
    return GapDays(name, axes, np.array(block, np.int64), found, np.array(share))


def _codes(row: Any, sizes: list[int]) -> list[list[int]] | None:
    """The codes of the days of a sub-block; None where they are not what they should be."""
    if not isinstance(row, list) or len(row) < 3 or isinstance(row[0], bool):
        return None
    good = isinstance(row[0], int) and abs(row[0]) <= FARTHEST and finite(row[1])
    texts = row[2:]
    if not good or not 0 < row[1] <= 1 or not all(isinstance(t, str) for t in texts):
        return None
    if any(len(t) != len(sizes) for t in texts):
        return None
    read = [[-1 if c == UNKNOWN else _code(c) for c in t] for t in texts]
    fits = all(c < s for code in read for c, s in zip(code, sizes, strict=True))
    return read if fits else None


def _code(letter: str) -> int:
    """The code that a character stands for; beyond all sizes where it stands for none."""
    return ord(letter) - ZERO if ord(letter) >= ZERO else FARTHEST
