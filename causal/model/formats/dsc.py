"""DSC, the format of Microsoft's MSBN, as bnlearn and its network repository write it."""

from __future__ import annotations

import re
from math import prod

from causal.errors import ModelError
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
from causal.model.formats.token import Tokens
from causal.model.network import CausalModel

PATTERN = re.compile(
    r'\s+|//[^\n]*|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<mark>[(){}\[\]|;:=,])'
    r'|(?P<word>[^\s(){}\[\]|;:=",]+)',
    re.DOTALL,
)

_Rows = dict[tuple[str, ...], list[float]]


def read_dsc(text: str, stem: str) -> CausalModel:
    """The model in a DSC file: rows are named by the numbers of the parents' states.

    Raises ModelError, TableError, or SpecError.
    """
    tokens = Tokens(text, PATTERN)
    tokens.take("belief")
    tokens.take("network")
    title = "" if tokens.peek() in ("node", "") else tokens.name()
    nodes, tables = list[Declared](), list[tuple[str, list[str], _Rows]]()
    while not tokens.ended:
        if tokens.take("node", "probability") == "node":
            nodes.append(_node(tokens))
        else:
            tables.append(_probability(tokens))
    known = declared(nodes)
    stated: dict[str, Stated] = {}
    for name, parents, rows in tables:
        if name in stated or name not in known:
            raise contradiction(f"The table of `{name}` comes twice, or has no node.")
        shape = sizes(known, name, parents)
        values = [number for row in _ordered(name, shape, rows) for number in row]
        stated[name] = Stated(tuple(parents), shaped(name, shape, values))
    return assembled(titled(title, stem), known, stated)


def _node(tokens: Tokens) -> Declared:
    """``node A { name: "a"; type: discrete[2] = {"yes", "no"}; position: (1, 2); }``."""
    name, label = tokens.name(), ""
    states: list[str] | None = None
    tokens.take("{")
    while tokens.peek() != "}":
        key = tokens.name()
        tokens.take(":", "=")
        if key == "type":
            if states is not None:
                tokens.fail(f"`{name}` has two types")
            states = _states(tokens, name)
        elif key == "name":
            label = tokens.name()
        else:
            while tokens.peek() not in (";", "}", "{", ""):
                tokens.take()
        tokens.take(";")
    tokens.take("}")
    return Declared(name, tuple(states or ()), " ".join(label.split()))


def _states(tokens: Tokens, name: str) -> list[str]:
    if (kind := tokens.name()) != "discrete":
        raise ModelError(
            f"`{name}` is {kind}.",
            "Only discrete nodes have tables.",
            "Cut its values into states first.",
        )
    tokens.take("[")
    count = tokens.name()
    tokens.take("]")
    tokens.take("=")
    tokens.take("{")
    found = [tokens.name()]
    while tokens.take(",", "}") == ",":
        found.append(tokens.name())
    if count != str(len(found)):
        raise contradiction(f"`{name}` is said to have {count} states, and names {len(found)}.")
    return found


def _probability(tokens: Tokens) -> tuple[str, list[str], _Rows]:
    """``probability(A | B, C) { (0, 1): 0.2, 0.8; ... }``, a root's row without its name."""
    tokens.take("(")
    name, parents, rows = tokens.name(), list[str](), _Rows()
    if tokens.take("|", ")") == "|":
        parents.append(tokens.name())
        while tokens.take(",", ")") == ",":
            parents.append(tokens.name())
    tokens.take("{")
    while tokens.peek() != "}":
        key: list[str] = []
        if tokens.peek() == "(":
            tokens.take()
            key.append(tokens.name())
            while tokens.take(",", ")") == ",":
                key.append(tokens.name())
            tokens.take(":")
        if tuple(key) in rows:
            tokens.fail(f"the row ({', '.join(key)}) of `{name}` is given twice")
        row = [tokens.name()]
        while tokens.take(",", ";") == ",":
            row.append(tokens.name())
        rows[tuple(key)] = numbers(" ".join(row), name)
    tokens.take("}")
    return name, parents, rows


def _ordered(name: str, shape: tuple[int, ...], rows: _Rows) -> list[list[float]]:
    """The rows, the last parent fastest; raises ModelError unless each is there."""
    *causes, states = shape
    if len(rows) != prod(causes) or any(len(row) != states for row in rows.values()):
        raise contradiction(
            f"The table of `{name}` has {len(rows)} rows; its parents and states ask for "
            f"{prod(causes)} of {states}."
        )
    keys: list[tuple[str, ...]] = [()]
    for size in causes:
        keys = [(*key, str(index)) for key in keys for index in range(size)]
    for key in keys:
        if key not in rows:
            raise contradiction(f"The table of `{name}` has no row ({', '.join(key)}).")
    return [rows[key] for key in keys]
