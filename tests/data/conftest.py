"""A made-up history behind a replay server, a cache of its own, an impatient client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from causal.data.pull.client import Client, Pace
from causal.data.pull.pull import Outcome, Wish, pull
from causal.data.sources.catalogue import selected
from tests.replay.history import made_up
from tests.replay.publishers import KEY
from tests.replay.server import Replay, serving

LAST = date(2026, 5, 31)
IMPATIENT = Pace(connect=2.0, read=1.0, whole=0.8, attempts=3, pause=0.02, longest=0.05, polite=0.0)


class Desk:
    """One user: a cache, and the command to pull."""

    def __init__(self, cache: Path, replay: Replay) -> None:
        self.cache, self.replay = cache, replay
        self.environment = {"COINALYZE_KEY": KEY}

    def pull(self, *names: str, until: date = LAST, **wish: bool) -> list[Outcome]:
        """Pull these sources from the first replayed day on."""
        since = self.replay.history.days[0]
        base = self.replay.base
        with Client(base=base, pace=IMPATIENT, environment=self.environment) as client:
            sources = selected(names, environment=self.environment)
            return pull(self.cache, sources, Wish(since, until, **wish), client=client)

    def one(self, name: str, until: date = LAST, **wish: bool) -> Outcome:
        """Pull one source."""
        (outcome,) = self.pull(name, until=until, **wish)
        return outcome


@pytest.fixture
def replay() -> Iterator[Replay]:
    with serving(made_up(120)) as found:
        yield found


@pytest.fixture
def desk(tmp_path: Path, replay: Replay) -> Desk:
    return Desk(tmp_path / "cache", replay)
