"""The heading of a diagram: the question as its title, and a legend of what occurs in it."""

from __future__ import annotations

import textwrap

from causal.show import palette as p
from causal.show.card import MARKS, dotted
from causal.show.edge import is_drawn, marks
from causal.show.markup import block, cell, table, text
from causal.show.palette import WORDS
from causal.show.scene import Scene

TITLE_WIDTH = 96
ROWS = 2
INDENT = 4  # points: Graphviz sets the label of the whole left of its cards


def heading(scene: Scene) -> str:
    """The question, and how much of a large graph is left out, as the label of the whole."""
    rows = [
        block(INDENT, 1) + cell(text(line, size=p.TITLE_SIZE, bold=True), ALIGN="LEFT")
        for line in textwrap.wrap(scene.title, TITLE_WIDTH) or [" "]
    ]
    missing = len(scene.graph.names) - len(scene.drawn)
    if missing:
        note = WORDS[scene.lang]["left_out"].format(n=missing, all=len(scene.graph.names))
        said = cell(text(note, size=p.TEXT_SIZE, colour=p.SOFT), ALIGN="LEFT")
        rows.append(block(INDENT, 1) + said)
    return table(rows)


def legend(scene: Scene) -> str:
    """What the signs mean, in as few columns as two rows need; only what occurs in the picture."""
    entries = _entries(scene)
    columns = max(1, -(-len(entries) // ROWS))
    rows = ["".join(entries[start : start + columns]) for start in range(0, len(entries), columns)]
    return table([*rows, block(1, 8)])


def _entries(scene: Scene) -> list[str]:
    """The table cells of every entry that this picture needs."""
    words = WORDS[scene.lang]
    drawn = set(scene.drawn)
    edges = [e for e in scene.graph.edges if {e.cause, e.effect} <= drawn]
    arrows = [e for e in edges if is_drawn(scene, e)]
    signs = {kind for name in scene.drawn for kind in marks(scene, name)}
    idle = p.IDLE if scene.asked else p.ARROW
    when = words["on_day"].format(day=scene.day) if scene.day else ""
    found = [
        (swatch(block(18, 4, p.AFTER)), words["after"] + when),
        (swatch(block(18, 2, p.BEFORE)), words["before"]),
    ]
    if scene.bounds:
        found.append((swatch(dotted(18, 4, p.AFTER)), words["bounded"]))
    if scene.done:
        kind = "do" if scene.done <= scene.replaced else "policy"
        found.append((swatch(ring(p.PAPER, p.DO, p.DO)), words[kind]))
    if scene.conditions:
        found.append((stroke([(5, p.DO), (3, None), (5, p.DO)], 1, p.DO), words["looks"]))
    if scene.seen:
        found.append((swatch(ring(p.SEEN, p.AFTER, p.PAPER)), words["given"]))
    if scene.asked:
        found.append((swatch(ring(p.EVENT, p.EVENT, p.PAPER)), words["event"]))
    if scene.active:
        found.append((stroke([(20, p.EVENT)], 2, p.EVENT), words["path"]))
    if any(e.lag == 0 for e in arrows):
        found.append(
            (stroke([(20, idle)], 1, idle), words["day" if scene.graph.persistent else "cause"])
        )
    if any(e.lag for e in arrows):
        dots = [(2, p.LAGGED), (3, None)] * 4
        found.append((stroke(dots, 1, p.LAGGED), words["lagged"]))
    if any({c.one, c.other} <= drawn for c in scene.graph.confounded):
        dashes = [(5, p.CONFOUNDED), (3, None), (5, p.CONFOUNDED)]
        found.append((stroke(dashes, 1, p.CONFOUNDED, both=True), words["confounded"]))
    for kind in ("persists", "calendar", "worst", "assumed"):
        if kind in signs:
            sign = text(MARKS[kind], size=p.TEXT_SIZE, colour=p.SOFT)
            found.append((cell(sign), words[kind]))
    return [_entry(symbol, word) for symbol, word in found]


def _entry(symbol: str, word: str) -> str:
    said = cell(text(word, size=p.SMALL_SIZE, colour=p.SOFT), ALIGN="LEFT")
    return cell(table([symbol + block(4, 13)]), ALIGN="LEFT") + said + block(10, 13)


def swatch(content: str) -> str:
    """A patch of colour as a cell of its own."""
    return cell(table([content]))


def ring(fill: str, frame: str, outer: str) -> str:
    """A small card: framed, filled, ringed."""
    inner = table([block(12, 6)], BORDER=1, COLOR=frame, BGCOLOR=fill)
    return cell(table([cell(inner)], BORDER=1, COLOR=outer, CELLPADDING=1))


def stroke(
    dashes: list[tuple[int, str | None]], height: int, colour: str, *, both: bool = False
) -> str:
    """A piece of arrow made of blocks, so that it needs no font to be right."""
    line = table(["".join(block(wide, height, fill) for wide, fill in dashes)])
    head = cell(text("▸", size=p.SMALL_SIZE, colour=colour))
    tail = cell(text("◂", size=p.SMALL_SIZE, colour=colour)) if both else ""
    return tail + cell(line) + head
