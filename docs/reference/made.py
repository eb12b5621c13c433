"""What the scripts of these pages share: tables that are printed, or written between markers."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path


def finish(page: Path, made: Mapping[str, str], *, write: bool) -> bool:
    """Write tables into their page, or print them; whether they were written."""
    if not write:
        sys.stdout.write("\n\n".join(f"{n}\n{t}" for n, t in made.items()) + "\n")
        return False
    text = page.read_text(encoding="utf-8")
    for name, table in made.items():
        text = _filled(page, text, name, table)
    page.write_text(text, encoding="utf-8")
    return True


def _filled(page: Path, text: str, name: str, table: str) -> str:
    """The page with the part between ``<!-- made: name -->`` and ``<!-- end -->`` replaced."""
    mark = re.compile(rf"(<!-- made: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    found, times = mark.subn(lambda m: f"{m[1]}{table}\n{m[2]}", text)
    if times != 1:
        sys.exit(f"{page.name} has {times} places for `{name}`.")
    return found
