"""The arrows of a diagram, and the marks that stand for arrows not worth their ink."""

from __future__ import annotations

from causal.graph.variable import Confounded, Edge
from causal.query.intervention import Policy
from causal.show import palette
from causal.show.drawing import Drawing, is_calendar
from causal.show.markup import dot_string, identifier
from causal.show.palette import WORDS


def arrow(drawing: Drawing, edge: Edge) -> str:
    """The DOT edge of a cause acting on its effect, its reason as the tooltip.

    Same-day arrows are solid and set the ranks; arrows to the next day are dotted and light and
    leave the ranks alone.  An arrow on an active path is blue and thicker.  A cut arrow is broken:
    the colour list leaves a gap in the middle of the line, and it ends in a bar.
    """
    active = (edge.cause, edge.effect, edge.lag) in drawing.active
    kind = "cut" if drawing.is_cut(edge) else "active" if active else "plain"
    wide = {"cut": 1.6, "active": 2.2 if edge.lag == 0 else 1.4, "plain": 1.0}[kind]
    idle = palette.IDLE if drawing.asked else palette.ARROW
    colour = {
        "cut": severed(palette.DO),
        "active": palette.EVENT,
        "plain": palette.LAGGED if edge.lag else idle,
    }[kind]
    attributes = {
        "class": f"{kind} {'lagged' if edge.lag else 'same-day'}",
        "color": colour,
        "penwidth": f"{wide:g}",
        "tooltip": _reason(drawing, edge),
    }
    if kind == "cut":
        attributes |= {"arrowhead": "tee", "arrowsize": "0.8"}
    if edge.lag:
        attributes |= {"style": "dotted", "constraint": "false", "weight": "0"}
    return _line(edge.cause, edge.effect, attributes)


def condition_arrow(drawing: Drawing, policy: Policy) -> str:
    """The DOT edge of what a policy looks at: dashed, in the colour of what we do."""
    looked = policy.condition
    cause = drawing.label(looked.variable)
    if looked.day == -1:
        cause = WORDS[drawing.lang]["day_before"].format(name=cause)
    attributes = {
        "class": f"condition {'lagged' if looked.day == -1 else 'same-day'}",
        "color": palette.DO,
        "penwidth": "1.2",
        "arrowhead": "vee",
        "style": "dashed",
        "constraint": "false",
        "weight": "0",
        "tooltip": f"{cause} → {drawing.label(policy.variable)} "
        f"({WORDS[drawing.lang]['looks']}): {policy}",
    }
    return _line(looked.variable, policy.variable, attributes)


def double_arrow(drawing: Drawing, pair: Confounded) -> str:
    """The dashed double arrow of an unmeasured common cause; surgery on either end breaks it."""
    cut = bool({pair.one, pair.other} & drawing.replaced)
    one, other = drawing.label(pair.one), drawing.label(pair.other)
    note = f" ({WORDS[drawing.lang]['cut']})" if cut else ""
    attributes = {
        "class": "confounded cut" if cut else "confounded",
        "color": severed(palette.CONFOUNDED) if cut else palette.CONFOUNDED,
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


def is_drawn(drawing: Drawing, edge: Edge) -> bool:
    """Whether an edge gets an arrow: the others are marks on the card of their effect.

    A variable that persists would need a loop each, and the calendar an arrow to every market that
    closes: a dozen arrows that say one thing.  They become a sign in the header, with the reason
    behind it.  When the question is about the calendar its arrows are drawn like any other.
    """
    asked = drawing.done | drawing.seen | drawing.asked
    if edge.cause == edge.effect:
        return False
    return edge.cause in asked or not is_calendar(drawing.graph.variable(edge.cause))


def marks(drawing: Drawing, name: str) -> dict[str, str]:
    """The signs in the header of a card and what hovering over each says."""
    words = WORDS[drawing.lang]
    found = {}
    for edge in drawing.graph.edges:
        if edge.effect == name and not is_drawn(drawing, edge):
            kind = "persists" if edge.cause == name else "calendar"
            cut = f" ({words['cut']})" if drawing.is_cut(edge) else ""
            found[kind] = f"{words[kind]}{cut}: {edge.because}" if edge.because else words[kind]
    if drawing.graph.variable(name).rule == "worst":
        found["worst"] = words["worst"]
    if name in drawing.assumed:
        found["assumed"] = words["assumed"]
    return found


def _reason(drawing: Drawing, edge: Edge) -> str:
    words = WORDS[drawing.lang]
    cause = drawing.label(edge.cause)
    if edge.lag:
        cause = words["day_before"].format(name=cause)
    note = f" ({words['cut']})" if drawing.is_cut(edge) else ""
    because = f": {edge.because}" if edge.because else ""
    return f"{cause} → {drawing.label(edge.effect)}{note}{because}"


def _line(one: str, other: str, attributes: dict[str, str]) -> str:
    spelt = " ".join(f"{k}={dot_string(v)}" for k, v in attributes.items())
    return f"{identifier(one)} -> {identifier(other)} [{spelt}];"
