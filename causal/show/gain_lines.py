"""What a first fall becomes, as lines: forced selling above, the gain of the loop below.

Needs matplotlib, the extra ``plot``; imported when a picture is made.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from causal.show.palette import DO, EVENT, INK, SOFT
from causal.show.picture import write_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causal.laboratory.fragility import GainCurve

SIZE = (8.0, 6.4)  # inches
STYLES = ("-", "--", "-.", ":")
COLOURS = (INK, EVENT, DO, SOFT)


def save_gain(curves: Sequence[tuple[str, GainCurve]], path: str | os.PathLike[str]) -> Path:
    """Write .svg, .png or .pdf (see ``picture.write_picture``); ``curves`` by what they are
    with."""
    return write_picture(lambda: gain_figure(curves), path, "A gain curve")


def gain_figure(curves: Sequence[tuple[str, GainCurve]]) -> Figure:
    """A line for every curve, told apart by colour and by dashes."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    drawn = Figure(figsize=SIZE, layout="constrained")
    above, below = drawn.subplots(2, 1, sharex=True)
    for place, (name, curve) in enumerate(curves):
        how = {
            "color": COLOURS[place % len(COLOURS)],
            "linestyle": STYLES[(place // len(COLOURS) + place) % len(STYLES)],
            "linewidth": 2.0 if place == 0 else 1.3,
            "label": name,
        }
        above.plot(curve.first, curve.forced, **how)
        below.plot(curve.first, curve.gain, **how)
    below.set_ylim(0, max(1.15, *(1.05 * float(c.gain.max()) for _, c in curves)))
    below.axhline(1.0, color=EVENT, linewidth=0.8)
    below.annotate("g = 1", (0.295, 1.02), fontsize=8, color=EVENT, ha="right")
    above.set_title("Longs liquidated after a first fall, $B", loc="left", fontsize=10, color=INK)
    below.set_title("Gain of the loop at the end of the fall", loc="left", fontsize=10, color=INK)
    below.set_xlabel("first fall", fontsize=9)
    below.xaxis.set_major_formatter(PercentFormatter(1.0))
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    above.legend(frameon=False, fontsize=8)
    return drawn
