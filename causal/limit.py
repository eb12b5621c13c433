"""Which numbers are taken, whatever door they come through: seeds, draws, strengths, memory."""

from __future__ import annotations

import math
import os
from decimal import Decimal
from numbers import Real
from operator import index
from typing import cast

from causal.errors import CausalError, ModelError, QueryError, SettingError
from causal.text import written

COUNT = 2**53  # days of a table: beyond, a float no longer tells one day more
SEED = 2**64 - 1  # the key of a random stream is a word of 64 bits
DRAWS = 1_000_000
DAYS = 10_000_000  # of a day that is named: horizons are far shorter, and say so themselves
STRENGTH = 1e-6  # days a row, the least; below, rows without a day are all or nothing
MEMORY = 4.0  # gigabytes that the arrays of one question, or of one fit, may take
MEMORY_GB = "CAUSAL_MEMORY_GB"


def seed(value: object, error: type[CausalError] = ModelError) -> int:
    """A seed as a Python integer, 0 to 2^64 - 1; raises ``error``."""
    found = _whole(value, SEED)
    if found is None:
        raise error(
            f"{written(value)} is no seed.",
            "Seeds are whole numbers from 0 to 2^64 - 1: every one names a random stream.",
            "Take 0, say; any other gives draws that are as good.",
        )
    return found


def draws(value: object, error: type[CausalError] = ModelError) -> int:
    """A number of posterior draws, 0 (the posterior mean) to a million; raises ``error``."""
    found = _whole(value, DRAWS)
    if found is None:
        raise error(
            f"{written(value)} is no number of draws.",
            f"It is a whole number from 0 (the posterior mean) to {DRAWS:,}.",
            "Take 2000: the Monte-Carlo error of an answer says whether these are enough.",
        )
    return found


def strength(value: object, error: type[CausalError] = ModelError) -> float:
    """A prior's strength in days a row, a millionth to 2^53; raises ``error``."""
    plain = isinstance(value, Real) and not isinstance(value, bool)
    if plain and STRENGTH <= (number := cast(float, value)) <= COUNT:
        return float(number)
    raise error(
        f"{written(value)} is no strength of a prior.",
        f"It is worth so many days a row, from {STRENGTH:g} to 2^53: with less, a row without a "
        "day would be all or nothing; with more, no day would count.",
        "Take 4, say.",
    )


def level(value: object) -> float:
    """The level of an interval, between 0 and 1; raises QueryError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1:
        return value
    said = value if isinstance(value, int | float) and 1 < value < 100 else 90
    raise QueryError(
        f"{written(value)} is no level of an interval.",
        "It is the probability that the interval is to hold, between 0 and 1.",
        f"Write {said / 100:g} for {said:g} %.",
    )


def day(value: object) -> bool:
    """Whether a value is a whole number of days, forth or back, that can be said and printed."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= DAYS


def memory() -> float:
    """Bytes that arrays may take at a time: CAUSAL_MEMORY_GB gigabytes, 4 unless it says otherwise.

    Raises SettingError where it holds no number above zero.
    """
    text = os.environ.get(MEMORY_GB) or str(MEMORY)
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not 0 < found < 1e9:
        raise SettingError(
            f"The environment variable {MEMORY_GB} is {written(text)}.",
            "It says how many gigabytes the arrays of a question or a fit may take: a number above "
            "0 and below 1e9.",
            f"Set it to 8, say, or unset it for {MEMORY:g}.",
        )
    return found * 1e9


def afford(need: float, what: str, do: str, error: type[CausalError] = ModelError) -> None:
    """Raise ``error`` where ``what`` needs more bytes than ``memory()``; ``do`` says what helps."""
    most = memory()
    if need > most:
        raise error(
            f"{what} would take about {gigabytes(need)} of memory.",
            f"The budget is {gigabytes(most)}; nothing was allocated.",
            f"{do}, or raise {MEMORY_GB}.",
        )


def gigabytes(amount: float) -> str:
    """Bytes as a text: ``7.5 GB``."""
    return f"{amount / 1e9:.2g} GB" if amount < 1e10 else f"{many(amount / 1e9)} GB"


def many(number: float) -> str:
    """A number as a text, in full up to a million million: ``1,000,000``, ``1e+30``."""
    return f"{number:,.0f}" if number < 1e12 else f"{Decimal(number):.1e}"


def _whole(value: object, most: int) -> int | None:
    """A whole number from 0 to ``most``, NumPy's too; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        found = index(value)  # type: ignore[arg-type]
    except TypeError:
        return None
    return found if 0 <= found <= most else None
