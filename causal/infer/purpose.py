"""What this package is for, told to whom asks for something else: advice to trade, or a price."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from causal.errors import QueryError, pointed
from causal.infer.item import example

if TYPE_CHECKING:
    from causal.graph.dag import CausalGraph

FOR = (
    "This package gives probabilities of states of a model, seen or under an intervention: no "
    "prices, no forecasts and no signals to buy or to sell."
)
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
COMPARED = re.compile(r"\b([^\W\d]\w*)\s*(?:[<>]=?|[≤≥])\s*[-+]?[$€£]?\s*\d[\d,._]*\s*%?")


def out_of_scope(text: str, graph: CausalGraph) -> None:
    """Raise QueryError for prose, and for a comparison with a number, with the nearest question."""
    plain = QUOTED.sub(lambda m: "_" * len(m[0]), text) if isinstance(text, str) else ""
    found = COMPARED.search(plain)
    if found and found[1] != "drawdown":
        error = QueryError(
            f"`{found[0].strip()}` compares with a number, and a question names states.",
            FOR,
            f"{_nearest(found[1], graph)} How far the price falls is told by `causal ladder`.",
        )
        raise pointed(error, text, *found.span())
    words = re.findall(r"[^\W\d]+", plain)
    if len(words) > 1 and not re.search(r"[=(]", plain):
        error = QueryError(
            "This is no question that can be put to the model.", FOR, _nearest("", graph)
        )
        raise pointed(error, text, 0, len(text))


def _nearest(name: str, graph: CausalGraph) -> str:
    """The question about a variable that is named, else about the one that the model is about."""
    if name in graph.names:
        states = ", ".join(graph.variable(name).states)
        return f"The states of `{name}` are {states}; ask for one, like `{example(graph, name)}`."
    return f"The nearest question that it can answer is `{example(graph)}`."
