"""A market that has been run: many paths, chunk by chunk, through any executor.

Paths are run in chunks of ``CHUNK`` whatever the number of processes, and every path has its own
noise, so the results do not depend on who does the work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from causal import limit
from causal.calendar import us_open
from causal.contract.array import Array
from causal.data.panel import DAY, Days, Panel, one_day
from causal.errors import QueryError
from causal.executor import Executor, executor_of
from causal.laboratory.book import LEVELS
from causal.laboratory.hours import advance
from causal.laboratory.measurement import market_columns
from causal.laboratory.noise import HOURS, Noise, drawn_noise
from causal.laboratory.parameters import USUAL, Parameters, number_in
from causal.laboratory.state import CRYPTO, MACRO, Rules, State, new_state
from causal.laboratory.world import UNTOUCHED, World
from causal.text import shown, written

CHUNK = 500  # paths that are run together
WARM_UP = 300  # days before the first one that is kept: no start-up transient is left
MOST, MOST_DAYS = 1_000_000, 20_000
EARLIEST, LATEST = np.datetime64("2000-01-10"), np.datetime64("2100-01-01")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class WorstDay:
    """The day on which a price fell most: ``fall`` a share of it, money in $B, ``gain`` that of the
    loop as the day began."""

    path: int
    row: int
    date: str
    fall: float
    liquidated: float
    deleveraged: float
    gain: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {n: getattr(self, n) for n in self.__dataclass_fields__ if n != "row"}


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """``paths`` histories of the same days, in whatever world they were run.

    ``columns``: what a panel would show; ``day``: what happened, by the names of the mechanisms
    (log price, $B, log returns); each (days, paths).  ``hour``: price, liquidated, squeezed, longs
    and gain by the hour where they were kept, (days, 24, paths).
    """

    dates: Days
    columns: Mapping[str, Array]
    day: Mapping[str, Array]
    run: MarketRun
    hour: Mapping[str, Array] = field(default_factory=dict)

    @property
    def paths(self) -> int:
        return int(self.day["close"].shape[1])

    def worst_day(self) -> WorstDay:
        """The day and path of the deepest fall, close to close; the first day has none before
        it."""
        moved = np.diff(self.day["close"], axis=0, prepend=self.day["close"][:1]) + 0.0
        row, path = (int(k) for k in np.unravel_index(np.argmin(moved), moved.shape))
        day = {n: float(self.day[n][row, path]) for n in ("liquidated", "deleveraged")}
        before = float(self.day["gain"][max(row - 1, 0), path])
        fall = float(0.0 - np.expm1(moved[row, path]))
        return WorstDay(path, row, str(self.dates[row]), fall, gain=before, **day)

    def hours_of_worst(self, before: int = 1, after: int = 2) -> Market:
        """The path of the worst day, run once more with its hours kept, from ``before`` days
        earlier to ``after`` days later."""
        checked("before", before, 0)
        checked("after", after, 0)
        worst = self.worst_day()
        alone = replace(self.run, hours=True, start=worst.path, paths=1)
        skip = alone.warm_up + max(worst.row - before, 0)
        keep = min(before, worst.row) + 1 + min(after, len(self.dates) - 1 - worst.row)
        made = _run(replace(alone, days=skip - alone.warm_up + keep))
        kept = [{n: v[-keep:] for n, v in part.items()} for part in made]
        return Market(alone.dates[skip : skip + keep], kept[0], kept[1], alone, kept[2])

    def panel(self, path: int = 0) -> Panel:
        """One path as a panel, which ``causal.fit`` takes; raises QueryError for no such path."""
        if not isinstance(path, int | np.integer) or not 0 <= path < self.paths:
            raise QueryError(
                f"There is no path {written(path)}.",
                f"This market has {self.paths} of them, counted from 0.",
                "Name one of them, or run more (`paths=`).",
            )
        values = np.stack([v[:, path] for v in self.columns.values()], axis=1)
        return Panel(self.dates, tuple(self.columns), values)


@dataclass(frozen=True, slots=True)
class MarketRun:
    """What is run, as a job of one chunk of paths is sent it."""

    first: np.datetime64
    days: int
    warm_up: int
    seed: int
    p: Parameters
    plain: bool = False
    hours: bool = False
    world: World = UNTOUCHED
    begins: int = 0
    start: int = 0
    paths: int = CHUNK

    @property
    def dates(self) -> Days:
        """All days, those of the warm-up counted."""
        every: Days = self.first - self.warm_up * DAY + np.arange(self.warm_up + self.days) * DAY
        return every

    def noise(self) -> Noise:
        """The noise of this chunk's paths."""
        return drawn_noise(self.seed, self.start, self.paths, self.dates)

    def fresh(self) -> State:
        """This chunk before its first day."""
        return new_state(us_open(self.dates), self.paths, self.p, hours=self.hours)


