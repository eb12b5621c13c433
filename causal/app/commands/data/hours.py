"""``causal data hours``: the day split by the US session, from bars, joined to a history."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.options import Data, Json
from causal.app.output import ready, say_json

if TYPE_CHECKING:
    from causal.data.day_parts import Bars
    from causal.data.panel import Panel


def hours(
    bars: Annotated[
        list[str],
        typer.Argument(help="Bars of one or four hours, the first file first."),
    ],
    *,
    data: Data = None,
    out: Annotated[
        str, typer.Option(metavar="FILE", help="Where the history and its moves go: .csv.")
    ],
    as_json: Json = False,
) -> None:
    """Add Bitcoin's move before, in and after the US session to a daily history.

    The columns btc_move_before (00-12 UTC), btc_move_session (12-20) and btc_move_after (20-24)
    are log returns.  Bars that are named later fill only days of which the history, and the bars
    before them, know nothing; where a bar is missing the moves that need it stay gaps.
    """
    from causal.app.opening import open_history
    from causal.data.day_parts import read_bars, with_moves
    from causal.data.panel import write_panel

    ready(out, "panel")
    panel = open_history(None, data).panel
    told = []
    for name in bars:
        some, before = read_bars(name), panel
        panel = with_moves(panel, some)
        told.append(_filled(name, some, before, panel))
    write_panel(panel, out)
    record = {"out": out, "bars": told, **_joined(panel)}
    if as_json:
        say_json(record)
    else:
        _screen(record)


def _filled(name: str, bars: Bars, before: Panel, after: Panel) -> dict[str, Any]:
    """What a file of bars covers, and on how many days it filled a gap."""
    from numpy import isnan

    from causal.data.day_parts import moves_of

    known = [~isnan(moves_of(panel)).all(axis=1) for panel in (before, after)]
    return {
        "bars": name,
        "first": str(bars.opened[0].astype("datetime64[D]")),
        "last": str(bars.opened[-1].astype("datetime64[D]")),
        "days": int((known[1] & ~known[0]).sum()),
    }


def _joined(panel: Panel) -> dict[str, Any]:
    """On how many days of the panel all moves are known, and which days know only some."""
    from numpy import isnan

    from causal.data.day_parts import moves_of

    gaps = isnan(moves_of(panel))
    part = gaps.any(axis=1) & ~gaps.all(axis=1)
    return {
        "days": len(panel.dates),
        "whole": int((~gaps.any(axis=1)).sum()),
        "part": [str(day) for day in panel.dates[part]],
        "left_out": list(panel.text),
    }


def _screen(record: dict[str, Any]) -> None:
    from rich.table import Table

    from causal.app.console import Console

    console = Console()
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("bars", "first", "last"):
        table.add_column(name)
    table.add_column("days filled", justify="right")
    for row in record["bars"]:
        table.add_row(Path(row["bars"]).name, row["first"], row["last"], f"{row['days']:,}")
    console.print(table)
    part = f", some of them on {len(record['part']):,}" if record["part"] else ""
    console.print(f"\nall three moves on {record['whole']:,} of {record['days']:,} days{part}")
    if record["left_out"]:
        console.print(f"columns of text, left out: {', '.join(record['left_out'])}", soft_wrap=True)
    console.print(f"written to {record['out']}", soft_wrap=True)
