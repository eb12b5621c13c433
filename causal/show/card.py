"""The card of a variable: its label, and its states with their probabilities as bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.graph.variable import Variable
from causal.show import palette as p
from causal.show.markup import block, cell, quoted, table, text
from causal.show.palette import WORDS
from causal.show.scene import Scene

MARKS = {"persists": "↻", "worst": "=", "calendar": "◷", "assumed": "≈"}
LONG = 22
DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Style:
    """Colours of a card, by its part in the question."""

    ring: str = p.PAPER
    frame: str = p.FRAME
    head: str = p.HEAD
    head_ink: str = p.INK
    fill: str = p.PAPER
    bar: str = p.AFTER


def style(scene: Scene, name: str) -> Style:
    """A do is ringed, evidence shaded, the event headed in blue; one card may be all three."""
    roles = scene.roles(name)
    fill = p.SEEN if "given" in roles else p.PAPER
    if "do" in roles:
        ring = p.EVENT if "event" in roles else p.DO
        return Style(ring, p.DO, p.DO, p.PAPER, fill, p.DO)
    if "event" in roles:
        return Style(p.PAPER, p.EVENT, p.EVENT, p.PAPER, fill, p.EVENT)
    if "given" in roles:
        return Style(p.PAPER, p.AFTER, p.SEEN_HEAD, p.INK, fill, p.INK)
    return Style()


def card(scene: Scene, name: str, before: Array, after: Array, marks: dict[str, str]) -> str:
    """The DOT node of a variable.

    Every card has the same build whatever is asked, rings and all, so that the same story has the
    same layout under every question and two pictures can be laid side by side.  ``marks`` maps the
    small signs in the header (persistence, rule, calendar) to what hovering over them says.
    """
    variable = scene.graph.variable(name)
    look = style(scene, name)
    body = [
        line for row in _rows(scene, variable, before, after) for line in _lines(scene, row, look)
    ]
    inner = table(
        [_head(scene, name, look, marks), cell(table(body), CELLPADDING=p.MARGIN)],
        BORDER=1,
        COLOR=look.frame,
        BGCOLOR=look.fill,
    )
    outer = table([cell(inner)], BORDER=2, COLOR=look.ring, CELLPADDING=1)
    why = f": {variable.why}" if variable.why else ""
    return f"[label=<{outer}> tooltip={quoted(scene.label(name) + why, readings=2)}]"


@dataclass(frozen=True, slots=True)
class Row:
    """One state: its label, its probability before and after, and whether the question names it.

    ``after`` is the same number twice, or the least and the greatest it may be.
    """

    label: str
    before: float
    after: tuple[float, float]
    named: bool = False

    @property
    def bounded(self) -> bool:
        return self.after[0] < self.after[1]


def _rows(scene: Scene, variable: Variable, before: Array, after: Array) -> list[Row]:
    named = scene.states(variable.name)
    labels = scene.state_labels(variable)
    ends = scene.bounds.get(variable.name, (after, after))
    rows = [
        Row(label, float(b), (float(low), float(high)), state in named)
        for label, state, b, low, high in zip(labels, variable.states, before, *ends, strict=True)
    ]
    if len(rows) <= p.MANY_STATES:
        return rows
    likeliest = np.argsort([-r.after[1] - r.named for r in rows], kind="stable")
    kept = set(likeliest[: p.MANY_STATES - 1].tolist())
    rest = [r for i, r in enumerate(rows) if i not in kept]
    more = WORDS[scene.lang]["more"].format(n=len(rest))
    low, high = (min(sum(r.after[side] for r in rest), 1.0) for side in (0, 1))
    summed = Row(more, sum(r.before for r in rest), (low, high))
    return [*(r for i, r in enumerate(rows) if i in kept), summed]


def _lines(scene: Scene, row: Row, look: Style) -> list[str]:
    """The table rows of a state: label and per cent, the bar after, the bar before."""
    words = WORDS[scene.lang]
    ink = look.bar if row.named else p.INK
    hover = (
        f"{row.label}: {words['before']} {percent(row.before, 1)}, "
        f"{words['after']} {_said(row, words['span'])}"
    )
    label = text(shortened(row.label), size=p.TEXT_SIZE, colour=ink)
    size = p.RANGE_SIZE if row.bounded else p.TEXT_SIZE
    number = text(_number(row), size=size, colour=ink, bold=row.named)
    return [
        cell(label, ALIGN="LEFT", WIDTH=p.BAR - p.NUMBER, TOOLTIP=hover)
        + cell(number, ALIGN="RIGHT", WIDTH=p.NUMBER, TOOLTIP=hover),
        cell(_bar(row.after, 4, look.bar if row.named else p.AFTER), COLSPAN=2, ALIGN="LEFT"),
        cell(_bar((row.before, row.before), 2, p.BEFORE), COLSPAN=2, ALIGN="LEFT"),
        block(1, 2),
    ]


def _head(scene: Scene, name: str, look: Style, marks: dict[str, str]) -> str:
    label = text(shortened(scene.label(name)), size=p.HEAD_SIZE, colour=look.head_ink, bold=True)
    wide = p.BAR + 2 * p.MARGIN - p.SIGN * len(marks)
    cells = block(p.MARGIN, 15) + cell(label, ALIGN="LEFT", WIDTH=wide - 2 * p.MARGIN)
    faint = look.head_ink if look.head_ink == p.PAPER else p.SOFT
    for mark, hover in marks.items():
        sign = text(MARKS[mark], size=p.SMALL_SIZE, colour=faint)
        cells += cell(sign, WIDTH=p.SIGN, TOOLTIP=hover)
    return cell(table([cells + block(p.MARGIN, 15)]), BGCOLOR=look.head, ALIGN="LEFT")


def _number(row: Row) -> str:
    """``10%``, or ``3–97%`` where it is only bounded."""
    if not row.bounded:
        return percent(row.after[0])
    return f"{percent(row.after[0]).removesuffix('%')}{DASH}{percent(row.after[1])}"


def _said(row: Row, span: str) -> str:
    """The same to a tenth, in words."""
    low, high = (percent(x, 1) for x in row.after)
    return span.format(low=low, high=high) if row.bounded else low


def _bar(shares: tuple[float, float], height: int, colour: str) -> str:
    """A bar from zero to a probability; between two of them dots, the same as in the legend."""
    low, high = (_points(x) for x in shares)
    if shares[0] < shares[1]:
        high = max(high, min(low + p.DOT, p.BAR))
        cells = (block(low, height) if low else "") + dotted(high - low, height, colour)
    else:
        cells = block(high, height, colour) if high else ""
    if high < p.BAR:
        cells += block(p.BAR - high, height)
    return table([cells], FIXEDSIZE="TRUE", WIDTH=p.BAR, HEIGHT=height, ALIGN="LEFT")


def dotted(width: int, height: int, colour: str) -> str:
    """Dots and gaps along a width."""
    steps = range(0, width, p.DOT)
    sizes = [
        (min(p.DOT, width - at), colour if turn % 2 == 0 else None) for turn, at in enumerate(steps)
    ]
    return "".join(block(size, height, fill) for size, fill in sizes)


def _points(share: float) -> int:
    filled = round(min(max(share, 0.0), 1.0) * p.BAR)
    return max(filled, 1) if share > 0.002 else filled


def percent(share: float, digits: int = 0) -> str:
    """A probability in per cent; what is not certain never reads as 0 % or 100 %."""
    least = 0.5 * 10 ** -(digits + 2)
    if 1e-12 < share < least:
        return f"<{10.0**-digits:.{digits}f}%"
    if 1 - least < share < 1 - 1e-12:
        return f">{100 - 10.0**-digits:.{digits}f}%"
    return f"{100 * share:.{digits}f}%"


def shortened(label: str) -> str:
    """A label cut to what a card holds."""
    return label if len(label) <= LONG else label[: LONG - 1] + "…"
