"""``causal show``: what a model holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causal.app.options import Json, Model
from causal.app.output import say_json

if TYPE_CHECKING:
    from causal.contract.array import Array
    from causal.graph.variable import Variable
    from causal.model.network import CausalModel

NBSP = "\N{NO-BREAK SPACE}"


def show(model: Model = None, as_json: Json = False) -> None:
    """Show a model: variables, states, base rates, edges with their reasons, data."""
    from causal.app.opening import open_model

    record = model_to_dict(open_model(model))
    if as_json:
        say_json(record)
        return
    _screen(record)


def model_to_dict(model: CausalModel) -> dict[str, Any]:
    """Variables with the base rates of their states, edges with reasons, and the data behind."""
    from causal.app.opening import model_record
    from causal.infer.marginals import marginals

    rates = marginals(model)
    return {
        "model": model_record(model),
        "variables": [_variable(v, rates[v.name]) for v in model.graph.variables],
        "edges": [
            {"cause": e.cause, "effect": e.effect, "lag": e.lag, "because": e.because}
            for e in model.graph.edges
        ],
        "confounded": [
            {"between": [c.one, c.other], "because": c.because} for c in model.graph.confounded
        ],
    }


def _variable(variable: Variable, rates: Array) -> dict[str, Any]:
    labels = variable.states_zh or ("",) * len(variable.states)
    return {
        "name": variable.name,
        "label": variable.label,
        "label_zh": variable.label_zh,
        "why": variable.why,
        "manipulable": variable.manipulable,
        "publication_lag": variable.publication_lag,
        "states": [
            {"name": name, "label_zh": label, "base_rate": float(rate)}
            for name, label, rate in zip(variable.states, labels, rates, strict=True)
        ],
    }


def _screen(record: dict[str, Any]) -> None:
    """Variables with their states and base rates, edges with reasons, the data."""
    from rich.table import Table
    from rich.text import Text

    from causal.answer.format import share
    from causal.app.console import Console
    from causal.app.opening import history_span

    console = Console()
    card = record["model"]
    console.print(
        Text(f"\n{card['name']}", style="bold"), Text(history_span(card), style="dim"), "\n"
    )
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
