"""What a spoilt BIF file says is refused, or read as pyAgrum reads it: never a silent misreading.

1,000 cases, their seeds fixed; ``CAUSAL_FUZZ_CASES=50000`` tries more.  pyAgrum knows fewer names
than public files hold (`Asy/Patch`, `.5`, two words): where it refuses a file that is read here,
every row that is read has to hold the numbers of one of the valid twin.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import ModuleType

from causal.errors import CausalError
from causal.model.formats.bif import read_bif
from causal.model.network import CausalModel
from tests.against.bif_files import difference
from tests.fuzz import mutation
from tests.model.formats.bif_text import PLAIN, otherwise, same

CASES = max(1_000, int(os.environ.get("CAUSAL_FUZZ_CASES", "0")))
LONG = 1_000  # letters of a word: at a longer one pyAgrum may end the process
WORDS = (
    "network", "variable", "probability", "type", "discrete", "table", "default", "property",
    "rain", "load", "Wet", "slip", "no", "yes", "low", "mid", "over", "dry", "soaked", "0.5", "0.2",
    "0.8", "2", "3", "{", "}", "(", ")", "[", "]", ";", ",", "|", "//", "/*", "*/", '"', "=",
)  # fmt: skip
SAID_OTHERWISE = (
    ("0.95, 0.05", "0.05, 0.95"),
    ("0.5, 0.3, 0.2", "0.3, 0.5, 0.2"),
    ("  (dry, over) 0.6, 0.4;\n", ""),
    ("(soaked, low)", "(soaked, mid)"),
    ("| Wet, load )", "| load, Wet )"),
    ("{ low, mid, over }", "{ over, mid, low }"),
    ("{ no, yes }", "{ yes, no }"),
    ("  (yes) 0.25", "  (no) 0.25"),
    ("default 0.9, 0.1", "default 0.1, 0.9"),
    ("default 0.9, 0.1;", ""),
    ("default 0.9, 0.1;", "table 0.9, 0.1;"),
    ("variable load", "variable Load"),
    ("probability ( load )", "probability ( rain )"),
)


def spoilt(rng: Random) -> bytes:
    """The twin: said otherwise, spelt otherwise, or with a few bytes or words changed."""
    text = PLAIN
    for old, new in rng.sample(SAID_OTHERWISE, rng.choice((0, 0, 1, 2))):
        text = text.replace(old, new)
    if rng.random() < 0.5:
        text = otherwise(rng, text, semicolons=False)
    kind = rng.random()
    if kind < 0.25:
        return mutation.raw(rng, text.encode())
    if kind < 0.75:
        text = mutation.text(rng, text, WORDS)
    return text.encode("utf-8", "surrogatepass")


def rows(model: CausalModel) -> set[tuple[float, ...]]:
    """The numbers of every row of every table, the smallest first."""
    return {
        tuple(sorted(row))
        for found in model.tables.values()
        for row in found.values.reshape(-1, found.values.shape[-2]).tolist()
    }


def test_a_spoilt_file_is_refused_or_read_as_pyagrum_reads_it(
    tmp_path: Path, needs: Callable[[str], ModuleType]
) -> None:
    gum = needs("pyagrum")
    twin = read_bif(PLAIN.encode(), "twin.bif", stem="twin")
    path, outcomes = tmp_path / "spoilt.bif", Counter[str]()
    for seed in range(CASES):
        raw = spoilt(Random(f"bif {seed}"))
        try:
            model = read_bif(raw, "spoilt.bif", stem="twin")
        except CausalError:
            outcomes["refused"] += 1
            continue
        if same(model, twin):
            outcomes["same"] += 1
            continue
        path.write_bytes(raw)
        try:
            theirs = gum.loadBN(str(path)) if len(max(raw.split(), key=len)) < LONG else None
        except Exception:
            theirs = None
        if theirs is None:
            assert rows(model) <= rows(twin), (seed, raw.decode(errors="replace"))
            outcomes["unknown to pyAgrum"] += 1
            continue
        assert difference(model, theirs) < 1e-6, (seed, raw.decode(errors="replace"))
        outcomes["agrees"] += 1
    assert outcomes["refused"] > CASES / 3, outcomes
    assert outcomes["same"] > CASES / 20, outcomes
    assert outcomes["agrees"] > CASES / 20, outcomes
    assert outcomes["unknown to pyAgrum"] < CASES / 50, outcomes
