"""What a person sees of an answer, a model, a fit: layout only, every number comes ready."""

from __future__ import annotations

from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from causal.answer.answer import (
    Answer,
    backing,
    caveat,
    headline,
    method,
    noise,
    probability_estimate,
    risk_difference,
    risk_ratio,
    warning,
)
from causal.answer.format import Estimate, share, signed, span, times
from causal.app.console import Console
from causal.app.output import shell_word
from causal.identify.claim import licence

BAR = 40
NBSP = "\N{NO-BREAK SPACE}"


def answer_screen(answer: Answer, call: str) -> None:
    """Number, interval, contrasts, licence, support, caveat, and the call that repeats it."""
    console = Console()
    parts = (
        Text(str(answer.query), "bold"),
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
    number, _, rest = headline(answer).partition("   ")
    text = Text(number, "bold green").append(f"   {rest}\n" if rest else "\n", "default")
    return text.append(_ruler(probability_estimate(answer), float(answer.base.mean())))


def _ruler(found: Estimate, base: float) -> Text:
    """[0, 1] as a line: the interval heavy, the base rate a stroke."""
    cells = ["─"] * BAR
    low, high = (min(int((x or 0.0) * BAR), BAR - 1) for x in (found.low, found.high))
    cells[low : high + 1] = ["━"] * (high + 1 - low)
    cells[min(int(base * BAR), BAR - 1)] = "┿"
    line = Text("0 ", "dim")
    for place, cell in enumerate(cells):
        line.append(cell, "green" if low <= place <= high else "dim")
    return line.append(" 1   ┿ base rate", "dim")


def _contrasts(answer: Answer) -> Table:
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
    table = Table.grid(padding=(0, 3))
    claim = answer.claim
    for line in licence(claim):
        table.add_row(*line)
    for place, assumption in enumerate(claim.assumptions):
        table.add_row("" if place else "assuming", f"- {assumption}")
    table.add_row("data", backing(answer))
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


def again(
    answer: Answer,
    model: str | None,
    *,
    drawn: str | None = None,
    asof: dict[str, Any] | None = None,
    vintage: str | None = None,
    data: str | None = None,
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
    if asof is not None and answer.query.drawdown is not None:
        parts += ["--asof", asof["day"], *(["--vintage", vintage] if vintage is not None else [])]
        parts += ["--data", shell_word(data)] if data is not None else []
    if drawn is not None:
        parts += ["--draw", shell_word(drawn)]
    return " ".join(parts)


def model_screen(record: dict[str, Any]) -> None:
    """Variables with their states and base rates, edges with reasons, the data."""
    console = Console()
    card = record["model"]
    console.print(Text(f"\n{card['name']}", style="bold"), Text(_span(card), style="dim"), "\n")
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("variable", style="bold")
    table.add_column("states, calmest first, with base rates")
    table.add_column("label", style="dim")
    for variable in record["variables"]:
        states = "  ".join(f"{s['name']}{NBSP}{share(s['base_rate'])}" for s in variable["states"])
        label = "  ".join(filter(None, (variable["label"], variable["label_zh"])))
        table.add_row(variable["name"], states, label)
    console.print(table, "")
    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("edge", no_wrap=True)
    table.add_column("because")
    for edge in record["edges"]:
        arrow = "→" if edge["lag"] == 0 else "⇢"
        table.add_row(f"{edge['cause']} {arrow} {edge['effect']}", edge["because"])
    for pair in record["confounded"]:
        table.add_row(" ↔ ".join(pair["between"]), pair["because"])
    console.print(table)
    console.print(Text("→ the same day   ⇢ the day after   ↔ an unmeasured common cause", "dim"))


def _span(card: dict[str, Any]) -> str:
    if card["data_from"] is None:
        return f"a network of {card['variables']} variables, without data"
    return (
        f"fitted to {card['rows']:,} days, {card['data_from']} to {card['data_to']}; "
        f"prior worth {card['strength']:g} days a row; {card['draws']:,} draws, seed {card['seed']}"
    )


def fit_screen(record: dict[str, Any]) -> None:
    """What was fitted, to what, and where it lies."""
    console = Console()
    console.print(Text(record["model"]["name"], style="bold"), _span(record["model"]))
    console.print(f"written to {record['out']}", soft_wrap=True)
