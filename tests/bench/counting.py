"""Counting twelve families: ours against pgmpy, pyAgrum, polars and DuckDB.

Ours reads a pandas frame of one-byte codes, or States; of the ways of each peer the fastest enters.
Counts are compared before anything is timed.

``python -m tests.bench.counting 100000 1000000`` prints the table; ``--streamed 100000000`` writes
a Parquet file of that many rows and counts it from there, with the peak memory of each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from causal.data.states import States
from causal.learn.counting import counts as tally
from causal.learn.counting.counts import count
from causal.learn.counting.dataframe import count_frame
from tests.bench.clock import Timing, fastest, interleaved
from tests.bench.counting_peers import (
    GRAPH,
    VARIABLES,
    Work,
    duckdb_ways,
    history,
    packed_query,
    pgmpy_ways,
    polars_ways,
    pyagrum_ways,
    same,
    tables,
    unpacked,
)
from tests.bench.settings import DisagreementError

GOALS = {"pgmpy": 80.0, "pyAgrum, learning only": 8.0, "polars": 10.0, "DuckDB": 10.0}


def measure(rows: Sequence[int] = (100_000, 1_000_000)) -> list[dict[str, Any]]:
    """A row a contest: ``work``, seconds of ``ours`` and ``theirs``, ``peer``, ``ratio``, ``goal``.

    Raises DisagreementError when the counts differ.
    """
    return [row for number in rows for row in _one_size(number)]


def _one_size(rows: int) -> list[dict[str, Any]]:
    import pandas as pd

    codes = history(rows)
    frame = pd.DataFrame(codes)
    states = as_states(codes)
    expected = tables(count_frame(frame, GRAPH))
    ours: dict[str, Work] = {
        "ours": lambda: count_frame(frame, GRAPH),
        "ours, from States": lambda: count(states, GRAPH),
        "ours, NumPy alone": lambda: _numpy_alone(frame),
    }
    for way in ours.values():
        same("ours", tables(way()), expected)
    peers = {
        "pgmpy": pgmpy_ways(codes, expected),
        "pyAgrum, learning only": pyagrum_ways(codes, expected),
        "polars": polars_ways(codes, expected),
        "DuckDB": duckdb_ways(codes, expected),
    }
    best = {peer: (way := fastest(ways), ways[way]) for peer, ways in peers.items()}
    with compile_slices():
        times = interleaved(
            {**ours, **{peer: work for peer, (_, work) in best.items()}}, budget=4.0
        )
    found = [
        _row(rows, mine, times[mine], f"{peer}: {way}", times[peer], GOALS[peer])
        for mine in ours
        for peer, (way, _) in best.items()
    ]
    for row in found:
        if row["ours by"] != "ours" or rows < 1_000_000:
            row["goal"] = None
    return found


def _row(
    rows: int, mine: str, ours: Timing, peer: str, theirs: Timing, goal: float | None
) -> dict[str, Any]:
    return {
        "work": f"{VARIABLES} families, {rows:,} rows",
        "ours by": mine,
        "ours": ours.median,
        "peer": peer,
        "theirs": theirs.median,
        "ratio": theirs.median / ours.median,
        "ratio of bests": theirs.best / ours.best,
        "goal": goal,
        "rounds": ours.rounds,
    }


def as_states(codes: Mapping[str, Any]) -> States:
    """The same rows as days, one after the other."""
    table = np.array([codes[n] for n in GRAPH.names]).T.copy()
    dates = np.datetime64("1970-01-01") + np.arange(len(table))
    return States(dates, GRAPH.names, table, {}, dates[-1])


@contextmanager
def compile_slices() -> Iterator[None]:
    """The kernel loaded beforehand, as in a process that has counted before."""
    import_module(tally.KERNEL)
    count_frame(_small(), GRAPH)
    yield


def _small() -> Any:
    import pandas as pd

    return pd.DataFrame(history(2 * tally.PAYS_WARM))


def _numpy_alone(frame: Any) -> Any:
    kept = tally.PAYS_WARM, tally.PAYS_COLD, tally.PAYS_RUNNING
    tally.PAYS_WARM = tally.PAYS_COLD = tally.PAYS_RUNNING = sys.maxsize
    try:
        return count_frame(frame, GRAPH)
    finally:
        tally.PAYS_WARM, tally.PAYS_COLD, tally.PAYS_RUNNING = kept


# From Parquet, in processes of their own, which tell their peak memory.


def streamed(rows: int, folder: Path, *, rounds: int = 5) -> list[dict[str, Any]]:
    """Ours and DuckDB's packed GROUP BY over one Parquet file of ``rows`` rows, interleaved."""
    path = folder / f"{rows}.parquet"
    if not path.is_file():
        write(path, rows)
    contestants = ("ours", "duckdb")
    times: dict[str, list[float]] = {who: [] for who in contestants}
    peaks = dict.fromkeys(contestants, 0)
    answers: dict[str, Any] = {}
    for _ in range(rounds):
        for who in contestants:
            run = subprocess.run(
                [sys.executable, "-m", "tests.bench.counting", "--child", who, str(path)],
                capture_output=True,
                text=True,
                check=True,
            )
            told = json.loads(run.stdout)
            times[who].append(told["seconds"])
            peaks[who] = max(peaks[who], told["peak"])
            answers[who] = told["counts"]
    if answers["ours"] != answers["duckdb"]:
        raise DisagreementError("DuckDB: the counts of the Parquet file differ")
    mine, theirs = (Timing(float(np.median(t)), min(t), rounds) for t in times.values())
    row = _row(rows, "ours, from Parquet", mine, "DuckDB: packed GROUP BY", theirs, 1.0)
    return [{**row, "peak of ours": peaks["ours"], "peak of theirs": peaks["duckdb"]}]


