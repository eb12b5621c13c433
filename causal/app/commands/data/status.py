"""``causal data status``: what is stored of each source, how old it is, and what looks wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from causal.app.options import Json, Vintage
from causal.app.output import say_json

if TYPE_CHECKING:
    from causal.data.pull.status import Status


def status(
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what was never pulled.")] = False,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """What is stored of each source, how old it is, and what looks wrong."""
    from causal.data.history import today
    from causal.data.pull.cache import cache_folder
    from causal.data.pull.status import status

    found = status(cache_folder(), today(), vintage=vintage, every=every)
    if as_json:
        from dataclasses import asdict

        plain = {"cache": str(cache_folder()), "sources": [asdict(s) for s in found]}
        say_json(plain)
        return
    _screen(found, str(cache_folder()))


def _screen(found: Sequence[Status], place: str) -> None:
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
