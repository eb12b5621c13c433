"""XMLBIF 0.3, as JavaBayes, Weka, SamIam, OpenMarkov and pyAgrum (``.bifxml``) write it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from causal.errors import ModelError
from causal.model.formats.document import document
from causal.model.formats.stated import (
    Declared,
    Stated,
    assembled,
    contradiction,
    declared,
    numbers,
    shaped,
    sizes,
    titled,
)
from causal.model.network import CausalModel

PARTS = {
    "BIF": ("NETWORK",),
    "NETWORK": ("NAME", "PROPERTY", "VARIABLE", "DEFINITION", "PROBABILITY"),
    "VARIABLE": ("NAME", "OUTCOME", "VALUE", "PROPERTY"),
    "DEFINITION": ("FOR", "GIVEN", "TABLE", "PROPERTY"),
    "PROBABILITY": ("FOR", "GIVEN", "TABLE", "PROPERTY"),
}


def read_xmlbif(raw: bytes, stem: str) -> CausalModel:
    """The model in an XMLBIF file: the last GIVEN varies fastest, but for the states of FOR.

    Raises ModelError, TableError, or SpecError.
    """
    root, _ = document(raw, doctype=True)
    if root.tag != "BIF" or root.findall("HEADER"):
        raise ModelError(
            f"Its root is <{root.tag}>.",
            "XMLBIF 0.3 is read: <BIF VERSION=...> with a <NETWORK>. UnBBayes has its own dialects "
            "(0.4 to 0.7); XDSL ends in .xdsl.",
            "Export the network as BIF or XMLBIF 0.3.",
        )
    network = _only(_checked(root), "NETWORK")
    _checked(network)
    known = declared(map(_declared, network.findall("VARIABLE")))
    tables = {}
    for part in network:
        if part.tag in ("DEFINITION", "PROBABILITY"):
            name = _said(_only(_checked(part), "FOR"))
            if name in tables or name not in known:
                raise contradiction(f"The table of `{name}` comes twice, or has no variable.")
            parents = tuple(map(_said, part.findall("GIVEN")))
            values = numbers("".join(_only(part, "TABLE").itertext()), name)
            tables[name] = Stated(parents, shaped(name, sizes(known, name, parents), values))
    title = network.find("NAME")
    return assembled(titled("" if title is None else _said(title), stem), known, tables)


def _declared(variable: Element) -> Declared:
    name = _said(_only(_checked(variable), "NAME"))
    kind = variable.get("TYPE", "nature")
    if kind not in ("nature", "discrete"):
        raise ModelError(
            f"`{name}` is a {kind} variable.",
            "Only chance variables (nature) have probabilities.",
            "Save the chance variables alone. Make a decision a chance variable, and set it by "
            "`do(...)`.",
        )
    return Declared(name, tuple(_said(p) for p in variable if p.tag in ("OUTCOME", "VALUE")))


def _checked(part: Element) -> Element:
    """Itself; raises ModelError for an element that is no part of it: none is passed over."""
    for inner in part:
        if inner.tag not in PARTS[part.tag]:
            raise contradiction(f"<{inner.tag}> is no part of <{part.tag}> in XMLBIF 0.3.")
        if inner.tag not in PARTS and len(inner):
            raise contradiction(f"<{inner.tag}> holds <{inner[0].tag}>, and should hold text.")
        if (inner.tail or "").strip():
            raise contradiction(f"`{(inner.tail or '').strip()}` stands between two elements.")
    if part.tag in PARTS and (part.text or "").strip():
        raise contradiction(f"`{(part.text or '').strip()}` stands between two elements.")
    return part


def _only(part: Element, tag: str) -> Element:
    found = part.findall(tag)
    if len(found) != 1:
        raise contradiction(f"A <{part.tag}> holds {len(found)} elements <{tag}>.")
    return found[0]


def _said(part: Element) -> str:
    return (part.text or "").strip()
