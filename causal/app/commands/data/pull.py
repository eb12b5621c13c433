"""``causal data pull``: what is new, from every publisher, into the local cache."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.interruption import keeping
from causal.app.options import Json
from causal.app.output import say, say_json

if TYPE_CHECKING:
    from datetime import date

    from causal.data.pull.pull import Outcome
    from causal.data.sources.source import Source

Own = Annotated[
    str | None,
    typer.Option("--sources", metavar="TOML", envvar="CAUSAL_SOURCES", help="Sources of your own."),
]
FAILED = 1
STORED = "what was stored is kept; the same command goes on from there."


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
    from causal.data.pull.pull import Wish, pull, yesterday
    from causal.data.sources.catalogue import selected
    from causal.data.sources.own import read_sources

    own = read_sources(sources) if sources else ()
    wanted = selected(names or (), own, os.environ)
    last = min(_day(until), yesterday()) if until else yesterday()
    wish = Wish(_day(since), last, accept, anew)
    with keeping(lambda: STORED), Client() as client, _progress(wanted, quiet=as_json) as report:
        outcomes = pull(cache_folder(), wanted, wish, client=client, report=report)
    if as_json:
        say_json([_outcome(o) for o in outcomes])
    else:
        _outcomes_screen(outcomes)
        if not names:
            _unasked(os.environ)
    if any(o.status in {"failed", "stopped"} for o in outcomes):
        raise typer.Exit(FAILED)


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
