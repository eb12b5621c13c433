"""A folder of its own for what is kept between two processes."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def nothing_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws are kept in the cache, as a user's are, not in the folder that other tests share."""
    monkeypatch.delenv("CAUSAL_DRAWS", raising=False)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAUSAL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
