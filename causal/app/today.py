"""``causal now``: the state of every variable, the probability of a crash, three what-ifs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.printed import say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from causal.app.console import Console
    from causal.infer.query import Answer, Query
    from causal.learn.today import Reading
    from causal.model.event import Condition
    from causal.model.network import CausalModel

AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="DATE|today", help="Take what could be known at that day's end as evidence."
    ),
]
HORIZON = 7
DRAWS = 500  # a page of five questions; `ask` takes the model's own number
SHOWN = 3
ASKED = "bitcoin"


def now(
    *,
    asof: AsOf = None,
    vintage: Annotated[
        str | None, typer.Option(metavar="DATE", help="The history as it was known on that day.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A fitted model (.json).")
    ] = None,
    draws: Annotated[int, typer.Option(min=1, max=100_000, help="Posterior draws.")] = DRAWS,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Where things stand: states, the probability of a crash, the most telling what-ifs."""
    from causal.app.history import as_of, held
    from causal.app.source import opened
    from causal.infer.probability import ask
    from causal.infer.query import Query
    from causal.learn.today import informed, readings

    found = opened(model)
    day = as_of(asof or vintage or "today")
    known = readings(found, held(vintage), day)
    found = opened(model, draws=draws)
    question, used = informed(found, Query(_worst(found), within=HORIZON), known, day)
    answer = ask(found, question)
    others = telling(found, question)
    record = page(answer, used, others, str(day))
    if as_json:
        say_json(record)
        return
    _screen(record)


def told(
    model: CausalModel,
    questions: Sequence[Query],
    asof: str | None,
    vintage: str | None,
    *,
    sized: bool = True,
) -> tuple[CausalModel, list[Query], dict[str, Any]]:
    """Questions with what could be known as of a day, and what that was, as JSON values.

    The day is ``asof``, else that of the vintage, else the last one that is over.  Where the price
    is asked about, the model comes back with the usual volatility of that day, if it is ``sized``
    by it.
    """
    from dataclasses import asdict

    from causal.app.history import as_of, held
    from causal.learn.today import informed, readings, standing

    day, stored = as_of(asof or vintage or "today"), held(vintage)
    known = readings(model, stored, day)
    more: dict[frozenset[str], tuple[Condition, ...]] = {}
    asked = []
    for one in questions:
        own = frozenset(c.variable for c in one.given)
        if own not in more:
            more[own] = informed(model, one, known, day)[0].given[len(one.given) :]
        asked.append(replace(one, given=(*one.given, *more[own])))
    plain = questions[0] if len(questions) == 1 else replace(questions[0], given=())
    used = informed(model, plain, known, day)[1]
    record: dict[str, Any] = {"day": str(day), "variables": [asdict(r) for r in used]}
    if sized and not questions[0].event:
        model = standing(model, stored, day)
        fit = model.fit
        record["usual_volatility"] = fit.moves.usual if fit and fit.moves else None
    return model, asked, {"as_of": record}


def known_screen(known: dict[str, Any]) -> None:
    """How old the evidence is, and what was left out of it, below an answer."""
    from rich.padding import Padding

    from causal.app.console import Console

    groups: dict[str, list[str]] = {}
    for r in known["variables"]:
        if r["weights"]:
            groups.setdefault("weakened by age", []).append(f"{r['variable']} ({r['age']} d)")
        elif not r["left_out"]:
            groups.setdefault(f"from {r['day']}", []).append(r["variable"])
        else:
            age = "" if r["age"] is None else f", {r['age']} d"
            groups.setdefault("left out", []).append(f"{r['variable']} ({r['left_out']}{age})")
    text = "\n".join(f"{head}: {', '.join(names)}" for head, names in sorted(groups.items()))
    console = Console()
    console.print(f"\n  evidence as of the end of {known['day']} (UTC)", style="dim")
    console.print(Padding(text, (0, 2)), style="dim")
    _stale(console, known["variables"])


def _stale(console: Console, variables: Sequence[dict[str, Any]]) -> None:
    """Say so when nothing that is measured is new enough to be evidence."""
    measured = [r for r in variables if r["value"] is not None]
    if all(r["left_out"] or r["weights"] for r in measured):
        console.print("\n  All that is stored is too old: run `causal data pull`.", style="yellow")


