"""A small model and a small network as files, and a runner of commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.model.store import save
from tests.app.toy import toy

QUESTION = "P(bitcoin=crash within 3d | do(geopolitics=escalation), leverage=high)"

Run = Callable[..., Any]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("toy") / "toy.json"
    save(toy(), path)
    return str(path)


@pytest.fixture(scope="session")
def bif(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("net") / "rain.bif"
    path.write_text(
        "network rain { }\n"
        "variable rain { type discrete [ 2 ] { yes, no }; }\n"
        "variable wet { type discrete [ 2 ] { yes, no }; }\n"
        "probability ( rain ) { table 0.2, 0.8; }\n"
        "probability ( wet | rain ) { (yes) 0.9, 0.1; (no) 0.3, 0.7; }\n"
    )
    return str(path)


@pytest.fixture(scope="session")
def run() -> Run:
    runner = CliRunner()
    return lambda *words: runner.invoke(app, list(words))
