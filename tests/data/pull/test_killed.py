"""A pull that is killed at any moment leaves a cache that reads, and the next one completes it.

``CAUSAL_KILLS=200`` interrupts two hundred times; a handful by default.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from causal.data.pull.cache import manifests, stored_rows, vintages
from causal.data.pull.client import Client
from causal.data.pull.pull import Wish, pull
from causal.data.sources.catalogue import selected
from tests.conftest import ROOT
from tests.data.conftest import IMPATIENT, LAST, Desk
from tests.replay.server import Replay

KILLS = int(os.environ.get("CAUSAL_KILLS", "6"))
NAMES = ("tpu", "epu", "gpr", "fred_dgs10", "vix", "binance_metrics", "coinmetrics")
CHILD = """
import sys
from datetime import date
from pathlib import Path
from causal.data.pull import pull
from causal.data.pull.client import Client
from causal.data.sources.catalogue import selected
pull.BATCH = 1
folder, base, since, until, *names = sys.argv[1:]
wish = pull.Wish(date.fromisoformat(since), date.fromisoformat(until))
print("ready", flush=True)
with Client(base=base, environment={}) as client:
    found = pull.pull(Path(folder), selected(names), wish, client=client)
print(*(o.status for o in found), flush=True)
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill -9 is of POSIX systems")


def readable(cache: Path) -> int:
    """Number of days in the cache; fails if a byte of it is not what was stored."""
    found = 0
    for entry in manifests(cache):
        rows = vintages(cache, entry).as_known()
        assert (np.diff(rows.days).astype(int) > 0).all()
        found += len(rows)
    return found


def test_kills_at_random_moments(desk: Desk, replay: Replay) -> None:
    since = replay.history.days[0]
    with Client(base=replay.base, pace=IMPATIENT, environment={}) as client:
        pull(desk.cache.with_name("whole"), selected(NAMES), Wish(since, LAST), client=client)
    whole = {
        e.name: vintages(desk.cache.with_name("whole"), e).as_known()
        for e in manifests(desk.cache.with_name("whole"))
    }
    assert set(whole) == set(NAMES)
    rng = random.Random(9)
    longest, cut, had = 0.6, 0, 0
    for kill in range(KILLS):
        arguments = [str(desk.cache), replay.base, str(since), str(LAST), *NAMES]
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            begins = time.monotonic()
            time.sleep(rng.uniform(0, longest))
            cut += child.poll() is None
            child.send_signal(signal.SIGKILL)
            done = child.stdout.read().split()
        if done:
            longest = max(0.05, min(longest, time.monotonic() - begins))
        now = readable(desk.cache)
        assert now >= had, f"kill {kill} lost {had - now} days"
        had = now
        if len(done) == len(NAMES):
            had = 0
            for path in sorted(desk.cache.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
    assert cut >= KILLS // 2, "most kills came too late to interrupt anything"
    assert {o.status for o in desk.pull(*NAMES)} <= {"new", "unchanged"}
    for name, expected in whole.items():
        rows = stored_rows(desk.cache, name)
        assert rows is not None
        np.testing.assert_array_equal(rows.days, expected.days)
        for column, values in expected.values.items():
            np.testing.assert_array_equal(rows.values[column], values)
    assert not list(desk.cache.glob("*/*.tmp"))


def test_a_kill_between_file_and_manifest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one moment that matters: the new rows lie there, and nobody names them yet."""
    from datetime import timedelta

    desk.one("tpu", until=LAST - timedelta(days=10))
    before = readable(desk.cache)

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("causal.data.pull.cache._write", die)
        with pytest.raises(Killed):
            desk.one("tpu")
    assert len(list((desk.cache / "tpu").glob("*.parquet"))) == 2
    assert readable(desk.cache) == before
    assert desk.one("tpu").new == 10
    assert readable(desk.cache) == before + 10
