"""The mutation script on a toy house: what its tests hold is killed, what they leave survives."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.__main__ import ROOT, sampled, table
from tests.mutation.mapping import TESTS
from tests.mutation.mutants import Mutant, edits, mutants, mutated
from tests.mutation.trial import Verdict

TOY = '''
"""A text with 1 < 2."""
def least(x: list[int], floor: int | None = None) -> int:
    low = min(x)
    return low if floor is None or low > floor else floor
def idle(x: int) -> int:
    while x > 0:
        x -= 1
    return x
'''
TESTS_OF_TOY = """
from causal.toy import idle, least
def test_least():
    assert least([3, 1, 2]) == 1
    assert least([3, 1, 2], 2) == 2
    assert idle(3) == 0
"""


@pytest.mark.parametrize(
    ("source", "now"),
    [
        ("a < b", ["a <= b", "a >= b"]),
        ("a == b != c", ["a != b != c", "a == b == c"]),
        ("a is None", ["a is not None"]),
        ("a not in b", ["a in b"]),
        ("a + b * c", ["a - b * c", "a + b / c"]),
        ("'a' + b", []),
        ("x += a", ["x -= a"]),
        ("a & ~b", ["a | ~b", "a & b"]),
        ("a and b or c", ["(a and b) and c", "(a or b) or c"]),
        ("not a", ["a"]),
        ("x[-1]", ["x[1]", "x[-2]"]),
        ("[0, 1.5, 0.0, True, 'a', None]", [
            "[1, 1.5, 0.0, True, 'a', None]", "[0, 3.0, 0.0, True, 'a', None]",
            "[0, 1.5, 1.0, True, 'a', None]", "[0, 1.5, 0.0, False, 'a', None]"]),
        ("a if b else c", ["a if not b else c"]),
        ("[a for a in b if a.c]", ["[a for a in b if not a.c]"]),
        ("min(a)", ["max(a)"]),
        ("np.argmax(a).any()", ["np.argmax(a).all()", "np.argmin(a).any()"]),
        ("zip(a, b, strict=True)", []),
        ("def f(a: int | str = b) -> X[1]: return a",
         ["def f(a: int | str = b) -> X[1]: return None"]),
        ("def f(): return ()", []),
        ("@dataclass(frozen=True)\nclass A: pass", []),
        ("A = B | C", []),
        ("A = 1", ["A = 2"]),
        ("if TYPE_CHECKING: a = 1 < 2", []),
    ],
)  # fmt: skip
def test_every_kind_of_fault(source: str, now: list[str]) -> None:
    found = [mutated(source, place) for place in range(len(list(edits(ast.parse(source)))))]
    assert sorted(found) == sorted(ast.unparse(ast.parse(text)) for text in now)


def test_what_is_mutated_and_what_answers_for_it_is_there() -> None:
    for path, tests in TESTS.items():
        source = (ROOT / path).read_text(encoding="utf-8")
        assert mutants(source, path)
        assert tests
        assert all((ROOT / t).is_file() for t in tests), path


def test_the_same_seed_draws_the_same_mutants_evenly() -> None:
    paths = list(TESTS)[:3]
    one, other = sampled(ROOT, paths, 31, 1), sampled(ROOT, paths, 31, 1)
    assert one == other == sorted(set(one))
    assert [sum(m.path == p for m in one) for p in sorted(paths)] == [11, 10, 10]
    assert sampled(ROOT, paths, 31, 2) != one
    everything = sampled(ROOT, paths[:1], 10**6, 1)
    assert everything == mutants((ROOT / paths[0]).read_text(encoding="utf-8"), paths[0])


def test_a_timeout_counts_as_killed() -> None:
    mutant = Mutant("a.py", 0, 1, "sign", "`x` -> `y`")
    ends = ("killed", "timeout", "survived", "broken")
    text = table([(mutant, Verdict(end, 1.0)) for end in ends])
    assert "| a.py | 4 | 2 (50%) | 1 | 2 |" in text
    assert text.splitlines()[-1] == "| all | 4 | 2 (50%) | 1 | 2 |"


def test_a_toy_house(tmp_path: Path) -> None:
    """A tie is not tried by its tests, and survives; what never ends is ended, and killed."""
    for name, text in (("causal/__init__.py", ""), ("causal/toy.py", TOY),
                       ("tests/test_toy.py", TESTS_OF_TOY)):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    chosen = {m.what for m in sampled(tmp_path, ["causal/toy.py"], 8, 19)}
    assert {"`low > floor` -> `low >= floor`", "`x -= 1` -> `x += 1`"} < chosen
    run = subprocess.run(
        [sys.executable, "-m", "tests.mutation", "--root", str(tmp_path), "--count", "8",
         "--pair", "causal/toy.py=tests/test_toy.py", "--seed", "19", "--spare", "0.5"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = run.stdout.splitlines()
    assert lines[0] == "survived: causal/toy.py:5  boundary: `low > floor` -> `low >= floor`"
    assert "| all | 8 | 7 (88%) | 1 | 1 |" in lines, run.stdout + run.stderr
    assert run.returncode == 1, "seven of eight are fewer than nine of ten"
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
