"""Every code block of the documentation runs, and prints what the page says it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.page import MARKER, ROOT, blocks, run
from tests.entered import doing

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
NUMBER = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)?")
CLOSE = 0.0035  # a number may differ in its third decimal


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def same(said: str, printed: str) -> bool:
    """Whether two texts agree word for word, numbers within ``CLOSE`` (relative above one)."""
    one, other = said.split(), printed.split()
    if len(one) != len(other):
        return False
    return all(a == b or _near(a, b) for a, b in zip(one, other, strict=True))


def _near(one: str, other: str) -> bool:
    if NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    pairs = zip(NUMBER.findall(one), NUMBER.findall(other), strict=True)
    numbers = [(float(a.replace(",", "")), float(b.replace(",", ""))) for a, b in pairs]
    return all(abs(a - b) <= CLOSE * max(1.0, abs(a)) for a, b in numbers)


def check(page: Path, folder: Path, history: Path | None, record: Path | None = None) -> int:
    """Run a page and compare; the number of blocks that ran."""
    ran = 0
    for block, printed in run(page, folder, history=history, record=record):
        silent = block.language == "bash" or (block.language == "console" and not block.said)
        assert silent or same(block.said, printed), f"{block} prints:\n{printed}"
        ran += 1
    return ran


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_blocks_run(page: Path, tmp_path: Path, record: Path) -> None:
    with doing(record, name(page)):
        ran = check(page, tmp_path, None, record)
    assert ran == sum(not b.history for b in blocks(page))


@pytest.mark.parametrize(
    "page", [p for p in PAGES if MARKER in p.read_text(encoding="utf-8")], ids=name
)
def test_blocks_run_with_the_history(page: Path, tmp_path: Path, panel_path: Path) -> None:
    assert check(page, tmp_path, panel_path) == len(blocks(page)) > 0


def test_the_pages_hold_code_to_run() -> None:
    assert len(PAGES) >= 8
    for page in ("README.md", "docs/tutorial/from-panel-to-answer.md", "docs/notation.md"):
        assert any(b.said for b in blocks(ROOT / page)), page


def test_links_lead_somewhere() -> None:
    links = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target
    ]
    assert len(links) >= 5
    missing = [f"{name(p)} -> {t}" for p, t in links if not (p.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize(
    ("said", "printed", "agree"),
    [
        ("a 0.500  b", "a 0.502\nb", True),
        ("a 0.500", "a 0.510", False),
        ("0.500 (1,000 days)", "0.500 (1,002 days)", True),
        ("0.500 to 0.6", "0.500 or 0.6", False),
        ("a", "a b", False),
        ("", "a", False),
    ],
)
def test_the_comparison_can_fail(said: str, printed: str, agree: bool) -> None:
    assert same(said, printed) is agree
