"""Which reader a network file has, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from causal.errors import ModelError

if TYPE_CHECKING:
    from causal.model.network import CausalModel

READERS = {
    ".xdsl": "xdsl",
    ".bifxml": "xmlbif",
    ".xmlbif": "xmlbif",
    ".xml": "xmlbif",
    ".net": "hugin",
    ".uai": "uai",
    ".dsc": "dsc",
}


def model(raw: bytes, name: str, suffix: str) -> CausalModel:
    """The model in a file called ``name``; what is wrong with it is said with its name.

    Raises ModelError, TableError, or SpecError.
    """
    read: Callable[[bytes, str], CausalModel]
    read = import_module(f"causal.model.files.{READERS[suffix]}").read
    try:
        return read(raw, name[: -len(suffix)])
    except ModelError as wrong:
        what = (
            wrong.what[:1].lower() + wrong.what[1:] if wrong.what.startswith("It ") else wrong.what
        )
        raise type(wrong)(
            f"{name} cannot be read as a network: {what}", wrong.means, wrong.do
        ) from None
