"""Ctrl-C, one way for all commands: a line on stderr that says what is kept, and status 130."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

INTERRUPTED = 130
NOTHING = "nothing is kept, and no file was changed."


@contextmanager
def keeping(kept: Callable[[], str]) -> Iterator[None]:
    """Let an interruption carry what ``kept`` says once it has come."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(kept()) from None


def tell_interrupted(stopped: KeyboardInterrupt) -> int:
    """Say what is kept; returns the exit status.

    Threads and processes still end what they have begun.  Who does not want to wait for them
    presses Ctrl-C once more: then the process ends at once, as a pull or a sweep may, anywhere.
    """
    with suppress(ValueError):  # not in the main thread: nobody's keyboard reaches it
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(INTERRUPTED))
    from causal.app.output import say

    with suppress(OSError):
        say(f"Interrupted: {stopped.args[0] if stopped.args else NOTHING}", err=True)
    return INTERRUPTED
