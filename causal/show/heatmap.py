"""The heat map of a sweep as SVG: a number and its interval in every cell, more on hover.

One hue from white to the blue of the event, so that lightness alone tells high from low; a cell
that is only bounded is hatched, one that cannot be is grey, and both say so in words.  A number
that rests on an assumption about unmeasured causes says so under its interval.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from causal import file
from causal.answer.format import share, signed
from causal.errors import QueryError
from causal.identify.claim import COMPUTED
from causal.show.markup import xml
from causal.show.palette import EVENT, FONT, FRAME, INK, PAPER, SEEN, SOFT
from causal.sweep.result import ABSENT, Heatmap, Row

CELL, LINE = (88.0, 190.0), 50.0  # narrowest and widest cell, height of a line
SIZE, SMALL, TITLE = 13.0, 10.0, 15.0
LETTER = 0.56  # width of a letter as a share of its size
EDGE = 24.0
KEY = 150.0
FAINT, FULL = 0.06, 0.72  # shares of the event's blue
ASSUMED = "assumed"
LETTERS = 24  # of a label on a line


def save_heatmap(found: Heatmap, path: str | os.PathLike[str]) -> Path:
    """Write the picture as .svg, whole or not at all; returns the path.  Raises QueryError."""
    where = heatmap_path(path)
    file.replace(where, svg(found), QueryError)
    return where


def heatmap_path(path: str | os.PathLike[str]) -> Path:
    """The path; raises QueryError unless it ends in .svg."""
    where = Path(path)
    if where.suffix.lower() != ".svg":
        raise QueryError(
            f"A heat map cannot be saved as `{where.name}`.",
            "It is drawn as SVG, which shows every interval on hover and prints at any size.",
            "Use .svg.",
        )
    return where


def svg(found: Heatmap) -> str:
    """The picture as text."""
    columns = [_wrapped(_said(found.x, c)) for c in found.columns]
    lines = [_wrapped(_said(found.y, c)) for c in found.lines]
    widest = max(len(part) for label in columns for part in label)
    cell = min(max(CELL[0], widest * LETTER * SIZE + 14), CELL[1])
    beside = max(len(part) for label in lines for part in label) * LETTER * SIZE + 14
    left = EDGE + 20 + beside
    head = [found.question, *_conditions(found)]
    top = EDGE + 22 * len(head) + 14
    below = top + LINE * len(lines)
    under = 17 * max(map(len, columns))
    right = left + cell * len(columns)
    width = max(right, EDGE + max(map(len, head)) * LETTER * TITLE, left + KEY + 190) + EDGE
    height = below + under + 34 + 46 + EDGE
    parts = [_opening(width, height, found)]
    for place, text in enumerate(head):
        size, weight = (TITLE, "bold") if place == 0 else (SIZE, "normal")
        parts.append(_text(text, EDGE, EDGE + 14 + 22 * place, size, "start", weight=weight))
    ends = _ends(found)
    for i, column in enumerate(found.columns):
        for j, line in enumerate(found.lines):
            row = found.cells.get((column, line))
            parts.append(_cell(row, (left + i * cell, top + j * LINE, cell), ends, found.level))
    for i, label in enumerate(columns):
        for k, part in enumerate(label):
            parts.append(_text(part, left + (i + 0.5) * cell, below + 18 + 17 * k, SIZE))
    for j, label in enumerate(lines):
        first = top + (j + 0.5) * LINE + 4.5 - 8.5 * (len(label) - 1)
        for k, part in enumerate(label):
            parts.append(_text(part, left - 8, first + 17 * k, SIZE, "end"))
    middle = (top + below) / 2
    parts.append(
        _text(found.x, left + cell * len(columns) / 2, below + under + 22, SIZE, weight="bold")
    )
    turned = f'<g transform="rotate(-90 {EDGE + 8:.1f} {middle:.1f})">'
    parts += [turned, _text(found.y, EDGE + 8, middle, SIZE, weight="bold"), "</g>"]
    parts += _key(left, below + under + 44, ends, found)
    return "\n".join([*parts, "</svg>", ""])


def _opening(width: float, height: float, found: Heatmap) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{xml(FONT)}">\n'
        f"<title>{xml(found.question)} by {xml(found.x)} and {xml(found.y)}</title>\n"
        '<defs><pattern id="bounded" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="8" height="8" fill="{PAPER}"/>'
        f'<rect width="1.2" height="8" fill="{SEEN}"/></pattern></defs>\n'
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{PAPER}"/>'
    )


def _conditions(found: Heatmap) -> list[str]:
    """What is fixed in all cells, and the base rate, each as a line."""
    fixed = ", ".join(f"{n}={v}" for n, v in found.where.items())
    base = next((r.base_rate for r in found.cells.values() if r.base_rate is not None), None)
    lines = [f"where {fixed}"] if fixed else []
    return [*lines, f"base rate {share(base)}; under each number its {found.level:.0%} interval"]


def _ends(found: Heatmap) -> tuple[float, float]:
    """The least and the greatest probability shown."""
    values = [r.probability for r in found.cells.values() if r.probability is not None]
    return (min(values), max(values)) if values else (0.0, 1.0)


def _cell(
    row: Row | None, box: tuple[float, float, float], ends: tuple[float, float], level: float
) -> str:
    x, y, width = box
    fill = SEEN
    lines = [(ABSENT, SIZE, "normal")]
    if row is not None and row.probability is not None:
        fill = _blend(_shade(row.probability, ends))
        lines = [(row.text, SIZE, "bold"), (_interval(row), SMALL, "normal")]
        lines += [(ASSUMED, SMALL, "normal")] if row.licensed_by == ASSUMED else []
    elif row is not None and row.least is not None:
        fill = "url(#bounded)"
        lines = [(row.text, SIZE - 1, "bold"), ("bounds", SMALL, "normal")]
    elif row is not None:
        lines = [("cannot be", SMALL, "normal")]
    middle, step = y + LINE / 2 + (4.5, -2, -8)[len(lines) - 1], (16, 16, 13)[len(lines) - 1]
    texts = "".join(
        _text(text, x + width / 2, middle + step * k, size, weight=weight)
        for k, (text, size, weight) in enumerate(lines)
    )
    frame = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{LINE:.1f}"'
    title = f"<title>{xml(_hover(row, level))}</title>" if row is not None else ""
    return f'<g>{title}<rect {frame} fill="{fill}" stroke="{PAPER}" stroke-width="2"/>{texts}</g>'


def _interval(row: Row) -> str:
    if row.low == row.high:
        return ""
    return f"{share(row.low)} to {share(row.high)}"


def _hover(row: Row, level: float) -> str:
    lines = [row.name]
    if row.problem:
        return "\n".join([*lines, row.problem])
    lines.append(f"{row.text}, {level:.0%} interval {share(row.low)} to {share(row.high)}")
    if row.risk_difference is not None:
        low, high = signed(row.risk_difference_low), signed(row.risk_difference_high)
        lines.append(f"risk difference {signed(row.risk_difference)} ({low} to {high})")
    lines.append(f"licensed by: {row.effect}")
    if row.computed == "tables":
        lines.append(f"computed by: {COMPUTED[row.computed]}")
    if row.support_days is not None:
        lines.append(f"{row.support_days:,.0f} days behind the thinnest row ({row.thinnest_row})")
    return "\n".join(lines)


def _key(x: float, y: float, ends: tuple[float, float], found: Heatmap) -> Iterator[str]:
    """The scale, from the least number shown to the greatest."""
    if all(r.probability is None for r in found.cells.values()):
        return
    low, high = ends
    steps = 30 if high > low else 1
    for i in range(steps):
        fill = _blend(i / (steps - 1) if steps > 1 else 0.5)
        at, width = x + i * KEY / steps, KEY / steps + 0.5
        yield f'<rect x="{at:.1f}" y="{y:.1f}" width="{width:.1f}" height="12" fill="{fill}"/>'
    yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{KEY}" height="12" fill="none" stroke="{FRAME}"/>'
    yield _text(share(low), x, y + 27, SMALL, "start", colour=SOFT)
    yield _text(share(high), x + KEY, y + 27, SMALL, "end", colour=SOFT)
    yield _text("probability of the event", x + KEY + 10, y + 10, SMALL, "start", colour=SOFT)


def _shade(value: float, ends: tuple[float, float]) -> float:
    low, high = ends
    return (value - low) / (high - low) if high > low else 0.5


def _blend(shade: float) -> str:
    """From nearly white towards the event's blue, as far as dark letters can be read on it."""
    shade = FAINT + (FULL - FAINT) * shade
    pairs = [(int(PAPER[i : i + 2], 16), int(EVENT[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * shade):02X}" for a, b in pairs)


def _said(axis: str, value: str) -> str:
    if value != ABSENT:
        return value
    return "left alone" if axis.startswith("do(") else "not seen"


def _wrapped(label: str) -> Sequence[str]:
    """The label in lines, broken at spaces."""
    lines = [""]
    for word in label.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= LETTERS:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _text(
    text: str,
    x: float,
    y: float,
    size: float,
    anchor: str = "middle",
    *,
    colour: str = INK,
    weight: str = "normal",
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"'
    return f'<text {place} font-weight="{weight}" fill="{colour}">{xml(text)}</text>'
