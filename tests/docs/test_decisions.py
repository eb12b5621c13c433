"""The decision records: numbered from 1 without a gap, titled by number, named as they are."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.page import ROOT

RECORDS = sorted((ROOT / "docs" / "decisions").iterdir())
NAMED = re.compile(r"\b(?:decisions/)?(\d{4}-[a-z][a-z-]*\.md)\b")


def wrong(records: list[tuple[str, str]]) -> list[str]:
    """What is wrong with the names of records and their first lines."""
    faults = []
    for number, (name, title) in enumerate(records, start=1):
        if not re.fullmatch(rf"{number:04}-[a-z][a-z-]*[a-z]\.md", name):
            faults.append(f"{name} stands where number {number} should")
        if not re.fullmatch(rf"# {number}\. [A-Z].*", title):
            faults.append(f"{name} is titled `{title}`")
    return faults


def title(path: Path) -> str:
    return path.read_text(encoding="utf-8").partition("\n")[0]


def test_numbers_run_from_one_and_titles_carry_them() -> None:
    assert len(RECORDS) >= 10
    assert not wrong([(p.name, title(p)) for p in RECORDS])


def test_no_text_names_a_record_that_is_not_there() -> None:
    """Links are checked elsewhere; comments and docstrings name records, too."""
    texts = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    texts += [p for d in ("causal", "tests") for p in (ROOT / d).rglob("*.py")]
    names = {p.name for p in RECORDS}
    said = {(p, n) for p in texts for n in NAMED.findall(p.read_text(encoding="utf-8"))}
    said = {(p, n) for p, n in said if p != Path(__file__).resolve()}
    assert len(said) >= 10
    assert not {(str(p.relative_to(ROOT)), n) for p, n in said if n not in names}


def test_a_gap_and_a_wrong_title_are_seen() -> None:
    assert not wrong([("0001-one.md", "# 1. One"), ("0002-two.md", "# 2. Two")])
    assert len(wrong([("0001-one.md", "# 1. One"), ("0003-two.md", "# 2. Two")])) == 1
    assert len(wrong([("0001-one.md", "# 2. One")])) == 1
    assert len(wrong([("0002-one.md", "# 2. One")])) == 2
