"""Public BIF files, read here and by pyAgrum in one run: how long it takes, and how far apart.

``python -m tests.against.bif_files FILE...`` prints the table of ``docs/reference``.  No such file
is part of this repository.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
import time
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from causal.errors import CausalError
from causal.model.interchange import read_network
from causal.model.network import CausalModel

HEAD = "| file | MB | variables | states | numbers | s, here | s, pyAgrum | largest difference |"


def difference(model: CausalModel, theirs: Any) -> float:
    """The largest difference between our tables and pyAgrum's, its rows scaled to one.

    Infinite where variables, states or causes differ.
    """
    if set(theirs.names()) != set(model.graph.names):
        return np.inf
    worst = 0.0
    for variable in model.graph.variables:
        table, cpt = model.tables[variable.name], theirs.cpt(variable.name)
        if tuple(theirs.variable(variable.name).labels()) != variable.states:
            return np.inf
        if set(cpt.names) != {*table.parents, variable.name}:
            return np.inf
        names = list(reversed(cpt.names))  # the axes of its arrays
        values = np.transpose(cpt.toarray(), [names.index(axis) for axis in table.axes[:-1]])
        sums = values.sum(axis=-1, keepdims=True)
        values = np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)
        worst = max(worst, float(np.abs(values - table.values[..., 0]).max()))
    return worst


def line(path: Path, gum: Any) -> str:
    """A row of the table: the better of two readings each, in turn."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.bif"
        plain.write_bytes(raw)
        ours, theirs, model, net = [], [], None, None
        for _ in range(2):
            start = time.perf_counter()
            try:
                model = read_network(plain)
            except CausalError as error:
                return f"| {path.name} | refused here: {error.what} |"
            ours.append(time.perf_counter() - start)
            start = time.perf_counter()
            try:
                net = gum.loadBN(str(plain))
            except Exception:
                net = None
            theirs.append(time.perf_counter() - start)
    states = sum(len(v.states) for v in model.graph.variables)
    numbers = sum(t.values.size for t in model.tables.values())
    told = "pyAgrum refuses it" if net is None else f"{difference(model, net):.0e}"
    seconds = "" if net is None else f"{min(theirs):.3f}"
    return (
        f"| {path.name} | {len(raw) / 1e6:.3f} | {len(model.graph.names):,} | {states:,} | "
        f"{numbers:,} | {min(ours):.3f} | {seconds} | {told} |"
    )


def main() -> None:
    """Print the table for the files that are named."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gum = import_module("pyagrum")
    print(HEAD, "|---|--:|--:|--:|--:|--:|--:|--:|", sep="\n")
    for name in sys.argv[1:]:
        print(line(Path(name), gum), flush=True)


if __name__ == "__main__":
    main()
