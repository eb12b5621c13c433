"""What a person sees: the answer, the model, the fit.  Layout only; every number comes ready."""

from __future__ import annotations

import shlex
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from causal.infer.query import LEVEL, Answer
from causal.infer.report import (
    Estimate,
    caveat,
    probability_estimate,
    risk_difference,
    risk_ratio,
    warning,
)

LICENCES = {
    "observed": "seeing: the observed distribution, nothing is done",
    "identified": "doing, identified: the graph and the data settle the effect",
    "bounded": "doing, bounded: an unmeasured cause leaves a range, not a number",
    "assumed": "doing, assumed: identified only if the declared unmeasured cause is absent",
}
BAR = 40
NBSP = "\N{NO-BREAK SPACE}"


def answer_screen(answer: Answer, call: str) -> None:
    """Number, interval, contrasts, licence, support, caveat, and the call that repeats it."""
    console = Console(highlight=False)
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
    console.print(f"\n  {call}", style="dim", markup=False, soft_wrap=True)


def _headline(answer: Answer) -> RenderableType:
    found = probability_estimate(answer)
    text = Text()
    if found.value is None:
        text.append("between ").append(f"{share(found.low)} and {share(found.high)}", "bold green")
        text.append(f"   bounds, with the {LEVEL:.0%} intervals of both ends")
    else:
        text.append(share(found.value), "bold green")
        if len(answer.draws) > 1:
            text.append(f"   {LEVEL:.0%} interval {share(found.low)} to {share(found.high)}")
        else:
            text.append("   one number a table entry, no draws: no interval")
    text.append("\n").append(_ruler(found, float(answer.base.mean())))
    return text


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
    point = len(answer.draws) == 1
    difference, ratio = risk_difference(answer), risk_ratio(answer)
    table.add_row(
        "base rate", share(float(answer.base.mean())), "the same event, nothing done or known"
    )
    if not (answer.query.do or answer.query.given):
        return table
    table.add_row("risk difference", signed(difference.value), _interval(difference, signed, point))
    table.add_row("risk ratio", times(ratio.value), _interval(ratio, times, point))
    return table


def _interval(found: Estimate, written: Any, point: bool) -> str:
    if found.low is None:
        return "none: the base rate may be zero"
    return "" if point else f"{written(found.low)} to {written(found.high)}"


def _backing(answer: Answer) -> Table:
    table = Table.grid(padding=(0, 3))
    claim = answer.claim
    table.add_row("licensed by", LICENCES.get(claim.licensed_by, claim.licensed_by))
    for place, assumption in enumerate(claim.assumptions):
        table.add_row("" if place else "assuming", f"- {assumption}")
    support = answer.support
    if support is None:
        table.add_row("data", "unknown: the model holds tables, not counts")
    else:
        days, prior = f"{support.days:,.0f} days", f"{support.prior_share:.2f}"
        table.add_row("data", f"{days} behind the thinnest row used, {prior} of that row is prior")
        table.add_row("", Text(support.row, "dim"))
    if warning(answer):
        table.add_row("", Text(warning(answer), "yellow"))
    if answer.query.given:
        table.add_row("evidence", f"probability {share(answer.evidence)}")
    return table


def again(answer: Answer, model: str | None, drawn: str | None = None) -> str:
    """The call that gives this answer again, number for number."""
    parts = ["causal", "ask", shlex.quote(str(answer.query))]
    if model is not None:
        parts += ["--model", shlex.quote(model)]
    if answer.seed is not None:
        parts += ["--draws", str(len(answer.draws)), "--seed", str(answer.seed)]
    if drawn is not None:
        parts += ["--draw", shlex.quote(drawn)]
    return " ".join(parts)


def model_screen(record: dict[str, Any]) -> None:
    """Variables with their states and base rates, edges with reasons, the data."""
    console = Console(highlight=False)
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
    console = Console(highlight=False)
    console.print(Text(record["model"]["name"], style="bold"), _span(record["model"]))
    console.print(f"written to {record['out']}", markup=False, soft_wrap=True)


def share(value: float | None) -> str:
    """A probability: three decimals, two significant digits below 0.01, never rounded to 0 or 1."""
    if value is None:
        return "-"
    if 0 < value < 0.01:
        return f"{value:.2g}"
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference of probabilities, with its sign."""
    return "-" if value is None else f"{value:+.3f}"


def times(value: float | None) -> str:
    """A ratio."""
    return "-" if value is None else f"{value:.2f}"
