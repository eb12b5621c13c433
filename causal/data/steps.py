"""A series of the story: a column of the panel and its trailing steps.

A step is a word and its numbers, ``"zscore 365 250"``; ``trailing.py`` has them all.  They run over
the days on which something was observed, so a Monday follows its Friday.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping

import numpy as np

from causal.contract.array import Array
from causal.data.panel import Days, one_day
from causal.data.trailing import COLUMN_STEPS, STEPS, Observed, carry
from causal.errors import SpecError, nearest

LONGEST_WINDOW = 10_000


def transform(
    column: Array,
    dates: Days,
    steps: Iterable[str],
    *,
    restart: Iterable[str] = (),
    others: Mapping[str, Array] | None = None,
) -> Array:
    """The column after all its steps, one value a day of ``dates``, NaN where there is none.

    At every day of ``restart`` the series begins anew: no window reaches back over it.
    """
    cuts = np.unique([np.searchsorted(dates, one_day(day)) for day in restart])
    found = []
    for rows in np.split(np.arange(len(dates)), cuts.astype(int)):
        stretch = {n: c[rows] for n, c in (others or {}).items()}
        values = column[rows]
        for step in steps:
            values = _apply(step, values, dates[rows], stretch)
        found.append(values)
    return np.concatenate(found)


def check_step(step: str) -> list[str]:
    """What is wrong with a step, as sentences; nothing when it is well written."""
    name, *words = step.split() or [""]
    if name not in STEPS:
        return [f"`{step}`: there is no step `{name}`. {nearest(name, STEPS)}"]
    _, *wanted = inspect.signature(STEPS[name]).parameters.values()
    wanted = [p for p in wanted if p.name != "seen"]
    least = sum(p.default is inspect.Parameter.empty for p in wanted)
    usage = " ".join([name, *(p.name.upper() for p in wanted)])
    if not least <= len(words) <= len(wanted):
        return [f"`{step}`: it is written `{usage}`."]
    if name in COLUMN_STEPS:
        return []
    if not all(w.isdecimal() and len(w) < 9 and 0 < int(w) <= LONGEST_WINDOW for w in words):
        return [f"`{step}`: whole numbers from 1 to {LONGEST_WINDOW} follow, as in `{usage}`."]
    if len(words) == 2 and int(words[1]) > int(words[0]):
        return [f"`{step}`: MINIMUM is larger than the window."]
    return []


def step_columns(steps: Iterable[str]) -> list[str]:
    """Other columns of the panel that the steps name."""
    words = [s.split() for s in steps]
    return [w[1] for w in words if len(w) == 2 and w[0] in COLUMN_STEPS]


def _apply(step: str, values: Array, dates: Days, others: Mapping[str, Array]) -> Array:
    problems = check_step(step)
    if problems:
        raise SpecError(
            "A step of a series is not understood.", "No state can be read.", "Mend it:", problems
        )
    name, *words = step.split()
    rows = np.flatnonzero(~np.isnan(values))
    seen = Observed(dates[rows], rows, others)
    if name == "carry":
        return carry(values, int(words[0]))
    arguments = words if name in COLUMN_STEPS else [int(w) for w in words]
    verb = STEPS[name]
    if "seen" in inspect.signature(verb).parameters:
        short = verb(values[rows], *arguments, seen=seen)
    else:
        short = verb(values[rows], *arguments)
    found = np.full(len(values), np.nan)
    found[rows] = np.where(np.isfinite(short), short, np.nan)
    return found
