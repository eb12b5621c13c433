"""A matplotlib figure as a file: .svg, .png or .pdf, the same bytes for the same figure.

matplotlib is the extra ``plot``; it is imported when a picture is made.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal import file
from causal.errors import CausalError, QueryError
from causal.memo import process

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")
DOTS_PER_INCH = 192
MISSING = r"Glyph \d+"  # how matplotlib begins to say that a font lacks a letter


def written(draw: Callable[[], Figure], path: str | os.PathLike[str], what: str) -> Path:
    """Write what ``draw`` makes, whole or not at all; returns the path.

    One thread at a time, since matplotlib's settings and the warning filters are everybody's.
    ``what`` names the picture in errors: "A tornado".  Raises QueryError for another suffix,
    CausalError when matplotlib is not installed, or its font lacks a letter of a PNG or PDF.
    """
    where = Path(path)
    form = where.suffix.lower()
    if form not in SUFFIXES:
        raise QueryError(
            f"{what} cannot be saved as `{where.name}`.",
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
        "text.parse_math": False,  # a `$` in a name is a `$`
        "text.usetex": False,
    }
    stamp: dict[str, None] = {"Date": None} if form == ".svg" else {}
    stamp |= {"CreationDate": None} if form == ".pdf" else {}
    content = io.BytesIO()
    with process["warnings"], matplotlib.rc_context(settings), _lettered(form):
        draw().savefig(content, format=form[1:], dpi=DOTS_PER_INCH, metadata=stamp)
    file.replace(where, content.getvalue(), QueryError)
    return where


@contextmanager
def _lettered(form: str) -> Iterator[None]:
    """Raise CausalError where a letter would be an empty box; in SVG the viewer has the letters."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore" if form == ".svg" else "error", MISSING, UserWarning)
        try:
            yield
        except UserWarning as boxes:
            raise CausalError(
                f"The picture needs a letter that its font lacks: {boxes}",
                "PNG and PDF hold the letters themselves, and this one would be an empty box.",
                "Save as .svg, where the viewer supplies the font.",
            ) from None
