"""What every test may ask for: the real history, optional peers, one hypothesis profile.

A test that cannot run for want of something skips and says what is wanting;
``CAUSAL_REQUIRE_ALL=1`` turns each such skip into a failure, so that CI cannot pass by skipping.
"""

from __future__ import annotations

import getpass
import importlib
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
KEPT = Path(tempfile.gettempdir()) / f"causal-draws-{getpass.getuser()}"  # of all runs: by checksum
os.environ.setdefault("CAUSAL_DRAWS", str(KEPT))

settings.register_profile(
    "laws",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("laws")


def wanting(reason: str) -> NoReturn:
    """Skip because something is not here; fail where everything has to be."""
    if os.environ.get("CAUSAL_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (CAUSAL_REQUIRE_ALL=1)", pytrace=False)
    pytest.skip(reason)


def peer(name: str) -> ModuleType:
    """An optional module, imported without its import-time warnings."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError as missing:
        wanting(f"`{name}` is not installed: {missing}. Install `causal-crash[test]`.")


@pytest.fixture(scope="session")
def needs() -> Callable[[str], ModuleType]:
    """``needs("pyagrum")``: the module, or a skip that says how to get it."""
    return peer


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], ModuleType]) -> None:
    """Compiled kernels for everything, however small."""
    from causal.contract import dispatch

    needs("numba")
    monkeypatch.setenv("CAUSAL_COMPILED", "1")
    monkeypatch.setattr(dispatch, "PAYS_COLD", 0)
    monkeypatch.setattr(dispatch, "PAYS_WARM", 0)


@pytest.fixture(params=["numpy", "compiled"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each path to a number in turn: NumPy alone, and the kernels for everything."""
    if request.param == "compiled":
        request.getfixturevalue("kernel")
    else:
        monkeypatch.setenv("CAUSAL_COMPILED", "0")
    return str(request.param)


@pytest.fixture(scope="session")
def panel_path() -> Path:
    """The real daily history: ``CAUSAL_DATA``, else ``../shared/data/panel.csv``."""
    named = os.environ.get("CAUSAL_DATA")
    path = Path(named) if named else ROOT.parent / "shared" / "data" / "panel.csv"
    if not path.is_file():
        wanting(f"The real history is not here: no file {path}. Set CAUSAL_DATA to panel.csv.")
    return path


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the documentation, as it runs, writes down what it enters, whichever worker runs it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "entered"
    folder.mkdir(exist_ok=True)
    return folder
