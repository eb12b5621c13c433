"""A sign of life on stderr while something long runs; nothing where nobody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec


@contextmanager
def waiting(what: str, *, numba: bool = True) -> Iterator[None]:
    """Show ``what`` and the time it has taken, until it is done.

    ``numba``: whether it would make this faster, which is told where it is missing.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from causal.app.console import Console

    faster = (
        ""
        if not numba or find_spec("numba")
        else "  (several times faster with causal-crash[fast])"
    )
    columns = (SpinnerColumn(), TextColumn(f"{what}{faster}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(what, total=None)
        yield
