"""``causal data``: pull the history from its publishers, and say what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.interruption import keeping
from causal.app.printed import say, say_json
from causal.errors import QueryError

if TYPE_CHECKING:
    from datetime import date

    from causal.data.history import Holdings
    from causal.data.panel import Panel
    from causal.data.pull.pull import Outcome
    from causal.data.pull.status import Status
    from causal.data.sources.source import Source
    from causal.graph.dag import CausalGraph

data = typer.Typer(
    name="data",
    help="The history: pull it from its publishers into a local cache.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Vintage = Annotated[
    str | None, typer.Option(metavar="DATE", help="The history as it was known on that day.")
]
Own = Annotated[
    str | None,
    typer.Option("--sources", metavar="TOML", envvar="CAUSAL_SOURCES", help="Sources of your own."),
]
Data = Annotated[
    str | None,
    typer.Option("--data", metavar="PANEL", help="Daily history: .csv or .parquet; else pulled."),
]
FAILED = 1
STORED = "what was stored is kept; the same command goes on from there."


@data.command()
def pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Sources, or `fred:DGS2`; the keyless core when left out."),
    ] = None,
    *,
    since: Annotated[str, typer.Option(metavar="DATE", help="Nothing before.")] = "2014-01-01",
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Nothing after; yesterday in UTC.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Take a history that has shrunk or jumped.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Set aside what is stored of them, and start again.")
    ] = False,
    sources: Own = None,
    as_json: Json = False,
) -> None:
    """Pull what is new from each publisher.  What is stored stays, whatever happens."""
    import os

    from causal.data.pull.cache import cache_folder
    from causal.data.pull.client import Client
    from causal.data.pull.pull import Wish, yesterday
    from causal.data.pull.pull import pull as pulled
    from causal.data.sources.catalogue import selected
    from causal.data.sources.own import read_sources

    own = read_sources(sources) if sources else ()
    wanted = selected(names or (), own, os.environ)
    last = min(_day(until), yesterday()) if until else yesterday()
    wish = Wish(_day(since), last, accept, anew)
    with keeping(lambda: STORED), Client() as client, _progress(wanted, quiet=as_json) as report:
        outcomes = pulled(cache_folder(), wanted, wish, client=client, report=report)
    if as_json:
        say_json([_outcome(o) for o in outcomes])
    else:
        _outcomes_screen(outcomes)
        if not names:
            _unasked(os.environ)
    if any(o.status in {"failed", "stopped"} for o in outcomes):
        raise typer.Exit(FAILED)


@data.command()
def status(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what was never pulled.")] = False,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """What is stored of each source, how old it is, and what looks wrong."""
    from causal.data.history import today
    from causal.data.pull.cache import cache_folder
    from causal.data.pull.status import status as known

    found = known(cache_folder(), today(), vintage=vintage, every=every)
    if as_json:
        from dataclasses import asdict

        plain = {"cache": str(cache_folder()), "sources": [asdict(s) for s in found]}
        say_json(plain)
        return
    _status_screen(found, str(cache_folder()))


def stored(graph: CausalGraph, vintage: str | None) -> Panel:
    """The panel in the cache; raises DataError naming what the story needs and it lacks."""
    from causal.data.history import standing_in, sufficient
    from causal.data.states import measured_columns

    found, wanted = held(vintage), measured_columns(graph)
    sufficient(found.panel, wanted)
    for name, other in standing_in(found, wanted).items():
        say(f"note    {name} is not stored; {other} is read in its place", err=True)
    return found.panel


def held(
    vintage: str | None, data: str | None = None, graph: CausalGraph | None = None
) -> Holdings:
    """Everything in the cache, or the panel ``data`` with the lags of publication of ``graph``.

    Raises QueryError for a vintage of a file, which has but one.
    """
    from causal.data.history import holdings, panel_holdings
    from causal.data.panel import read_panel
    from causal.data.pull.cache import cache_folder

    if data is not None:
        if vintage is not None:
            raise QueryError(
                "A vintage is asked of a file.",
                "`--vintage` picks what had been pulled by a day, and a file holds one history.",
                "Leave out --vintage, or --data; --asof works with both.",
            )
        variables = graph.variables if graph is not None else ()
        series = [(s.column, v) for v in variables if v.measurement for s in v.measurement.series]
        return panel_holdings(read_panel(data), {c: v.publication_lag for c, v in series})
    return holdings(cache_folder(), vintage=vintage)


def as_of(day: str) -> Any:
    """``today`` or a date, as the last day that is over."""
    from causal.data.history import today
    from causal.data.panel import one_day

    return today() if day == "today" else one_day(day)


def _day(text: str) -> date:
    """A date; raises DataError also for one that no calendar of this program reaches."""
    from datetime import date

    from causal.data.panel import one_day
    from causal.errors import DataError

    found = one_day(text).astype(object)
    if not isinstance(found, date):
        raise DataError(
            f"`{text}` is out of reach.", "Years run from 1 to 9999.", "Choose another day."
        )
    return found


@contextmanager
def _progress(
    sources: Sequence[Source], *, quiet: bool
) -> Iterator[Callable[[Source, int, int], None]]:
    """A bar a source on the terminal, on stderr; nothing where nobody looks."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from causal.app.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda source, done, known: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks = {s.name: progress.add_task(s.name, total=None) for s in sources}

        def report(source: Source, done: int, known: int) -> None:
            progress.update(tasks[source.name], completed=done, total=known or None)

        yield report


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "source": outcome.source.name,
        "publisher": outcome.source.publisher,
        "status": outcome.status,
        "new": outcome.new,
        "revised": outcome.revised,
        "withdrawn": outcome.gone,
        "largest_revision": outcome.largest,
        "error": str(outcome.error) if outcome.error else None,
    }


