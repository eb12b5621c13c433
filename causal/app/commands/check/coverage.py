"""``causal check coverage``: whether intervals hold the truth, where the truth is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.options import Data, Draws, Json, StoryFile, Vintage, Workers
from causal.app.output import say_json

if TYPE_CHECKING:
    from causal.check.coverage import CoverageRow, Question
    from causal.graph.story import Story

DRAWS = 400


def coverage(
    *,
    story: StoryFile = None,
    query: Annotated[
        list[str] | None, typer.Option(metavar="QUERY", help="A question to try.  May recur.")
    ] = None,
    difference: Annotated[
        list[str] | None,
        typer.Option(metavar="QUERY;QUERY", help="Two questions, their difference.  May recur."),
    ] = None,
    histories: Annotated[int, typer.Option(min=1, help="So many simulated histories.")] = 60,
    truth: Annotated[
        str, typer.Option(help="What they are drawn from: the posterior `mean`, or a `draw` each.")
    ] = "mean",
    draws: Draws = DRAWS,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the histories.")] = 0,
    checkpoint: Annotated[
        str | None, typer.Option(metavar="FILE", help="Keep finished ones here, and go on from it.")
    ] = None,
    workers: Workers = None,
    data: Data = None,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """Simulate histories from a fitted story, fit each again, and count how often intervals hold.

    Histories are as long as the real one and have its gaps.  A 90 % interval should hold the truth
    in nine of ten.
    """
    from causal.app.opening import open_panel, spread
    from causal.app.waiting import waiting
    from causal.check.coverage import coverage
    from causal.data.states import states
    from causal.graph.story import read_story
    from causal.learn.fit import fit
    from causal.model.store import shipped

    told = read_story(story if story is not None else shipped().with_name("crash.toml"))
    panel = open_panel(told.graph, data, vintage)
    like = states(panel, told.graph)
    asked: dict[str, Any] = {
        "histories": histories,
        "kind": truth,
        "draws": draws or DRAWS,
        "seed": seed,
        "kept": checkpoint,
        "executor": spread(workers),
    }
    source = fit(told, panel, draws=max(histories, 2))
    with waiting("simulating, fitting and asking", numba=False):
        rows = coverage(told, source, like, _questions(told, query, difference), **asked)
    if as_json:
        say_json({"truth": truth, "level": 0.9, "rows": [row.to_dict() for row in rows]})
    else:
        _screen(rows, truth)


def _questions(
    story: Story, queries: list[str] | None, differences: list[str] | None
) -> list[Question]:
    """What is said, or else the worst state of the target and what every lever does to it."""
    from causal.check.coverage import Question
    from causal.errors import QueryError

    found = [Question(text) for text in queries or []]
    for text in differences or []:
        one, mark, other = (part.strip() for part in text.partition(";"))
        if not mark or not other:
            raise QueryError(
                f"`--difference {text}` is one question.",
                "It takes two, joined by a semicolon.",
                'Write --difference "P(...); P(...)".',
            )
        found.append(Question(one, other))
    return found or _usual(story)


def _usual(story: Story) -> list[Question]:
    from causal.check.coverage import Question
    from causal.query.event import Condition

    graph = story.graph
    target = story.target
    event = str(Condition(target, ((graph.variable(target).states[-1], 1.0),)))
    event += " within 7d" if graph.persistent else ""
    found = [Question(f"P({event})")]
    for lever in graph.variables:
        if lever.manipulable and lever.name != target:
            high, low = (
                f"P({event} | do({Condition(lever.name, ((s, 1.0),))}))"
                for s in (lever.states[-1], lever.states[0])
            )
            found += [Question(high), Question(low), Question(high, low)]
    return found


def _screen(rows: list[CoverageRow], truth: str) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console

    console = Console()
    count = rows[0].histories
    console.print(Text(f"\n  {count} histories, drawn from the posterior {truth}\n", "bold"))
    table = Table(box=None, padding=(0, 1, 0, 2), header_style="dim")
    table.add_column("90 % interval of", overflow="fold")
    for name in ("held", "95 %", "bias", "width", "truth"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        low, high = row.interval()
        table.add_row(
            row.question,
            f"{row.coverage:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{row.bias:+.2f}",
            f"{row.width:.3f}",
            f"{row.truth:.3f}",
        )
    console.print(table)
    note = (
        "Held: share of the histories; it should be 0.90. Bias: in posterior standard deviations."
    )
    console.print(Padding(note, (1, 2, 0, 2)), style="dim")
