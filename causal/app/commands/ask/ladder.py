"""``causal ladder``: how far the price falls at its worst within some days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.as_of_day import informed_as_of, known_screen
from causal.app.options import (
    HORIZONS,
    THRESHOLDS,
    AsOf,
    AssumeUnconfounded,
    DrawdownTo,
    Draws,
    From,
    Horizons,
    Items,
    Json,
    Model,
    Plot,
    Price,
    Thresholds,
    Vintage,
)
from causal.app.output import ready, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from causal.drawdown.ladder import Ladder, Rung
    from causal.model.network import CausalModel
    from causal.query.event import Condition, StatesLike
    from causal.query.query import Query


def ladder(
    *,
    do: Items = None,
    given: Items = None,
    thresholds: Thresholds = THRESHOLDS,
    horizons: Horizons = HORIZONS,
    price: DrawdownTo = Price.close,
    usual: Annotated[
        str | None, typer.Option(help="Usual volatility a day: 2.5%; else the last in the data.")
    ] = None,
    model: Model = None,
    draws: Draws = None,
    assume_unconfounded: AssumeUnconfounded = False,
    start: From = None,
    draw: Plot = None,
    asof: AsOf = None,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """Say how likely the price falls by so much at its worst, within so many days.

    With --from the days have the sessions of their dates; with --asof what the pulled history could
    know by that day is evidence, and its volatility the usual one.
    """
    from causal.app.opening import horizon_days, number, numbers, open_model
    from causal.app.waiting import waiting
    from causal.drawdown.ladder import ladder
    from causal.query.parser import parse_do

    ready(draw, "ladder")
    levels, days = numbers(thresholds), horizon_days(horizons)
    scale = None if usual is None else number(usual, "usual volatility")
    found = open_model(model, draws=draws)
    day = None if asof is None and vintage is None else (asof, vintage)
    longest = max(days, default=1)
    found, query, known = _seen(found, (given or (), longest, start), day, sized=scale is None)
    seen = query.given
    acted = found.do(parse_do(", ".join(do or ()), found.graph))
    ready(draw, "ladder", " ".join(map(str, (*seen, *acted.interventions))))
    with waiting("climbing down the ladder"):
        made = ladder(
            acted,
            given=_mapping(seen),
            thresholds=levels,
            horizons=days,
            price=price.value,
            usual=scale,
            start=query.start,
            assume_unconfounded=assume_unconfounded,
        )
    if as_json:
        say_json({**made.to_dict(), **known})
    else:
        _screen(made)
        if known:
            known_screen(known["as_of"])
    if draw is not None:  # last: the numbers stand, even where there is no fan to draw
        from causal.show.fan import save_fan

        save_fan(made, draw)


def _seen(
    model: CausalModel,
    asked: tuple[Sequence[str], int, str | None],
    day: tuple[str | None, str | None] | None,
    *,
    sized: bool,
) -> tuple[CausalModel, Query, dict[str, Any]]:
    """The question with what could be known as of a ``day`` (--asof, --vintage).

    ``asked``: the evidence, the longest horizon, the date of today.
    """
    from causal.query.parser import parse_given
    from causal.query.query import Query

    given, longest, start = asked
    # the ladder says what is wrong with a horizon
    within = longest if longest > 0 else None
    plain = Query((), parse_given(", ".join(given), model.graph), within=within, start=start)
    if day is None:
        return model, plain, {}
    model, (informed,), known = informed_as_of(model, [plain], *day, sized=sized)
    return model, informed, known


def _mapping(given: tuple[Condition, ...]) -> dict[str, StatesLike]:
    """Evidence as the mapping that ``ladder`` takes."""
    found: dict[str, StatesLike] = {}
    for item in given:
        day = "" if item.day is None else f"@{item.day}"
        found[f"{item.variable}{day}"] = dict(item.weights)
    return found


def _screen(found: Ladder) -> None:
    """The rungs as a table of thresholds and horizons, the means below, and what stands behind."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console
    from causal.drawdown.ladder import question
    from causal.query.event import percent
    from causal.query.level import money

    console = Console()
    days = sorted({r.days for r in found.rungs})
    table = Table(box=None, padding=(0, 3), header_style="dim", show_header=True)
    table.add_column("")
    for day in days:
        table.add_column(f"within {day}d")
    acted = bool(found.query.do or found.query.given)
    for level in dict.fromkeys(r.threshold for r in found.rungs):
        cells = [_cell(found.rung(level, day), acted) for day in days]
        label = Text(percent(level), "bold")
        if found.close is not None:
            label.append(f"\n{money(found.level(level) or 0.0)}", "not bold dim")
        table.add_row(label, *cells)
    table.add_row()
    for name, draws in _means(found).items():
        table.add_row(Text(name, "dim"), *(f"{-value:.1%}" for value in draws))
    worst = f"worst {found.price} below today's close; usual volatility {found.usual:.2%} a day"
    if found.close is not None:
        worst += f"\nfrom {found.close}"
    console.print()
    console.print(Padding(Text(question(found), "bold"), (0, 2), expand=False))
    console.print(Padding(Text(worst), (0, 2), expand=False))
    console.print()
    console.print(table)
    console.print()
    for line in _behind(found):
        console.print(Padding(Text(line, "dim"), (0, 2), expand=False))


def _cell(rung: Rung, acted: bool) -> Text:
    from rich.text import Text

    from causal.answer.answer import probability_estimate
    from causal.answer.format import share

    found = probability_estimate(rung.answer)
    ends = f"{share(found.low)} to {share(found.high)}"
    text = Text("bounded" if found.value is None else share(found.value), "bold green")
    text.append(f"\n{ends}", "default")
    if acted:
        text.append(f"\nbase {share(float(rung.answer.base.mean()))}", "dim")
    return text


def _means(found: Ladder) -> dict[str, list[float]]:
    names = {"mean": [float(t.worst[0].mean()) for t in found.tails]} if found.tails else {}
    for share in found.tails[0].shortfall if found.tails else ():
        values = [float(t.shortfall[share][0].mean()) for t in found.tails]
        names[f"worst {share:.0%}"] = values
    return names


def _behind(found: Ladder) -> list[str]:
    from causal.answer.answer import CAVEAT
    from causal.drawdown.ladder import grounds
    from causal.identify.claim import licence

    lines = [" ".join(line) for line in licence(found.claim)]
    lines += [f"evidence: {path}" for path in found.claim.paths]
    lines += grounds(found)
    lines.append(f"{CAVEAT}: it claims no skill about days to come.")
    return lines
