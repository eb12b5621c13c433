"""Every option that more than one command takes, declared once.

A command names one of these as the type of a parameter and gives the default; the name of the
parameter is that of the flag, unless the option says another.  An option that a single command
takes stands in that command's file.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


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
Years = Annotated[int, typer.Option(min=1, help="So many of the last years.")]
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

From = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="The date of today: the days have its sessions."),
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

# Of which story, fitted anew
StoryFile = Annotated[
    str | None, typer.Option("--story", metavar="FILE", help="A causal story: crash.toml.")
]

# Who does the work
Workers = Annotated[int | None, typer.Option(min=1, help="Processes at a time.")]

# What comes out
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Language = Annotated[Lang, typer.Option(help="Language of the labels in the picture.")]
Diagram = Annotated[
    str | None, typer.Option(metavar="FILE", help="Also draw it: .svg, .png, .pdf or .dot.")
]
Plot = Annotated[str | None, typer.Option(metavar="FILE", help="Also draw it: .svg, .png or .pdf.")]
