"""Network files, each by a small reader of our own: BIF, XDSL, XMLBIF, NET, UAI, DSC."""

from __future__ import annotations

import os
from pathlib import Path

from causal import file
from causal.errors import ModelError
from causal.model.formats.bif import read_bif
from causal.model.formats.reader import READERS, model
from causal.model.network import CausalModel

SUFFIXES = (".bif.gz", ".bif", *READERS)


def read_network(path: str | os.PathLike[str], *, encoding: str | None = None) -> CausalModel:
    """The point model in a network file: BIF (also ``.bif.gz``), XDSL, XMLBIF, NET, UAI, DSC.

    It has one slice, but for a dynamic network in XDSL: there slice t is day t.  ``encoding`` is
    that of a text which is not written in UTF-8 and does not tell by itself (``charset``); an XML
    document says its own.
    Raises ModelError when the file is missing, of another kind or not to be parsed (of a BIF file
    with line, column and a caret), TableError when a row does not sum to one within 0.001.
    """
    name = Path(path).name
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), None)
    if suffix is None:
        raise ModelError(
            f"`{name}` does not end in {', '.join(sorted(SUFFIXES))}.",
            "The ending says how a network file is written.",
            "Export the network as BIF or XDSL, or name a model saved by `causal fit` (.json).",
        )
    raw = file.contents(path, ModelError)
    if suffix in READERS:
        return model(raw, name, suffix, encoding)
    if suffix.endswith(".gz"):
        raw = file.unzipped(raw, name, ModelError)
    return read_bif(raw, name, stem=name[: -len(suffix)], encoding=encoding)
