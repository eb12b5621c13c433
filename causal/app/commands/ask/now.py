"""``causal now``: the state of every variable, the probability of a crash, three what-ifs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causal.app.as_of_day import last_day, stale_screen
from causal.app.options import AsOf, Data, Draws, Json, Model, OptionalQuestion, Vintage
from causal.app.output import say_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from causal.answer.answer import Answer
    from causal.app.console import Console
    from causal.explain.what_if import WhatIfs
    from causal.learn.as_of import Reading
    from causal.model.network import CausalModel

HORIZON = 7
DRAWS = 500  # a page of five questions; `ask` takes the model's own number


def now(
    query: OptionalQuestion = None,
    *,
    asof: AsOf = None,
    vintage: Vintage = None,
    data: Data = None,
    model: Model = None,
    draws: Draws = DRAWS,
    as_json: Json = False,
) -> None:
    """Where things stand: states, the probability of a crash, the most telling what-ifs.

    The crash is the worst state of the variable whose price the model knows, else of its last.  A
    question of your own is answered with the rest, price levels among them: "P(bitcoin below 60000
    within 7d)".
    """
    from causal.app.opening import asked_variable, open_history, open_model
    from causal.ask import ask
    from causal.explain.what_if import what_ifs
    from causal.learn.as_of import readings, with_known_evidence
    from causal.query.event import conditions
    from causal.query.query import Query

    found = open_model(model)
    day = last_day(asof or vintage or "today")
    known = readings(found, open_history(vintage, data, found.graph), day)
    found = open_model(model, draws=draws)
    about = asked_variable(found)
    event = conditions(found.graph, {about.name: about.states[-1]})
    question, used = with_known_evidence(found, Query(event, within=HORIZON), known, day)
    answer = ask(found, question)
    record = page(answer, used, what_ifs(found, question), str(day))
    if query is not None:
        record["asked"] = _own(found, query, (asof, vintage, data))
    if as_json:
        say_json(record)
        return
    _screen(record)


def _own(
    model: CausalModel, text: str, told: tuple[str | None, str | None, str | None]
) -> dict[str, Any]:
    """The answer to one more question as of the day, as JSON values."""
    from causal.answer.answer import answer_to_dict
    from causal.app.as_of_day import close_as_of, informed_as_of
    from causal.ask import ask
    from causal.query.level import names_level
    from causal.query.parser import parse

    asof, vintage, data = told
    level = names_level(text, model.priced)
    close = close_as_of(model, asof, vintage, data=data) if level else None
    question = parse(text, model.graph, priced=model.priced, close=close)
    said = str(question)
    model, (question,), _ = informed_as_of(model, [question], asof, vintage, data=data)
    return answer_to_dict(ask(model, question)) | {"event": said}


def page(answer: Answer, used: Sequence[Reading], others: WhatIfs, day: str) -> dict[str, Any]:
    """Today's page as plain JSON values; what is only bounded has bounds and no number."""
    from dataclasses import asdict

    from causal.answer.answer import answer_to_dict

    return {
        "as_of": day,
        "variables": [asdict(r) for r in used],
        "crash": answer_to_dict(answer),
        "what_if": [_contrast(a, answer) for a in others.telling],
        "left_open": [
            {"do": str(a.query.do[-1]), "bounds": answer_to_dict(a)["bounds"]}
            for a in others.left_open
        ],
    }


def _contrast(other: Answer, plain: Answer) -> dict[str, Any]:
    """The answer under the intervention, and its paired difference from the answer without it."""
    from causal.answer.answer import answer_to_dict
    from causal.answer.draws import tail

    found, difference = answer_to_dict(other), other.draws - plain.draws
    low, high = tail(difference)
    return {
        "do": str(other.query.do[-1]),
        **{key: found[key] for key in ("probability", "interval")},
        "difference": {"value": float(difference.mean()), "low": low, "high": high},
        **{key: found["claim"][key] for key in ("licensed_by", "effect", "computed")},
        "support": {"days": other.support.days} if other.support else None,
    }


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
    if "asked" in record:
        _asked(console, record["asked"])
    _what_ifs(console, record)
    stale_screen(console, record["variables"])


def _asked(console: Console, found: dict[str, Any]) -> None:
    """The question of one's own, with its level spelt out; bounds where there is no number."""
    from rich.text import Text

    from causal.answer.format import share

    ends, number = found["interval"], found["probability"]
    told = f"between {share(ends['low'])} and {share(ends['high'])}"
    if number is not None:
        told = f"{share(number)}   90 % interval {share(ends['low'])} to {share(ends['high'])}"
    console.print(Text(f"  {found['event']} = {told}", "bold green"), end="")
    console.print(f"; base rate {share(found['base_rate'])}")
    if "price_level" in found:
        console.print(f"  {found['price_level']['words']}", style="dim")
    console.print()


def _what_ifs(console: Console, record: dict[str, Any]) -> None:
    """A row for each intervention that has a number, and what unmeasured causes leave open."""
    from rich.padding import Padding
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 2), header_style="dim")
    table.add_column("do, for the week", overflow="fold")
    for name in ("", "90 % interval", "points"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("licensed by", no_wrap=True)
    for w in record["what_if"]:
        ends, change = w["interval"], f"{100 * w['difference']['value']:+.1f}"
        span = f"{ends['low']:.1%} to {ends['high']:.1%}"
        number = f"{w['probability']:.1%}"
        table.add_row(w["do"], number, span, change, w["licensed_by"])
    if record["what_if"]:
        console.print(table)
    else:
        console.print("  No variable held in its worst state has a number that moves it.")
    for text in _left_open(record["left_open"]):
        console.print(Padding(text, (1, 2, 0, 2)), style="dim")
    console.print("\n  If the arrows are as the story draws them.", style="dim italic")


def _left_open(opened: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What unmeasured causes leave open, by the range that they leave."""
    from math import ceil, floor

    ranges: dict[str, list[str]] = {}
    for o in opened:  # rounded outwards, a bound stays one
        low, high = floor(o["bounds"]["low"] * 1000), ceil(o["bounds"]["high"] * 1000)
        ends = f"{low / 1000:g} to {high / 1000:g}"
        ranges.setdefault(ends, []).append(f"do({o['do']})")
    for ends, names in ranges.items():
        yield f"Left open by unmeasured causes, {ends}: {', '.join(names)}."
