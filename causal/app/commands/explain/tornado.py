"""``causal tornado``: which table rows move an answer, and what more data would buy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from causal.app.options import Json, Model, Plot, Question
from causal.app.output import ready, say_json, shown_of

if TYPE_CHECKING:
    from rich.text import Text

    from causal.explain.sensitivity import RowInfluence, Sensitivity

BAR = 44


def tornado(
    query: Question,
    *,
    top: Annotated[int, typer.Option(min=1, help="So many rows.")] = 12,
    out: Plot = None,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Say which table rows move an answer most, and what 100 more days would narrow."""
    from causal.app.opening import open_model
    from causal.explain.sensitivity import sensitivity
    from causal.query.parser import parse

    ready(out, "tornado")
    fitted = open_model(model)
    if out is not None:
        event = [c.variable for c in parse(query, fitted.graph, priced=fitted.priced).event]
        ready(out, "tornado", f"{query} {shown_of(fitted.graph, event)}")
    found = sensitivity(fitted, query, top=top)
    if as_json:
        say_json(found.to_dict())
    else:
        _screen(found)
    if out is not None:
        from causal.show.tornado import save_tornado

        save_tornado(found, out)


def _screen(found: Sensitivity) -> None:
    """One bar a row, its name and its data under it."""
    from rich.padding import Padding
    from rich.text import Text

    from causal.answer.format import in_days, share
    from causal.app.console import Console

    console = Console()
    low = min([r.low for r in found.rows], default=found.probability)
    high = max([r.high for r in found.rows], default=found.probability)
    lines = [Text(""), Text(str(found.query), "bold"), Text("")]
    lines.append(
        Text(share(found.probability), "bold green").append(
            f"   first-order 90% interval {share(found.low)} to {share(found.high)}", "default"
        )
    )
    for row in found.rows:
        bar = _bar(row, found.probability, (low, high))
        ends = f"  {share(row.low)} to {share(row.high)}  {row.share:.2f} of the variance"
        lines += [Text(""), bar.append(ends, "default"), Text(row.name)]
        lines.append(
            Text(
                f"{in_days(row.days)}; 100 more such days narrow the interval by {row.shrink:.2f}",
                "dim",
            )
        )
    if found.used > len(found.rows):
        rest = f"{found.used - len(found.rows):,} other rows: {found.rest:.2f} of the variance"
        lines += [Text(""), Text(rest, "dim")]
    lines += [Text(""), *_buys(found)]
    for line in lines:
        console.print(Padding(line, (0, 2), expand=False) if line else "")


def _bar(row: RowInfluence, middle: float, ends: tuple[float, float]) -> Text:
    from rich.text import Text

    low, high = ends
    scale = (BAR - 1) / (high - low) if high > low else 0.0
    first, last, here = (round((x - low) * scale) for x in (row.low, row.high, middle))
    cells = ["━" if first <= i <= last else " " for i in range(BAR)]
    cells[here] = "┿"
    return Text("".join(cells), "green")


def _buys(found: Sensitivity) -> list[Text]:
    """What 100 more ordinary days would do, in all and by variable."""
    from rich.text import Text

    from causal.identify.claim import licence

    lines = [Text(f"100 more ordinary days narrow the interval by {found.ordinary:.2f}:")]
    lines += [Text(f"  {n}  {s:.2f}") for n, s in found.tables.items() if s >= 0.005]
    lines += [Text(f"evidence: {path}", "dim") for path in found.claim.paths]
    lines += [Text(" ".join(line), "dim") for line in licence(found.claim)]
    return lines
