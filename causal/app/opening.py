"""Where a command takes its model, its question, its history and its numbers from.

A plain question comes through here before anything else is loaded, so what reads a history is
imported where one is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from causal.app.output import say
from causal.errors import ModelError, QueryError
from causal.model.formats.reader import READERS
from causal.model.learnt.prior import LearntPrior
from causal.model.network import CausalModel, fitted
from causal.model.posterior import Dirichlet
from causal.model.store import load, shipped

if TYPE_CHECKING:
    from causal.data.history import Holdings
    from causal.data.panel import Panel
    from causal.executor import Executor
    from causal.graph.dag import CausalGraph
    from causal.graph.variable import Variable

NETWORKS = (".bif", ".bif.gz", *READERS)


def open_model(
    path: str | None, *, draws: int | None = None, seed: int | None = None
) -> CausalModel:
    """The model in a file, or the shipped one; its posterior drawn anew where asked.

    Raises ModelError.
    """
    if path is not None and path.lower().endswith(NETWORKS):
        from causal.model.interchange import read_network

        model = read_network(path)
    else:
        model = load(path if path is not None else shipped())
    if draws is None and seed is None:
        return model
    if model.fit is None:
        raise ModelError(
            f"`{model.name}` has no posterior to draw from.",
            "A network file holds one number an entry, not counts.",
            "Leave out `--draws` and `--seed`.",
        )
    drawn = replace(
        model.fit,
        draws=model.fit.draws if draws is None else draws,
        seed=model.fit.seed if seed is None else seed,
    )
    return fitted(model.graph, drawn, model.interventions)


def question_text(
    query: str | None,
    *,
    event: Sequence[str] | None,
    do: Sequence[str] | None,
    given: Sequence[str] | None,
    within: str | None,
    at: str | None,
    graph: CausalGraph,
) -> str:
    """The question in the grammar, from the one string or from its pieces.

    Raises QueryError when both are given, or neither; ``graph`` is what its advice asks about.
    """
    pieces = any((event, do, given, within, at))
    if query is not None and pieces:
        raise QueryError(
            "The question is given twice: as one string and in flags.",
            "It would not be clear which one to answer.",
            "Leave out the string, or the flags --event, --do, --given, --within and --at.",
        )
    if query is not None:
        return query
    if not event:
        from causal.query.item import example

        last = graph.variables[-1]
        raise QueryError(
            "There is no question." if not pieces else "The question has no event.",
            "A question names at least an event.",
            f'Ask `causal ask "{example(graph)}"` or '
            f"`causal ask --event {last.name}={last.states[-1]}`.",
        )
    text = ", ".join(event)
    text += f" within {within}" if within is not None else ""
    text += f" at {at}" if at is not None else ""
    right = [*([f"do({', '.join(do)})"] if do else []), *(given or [])]
    return f"P({text} | {', '.join(right)})" if right else f"P({text})"


def asked_variable(model: CausalModel) -> Variable:
    """What the model is about where no event says it: the variable whose price it knows, else the
    last of the story."""
    moves = model.fit.moves if model.fit is not None else None
    return model.graph.variable(moves.declared.variable if moves else model.graph.names[-1])


def open_panel(graph: CausalGraph, data: str | None, vintage: str | None) -> Panel:
    """The panel ``data``, or what is in the cache.

    Raises DataError naming what the story needs and the cache lacks, QueryError for a vintage of a
    file.
    """
    if data is not None:
        from causal.data.panel import read_panel

        _one_vintage(vintage)
        return read_panel(data)
    from causal.data.history import standing_in, sufficient
    from causal.data.in_force import with_story_acts
    from causal.data.states import measured_columns

    found, wanted = open_history(vintage), measured_columns(graph)
    panel = with_story_acts(found.panel, graph)
    sufficient(panel, wanted)
    for name, other in standing_in(found, wanted).items():
        say(f"note    {name} is not stored; {other} is read in its place", err=True)
    return panel


def open_history(
    vintage: str | None, data: str | None = None, graph: CausalGraph | None = None
) -> Holdings:
    """Everything in the cache, or the panel ``data`` with the lags of publication of ``graph``.

    Raises QueryError for a vintage of a file, which has but one.
    """
    from causal.data.history import holdings, panel_holdings
    from causal.data.pull.cache import cache_folder

    if data is not None:
        from causal.data.panel import read_panel

        _one_vintage(vintage)
        variables = graph.variables if graph is not None else ()
        series = [(s.column, v) for v in variables if v.measurement for s in v.measurement.series]
        return panel_holdings(read_panel(data), {c: v.publication_lag for c, v in series})
    return holdings(cache_folder(), vintage=vintage)


def _one_vintage(vintage: str | None) -> None:
    if vintage is not None:
        raise QueryError(
            "A vintage is asked of a file.",
            "`--vintage` picks what had been pulled by a day, and a file holds one history.",
            "Leave out --vintage, or --data; --asof works with both.",
        )


def spread(workers: int | None) -> Executor | None:
    """Processes, one for every core where no number is said; none for a single worker."""
    from causal.executor import executor

    return None if workers == 1 else executor("processes", workers=workers)


def numbers(text: str, what: str = "threshold") -> list[float]:
    """Thresholds, or ``what`` else, joined by commas, each as ``number`` reads it."""
    return [number(part, what) for part in _listed(text)]


def horizon_days(text: str) -> list[int]:
    """Horizons joined by commas, in days; raises QueryError as a question's horizon does."""
    from causal.query.query import horizon

    return [horizon(part) or 0 for part in _listed(text)]


