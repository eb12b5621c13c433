"""The causal story as text: TOML <-> Story; reports every mistake at once, with file and key."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from causal import file, limit
from causal.errors import CycleError, SpecError, nearest
from causal.graph.dag import CausalGraph
from causal.graph.section import (
    Section,
    check_relations,
    read_confounded,
    read_edges,
    read_variables,
    unknown,
)
from causal.graph.variable import Acts, Edge, Measurement, Series, Variable
from causal.graph.weighing import (
    TableChoice,
    Weighing,
    read_kind,
    read_weighing,
    weighing_to_dict,
)
from causal.text import written

DRAWS, SEED = 2000, 0

WIDTH = 100
WIDEST = 1.0  # a spread of the scale: beyond it a unit is anything


@dataclass(frozen=True, slots=True)
class Story:
    """A causal graph and how it is to be fitted: prior strength in days a row, draws, seed.

    ``strength``: of every table's prior; None: learnt for each.  ``table``: how the prior mean of a
    row is made, for variables that do not say it themselves: ``ordinal`` (a regression on its
    ordered causes), ``logit`` (on causes without an order), ``backoff`` (coarser causes), or
    ``dirichlet``: back-off too, but rows and days independent, in closed form.  Without a word it
    is ``dirichlet`` where a strength is given, else ``ordinal``.  ``weighing``: what days count
    for. ``moves``: the price behind one of its variables, for questions about drawdowns. Raises
    SpecError for a strength, draws or a seed outside ``limit``."""

    graph: CausalGraph
    strength: float | None = None
    draws: int = DRAWS
    seed: int = SEED
    title: str = ""
    title_zh: str = ""
    moves: Moves | None = None
    table: TableChoice = ""
    weighing: Weighing = field(default_factory=Weighing)

    def __post_init__(self) -> None:
        if self.strength is not None:
            object.__setattr__(self, "strength", limit.strength(self.strength, SpecError))
        object.__setattr__(self, "draws", limit.draws(self.draws, SpecError))
        object.__setattr__(self, "seed", limit.seed(self.seed, SpecError))
        if self.table not in get_args(TableChoice):
            raise SpecError(
                f"Tables of the kind {written(self.table)} are not known.",
                "Tables are ordinal, logit, backoff or dirichlet.",
                nearest(str(self.table), get_args(TableChoice)[1:]),
            )

    @property
    def target(self) -> str:
        """The variable that it is about: that of its price, else its last."""
        return self.moves.variable if self.moves is not None else self.graph.names[-1]

    @property
    def kind(self) -> TableChoice:
        """How tables are learnt that do not say it themselves."""
        return self.table or ("ordinal" if self.strength is None else "dirichlet")


def read_story(path: str | os.PathLike[str]) -> Story:
    """The story in a TOML file.

    Raises SpecError with every mistake in ``problems`` (file, key, what is wrong, nearest name),
    or CycleError when the only mistake is a cycle.
    """
    import tomllib

    name = Path(path).name
    raw = file.contents(path, SpecError)
    try:
        document = tomllib.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as trouble:
        problem = f"{name}: {trouble}"
        raise SpecError(
            f"{name} is not valid TOML.",
            "The story could not be read at all.",
            "Mend the syntax at this place:",
            [problem],
        ) from None
    return story_from_dict(document, where=name, complete=True)


def write_story(story: Story, path: str | os.PathLike[str]) -> None:
    """Write a story as TOML that ``read_story`` reads back equal.

    Raises SpecError where ``read_story`` would, or when the file cannot be written.
    """
    document = story_to_dict(story)
    story_from_dict(document, where=Path(path).name, complete=True)
    file.replace(path, _toml(document), SpecError)


def story_from_dict(
    document: Mapping[str, Any], *, where: str = "story", complete: bool = False
) -> Story:
    """The story of a plain dictionary (a parsed TOML or JSON document).

    ``complete`` also asks that every variable be measured and every arrow say why.
    Raises SpecError with every mistake in ``problems``, or CycleError.
    """
    mistakes: list[str] = []
    if not isinstance(document, Mapping):
        raise _malformed(where, [f"{where}: must be a table, not {type(document).__name__}"])
    root = Section(document, where, "", mistakes)
    head, fit, section = root.section("story"), root.section("fit"), root.section("variables")
    name = head.text("name", required="a short name of the story" if complete else "")
    title, title_zh = head.text("title"), head.text("title_zh")
    strength = fit.strength("strength", 1.0) if fit.has("strength") else None
    table, weighing = read_kind(fit), read_weighing(fit)
    draws, seed = fit.whole("draws", DRAWS, limit.DRAWS), fit.whole("seed", SEED, limit.SEED)
    variables = read_variables(section, complete)
    names = tuple(v.name for v in variables)
    edges = read_edges(root, names, complete)
    confounded = read_confounded(root, names, complete)
    check_relations(section, variables, edges, complete)
    moves = read_moves(root, variables, complete)
    if weighing.recalibrate and weighing.recalibrate not in names:
        fit.wrong("recalibrate", unknown(weighing.recalibrate, names))
    for part in (root, head, fit):
        part.close()
    if mistakes:
        raise _malformed(where, [*dict.fromkeys(mistakes), *_cycles(where, variables, edges)])
    try:
        graph = CausalGraph(variables, edges, confounded, name)
    except CycleError as trouble:
        raise CycleError(f"{where}: {trouble.what}", trouble.means, trouble.do) from None
    return Story(graph, strength, draws, seed, title, title_zh, moves, table, weighing)


def story_to_dict(story: Story) -> dict[str, Any]:
    """The story as plain dictionaries, lists, texts and numbers; what is default is left out."""
    graph = story.graph
    return {
        "story": {
            "name": graph.name,
            **_given({"title": story.title, "title_zh": story.title_zh}),
        },
        "fit": {
            **_given({"table": story.table, "strength": story.strength}),
            **weighing_to_dict(story.weighing),
            "draws": story.draws,
            "seed": story.seed,
        },
        "variables": {v.name: _variable(v) for v in graph.variables},
        "edges": [
            {"cause": e.cause, "effect": e.effect, "lag": e.lag, **_given({"because": e.because})}
            for e in graph.edges
        ],
        "confounded": [
            {"between": [c.one, c.other], **_given({"because": c.because})}
            for c in graph.confounded
        ],
        **({"moves": moves_to_dict(story.moves)} if story.moves is not None else {}),
    }


def _variable(variable: Variable) -> dict[str, Any]:
    measured = variable.measurement
    return {
        "states": list(variable.states),
        **_given({"states_zh": list(variable.states_zh), "label": variable.label}),
        **_given({"label_zh": variable.label_zh}),
        **(_measured(measured) if measured is not None else {}),
        **_given({"rule": variable.rule}),
        **({"start": list(variable.start)} if variable.start is not None else {}),
        **_given({"publication_lag": variable.publication_lag}),
        **_given({"manipulable": variable.manipulable, "table": variable.table}),
        **_given({"why": variable.why}),
    }


def _measured(found: Measurement) -> dict[str, Any]:
    parts = _given(
        {
            "series": [_series(s) for s in found.series],
            "cuts": list(found.cuts),
            "quantiles": list(found.quantiles),
            "closed": found.closed,
            "calendar": found.calendar,
            "acts": [_acts(a) for a in found.acts],
        }
    )
    return parts or {"series": []}


def _series(series: Series) -> dict[str, Any]:
    weight = {} if series.weight == 1 else {"weight": series.weight}
    rest = {"restart": list(series.restart)}
    return {
        "column": series.column,
        **_given({"steps": list(series.steps)}),
        **weight,
        **_given(rest),
    }


def _acts(acts: Acts) -> dict[str, Any]:
    size = {} if acts.at_least == 1 else {"at_least": acts.at_least}
    days = {} if acts.days == 1 else {"days": acts.days}
    return {"column": acts.column, **size, **days, "state": acts.state}


def _given(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value}


def _cycles(where: str, variables: Sequence[Variable], edges: Sequence[Edge]) -> list[str]:
    """A cycle, shown beside the other mistakes."""
    names = {v.name for v in variables if v.name and "@" not in v.name}
    starts = {
        v.name: None if v.start is None else tuple(p for p in v.start if p in names)
        for v in variables
        if v.name in names
    }
    bare = tuple(Variable(n, ("a",), start=parents) for n, parents in starts.items())
    arrows = {(e.cause, e.effect) for e in edges if e.lag == 0 and {e.cause, e.effect} <= names}
    try:
        CausalGraph(bare, tuple(Edge(c, f) for c, f in sorted(arrows)))
    except CycleError as trouble:
        return [f"{where}: {trouble.what}"]
    return []


def _malformed(where: str, mistakes: Sequence[str]) -> SpecError:
    many = "mistake" if len(mistakes) == 1 else "mistakes"
    return SpecError(
        f"{where} has {len(mistakes)} {many}.",
        "No model can be built on it.",
        "Mend each of these:",
        mistakes,
    )


def _toml(document: Mapping[str, Any]) -> str:
    """The document as TOML for human eyes: long lists broken over lines, tables set apart."""
    import tomlkit
    from tomlkit.items import Table

    def laid_out(parts: Mapping[str, Any]) -> Table:
        table = tomlkit.table()
        for key, value in parts.items():
            item = tomlkit.item(value)
            if key in ("series", "acts"):
                item = tomlkit.array().multiline(True)
                for row in value:
                    inline = tomlkit.inline_table()
                    inline.update(row)
                    item.append(inline)
            elif isinstance(value, list) and len(str(value)) + len(key) > WIDTH - 5:
                item.multiline(True)
            table.append(key, item)
        return table

    found = tomlkit.document()
    for key in ("story", "fit"):
        found.append(key, laid_out(document[key]))
    variables = tomlkit.table(is_super_table=True)
    for name, parts in document["variables"].items():
        variables.append(name, laid_out(parts))
    found.append("variables", variables)
    if "moves" in document:
        found.append("moves", laid_out(document["moves"]))
    for key in ("edges", "confounded"):
        if document[key]:
            rows = tomlkit.aot()
            for parts in document[key]:
                rows.append(laid_out(parts))
            found.append(key, rows)
    return tomlkit.dumps(found)


@dataclass(frozen=True, slots=True)
class Moves:
    """The section ``[moves]`` of a story: the price behind a variable.

    A day's move is ln(close_t / close_(t-1)) over the scale of the day before, which the steps
    ``scale`` make of the closes up to then.  Days are alike when ``variable`` and every variable of
    ``given`` are in the same state.  ``low`` is the column of the day's low; empty where there is
    none.  ``spread``: by how much the scale may miss the days to come, the standard deviation of
    its logarithm (``drawdown/unit.py``).
    """

    variable: str
    close: str
    low: str = ""
    given: tuple[str, ...] = ()
    scale: tuple[str, ...] = ()
    spread: float = 0.0
    why: str = ""

    @property
    def cell(self) -> tuple[str, ...]:
        """The variables whose states say which moves are alike."""
        return (self.variable, *self.given)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the panel that hold the price."""
        return (self.close, self.low) if self.low else (self.close,)


