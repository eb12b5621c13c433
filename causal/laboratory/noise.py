"""All noise of a market, drawn before anything happens.

Whatever is done to a path, the noise stays: two worlds of one path differ by what was done and by
nothing else (common random numbers), so that a difference is a counterfactual of that path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array

NORMAL = (
    "appetite",
    "risk",
    "yields",
    "order",
    "flow",
    "leverage",
    "volume",
    "taker",
    "funding",
    "vix",
    "dollar",
    "gold",
    "war_press",
    "trade_press",
    "report",
)
UNIFORM = ("war", "trade", "hour", "miss", "shock", "size", "regime", "within", "mixed")
STUDENT = ("equity",)
DEGREES = 5
UNIT = float(np.sqrt((DEGREES - 2) / DEGREES))  # a Student t of variance one
HOURS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """``day[name]``: one draw a day and path, (days, paths); ``hour``: (days, 24, paths)."""

    day: dict[str, Array]
    hour: Array


def drawn_noise(seed: int, first: int, paths: int, days: int) -> Noise:
    """The noise of paths ``first`` onwards.

    Every path and kind has a stream of its own, keyed by (seed, path): path 7 is the same path
    whatever the number of paths, and its first hundred days are the same however many follow.
    """
    found = {name: np.empty((days, paths)) for name in (*NORMAL, *UNIFORM, *STUDENT, "miss_size")}
    hour = np.empty((days, HOURS, paths))
    for place in range(paths):
        sources = [
            np.random.Generator(np.random.PCG64(s))
            for s in np.random.SeedSequence(seed, spawn_key=(first + place,)).spawn(5)
        ]
        for names, drawn in (
            (NORMAL, sources[0].standard_normal((days, len(NORMAL)))),
            (UNIFORM, sources[1].random((days, len(UNIFORM)))),
            (STUDENT, sources[2].standard_t(DEGREES, (days, len(STUDENT))) * UNIT),
            (("miss_size",), sources[3].standard_exponential((days, 1))),
        ):
            for column, name in enumerate(names):
                found[name][:, place] = drawn[:, column]
        hour[:, :, place] = sources[4].standard_t(DEGREES, (days, HOURS)) * UNIT
    return Noise(found, hour)
