"""``python -m tests.bench [topics] [--quick] [--out FILE]``: measure, check, write the table."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from tests.bench import limits, table
from tests.bench.settings import Settings

TOPICS = (
    "cold", "shipped", "query", "draws", "marginals", "scenarios", "frontier", "sweep", "ladder",
    "counting",
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the topics that are named (all by default), print and write their tables."""
    asked = _parser().parse_args(arguments)
    unknown = sorted(set(asked.topics) - set(TOPICS))
    if unknown:
        print(f"No topic {', '.join(unknown)}. There are {', '.join(TOPICS)}.", file=sys.stderr)
        return 2
    settings = Settings(asked.quick, asked.plain)
    start = time.perf_counter()
    yardsticks = limits.measured(quick=asked.quick)
    parts = [("machine", _machine(yardsticks, asked.quick))]
    for name in asked.topics or TOPICS:
        began, load = time.perf_counter(), limits.load()
        module = "counted" if name == "counting" else name
        topic = import_module(f"tests.bench.{module}").measure(settings, yardsticks)
        took = time.perf_counter() - began
        when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        text = table.markdown(topic)
        text += f"\n{when}; load {load} before, {limits.load()} after; took {took:.0f} s.\n"
        print(text, flush=True)
        parts.append((name, text))
        if asked.out:
            table.write(asked.out, parts)
    print(f"{time.perf_counter() - start:.0f} s in all", file=sys.stderr)
    return 0


def _machine(yardsticks: limits.Limits, quick: bool) -> str:
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    return "\n".join(
        [
            f"Measured on {when}{' with `--quick`' if quick else ''}: {limits.machine()}.",
            f"Versions: {limits.versions()}.",
            f"Limits of the machine, measured in the same run: {yardsticks}.",
        ]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=main.__doc__)
    parser.add_argument("topics", nargs="*", metavar="topic", help=f"of {', '.join(TOPICS)}")
    parser.add_argument("--quick", action="store_true", help="two small networks, few rounds")
    parser.add_argument("--out", type=Path, default=table.PAGE, help="the page to write")
    parser.add_argument("--no-out", dest="out", action="store_const", const=None, help="print only")
    parser.add_argument(
        "--plain", default=sys.executable, help="python of an environment without torch (cold)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