def read_moves(root: Section, variables: Iterable[Variable], complete: bool) -> Moves | None:
    """The section ``[moves]``; None when the story has none.  Mistakes go to the section."""
    section = root.section("moves")
    if not root.has("moves"):
        return None
    names = [v.name for v in variables]
    found = Moves(
        variable=section.text("variable", required="the variable whose day's move it is"),
        close=section.text("close", required="the column of the daily close"),
        low=section.text("low"),
        given=section.texts("given"),
        scale=section.texts("scale"),
        spread=section.number("spread", 0.0),
        why=section.text(
            "why", required="say why moves are scaled so" if complete else "", prose=True
        ),
    )
    section.close()
    for key, some in (("variable", (found.variable,)), ("given", found.given)):
        for name in some:
            if name and name not in names:
                section.wrong(key, f"there is no variable `{name}`. {nearest(name, names)}")
    if len(set(found.cell)) < len(found.cell):
        section.wrong("given", "names a variable twice, or the one whose move it is")
    if not 0 <= found.spread <= WIDEST:
        section.wrong(
            "spread",
            f"must be a standard deviation of the scale's logarithm, from 0 to {WIDEST:g}, not "
            f"{found.spread:g}",
        )
    if not found.scale:
        section.wrong(
            "scale", 'missing: steps on the close, as in ["logreturn", "ewma_vol 20", "delay 1"]'
        )
    return found


def moves_to_dict(moves: Moves) -> Mapping[str, Any]:
    """The section as plain values; what is default is left out."""
    parts = {
        "variable": moves.variable,
        "close": moves.close,
        "low": moves.low,
        "given": list(moves.given),
        "scale": list(moves.scale),
        "spread": moves.spread,
        "why": moves.why,
    }
    return {key: value for key, value in parts.items() if value}
