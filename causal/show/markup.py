"""Spelling for Graphviz: quoted strings, HTML-like text, tables of fixed cells."""

from __future__ import annotations

from html import escape

from causal.show.palette import INK
from causal.text import LINES, escaped


def xml(text: str) -> str:
    """Text as XML and HTML-like labels hold it: marks as entities, control characters spelt out."""
    return escape(escaped(text, LINES), quote=True)


def dot_string(text: str, *, readings: int = 1) -> str:
    r"""A DOT string that stands for exactly ``text``: no ``\N``, no entity, no quote slips through.

    Graphviz reads HTML entities in quoted strings and then backslash escapes, in the tooltip of a
    node two times over (``readings``).
    """
    text = escaped(text.replace("\n", " ").replace("\t", " ")).replace("&", "&amp;")
    return '"' + text.replace("\\", "\\" * 2**readings).replace('"', '\\"') + '"'


def identifier(name: str) -> str:
    r"""A DOT node identifier; a doubled backslash stays double there, which does no harm."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def html_text(content: str, *, size: float, colour: str = INK, bold: bool = False) -> str:
    """Escaped text in a font size and colour."""
    inner = xml(content) or " "
    if bold:
        inner = f"<B>{inner}</B>"
    return f'<FONT POINT-SIZE="{size:g}" COLOR="{colour}">{inner}</FONT>'


def html_table(rows: list[str], **attributes: str | int) -> str:
    """A table without borders or gaps unless ``attributes`` say otherwise."""
    merged = {"BORDER": 0, "CELLBORDER": 0, "CELLSPACING": 0, "CELLPADDING": 0} | attributes
    return f"<TABLE{_spelt(merged)}>{''.join(f'<TR>{r}</TR>' for r in rows)}</TABLE>"


def html_cell(content: str, **attributes: str | int) -> str:
    """One table cell holding ``content``."""
    return f"<TD{_spelt(attributes)}>{content}</TD>"


def html_block(width: int, height: int, colour: str | None = None) -> str:
    """A cell of exactly this size, filled or blank: the brick of bars and legends."""
    fill = {"BGCOLOR": colour} if colour else {}
    return html_cell("", FIXEDSIZE="TRUE", WIDTH=width, HEIGHT=height, **fill)


def _spelt(attributes: dict[str, str | int]) -> str:
    return "".join(f' {k}="{xml(str(v))}"' for k, v in attributes.items())