def market(
    paths: int = 1,
    days: int = 420,
    *,
    start: str | np.datetime64 = "2023-01-01",
    seed: int = 0,
    world: World | None = None,
    begins: int = 1,
    parameters: Parameters | None = None,
    plain: bool = False,
    hours: bool = False,
    warm_up: int = WARM_UP,
    executor: Executor | str | None = None,
) -> Market:
    """Run the market: ``paths`` histories of ``days`` days from ``start`` on.

    ``world``: what is done, its day 1 being day ``begins`` of the history, counted from 1.
    ``parameters``: the base world, or one of ``parameters.parameters``.  ``plain``: columns without
    lags, caps and late starts.  ``hours``: also every hour.  ``executor``: as in ``causal.sweep``.
    The same seed gives the same market, whoever does the work.  Raises QueryError for numbers out
    of range, and where the result would not fit in memory."""
    for name, value, least in (("paths", paths, 1), ("days", days, 1), ("begins", begins, 1)):
        checked(name, value, least)
    checked("seed", seed, 0)
    checked("warm_up", warm_up, 0)
    done_here, p = known_world(world), known_parameters(parameters)
    if begins > days and done_here != UNTOUCHED:
        raise QueryError(
            f"What is done begins on day {begins}, after the last of {days} days.",
            "Nothing would be done.",
            "Choose an earlier `begins`, or more days.",
        )
    first = day_of(start, warm_up, days)
    run = MarketRun(first, days, warm_up, seed, p, plain, hours, done_here, warm_up + begins - 1)
    width = len(MACRO) + len(CRYPTO) + 16 + (5 * HOURS if hours else 0)
    fits_memory(run, paths, 8.0 * paths * days * width)
    done = list(executor_of(executor).map(_run, chunks(run, paths)))
    joined = [
        {name: np.concatenate([one[kind][name] for one in done], axis=-1) for name in done[0][kind]}
        for kind in range(3)
    ]
    return Market(run.dates[warm_up:], joined[0], joined[1], run, joined[2])


def chunks(run: MarketRun, paths: int) -> list[MarketRun]:
    """The jobs of a run, one a chunk of paths."""
    starts = range(0, paths, CHUNK)
    return [replace(run, start=first, paths=min(CHUNK, paths - first)) for first in starts]


def fits_memory(run: MarketRun, paths: int, kept: float) -> None:
    """Raise QueryError where a chunk that is being run, and what is ``kept`` of all, do not fit."""
    record = len(MACRO) + len(CRYPTO) + 16 + 3 * HOURS
    chunk = 8.0 * min(paths, CHUNK) * (len(run.dates) * record + 4 * LEVELS)
    limit.afford(
        chunk + kept,
        f"A market of {paths:,} paths and {run.days:,} days",
        "Ask for fewer paths or days, or without `hours`",
        QueryError,
    )


def checked(name: str, value: object, least: int) -> None:
    """Raise QueryError unless a number is whole and in its range."""
    number_in(name, value, least, MOST_DAYS if name in ("days", "warm_up") else MOST, whole=True)


def known_world(world: object) -> World:
    """A world as it comes, none being the untouched one; raises QueryError for anything else."""
    if world is None or isinstance(world, World):
        return world or UNTOUCHED
    raise QueryError(
        f"{written(world)} is no world.",
        "What is done to a market is a World.",
        "Write World(trade=2).",
    )


def known_parameters(parameters: object) -> Parameters:
    """Parameters as they come, none being the base world; raises QueryError for anything else."""
    if parameters is None or isinstance(parameters, Parameters):
        return parameters or USUAL
    raise QueryError(
        f"{written(parameters)} are no parameters.",
        "Those of a market are Parameters.",
        "Write Parameters(regime=1).",
    )


def day_of(day: object, before: int, days: int) -> np.datetime64:
    """A date as 2024-06-05, so that all days lie from 2000 to 2100; raises QueryError."""
    text = str(day)
    found = one_day(text) if DATE.fullmatch(text) else None
    if found is None or found - before * DAY < EARLIEST or found + days * DAY > LATEST:
        raise QueryError(
            f"`{shown(text)}` is no day of a market.",
            f"With {before:,} days before it and {days:,} from it on, all lie from 2000 to 2100.",
            "Write a date as 2024-06-05.",
        )
    return found


def _run(run: MarketRun) -> tuple[dict[str, Array], dict[str, Array], dict[str, Array]]:
    """One chunk: columns, days and hours after the warm-up."""
    state, noise = run.fresh(), run.noise()
    live(state, noise, run)
    skip = run.warm_up
    made = market_columns(state, noise, run.dates, plain=run.plain)
    return (
        {n: v[skip:] for n, v in made.items()},
        {n: v[skip:] for n, v in state.day.items()},
        {n: v[skip:] for n, v in state.hour.items()},
    )


def live(state: State, noise: Noise, run: MarketRun) -> None:
    """Run a market on to its last day, in its world whose day 1 is day ``begins``; in place."""
    usual, changed = rules_of(run.world, run.p)
    while state.row < len(state.session):
        day = state.row - run.begins + 1
        rules = changed if day >= run.world.since else usual
        advance(state, noise, rules, run.world.holds(day, state.paths))


def rules_of(world: World, p: Parameters) -> tuple[Rules, Rules]:
    """What holds before a world's day ``since``, and from then on."""
    return Rules(p), Rules(world.parameters(p), world.cut, world.margin_addon)
