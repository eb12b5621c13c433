"""UAI, the format of the inference competitions: numbers alone, nodes called ``var_0``, ``var_1``.

Every scope lists the parents and then the node, and the last of them varies fastest.  Two writers
do otherwise: pgmpy's lets the node vary slowest, pyAgrum's the first parent fastest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from causal.contract.array import Array
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
)
from causal.model.network import CausalModel
from causal.model.pgmpy_table import ROUNDING

COMMENT = re.compile(r"#[^\n]*")
WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
PYAGRUM = re.compile(r"^[ \t]*[0-9]+(?:[ \t]+[0-9]+)+[ \t]+# \S+[ \t]*$", re.MULTILINE)


@dataclass(slots=True)
class Words:
    """The words of the file, taken one by one."""

    words: Sequence[str]
    place: int = 0

    def whole(self, what: str) -> int:
        word = "".join(self.words[self.place : self.place + 1])
        if not WHOLE.fullmatch(word):
            raise contradiction(f"`{word or 'the end'}` stands where {what} is expected.")
        self.place += 1
        return int(word)

    def many(self, count: int) -> Sequence[str]:
        self.place += count
        return self.words[self.place - count : self.place]


def read_uai(text: str, stem: str) -> CausalModel:
    """The model in a UAI file of kind BAYES.

    The order is the format's, unless its rows then are no distributions and all of pgmpy's order
    are, or the names that pyAgrum writes beside the scopes say that pyAgrum wrote it.
    Raises ModelError, TableError, or SpecError.
    """
    words = Words(COMMENT.sub(" ", text).split())
    kind = " ".join(words.many(1))
    if kind != "BAYES":
        raise ModelError(
            f"It is of the kind `{kind}`.",
            "Only BAYES holds the tables of a causal graph; MARKOV has no arrows.",
            "Export the Bayesian network it came from.",
        )
    cards = [words.whole("a number of states") for _ in range(words.whole("their number"))]
    known = declared(Declared(f"var_{i}", tuple(map(str, range(n)))) for i, n in enumerate(cards))
    scopes = []
    for _ in range(words.whole("the number of tables")):
        size = words.whole("the size of a scope")
        scope = [f"var_{words.whole('a variable')}" for _ in range(size)]
        if not scope:
            raise contradiction("A table has no variables.")
        scopes.append((scope[-1], scope[:-1]))
    if sorted(name for name, _ in scopes) != sorted(known):
        raise contradiction("The last variables of the scopes are not every variable once.")
    tables = {}
    for name, parents in scopes:
        shape = sizes(known, name, parents)
        count = words.whole(f"the size of the table of {name}")
        values = shaped(name, shape, numbers(" ".join(words.many(count)), name))
        if count != prod(shape):
            raise contradiction(f"The table of {name} is said to hold {count} numbers.")
        tables[name] = Stated(tuple(parents), values)
    if words.place < len(words.words):
        raise contradiction(f"Words are left over: `{words.words[words.place]}`.")
    if len(PYAGRUM.findall(text)) == len(scopes):
        tables = {n: Stated(t.parents, _first_fastest(t.values)) for n, t in tables.items()}
    elif not all(_rows(t.values) for t in tables.values()):
        slowest = {n: Stated(t.parents, _node_slowest(t.values)) for n, t in tables.items()}
        tables = slowest if all(_rows(t.values) for t in slowest.values()) else tables
    return assembled(stem, known, tables)


def _rows(values: Array) -> bool:
    """Whether every row is a distribution."""
    return bool((values >= 0).all() and (np.abs(values.sum(axis=-1) - 1) <= ROUNDING).all())


def _first_fastest(values: Array) -> Array:
    """The table whose numbers were written with the first parent fastest, after the node."""
    *parents, states = values.shape
    back = (*reversed(range(len(parents))), len(parents))
    return values.reshape(*reversed(parents), states).transpose(back)


def _node_slowest(values: Array) -> Array:
    """The table whose numbers were written with the node slowest."""
    *parents, states = values.shape
    return np.moveaxis(values.reshape(states, *parents), 0, -1)
