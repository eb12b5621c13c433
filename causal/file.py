"""Files: the bytes of one, and putting one in place all at once."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from causal.errors import CausalError


def contents(path: str | os.PathLike[str], error: type[CausalError]) -> bytes:
    """The bytes of a file; ``error`` when it is missing, a folder, or may not be read."""
    where = Path(path)
    try:
        return where.read_bytes()
    except FileNotFoundError:
        raise error(
            f"There is no file {where}.",
            "Nothing could be read.",
            "Check the path and the folder you are in.",
        ) from None
    except IsADirectoryError:
        raise error(
            f"{where} is a folder.", "A file was expected.", "Name a file inside it."
        ) from None
    except (OSError, ValueError) as trouble:
        raise error(
            f"{str(where)!r} cannot be read: {reason(trouble)}.",
            "Nothing was read.",
            "Check the path and its permissions.",
        ) from None


def replace(path: str | os.PathLike[str], text: str, error: type[CausalError]) -> None:
    """Write ``text`` (UTF-8) so that a reader sees the old file or the new one, never half of one.

    Temporary file in the same folder, flushed to the disk, then moved over ``path``.
    """
    where = Path(os.path.realpath(path))
    beside = where.with_name(f".{where.name}.{secrets.token_hex(4)}.tmp")
    try:
        if where.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        data = text.encode("utf-8")
        try:
            with beside.open("xb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(where)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as trouble:
        raise error(
            f"{str(where)!r} cannot be written: {reason(trouble)}.",
            "What stood there before is untouched.",
            "Choose a folder that exists and that you may write to.",
        ) from None


def reason(trouble: Exception) -> str:
    """What the operating system said, without its number and path."""
    return getattr(trouble, "strerror", None) or str(trouble)
