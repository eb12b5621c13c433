"""All noise of a market, drawn before anything happens.

Whatever is done to a path, the noise stays: two worlds of one path differ by what was done and by
nothing else (common random numbers), so that a difference is a counterfactual of that path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causal.contract.array import Array
from causal.data.panel import Days

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
UNIFORM = ("war", "trade", "hour", "miss", "shock", "size", "regime")
STUDENT = ("equity",)
DEGREES = 5
UNIT = float(np.sqrt((DEGREES - 2) / DEGREES))  # a Student t of variance one
HOURS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """``day[name]``: one draw a day and path, (days, paths); ``hour``: (days, 24, paths); of the
    paths ``first`` onwards, from the day numbered ``begins``."""

    day: dict[str, Array]
    hour: Array
    seed: int = 0
    first: int = 0
    begins: int = 0

    def uniform(self, what: str, row: int) -> Array:
        """Uniform draws for one purpose and day, (paths,): each name has draws of its own."""
        paths = self.hour.shape[-1]
        key = (int.from_bytes(what.encode(), "big"), self.begins + row)
        sequence = np.random.SeedSequence(self.seed, spawn_key=(UNTOLD, *_words(key[0]), key[1]))
        source = np.random.Generator(np.random.PCG64(sequence))
        found: Array = source.random(self.first + paths)[self.first :]
        return found


BLOCK = 64  # days that share a stream
UNTOLD = 2**31  # begins the keys of streams that no path has
EPOCH = 1_000_000  # so that no day of the calendar has a number below zero


def drawn_noise(seed: int, first: int, paths: int, dates: Days) -> Noise:
    """The noise of paths ``first`` onwards on consecutive days.

    Every path and block of days has a stream of its own, keyed by (seed, path, block): path 7 is
    the same path whatever the number of paths, and a date has the same noise whenever the run
    began, so that runs with another warm-up differ by what is left of their start alone.
    """
    days = len(dates)
    found = {name: np.empty((days, paths)) for name in (*NORMAL, *UNIFORM, *STUDENT, "miss_size")}
    hour = np.empty((days, HOURS, paths))
    numbers = dates.astype(int) + EPOCH
    blocks = np.arange(numbers[0] // BLOCK, numbers[-1] // BLOCK + 1)
    rows = numbers - blocks[0] * BLOCK
    for place in range(paths):
        drawn = [_block(seed, first + place, int(block)) for block in blocks]
        for kind, names in enumerate((NORMAL, UNIFORM, STUDENT, ("miss_size",))):
            columns = np.concatenate([one[kind] for one in drawn])[rows]
            for column, name in enumerate(names):
                found[name][:, place] = columns[:, column]
        hour[:, :, place] = np.concatenate([one[-1] for one in drawn])[rows]
    return Noise(found, hour, seed, first, int(numbers[0]))


def _words(number: int) -> list[int]:
    """A number in words of 32 bits, as a key of a stream takes them."""
    found = []
    while number:
        number, word = divmod(number, 2**32)
        found.append(word)
    return found


def _block(seed: int, path: int, block: int) -> list[Array]:
    """The draws of one path in one block of days, kind by kind, each (BLOCK, ...)."""
    sequence = np.random.SeedSequence(seed, spawn_key=(path, block))
    source = np.random.Generator(np.random.PCG64(sequence))
    return [
        source.standard_normal((BLOCK, len(NORMAL))),
        source.random((BLOCK, len(UNIFORM))),
        source.standard_t(DEGREES, (BLOCK, len(STUDENT))) * UNIT,
        source.standard_exponential((BLOCK, 1)),
        source.standard_t(DEGREES, (BLOCK, HOURS)) * UNIT,
    ]
