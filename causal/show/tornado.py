"""The tornado of an answer: one bar a table row, from the answer at its one end to the other.

Needs matplotlib, the extra ``plot``; imported when a picture is made.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from causal.answer.format import in_days
from causal.identify.claim import reservation
from causal.show.palette import EVENT, INK, SOFT
from causal.show.picture import write_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causal.explain.sensitivity import Sensitivity

WIDTH, BAR_HEIGHT, FRAME_HEIGHT = 9.0, 0.52, 1.5  # inches
WRAP = 58  # characters of a row's name on a line


def save_tornado(found: Sensitivity, path: str | os.PathLike[str]) -> Path:
    """Write .svg, .png or .pdf (see ``picture.write_picture``)."""
    return write_picture(lambda: tornado_figure(found), path, "A tornado")


def tornado_figure(found: Sensitivity) -> Figure:
    """Bars around the answer, the widest share of the variance on top."""
    from matplotlib.figure import Figure

    count = max(len(found.rows), 1)
    drawn = Figure(figsize=(WIDTH, FRAME_HEIGHT + BAR_HEIGHT * count), layout="constrained")
    axes = drawn.add_subplot()
    for place, row in enumerate(found.rows):
        axes.barh(place, row.high - row.low, left=row.low, height=0.6, color=EVENT)
        label = f"{row.share:.2f} of the variance, {in_days(row.days)}"
        axes.annotate(
            label,
            (row.high, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=SOFT,
            fontsize=8,
        )
    axes.axvline(found.probability, color=INK, linewidth=1)
    axes.set_yticks(range(len(found.rows)), [_wrapped(r.name) for r in found.rows], fontsize=8)
    axes.set_ylim(count - 0.5, -0.5)
    low = min([r.low for r in found.rows], default=found.probability)
    high = max([r.high for r in found.rows], default=found.probability)
    room = (high - low) or 0.01
    axes.set_xlim(low - 0.05 * room, high + 0.4 * room)  # the labels stand beside the bars
    axes.set_xlabel("the answer, with one row at the ends of its 90% posterior range", color=SOFT)
    title = "\n".join(filter(None, (str(found.query), reservation(found.claim))))
    axes.set_title(title, loc="left", color=INK, fontsize=10)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    return drawn


def _wrapped(name: str) -> str:
    """The name in lines of at most ``WRAP`` characters, broken after commas."""
    lines = [""]
    for part in name.split(", "):
        if lines[-1] and len(lines[-1]) + len(part) > WRAP:
            lines.append("")
        lines[-1] += part + ", "
    return "\n".join(lines).removesuffix(", ")
