"""Every module is reached: some documented command or code block enters a function body of it.

What the documentation runs is watched (``tests/entered.py``) where it runs anyway, in
``tests/docs``, by whichever worker.  What has not been run when the turn comes here is run here.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.docs import test_data_pages
from tests.docs.page import run
from tests.docs.test_docs import PAGES, name
from tests.entered import HOUSE, ROOT, doing, done, entered

UNREACHED = {
    "causal/learn/counting/numba_count.py": "sixty million rows outweigh loading it, no page has"
}
"""Modules that no documentation reaches, each with the reason why none should."""


def bodies(tree: ast.AST) -> bool:
    """Whether a function is defined that does more than to stand for one (``...``)."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    return any(not _stands(line) for function in functions for line in function.body)


def _stands(line: ast.stmt) -> bool:
    return isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)


def modules() -> set[str]:
    """The files of the house that define function bodies, but for the doors of packages."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in HOUSE.rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
        and bodies(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_every_module_is_reached(record: Path, tmp_path: Path) -> None:
    jobs = {name(page): page for page in PAGES} | {test_data_pages.JOB: None}
    for place, (job, page) in enumerate(jobs.items()):
        folder = tmp_path / str(place)
        folder.mkdir()
        if done(record, job):
            continue
        with doing(record, job):
            if page is None:
                test_data_pages.run(folder, record)
            else:
                list(run(page, folder, history=None, record=record))
    found = faults(modules(), entered(record), set(UNREACHED))
    assert not found, "\n".join(found)


def faults(known: set[str], found: set[str], exempt: set[str]) -> list[str]:
    """What is neither reached nor exempt, and what is exempt for nothing."""
    return [
        *(
            f"no documented command or code block reaches {m}"
            for m in sorted(known - found - exempt)
        ),
        *(f"{m} is exempt, and reached" for m in sorted(exempt & found)),
        *(f"{m} is exempt, and not there" for m in sorted(exempt - known)),
    ]


def test_what_is_unreached_and_what_is_exempt_for_nothing_is_named() -> None:
    assert not faults({"a", "b"}, {"a"}, {"b"})
    assert len(faults({"a", "b"}, {"a"}, set())) == 1
    assert len(faults({"a", "b"}, {"a", "b"}, {"b"})) == 1
    assert len(faults({"a"}, {"a"}, {"b"})) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X = 1", False),
        ("class P(Protocol):\n    def area(self) -> float: ...", False),
        ('class P(Protocol):\n    def area(self) -> float:\n        "In metres."', False),
        ("class P:\n    def area(self) -> float:\n        return 1.0", True),
    ],
)
def test_what_has_a_function_body(text: str, expected: bool) -> None:
    assert bodies(ast.parse(text)) is expected


def test_a_job_is_done_once(tmp_path: Path) -> None:
    assert not done(tmp_path, "docs/page.md")
    with doing(tmp_path, "docs/page.md"):
        assert not done(tmp_path, "README.md")
    assert done(tmp_path, "docs/page.md")
