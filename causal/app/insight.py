"""``causal tornado``: what moves an answer.  ``causal path``: the likeliest way to an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from causal.app.output import ready, shown_of
from causal.app.printed import say_json

if TYPE_CHECKING:
    from rich.text import Text

    from causal.explain.sensitivity import Row, Sensitivity
    from causal.infer.most_probable_paths import Path, Paths

Question = Annotated[
    str, typer.Argument(help='A question: "P(bitcoin=crash within 7d | do(leverage=low))".')
]
Model = Annotated[str | None, typer.Option("--model", "-m", help="A fitted model (.json).")]
Assume = Annotated[
    bool,
    typer.Option(
        "--assume-unconfounded",
        help="Take declared common causes as absent: a number, licensed as assumed.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
BAR = 44


def tornado(
    query: Question,
    *,
    top: Annotated[int, typer.Option(min=1, help="So many rows.")] = 12,
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also draw it: .svg, .png or .pdf.")
    ] = None,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Say which table rows move an answer most, and what 100 more days would narrow."""
    from causal.app.source import opened
    from causal.explain.sensitivity import sensitivity
    from causal.query.parser import parse

    ready(out, "tornado")
    asked = opened(model)
    if out is not None:
        event = [c.variable for c in parse(query, asked.graph).event]
        ready(out, "tornado", f"{query} {shown_of(asked.graph, event)}")
    found = sensitivity(asked, query, top=top)
    if as_json:
        say_json(found.to_dict())
    else:
        _tornado_screen(found)
    if out is not None:
        from causal.show.tornado import save

        save(found, out)


def path(
    query: Question,
    *,
    k: Annotated[int, typer.Option("--k", min=1, max=100, help="So many paths.")] = 3,
    everything: Annotated[
        bool, typer.Option("--all", help="Every variable, not only those that lead there.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", help="A fitted model (.json) or a network file (.bif, .xdsl, ...)."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the likeliest paths to an event, day by day, under what is done and seen."""
    from causal.app.source import opened
    from causal.infer.most_probable_paths import likeliest

    found = likeliest(opened(model), query, k=k, everything=everything)
    if as_json:
        say_json(found.to_dict())
        return
    _path_screen(found)


def _tornado_screen(found: Sensitivity) -> None:
    """One bar a row, its name and its data under it."""
    from rich.padding import Padding
    from rich.text import Text

    from causal.answer.format import share
    from causal.app.console import Console

    console = Console()
    low = min([r.low for r in found.rows], default=found.probability)
    high = max([r.high for r in found.rows], default=found.probability)
    lines = [Text(""), Text(str(found.query), "bold"), Text("")]
    lines.append(
        Text(share(found.probability), "bold green").append(
            f"   first-order 90% interval {share(found.low)} to {share(found.high)}", "default"
        )
    )
    for row in found.rows:
        bar = _bar(row, found.probability, (low, high))
        ends = f"  {share(row.low)} to {share(row.high)}  {row.share:.2f} of the variance"
        lines += [Text(""), bar.append(ends, "default"), Text(row.name)]
        lines.append(
            Text(
                f"{row.days:,.0f} days; 100 more such days narrow the interval by {row.shrink:.2f}",
                "dim",
            )
        )
    if found.used > len(found.rows):
        rest = f"{found.used - len(found.rows):,} other rows: {found.rest:.2f} of the variance"
        lines += [Text(""), Text(rest, "dim")]
    lines += [Text(""), *_buys(found)]
    for line in lines:
        console.print(Padding(line, (0, 2), expand=False) if line else "")


def _bar(row: Row, middle: float, ends: tuple[float, float]) -> Text:
    from rich.text import Text

    low, high = ends
    scale = (BAR - 1) / (high - low) if high > low else 0.0
    first, last, here = (round((x - low) * scale) for x in (row.low, row.high, middle))
    cells = ["━" if first <= i <= last else " " for i in range(BAR)]
    cells[here] = "┿"
    return Text("".join(cells), "green")


def _buys(found: Sensitivity) -> list[Text]:
    """What 100 more ordinary days would do, in all and by variable."""
    from rich.text import Text

    from causal.identify.claim import licence

    lines = [Text(f"100 more ordinary days narrow the interval by {found.ordinary:.2f}:")]
    lines += [Text(f"  {n}  {s:.2f}") for n, s in found.tables.items() if s >= 0.005]
    lines += [Text(f"evidence: {path}", "dim") for path in found.claim.paths]
    lines += [Text(" ".join(line), "dim") for line in licence(found.claim)]
    return lines


def _path_screen(found: Paths) -> None:
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
