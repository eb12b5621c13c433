"""Graph and vectors -> DOT text: a pure function, the same text for the same question.

Left to right the picture follows the causes: same-day arrows set the ranks, so a variable stands
right of everything that acts on it within the day.  Colour, rings and shades follow the question;
sizes, order and ranks do not, so that the same story is laid out alike under every question.
"""

from __future__ import annotations

from collections.abc import Mapping

from causal.contract.array import Array
from causal.show import palette
from causal.show.card import card
from causal.show.drawing import Drawing
from causal.show.edge import arrow, condition_arrow, double_arrow, is_drawn, marks
from causal.show.legend import heading, legend
from causal.show.markup import dot_string, identifier


def draw(drawing: Drawing, before: Mapping[str, Array], after: Mapping[str, Array]) -> str:
    """DOT text of the drawing.

    ``before`` and ``after`` hold, for every variable of ``drawing.drawn``, the probability of each
    state without the question's do and evidence, and with them.
    """
    drawn = set(drawing.drawn)
    names = [n for n in drawing.graph.order if n in drawn]
    cards = [
        f"{identifier(n)} {card(drawing, n, before[n], after[n], marks(drawing, n))};"
        for n in names
    ]
    edges = [
        e for e in drawing.graph.edges if {e.cause, e.effect} <= drawn and is_drawn(drawing, e)
    ]
    pairs = [c for c in drawing.graph.confounded if {c.one, c.other} <= drawn]
    font, paper = dot_string(palette.FONT), dot_string(palette.PAPER)
    lines = [
        f"digraph {dot_string(drawing.graph.name)} {{",
        f"graph [rankdir=LR, nodesep=0.14, ranksep=0.22, pad=0.15, bgcolor={paper},",
        "  outputorder=edgesfirst,",
        f"  fontname={font}, labelloc=t, labeljust=l, tooltip={dot_string(drawing.title)}];",
        f"node [shape=plain, fontname={font}];",
        f"edge [arrowsize=0.55, fontname={font}];",
        f"label=<{heading(drawing)}>;",
        "subgraph cluster_story {",
        f"  pencolor={paper}; margin=0; tooltip={dot_string(drawing.title)};",
        f"  label=<{legend(drawing)}>;",
        *(f"  {line}" for line in cards),
        *(f"  {arrow(drawing, e)}" for e in edges),
        *(f"  {double_arrow(drawing, c)}" for c in pairs),
        *(f"  {condition_arrow(drawing, policy)}" for policy in drawing.conditions),
        "}",
        "}",
    ]
    return "\n".join(lines) + "\n"
