"""How the command line fails: three parts on stderr, an exit status, never a traceback."""

from __future__ import annotations

import shutil
import textwrap
from contextlib import suppress
from pathlib import Path

from causal.app.output import say
from causal.errors import CausalError, SpecError
from causal.text import LINES, shown

WIDTH = 100
LABEL = 8


def quoting(error: Exception) -> Exception:
    """The same usage error; what it quotes of the command line is text."""
    if isinstance(message := getattr(error, "message", None), str):
        error.message = shown(message, LINES)  # type: ignore[attr-defined]
    return error


def tell(error: CausalError) -> None:
    """What happened, what it means, what to do, on stderr."""
    parts = [("error", error.what), ("", error.where), ("means", error.means), ("to do", error.do)]
    if isinstance(error, SpecError):
        parts += [("", f"- {problem}") for problem in error.listed]
    with suppress(OSError):  # where stderr takes nothing, the status still tells
        for label, text in parts:
            if text:
                say(_laid_out(label, text), err=True)


def _laid_out(label: str, text: str) -> str:
    margin = " " * LABEL
    if "\n" in text:
        return textwrap.indent(textwrap.dedent(text), margin)
    width = max(min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH), 40)
    lines = textwrap.wrap(text, width - LABEL, break_long_words=False, break_on_hyphens=False)
    first, *rest = lines or [""]
    return "\n".join([label.ljust(LABEL) + first, *(margin + line for line in rest)])


def defect(error: Exception) -> CausalError:
    """An error that nobody foresaw, with the place that it came from."""
    """An error that the program did not foresee, with the place that it came from."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = ""
    if trace is not None:
        place = f" ({Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno})"
    return CausalError(
        f"{type(error).__name__}: {error}{place}",
        "This is a defect of the program, not of your input.",
        "Please report it together with the command you ran.",
    )
