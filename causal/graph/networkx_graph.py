"""A causal graph as a networkx graph and back: structure, states and reasons, no numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from math import inf
from typing import TYPE_CHECKING, Any, TypeGuard

from causal.errors import SpecError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Confounded, Edge, Measurement, Variable
from causal.text import written

if TYPE_CHECKING:
    import networkx as nx

TEXTS = ("label", "label_zh", "why", "rule")  # attributes of a node that are text
LISTS = ("states", "states_zh", "start")  # those that are lists of text
PLAIN = {f.name: f.default for f in fields(Variable) if f.name not in ("name", "states")}


def to_networkx(graph: CausalGraph) -> nx.MultiDiGraph:
    """The graph for networkx: nodes are names, a cause acts along an edge whose key is its lag.

    An edge carries ``lag`` (0: the same day, 1: the day after), ``because`` and its ``place`` among
    the edges, which orders the causes of a table; a node ``states``, and of the other fields of
    ``Variable`` those that say something.  The graph itself carries ``name`` and ``confounded``, a
    list of (one, other, because).  A cause may act on both days, and on itself a day later, so
    parallel edges and loops stand for lags; ``CausalGraph.same_day`` has the edges of one day
    alone.  ``from_networkx`` gives the same graph back.
    Raises SpecError for anything but a CausalGraph.
    """
    import networkx as nx

    if not isinstance(graph, CausalGraph):
        raise SpecError(
            f"A {type(graph).__name__} is no causal graph.",
            "What networkx is given is structure: variables, edges and common causes.",
            "Give a CausalGraph; that of a model is `model.graph`.",
        )
    found = nx.MultiDiGraph(
        name=graph.name, confounded=[(c.one, c.other, c.because) for c in graph.confounded]
    )
    for v in graph.variables:
        said = {n: getattr(v, n) for n, plain in PLAIN.items() if getattr(v, n) != plain}
        found.add_node(v.name, states=v.states, **said)
    for place, e in enumerate(graph.edges):
        found.add_edge(e.cause, e.effect, key=e.lag, lag=e.lag, because=e.because, place=place)
    return found


def from_networkx(
    graph: nx.DiGraph, *, states: Mapping[str, Sequence[str]] | None = None
) -> CausalGraph:
    """The causal graph of a networkx DiGraph or MultiDiGraph, the order of nodes and edges kept.

    Attributes are those of ``to_networkx``: an edge without ``lag`` acts on the same day, whatever
    its key, and comes behind those with a ``place`` without one; attributes of others (weights,
    colours, positions) are left.  Nodes become text.  ``states`` names the states of nodes that
    carry none.
    Raises SpecError (every problem listed) for a graph without arrows' directions, a node without
    states, an attribute of another kind, a lag besides 0 and 1 or given twice; CycleError where the
    edges of one day form a cycle.
    """
    import networkx as nx

    if not isinstance(graph, nx.Graph) or not graph.is_directed():
        raise SpecError(
            f"A {type(graph).__name__} is no directed networkx graph.",
            "An arrow leads from a cause to its effect; a line without a head says neither.",
            "Give a networkx DiGraph or MultiDiGraph.",
        )
    wrong: list[str] = []
    more = {str(n): s for n, s in (states or {}).items()}
    wrong += [f"`states` names `{n}`, which is no node" for n in more.keys() - set(map(str, graph))]
    nodes = [(str(n), dict(kept)) for n, kept in graph.nodes(data=True)]
    variables = tuple(_variable(n, kept, more, wrong) for n, kept in nodes)
    arrows = sorted(graph.edges(data=True), key=_place)
    edges = tuple(_edge(str(c), str(e), kept, wrong) for c, e, kept in arrows)
    confounded = tuple(_confounded(graph.graph.get("confounded", ()), wrong))
    name = str(graph.name or "graph")
    if wrong:
        raise SpecError(
            f"The networkx graph `{name}` has {len(wrong)} problem(s).",
            "No causal graph can be made of it.",
            "Mend each of these:",
            wrong,
        )
    return CausalGraph(variables, edges, confounded, name=name)


def _variable(
    name: str, kept: dict[str, Any], more: Mapping[str, Sequence[str]], wrong: list[str]
) -> Variable:
    """The variable of a node; what is wrong with its attributes is told in ``wrong``."""
    if "states" not in kept:
        kept["states"] = more.get(name)
    found = {n: kept[n] for n in ("states", *PLAIN) if n in kept}
    for attribute, value in found.items():
        if attribute in LISTS and _texts(value):
            found[attribute] = tuple(str(s) for s in value)
        elif not _fits(attribute, value):
            say = 'give `states`, as in from_networkx(graph, states={"x": ["no", "yes"]})'
            missing = attribute == "states" and value is None
            what = f"has no states; {say}" if missing else f"has `{attribute}` {written(value)}"
            wrong.append(f"`{name}` {what}")
    return Variable(name, **found) if not wrong else Variable(name, ())


def _texts(value: object) -> TypeGuard[Sequence[object]]:
    """Whether a value is a list of states or names, numbers among them: they become text."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _fits(attribute: str, value: object) -> bool:
    if attribute in TEXTS:
        return isinstance(value, str) and (attribute != "rule" or value in ("", "worst"))
    if attribute == "publication_lag":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if attribute == "manipulable":
        return isinstance(value, bool)
    if attribute == "measurement":
        return value is None or isinstance(value, Measurement)
    return attribute == "start" and value is None


def _place(arrow: tuple[Any, Any, Mapping[str, Any]]) -> float:
    place = arrow[2].get("place")
    return place if isinstance(place, int) else inf


def _edge(cause: str, effect: str, kept: Mapping[str, Any], wrong: list[str]) -> Edge:
    lag, because = kept.get("lag", 0), kept.get("because", "")
    if isinstance(lag, bool) or not isinstance(lag, int):
        wrong.append(f"edge {cause} -> {effect}: lag must be 0 or 1, not {written(lag)}")
    if not isinstance(because, str):
        wrong.append(f"edge {cause} -> {effect}: because must be text, not {written(because)}")
    return Edge(cause, effect, lag, because)


def _confounded(pairs: object, wrong: list[str]) -> Iterator[Confounded]:
    """The declared common causes: (one, other) or (one, other, because)."""
    for pair in pairs if isinstance(pairs, Sequence) else [pairs]:
        texts = [p for p in pair if isinstance(p, str)] if _texts(pair) else []
        if _texts(pair) and len(texts) == len(pair) and len(texts) in (2, 3):
            yield Confounded(*texts)
        else:
            wrong.append(f"`confounded` holds {written(pair)}, not (one, other, because)")
