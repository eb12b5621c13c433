"""The small story as a document and as a file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.graph.small import TOML


@pytest.fixture
def document() -> dict[str, Any]:
    return tomllib.loads(TOML)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "small.toml"
    found.write_text(TOML, encoding="utf-8")
    return found
