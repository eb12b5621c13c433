"""NET, the format of Hugin, which GeNIe, UnBBayes, SamIam and pyAgrum write too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

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
    r'\s+|%[^\n]*|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<mark>[(){}|;=])|(?P<word>[^\s(){}|;="%]+)',
    re.DOTALL,
)

ELSEWHERE = ("model_nodes", "model_data", "samples_per_interval")

Values = dict[str, list[str]]


def read_hugin(text: str, stem: str) -> CausalModel:
    """The model in a NET file: the last parent varies fastest, but for the states of the node.

    Raises ModelError, TableError, or SpecError.
    """
    tokens = Tokens(text, PATTERN)
    title, nodes, potentials = "", list[Declared](), list[tuple[str, list[str], list[str]]]()
    headers = 0
    while not tokens.ended:
        match kind := tokens.take():
            case "net":
                title = _plain(_block(tokens), "name")
                headers += 1
            case "discrete":
                tokens.take("node")
                nodes.append(_node(tokens))
            case "node":
                nodes.append(_node(tokens))
            case "potential":
                potentials.append(_potential(tokens))
            case _:
                _refuse(tokens, kind)
    if headers != 1:
        raise contradiction(f"It has {headers} blocks `net`.")
    known = declared(nodes)
    tables: dict[str, Stated] = {}
    for name, parents, data in potentials:
        if name in tables or name not in known:
            raise contradiction(f"The table of `{name}` comes twice, or has no node.")
        shape = sizes(known, name, parents)
        tables[name] = Stated(tuple(parents), shaped(name, shape, _nested(name, shape, data)))
    return assembled(titled(title, stem), known, tables)


def _node(tokens: Tokens) -> Declared:
    name = tokens.name()
    block = _block(tokens)
    states = [_unquoted(token) for token in block.get("states", []) if token not in ("(", ")")]
    return Declared(name, tuple(states), " ".join(_plain(block, "label").split()))


def _potential(tokens: Tokens) -> tuple[str, list[str], list[str]]:
    tokens.take("(")
    name, parents = tokens.name(), []
    if tokens.take("|", ")") == "|":
        while tokens.peek() != ")":
            parents.append(tokens.name())
        tokens.take(")")
    block = _block(tokens)
    for key in ELSEWHERE:
        if key in block:
            raise ModelError(
                f"The table of `{name}` is given by an expression (`{key}`).",
                "Only tables of numbers are read.",
                "Let Hugin write the tables out (File, Save as, with generated tables).",
            )
    if "data" not in block:
        raise contradiction(f"The table of `{name}` has no data.")
    return name, parents, block["data"]


def _block(tokens: Tokens) -> Values:
    """The statements ``key = tokens;`` between braces; a key given twice is refused."""
    found: Values = {}
    tokens.take("{")
    while tokens.peek() != "}":
        key = tokens.name()
        tokens.take("=")
        if key in found:
            tokens.fail(f"`{key}` is given twice")
        found[key] = []
        while tokens.peek() not in (";", "}", "{", "=", ""):
            found[key].append(tokens.take())
        tokens.take(";")
    tokens.take("}")
    return found


def _nested(name: str, shape: Sequence[int], data: Sequence[str]) -> list[float]:
    """The numbers of a table; raises ModelError where its parentheses cut it elsewhere than its
    states and those of its parents do."""
    whole = {1}
    for size in reversed(shape):
        whole.add(max(whole) * size)
    words: list[str] = []
    opened: list[int] = []
    for token in data:
        if token == "(":
            opened.append(len(words))
        elif token == ")" and opened:
            first = opened.pop()
            count = len(words) - first
            if count not in whole or first % count:
                raise contradiction(f"Parentheses in the table of `{name}` cut through a row.")
        elif token == ")" or token.startswith('"'):
            raise contradiction(f"`{token}` stands in the table of `{name}`.")
        else:
            words.append(token)
    if opened:
        raise contradiction(f"A parenthesis in the table of `{name}` stays open.")
    return numbers(" ".join(words), name)


def _refuse(tokens: Tokens, kind: str) -> NoReturn:
    if tokens.peek() == "node":
        tokens.take()
    name = tokens.peek()
    if kind in ("decision", "utility", "function", "continuous"):
        raise ModelError(
            f"It holds a {kind} node, `{name}`.",
            "Only discrete chance nodes have tables of probabilities.",
            "Save the discrete chance nodes alone; set a decision by `do(...)` on a chance node.",
        )
    if kind == "class":
        raise ModelError(
            "It is an object-oriented network (`class`).",
            "Its nodes are made from instances of classes.",
            "Let Hugin unfold it, and save that as NET.",
        )
    tokens.place -= 1
    tokens.fail(f"`net`, `node` or `potential` was expected, not `{kind}`")


def _plain(block: Mapping[str, Sequence[str]], key: str) -> str:
    return " ".join(map(_unquoted, block.get(key, ())))


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token[1:-1]) if token.startswith('"') else token
