"""DOT text -> SVG, PNG, PDF: Graphviz in this process, from the pygraphviz wheel.

The wheel brings Graphviz, Pango and Cairo but no fonts, and a fresh machine may have none, in which
case every letter would be an empty box.  A Latin and a Chinese font travel with this package and
are put in front of the machine's own through a fontconfig file that names both; it is read once, at
first use.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Literal

from causal.errors import CausalError
from causal.memo import process
from causal.show.markup import dot_string
from causal.show.palette import FONT

Format = Literal["svg", "png", "pdf"]
FONTS = Path(__file__).resolve().parent / "fonts"
DOTS_PER_INCH = 192
POINTS_PER_INCH = 72
NOWHERE = "\ufdd0", "\U0001fffe"  # noncharacters: no font has them
NOTO = {  # by the first word of a letter's Unicode name
    "CJK": "Noto Sans CJK",
    "HANGUL": "Noto Sans CJK",
    "HIRAGANA": "Noto Sans CJK",
    "KATAKANA": "Noto Sans CJK",
    "THAI": "Noto Sans Thai",
    "DEVANAGARI": "Noto Sans Devanagari",
    "BENGALI": "Noto Sans Bengali",
    "TAMIL": "Noto Sans Tamil",
    "ARABIC": "Noto Sans Arabic",
    "HEBREW": "Noto Sans Hebrew",
}
MACHINE_FONTS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.local/share/fonts",
    "~/.fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
)


def render(dot: str, form: Format) -> bytes:
    """The picture as bytes.  SVG leaves the letters to the viewer's fonts, PNG and PDF hold them.

    Raises CausalError when no Graphviz is found, when it fails, or when PNG or PDF would show
    boxes because no font of this machine has the characters.
    """
    if form != "svg":
        _readable(dot)
    return _graphviz(dot, form)


def laid_out(letters: str) -> None:
    """Raise CausalError where there is no Graphviz, or no font has these ``letters``."""
    if find_spec("pygraphviz") is None and shutil.which("dot") is None:
        raise _missing()
    _readable(letters)


def _missing() -> CausalError:
    return CausalError(
        "There is no Graphviz here: neither `pygraphviz` nor the command `dot` is installed.",
        "Without it a diagram has no layout; its DOT text is still there.",
        "Run `pip install 'pygraphviz>=2.0'` (its wheels bring Graphviz), or save as .dot.",
    )


def _graphviz(dot: str, form: str) -> bytes:
    """The layout and its rendering; a resolution is added before the last brace.

    One thread at a time: Graphviz, the environment and the process's stderr are everybody's.
    """
    head, brace, tail = dot.rpartition("}")
    resolution = DOTS_PER_INCH if form == "png" else POINTS_PER_INCH
    sized = f"{head}dpi={resolution};\n{brace}{tail}"
    with process["stderr"], _fonts(), _quiet() as said:
        try:
            import pygraphviz
        except ImportError:
            return _command(sized, form)
        try:
            return bytes(pygraphviz.AGraph(string=sized).draw(format=form, prog="dot"))
        except Exception as failure:
            raise _refused(f"{failure} {said()}".strip()) from failure


def _command(dot: str, form: str) -> bytes:
    """The same through the ``dot`` command, where pygraphviz cannot be imported."""
    import graphviz

    try:
        return bytes(graphviz.Source(dot).pipe(format=form))
    except graphviz.ExecutableNotFound as missing:
        raise _missing() from missing
    except graphviz.CalledProcessError as failure:
        raise _refused(str(failure)) from failure


def _refused(reason: str) -> CausalError:
    return CausalError(
        f"Graphviz could not lay out the diagram: {reason}",
        "Its DOT text was refused, so there is no picture.",
        "Save it with the suffix .dot to see the text.",
    )


def _readable(dot: str) -> None:
    """Raise where a letter of any script would come out as a box.

    The box of a missing letter holds its number, and at eight points is two ems wide or more, as
    that of a noncharacter shows, which no font has; letters are narrower.  (At 14 points a box is
    one em wide, and so is a Chinese letter.)
    """
    strange = sorted({c for c in dot if not c.isascii() and unicodedata.category(c)[0] in "LMNPS"})
    if not strange:
        return
    nodes = "".join(f"{dot_string(c)}[label={dot_string(c * 10)}];" for c in (*NOWHERE, *strange))
    probe = f"digraph {{ node [shape=plain, fontsize=8, fontname={dot_string(FONT)}]; {nodes} }}"
    lines = [line.split(" ") for line in _graphviz(probe, "plain").decode().splitlines()]
    width = {words[1].strip('"'): words[4] for words in lines if words[0] == "node"}
    narrowest = min(float(width[n]) for n in NOWHERE)
    boxes = [c for c in strange if float(width[c]) >= narrowest]
    if boxes:
        raise boxed("".join(boxes))


def boxed(letters: str) -> CausalError:
    """The error of a PNG or PDF with letters that no font has; names the font to install."""
    scripts = {unicodedata.name(c, "").split(" ")[0] for c in letters}
    advised = sorted({NOTO[script] for script in scripts if script in NOTO})
    return CausalError(
        f"No font of this machine has the characters {letters[:8]}.",
        "PNG and PDF hold the letters themselves, and these would be empty boxes.",
        "Save as .svg, where the viewer supplies the font, or install one that has them "
        f"({', '.join(advised) or 'the Noto font of their script'}).",
    )


@contextmanager
def _fonts() -> Iterator[None]:
    """Point fontconfig at our fonts and the machine's, unless the user has pointed it elsewhere."""
    if "FONTCONFIG_FILE" in os.environ or sys.platform == "win32":
        yield
        return
    os.environ["FONTCONFIG_FILE"] = str(Path(_settled().name) / "fonts.conf")
    try:
        yield
    finally:
        del os.environ["FONTCONFIG_FILE"]


@cache
def _settled() -> tempfile.TemporaryDirectory[str]:
    """A folder with our fonts and the fontconfig file, for as long as the process lives.

    Fontconfig leaves marks in the folders and caches it reads, so it gets a copy to mark.
    """
    kept = tempfile.TemporaryDirectory(prefix="causal-fonts-")
    copy = shutil.copytree(FONTS, Path(kept.name) / "fonts")
    folders = [copy, *map(os.path.expanduser, MACHINE_FONTS)]
    caches = [kept.name, "/var/cache/fontconfig", os.path.expanduser("~/.cache/fontconfig")]
    parts = [f"<dir>{escape(str(f))}</dir>" for f in folders]
    parts += [f"<cachedir>{escape(c)}</cachedir>" for c in caches]
    (Path(kept.name) / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig>{''.join(parts)}</fontconfig>",
        encoding="utf-8",
    )
    return kept


@contextmanager
def _quiet() -> Iterator[Callable[[], str]]:
    """Keep what Graphviz and fontconfig print on the process's stderr; yields what was said.

    They remark on fonts and roundings from C, past ``sys.stderr``; none of it is for the user
    unless the layout fails.
    """
    try:
        shown = os.dup(2)
    except OSError:
        yield lambda: ""
        return
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield lambda: _said(kept)
        finally:
            os.dup2(shown, 2)
            os.close(shown)


def _said(kept: IO[bytes]) -> str:
    kept.seek(0)
    return " ".join(kept.read().decode("utf-8", "replace").split())
