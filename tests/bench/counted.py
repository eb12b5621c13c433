"""The rows of ``counting.py`` as a table among the others."""

from __future__ import annotations

from tests.bench.counting import measure as contests
from tests.bench.limits import Limits
from tests.bench.settings import Settings
from tests.bench.table import Row, Topic

SIZES = (100_000, 1_000_000, 10_000_000)

HOW = """Counts of twelve families of three states, one-byte codes in memory: seconds for **all
families**. Ours calls inside, the counting that `causal.fit` does (`causal.learn.counting`): what
comes before and after it is no part of the peers' work. Each peer in the fastest of its ways,
counts compared beforehand; "learning only" is pyAgrum's learner after it has read its data. A
hundred million rows streamed from Parquet, with the peak memory of each, take `python -m
tests.bench.counting --streamed 100000000`."""


def measure(settings: Settings, limits: Limits) -> Topic:
    """One row for every size and way of ours."""
    rows: list[Row] = []
    for size in SIZES[:1] if settings.quick else SIZES:
        found = contests([size])
        for mine in dict.fromkeys(r["ours by"] for r in found):
            here = [r for r in found if r["ours by"] == mine]
            peers = {str(r["peer"]).split(":")[0]: r for r in here}
            goals = {n: float(r["goal"]) for n, r in peers.items() if r["goal"]}
            case = f"{here[0]['work']}, {mine}"
            times = {n: float(r["theirs"]) for n, r in peers.items()}
            ways = "; ".join(str(r["peer"]) for r in here)
            rows.append(Row(case, float(here[0]["ours"]), times, goals, None, {"ways": ways}))
    return Topic("counting", "Counting", tuple(rows), HOW)
