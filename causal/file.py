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


def replace(path: str | os.PathLike[str], content: str | bytes, error: type[CausalError]) -> None:
    """Write ``content`` (text as UTF-8): a reader sees the old file or the new, never half of one.

    Temporary file in the same folder, flushed to the disk, then moved over ``path``.
    """
    try:
        where = Path(os.path.realpath(path))
        if where.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        beside = where.with_name(f".{where.name}.{secrets.token_hex(4)}.tmp")
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
            f"{str(path)!r} cannot be written: {reason(trouble)}.",
            "What stood there before is untouched.",
            "Choose a folder that exists and that you may write to.",
        ) from None


def reason(trouble: Exception) -> str:
    """What the operating system said, without its number and path."""
    return getattr(trouble, "strerror", None) or str(trouble)