def telling(model: CausalModel, question: Query) -> list[Answer]:
    """The three interventions, one variable held in its worst state, that move the answer most.

    All are tried at the posterior mean; the chosen ones are answered with every draw.
    """
    from causal.infer.probability import ask
    from causal.model.intervention import Hard

    mean = model.mean()
    plain = ask(mean, question).probability or 0.0
    event = {c.variable for c in question.event}
    ranked: list[tuple[float, int, Query]] = []
    for variable in model.graph.variables:
        how = variable.measurement
        if variable.name in event or (how is not None and how.calendar):
            continue
        asked = replace(question, do=(Hard(variable.name, variable.states[-1]),))
        probability = ask(mean, asked, assume_unconfounded=True).probability or 0.0
        ranked.append((abs(probability - plain), len(ranked), asked))
    ranked.sort(key=lambda r: (-r[0], r[1]))
    return [ask(model, asked, assume_unconfounded=True) for _, _, asked in ranked[:SHOWN]]


def page(
    answer: Answer, used: Sequence[Reading], others: Sequence[Answer], day: str
) -> dict[str, Any]:
    """Today's page as plain JSON values."""
    from dataclasses import asdict

    from causal.infer.report import answer_to_dict

    return {
        "as_of": day,
        "variables": [asdict(r) for r in used],
        "crash": answer_to_dict(answer),
        "what_if": [{"do": str(a.query.do[0]), **_contrast(a, answer)} for a in others],
    }


def _contrast(other: Answer, plain: Answer) -> dict[str, Any]:
    """The answer under the intervention, and its paired difference from the answer without it."""
    from causal.infer.query import tail

    low, high = other.interval()
    difference = other.draws - plain.draws
    ends = tail(difference)
    return {
        "probability": float(other.draws.mean()),
        "interval": {"level": 0.9, "low": low, "high": high},
        "difference": {"value": float(difference.mean()), "low": ends[0], "high": ends[1]},
        "licensed_by": other.claim.licensed_by,
        "support": {"days": other.support.days} if other.support else None,
    }


def _worst(model: CausalModel) -> Any:
    from causal.model.event import conditions

    names = model.graph.names
    variable = model.graph.variable(ASKED if ASKED in names else names[-1])
    return conditions(model.graph, {variable.name: variable.states[-1]})


def _screen(record: dict[str, Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console

    console = Console()
    console.print(Text(f"\nAs of the end of {record['as_of']} (UTC)\n", "bold"))
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("variable", "state", "value", "percentile", "age", "evidence"):
        table.add_column(
            name, justify="right" if name in {"value", "percentile", "age"} else "left"
        )
    for r in record["variables"]:
        value = "" if r["value"] is None else f"{r['value']:.2f}"
        rank = "" if r["percentile"] is None else f"{r['percentile']:.0%}"
        age = "" if r["age"] is None else f"{r['age']} d"
        note = "weakened by age" if r["weights"] else r["left_out"]
        style = "dim" if r["left_out"] else None
        table.add_row(r["variable"], r["state"] or "-", value, rank, age, note, style=style)
    console.print(table)
    crash = record["crash"]
    event = crash["query"].removeprefix("P(").partition(" | ")[0].rstrip(")")
    line = f"\n  P({event}) = {crash['probability']:.1%}"
    ends = crash["interval"]
    console.print(Text(line, "bold green"), end="")
    console.print(
        f"   90 % interval {ends['low']:.1%} to {ends['high']:.1%};"
        f" base rate {crash['base_rate']:.1%}\n"
    )
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("what if, held for the week", "", "90 % interval", "change"):
        table.add_column(name, justify="left" if name.startswith("what") else "right")
    for w in record["what_if"]:
        ends = w["interval"]
        span = f"{ends['low']:.1%} to {ends['high']:.1%}"
        change = f"{100 * w['difference']['value']:+.1f} points"
        table.add_row(f"do({w['do']})", f"{w['probability']:.1%}", span, change)
    console.print(table)
    console.print("  If the arrows are as the story draws them.", style="dim italic")
    _stale(console, record["variables"])
