"""Two checkouts side by side: every public verb and command of both, in turns, in fresh processes.

``python -m tests.bench.versions OLD NEW [--rounds 7]`` prints the medians of each, new over old,
and flags a ratio above 1.10.  A round starts, for each checkout, a process with kernels loaded, one
on NumPy alone (``CAUSAL_COMPILED=0``), and the commands; who goes first changes from round to
round.  Only public names and the command line are used: this file runs itself on either checkout
(``PYTHONPATH``), so it imports nothing of ours.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

SLOWER = 1.10  # new over old: what is above it is flagged
QUESTION = "P(bitcoin=crash within {}d | do(geopolitics=escalation), leverage=high)"
OTHER = "P(bitcoin=crash within {}d | do(leverage=low), bitcoin=fall)"
DAYS = (1, 7, 30)
COMMANDS = {
    "cold: import causal": ["-c", "import causal"],
    "cold: causal --help": ["-m", "causal", "--help"],
    "cold: causal ask --json": ["-m", "causal", "ask", QUESTION.format(7), "--json"],
}
Work = Callable[[], object]
Times = dict[str, float]


def main(arguments: list[str] | None = None) -> int:
    """Time both checkouts in turns and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.versions", description=__doc__)
    parser.add_argument("old", type=Path, help="a checkout")
    parser.add_argument("new", type=Path, help="another")
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args(arguments)
    trees = {"old": asked.old.resolve(), "new": asked.new.resolve()}
    with tempfile.TemporaryDirectory() as folder:
        panel = made_up(trees["new"] / "models" / "crash.toml", Path(folder) / "panel.csv")
        found = rounds(trees, asked.rounds, panel)
    print("\n".join(table(found)))
    return 0


