"""The heading of a diagram: the question as its title, and a legend of what occurs in it."""

from __future__ import annotations

import textwrap

from causal.show import palette
from causal.show.card import MARKS, dotted
from causal.show.drawing import Drawing
from causal.show.edge import is_drawn, marks
from causal.show.markup import html_block, html_cell, html_table, html_text
from causal.show.palette import WORDS

TITLE_WIDTH = 96
ROWS = 2
INDENT = 4  # points: Graphviz sets the label of the whole left of its cards


def heading(drawing: Drawing) -> str:
    """The question, and how much of a large graph is left out, as the label of the whole."""
    rows = [
        html_block(INDENT, 1)
        + html_cell(html_text(line, size=palette.TITLE_SIZE, bold=True), ALIGN="LEFT")
        for line in textwrap.wrap(drawing.title, TITLE_WIDTH) or [" "]
    ]
    missing = len(drawing.graph.names) - len(drawing.drawn)
    if missing:
        note = WORDS[drawing.lang]["left_out"].format(n=missing, all=len(drawing.graph.names))
        said = html_cell(html_text(note, size=palette.TEXT_SIZE, colour=palette.SOFT), ALIGN="LEFT")
        rows.append(html_block(INDENT, 1) + said)
    return html_table(rows)


def legend(drawing: Drawing) -> str:
    """What the signs mean, in as few columns as two rows need; only what occurs in the picture."""
    entries = _entries(drawing)
    columns = max(1, -(-len(entries) // ROWS))
    rows = ["".join(entries[start : start + columns]) for start in range(0, len(entries), columns)]
    return html_table([*rows, html_block(1, 8)])


def _entries(drawing: Drawing) -> list[str]:
    """The table cells of every entry that this picture needs."""
    words = WORDS[drawing.lang]
    drawn = set(drawing.drawn)
    edges = [e for e in drawing.graph.edges if {e.cause, e.effect} <= drawn]
    arrows = [e for e in edges if is_drawn(drawing, e)]
    signs = {kind for name in drawing.drawn for kind in marks(drawing, name)}
    idle = palette.IDLE if drawing.asked else palette.ARROW
    when = words["on_day"].format(day=drawing.day) if drawing.day else ""
    found = [
        (swatch(html_block(18, 4, palette.AFTER)), words["after"] + when),
        (swatch(html_block(18, 2, palette.BEFORE)), words["before"]),
    ]
    if drawing.bounds:
        found.append((swatch(dotted(18, 4, palette.AFTER)), words["bounded"]))
    if drawing.done:
        kind = "do" if drawing.done <= drawing.replaced else "policy"
        found.append((swatch(ring(palette.PAPER, palette.DO, palette.DO)), words[kind]))
    if drawing.conditions:
        found.append(
            (stroke([(5, palette.DO), (3, None), (5, palette.DO)], 1, palette.DO), words["looks"])
        )
    if drawing.seen:
        found.append((swatch(ring(palette.SEEN, palette.AFTER, palette.PAPER)), words["given"]))
    if drawing.asked:
        found.append((swatch(ring(palette.EVENT, palette.EVENT, palette.PAPER)), words["event"]))
    if drawing.active:
        found.append((stroke([(20, palette.EVENT)], 2, palette.EVENT), words["path"]))
    if any(e.lag == 0 for e in arrows):
        found.append(
            (stroke([(20, idle)], 1, idle), words["day" if drawing.graph.persistent else "cause"])
        )
    if any(e.lag for e in arrows):
        dots = [(2, palette.LAGGED), (3, None)] * 4
        found.append((stroke(dots, 1, palette.LAGGED), words["lagged"]))
    if any({c.one, c.other} <= drawn for c in drawing.graph.confounded):
        dashes = [(5, palette.CONFOUNDED), (3, None), (5, palette.CONFOUNDED)]
        found.append((stroke(dashes, 1, palette.CONFOUNDED, both=True), words["confounded"]))
    for kind in ("persists", "calendar", "worst", "assumed"):
        if kind in signs:
            sign = html_text(MARKS[kind], size=palette.TEXT_SIZE, colour=palette.SOFT)
            found.append((html_cell(sign), words[kind]))
    return [_entry(symbol, word) for symbol, word in found]


def _entry(symbol: str, word: str) -> str:
    said = html_cell(html_text(word, size=palette.SMALL_SIZE, colour=palette.SOFT), ALIGN="LEFT")
    return (
        html_cell(html_table([symbol + html_block(4, 13)]), ALIGN="LEFT")
        + said
        + html_block(10, 13)
    )


def swatch(content: str) -> str:
    """A patch of colour as a cell of its own."""
    return html_cell(html_table([content]))


def ring(fill: str, frame: str, outer: str) -> str:
    """A small card: framed, filled, ringed."""
    inner = html_table([html_block(12, 6)], BORDER=1, COLOR=frame, BGCOLOR=fill)
    return html_cell(html_table([html_cell(inner)], BORDER=1, COLOR=outer, CELLPADDING=1))


def stroke(
    dashes: list[tuple[int, str | None]], height: int, colour: str, *, both: bool = False
) -> str:
    """A piece of arrow made of blocks, so that it needs no font to be right."""
    line = html_table(["".join(html_block(wide, height, fill) for wide, fill in dashes)])
    head = html_cell(html_text("▸", size=palette.SMALL_SIZE, colour=colour))
    tail = html_cell(html_text("◂", size=palette.SMALL_SIZE, colour=colour)) if both else ""
    return tail + html_cell(line) + head
