"""Every option that more than one command takes, declared once, and lists of numbers read.

A command names one of these as the type of a parameter and gives the default; the name of the
parameter is that of the flag, unless the option says another.  An option that a single command
takes stands in that command's file.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from causal.errors import QueryError


class Lang(StrEnum):
    """Languages of the labels in a diagram."""

    en = "en"
    zh = "zh"


class Interval(StrEnum):
    """How a credible interval comes about."""

    draws = "draws"
    delta = "delta"


class Price(StrEnum):
    """What a drawdown is measured to."""

    close = "close"
    low = "low"


# What is asked
Question = Annotated[
    str, typer.Argument(help='A question: "P(bitcoin=crash within 7d | do(leverage=low))".')
]
OptionalQuestion = Annotated[
    str | None,
    typer.Argument(help='A question: "P(bitcoin=crash within 7d | do(leverage=low))".'),
]
Items = Annotated[
    list[str] | None, typer.Option(metavar="ITEMS", help="As in the question: `leverage=high`.")
]
Within = Annotated[str | None, typer.Option(help="At least once in so many days: 7d.")]
At = Annotated[str | None, typer.Option(help="On that day: 7d.")]
AssumeUnconfounded = Annotated[
    bool,
    typer.Option(
        "--assume-unconfounded",
        help="Take declared common causes as absent: a number, licensed as assumed.",
    ),
]

Thresholds = Annotated[
    str, typer.Option(metavar="LIST", help="Returns below zero, joined by commas.")
]
Horizons = Annotated[str, typer.Option(metavar="LIST", help="Days, joined by commas.")]
DrawdownTo = Annotated[Price, typer.Option(help="Worst close, or worst low.")]
THRESHOLDS, HORIZONS = "-5%,-10%,-15%,-20%", "1,7,30"

# Of which model, with how many draws
Model = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", help="A fitted model (.json) or a network file (.bif, .xdsl, ...)."
    ),
]
Draws = Annotated[int | None, typer.Option(min=1, max=100_000, help="Posterior draws.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of the posterior draws.")]
IntervalFrom = Annotated[
    Interval, typer.Option(help="Interval from posterior draws, or in closed form: nothing drawn.")
]

# Of which history
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="DATE|today", help="Take what could be known at that day's end as evidence."
    ),
]
Vintage = Annotated[
    str | None, typer.Option(metavar="DATE", help="The history as it was known on that day.")
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data", metavar="PANEL", help="Daily history: .csv or .parquet; else what was pulled."
    ),
]

# What comes out
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Language = Annotated[Lang, typer.Option(help="Language of the labels in the picture.")]
Diagram = Annotated[
    str | None, typer.Option(metavar="FILE", help="Also draw it: .svg, .png, .pdf or .dot.")
]
Plot = Annotated[str | None, typer.Option(metavar="FILE", help="Also draw it: .svg, .png or .pdf.")]


def numbers(text: str) -> list[float]:
    """Thresholds joined by commas, each as ``number`` reads it."""
    return [number(part, "threshold") for part in _listed(text)]


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
