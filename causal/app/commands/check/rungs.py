"""``causal check rungs``: the ladder as a forecast, as of every day, year by year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causal.app.options import (
    HORIZONS,
    THRESHOLDS,
    Data,
    Horizons,
    Json,
    StoryFile,
    Thresholds,
    Vintage,
    Workers,
    Years,
)
from causal.app.output import say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from causal.check.rungs import RungYear


def rungs(
    *,
    story: StoryFile = None,
    years: Years = 6,
    thresholds: Thresholds = THRESHOLDS,
    horizons: Horizons = HORIZONS,
    workers: Workers = None,
    data: Data = None,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """Forecast every rung as of every day, and set each year's mean beside what came.

    Each year is forecast by the story fitted to the days before it, from what could be read at the
    end of each day.  A frequency outside the 90 % band that the forecasts themselves imply is a
    finding and no error.
    """
    from causal.app.opening import horizon_days, numbers, open_history, spread
    from causal.app.waiting import waiting
    from causal.check.drawdowns import last_years
    from causal.check.rungs import rungs
    from causal.graph.story import read_story
    from causal.model.store import shipped

    told = read_story(story if story is not None else shipped().with_name("crash.toml"))
    held = open_history(vintage, data, told.graph)
    with waiting("forecasting every rung day by day", numba=False):
        rows = rungs(
            told,
            held,
            years=last_years(held.panel, years),
            thresholds=numbers(thresholds),
            horizons=horizon_days(horizons),
            executor=spread(workers),
        )
    record = _record(told.graph.name, rows)
    if as_json:
        say_json(record)
        return
    _screen(record)


def _record(name: str, rows: Sequence[RungYear]) -> dict[str, Any]:
    """The check as plain JSON values."""
    from dataclasses import asdict

    from causal.answer.draws import LEVEL
    from causal.check.rungs import outside_by

    return {
        "story": name,
        "level": LEVEL,
        "judged": len(rows),
        "outside": sum(r.outside for r in rows),
        "years": [
            {"year": year, "outside": apart, "judged": many}
            for year, (apart, many) in outside_by(rows, lambda r: r.year).items()
        ],
        "rows": [{**asdict(r), "outside": r.outside} for r in rows],
    }


def _screen(record: dict[str, Any]) -> None:
    """Every rung of every year, and how many frequencies lie outside their band."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.answer.format import share
    from causal.app.console import Console
    from causal.query.event import percent

    console = Console()
    console.print(Text(f"\n  {record['story']}: rungs as of every day\n", "bold"))
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("", no_wrap=True)
    for name in ("fall", "within", "forecast", "90 % band", "frequency", "", "nats", "usual"):
        table.add_column(name, justify="right", no_wrap=True)
    for r in record["rows"]:
        table.add_row(
            str(r["year"]),
            percent(r["threshold"]),
            f"{r['days']}d",
            share(r["forecast"]),
            f"{share(r['low'])} to {share(r['high'])}",
            share(r["frequency"]),
            "outside" if r["outside"] else "",
            f"{r['log_loss']:.3f}",
            f"{r['usual_log_loss']:.3f}",
        )
    console.print(table)
    years = ", ".join(f"{y['outside']} of {y['judged']} in {y['year']}" for y in record["years"])
    told = (
        f"{record['outside']} of {record['judged']} frequencies lie outside the "
        f"{record['level']:.0%} band that their forecasts imply: {years}. Nats: what a day's "
        "forecast loses, beside saying the frequency of the years before."
    )
    console.print(Padding(told, (1, 2, 0, 2)), style="dim")
