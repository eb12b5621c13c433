"""``causal loop``: how much of an event's probability runs through a feedback loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from causal.app.options import Draws, Json, Model, Question, Seed
from causal.app.output import say_json

if TYPE_CHECKING:
    from rich.table import Table

    from causal.explain.feedback import LoopGain


def loop(
    query: Question,
    *,
    edge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EDGE", help="Cut this instead: `bitcoin@-1 -> leverage`.  May recur."
        ),
    ] = None,
    through: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The loop through this variable, and not that of the graph."
        ),
    ] = None,
    start: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="By starting state of this variable.  May recur."),
    ] = None,
    model: Model = None,
    draws: Draws = None,
    seed: Seed = None,
    as_json: Json = False,
) -> None:
    """Say how much of an answer a feedback loop adds: with it, and with its arrows cut."""
    from causal.app.opening import open_model
    from causal.app.waiting import waiting
    from causal.explain.feedback import loop_gain

    with waiting("asking with the loop and without it"):
        found = loop_gain(
            open_model(model, draws=draws, seed=seed),
            query,
            edges=edge,
            starts=start,
            through=through,
        )
    if as_json:
        say_json(found.to_dict())
        return
    _screen(found)


def _screen(found: LoopGain) -> None:
    """Both answers and their contrasts, what was cut, what licenses it, and the starts."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.answer.answer import backing, caveat, warning
    from causal.app.console import Console
    from causal.explain.feedback import lines, thinner
    from causal.identify.claim import licence

    console = Console()
    numbers = Table.grid(padding=(0, 3))
    for name, _, value, ends in lines(found):
        numbers.add_row(name, Text(value, "bold green"), ends)
    behind = Table.grid(padding=(0, 3))
    for place, cut in enumerate(found.edges):
        behind.add_row("" if place else "cut daily", str(cut))
    claim, answer = found.cut.claim, thinner(found)
    for line in licence(claim):
        behind.add_row(*line)
    for place, assumption in enumerate(claim.assumptions):
        behind.add_row("" if place else "assuming", f"- {assumption}")
    for place, path in enumerate(claim.paths):
        behind.add_row("" if place else "evidence", f"- {path}")
    behind.add_row("data", backing(answer))
    if warning(answer):
        behind.add_row("", Text(warning(answer), "yellow"))
    parts: list[Text | Table] = [Text(str(found.query), "bold"), numbers, *_starts(found), behind]
    for part in [*parts, Text(caveat(found.loop), "italic")]:
        console.print()
        console.print(Padding(part, (0, 2), expand=False))


def _starts(found: LoopGain) -> list[Table]:
    """A row for each starting state; nothing where none was asked for."""
    from rich.table import Table

    from causal.answer.format import share, span, times

    if not found.starts:
        return []
    table = Table(box=None, padding=(0, 1), header_style="dim")
    for name in (*found.starts[0].states, "of days", "loop", "cut", "ratio", "interval"):
        table.add_column(name, no_wrap=True)
    for start in found.starts:
        table.add_row(
            *start.states.values(),
            share(start.share),
            share(start.loop.value),
            share(start.cut.value),
            times(start.ratio.value),
            span(start.ratio, times) if found.loop.uncertain else "",
        )
    return [table]
