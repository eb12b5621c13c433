"""A fitted model as readable text: story, cut points, counts, prior; never the draws themselves.

The draws follow from counts, prior and seed, so a file of some thousand numbers holds a posterior
of any size.  The text is the same byte for byte for the same fit, one family a line, and carries a
checksum over its content.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from itertools import chain
from math import prod
from pathlib import Path
from typing import Any, get_args

import numpy as np

from causal import file, limit
from causal.errors import IntegrityError, ModelError, nearest
from causal.graph.dag import CausalGraph
from causal.graph.section import Section, finite
from causal.graph.story import Moves, Story, story_from_dict, story_to_dict
from causal.model.checks import checks_from_section
from causal.model.learnt.learnt_file import (
    evidence_from_section,
    evidence_to_dict,
    prior_from_section,
    prior_to_dict,
)
from causal.model.learnt.prior import LearntPrior
from causal.model.network import CausalModel, Fit, Provenance, check_moves, check_size, fitted
from causal.model.posterior import Counts, Dirichlet, DrawnTables, IntArray, Piece, total
from causal.model.returns import FARTHEST_EDGE, USUAL, MoveCounts
from causal.text import written

FORMAT = "causal-model"

VERSION = 4  # 2 added the moves of a price, 3 learnt priors, 4 dated acts and a spread of the unit
LEARNT = 3  # what needs less is written as less

LINES = 3

LISTED = 5

TEXT, LEARNT_TEXT = 64, 150  # bytes a cell of what is in memory while a model is written


def save(model: CausalModel, path: str | os.PathLike[str]) -> None:
    """Write a fitted model; a reader sees the old file or the new one, never half of one.

    Raises ModelError for a point model, for a model after surgery, for counts that do not fit the
    graph, for tables whose text would not fit in memory, and when the file cannot be written.
    """
    learnt = model.fit is not None and isinstance(model.fit.prior, LearntPrior)
    check_size(model.graph, LEARNT_TEXT if learnt else TEXT)
    content = _content(model)
    _model(content, Path(path).name)
    file.replace(path, _text({**content, "checksum": _checksum(content)}), ModelError)


def load(path: str | os.PathLike[str]) -> CausalModel:
    """The fitted model in a file, its tables drawn when they are first asked for.

    Raises IntegrityError when the content does not match its checksum, ModelError when the file is
    missing, is no model, comes from a newer version, contradicts its own story, or would not fit in
    memory.
    """
    name = Path(path).name
    document = _document(file.contents(path, ModelError), name)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelError(
            f"{name} is not a fitted model.",
            f'It has no line `"format": "{FORMAT}"`.',
            f"Make one with `causal fit`, {_network(name)}.",
        )
    version = document.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ModelError(
            f"{name} is written in version {version} of the format.",
            f"This package reads versions 1 to {VERSION}.",
            "Upgrade it with `pip install --upgrade causal-crash`.",
        )
    content = {key: value for key, value in document.items() if key != "checksum"}
    if document.get("checksum") != _checksum(content):
        raise IntegrityError(
            f"The content of {name} does not match its checksum.",
            "It was damaged or edited after it was saved, and its numbers cannot be trusted.",
            "Restore the file, or fit the model again with `causal fit`.",
        )
    return _model(content, name, str(document["checksum"]))


def _needed(model: CausalModel, learnt: bool) -> int:
    """The oldest version of the format that can say what the model holds."""
    moves = model.fit.moves if model.fit is not None else None
    acts = any(v.measurement is not None and v.measurement.acts for v in model.graph.variables)
    if acts or (moves is not None and moves.declared.spread):
        return VERSION
    return LEARNT if learnt else 1 if moves is None else 2


def shipped(name: str = "crash") -> Path:
    """Where a model that travels with the package lies.

    Raises ModelError with the nearest name when no such model is shipped.
    """
    known = {p.stem: p for p in sorted(file.shipped_folder().glob("*.json"))}
    if name not in known:
        raise ModelError(
            f"No model `{name}` is shipped with the package.",
            "Shipped models are found by name, your own by their path.",
            nearest(name, known) if known else "Install the package again: it holds no model.",
        )
    return known[name]


def _content(model: CausalModel) -> dict[str, Any]:
    """Everything that a fit rests on, as plain values in the order of the story."""
    fit, graph = model.fit, model.graph
    if fit is None or not isinstance(model.tables, DrawnTables):
        raise ModelError(
            f"The model `{model.name}` is not fitted to a history.",
            "It has tables but no counts, and this format stores counts.",
            "Store it as a network: `to_pgmpy(model)`, then pgmpy's BIFWriter.",
        )
    if model.interventions:
        done = ", ".join(map(str, model.interventions))
        raise ModelError(
            f"The model `{model.name}` has been acted on: do({done}).",
            "A stored model is the one that was fitted.",
            "Save the model before `.do(...)` and repeat the intervention after loading.",
        )
    moves, learnt = fit.moves, isinstance(fit.prior, LearntPrior)
    story = story_to_dict(Story(graph, moves=moves.declared if moves is not None else None))
    del story["fit"]
    data = fit.provenance
    return {
        "format": FORMAT,
        "version": _needed(model, learnt),
        "story": story,
        "cuts": {n: list(data.cuts[n]) for n in sorted(data.cuts, key=_place(graph))},
        "counts": {p: _families(graph, fit.counts, p) for p in get_args(Piece)},
        **({"moves": move_counts_to_dict(graph, moves)} if moves is not None else {}),
        **_prior(fit),
        **({"checks": fit.checks.to_dict()} if fit.checks is not None else {}),
        "data": {
            "from": data.data_from,
            "to": data.data_to,
            "rows": data.rows,
            "hash": data.data_hash,
            "fit_until": data.fit_until,
        },
        "draws": fit.draws,
        "seed": fit.seed,
    }


def _prior(fit: Fit) -> dict[str, Any]:
    """The prior, and the days by sub-block where it weighs them."""
    if not isinstance(fit.prior, LearntPrior):
        return {"prior": {"strength": fit.prior.strength}}
    days = {} if fit.evidence is None else {"evidence": evidence_to_dict(fit.evidence)}
    return {"prior": prior_to_dict(fit.prior), **days}


def _place(graph: CausalGraph) -> Any:
    place = {n: i for i, n in enumerate(graph.names)}
    return lambda name: (place.get(name, len(place)), name)


def _families(graph: CausalGraph, counts: Counts, piece: Piece) -> dict[str, Any]:
    found = counts.of(piece)
    return {
        n: {"given": list(counted_by(graph, n, piece)), "days": np.asarray(found[n]).tolist()}
        for n in sorted(found, key=_place(graph))
    }


def _model(content: Mapping[str, Any], name: str, origin: str = "") -> CausalModel:
    """The model of a stored content; raises SpecError or ModelError where it is inconsistent."""
    mistakes: list[str] = []
    root = Section(content, name, "", mistakes)
    story = story_from_dict(content.get("story", {}), where=f"{name}: story")
    graph = story.graph
    check_size(graph)
    root.asked.update(("format", "story"))
    version = root.whole("version", 0)
    if version not in range(1, VERSION + 1):
        root.wrong("version", f"must be 1 to {VERSION}")
    counts, learnt = root.section("counts"), version >= LEARNT
    tallies = Counts(
        read_counts(counts, graph, "day", whole=not learnt),
        read_counts(counts, graph, "start", whole=not learnt),
    )
    cuts = _cuts(root.section("cuts"), graph)
    moves = _moves(root, story)
    prior, data = root.section("prior"), root.section("data")
    believed: Dirichlet | LearntPrior | None = None
    evidence = None
    if not learnt:
        strength = prior.strength("strength", 0.0)
    elif not mistakes:
        believed = prior_from_section(prior, graph)
        if root.has("evidence"):
            evidence = evidence_from_section(root.section("evidence"), graph, tallies)
    else:
        prior.asked.update(prior.table)
        root.asked.add("evidence")
    checks = None
    if root.has("checks"):
        checks = checks_from_section(root.section("checks"), graph.names)
    provenance = Provenance(
        data_from=data.text("from"),
        data_to=data.text("to"),
        rows=data.whole("rows", 0),
        data_hash=data.text("hash"),
        fit_until=data.text("fit_until"),
        cuts=cuts,
    )
    draws, seed = root.whole("draws", 0, limit.DRAWS), root.whole("seed", 0, limit.SEED)
    for part, keys in ((root, ("draws", "seed")), (data, ("from", "to", "rows", "hash"))):
        for key in keys:
            if not part.has(key):
                part.wrong(key, "missing")
    for part in (root, counts, prior, data):
        part.close()
    if mistakes:
        more = f" and {len(mistakes) - LISTED} more" if len(mistakes) > LISTED else ""
        raise ModelError(
            f"{name} contradicts its own story: {'; '.join(mistakes[:LISTED])}{more}.",
            "Counts, cut points and graph do not belong together.",
            "Fit the story again with `causal fit`.",
        )
    if believed is None:
        believed = Dirichlet(strength)
    found = Fit(tallies, believed, draws, seed, provenance, moves, evidence, origin, checks)
    return fitted(graph, found)


def _moves(root: Section, story: Story) -> MoveCounts | None:
    """The counted moves; a story that declares a price must have them, another must not."""
    if (story.moves is None) == root.has("moves"):
        root.wrong("moves", "missing" if story.moves else "the story declares no price ([moves])")
    if story.moves is None:
        root.asked.add("moves")
        return None
    return move_counts_from_section(root.section("moves"), story.graph, story.moves)


def _cuts(section: Section, graph: CausalGraph) -> dict[str, tuple[float, ...]]:
    found = {}
    for name, values in section.table.items():
        if name not in graph.names:
            section.wrong(name, f"no such variable. {nearest(name, graph.names)}")
            continue
        want = graph.variable(name).cut_points
        if not isinstance(values, list) or not all(map(finite, values)):
            section.wrong(name, f"must be a list of finite numbers, not {written(values)}")
        elif values != sorted(values) or len(values) != want:
            section.wrong(name, f"must be {want} rising numbers, not {written(values)}")
        else:
            found[name] = tuple(float(v) for v in values)
    return found


def _network(name: str) -> str:
    """What to do with a file that may be a network."""
    return f"or read a network (BIF, XDSL) with `causal.read_network({name!r})`"


def _document(raw: bytes, name: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is no number")

    try:
        return json.loads(raw.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as trouble:
        raise ModelError(
            f"{name} cannot be read as JSON: {trouble}.",
            "It is no fitted model, or it was damaged.",
            f"Restore the file, fit the model again with `causal fit`, {_network(name)}.",
        ) from None


def _checksum(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content, whatever its spaces and line breaks."""
    canonical = json.dumps(content, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _text(document: Mapping[str, Any]) -> str:
    return _laid_out(document, 0) + "\n"


def _laid_out(value: Any, depth: int) -> str:
    """JSON, broken into lines down to ``LINES`` levels: a variable, an edge or a family a line."""
    rows = isinstance(value, list) and all(isinstance(v, dict) for v in value)
    if depth == LINES or not value or not (rows or isinstance(value, dict)):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    gap, pad = "\n" + "  " * depth, "  " * (depth + 1)
    if rows:
        lines = [pad + _laid_out(v, depth + 1) for v in value]
        return "[\n" + ",\n".join(lines) + gap + "]"
    lines = [
        f"{pad}{json.dumps(k, ensure_ascii=False)}: {_laid_out(v, depth + 1)}"
        for k, v in value.items()
    ]
    return "{\n" + ",\n".join(lines) + gap + "}"


def counted_by(graph: CausalGraph, name: str, piece: Piece) -> tuple[str, ...]:
    """The causes that a family is counted by; none for a name that is no variable."""
    if name not in graph.names:
        return ()
    return graph.parents(name) if piece == "day" else graph.start_parents(name)


def read_counts(
    counts: Section, graph: CausalGraph, piece: Piece, *, whole: bool = True
) -> dict[str, IntArray]:
    """The tallies of one slice, every family checked against the graph."""
    section = counts.section(piece)
    found = {}
    for name in graph.names:
        if not section.has(name):
            if not graph.variable(name).rule:
                section.wrong(name, "missing: every variable needs its counts")
            continue
        family = section.section(name)
        causes = counted_by(graph, name, piece)
        shape = tuple(graph.size(axis) for axis in (*causes, name))
        if family.texts("given") != causes:
            family.wrong("given", f"the story says {list(causes)}")
        found[name] = _tally(family, shape, whole)
        family.close()
    section.asked.update(graph.names)
    section.close()
    return found


def _tally(family: Section, shape: tuple[int, ...], whole: bool) -> IntArray:
    """The counts of one family, of this shape; what is wrong is noted in the section.

    ``whole``: no day is shared out or forgotten, so that every count is a whole number.
    """
    family.asked.add("days")
    days = family.table.get("days")
    try:
        found = np.array(days)
    except (ValueError, OverflowError):
        found = np.array(None)
    kinds = "i" if whole else "if"
    if found.dtype.kind not in kinds or found.shape != shape or not _plain(days, found.ndim, whole):
        what = "whole numbers" if whole else "numbers"
        family.wrong("days", f"must be {what} of shape {shape}, not {written(days)}")
    elif not np.isfinite(found).all():
        family.wrong("days", "a count is not finite")
    elif (found < 0).any():
        family.wrong("days", "a count is negative")
    elif total(found) > limit.COUNT:
        family.wrong("days", "more than 2^53 in all: a float would no longer tell one day more")
    else:
        return found if found.dtype.kind == "f" else found.astype(np.int64)
    return np.zeros(1, np.int64)


def _plain(days: Any, depth: int, whole: bool) -> bool:
    """Whether nested lists hold integers only (or numbers): ``true`` would count as one."""
    for _ in range(depth - 1):
        days = chain.from_iterable(days)
    return set(map(type, days)) <= ({int} if whole else {int, float})


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
