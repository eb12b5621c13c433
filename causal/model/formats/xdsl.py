"""XDSL, the format of GeNIe and SMILE: tables, deterministic and noisy-MAX nodes, dynamic networks.

A dynamic network whose temporal arcs are of order 1 is a model of days: slice t is day t (see
``slices``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn
from xml.etree.ElementTree import Element

from causal.errors import ModelError
from causal.graph.variable import lagged, unlagged
from causal.model.formats.document import document
from causal.model.formats.noisy_max import noisy_max
from causal.model.formats.slices import dated
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

TABLES = ("cpt", "deterministic", "noisymax")
DIAGRAM = ("decision", "utility", "mau")
PLATE = "plate"


def read_xdsl(raw: bytes, stem: str) -> CausalModel:
    """The model in an XDSL file: of one day or, from a dynamic network of order 1, of days.

    GeNIe's tables vary fastest in the states of the node, then in those of its last parent.
    pyAgrum, which names itself in the file, writes them with the first parent fastest.
    Raises ModelError, TableError, or SpecError.
    """
    root, comments = document(raw, doctype=False)
    if root.tag != "smile":
        raise contradiction(f"Its root is <{root.tag}>, not <smile>.")
    nodes = _children(root, "nodes", 1)[0]
    for node in nodes:
        if node.tag not in TABLES:
            _refuse(node)
    labels = _labels(root)
    known = declared(
        Declared(name := _id(node), tuple(map(_id, node.findall("state"))), labels.get(name, name))
        for node in nodes
    )
    reversed_parents = _by_pyagrum(root, comments)
    first = {}
    for node in nodes:
        parents = _words(node, "parents")
        first[_id(node)] = _stated(node, known, parents, reversed_parents=reversed_parents)
    title = titled(root.get("id"), stem)
    temporal = _temporal(root, nodes)
    if not temporal:
        return assembled(title, known, first)
    later = {name: _later(node, known, first[name]) for name, node in temporal.items()}
    return dated(title, known, first, later)


def _stated(
    node: Element,
    known: Mapping[str, Declared],
    parents: Sequence[str],
    *,
    reversed_parents: bool = False,
) -> Stated:
    """The table of a node of any kind, on the axes ``parents``."""
    name = _id(node)
    shape = sizes(known, name, parents)
    if node.tag == "noisymax":
        strengths = _words(node, "strengths")
        parameters = numbers(_text(node, "parameters"), name)
        return Stated(tuple(parents), noisy_max(name, shape, strengths, parameters))
    if node.tag == "deterministic":
        values = _certain(known[name], _words(node, "resultingstates"))
    else:
        values = numbers(_text(node, "probabilities"), name)
    if not reversed_parents:
        return Stated(tuple(parents), shaped(name, shape, values))
    array = shaped(name, (*reversed(shape[:-1]), shape[-1]), values)
    back = (*reversed(range(len(parents))), len(parents))
    return Stated(tuple(parents), array.transpose(back))


def _certain(node: Declared, results: Sequence[str]) -> list[float]:
    """Rows of a deterministic node, one a result."""
    for result in results:
        if result not in node.states:
            raise contradiction(f"`{node.name}` results in `{result}`, which is no state of it.")
    return [float(state == result) for result in results for state in node.states]


def _temporal(root: Element, nodes: Element) -> dict[str, Element]:
    """The temporal tables of a dynamic network by node; none of a static one.

    Raises ModelError for what two slices cannot hold: arcs of a higher order, and nodes that stand
    outside the plate (before it, after it, or once for all slices).
    """
    inside = {_id(node): node for node in nodes if node.get("dynamic") == PLATE}
    dynamic = _children(root, "dynamic", None)
    if not dynamic and not any(node.get("dynamic") for node in nodes):
        return {}
    if len(dynamic) != 1:
        raise contradiction(f"It has {len(dynamic)} elements <dynamic>, and nodes on a plate.")
    found: dict[str, Element] = {}
    if not len(dynamic[0]) and not any(node.get("dynamic") for node in nodes):
        return found
    for node in nodes:
        if _id(node) not in inside:
            raise ModelError(
                f"`{_id(node)}` stands outside the plate of a dynamic network.",
                "It holds before the first day, after the last, or once for all days; a model of "
                "days has a table for every day alike.",
                "Move it onto the plate in GeNIe.",
            )
    for table in dynamic[0]:
        name = _id(table)
        if name not in inside or name in found:
            raise contradiction(f"The temporal table of `{name}` has no node, or comes twice.")
        if table.get("order") != "1":
            raise ModelError(
                f"`{name}` has a temporal table of order {table.get('order')}.",
                "It looks further back than the day before, which is as far as a model of days "
                "looks.",
                "Keep the temporal arcs of order 1, or carry the older day in a node of its own.",
            )
        if table.tag != inside[name].tag:
            raise contradiction(f"`{name}` is a {inside[name].tag} node, and later {table.tag}.")
        found[name] = table
    return found


def _later(table: Element, known: Mapping[str, Declared], first: Stated) -> Stated:
    """The table of every later day: parents of the same slice, and others of the day before.

    SMILE lists both by name alone.  A parent of the node's first table is of the same slice; the
    node itself, and any other, of the day before.
    """
    name = _id(table)
    named = _words(table, "parents")
    if not set(first.parents) <= set(named) or len(set(named)) < len(named):
        raise contradiction(
            f"The temporal table of `{name}` stands on {named}; its parents of the same slice are "
            f"{list(first.parents)}."
        )
    axes = [one if one in first.parents else lagged(one) for one in named]
    if all(unlagged(axis) == axis for axis in axes):
        raise contradiction(f"The temporal table of `{name}` has no parent of the day before.")
    return _stated(table, known, axes)


def _by_pyagrum(root: Element, comments: Sequence[str]) -> bool:
    """Whether pyAgrum wrote the file: it says so in the extension, and in a comment."""
    apps = [genie.get("app", "").lower() for genie in root.findall("extensions/genie")]
    app = any("agrum" in one for one in apps)
    remark = any("created by pyagrum" in one.lower() for one in comments)
    if remark and any(apps) and not app:
        raise contradiction(
            f"A comment says that pyAgrum wrote it, and the extension says {apps[0]}.",
            "Export the network again: the two lay tables out in different orders.",
        )
    return app or remark


def _labels(root: Element) -> dict[str, str]:
    """The names by which GeNIe shows the nodes."""
    found = {}
    for node in root.iterfind("extensions/genie//node"):
        label = " ".join((node.findtext("name") or "").split())
        if label:
            found[node.get("id", "")] = label
    return found


def _refuse(node: Element) -> NoReturn:
    name = node.get("id", "")
    if node.tag in DIAGRAM:
        raise ModelError(
            f"`{name}` is a {node.tag} node: the file is an influence diagram.",
            "Decisions and utilities have no probabilities, so they have no place in a causal "
            "model.",
            "Save the chance nodes alone. Make a decision a chance node, and set it by `do(...)`.",
        )
    raise ModelError(
        f"`{name}` is a {node.tag} node.",
        f"Only nodes with tables are read: {', '.join(TABLES)}.",
        "Change its type in GeNIe (an equation is discretised first), then save again.",
    )


def _id(node: Element) -> str:
    found = node.get("id", "").strip()
    if not found:
        raise contradiction(f"An element <{node.tag}> has no id.")
    return found


def _children(node: Element, tag: str, count: int | None) -> list[Element]:
    found = node.findall(tag)
    if count is not None and len(found) != count:
        raise contradiction(f"<{node.tag}> holds {len(found)} elements <{tag}>.")
    return found


def _text(node: Element, tag: str) -> str:
    """The text of the one child of that name; "" where there is none."""
    found = node.findall(tag)
    if len(found) > 1:
        raise contradiction(f"`{_id(node)}` has {len(found)} elements <{tag}>.")
    return "".join(found[0].itertext()) if found else ""


def _words(node: Element, tag: str) -> list[str]:
    return _text(node, tag).split()
