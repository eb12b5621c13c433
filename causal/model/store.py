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
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import numpy as np

from causal import file, limit
from causal.errors import IntegrityError, ModelError, nearest
from causal.graph.dag import CausalGraph
from causal.graph.section import Section, finite
from causal.graph.story import Story, story_from_dict, story_to_dict
from causal.graph.variable import Calendar
from causal.model.checks import checks_from_section
from causal.model.learnt.learnt_file import (
    evidence_from_section,
    evidence_to_dict,
    prior_from_section,
    prior_to_dict,
)
from causal.model.learnt.prior import LearntPrior
from causal.model.network import CausalModel, Fit, Provenance, check_size, fitted
from causal.model.posterior import Counts, Dirichlet, DrawnTables, IntArray, Piece, total
from causal.model.returns import MoveCounts
from causal.model.returns_file import move_counts_from_section, move_counts_to_dict
from causal.text import written

FORMAT = "causal-model"

# 2 added the moves of a price, 3 learnt priors, 4 dated acts, a spread of the unit and the week.
VERSION = 4
LEARNT = 3  # what needs less is written as less

WEEK: Calendar = "us"
DAYS: Calendar = "us_independent"

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
    spread = moves is not None and bool(moves.declared.spread)
    measured = [v.measurement for v in model.graph.variables if v.measurement is not None]
    if spread or any(m.acts or m.calendar == WEEK for m in measured):
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
    version, data = _needed(model, learnt), fit.provenance
    if version < VERSION:
        graph = _with_calendars(graph, DAYS, WEEK)
    story = story_to_dict(Story(graph, moves=moves.declared if moves is not None else None))
    del story["fit"]
    return {
        "format": FORMAT,
        "version": version,
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


def _read_graph(story: Story, version: int) -> CausalGraph:
    """The graph of a file: what it answered when it was written it answers for ever.

    Calendars follow the week from version 4 on.
    """
    return _with_calendars(story.graph, WEEK, DAYS) if version < VERSION else story.graph


def _is_learnt(root: Section, version: int) -> bool:
    """Whether a file holds a learnt prior: always in version 3, by its parts after it."""
    parts = root.section("prior").has("day") or root.has("evidence")
    return version == LEARNT or (version > LEARNT and parts)


def _with_calendars(graph: CausalGraph, old: Calendar, new: Calendar) -> CausalGraph:
    """The graph with one kind of calendar in the place of another."""
    found = [
        replace(v, measurement=replace(v.measurement, calendar=new))
        if v.measurement is not None and v.measurement.calendar == old
        else v
        for v in graph.variables
    ]
    return replace(graph, variables=tuple(found))


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
    root.asked.update(("format", "story"))
    version = root.whole("version", 0)
    graph = _read_graph(story, version)
    check_size(graph)
    if version not in range(1, VERSION + 1):
        root.wrong("version", f"must be 1 to {VERSION}")
    counts = root.section("counts")
    learnt = _is_learnt(root, version)
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
