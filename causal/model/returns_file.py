"""The counted moves of a price in a model file."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from causal.graph.dag import CausalGraph
from causal.graph.section import Section, finite
from causal.graph.story import Moves
from causal.model.network import check_moves
from causal.model.posterior import IntArray
from causal.model.returns import FARTHEST_EDGE, USUAL, MoveCounts
from causal.text import written


def move_counts_to_dict(graph: CausalGraph, moves: MoveCounts) -> dict[str, Any]:
    """The counts as plain values: for each cell the bins that hold days, [close, wick, days].

    Cells in the order of the story's states, the last variable fastest.
    """
    cells = []
    for place in np.ndindex(moves.days.shape[:-2]):
        here = moves.days[place]
        states = zip(moves.declared.cell, place, strict=True)
        cells.append(
            {n: graph.variable(n).states[i] for n, i in states}
            | {"days": [[int(u), int(w), int(here[u, w])] for u, w in np.argwhere(here)]}
        )
    return {
        "usual": moves.usual,
        "close_edges": list(moves.close_edges),
        "wick_edges": list(moves.wick_edges),
        "cells": cells,
    }


def move_counts_from_section(section: Section, graph: CausalGraph, moves: Moves) -> MoveCounts:
    """The counts in a stored model; what is wrong is noted in the section.

    Raises ModelError where the cells do not fit in memory, before anything is allocated.
    """
    usual = section.number("usual", 0.0)
    if not USUAL <= usual <= 1:
        section.wrong("usual", f"must be more than zero, from {USUAL:g} to 1 a day")
    edges = {key: section.numbers(key) for key in ("close_edges", "wick_edges")}
    for key, found in edges.items():
        if len(found) < 2:
            section.wrong(key, "must hold at least two rising numbers")
        elif max(abs(found[0]), abs(found[-1])) > FARTHEST_EDGE:
            section.wrong(key, f"must lie within {FARTHEST_EDGE:g} usual moves")
    if edges["wick_edges"][:1] != (0.0,):
        section.wrong("wick_edges", "must begin at zero: a low is never above the close")
    bins = tuple(max(len(e) - 1, 1) for e in edges.values())
    sizes = tuple(graph.size(n) for n in moves.cell)
    check_moves(moves, graph, prod(bins))
    days = np.zeros((*sizes, *bins), dtype=np.int64)
    cells = section.sections("cells")
    if len(cells) != prod(sizes):
        section.wrong("cells", f"the story has {prod(sizes)} cells, the file {len(cells)}")
    for place, cell in zip(np.ndindex(sizes), cells, strict=False):
        for name, state in zip(moves.cell, place, strict=True):
            if cell.text(name) != graph.variable(name).states[state]:
                cell.wrong(name, f"must be {graph.variable(name).states[state]} in this place")
        _fill(cell, days[place])
        cell.close()
    if not days.any():
        section.wrong("cells", "hold no day")
    section.close()
    return MoveCounts(moves, edges["close_edges"], edges["wick_edges"], days, usual)


def _fill(cell: Section, days: IntArray) -> None:
    """Put the triples of one cell in their bins."""
    cell.asked.add("days")
    rows = cell.table.get("days")
    if not isinstance(rows, list):
        cell.wrong("days", f"must be a list of [close, wick, days], not {written(rows)}")
        return
    for row in rows:
        whole = isinstance(row, list) and len(row) == 3
        if not (whole and all(isinstance(v, int) and finite(v) and v >= 0 for v in row)):
            cell.wrong("days", f"must be whole numbers [close, wick, days], not {written(row)}")
            return
        u, w, count = row
        if u >= days.shape[0] or w >= days.shape[1] or not 0 < count < 2**31 or days[u, w]:
            cell.wrong("days", f"{written(row)} is no bin, holds no day, or is given twice")
            return
        days[u, w] = count
