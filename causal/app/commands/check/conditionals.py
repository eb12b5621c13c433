"""``causal check conditionals``: what the model says of days beside how often they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.options import Data, Draws, Json, Model, Vintage
from causal.app.output import say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from causal.check.conditionals import ConditionalRow
    from causal.data.states import States
    from causal.model.network import CausalModel


def conditionals(
    *,
    after: Annotated[
        bool,
        typer.Option(
            "--day-after/--same-day", help="Also every state given that of the day before, or not."
        ),
    ] = True,
    least: Annotated[
        int, typer.Option(min=1, help="Days behind a condition for it to be a test.")
    ] = 200,
    top: Annotated[int, typer.Option(min=1, help="So many rows.")] = 12,
    model: Model = None,
    draws: Draws = None,
    data: Data = None,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """Set P(y=b) and P(y=b | x=a) of the model beside the frequencies of the history.

    A row disagrees where the two 90 % intervals miss each other, which is a finding and no error.
    Both come from the same history, so this tests the structure of the story, not its foresight.
    """
    from causal.app.opening import open_model, open_panel
    from causal.app.waiting import waiting
    from causal.check.conditionals import conditionals
    from causal.data.states import states

    fitted = open_model(model, draws=draws)
    cuts = fitted.fit.provenance.cuts if fitted.fit is not None else None
    days = states(open_panel(fitted.graph, data, vintage), fitted.graph, cuts=cuts)
    with waiting("asking every pair of states"):
        rows = conditionals(fitted, days, least=least, after=after)
    record = _record(fitted, days, rows, least)
    if as_json:
        say_json(record)
        return
    _screen(record, top)


def _record(
    model: CausalModel, days: States, rows: Sequence[ConditionalRow], least: int
) -> dict[str, Any]:
    """The check as plain JSON values: the kinds of rows, and every row that tests something."""
    from dataclasses import asdict

    from causal.answer.draws import LEVEL
    from causal.check.conditionals import disagreeing, in_scope, kinds

    apart = disagreeing(model.graph, rows)
    groups = kinds(model.graph, rows)
    agree = [r for some in groups.values() for r in some if r.agrees]
    return {
        "model": model.name,
        "data_from": str(days.dates[0]),
        "data_to": str(days.dates[-1]),
        "level": LEVEL,
        "least_days": least,
        "kinds": [
            {
                "kind": kind,
                "compared": len(some),
                "disagree": sum(not r.agrees for r in some),
                "disagree_jointly": sum(not r.agrees_jointly for r in some),
            }
            for kind, some in groups.items()
            if some
        ],
        "rows": [{**asdict(r), "claimed": in_scope(model.graph, r)} for r in (*apart, *agree)],
    }


def _screen(record: dict[str, Any], top: int) -> None:
    """How many agree, then the rows that do not, those that the story claims first."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.answer.format import share
    from causal.app.console import Console

    console = Console()
    span = f"{record['data_from']} to {record['data_to']}"
    console.print(Text(f"\n  {record['model']} beside the days of {span}\n", "bold"))
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column(f"answers with {record['least_days']} days or more")
    for name in ("compared", "disagree", "jointly"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind in record["kinds"]:
        counts = (kind[key] for key in ("compared", "disagree", "disagree_jointly"))
        table.add_row(kind["kind"], *(f"{count:,}" for count in counts))
    console.print(table, "")
    apart = [r for r in record["rows"] if not r["agrees"]]
    for row in apart[:top]:
        given = f" | {row['given']}" if row["given"] else ""
        marks = [] if row["agrees_jointly"] else ["jointly"]
        marks += [] if row["claimed"] else ["not claimed"]
        note = f"   {', '.join(marks)}" if marks else ""
        model, seen = row["model_interval"], row["frequency_interval"]
        console.print(Text(f"  P({row['event']}{given}){note}", "bold"))
        console.print(
            f"    model {share(row['model'])} ({share(model[0])} to {share(model[1])}), frequency"
            f" {share(row['frequency'])} ({share(seen[0])} to {share(seen[1])}) of"
            f" {row['days']:,} days"
        )
    if len(apart) > top:
        console.print(
            f"  ... and {len(apart) - top:,} more that disagree: --top, or --json for all"
        )
    agree = len(record["rows"]) - len(apart)
    told = (
        f"{agree:,} of {len(record['rows']):,} agree: their {record['level']:.0%} intervals meet. "
        "Jointly: also when all are to hold together (Bonferroni)."
    )
    console.print(Padding(told, (1, 2, 0, 2)), style="dim")
