"""Graph and vectors -> DOT text: a pure function, the same text for the same question.

Left to right the picture follows the causes: same-day arrows set the ranks, so a variable stands
right of everything that acts on it within the day.  Colour, rings and shades follow the question;
sizes, order and ranks do not, so that the same story is laid out alike under every question.
"""

from __future__ import annotations

from collections.abc import Mapping

from causal.contract.array import Array
from causal.show import palette as p
from causal.show.card import card
from causal.show.edge import arrow, condition_arrow, double_arrow, is_drawn, marks
from causal.show.legend import heading, legend
from causal.show.markup import identifier, quoted
from causal.show.scene import Scene


def draw(scene: Scene, before: Mapping[str, Array], after: Mapping[str, Array]) -> str:
    """DOT text of the scene.

    ``before`` and ``after`` hold, for every variable of ``scene.drawn``, the probability of each
    state without the question's do and evidence, and with them.
    """
    drawn = set(scene.drawn)
    names = [n for n in scene.graph.order if n in drawn]
    cards = [
        f"{identifier(n)} {card(scene, n, before[n], after[n], marks(scene, n))};" for n in names
    ]
    edges = [e for e in scene.graph.edges if {e.cause, e.effect} <= drawn and is_drawn(scene, e)]
    pairs = [c for c in scene.graph.confounded if {c.one, c.other} <= drawn]
    font, paper = quoted(p.FONT), quoted(p.PAPER)
    lines = [
        f"digraph {quoted(scene.graph.name)} {{",
        f"graph [rankdir=LR, nodesep=0.14, ranksep=0.22, pad=0.15, bgcolor={paper},",
        "  outputorder=edgesfirst,",
        f"  fontname={font}, labelloc=t, labeljust=l, tooltip={quoted(scene.title)}];",
        f"node [shape=plain, fontname={font}];",
        f"edge [arrowsize=0.55, fontname={font}];",
        f"label=<{heading(scene)}>;",
        "subgraph cluster_story {",
        f"  pencolor={paper}; margin=0; tooltip={quoted(scene.title)};",
        f"  label=<{legend(scene)}>;",
        *(f"  {line}" for line in cards),
        *(f"  {arrow(scene, e)}" for e in edges),
        *(f"  {double_arrow(scene, c)}" for c in pairs),
        *(f"  {condition_arrow(scene, policy)}" for policy in scene.conditions),
        "}",
        "}",
    ]
    return "\n".join(lines) + "\n"
