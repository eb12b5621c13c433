"""Which reader a network file has, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from causal.errors import ModelError
from causal.model.formats.charset import decoded

if TYPE_CHECKING:
    from causal.model.network import CausalModel

DOCUMENTS = {".xdsl": "xdsl", ".bifxml": "xmlbif", ".xmlbif": "xmlbif", ".xml": "xmlbif"}
TEXTS = {".net": "hugin", ".uai": "uai", ".dsc": "dsc"}
READERS = DOCUMENTS | TEXTS


def model(raw: bytes, name: str, suffix: str, encoding: str | None = None) -> CausalModel:
    """The model in a file called ``name``; what is wrong with it is said with its name.

    A text is read by ``encoding`` where that is given; an XML document says its own.
    Raises ModelError, TableError, or SpecError.
    """
    read: Callable[[bytes | str, str], CausalModel]
    form = READERS[suffix]
    read = getattr(import_module(f"causal.model.formats.{form}"), f"read_{form}")
    try:
        if suffix in DOCUMENTS and encoding is not None:
            raise ModelError(
                "It is XML, and an encoding was named.",
                "An XML document says its own encoding in its first line.",
                "Leave out `encoding`, or mend that line.",
            )
        content = raw if suffix in DOCUMENTS else decoded(raw, "It", encoding)
        return read(content, name[: -len(suffix)])
    except ModelError as wrong:
        what = (
            wrong.what[:1].lower() + wrong.what[1:] if wrong.what.startswith("It ") else wrong.what
        )
        raise type(wrong)(
            f"{name} cannot be read as a network: {what}", wrong.means, wrong.do
        ) from None
