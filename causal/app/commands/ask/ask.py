"""``causal ask``: one question, answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.as_of_day import informed_as_of, known_screen, today_close
from causal.app.options import (
    AsOf,
    AssumeUnconfounded,
    At,
    Data,
    Diagram,
    Draws,
    From,
    Interval,
    IntervalFrom,
    Items,
    Json,
    Lang,
    Language,
    Model,
    OptionalQuestion,
    Seed,
    Vintage,
    Within,
)
from causal.app.output import ready, say_json, shell_word, shown_of

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from causal.answer.answer import Answer
    from causal.answer.format import Estimate

BAR = 40
PriceToday = Annotated[
    str | None, typer.Option(help="Today's price, for a level: `bitcoin below 60000`.")
]
Recalibrated = Annotated[
    bool,
    typer.Option(
        "--recalibrated",
        help="A forecast read through the map that the model keeps; nothing may be done.",
    ),
]


def ask(
    query: OptionalQuestion = None,
    *,
    event: Items = None,
    do: Items = None,
    given: Items = None,
    within: Within = None,
    at: At = None,
    start: From = None,
    model: Model = None,
    draws: Draws = None,
    seed: Seed = None,
    interval: IntervalFrom = Interval.draws,
    assume_unconfounded: AssumeUnconfounded = False,
    recalibrated: Recalibrated = False,
    price: PriceToday = None,
    draw: Diagram = None,
    lang: Language = Lang.en,
    asof: AsOf = None,
    vintage: Vintage = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Answer a question, with an interval, a base rate and what stands behind it.

    The question is one string, or the flags --event, --do, --given, --within and --at.  With
    --asof what the pulled history could know by that day is evidence, too.
    """
    from causal.app.opening import open_model, question_text
    from causal.ask import ask
    from causal.query.parser import parse
    from causal.query.query import begun

    ready(draw, "diagram")
    fitted = open_model(model, draws=draws, seed=seed)
    pieces: dict[str, Any] = {"event": event, "do": do, "given": given, "within": within, "at": at}
    text = question_text(query, graph=fitted.graph, **pieces)
    close = today_close(fitted, text, price, (asof, vintage, data))
    question = begun(parse(text, fitted.graph, priced=fitted.priced, close=close), start)
    known: dict[str, Any] = {}
    how: dict[str, Any]
    if asof is not None or vintage is not None or data is not None:
        fitted, (question,), known = informed_as_of(fitted, [question], asof, vintage, data=data)
    ready(draw, "diagram", f"{question} {shown_of(fitted.graph, lang=lang.value)}")
    if draw is not None:
        from causal.show.diagram import illustrated

        how = {"lang": lang.value, "assume_unconfounded": assume_unconfounded}
        illustrated(fitted, question, **how).save(draw)
    how = {"interval": interval.value, "recalibrate": recalibrated}
    answer = ask(fitted, question, assume_unconfounded=assume_unconfounded, **how)
    if as_json:
        from causal.answer.answer import answer_to_dict

        say_json({**answer_to_dict(answer), **known})
        return
    more: dict[str, Any] = {"asof": known.get("as_of"), "vintage": vintage, "data": data}
    _screen(answer, _again(answer, model, drawn=draw, recalibrated=recalibrated, **more))
    if known:
        known_screen(known["as_of"])


def _screen(answer: Answer, call: str) -> None:
    """Number, interval, contrasts, licence, support, caveat, and the call that repeats it."""
    from rich.padding import Padding
    from rich.text import Text

    from causal.answer.answer import caveat, spelt_level
    from causal.app.console import Console

    console = Console()
    parts = (
        Text("\n".join(filter(None, (str(answer.query), spelt_level(answer)))), "bold"),
        _headline(answer),
        _contrasts(answer),
        _backing(answer),
        Text(caveat(answer), "italic"),
    )
    for part in parts:
        console.print()
        console.print(Padding(part, (0, 2), expand=False))
    console.print(f"\n  {call}", style="dim", soft_wrap=True)


