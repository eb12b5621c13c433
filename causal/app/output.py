"""The one way out: whatever a command prints passes here (or ``console.Console``), as text.

Control characters are spelt out, so that nothing in a name, a path or an error message reaches the
terminal as an order.  Nothing here loads rich, and only ``say`` loads typer: ``--json`` does
without the one, and a plain question without both.

Every command that writes a file asks ``ready`` first, so that minutes of work do not end in an
error that could have been told at once: suffix, library, folder, letters.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from causal.text import CONTROL, LINES, controls, escaped, escaped_json

if TYPE_CHECKING:
    from causal.graph.dag import CausalGraph

Kind = Literal[
    "model",
    "table",
    "heat map",
    "diagram",
    "ladder",
    "tornado",
    "market",
    "gain curve",
    "panel",
    "reliability",
]


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text, which may have several lines, on stdout or stderr."""
    from typer import echo

    echo(escaped(text, LINES), err=err)


def json_text(record: dict[str, Any] | list[dict[str, Any]]) -> str:
    """JSON, pure of control characters; letters that standard output cannot show are escaped."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    return escaped_json(json.dumps(record, ensure_ascii=plain, allow_nan=False, indent=2))


def say_json(record: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Print JSON on stdout."""
    say(json_text(record))


def flush() -> None:
    """Write what is left to write; a reader that has gone away is no error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def shell_word(text: str) -> str:
    """A word as a shell reads it back: quoted, control characters as in ``$'\\x1b'``."""
    if not controls(text):
        return shlex.quote(text)
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + CONTROL.sub(lambda m: _octets(m[0]), plain) + "'"


def _octets(char: str) -> str:
    """A character as the octets that a file name holds, each spelt ``\\x9b``."""
    return "".join(f"\\x{octet:02x}" for octet in char.encode("utf-8", "surrogateescape"))


def ready(path: str | None, kind: Kind, letters: str = "") -> None:
    """Raise now what writing ``path`` would raise later; None asks for no output.

    ``letters``: what a picture will show, for the fonts of PNG and PDF.
    Raises QueryError (suffix, place), ModelError (place of a model), CausalError (library, font).
    """
    if path is None:
        return
    if kind == "table":
        from causal.sweep.result import form

        form(path)
    elif kind == "heat map":
        from causal.show.heatmap import heatmap_path

        heatmap_path(path)
    elif kind == "diagram":
        from causal.show.diagram import diagram_path

        diagram_path(path, letters)
    elif kind == "panel":
        from causal.data.panel import panel_path

        panel_path(path)
    elif kind != "model":
        from causal.show.picture import picture_path

        picture_path(path, f"A {kind}", letters)
    from causal import file
    from causal.errors import ModelError, QueryError

    file.writable(path, ModelError if kind == "model" else QueryError)


def shown_of(graph: CausalGraph, names: Iterable[str] | None = None, *, lang: str = "en") -> str:
    """The names, states and labels of variables as a picture shows them; of all, or of ``names``
    and what leads to them."""
    wanted = set(graph.names if names is None else names)
    found = 0
    while found < len(wanted):
        found = len(wanted)
        wanted |= {e.cause for e in graph.edges if e.effect in wanted}
    words = []
    for v in graph.variables:
        if v.name in wanted:
            chinese = lang == "zh"
            words += [v.name, v.label_zh if chinese and v.label_zh else v.label]
            words += v.states_zh if chinese and v.states_zh else v.states
    return " ".join(words)