def number(text: str, what: str) -> float:
    """``-10%`` or ``-0.1`` as a number; raises QueryError."""
    plain = text.strip()
    try:
        value = float(plain.removesuffix("%"))
    except ValueError:
        raise QueryError(
            f"`{text}` is no {what}.",
            "It is a number, or a number of percent.",
            "Write -10% or -0.1 for a threshold, 2.5% or 0.025 for a volatility.",
        ) from None
    return value / 100 if plain.endswith("%") else value


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def model_record(model: CausalModel) -> dict[str, Any]:
    """A model's name, data, prior, draws and size, as plain JSON values."""
    fit = model.fit
    span = fit.provenance if fit else None
    return {
        "name": model.name,
        "data_from": span.data_from if span else None,
        "data_to": span.data_to if span else None,
        "fit_until": span.fit_until if span else None,
        "rows": span.rows if span else None,
        "data_hash": span.data_hash if span else None,
        "strength": fit.prior.strength if fit and isinstance(fit.prior, Dirichlet) else None,
        "prior": _prior_of(fit.prior) if fit else None,
        "draws": model.draws,
        "seed": fit.seed if fit else None,
        "variables": len(model.graph.variables),
        "edges": len(model.graph.edges),
    }


def history_span(card: dict[str, Any]) -> str:
    """What a ``model_record`` says of the history, in words."""
    if card["data_from"] is None:
        return f"a network of {card['variables']} variables, without data"
    return (
        f"fitted to {card['rows']:,} days, {card['data_from']} to {card['data_to']}; "
        f"{card['prior']}; {card['draws']:,} draws, seed {card['seed']}"
    )


def _prior_of(prior: Dirichlet | LearntPrior) -> str:
    """A prior in words."""
    if isinstance(prior, LearntPrior):
        worth = sorted(t.strength for t in prior.day.values())
        ends = (
            " to ".join(f"{s:g}" for s in dict.fromkeys((worth[0], worth[-1]))) if worth else "no"
        )
        half = f", counting half after {prior.half_life:g} days" if prior.half_life else ""
        return (
            f"priors learnt, worth {ends} days a row; days weighed in blocks of {prior.block}{half}"
        )
    return f"prior worth {prior.strength:g} days a row"
