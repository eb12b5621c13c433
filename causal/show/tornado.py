"""The tornado of an answer: one bar a table row, from the answer at its one end to the other.

Needs matplotlib, the extra ``plot``; imported when a picture is made.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal import file
from causal.errors import CausalError, QueryError
from causal.show.palette import EVENT, INK, SOFT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from causal.explain.sensitivity import Sensitivity

SUFFIXES = (".svg", ".png", ".pdf")
WIDTH, BAR_HEIGHT, FRAME_HEIGHT = 9.0, 0.52, 1.5  # inches
DOTS_PER_INCH = 192
WRAP = 58  # characters of a row's name on a line


def save(found: Sensitivity, path: str | os.PathLike[str]) -> Path:
    """Write .svg, .png or .pdf, whole or not at all; returns the path.

    Raises QueryError for another suffix, CausalError when matplotlib is not installed.
    """
    where = Path(path)
    form = where.suffix.lower()
    if form not in SUFFIXES:
        raise QueryError(
            f"A tornado cannot be saved as `{where.name}`.",
            "The suffix of the file says which picture to make.",
            "Use .svg, .png or .pdf.",
        )
    try:
        import matplotlib
    except ImportError:
        raise CausalError(
            "matplotlib is not installed.",
            "The numbers need nothing else, but their picture is drawn by it.",
            'Install it with `pip install "causal-crash[plot]"`, or leave out the picture.',
        ) from None
    settings: dict[Any, Any] = {
        "svg.hashsalt": "causal",
        "svg.fonttype": "none",
        "font.family": "DejaVu Sans",
    }
    stamp: dict[str, None] = {"Date": None} if form == ".svg" else {}
    stamp |= {"CreationDate": None} if form == ".pdf" else {}
    content = io.BytesIO()
    with matplotlib.rc_context(settings):
        figure(found).savefig(content, format=form[1:], dpi=DOTS_PER_INCH, metadata=stamp)
    file.replace(where, content.getvalue(), QueryError)
    return where


def figure(found: Sensitivity) -> Figure:
    """Bars around the answer, the widest share of the variance on top."""
    from matplotlib.figure import Figure

    count = max(len(found.rows), 1)
    drawn = Figure(figsize=(WIDTH, FRAME_HEIGHT + BAR_HEIGHT * count), layout="constrained")
    axes = drawn.add_subplot()
    for place, row in enumerate(found.rows):
        axes.barh(place, row.high - row.low, left=row.low, height=0.6, color=EVENT)
        label = f"{row.share:.2f} of the variance, {row.days:,.0f} days"
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
    axes.set_title(str(found.query), loc="left", color=INK, fontsize=10)
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
