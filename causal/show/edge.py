"""The arrows of a diagram, and the marks that stand for arrows not worth their ink."""

from __future__ import annotations

from causal.graph.variable import Confounded, Edge
from causal.query.intervention import Policy
from causal.show import palette as p
from causal.show.markup import identifier, quoted
from causal.show.palette import WORDS
from causal.show.scene import Scene, is_calendar


def arrow(scene: Scene, edge: Edge) -> str:
    """The DOT edge of a cause acting on its effect, its reason as the tooltip.

    Same-day arrows are solid and set the ranks; arrows to the next day are dotted and light and
    leave the ranks alone.  An arrow on an active path is blue and thicker.  A cut arrow is broken:
    the colour list leaves a gap in the middle of the line, and it ends in a bar.
    """
    active = (edge.cause, edge.effect, edge.lag) in scene.active
    kind = "cut" if scene.is_cut(edge) else "active" if active else "plain"
    wide = {"cut": 1.6, "active": 2.2 if edge.lag == 0 else 1.4, "plain": 1.0}[kind]
    idle = p.IDLE if scene.asked else p.ARROW
    colour = {"cut": severed(p.DO), "active": p.EVENT, "plain": p.LAGGED if edge.lag else idle}[
        kind
    ]
    attributes = {
        "class": f"{kind} {'lagged' if edge.lag else 'same-day'}",
        "color": colour,
        "penwidth": f"{wide:g}",
        "tooltip": _reason(scene, edge),
    }
    if kind == "cut":
        attributes |= {"arrowhead": "tee", "arrowsize": "0.8"}
    if edge.lag:
        attributes |= {"style": "dotted", "constraint": "false", "weight": "0"}
    return _line(edge.cause, edge.effect, attributes)


def condition_arrow(scene: Scene, policy: Policy) -> str:
    """The DOT edge of what a policy looks at: dashed, in the colour of what we do."""
    looked = policy.condition
    cause = scene.label(looked.variable)
    if looked.day == -1:
        cause = WORDS[scene.lang]["day_before"].format(name=cause)
    attributes = {
        "class": f"condition {'lagged' if looked.day == -1 else 'same-day'}",
        "color": p.DO,
        "penwidth": "1.2",
        "arrowhead": "vee",
        "style": "dashed",
        "constraint": "false",
        "weight": "0",
        "tooltip": f"{cause} → {scene.label(policy.variable)} "
        f"({WORDS[scene.lang]['looks']}): {policy}",
    }
    return _line(looked.variable, policy.variable, attributes)


def double_arrow(scene: Scene, pair: Confounded) -> str:
    """The dashed double arrow of an unmeasured common cause; surgery on either end breaks it."""
    cut = bool({pair.one, pair.other} & scene.replaced)
    one, other = scene.label(pair.one), scene.label(pair.other)
    note = f" ({WORDS[scene.lang]['cut']})" if cut else ""
    attributes = {
        "class": "confounded cut" if cut else "confounded",
        "color": severed(p.CONFOUNDED) if cut else p.CONFOUNDED,
        "dir": "both",
        "style": "dashed",
        "constraint": "false",
        "weight": "0",
        "tooltip": f"{one} ↔ {other}{note}: {pair.because}",
    }
    return _line(pair.one, pair.other, attributes)


def severed(colour: str) -> str:
    """A colour list that draws a line, a gap, and a line."""
    return f"{colour};0.38:#FFFFFF00;0.24:{colour}"


def is_drawn(scene: Scene, edge: Edge) -> bool:
    """Whether an edge gets an arrow: the others are marks on the card of their effect.

    A variable that persists would need a loop each, and the calendar an arrow to every market that
    closes: a dozen arrows that say one thing.  They become a sign in the header, with the reason
    behind it.  When the question is about the calendar its arrows are drawn like any other.
    """
    asked = scene.done | scene.seen | scene.asked
    if edge.cause == edge.effect:
        return False
    return edge.cause in asked or not is_calendar(scene.graph.variable(edge.cause))


def marks(scene: Scene, name: str) -> dict[str, str]:
    """The signs in the header of a card and what hovering over each says."""
    words = WORDS[scene.lang]
    found = {}
    for edge in scene.graph.edges:
        if edge.effect == name and not is_drawn(scene, edge):
            kind = "persists" if edge.cause == name else "calendar"
            cut = f" ({words['cut']})" if scene.is_cut(edge) else ""
            found[kind] = f"{words[kind]}{cut}: {edge.because}" if edge.because else words[kind]
    if scene.graph.variable(name).rule == "worst":
        found["worst"] = words["worst"]
    if name in scene.assumed:
        found["assumed"] = words["assumed"]
    return found


def _reason(scene: Scene, edge: Edge) -> str:
    words = WORDS[scene.lang]
    cause = scene.label(edge.cause)
    if edge.lag:
        cause = words["day_before"].format(name=cause)
    note = f" ({words['cut']})" if scene.is_cut(edge) else ""
    because = f": {edge.because}" if edge.because else ""
    return f"{cause} → {scene.label(edge.effect)}{note}{because}"


def _line(one: str, other: str, attributes: dict[str, str]) -> str:
    spelt = " ".join(f"{k}={quoted(v)}" for k, v in attributes.items())
    return f"{identifier(one)} -> {identifier(other)} [{spelt}];"
