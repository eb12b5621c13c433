"""``causal check drawdowns``: the ladder beside how often the price fell by so much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causal.app.options import (
    HORIZONS,
    THRESHOLDS,
    Data,
    DrawdownTo,
    Draws,
    Horizons,
    Json,
    Model,
    Price,
    Thresholds,
    Vintage,
    Years,
)
from causal.app.output import say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from causal.check.drawdowns import DrawdownRow
    from causal.model.network import CausalModel

DRAWS = 100


def drawdowns(
    *,
    years: Years = 8,
    thresholds: Thresholds = THRESHOLDS,
    horizons: Horizons = HORIZONS,
    price: DrawdownTo = Price.close,
    model: Model = None,
    draws: Draws = DRAWS,
    data: Data = None,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """Set the ladder beside the falls of the history, year by year and pooled.

    The model is told nothing of a year but its usual volatility.  A rung disagrees where the two
    90 % intervals miss each other, which is a finding and no error.
    """
    from causal.app.opening import horizon_days, numbers, open_model, open_panel
    from causal.app.waiting import waiting
    from causal.check.drawdowns import drawdowns, last_years

    levels, days = numbers(thresholds), horizon_days(horizons)
    fitted = open_model(model, draws=draws)
    panel = open_panel(fitted.graph, data, vintage)
    asked: dict[str, Any] = {"thresholds": levels, "horizons": days, "low": price is Price.low}
    with waiting("asking a ladder for every year"):
        rows = drawdowns(fitted, panel, years=last_years(panel, years), draws=fitted.draws, **asked)
    record = _record(fitted, rows, price)
    if as_json:
        say_json(record)
        return
    _screen(record)


def _record(model: CausalModel, rows: Sequence[DrawdownRow], price: Price) -> dict[str, Any]:
    """The check as plain JSON values, the rows that disagree first."""
    from dataclasses import asdict

    from causal.answer.draws import LEVEL
    from causal.check.drawdowns import disagreeing_first

    return {
        "model": model.name,
        "price": price.value,
        "level": LEVEL,
        "compared": len(rows),
        "disagree": sum(not r.agrees for r in rows),
        "rows": [{**asdict(r), "agrees": r.agrees} for r in disagreeing_first(rows)],
    }


def _screen(record: dict[str, Any]) -> None:
    """The rungs that disagree, then those of all years, and how many agree."""
    from rich.padding import Padding
    from rich.text import Text

    from causal.app.console import Console
    from causal.check.drawdowns import ALL

    console = Console()
    apart = [r for r in record["rows"] if not r["agrees"]]
    pooled = [r for r in record["rows"] if r["period"] == ALL]
    title = f"{record['model']}: worst {record['price']} below today's, beside history"
    console.print(Text(f"\n  {title}", "bold"))
    for head, rows in (("disagree", apart), ("all years together", pooled)):
        if rows:
            console.print(Text(f"\n  {head}", "dim"))
            console.print(_table(rows))
    told = (
        f"{record['compared'] - record['disagree']:,} of {record['compared']:,} rungs agree: their "
        f"{record['level']:.0%} intervals meet. What differs between model and shuffled days lies "
        "in the moves, what differs between shuffled days and the frequency in their order."
    )
    console.print(Padding(told, (1, 2, 0, 2)), style="dim")


def _table(rows: Sequence[dict[str, Any]]) -> Any:
    from rich.table import Table

    from causal.answer.format import share
    from causal.query.event import percent

    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("")
    for name in ("fall", "within", "model", "90 %", "frequency", "90 %", "shuffled", "usual"):
        table.add_column(name, justify="right", no_wrap=True)
    for r in rows:
        model, seen = r["model_interval"], r["frequency_interval"]
        table.add_row(
            r["period"],
            percent(r["threshold"]),
            f"{r['days']}d",
            share(r["model"]),
            f"{share(model[0])} to {share(model[1])}",
            share(r["frequency"]),
            f"{share(seen[0])} to {share(seen[1])}",
            share(r["shuffled"]),
            f"{r['usual']:.1%}",
        )
    return table
