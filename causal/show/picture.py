"""A matplotlib figure as a file: .svg, .png or .pdf, the same bytes for the same figure.

matplotlib is the extra ``plot``; it is imported when a picture is made.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causal import file
from causal.errors import CausalError, QueryError
from causal.memo import process
from causal.show.render import FONTS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")
DOTS_PER_INCH = 192
FAMILIES = ["DejaVu Sans", "Noto Sans CJK TC"]  # matplotlib's, and the Chinese one of the package
MISSING = r"Glyph \d+"  # how matplotlib begins to say that a font lacks a letter


def write_picture(draw: Callable[[], Figure], path: str | os.PathLike[str], what: str) -> Path:
    """Write what ``draw`` makes, whole or not at all; returns the path.

    One thread at a time, since matplotlib's settings and the warning filters are everybody's.
    ``what`` names the picture in errors: "A tornado".  Raises QueryError for another suffix,
    CausalError when matplotlib is not installed, or its fonts lack a letter of a PNG or PDF.
    """
    where = picture_path(path, what)
    form = where.suffix.lower()
    import matplotlib

    _chinese()
    settings: dict[Any, Any] = {
        "svg.hashsalt": "causal",
        "svg.fonttype": "none",
        "font.family": FAMILIES,
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


def picture_path(path: str | os.PathLike[str], what: str, letters: str = "") -> Path:
    """The path; raises what ``write_picture`` would for its suffix, matplotlib or ``letters``."""
    where = Path(path)
    form = where.suffix.lower()
    if form not in SUFFIXES:
        raise QueryError(
            f"{what} cannot be saved as `{where.name}`.",
            "The suffix of the file says which picture to make.",
            "Use .svg, .png or .pdf.",
        )
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise CausalError(
            "matplotlib is not installed.",
            "The numbers need nothing else, but their picture is drawn by it.",
            'Install it with `pip install "causal-crash[plot]"`, or leave out the picture.',
        ) from None
    if form != ".svg" and (letter := _lacking(letters)):
        raise _unlettered(letter)
    return where


def _lacking(letters: str) -> str:
    """The first letter that no font of the pictures has; nothing where they have them all."""
    strange = sorted({c for c in letters if not c.isascii() and c.isprintable()})
    if not strange:
        return ""
    from matplotlib.font_manager import findfont, get_font

    _chinese()
    fonts = [get_font(findfont(family)) for family in FAMILIES]
    return next((c for c in strange if not any(f.get_char_index(ord(c)) for f in fonts)), "")


@cache
def _chinese() -> None:
    """Tell matplotlib of the Chinese font, once in a process."""
    from matplotlib.font_manager import fontManager

    for path in FONTS.glob("*.otf"):
        fontManager.addfont(path)


@contextmanager
def _lettered(form: str) -> Iterator[None]:
    """Raise CausalError where a letter would be an empty box; in SVG the viewer has the letters."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore" if form == ".svg" else "error", MISSING, UserWarning)
        try:
            yield
        except UserWarning as boxes:
            number = re.search(r"\d+", str(boxes))
            raise _unlettered(chr(int(number[0])) if number else "") from None


def _unlettered(letter: str) -> CausalError:
    """matplotlib has fonts of its own: what is installed on the machine is not asked."""
    return CausalError(
        f"The picture needs a letter that its font lacks: {letter}",
        "PNG and PDF hold the letters themselves, and this one would be an empty box.",
        "Save as .svg, where the viewer supplies the font.",
    )
