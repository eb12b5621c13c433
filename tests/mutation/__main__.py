"""``python -m tests.mutation [files] [--count N] [--seed N]``: can the tests of the house fail?

So many mutants, dealt out evenly over the files of ``mapping`` and drawn by the seed, each against
the tests of its own file.  Prints every survivor and a table; exit code 1 when fewer than the share
``--least`` were killed.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutation.mapping import TESTS
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.trial import OUTSIDE, House, Verdict

ROOT = Path(__file__).resolve().parents[2]
SLOWER = 3.0  # a mutant may take so many times as long as its tests, and ``--spare`` seconds more
KILLED = ("killed", "timeout")

Results = list[tuple[Mutant, Verdict]]


def main(arguments: list[str] | None = None) -> int:
    """Draw, try, report."""
    asked = _parser().parse_args(arguments)
    tests = {
        path: files
        for path, files in (TESTS if not asked.pair else dict(_pairs(asked.pair))).items()
        if not asked.files or any(part in path for part in asked.files)
    }
    chosen = sampled(asked.root, tests, asked.count, asked.seed)
    if asked.list:
        print("\n".join(map(str, chosen)))
        return 0
    began, results = time.monotonic(), []
    with TemporaryDirectory(prefix="mutants-") as place:
        plan = _Plan(asked.root, Path(place), tests, () if asked.pair else OUTSIDE, asked.spare)
        pool = ProcessPoolExecutor(
            asked.cores, get_context("fork"), initializer=_settle, initargs=(plan,)
        )
        with pool:
            for mutant, verdict in zip(chosen, pool.map(_judged, chosen), strict=True):
                results.append((mutant, verdict))
                if verdict.end not in KILLED:
                    print(f"{verdict.end}: {mutant}", flush=True)
    print(f"\n{table(results)}\n{time.monotonic() - began:.0f} s on {asked.cores} cores")
    killed = sum(v.end in KILLED for _, v in results)
    return 0 if killed >= asked.least * len(results) > 0 else 1


def sampled(root: Path, paths: Iterable[str], count: int, seed: int) -> list[Mutant]:
    """``count`` mutants, the same number from each file as far as it has so many."""
    decks = []
    for path in sorted(paths):
        deck = mutants((root / path).read_text(encoding="utf-8"), path)
        random.Random(f"{seed}:{path}").shuffle(deck)
        decks.append(deck)
    dealt: list[Mutant] = []
    while any(decks) and len(dealt) < count:
        dealt += [deck.pop() for deck in decks if deck][: count - len(dealt)]
    return sorted(dealt)


def table(results: Results) -> str:
    """Mutants and killed ones, by file and by kind, as Markdown."""
    rows = ["| | mutants | killed | of these by timeout | survived |", "|---|---|---|---|---|"]
    whole = ("all", [v for _, v in results])
    by_path = _grouped((m.path, v) for m, v in results)
    by_kind = _grouped((m.kind, v) for m, v in results)
    for name, group in [*sorted(by_path.items()), *sorted(by_kind.items()), whole]:
        ends = Counter(v.end for v in group)
        killed = sum(ends[e] for e in KILLED)
        share = f"{killed / len(group):.0%}" if group else "none"
        rows.append(
            f"| {name} | {len(group)} | {killed} ({share}) | {ends['timeout']} "
            f"| {len(group) - killed} |"
        )
    return "\n".join(rows)


def _grouped(pairs: Iterable[tuple[str, Verdict]]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for key, verdict in pairs:
        found.setdefault(key, []).append(verdict)
    return found


@dataclass(frozen=True)
class _Plan:
    """What a worker has to know: the house, where to copy it, its tests, what they import."""

    root: Path
    place: Path
    tests: Mapping[str, Sequence[str]]
    outside: Sequence[str]
    spare: float


_settled: list[tuple[House, _Plan, dict[str, float]]] = []
"""In a worker: its copy of the house, the plan, and how long the tests of a file take."""


def _settle(plan: _Plan) -> None:
    _settled.append((House(plan.root, plan.place / str(os.getpid()), plan.outside), plan, {}))


def _judged(mutant: Mutant) -> Verdict:
    """The verdict on one mutant; the tests must pass without it, which is tried once a file."""
    house, plan, usual = _settled[0]
    tests = plan.tests[mutant.path]
    if mutant.path not in usual:
        plain = house.tried(tests, 600)
        if plain.end != "survived":
            raise SystemExit(f"Without a mutant the tests of {mutant.path} fail:\n{plain.text}")
        usual[mutant.path] = plain.seconds
    return house.against(mutant, tests, SLOWER * usual[mutant.path] + plan.spare)


def _pairs(texts: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for text in texts:
        path, _, tests = text.partition("=")
        yield path, tuple(tests.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("files", nargs="*", help="only files whose path holds one of these texts")
    parser.add_argument("--count", type=int, default=300, help="mutants in all")
    parser.add_argument("--seed", type=int, default=9, help="which mutants are drawn")
    parser.add_argument("--cores", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--least", type=float, default=0.9, help="share that has to be killed")
    parser.add_argument("--list", action="store_true", help="name the mutants and try none")
    parser.add_argument("--spare", type=float, default=5.0, help="seconds before a timeout")
    parser.add_argument("--root", type=Path, default=ROOT, help="the house that is copied")
    parser.add_argument("--pair", action="append", metavar="FILE=TESTS", help="instead of mapping")
    return parser


if __name__ == "__main__":
    sys.exit(main())
