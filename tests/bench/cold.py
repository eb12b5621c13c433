"""Whole processes: what a command costs before it has done anything, and its first answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.bench.clock import interleaved
from tests.bench.limits import Limits
from tests.bench.settings import Settings, agreed
from tests.bench.table import Row, Topic

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "models" / "crash.json"
QUESTION = "P(bitcoin=crash within 7d | do(geopolitics=escalation), leverage=high)"
PEERS = {
    "import pgmpy.models": "import pgmpy.models",
    "import pyagrum": "import pyagrum",
}
GOALS = {"import causal": 30.0, "causal --help": 15.0, "causal ask": 4.0}

HOW = """Whole processes, from start to exit, every file in the disk cache, byte code compiled; the
medians of interleaved runs. "bare python" is `python -c pass`; its time is part of all the others.
`causal ask` answers the question of the README from the shipped model, `--json`, offline. The
peers' imports run in {plain}: `import pgmpy.models` is slower still where torch is installed."""


def measure(settings: Settings, limits: Limits) -> Topic:
    """Our commands and the peers' imports."""
    plain = settings.plain
    commands = {n: [plain, "-W", "ignore", "-c", code] for n, code in PEERS.items()}
    mine = our_commands()
    for command in (*mine.values(), *commands.values()):
        run(command)
    found = interleaved(
        {n: partial(run, c) for n, c in {**mine, **commands}.items()},
        rounds=settings.rounds,
        budget=20.0,
    )
    peers = {n: found[n].median for n in PEERS}
    rows = [
        Row(n, found[n].median, peers, {"import pgmpy.models": GOALS[n]} if n in GOALS else {})
        for n in mine
    ]
    notes = [] if "causal ask" in mine else ["`causal ask`: no model is shipped in this checkout."]
    torch = "is" if _has_torch(plain) else "is not"
    notes.append(f"torch {torch} installed where the peers were imported.")
    where = "the same environment" if plain == sys.executable else "an environment of their own"
    return Topic("cold", "Cold start", tuple(rows), HOW.format(plain=where), tuple(notes))


def our_commands() -> dict[str, list[str]]:
    """By name; ``causal ask`` only where a model is shipped, and only if it answers."""
    python, causal = sys.executable, [sys.executable, "-m", "causal"]
    found = {
        "bare python": [python, "-c", "pass"],
        "import causal": [python, "-c", "import causal"],
        "import causal, numpy": [python, "-c", "import causal, numpy"],
        "causal --help": [*causal, "--help"],
    }
    if SHIPPED.is_file():
        found["causal ask"] = [*causal, "ask", QUESTION, "--json"]
        answer = json.loads(run(found["causal ask"]))
        agreed("causal ask: a probability", 0.5, answer["probability"], within=0.5)
    return found


def run(command: Sequence[str]) -> str:
    """Standard output of a command that has to succeed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


def _has_torch(python: str) -> bool:
    code = "import importlib.util as u; print(u.find_spec('torch') is not None)"
    return run([python, "-c", code]).strip() == "True"
