"""Moves: which variable's day is a move of a price, and in what units moves are alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from causal.errors import nearest
from causal.graph.section import Section
from causal.graph.variable import Variable


@dataclass(frozen=True, slots=True)
class Moves:
    """The section ``[moves]`` of a story: the price behind a variable.

    A day's move is ln(close_t / close_(t-1)) over the scale of the day before, which the steps
    ``scale`` make of the closes up to then.  Days are alike when ``variable`` and every variable of
    ``given`` are in the same state.  ``low`` is the column of the day's low; empty where there is
    none.
    """

    variable: str
    close: str
    low: str = ""
    given: tuple[str, ...] = ()
    scale: tuple[str, ...] = ()
    why: str = ""

    @property
    def cell(self) -> tuple[str, ...]:
        """The variables whose states say which moves are alike."""
        return (self.variable, *self.given)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the panel that hold the price."""
        return (self.close, self.low) if self.low else (self.close,)


def read_moves(root: Section, variables: Iterable[Variable], complete: bool) -> Moves | None:
    """The section ``[moves]``; None when the story has none.  Mistakes go to the section."""
    section = root.section("moves")
    if not root.has("moves"):
        return None
    names = [v.name for v in variables]
    found = Moves(
        variable=section.text("variable", required="the variable whose day's move it is"),
        close=section.text("close", required="the column of the daily close"),
        low=section.text("low"),
        given=section.texts("given"),
        scale=section.texts("scale"),
        why=section.text(
            "why", required="say why moves are scaled so" if complete else "", prose=True
        ),
    )
    section.close()
    for key, some in (("variable", (found.variable,)), ("given", found.given)):
        for name in some:
            if name and name not in names:
                section.wrong(key, f"there is no variable `{name}`. {nearest(name, names)}")
    if len(set(found.cell)) < len(found.cell):
        section.wrong("given", "names a variable twice, or the one whose move it is")
    if not found.scale:
        section.wrong(
            "scale", 'missing: steps on the close, as in ["logreturn", "ewma_vol 20", "delay 1"]'
        )
    return found


def moves_to_dict(moves: Moves) -> Mapping[str, Any]:
    """The section as plain values; what is default is left out."""
    parts = {
        "variable": moves.variable,
        "close": moves.close,
        "low": moves.low,
        "given": list(moves.given),
        "scale": list(moves.scale),
        "why": moves.why,
    }
    return {key: value for key, value in parts.items() if value}
