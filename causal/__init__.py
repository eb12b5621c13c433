"""Why does crypto crash, and what if?  Questions to a causal Bayesian network.

The public surface; every name is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causal.data.panel import Panel, read_panel
    from causal.errors import (
        CausalError,
        DataError,
        ImpossibleEvidenceError,
        ModelError,
        QueryError,
        SpecError,
    )
    from causal.errors import NotIdentifiableError as NotIdentifiableError
    from causal.explain.ladder import ladder
    from causal.explain.loop import loop_gain
    from causal.explain.sensitivity import sensitivity
    from causal.graph.dag import CausalGraph, Confounded, Edge, Variable
    from causal.graph.networkx_graph import from_networkx, to_networkx
    from causal.graph.spec import Story, read_story
    from causal.graph.spec import write_story as write_story
    from causal.infer.grammar import parse as parse
    from causal.infer.likeliest import likeliest
    from causal.infer.probability import ask, marginals, probability
    from causal.infer.query import Answer, Query
    from causal.infer.query import Claim as Claim
    from causal.infer.query import Support as Support
    from causal.infer.report import answer_to_dict as answer_to_dict
    from causal.infer.sweep import sweep
    from causal.learn.dirichlet import fit
    from causal.model.interchange import read_network
    from causal.model.intervention import Cut, Hard, Mix, Policy, Schedule
    from causal.model.network import CausalModel
    from causal.model.pgmpy_network import from_pgmpy, to_pgmpy
    from causal.model.store import load, save, shipped
    from causal.model.table import Table, table
    from causal.show.diagram import diagram

    __version__: str

_HOMES = {
    "Answer": "infer.query",
    "CausalError": "errors",
    "CausalGraph": "graph.dag",
    "CausalModel": "model.network",
    "Claim": "infer.query",
    "Confounded": "graph.dag",
    "Cut": "model.intervention",
    "DataError": "errors",
    "Edge": "graph.dag",
    "Hard": "model.intervention",
    "ImpossibleEvidenceError": "errors",
    "Mix": "model.intervention",
    "ModelError": "errors",
    "NotIdentifiableError": "errors",
    "Panel": "data.panel",
    "Policy": "model.intervention",
    "Query": "infer.query",
    "QueryError": "errors",
    "Schedule": "model.intervention",
    "SpecError": "errors",
    "Story": "graph.spec",
    "Support": "infer.query",
    "Table": "model.table",
    "Variable": "graph.dag",
    "answer_to_dict": "infer.report",
    "ask": "infer.probability",
    "diagram": "show.diagram",
    "fit": "learn.dirichlet",
    "from_networkx": "graph.networkx_graph",
    "from_pgmpy": "model.pgmpy_network",
    "ladder": "explain.ladder",
    "likeliest": "infer.likeliest",
    "load": "model.store",
    "loop_gain": "explain.loop",
    "marginals": "infer.probability",
    "parse": "infer.grammar",
    "probability": "infer.probability",
    "read_network": "model.interchange",
    "read_panel": "data.panel",
    "read_story": "graph.spec",
    "save": "model.store",
    "sensitivity": "explain.sensitivity",
    "shipped": "model.store",
    "sweep": "infer.sweep",
    "table": "model.table",
    "to_networkx": "graph.networkx_graph",
    "to_pgmpy": "model.pgmpy_network",
    "write_story": "graph.spec",
}

__all__ = [
    "Answer",
    "CausalError",
    "CausalGraph",
    "CausalModel",
    "Confounded",
    "Cut",
    "DataError",
    "Edge",
    "Hard",
    "ImpossibleEvidenceError",
    "Mix",
    "ModelError",
    "Panel",
    "Policy",
    "Query",
    "QueryError",
    "Schedule",
    "SpecError",
    "Story",
    "Table",
    "Variable",
    "ask",
    "diagram",
    "fit",
    "from_networkx",
    "from_pgmpy",
    "ladder",
    "likeliest",
    "load",
    "loop_gain",
    "marginals",
    "probability",
    "read_network",
    "read_panel",
    "read_story",
    "save",
    "sensitivity",
    "shipped",
    "sweep",
    "table",
    "to_networkx",
    "to_pgmpy",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            found: Any = version("causal-crash")
        except PackageNotFoundError:  # a checkout on the path, never installed
            found = "0+unknown"
    elif name in _HOMES:
        from importlib import import_module

        found = getattr(import_module(f"causal.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module 'causal' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