def rounds(trees: Mapping[str, Path], count: int, panel: Path) -> dict[str, dict[str, list[float]]]:
    """Seconds by what was timed and by checkout, one value a round."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for turn in range(count):
        began = time.perf_counter()
        order = list(trees) if turn % 2 == 0 else list(trees)[::-1]
        for kernels in ("1", "0"):
            for name in order:
                for what, took in verbs(trees[name], kernels, panel).items():
                    found[what][name].append(took)
        for what, words in COMMANDS.items():
            for name in order:
                start = time.perf_counter()
                run(trees[name], words)
                found[what][name].append(time.perf_counter() - start)
        print(f"round {turn + 1}: {time.perf_counter() - began:.0f} s", file=sys.stderr)
    return found


def verbs(tree: Path, kernels: str, panel: Path) -> Times:
    """What one process of a checkout says of its verbs; ``kernels`` is ``CAUSAL_COMPILED``."""
    said = run(tree, ["-P", __file__, "--inside", str(panel)], CAUSAL_COMPILED=kernels)
    found: Times = json.loads(said.splitlines()[-1])
    return {f"{'numba' if kernels == '1' else 'NumPy'}: {n}": t for n, t in found.items()}


def run(tree: Path, words: list[str], **more: str) -> str:
    """Standard output of Python in a checkout; raises RuntimeError where it fails."""
    env = {**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1", **more}
    done = subprocess.run(
        [sys.executable, *words], cwd=tree, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{tree}: {' '.join(words)} failed:\n{done.stderr}")
    return done.stdout


def made_up(story: Path, path: Path, *, days: int = 1_500) -> Path:
    """A panel of random walks with every column that a story reads."""
    text = story.read_text(encoding="utf-8")
    columns = sorted(set(re.findall(r'\b(?:column|close|low) = "([^"]+)"', text)))
    rng = np.random.default_rng(1)
    steps = 0.02 * rng.standard_normal((days, len(columns)))
    values = 100 * np.exp(np.cumsum(steps, axis=0))
    close, low = (i for i, c in enumerate(columns) if c.endswith(("_close", "_low")) and "btc" in c)
    values[:, low] = values[:, close] * 0.98
    dates = np.datetime64("2026-05-31") - np.arange(days)[::-1]
    lines = [
        ",".join([str(day), *(f"{v:.6f}" for v in row)])
        for day, row in zip(dates, values, strict=True)
    ]
    path.write_text("\n".join([",".join(["date", *columns]), *lines, ""]), encoding="utf-8")
    return path


def table(found: Mapping[str, Mapping[str, list[float]]]) -> Iterator[str]:
    """One line for everything that was timed; what only one checkout has is said."""
    yield f"{'median of ' + str(most(found)) + ', ms':44}{'old':>10}{'new':>10}{'new/old':>9}"
    for what, times in found.items():
        old, new = (statistics.median(times[n]) if times.get(n) else None for n in ("old", "new"))
        cells = "".join(f"{'-' if t is None else f'{1e3 * t:.1f}':>10}" for t in (old, new))
        if old is None or new is None:
            yield f"{what:44}{cells}"
        else:
            flag = "  SLOWER" if new / old > SLOWER else ""
            yield f"{what:44}{cells}{new / old:9.2f}{flag}"


def most(found: Mapping[str, Mapping[str, list[float]]]) -> int:
    """How many rounds there were."""
    return max((len(t) for times in found.values() for t in times.values()), default=0)


def inside(panel: Path) -> Times:
    """Seconds of every verb in this process, which has its ``causal`` from ``PYTHONPATH``."""
    causal = import_module("causal")
    found: Times = {}
    compiled = os.environ.get("CAUSAL_COMPILED") != "0"
    if compiled:  # a question so heavy that it loads the kernels; they stay
        causal.ask(causal.load(causal.shipped()), OTHER.format(60))
        assert "numba" in sys.modules, "numba is not installed, or was not worth loading"
    model: Any = None
    for days in DAYS:
        model = causal.load(causal.shipped())
        texts = {"first": QUESTION, "again": QUESTION, "another": OTHER}
        for kind, text in texts.items():
            work = partial(causal.ask, model, text.format(days))
            found[f"ask, {days} d, {kind}"] = seconds(work)
    for name, work in works(causal, model, panel).items():
        if compiled or name in LIGHT:
            found[name] = seconds(work)
    return found


def works(causal: Any, model: Any, panel: Path) -> dict[str, Work]:
    """Every verb but ``ask``, on the shipped model and on a panel."""
    low, given = model.do(leverage="low"), {"bitcoin": "fall"}
    crash, fall = {"bitcoin": "crash"}, "P(drawdown <= -10% within 7d)"
    dos = product(("calm", "elevated", "escalation"), (None, "low", "mid", "high"))
    seen = [{"bitcoin": s} for s in ("calm", "fall", "crash")]
    seen += [{"volatility": s} for s in ("normal", "high")]
    sixty = [
        (str(i), {"geopolitics": g} | ({"leverage": x} if x else {}), evidence)
        for i, ((g, x), evidence) in enumerate(product(dos, seen))
    ]
    story = causal.read_story(causal.shipped().with_suffix(".toml"))
    question = QUESTION.format(7)
    return {
        "probability": lambda: causal.probability(low, crash, given=given, within=7),
        "marginals": lambda: causal.marginals(low, given=given),
        "ladder": lambda: causal.ladder(model, thresholds=(-0.1,), horizons=(7,)),
        "sweep of 60": lambda: causal.sweep(model, sixty, crash, within=3),
        "likeliest": lambda: causal.likeliest(model, question),
        "sensitivity": lambda: causal.sensitivity(model, question),
        "loop_gain": lambda: causal.loop_gain(model, fall),
        "read_panel, fit": lambda: causal.fit(story, causal.read_panel(panel), draws=200),
        "load": lambda: causal.load(causal.shipped()),
        "diagram": lambda: causal.diagram(model, do={"leverage": "low"}, event=crash),
    }


LIGHT = {"probability", "marginals", "likeliest", "sensitivity"}  # timed on NumPy alone as well


def seconds(work: Work) -> float:
    """Seconds of one call; the collector rests, as in ``timeit``: where it pauses is chance."""
    gc.collect()
    gc.disable()
    try:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start
    finally:
        gc.enable()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        print(json.dumps(inside(Path(sys.argv[2]))))
    else:
        sys.exit(main())
