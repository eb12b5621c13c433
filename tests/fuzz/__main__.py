"""``python -m tests.fuzz [kind ...] [--cases N] [--seed S]``: spoil input, count the outcomes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from tests.fuzz.kinds import KINDS, pieces, shared_out
from tests.fuzz.tally import Tally, counted, joined, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "robustness.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the kinds that are named (all by default); 1 where anything escapes."""
    asked = _parser().parse_args(arguments)
    chosen = asked.kinds or [kind.name for kind in KINDS]
    if unknown := sorted(set(chosen) - {kind.name for kind in KINDS}):
        print(f"No kind {', '.join(unknown)}. There are {', '.join(k.name for k in KINDS)}.")
        return 2
    start = time.perf_counter()
    if asked.seed is not None:
        work = [(name, range(asked.seed, asked.seed + 1)) for name in chosen]
    else:
        work = pieces(
            {n: c for n, c in shared_out(asked.cases).items() if n in chosen}, asked.first
        )
    found: dict[str, Tally] = {}
    with ProcessPoolExecutor(min(asked.jobs, len(work))) as pool:
        for (name, _), tally in zip(work, pool.map(counted, *zip(*work, strict=True)), strict=True):
            found[name] = joined(found.get(name), tally)
    took = time.perf_counter() - start
    text = table(found)
    print(text)
    for sort, escapes in _sorts(found)[: asked.show]:
        print(f"--- {len(escapes)} x {sort}\n{min(escapes, key=len)}\n")
    if asked.write:
        from tests.bench.limits import machine
        from tests.bench.table import written

        last = f"Seeds {asked.first} and up, {asked.jobs} at a time, {took:,.0f} s on {machine()}"
        page = PAGE.read_text(encoding="utf-8")
        text = f"{text}\n{last}, {datetime.now(UTC):%Y-%m-%d}."
        PAGE.write_text(written(page, "fuzz", text), encoding="utf-8")
    return min(sum(len(tally.escapes) for tally in found.values()), 1)


def _sorts(found: dict[str, Tally]) -> list[tuple[str, list[str]]]:
    """The escapes by the place that they came from, the most frequent first."""
    groups: dict[str, list[str]] = {}
    for tally in found.values():
        for sort, text in tally.escapes:
            groups.setdefault(sort, []).append(text)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=main.__doc__)
    parser.add_argument("kinds", nargs="*", metavar="kind", help=", ".join(k.name for k in KINDS))
    parser.add_argument("--cases", type=int, default=2000, help="of all kinds together")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="this case alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--show", type=int, default=5, help="sorts of escapes that are shown")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
