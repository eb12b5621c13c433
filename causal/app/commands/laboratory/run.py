"""``causal laboratory run``: a market whose causes are known, as a panel, moments and a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.market_options import (
    Changed,
    Cuts,
    MarketSeed,
    Plain,
    Settings,
    parameters_of,
    workers_of,
    world_of,
)
from causal.app.options import Json, Plot, Workers
from causal.app.output import ready, say_json

if TYPE_CHECKING:
    from causal.laboratory.simulation import Market

FEWEST = 2_000  # days of all paths, from which on moments are worth showing


def run(
    *,
    paths: Annotated[int, typer.Option(min=1, help="So many histories.")] = 100,
    days: Annotated[int, typer.Option(min=1, help="Days of each, after the warm-up.")] = 420,
    start: Annotated[
        str, typer.Option("--first", metavar="DATE", help="First day.")
    ] = "2023-01-01",
    settings: Settings = None,
    cut: Cuts = None,
    begins: Annotated[int, typer.Option(min=1, help="Day of the history on which it is done.")] = 1,
    parameter: Changed = None,
    plain: Plain = False,
    seed: MarketSeed = 0,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the first path as a panel: .csv.")
    ] = None,
    plot: Plot = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Run the market: its moments beside those of history, its worst day, one path as a panel.

    The panel has the columns that the shipped story reads: `causal fit models/crash.toml --data
    FILE` fits it as it would fit history.  --plot draws the worst day hour by hour.
    """
    from causal.app.waiting import waiting
    from causal.data.panel import write_panel
    from causal.laboratory.simulation import market

    ready(plot, "market")
    ready(out, "panel")
    asked: dict[str, Any] = {
        "start": start,
        "seed": seed,
        "world": world_of(settings, cut),
        "begins": begins,
        "parameters": parameters_of(parameter),
        "plain": plain,
    }
    with waiting("running the market", numba=False):
        made = market(paths, days, **asked, executor=workers_of(workers, paths))
    if out is not None:
        write_panel(made.panel(0), out)
    if plot is not None:
        from causal.show.market_pictures import save_crash

        with waiting("running the worst day hour by hour", numba=False):
            save_crash(made.hours_of_worst(), plot)
    record = _record(made, asked)
    if as_json:
        say_json(record)
    else:
        _screen(record)


def _record(made: Market, asked: dict[str, Any]) -> dict[str, Any]:
    from math import isfinite, nan

    from causal.laboratory.stylised_facts import MOMENTS, market_moments

    found = market_moments(made) if made.paths * len(made.dates) >= FEWEST else {}
    return {
        "paths": made.paths,
        "data_from": str(made.dates[0]),
        "data_to": str(made.dates[-1]),
        "seed": asked["seed"],
        "world": str(asked["world"]),
        "moments": [
            {"moment": n, "meaning": m.meaning, "value": found[n], "low": m.low, "high": m.high}
            for n, m in MOMENTS.items()
            if isfinite(found.get(n, nan))
        ],
        "worst_day": made.worst_day().to_dict(),
        "licence": "model-only",
    }


def _screen(record: dict[str, Any]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console

    console = Console()
    span = f"{record['paths']:,} paths, {record['data_from']} to {record['data_to']}"
    console.print(Text(f"\n  A market whose causes are known: {span}", "bold"))
    console.print(Text(f"  {record['world']}\n", "dim"))
    if record["moments"]:
        table = Table(box=None, padding=(0, 2), header_style="dim")
        table.add_column("moment")
        for name in ("market", "history"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in record["moments"]:
            inside = row["low"] <= row["value"] <= row["high"]
            value = f"{row['value']:.3f}" + (" " if inside else "*")
            table.add_row(row["meaning"], value, f"{row['low']:g} to {row['high']:g}")
        console.print(table, "")
    else:
        told = f"Too few days for moments: {FEWEST:,} of all paths are needed."
        console.print(Padding(told, (0, 2, 1, 2)), style="dim")
    worst = record["worst_day"]
    moved = f"{'fell' if worst['fall'] >= 0 else 'rose'} {abs(worst['fall']):.1%}"
    told = (
        f"Worst day: path {worst['path']}, {worst['date']}. The price {moved}; "
        f"${worst['liquidated']:.2f}B of longs were liquidated, ${worst['deleveraged']:.2f}B of "
        f"positions deleveraged; the gain of the loop began the day at {worst['gain']:.2f}."
    )
    console.print(Padding(told, (0, 2)))
    note = (
        "History: the range over its eras since 2022, of weeks and shares over the years since "
        "2018; * outside. Model-only: nothing here is data."
    )
    console.print(Padding(note, (1, 2, 0, 2)), style="dim")
