"""Options that the commands of the laboratory share, and how their values are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated

import typer

from causal.errors import QueryError, nearest

if TYPE_CHECKING:
    from causal.executor import Executor
    from causal.laboratory.parameters import Parameters
    from causal.laboratory.world import World

Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Do this: trade=2 (escalation), equity=-0.03 (return), leverage=0.4 (a factor), "
        "leverage_cap, margin_addon, open_interest, risk_off, days, since.  May recur.",
    ),
]
Cuts = Annotated[
    list[str] | None,
    typer.Option(
        metavar="PATH",
        help="Cut a path: loop, equity, sentiment, reallocation, pro_rata, margin, squeeze.",
    ),
]
Changed = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter",
        metavar="NAME=VALUE",
        help="Another market: confounding=1.5, regime=1, war_effect=1, ...  May recur.",
    ),
]
MarketSeed = Annotated[int, typer.Option(min=0, help="Seed of the market's noise.")]
Plain = Annotated[
    bool, typer.Option("--plain", help="Columns without lags, reporting caps and late starts.")
]


def world_of(settings: Sequence[str] | None, cuts: Sequence[str] | None) -> World:
    """The world that --set and --cut describe; raises QueryError."""
    from causal.laboratory.world import WHOLE, World

    known = [one.name for one in fields(World) if one.name != "cut"]
    values: dict[str, float] = {}
    for name, value in _pairs(settings or [], known, "--set").items():
        values[name] = int(value) if name in WHOLE and value.is_integer() else value
    return World(cut=frozenset(cuts or ()), **values)  # type: ignore[arg-type]


def parameters_of(changed: Sequence[str] | None) -> Parameters:
    """The parameters with those of --parameter in their place; raises QueryError."""
    from causal.laboratory.parameters import Parameters, parameters

    known = [one.name for one in fields(Parameters)]
    return parameters(**_pairs(changed or [], known, "--parameter"))


def workers_of(count: int | None, paths: int) -> Executor | None:
    """Processes for a run of several chunks, none where one chunk is all there is."""
    from causal.app.opening import spread
    from causal.laboratory.simulation import CHUNK

    return None if paths <= CHUNK else spread(count)


def _pairs(texts: Sequence[str], known: Sequence[str], option: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for text in texts:
        name, mark, value = (part.strip() for part in text.partition("="))
        if name in found:
            raise QueryError(
                f"`{option}` sets `{name}` twice.",
                "Which value counts is not clear.",
                "Set it once.",
            )
        if not mark or name not in known:
            raise QueryError(
                f"`{option} {text}` names nothing that can be set.",
                "It is a name and a number, joined by `=`; paths are cut with --cut.",
                nearest(name, known),
            )
        try:
            found[name] = float(value)
        except ValueError:
            raise QueryError(
                f"`{option} {text}` does not end in a number.",
                "It is a name and a number, joined by `=`.",
                f"Write `{option} {name}=0.5`.",
            ) from None
    return found
