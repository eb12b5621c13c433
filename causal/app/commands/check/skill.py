"""``causal check skill``: does the story forecast, out of sample, and against whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.options import Data, Json, Plot, StoryFile, Vintage, Workers
from causal.app.output import ready, say_json

if TYPE_CHECKING:
    from causal.check.skill import SkillBoard
    from causal.check.walk_forward import Board, Walk


WIDE = 0.5  # of an interval for a difference that lies between -1 and 1
STEEP = 9.0  # a slope beyond it says that there is too little to tell one


def skill(
    *,
    story: StoryFile = None,
    target: Annotated[
        str | None, typer.Option(metavar="NAME", help="The variable that is forecast.")
    ] = None,
    first: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day that is forecast.")
    ] = "2022-01-01",
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day that is forecast.")
    ] = None,
    refit: Annotated[str, typer.Option(help="Fit anew each year, or each month.")] = "year",
    horizon: Annotated[int, typer.Option(min=2, max=60, help="Days of the longer forecast.")] = 7,
    alone: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Also score a forecast from this variable alone.  May recur."
        ),
    ] = None,
    workers: Workers = None,
    data: Data = None,
    vintage: Vintage = None,
    plot: Plot = None,
    as_json: Json = False,
) -> None:
    """Forecast out of sample and score: the network, climatology, logistic regression, boosting.

    The story is fitted to what was known before each stretch, evidence is what could be read that
    day.  Two boards are about the day itself (propagation), two about days to come (forecast).
    """
    from causal.app.opening import open_history, spread
    from causal.app.waiting import waiting
    from causal.check.skill import skills
    from causal.check.walk_forward import Walk, walk_forward
    from causal.data.panel import DAY, one_day
    from causal.graph.story import read_story
    from causal.model.store import shipped

    ready(plot, "reliability")
    told = read_story(story if story is not None else shipped().with_name("crash.toml"))
    held = open_history(vintage, data, told.graph)
    days = one_day(first), one_day(last or held.panel.dates[-1] - horizon * DAY)
    asked = Walk(told, held, target or told.target, *days, refit, horizon, tuple(alone or ()))
    with waiting("forecasting day by day", numba=False):
        boards = walk_forward(asked, executor=spread(workers))
    boards[-1] = _recalibrated(asked, boards[-1])
    found = skills(boards, apart={boards[-1].name: horizon})
    if plot is not None:
        from causal.show.reliability import save_reliability

        save_reliability(boards, plot)
    if as_json:
        say_json({"story": told.graph.name, "boards": [board.to_dict() for board in found]})
    else:
        _screen(asked.target, found)


def _recalibrated(walk: Walk, board: Board) -> Board:
    """The board of the longer forecast with one more forecaster, where the story names a map."""
    from causal.check.recalibration import with_recalibrated
    from causal.data.states import states

    graph, by = walk.story.graph, walk.story.weighing.recalibrate
    if not by:
        return board
    read = states(walk.held.panel, graph)
    return with_recalibrated(board, read, graph, target=walk.target, days=walk.horizon, variable=by)


def _screen(target: str, boards: list[SkillBoard]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from causal.app.console import Console

    console = Console()
    for board in boards:
        span = f"{board.first} to {board.last}, {board.days:,} days, {board.events} events"
        console.print(Text(f"\n  {target}, {board.name}: {span}", "bold"))
        table = Table(box=None, padding=(0, 1, 0, 2), header_style="dim")
        table.add_column("", no_wrap=True, min_width=12)
        for name in ("mean", "Brier skill", "log skill", "RPS", "nats", "90 %", "slope", "large"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in board.rows:
            table.add_row(row.forecaster, *_cells(row.to_dict()))
        console.print(table)
        low, high = board.sequence[-1]
        told = f"{low:+.3f} to {high:+.3f}" if high - low < WIDE else "too few days to tell"
        told = f"network's Brier gain over climatology, 90 % at all times: {told}"
        console.print(Text(f"  {told}", "dim"))
    note = (
        "Skill is against climatology, RPS scores all states together (less is better). Nats: by "
        "how much the network's log score is better, summed; below 0 this rival is better. Slope "
        "1 and large 1 (mean forecast over frequency) are calibrated."
    )
    console.print(Padding(note, (1, 2, 0, 2)), style="dim")


def _cells(row: dict[str, Any]) -> list[str]:
    def number(value: float | None, form: str) -> str:
        return "-" if value is None else format(value, form)

    nats, slope = row["network_better_by"], row["slope"]
    own = row["forecaster"] == "network"
    return [
        number(row["mean"], ".3f"),
        number(row["brier_skill"], "+.3f"),
        number(row["log_skill"], "+.3f"),
        number(row["rps"], ".3f"),
        "" if own else f"{nats['nats']:+.1f}",
        "" if own else f"{nats['low']:+.0f} to {nats['high']:+.0f}",
        number(slope if slope is not None and abs(slope) < STEEP else None, ".2f"),
        number(row["in_the_large"], ".2f"),
    ]
