"""The parts of pgmpy that the tests use, imported without its warnings."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pgmpy = importlib.import_module("pgmpy")
    models = importlib.import_module("pgmpy.models")
    readwrite = importlib.import_module("pgmpy.readwrite")
    inference = importlib.import_module("pgmpy.inference")
    TabularCPD = importlib.import_module("pgmpy.factors.discrete").TabularCPD


def network(*cpds: Any, edges: Any = (), nodes: Any = ()) -> Any:
    found = models.DiscreteBayesianNetwork()
    found.add_nodes_from(nodes)
    found.add_edges_from(edges)
    found.add_cpds(*cpds)
    return found