def write(path: Path, rows: int, *, group: int = 1 << 20) -> None:
    """A Parquet file of one-byte codes, row group by row group."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = pa.schema([(name, pa.int8()) for name in GRAPH.names])
    with pq.ParquetWriter(path, kind) as writer:
        for low in range(0, rows, group):
            piece = history(min(group, rows - low), seed=low)
            writer.write_table(pa.table(piece, schema=kind), row_group_size=group)


def child(who: str, path: str) -> None:
    """Count one file once, and tell seconds, peak memory (bytes) and counts."""
    import time

    if who == "ours":
        import_module("pyarrow.parquet")
        import_module(tally.KERNEL)
        count_frame(_small(), GRAPH)
        start = time.perf_counter()
        found = tables(count_frame(path, GRAPH))
    else:
        duckdb = import_module("duckdb")
        duckdb.sql("select 1").fetchall()
        start = time.perf_counter()
        found = unpacked(duckdb.sql(packed_query(f"'{path}'")).fetchnumpy())
    seconds = time.perf_counter() - start
    peak = _peak()
    counts = {name: np.asarray(table).tolist() for name, table in found.items()}
    print(json.dumps({"seconds": seconds, "peak": peak, "counts": counts}))


def _peak() -> int:
    """Most memory this process has held, in bytes.

    Read from its own address space: the kernel's usage record also remembers the parent's size.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (held,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(held.split()[1]) * 1024


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int)
    parser.add_argument("--streamed", type=int, help="rows of the Parquet file")
    parser.add_argument("--folder", type=Path, help="where the Parquet file is kept")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child)
        return
    found = measure(asked.rows or (100_000, 1_000_000)) if not asked.streamed or asked.rows else []
    if asked.streamed:
        with tempfile.TemporaryDirectory() as spare:
            found += streamed(asked.streamed, asked.folder or Path(spare))
    for row in found:
        peak = "".join(f"  {k} {row[k] / 1e6:,.0f} MB" for k in row if k.startswith("peak"))
        print(
            f"{row['work']:28} {row['ours by']:20} {row['ours'] * 1e3:9.2f} ms   {row['peer']:40}"
            f" {row['theirs'] * 1e3:9.1f} ms {row['ratio']:7.1f}x"
            f" (bests {row['ratio of bests']:.1f}x, goal {row['goal']}){peak}",
            flush=True,
        )


if __name__ == "__main__":
    main()
