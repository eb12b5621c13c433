"""``causal path``: the likeliest ways to an event, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from causal.app.options import Json, Model, Question
from causal.app.output import say_json

if TYPE_CHECKING:
    from rich.text import Text

    from causal.infer.most_probable_paths import Path, Paths


def path(
    query: Question,
    *,
    k: Annotated[int, typer.Option("--k", min=1, max=100, help="So many paths.")] = 3,
    everything: Annotated[
        bool, typer.Option("--all", help="Every variable, not only those that lead there.")
    ] = False,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Show the likeliest paths to an event, day by day, under what is done and seen."""
    from causal.app.opening import open_model
    from causal.infer.most_probable_paths import likeliest

    found = likeliest(open_model(model), query, k=k, everything=everything)
    if as_json:
        say_json(found.to_dict())
        return
    _screen(found)


def _screen(found: Paths) -> None:
    """A block for each path: its days, each with the states that are not the usual ones."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.answer.format import share
    from causal.app.console import Console
    from causal.identify.claim import licence

    console = Console()
    head = Text(str(found.query), "bold")
    more = Text(f"{share(found.probability)}   at the posterior mean; a path is one state a day")
    console.print()
    for line in (head, more):
        console.print(Padding(line, (0, 2), expand=False))
    for place, one in enumerate(found.paths):
        table = Table.grid(padding=(0, 3))
        for day, states in found.unusual(one).items():
            table.add_row(Text(f"day {day}", "dim"), _states(found, states, one, day))
        console.print()
        console.print(Padding(_title(found, place, one), (0, 2), expand=False))
        console.print(Padding(table, (0, 2), expand=False))
    usual = ", ".join(f"{n}={s}" for n, s in found.usual.items())
    console.print()
    console.print(Padding(Text(f"as usual: {usual}", "dim"), (0, 2), expand=False))
    grounds = [" ".join(line) for line in licence(found.claim)]
    for text in (*grounds, *(f"evidence: {path}" for path in found.claim.paths)):
        console.print(Padding(Text(text, "dim"), (0, 2), expand=False))


def _title(found: Paths, place: int, one: Path) -> Text:
    from rich.text import Text

    text = Text(f"{place + 1}.  ", "bold").append(f"{one.share:.2g} of the event's probability")
    if found.query.within:
        text.append(f", first on day {one.first}")
    if place:
        ratio = one.share / found.paths[0].share
        text.append(f"; {ratio:.2f} times as likely as the first")
    return text


def _states(found: Paths, states: dict[str, str], one: Path, day: int) -> Text:
    from rich.text import Text

    event = {c.variable for c in found.query.event} if day == one.first else set()
    text = Text()
    for name, state in states.items():
        text.append("  " if text else "").append(f"{name}={state}", "red" if name in event else "")
    return text if text else Text("as usual", "dim")
