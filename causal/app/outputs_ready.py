"""What an output needs, checked before the work: suffix, library, folder, letters.

Every command that writes a file comes here first, so that minutes of work do not end in an error
that could have been told at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from causal import file
from causal.errors import ModelError, QueryError

if TYPE_CHECKING:
    from causal.graph.dag import CausalGraph

Kind = Literal["model", "table", "heat map", "diagram", "ladder", "tornado"]


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
    elif kind != "model":
        from causal.show.picture import picture_path

        picture_path(path, f"A {kind}", letters)
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
