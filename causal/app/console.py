"""The console that every table and every coloured line is printed on: text is text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from causal.text import LINES, escaped

NARROWEST, WIDEST = 40, 10_000  # columns: tables vanish on fewer, lines are padded on more


class Console(RichConsole):
    """Rich's console without its markup, emoji codes and guesses at colours.

    Control characters are spelt out, in strings before rich drops some of them, and once more in
    whatever is printed; only what rich itself adds (colours, the moves of a progress bar) is left.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(
            stderr=stderr, markup=False, emoji=False, highlight=False, _environ=_sized(os.environ)
        )

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(escaped(text, LINES), **how)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(escaped(segment.text, LINES), segment.style)


def _sized(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with a COLUMNS that can be printed on; 0, -5 and words say nothing."""
    found = dict(environment)
    columns = found.pop("COLUMNS", "").strip()
    if columns.isascii() and columns.isdigit() and (size := int(columns[:9])):
        found["COLUMNS"] = str(min(max(size, NARROWEST), WIDEST))
    if not (lines := found.get("LINES", "1")).isascii() or not lines.isdigit():
        found.pop("LINES")
    return found
