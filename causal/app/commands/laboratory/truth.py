"""``causal laboratory truth``: the true answer to a question, in a market whose causes are
known."""

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
from causal.app.options import DrawdownTo, Json, OptionalQuestion, Price, Workers
from causal.app.output import say_json
from causal.errors import QueryError

if TYPE_CHECKING:
    from causal.laboratory.true_answer import Truth


FEW = 30  # paths, below which an estimate says little


def truth(
    query: OptionalQuestion = None,
    *,
    settings: Settings = None,
    cut: Cuts = None,
    price: DrawdownTo = Price.close,
    parameter: Changed = None,
    plain: Plain = False,
    paths: Annotated[int, typer.Option(min=1, help="So many paths.")] = 1000,
    today: Annotated[str, typer.Option(metavar="DATE", help="The day of the question.")] = (
        "2024-06-05"
    ),
    seed: MarketSeed = 0,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Answer a question by doing: run the market, and run it again with something done.

    A question's do() sets measured states, --set and --cut change the mechanisms.  Without a
    question: the known answers (total effects, paths, the loop, the factorial, necessity), all
    of them about the low of seven days.
    """
    from causal.app.waiting import waiting

    p, who = parameters_of(parameter), workers_of(workers, paths)
    if query is None:
        if settings or cut:
            raise _unasked()
        _known(
            {"paths": paths, "seed": seed, "today": today, "parameters": p, "executor": who},
            as_json,
        )
        return
    from dataclasses import replace

    from causal.laboratory.true_answer import Ask, shipped_graph, truths
    from causal.laboratory.world import World
    from causal.query.parser import parse

    graph = shipped_graph()
    ask = Ask(parse(query, graph, priced={"bitcoin"}), world_of(settings, cut), price is Price.low)
    if ask.low and ask.query.drawdown is None:
        raise QueryError(
            f"`--price low` says nothing of `{query}`.",
            "Only a drawdown is measured to a price.",
            "Leave it out, or ask for a drawdown.",
        )
    alone = Ask(replace(ask.query, do=()), World(), ask.low)
    asked: dict[str, Any] = {"paths": paths, "seed": seed, "today": today, "parameters": p}
    asks = [ask] if ask == alone else [ask, alone]
    with waiting("running the market", numba=False):
        found = truths(asks, **asked, plain=plain, graph=graph, executor=who)
    if as_json:
        say_json(_record(found))
    else:
        _screen(found)


def _record(found: list[Truth]) -> dict[str, Any]:
    """The answer, and the same question with nothing done."""
    record = found[0].to_dict()
    if len(found) > 1:
        difference, error = found[0].minus(found[1])
        record["left_alone"] = {"value": found[1].value, "standard_error": found[1].error}
        record["difference"] = {"value": difference, "standard_error": error}
    return record


def _screen(found: list[Truth]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console

    console = Console()
    answer = found[0]
    numbers = Table.grid(padding=(0, 3))
    numbers.add_row("estimate", Text(f"{answer.value:.3f}", "bold green"), _margin(answer))
    if len(found) > 1:
        difference, error = answer.minus(found[1])
        numbers.add_row("left alone", f"{found[1].value:.3f}", _margin(found[1]))
        numbers.add_row("difference", f"{difference:+.3f}", f"{_error(error)}, path by path")
    numbers.add_row("paths", f"{answer.paths:,}", f"of {len(answer.weight):,} that were run")
    if answer.agreement is not None:
        numbers.add_row("reads as set", f"{answer.agreement:.0%}", "of the days on which it is set")
    if answer.paths < FEW:
        numbers.add_row("", Text(f"fewer than {FEW} paths: run more (--paths)", "yellow"))
    console.print()
    console.print(Padding(Text(str(answer.ask), "bold"), (0, 2)))
    console.print()
    console.print(Padding(numbers, (0, 2), expand=False))
    note = (
        "Model-only: true in the laboratory's market, by intervention. Of the real one it says "
        "nothing."
    )
    console.print(Padding(note, (1, 2, 0, 2)), style="dim")


def _margin(answer: Truth) -> str:
    """The standard error; where all paths agree, what three in so many would be."""
    if answer.error > 0 or not answer.paths:
        return _error(answer.error)
    side = "below" if answer.value < 0.5 else "above"
    edge = min(3 / answer.paths, 1.0)
    return f"on all paths alike: {side} {edge if side == 'below' else 1 - edge:.3f} (95 %)"


def _error(error: float) -> str:
    return f"standard error {error:.3f}"


def _unasked() -> QueryError:
    return QueryError(
        "Something is to be done, but nothing is asked.",
        "The known answers have worlds of their own.",
        'Add a question: "P(drawdown <= -10% within 7d)".',
    )


def _known(asked: dict[str, Any], as_json: bool) -> None:
    """The known answers, a table for each kind."""
    from causal.app.waiting import waiting
    from causal.laboratory.known_answers import known_answers

    with waiting("running every world", numba=False):
        found = known_answers(**asked)
    if as_json:
        say_json(found.to_dict())
        return
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console

    console = Console()
    for title, rows in found.tables().items():
        console.print(Text(f"\n  {title}", "bold"))
        table = Table(box=None, padding=(0, 2), show_header=False)
        for name, value, error in rows:
            table.add_row(name, f"{value:+.3f}" if value < 0 else f"{value:.3f}", _error(error))
        console.print(table)
    note = f"\n  {asked['paths']:,} paths, all worlds on the same noise.  Model-only."
    console.print(Text(note, "dim"))
