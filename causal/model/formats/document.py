"""XML within bounds: no entity, no depth or size that a network has no use for."""

from __future__ import annotations

import re
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from causal.errors import ModelError
from causal.limit import many
from causal.model.formats.stated import AGAIN

BYTES, ELEMENTS, DEPTH = 64_000_000, 1_000_000, 64

KNOWN = frozenset({"utf-8", "utf-16", "iso-8859-1", "us-ascii"})  # expat reads these by itself
ENCODING = re.compile(rb"""\A\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']""")


def document(raw: bytes, *, doctype: bool) -> tuple[Element, tuple[str, ...]]:
    """The root of an XML document, namespaces left out, and its comments.

    A ``doctype`` may describe the elements of a format (XMLBIF's does); where a format has none, it
    is refused.  An entity is refused everywhere: a line of them grows to gigabytes.
    Raises ModelError.
    """
    if len(raw) > BYTES:
        _beyond(f"holds {many(len(raw))} bytes")
    builder, comments, depth, elements = TreeBuilder(), list[str](), 0, 0

    def opened(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > DEPTH:
            _beyond(f"nests more than {DEPTH} elements")
        if elements > ELEMENTS:
            _beyond(f"holds more than {ELEMENTS:,} elements")
        builder.start(tag.rpartition(" ")[2], attributes)

    def closed(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition(" ")[2])

    def remarked(text: str) -> None:
        comments.append(text)
        if depth:
            builder.data(" ")  # what stands on both sides of a comment is two words

    raw, encoding = _decoded(raw.lstrip(b" \t\r\n"))
    parser = expat.ParserCreate(encoding, namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    parser.CharacterDataHandler, parser.CommentHandler = builder.data, remarked
    parser.EntityDeclHandler = _entity
    if not doctype:
        parser.StartDoctypeDeclHandler = _doctype
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, LookupError, ValueError) as trouble:  # an encoding nobody knows
        raise ModelError(
            f"It is no XML: {trouble}.", "It is damaged, cut short, or another kind of file.", AGAIN
        ) from None
    return builder.close(), tuple(comments)


def _decoded(raw: bytes) -> tuple[bytes, str | None]:
    """The bytes, as UTF-8 where the document names an encoding that expat does not know."""
    found = ENCODING.match(raw)
    named = found[1].decode("ascii").lower() if found else "utf-8"
    if named in KNOWN:
        return raw, None
    try:
        return raw.decode(named).encode("utf-8"), "utf-8"
    except (LookupError, UnicodeError):
        raise ModelError(
            f"It is not text in the encoding {named}, which it names.",
            "Names would be misread.",
            "Save it as UTF-8.",
        ) from None


def _entity(name: str, *_: object) -> NoReturn:
    raise ModelError(
        f"It declares the entity `{name}`.",
        "An entity may grow without bound, or read other files; networks have no use for one.",
        "Write out what the entity stands for.",
    )


def _doctype(name: str, *_: object) -> NoReturn:
    raise ModelError(
        f"It declares a document type, `{name}`.",
        "The format has none: the file was not written by a program for networks.",
        "Delete the line `<!DOCTYPE ...>`.",
    )


def _beyond(what: str) -> NoReturn:
    raise ModelError(
        f"It {what}.",
        "No network needs as much; nothing more of it was read.",
        "Check that it is a network.",
    )
