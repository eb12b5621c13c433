"""Where a command takes its model and its question from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from causal.errors import ModelError, QueryError
from causal.model.formats.reader import READERS
from causal.model.network import CausalModel, fitted
from causal.model.store import load, shipped

NETWORKS = (".bif", ".bif.gz", *READERS)


def opened(path: str | None, *, draws: int | None = None, seed: int | None = None) -> CausalModel:
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


def asked(
    query: str | None,
    *,
    event: Sequence[str] | None,
    do: Sequence[str] | None,
    given: Sequence[str] | None,
    within: str | None,
    at: str | None,
) -> str:
    """The question in the grammar, from the one string or from its pieces.

    Raises QueryError when both are given, or neither.
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
        raise QueryError(
            "There is no question." if not pieces else "The question has no event.",
            "A question names at least an event.",
            'Ask `causal ask "P(bitcoin=crash within 7d)"` or `causal ask --event bitcoin=crash`.',
        )
    text = ", ".join(event)
    text += f" within {within}" if within is not None else ""
    text += f" at {at}" if at is not None else ""
    right = [*([f"do({', '.join(do)})"] if do else []), *(given or [])]
    return f"P({text} | {', '.join(right)})" if right else f"P({text})"