def _outcomes_screen(outcomes: Sequence[Outcome]) -> None:
    from rich.table import Table

    from causal.app.console import Console

    console = Console()
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("source", "publisher", "", "new days", "revised", "largest revision"):
        table.add_column(name, justify="right" if name in {"new days", "revised"} else "left")
    for o in outcomes:
        word = {"new": "pulled", "unchanged": "nothing new"}.get(o.status, o.status)
        counts = (f"{o.new:,}" if o.new else "", f"{o.revised:,}" if o.revised else "")
        style = "red" if o.status in {"failed", "stopped"} else None
        table.add_row(o.source.name, o.source.publisher, word, *counts, o.largest, style=style)
    console.print(table)
    from causal.app.failure import tell

    for o in outcomes:
        if o.error is not None:
            say("", err=True)
            tell(o.error)
    lost = [o.source.name for o in outcomes if o.status in {"failed", "stopped"}]
    if lost:
        say(f"\nnot pulled: {', '.join(lost)}", err=True)


def _unasked(environment: Mapping[str, str]) -> None:
    """Name the sources that were left out for want of a key."""
    from causal.data.sources.catalogue import ALL

    keyed = [s for s in ALL if s.key and not environment.get(s.key)]
    for s in keyed:
        say(f"\nnot asked: {s.name} ({s.title}) needs your own key in {s.key}", err=True)


def _status_screen(found: Sequence[Status], place: str) -> None:
    from rich.table import Table

    from causal.app.console import Console

    console = Console()
    if not found:
        console.print(f"Nothing is stored in {place}. Run `causal data pull`.")
        return
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for name in ("source", "first", "last"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "gaps", "age"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("looks wrong", style="yellow")
    for s in found:
        cells = ("", "", "", "", "")
        if s.first is not None:
            cells = (s.first, s.last or "", f"{s.rows:,}", f"{s.gaps:,}", f"{s.age} d")
        nothing = "" if s.first or s.wrong else "never pulled"
        table.add_row(s.name, *cells, nothing or "; ".join(s.wrong))
    console.print(table, "")
    table = Table(box=None, padding=(0, 2), header_style="dim", style="dim")
    for name in ("source", "publisher", "licence"):
        table.add_column(name, no_wrap=name == "source")
    for s in found:
        table.add_row(s.name, s.publisher, s.licence)
    console.print(table)
    console.print(f"\nin {place}", style="dim", soft_wrap=True)
