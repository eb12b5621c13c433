"""The one way out: whatever a command prints passes here (or ``console.Console``), as text.

Control characters are spelt out, so that nothing in a name, a path or an error message reaches the
terminal as an order.  Nothing here loads rich, and only ``say`` loads typer: ``--json`` does
without the one, and a plain question without both.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from typing import Any

from causal.text import CONTROL, LINES, controls, escaped, escaped_json


def say(text: str = "", *, err: bool = False) -> None:
    """Print a text, which may have several lines, on stdout or stderr."""
    from typer import echo

    echo(escaped(text, LINES), err=err)


def json_text(record: dict[str, Any] | list[dict[str, Any]]) -> str:
    """JSON, pure of control characters; letters that standard output cannot show are escaped."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    return escaped_json(json.dumps(record, ensure_ascii=plain, allow_nan=False, indent=2))


def say_json(record: dict[str, Any] | list[dict[str, Any]]) -> None:
    """Print JSON on stdout."""
    say(json_text(record))


def flush() -> None:
    """Write what is left to write; a reader that has gone away is no error."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def shell_word(text: str) -> str:
    """A word as a shell reads it back: quoted, control characters as in ``$'\\x1b'``."""
    if not controls(text):
        return shlex.quote(text)
    plain = text.replace("\\", "\\\\").replace("'", "\\'")
    return "$'" + CONTROL.sub(lambda m: _octets(m[0]), plain) + "'"


def _octets(char: str) -> str:
    """A character as the octets that a file name holds, each spelt ``\\x9b``."""
    return "".join(f"\\x{octet:02x}" for octet in char.encode("utf-8", "surrogateescape"))
