"""``causal laboratory gain``: how much further selling a first fall brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.options import Json, Plot
from causal.app.output import ready, say_json

if TYPE_CHECKING:
    from causal.laboratory.fragility import GainCurve

FIELDS = ("open_interest", "leverage", "cap", "margin_addon", "impact", "depth", "support")
CAPS = "20,10,5"
ADDONS = "0.02,0.05"


def gain(
    *,
    open_interest: Annotated[
        float, typer.Option(help="Long positions, in billion dollars.")
    ] = 10.0,
    leverage: Annotated[float | None, typer.Option(help="Median leverage of a position.")] = None,
    cap: Annotated[float | None, typer.Option(help="Largest leverage allowed.")] = None,
    margin_addon: Annotated[float, typer.Option(help="Margin on top, as a share: 0.02.")] = 0.0,
    impact: Annotated[
        float | None, typer.Option(help="Fall for the first billion of forced sales: 0.02.")
    ] = None,
    depth: Annotated[
        float | None, typer.Option(help="Billions of forced sales that halve the impact.")
    ] = None,
    spot: Annotated[float | None, typer.Option(help="Today's price, for --support.")] = None,
    support: Annotated[
        float | None, typer.Option(help="Price below which stop orders lie: 91000.")
    ] = None,
    liquidated: Annotated[
        float | None, typer.Option(help="Which first fall liquidates so many billions: 0.8.")
    ] = None,
    caps: Annotated[str, typer.Option(metavar="LIST", help="Leverage caps to compare.")] = CAPS,
    addons: Annotated[
        str, typer.Option(metavar="LIST", help="Margin add-ons to compare.")
    ] = ADDONS,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Say what a first fall becomes: forced selling, total fall, and the gain of the loop.

    The gain g is what a further dollar of selling brings of forced selling; where it runs_on 1 the
    fall runs on by itself.  Positions were opened around today's price; the equations are the
    laboratory's: model-only.
    """
    from causal.app.opening import numbers
    from causal.laboratory.fragility import gain_curve, support_fall

    ready(plot, "gain curve")
    named = (open_interest, leverage, cap, margin_addon, impact, depth, support_fall(spot, support))
    changed: dict[str, Any] = {n: v for n, v in zip(FIELDS, named, strict=True) if v is not None}
    curve = gain_curve(**changed)
    compared = numbers(caps, "leverage cap"), numbers(addons, "margin add-on")
    policies = [("as asked", curve), *_policies(changed, *compared)]
    if plot is not None:
        from causal.show.market_pictures import save_gain

        save_gain(policies, plot)
    record = _record(curve, policies, liquidated)
    if as_json:
        say_json(record)
    else:
        _screen(record, spot)


def _policies(
    book: dict[str, Any], caps: list[float], addons: list[float]
) -> list[tuple[str, GainCurve]]:
    """The same book under each cap, and with each margin on top."""
    from causal.laboratory.fragility import gain_curve

    capped = [(f"cap {c:g}x", gain_curve(**{**book, "cap": c})) for c in caps]
    margins = [(f"margin +{100 * a:g}%", gain_curve(**{**book, "margin_addon": a})) for a in addons]
    return [*capped, *margins]


def _record(
    curve: GainCurve, policies: list[tuple[str, GainCurve]], liquidated: float | None
) -> dict[str, Any]:
    record = curve.to_dict()
    if liquidated is not None:
        record["liquidated"] = {"billions": liquidated, "first_fall": curve.fall_for(liquidated)}
    record["policies"] = [
        {
            "policy": n,
            "cap": c.what.cap,
            "margin_addon": c.what.margin_addon,
            "runs_on_from": c.runs_on,
            "points": c.to_dict()["points"],
        }
        for n, c in policies
    ]
    return record


def _screen(record: dict[str, Any], price: float | None) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console

    console = Console()
    book = (
        f"${record['open_interest']:g}B of longs at a median of {record['leverage']:g}x, at most "
        f"{record['cap']:g}x"
    )
    console.print(Text(f"\n  What a first fall becomes: {book}\n", "bold"))
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("first fall", "total fall", "liquidated", "gain g"):
        table.add_column(name, justify="right", no_wrap=True)
    if price is not None:
        table.add_column("price", justify="right", no_wrap=True)
    for p in record["points"]:
        cells = [f"{p['first']:.1%}", f"{p['total']:.1%}", dollars(p["forced"]), f"{p['gain']:.2f}"]
        table.add_row(*cells, *([] if price is None else [f"{price * (1 - p['total']):,.0f}"]))
    console.print(table, "")
    console.print(f"  {_rest(record)}")
    if "liquidated" in record:
        asked = record["liquidated"]
        fall = asked["first_fall"]
        what = (
            "no first fall up to 30 % does" if fall is None else f"a first fall of {fall:.1%} does"
        )
        console.print(f"  To liquidate {dollars(asked['billions'])}: {what}.")
    rows = Table(box=None, padding=(0, 2), header_style="dim")
    rows.add_column("with")
    for name in ("5 % becomes", "liquidated", "10 % becomes", "liquidated", "runs on from"):
        rows.add_column(name, justify="right", no_wrap=True)
    for policy in record["policies"]:
        points = {round(p["first"], 3): p for p in policy["points"]}
        runs_on = policy["runs_on_from"]
        rows.add_row(
            policy["policy"],
            f"{points[0.05]['total']:.1%}",
            dollars(points[0.05]["forced"]),
            f"{points[0.1]['total']:.1%}",
            dollars(points[0.1]["forced"]),
            "nowhere" if runs_on is None else f"{runs_on:.1%}",
        )
    if record["policies"]:
        console.print("", rows)
    note = (
        "Model-only: the equations of the laboratory, positions opened around today's price. "
        "Reported liquidations are a part of all: multiply what you compare them with."
    )
    console.print(Padding(note, (1, 2, 0, 2)), style="dim")


def _rest(record: dict[str, Any]) -> str:
    """Whether falls come to rest, and how near to running on they come."""
    largest = f"{record['largest_gain']:.2f}, at a first fall of {record['largest_gain_at']:.1%}"
    if record["runs_on_from"] is None:
        return f"Up to 30 % every first fall comes to rest; the largest gain is {largest}."
    return (
        f"A first fall of {record['runs_on_from']:.1%} runs on by itself (largest gain {largest})."
    )


def dollars(billions: float) -> str:
    """Billions of dollars in words: ``$800M``, ``$2.1B``."""
    return f"${billions:.1f}B" if billions >= 0.9995 else f"${billions * 1000:.0f}M"