def _headline(answer: Answer) -> Text:
    from rich.text import Text

    from causal.answer.answer import headline, probability_estimate

    number, _, rest = headline(answer).partition("   ")
    text = Text(number, "bold green").append(f"   {rest}\n" if rest else "\n", "default")
    return text.append(_ruler(probability_estimate(answer), float(answer.base.mean())))


def _ruler(found: Estimate, base: float) -> Text:
    """[0, 1] as a line: the interval heavy, the base rate a stroke."""
    from rich.text import Text

    cells = ["─"] * BAR
    low, high = (min(int((x or 0.0) * BAR), BAR - 1) for x in (found.low, found.high))
    cells[low : high + 1] = ["━"] * (high + 1 - low)
    cells[min(int(base * BAR), BAR - 1)] = "┿"
    line = Text("0 ", "dim")
    for place, cell in enumerate(cells):
        line.append(cell, "green" if low <= place <= high else "dim")
    return line.append(" 1   ┿ base rate", "dim")


def _contrasts(answer: Answer) -> Table:
    from rich.table import Table

    from causal.answer.answer import risk_difference, risk_ratio
    from causal.answer.format import share, signed, span, times

    table = Table.grid(padding=(0, 3))
    base = float(answer.base.mean())
    table.add_row("base rate", share(base), "the same event, nothing done or known")
    if not (answer.query.do or answer.query.given):
        return table
    for what, found, written in (
        ("risk difference", risk_difference(answer), signed),
        ("risk ratio", risk_ratio(answer), times),
    ):
        table.add_row(what, written(found.value), span(found, written) if answer.uncertain else "")
    return table


def _backing(answer: Answer) -> Table:
    from rich.table import Table
    from rich.text import Text

    from causal.answer.answer import backing, method, noise, warning
    from causal.answer.format import share
    from causal.identify.claim import licence

    table = Table.grid(padding=(0, 3))
    claim = answer.claim
    for line in licence(claim):
        table.add_row(*line)
    for place, assumption in enumerate(claim.assumptions):
        table.add_row("" if place else "assuming", f"- {assumption}")
    table.add_row("data", backing(answer))
    table.add_row("checked", answer.checked)
    if noise(answer):
        table.add_row("Monte-Carlo error", noise(answer))
    if method(answer):
        what, _, how = method(answer).partition(": ")
        table.add_row(what, how)
    if warning(answer):
        table.add_row("", Text(warning(answer), "yellow"))
    if answer.query.given:
        table.add_row("evidence", f"probability {share(answer.evidence)}")
        for path in claim.paths:
            table.add_row("", f"- {path}")
    return table


def _again(
    answer: Answer,
    model: str | None,
    *,
    drawn: str | None = None,
    asof: dict[str, Any] | None = None,
    vintage: str | None = None,
    data: str | None = None,
    recalibrated: bool = False,
) -> str:
    """The call that gives this answer again, number for number.

    What was known ``asof`` a day stands in the question, but for the usual volatility.
    """
    parts = ["causal", "ask", shell_word(str(answer.query))]
    if model is not None:
        parts += ["--model", shell_word(model)]
    if answer.closed is not None:
        parts += ["--interval", "delta"]
    elif answer.seed is not None:
        parts += ["--draws", str(len(answer.draws)), "--seed", str(answer.seed)]
    if answer.claim.effect == "assumed":
        parts.append("--assume-unconfounded")
    if recalibrated:
        parts.append("--recalibrated")
    if asof is not None and answer.query.drawdown is not None:
        parts += ["--asof", asof["day"], *(["--vintage", vintage] if vintage is not None else [])]
        parts += ["--data", shell_word(data)] if data is not None else []
    if drawn is not None:
        parts += ["--draw", shell_word(drawn)]
    return " ".join(parts)
