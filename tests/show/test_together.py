"""What pictures and pgmpy borrow of the whole process is put back, whatever other threads do."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from types import ModuleType

from causal.model.pgmpy_table import quiet
from causal.show.picture import write_picture
from causal.show.render import render

WAIT = 0.2  # seconds in which the second comes in, where it is let in at all


Work = Callable[[Callable[[], None]], object]
"""Something done in the middle of which it calls what it is given."""


def crossed(work: Work, other: Work | None = None) -> None:
    """Two threads at work; the first leaves while the second is in it, if both may be in."""
    first_in, second_in, first_out = Event(), Event(), Event()

    def first() -> None:
        work(lambda: (first_in.set(), second_in.wait(WAIT))[0])
        first_out.set()

    def second() -> None:
        assert first_in.wait(30)
        (other or work)(lambda: (second_in.set(), first_out.wait(WAIT))[0])

    with ThreadPoolExecutor(2) as pool:
        for job in [pool.submit(first), pool.submit(second)]:
            job.result()


def pgmpy(inside: Callable[[], None]) -> None:
    with quiet():
        inside()


def test_settings_of_figures(tmp_path: Path, needs: Callable[[str], ModuleType]) -> None:
    matplotlib = needs("matplotlib")
    from matplotlib.figure import Figure

    before, filters = dict(matplotlib.rcParams), list(warnings.filters)

    def picture(inside: Callable[[], None]) -> None:
        def draw() -> Figure:
            inside()
            return Figure()

        write_picture(draw, tmp_path / "figure.svg", "A figure")

    crossed(picture)
    crossed(pgmpy, picture)
    assert dict(matplotlib.rcParams) == before
    assert list(warnings.filters) == filters


def test_warnings_and_log_of_pgmpy() -> None:
    logger, filters = logging.getLogger("pgmpy"), list(warnings.filters)

    crossed(pgmpy)
    assert not logger.disabled
    assert list(warnings.filters) == filters


def test_environment_and_stderr_of_diagrams(needs: Callable[[str], ModuleType]) -> None:
    needs("pygraphviz")
    before, stderr = dict(os.environ), os.fstat(2)
    alone = render("digraph { a -> b }", "svg")
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: render("digraph { a -> b }", "svg"), range(40)))
    finally:
        sys.setswitchinterval(usual)
    assert set(found) == {alone}
    assert dict(os.environ) == before
    assert os.path.samestat(os.fstat(2), stderr)
