"""The command line: every command is a question or a file.  Decides nothing, computes nothing.

Exit status: 0 answered, 2 the user's input, 1 anything else.  Heavy imports stand inside the
commands, so that ``causal --help`` and the shell's completion stay quick.
"""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app import history, insight, loop, rungs, today
from causal.app import sweep as sweeps
from causal.app.entry import flush
from causal.app.failure import Commands
from causal.app.output import ready, shown_of
from causal.app.printed import say, say_json

if TYPE_CHECKING:
    from causal.model.network import CausalModel
    from causal.query.query import Query

app = typer.Typer(
    name="causal",
    cls=Commands,
    help="Why does crypto crash, and what if?  Questions to a causal Bayesian network.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(history.data)
app.command()(today.now)
app.command()(insight.tornado)
app.command()(insight.path)
app.command()(loop.loop)
app.command()(sweeps.sweep)
app.command()(rungs.ladder)


class Lang(StrEnum):
    """Languages of the labels in a diagram."""

    en = "en"
    zh = "zh"


class Interval(StrEnum):
    """How a credible interval comes about."""

    draws = "draws"
    delta = "delta"


Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", help="A fitted model (.json) or a network file (.bif, .xdsl, ...)."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Draws = Annotated[int | None, typer.Option(min=1, max=100_000, help="Posterior draws.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of the posterior draws.")]
By = Annotated[
    Interval, typer.Option(help="Interval from posterior draws, or in closed form: nothing drawn.")
]
Language = Annotated[Lang, typer.Option(help="Language of the labels in the picture.")]
Items = Annotated[
    list[str] | None, typer.Option(metavar="ITEMS", help="As in the question: `leverage=high`.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from causal import __version__

        say(f"causal {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and leave.", is_eager=True, callback=_version
        ),
    ] = False,
) -> None:
    """Options of the whole command; ``--version`` answers in its callback."""


@app.command()
def ask(
    query: Annotated[
        str | None,
        typer.Argument(help='A question: "P(bitcoin=crash within 7d | do(leverage=low))".'),
    ] = None,
    *,
    event: Items = None,
    do: Items = None,
    given: Items = None,
    within: Annotated[str | None, typer.Option(help="At least once in so many days: 7d.")] = None,
    at: Annotated[str | None, typer.Option(help="On that day: 7d.")] = None,
    model: Model = None,
    draws: Draws = None,
    seed: Seed = None,
    interval: By = Interval.draws,
    assume_unconfounded: insight.Assume = False,
    draw: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also draw it: .svg, .png, .pdf or .dot.")
    ] = None,
    lang: Language = Lang.en,
    asof: today.AsOf = None,
    vintage: history.Vintage = None,
    data: history.Data = None,
    as_json: Json = False,
) -> None:
    """Answer a question, with an interval, a base rate and what stands behind it.

    The question is one string, or the flags --event, --do, --given, --within and --at.  With
    --asof what the pulled history could know by that day is evidence, too.
    """
    from causal.app.source import asked, opened
    from causal.ask import ask as answer_to
    from causal.query.parser import parse

    ready(draw, "diagram")
    text = asked(query, event=event, do=do, given=given, within=within, at=at)
    found = opened(model, draws=draws, seed=seed)
    question = parse(text, found.graph)
    known: dict[str, Any] = {}
    if asof is not None or vintage is not None or data is not None:
        found, (question,), known = today.told(found, [question], asof, vintage, data=data)
    ready(draw, "diagram", f"{question} {shown_of(found.graph, lang=lang.value)}")
    if draw is not None:
        _picture(found, question, draw, lang, assume_unconfounded)
    how: dict[str, Any] = {"assume_unconfounded": assume_unconfounded, "interval": interval.value}
    answer = answer_to(found, question, **how)
    if as_json:
        from causal.answer.answer import answer_to_dict

        say_json({**answer_to_dict(answer), **known})
        return
    from causal.app.screens import again, answer_screen

    more: dict[str, Any] = {"asof": known.get("as_of"), "vintage": vintage, "data": data}
    answer_screen(answer, again(answer, model, drawn=draw, **more))
    if known:
        today.known_screen(known["as_of"])


@app.command()
def fit(
    story: Annotated[str, typer.Argument(help="A causal story: crash.toml.")],
    *,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PANEL", help="Daily history: .csv or .parquet; else what was pulled."
        ),
    ] = None,
    out: Annotated[str, typer.Option(metavar="FILE", help="Where the fitted model goes: .json.")],
    fit_until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Use nothing after this day.")
    ] = None,
    draws: Draws = None,
    seed: Seed = None,
    vintage: history.Vintage = None,
    as_json: Json = False,
) -> None:
    """Fit a causal story to a history: a file, or what `causal data pull` has stored."""
    from causal.data.panel import read_panel
    from causal.graph.story import read_story
    from causal.learn.fit import fit as fitted
    from causal.model.store import save

    ready(out, "model")
    told = read_story(story)
    panel = read_panel(data) if data is not None else history.stored(told.graph, vintage)
    found = fitted(told, panel, fit_until=fit_until, draws=draws, seed=seed)
    save(found, out)
    from causal.app.record import fit_to_dict

    if as_json:
        say_json(fit_to_dict(found, out))
        return
    from causal.app.screens import fit_screen

    fit_screen(fit_to_dict(found, out))


@app.command()
def draw(
    *,
    out: Annotated[str, typer.Option(metavar="FILE", help=".svg, .png, .pdf or .dot.")],
    do: Items = None,
    given: Items = None,
    event: Annotated[
        list[str] | None, typer.Option("--for", metavar="EVENT", help="The event to lead up to.")
    ] = None,
    within: Annotated[str | None, typer.Option(help="At least once in so many days: 7d.")] = None,
    model: Model = None,
    lang: Language = Lang.en,
    assume_unconfounded: insight.Assume = False,
) -> None:
    """Draw the chain, before and after what is done and seen."""
    from dataclasses import replace

    from causal.app.source import asked, opened
    from causal.query.parser import parse

    found = opened(model)
    last = found.graph.variables[-1]
    stand_in = event or [str(_worst(last))]
    text = asked(None, event=stand_in, do=do, given=given, within=within, at=None)
    question = parse(text, found.graph)
    question = question if event else replace(question, event=())
    ready(out, "diagram", f"{question} {shown_of(found.graph, lang=lang.value)}")
    _picture(found, question, out, lang, assume_unconfounded)


@app.command()
def show(model: Model = None, as_json: Json = False) -> None:
    """Show a model: variables, states, base rates, edges with their reasons, data."""
    from causal.app.record import model_to_dict
    from causal.app.source import opened

    record = model_to_dict(opened(model))
    if as_json:
        say_json(record)
        return
    from causal.app.screens import model_screen

    model_screen(record)


def _worst(variable: Any) -> Any:
    from causal.query.event import Condition

    return Condition(variable.name, ((variable.states[-1], 1.0),))


def _picture(model: CausalModel, query: Query, path: str, lang: Lang, assume: bool) -> None:
    from causal.show.diagram import illustrated

    illustrated(model, query, lang=lang.value, assume_unconfounded=assume).save(path)


def main() -> None:
    """Any command, with its options, its help and its errors (``door.main`` comes first)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without these letters shows `?`
    try:
        typer.main.get_command(app).main(prog_name="causal")
    finally:
        flush()
