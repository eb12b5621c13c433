"""``causal sweep``: one question in many scenarios, as a table, a file, a heat map."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.as_of_day import informed_as_of, known_screen
from causal.app.interruption import keeping
from causal.app.options import (
    AsOf,
    AssumeUnconfounded,
    At,
    Draws,
    From,
    Json,
    Model,
    Seed,
    Vintage,
    Within,
    Workers,
)
from causal.app.output import ready, say, say_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from causal.executor import Executor
    from causal.model.network import CausalModel
    from causal.query.scenarios.scenario import Loose
    from causal.sweep.result import Sweep

SHOWN = 40
PART = ".part"


class Who(StrEnum):
    """Who does the work."""

    serial = "serial"
    processes = "processes"
    joblib = "joblib"
    dask = "dask"
    ray = "ray"


Sides = Annotated[
    list[str] | None,
    typer.Option(
        metavar="SIDE", help="A side of the grid: `leverage=low|mid|high`, `war=*`, `-` for none."
    ),
]

File = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Scenarios: .csv or .toml with name, do, given."),
]
Out = Annotated[str | None, typer.Option(metavar="FILE", help="Write .csv, .json or .parquet.")]
Kept = Annotated[
    str | None, typer.Option(metavar="FILE", help="Keep finished rows here, and go on from it.")
]
Draw = Annotated[str | None, typer.Option(metavar="FILE", help="Draw a heat map: .svg.")]
Where = Annotated[list[str] | None, typer.Option(metavar="x=state", help="Rows of the heat map.")]
Most = Annotated[str | None, typer.Option(help="Refuse beyond this: 60s, or multiply-adds.")]


def sweep(
    *,
    event: Annotated[list[str], typer.Option(metavar="ITEMS", help="`bitcoin=crash`.")],
    do: Sides = None,
    given: Sides = None,
    scenarios: File = None,
    within: Within = None,
    at: At = None,
    start: From = None,
    model: Model = None,
    draws: Draws = None,
    seed: Seed = None,
    executor: Annotated[Who, typer.Option(help="Who does the work.")] = Who.serial,
    workers: Workers = None,
    budget: Most = None,
    assume_unconfounded: AssumeUnconfounded = False,
    out: Out = None,
    checkpoint: Kept = None,
    draw: Draw = None,
    x: Annotated[str | None, typer.Option(help="Variable across the heat map.")] = None,
    y: Annotated[str | None, typer.Option(help="Variable down the heat map.")] = None,
    where: Where = None,
    asof: AsOf = None,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """Answer one question in many scenarios: a grid of what is done and seen, or a file.

    Finished rows survive an interruption with --checkpoint or --out: the same command goes on.
    With --asof what the pulled history could know by that day is evidence in every scenario.
    """
    from causal.app.opening import open_model
    from causal.sweep.sweep import outline, sweep

    kept = checkpoint if checkpoint is not None else out + PART if out is not None else None
    ready(out, "table")
    ready(draw, "heat map")
    found = open_model(model, draws=draws, seed=seed)
    listed = _scenarios(found, scenarios, do or [], given or [])
    text = ", ".join(event)
    known: dict[str, Any] = {}
    asked: dict[str, Any] = {"within": within, "at": at, "start": start}
    if (day := (asof, vintage)) != (None, None):
        found, listed, asked["start"], known = _informed(found, listed, text, asked, day)
    plan = outline(found, listed, text, **asked)
    layout = _layout(plan, x, y, where or []) if draw is not None else None
    asked |= {"budget": budget, "checkpoint": kept, "assume_unconfounded": assume_unconfounded}
    asked["executor"] = _executor(executor, workers)
    with keeping(lambda: _finished(kept)), _bar() as progress:
        result = sweep(found, listed, text, **asked, progress=progress)
    if draw is not None and layout is not None:
        _drawn(result, layout, draw)
    if out is not None:
        result.save(out)
        if checkpoint is None:
            Path(out + PART).unlink(missing_ok=True)
    if as_json:
        say_json({**result.to_dict(), **known})
    else:
        _screen(result, out, known)


def _executor(who: Who, workers: int | None) -> Executor:
    from causal.executor import executor

    return executor(who.value, workers=workers)


def _informed(
    model: CausalModel,
    listed: Sequence[Loose],
    event: str,
    asked: Mapping[str, Any],
    day: tuple[str | None, str | None],
) -> tuple[CausalModel, Sequence[Loose], str | None, dict[str, Any]]:
    """The scenarios of a question, each with what could be known as of a day, and today's date.

    ``asked``: within, at, and the date if it is given; ``day``: --asof and --vintage.  What a
    scenario sees itself goes before what the history says.
    """
    from causal.query.scenarios.scenario import resolved
    from causal.sweep.sweep import asked_in_all

    start = asked["start"]
    common = asked_in_all(model, event, None, asked["within"], asked["at"], start=start)
    alone = resolved(model.graph, common, listed)
    puts = [replace(common, given=s.given) for s in alone]
    model, puts, known = informed_as_of(model, puts, *day)
    told = [replace(s, given=q.given) for s, q in zip(alone, puts, strict=True)]
    return model, told, puts[0].start if puts else start, known


def _scenarios(
    model: CausalModel, path: str | None, do: Sequence[str], given: Sequence[str]
) -> Sequence[Loose]:
    """The scenarios of a file, or of a grid; raises QueryError for both, and for neither."""
    from causal.errors import QueryError
    from causal.query.scenarios.scenario_file import grid_of, read_scenarios

    if path is not None and (do or given):
        raise QueryError(
            "The scenarios are given twice: in a file and as a grid.",
            "It would not be clear which to answer.",
            "Leave out --scenarios, or --do and --given.",
        )
    if path is not None:
        return read_scenarios(path, model.graph)
    if not (do or given):
        first, last = model.graph.variables[0], model.graph.variables[-1]
        raise QueryError(
            "There is no scenario.",
            "A sweep answers one question in many scenarios.",
            f'Say --do "{first.name}={"|".join(first.states)}", --given "{last.name}=*", '
            "or --scenarios FILE.",
        )
    return grid_of(do, given, model.graph)


def _layout(
    plan: Sweep, x: str | None, y: str | None, where: Sequence[str]
) -> tuple[str, str, dict[str, str]]:
    """The axes of the heat map: those that are named, else the only two that vary."""
    from causal.errors import QueryError

    fixed: dict[str, str] = {}
    for text in where:
        name, mark, value = text.partition("=")
        if not mark:
            raise QueryError(
                f"`{text}` picks no rows.",
                "It names no state.",
                f"Write --where {next(iter(plan.varying()), 'x')}=STATE.",
            )
        fixed[plan.coordinate(name.strip())] = value.strip()
    named = [plan.coordinate(n) for n in (x, y) if n is not None]
    free = [n for n in plan.varying() if n not in fixed and n not in named]
    if 2 - len(named) > len(free) or (len(named) < 2 and len(free) > 2 - len(named)):
        raise QueryError(
            f"A heat map has two axes; here vary {', '.join(plan.varying()) or 'none'}.",
            "It cannot be told which of them to lay out.",
            "Name the axes with --x and --y, and a value of every other with --where.",
        )
    across = named[0] if x is not None else free.pop(0)
    down = named[-1] if y is not None else free.pop(0)
    plan.heatmap(across, down, where=fixed)
    return across, down, fixed


def _drawn(found: Sweep, layout: tuple[str, str, dict[str, str]], path: str) -> None:
    """Draw the heat map of a sweep."""
    from causal.show.heatmap import save_heatmap

    across, down, fixed = layout
    save_heatmap(found.heatmap(across, down, where=fixed), path)


def _finished(kept: str | None) -> str:
    """Which rows survive an interruption."""
    if kept is not None and Path(kept).exists() and Path(kept).stat().st_size:
        return f"finished scenarios are in {kept}; the same command goes on there."
    if kept is not None:
        return "no scenario was finished, so nothing is kept."
    return "nothing is kept. With --out or --checkpoint it would be."


@contextmanager
def _bar() -> Iterator[Callable[[int, int], object] | None]:
    """A progress bar on stderr, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress

    from causal.app.console import Console

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scenarios", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield progress


def _screen(found: Sweep, out: str | None, known: dict[str, Any]) -> None:
    lines = list(str(found).splitlines())
    more = len(found.rows) - SHOWN
    if more > 0:
        lines = lines[: 2 + SHOWN]
        whole = f"all of them are in {out}" if out is not None else "write all of them with --out"
        lines.append(f"... and {more:,} more scenarios: {whole}")
    say()
    for line in lines:
        say(f"  {line}")
    if known:
        known_screen(known["as_of"])
