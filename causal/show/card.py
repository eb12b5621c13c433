"""The card of a variable: its label, and its states with their probabilities as bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.graph.variable import Variable
from causal.show import palette
from causal.show.drawing import Drawing
from causal.show.markup import dot_string, html_block, html_cell, html_table, html_text
from causal.show.palette import WORDS

MARKS = {"persists": "↻", "worst": "=", "calendar": "◷", "assumed": "≈"}
LONG = 22
DASH = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Style:
    """Colours of a card, by its part in the question."""

    ring: str = palette.PAPER
    frame: str = palette.FRAME
    head: str = palette.HEAD
    head_ink: str = palette.INK
    fill: str = palette.PAPER
    bar: str = palette.AFTER


def style(drawing: Drawing, name: str) -> Style:
    """A do is ringed, evidence shaded, the event headed in blue; one card may be all three."""
    roles = drawing.roles(name)
    fill = palette.SEEN if "given" in roles else palette.PAPER
    if "do" in roles:
        ring = palette.EVENT if "event" in roles else palette.DO
        return Style(ring, palette.DO, palette.DO, palette.PAPER, fill, palette.DO)
    if "event" in roles:
        return Style(
            palette.PAPER, palette.EVENT, palette.EVENT, palette.PAPER, fill, palette.EVENT
        )
    if "given" in roles:
        return Style(
            palette.PAPER, palette.AFTER, palette.SEEN_HEAD, palette.INK, fill, palette.INK
        )
    return Style()


def card(drawing: Drawing, name: str, before: Array, after: Array, marks: dict[str, str]) -> str:
    """The DOT node of a variable.

    Every card has the same build whatever is asked, rings and all, so that the same story has the
    same layout under every question and two pictures can be laid side by side.  ``marks`` maps the
    small signs in the header (persistence, rule, calendar) to what hovering over them says.
    """
    variable = drawing.graph.variable(name)
    look = style(drawing, name)
    body = [
        line
        for row in _rows(drawing, variable, before, after)
        for line in _lines(drawing, row, look)
    ]
    inner = html_table(
        [
            _head(drawing, name, look, marks),
            html_cell(html_table(body), CELLPADDING=palette.MARGIN),
        ],
        BORDER=1,
        COLOR=look.frame,
        BGCOLOR=look.fill,
    )
    outer = html_table([html_cell(inner)], BORDER=2, COLOR=look.ring, CELLPADDING=1)
    why = f": {variable.why}" if variable.why else ""
    return f"[label=<{outer}> tooltip={dot_string(drawing.label(name) + why, readings=2)}]"


@dataclass(frozen=True, slots=True)
class _StateRow:
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


def _rows(drawing: Drawing, variable: Variable, before: Array, after: Array) -> list[_StateRow]:
    named = drawing.states(variable.name)
    labels = drawing.state_labels(variable)
    ends = drawing.bounds.get(variable.name, (after, after))
    rows = [
        _StateRow(label, float(b), (float(low), float(high)), state in named)
        for label, state, b, low, high in zip(labels, variable.states, before, *ends, strict=True)
    ]
    if len(rows) <= palette.MANY_STATES:
        return rows
    likeliest = np.argsort([-r.after[1] - r.named for r in rows], kind="stable")
    kept = set(likeliest[: palette.MANY_STATES - 1].tolist())
    rest = [r for i, r in enumerate(rows) if i not in kept]
    more = WORDS[drawing.lang]["more"].format(n=len(rest))
    low, high = (min(sum(r.after[side] for r in rest), 1.0) for side in (0, 1))
    summed = _StateRow(more, sum(r.before for r in rest), (low, high))
    return [*(r for i, r in enumerate(rows) if i in kept), summed]


def _lines(drawing: Drawing, row: _StateRow, look: Style) -> list[str]:
    """The table rows of a state: label and per cent, the bar after, the bar before."""
    words = WORDS[drawing.lang]
    ink = look.bar if row.named else palette.INK
    hover = (
        f"{row.label}: {words['before']} {card_percent(row.before, 1)}, "
        f"{words['after']} {_said(row, words['span'])}"
    )
    label = html_text(card_label(row.label), size=palette.TEXT_SIZE, colour=ink)
    size = palette.RANGE_SIZE if row.bounded else palette.TEXT_SIZE
    number = html_text(_number(row), size=size, colour=ink, bold=row.named)
    return [
        html_cell(label, ALIGN="LEFT", WIDTH=palette.BAR - palette.NUMBER, TOOLTIP=hover)
        + html_cell(number, ALIGN="RIGHT", WIDTH=palette.NUMBER, TOOLTIP=hover),
        html_cell(
            _bar(row.after, 4, look.bar if row.named else palette.AFTER), COLSPAN=2, ALIGN="LEFT"
        ),
        html_cell(_bar((row.before, row.before), 2, palette.BEFORE), COLSPAN=2, ALIGN="LEFT"),
        html_block(1, 2),
    ]


def _head(drawing: Drawing, name: str, look: Style, marks: dict[str, str]) -> str:
    label = html_text(
        card_label(drawing.label(name)), size=palette.HEAD_SIZE, colour=look.head_ink, bold=True
    )
    wide = palette.BAR + 2 * palette.MARGIN - palette.SIGN * len(marks)
    cells = html_block(palette.MARGIN, 15) + html_cell(
        label, ALIGN="LEFT", WIDTH=wide - 2 * palette.MARGIN
    )
    faint = look.head_ink if look.head_ink == palette.PAPER else palette.SOFT
    for mark, hover in marks.items():
        sign = html_text(MARKS[mark], size=palette.SMALL_SIZE, colour=faint)
        cells += html_cell(sign, WIDTH=palette.SIGN, TOOLTIP=hover)
    return html_cell(
        html_table([cells + html_block(palette.MARGIN, 15)]), BGCOLOR=look.head, ALIGN="LEFT"
    )


def _number(row: _StateRow) -> str:
    """``10%``, or ``3–97%`` where it is only bounded."""
    if not row.bounded:
        return card_percent(row.after[0])
    return f"{card_percent(row.after[0]).removesuffix('%')}{DASH}{card_percent(row.after[1])}"


def _said(row: _StateRow, span: str) -> str:
    """The same to a tenth, in words."""
    low, high = (card_percent(x, 1) for x in row.after)
    return span.format(low=low, high=high) if row.bounded else low


def _bar(shares: tuple[float, float], height: int, colour: str) -> str:
    """A bar from zero to a probability; between two of them dots, the same as in the legend."""
    low, high = (_points(x) for x in shares)
    if shares[0] < shares[1]:
        high = max(high, min(low + palette.DOT, palette.BAR))
        cells = (html_block(low, height) if low else "") + dotted(high - low, height, colour)
    else:
        cells = html_block(high, height, colour) if high else ""
    if high < palette.BAR:
        cells += html_block(palette.BAR - high, height)
    return html_table([cells], FIXEDSIZE="TRUE", WIDTH=palette.BAR, HEIGHT=height, ALIGN="LEFT")


def dotted(width: int, height: int, colour: str) -> str:
    """Dots and gaps along a width."""
    steps = range(0, width, palette.DOT)
    sizes = [
        (min(palette.DOT, width - at), colour if turn % 2 == 0 else None)
        for turn, at in enumerate(steps)
    ]
    return "".join(html_block(size, height, fill) for size, fill in sizes)


def _points(share: float) -> int:
    filled = round(min(max(share, 0.0), 1.0) * palette.BAR)
    return max(filled, 1) if share > 0.002 else filled


def card_percent(share: float, digits: int = 0) -> str:
    """A probability in per cent; what is not certain never reads as 0 % or 100 %."""
    least = 0.5 * 10 ** -(digits + 2)
    if 1e-12 < share < least:
        return f"<{10.0**-digits:.{digits}f}%"
    if 1 - least < share < 1 - 1e-12:
        return f">{100 - 10.0**-digits:.{digits}f}%"
    return f"{100 * share:.{digits}f}%"


def card_label(label: str) -> str:
    """A label cut to what a card holds."""
    return label if len(label) <= LONG else label[: LONG - 1] + "…"
