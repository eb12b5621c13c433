"""Questions to a causal Bayesian network: why does crypto crash, and what if.

The public surface; every name is imported when it is first used.  A room that bears the name of
a verb (``causal/sweep/``, ``causal/ask.py``) is imported by its modules' names: ``causal.sweep`` is
the verb.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causal.answer.answer import Answer
    from causal.answer.answer import answer_to_dict as answer_to_dict
    from causal.answer.support import Support as Support
    from causal.ask import ask, probability
    from causal.data.panel import Panel, read_panel
    from causal.drawdown.ladder import ladder
    from causal.errors import (
        CausalError,
        DataError,
        ImpossibleEvidenceError,
        ModelError,
        QueryError,
        SpecError,
    )
    from causal.errors import NotIdentifiableError as NotIdentifiableError
    from causal.explain.feedback import loop_gain
    from causal.explain.sensitivity import sensitivity
    from causal.graph.dag import CausalGraph
    from causal.graph.networkx_graph import from_networkx, to_networkx
    from causal.graph.story import Story, read_story
    from causal.graph.story import write_story as write_story
    from causal.graph.variable import Confounded, Edge, Variable
    from causal.identify.claim import Claim as Claim
    from causal.infer.marginals import marginals
    from causal.infer.most_probable_paths import likeliest
    from causal.learn.fit import fit
    from causal.model.interchange import read_network
    from causal.model.network import CausalModel
    from causal.model.pgmpy_network import from_pgmpy, to_pgmpy
    from causal.model.store import load, save, shipped
    from causal.model.table import Table, table
    from causal.query.intervention import Cut, Hard, Mix, Policy, Schedule
    from causal.query.parser import parse as parse
    from causal.query.query import Query
    from causal.show.diagram import diagram
    from causal.sweep.sweep import sweep

    __version__: str

_HOMES = {
    "Answer": "answer.answer",
    "CausalError": "errors",
    "CausalGraph": "graph.dag",
    "CausalModel": "model.network",
    "Claim": "identify.claim",
    "Confounded": "graph.variable",
    "Cut": "query.cut",
    "DataError": "errors",
    "Edge": "graph.variable",
    "Hard": "query.assignment",
    "ImpossibleEvidenceError": "errors",
    "Mix": "query.assignment",
    "ModelError": "errors",
    "NotIdentifiableError": "errors",
    "Panel": "data.panel",
    "Policy": "query.assignment",
    "Query": "query.query",
    "QueryError": "errors",
    "Schedule": "query.intervention",
    "SpecError": "errors",
    "Story": "graph.story",
    "Support": "answer.support",
    "Table": "model.table",
    "Variable": "graph.variable",
    "answer_to_dict": "answer.answer",
    "ask": "ask",
    "diagram": "show.diagram",
    "fit": "learn.fit",
    "from_networkx": "graph.networkx_graph",
    "from_pgmpy": "model.pgmpy_network",
    "ladder": "drawdown.ladder",
    "likeliest": "infer.most_probable_paths",
    "load": "model.store",
    "loop_gain": "explain.feedback",
    "marginals": "infer.marginals",
    "parse": "query.parser",
    "probability": "ask",
    "read_network": "model.interchange",
    "read_panel": "data.panel",
    "read_story": "graph.story",
    "save": "model.store",
    "sensitivity": "explain.sensitivity",
    "shipped": "model.store",
    "sweep": "sweep.sweep",
    "table": "model.table",
    "to_networkx": "graph.networkx_graph",
    "to_pgmpy": "model.pgmpy_network",
    "write_story": "graph.story",
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


if not TYPE_CHECKING:  # a name that is not there is for the type checker to tell

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from importlib.metadata import PackageNotFoundError, version

            try:
                found: Any = version("causal-crash")
            except PackageNotFoundError:  # a checkout on the path, never installed
                found = "0+unknown"
        elif name == "laboratory":  # a room of its own, opened by its name
            from importlib import import_module

            found = import_module("causal.laboratory")
        elif name in _HOMES:
            from importlib import import_module

            found = getattr(import_module(f"causal.{_HOMES[name]}"), name)
        else:
            raise AttributeError(f"module 'causal' has no attribute {name!r}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _Surface(ModuleType):
    """The package as a module that keeps its verbs.

    The import system sets a submodule as an attribute of its package; here it would hide the verb.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (isinstance(value, ModuleType) and name in _HOMES):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Surface
