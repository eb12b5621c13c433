"""``causal fit``: a story fitted to a history, as a file."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from causal.app.options import Data, Draws, Json, Seed, Vintage
from causal.app.output import ready, say_json


def fit(
    story: Annotated[str, typer.Argument(help="A causal story: crash.toml.")],
    *,
    data: Data = None,
    out: Annotated[str, typer.Option(metavar="FILE", help="Where the fitted model goes: .json.")],
    fit_until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Use nothing after this day.")
    ] = None,
    draws: Draws = None,
    seed: Seed = None,
    vintage: Vintage = None,
    as_json: Json = False,
) -> None:
    """Fit a causal story to a history: a file, or what `causal data pull` has stored."""
    from causal.app.opening import model_record, open_panel
    from causal.graph.story import read_story
    from causal.learn.fit import fit
    from causal.model.store import save

    ready(out, "model")
    told = read_story(story)
    panel = open_panel(told.graph, data, vintage)
    model = fit(told, panel, fit_until=fit_until, draws=draws, seed=seed)
    save(model, out)
    record = {"out": out, "model": model_record(model)}
    if as_json:
        say_json(record)
    else:
        _screen(record)


def _screen(record: dict[str, Any]) -> None:
    """What was fitted, to what, and where it lies."""
    from rich.text import Text

    from causal.app.console import Console
    from causal.app.opening import history_span

    console = Console()
    console.print(Text(record["model"]["name"], style="bold"), history_span(record["model"]))
    console.print(f"written to {record['out']}", soft_wrap=True)
