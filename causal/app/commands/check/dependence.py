"""``causal check dependence``: how much the days of each table hang together."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from causal.app.options import Data, Json, Model, Vintage
from causal.app.output import say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from causal.check.dependence import DependenceRow


def dependence(
    *,
    model: Model = None,
    data: Data = None,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """Print by how much each table's days say less than independent ones would.

    What is left of a day once its causes are known should not be like the day before.  Where it is,
    a cause that lasts is missing, a regime or an era, and no interval makes up for it.
    """
    from causal.app.opening import open_model, open_panel
    from causal.check.dependence import BLOCKS, dependence
    from causal.data.states import states

    fitted = open_model(model)
    cuts = fitted.fit.provenance.cuts if fitted.fit is not None else None
    read = states(open_panel(fitted.graph, data, vintage), fitted.graph, cuts=cuts)
    rows = dependence(fitted, read)
    if as_json:
        say_json(
            {
                "model": fitted.name,
                "data_from": str(read.dates[0]),
                "data_to": str(read.dates[-1]),
                "blocks": list(BLOCKS),
                "tables": [row.to_dict() for row in rows],
            }
        )
        return
    _screen(rows, BLOCKS)


def _screen(rows: Sequence[DependenceRow], blocks: Sequence[int]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console

    console = Console()
    table = Table(box=None, padding=(0, 3, 0, 0), show_edge=False)
    table.add_column("table")
    table.add_column("days", justify="right")
    for block in blocks:
        table.add_column(f"{block} days", justify="right")
    table.add_column("by chance up to", justify="right")
    for row in sorted(rows, key=lambda r: -max(r.inflation)):
        cells = [
            Text(f"{f:.2f}", "bold yellow" if f > c else "default")
            for f, c in zip(row.inflation, row.chance, strict=True)
        ]
        measured = all(map(isfinite, row.chance))
        ends = " ".join(f"{c:.2f}" for c in row.chance) if measured else "not measured"
        table.add_row(row.table, f"{row.days:,}", *cells, ends)
    console.print()
    console.print(Padding(table, (0, 2)))
    found = [row.table for row in rows if row.found]
    told = (
        f"{len(found)} of {len(rows)} tables hang together beyond chance: {', '.join(found)}."
        if found
        else "No table hangs together beyond chance."
    )
    console.print(
        Padding(Text(f"\n{told}  A day then says as much as 1 / f independent ones.", "italic"),
                (0, 2))
    )  # fmt: skip
