"""``causal fit``: a story fitted to a history, as a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal.app.options import Data, Draws, Json, Seed, Vintage, Workers
from causal.app.output import ready, say_json

if TYPE_CHECKING:
    from causal.graph.story import Story

LONG = 1_500  # days of a history that is worth more than one process


def fit(
    story: Annotated[str, typer.Argument(help="A causal story: crash.toml.")],
    *,
    data: Data = None,
    out: Annotated[str, typer.Option(metavar="FILE", help="Where the fitted model goes: .json.")],
    fit_until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Use nothing after this day.")
    ] = None,
    half_life: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=0, help="A day counts half after so many; 0 for never."),
    ] = None,
    fit_from: Annotated[
        str | None, typer.Option(metavar="DATE", help="Days before this one do not count.")
    ] = None,
    draws: Draws = None,
    seed: Seed = None,
    vintage: Vintage = None,
    checks: Annotated[
        bool,
        typer.Option(
            "--checks/--no-checks",
            help="Measure skill out of sample and dependence, and keep them with the model.",
        ),
    ] = True,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Fit a causal story to a history: a file, or what `causal data pull` has stored."""
    from causal.app.opening import model_record, open_history, open_panel, spread
    from causal.app.waiting import waiting
    from causal.graph.story import read_story
    from causal.learn.fit import fit
    from causal.model.checks import UNMEASURED
    from causal.model.store import save

    ready(out, "model")
    told = _weighed(read_story(story), half_life, fit_from)
    panel = open_panel(told.graph, data, vintage)
    model = fit(told, panel, fit_until=fit_until, draws=draws, seed=seed)
    if checks:
        from causal.check.fit_checks import with_checks

        held = open_history(vintage, data, told.graph)
        some = None if workers is None and len(panel.dates) < LONG else spread(workers)
        with waiting("checking out of sample", numba=False):
            model = with_checks(model, told, held, executor=some)
    save(model, out)
    found = model.fit.checks if model.fit is not None else None
    record = {
        "out": out,
        "model": model_record(model),
        "checks": found.to_dict() if found is not None else None,
        "checked": str(found or UNMEASURED),
    }
    if as_json:
        say_json(record)
    else:
        _screen(record)


def _weighed(story: Story, half_life: int | None, since: str | None) -> Story:
    """The story with what the command line says of its days."""
    from causal.data.panel import one_day
    from causal.errors import SpecError

    if half_life is None and since is None:
        return story
    if story.kind == "dirichlet":
        raise SpecError(
            f"`{story.graph.name}` takes its days as independent, and all alike.",
            "Its tables are in closed form (`dirichlet`), which forgets nothing.",
            'Say table = "ordinal" under [fit], or leave out --half-life and --fit-from.',
        )
    how = story.weighing
    return replace(
        story,
        weighing=replace(
            how,
            half_life=how.half_life if half_life is None else half_life,
            since=how.since if since is None else str(one_day(since)),
        ),
    )


def _screen(record: dict[str, Any]) -> None:
    """What was fitted, to what, and where it lies."""
    from rich.text import Text

    from causal.app.console import Console
    from causal.app.opening import history_span

    console = Console()
    console.print(Text(record["model"]["name"], style="bold"), history_span(record["model"]))
    console.print(f"checked: {record['checked']}", soft_wrap=True)
    console.print(f"written to {record['out']}", soft_wrap=True)
