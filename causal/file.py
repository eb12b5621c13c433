"""Files: the bytes of one, and putting one in place all at once."""

from __future__ import annotations

import errno
import os
import stat
import zlib
from pathlib import Path

from causal.errors import CausalError

OWNER = 0o600  # permissions of what only its owner may read
UNPACKED = 256 * 2**20  # bytes that a compressed file may grow to
GZIP = b"\x1f\x8b"  # how a member of a gzip file begins
LINKS = 40  # that are followed, one after another
PACKAGE = Path(__file__).resolve().parent
NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # Windows has no such flag


def shipped_folder() -> Path:
    """Where the data that travel with the package lie: in the wheel, or beside the checkout."""
    wheel, checkout = PACKAGE / "shipped", PACKAGE.parent / "models"
    return wheel if wheel.is_dir() else checkout


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


def unzipped(raw: bytes, name: str, error: type[CausalError], *, most: int | None = None) -> bytes:
    """The bytes in a gzip file of one member or more; at most ``most`` (``UNPACKED``) are made.

    Raises ``error`` where there are more, where it is damaged or cut short, and for no gzip file.
    """
    most = UNPACKED if most is None else most
    parts: list[bytes] = []
    grown, rest = 0, raw
    try:
        while rest.startswith(GZIP) or not parts:
            stream = zlib.decompressobj(wbits=31)
            parts.append(stream.decompress(rest, most - grown + 1))
            grown += len(parts[-1])
            if grown > most:
                raise error(
                    f"{name} unpacks to more than {most:,} bytes.",
                    "No file of its kind is so large: it is damaged, or made to fill the memory. "
                    "Nothing more was unpacked.",
                    "Unpack it yourself, look what it holds, and name the plain file.",
                )
            if not stream.eof:
                raise zlib.error("it is cut short")
            rest = stream.unused_data
        if rest.strip(b"\0"):
            raise zlib.error("something else follows its last part")
    except zlib.error as trouble:
        raise error(
            f"{name} cannot be read: the gzip file is damaged ({trouble}).",
            "It is no file that gzip has written, or not the whole of one.",
            "Compress it again, or give the plain file under a name without `.gz`.",
        ) from None
    return b"".join(parts)


def replace(
    path: str | os.PathLike[str],
    content: str | bytes,
    error: type[CausalError],
    *,
    private: bool = False,
) -> None:
    """Write ``content`` (text as UTF-8): a reader sees the old file or the new, never half of one.

    Temporary file in the same folder, under a name that cannot be foreseen, flushed to the disk,
    then moved over ``path``.  A link is written through, unless somebody else has laid it
    (``followed``); a file keeps its permissions.  ``private``: only the owner may read or write it
    (0600), and a link is replaced, not followed.
    """
    try:
        where = _place(path, private)
        data = content if isinstance(content, bytes) else content.encode("utf-8")
        mode = OWNER if private else _mode(where)
        beside, handle = _begun(where, OWNER if mode == OWNER else 0o666)
        try:
            with os.fdopen(handle, "wb") as stream:
                if mode is not None and hasattr(os, "fchmod"):
                    os.fchmod(stream.fileno(), mode)
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(where)
        finally:
            beside.unlink(missing_ok=True)
    except (OSError, ValueError) as trouble:
        raise _unwritable(path, trouble, error) from None


def writable(path: str | os.PathLike[str], error: type[CausalError]) -> None:
    """Raise now the ``error`` that ``replace`` would raise for this place, before the work is done.

    An empty file is put beside ``path`` and taken away again: whether a folder may be written to is
    known to the system alone.  A disk may still fill up later.
    """
    try:
        beside, handle = _begun(_place(path, private=False), OWNER)
        os.close(handle)
        beside.unlink()
    except (OSError, ValueError) as trouble:
        raise _unwritable(path, trouble, error) from None


def _place(path: str | os.PathLike[str], private: bool) -> Path:
    """The file to be replaced, links followed; raises OSError where it is no plain file."""
    where = Path(path) if private else followed(path)
    if where.is_dir() and not where.is_symlink():
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if where.exists() and not where.is_file() and not where.is_symlink():
        raise OSError(errno.EINVAL, "it is no plain file")
    return where


def _begun(where: Path, permissions: int) -> tuple[Path, int]:
    """A new file beside ``where``, under a name that cannot be foreseen, and its handle."""
    beside = where.with_name(f".{where.name}.{os.urandom(8).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK | getattr(os, "O_BINARY", 0)
    return beside, os.open(beside, flags, permissions)


def _unwritable(
    path: str | os.PathLike[str], trouble: Exception, error: type[CausalError]
) -> CausalError:
    return error(
        f"{str(path)!r} cannot be written: {reason(trouble)}.",
        "What stood there before is untouched.",
        "Choose a folder that exists, that you may write to, and that has room.",
    )


def folder(path: str | os.PathLike[str], error: type[CausalError]) -> None:
    """Make a folder that only its owner may enter (0700), with those above it, where none is.

    What is there stays as it is; a link in its place, or a file, is an error.
    """
    where = Path(path)
    try:
        where.mkdir(parents=True, exist_ok=True, mode=0o700)
        if where.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, "a symbolic link stands in its place")
    except (OSError, ValueError) as trouble:
        raise error(
            f"The folder {str(where)!r} cannot be used: {reason(trouble)}.",
            "Nothing was written.",
            "Move away what stands there, or choose a folder that you may write to.",
        ) from None


def followed(path: str | os.PathLike[str]) -> Path:
    """The file that ``path`` stands for, links followed; raises OSError for one that is foreign.

    Linux keeps to this rule in folders such as /tmp; resolving a path by hand would go round it.
    """
    where = Path(path)
    for _ in range(LINKS):
        where = Path(os.path.realpath(where.parent)) / where.name
        if not where.is_symlink():
            return where
        if foreign(where):
            raise PermissionError(errno.EPERM, "a symbolic link of another user stands there")
        where = where.parent / where.readlink()
    raise OSError(errno.ELOOP, "its symbolic links go round in a circle")


def foreign(path: Path) -> bool:
    """Whether somebody else put this into a folder where everybody may put things (like /tmp)."""
    if not hasattr(os, "geteuid"):
        return False
    above = path.parent.stat()
    open_to_all = above.st_mode & stat.S_ISVTX and above.st_mode & stat.S_IWOTH
    return bool(open_to_all) and owner(path) not in (os.geteuid(), above.st_uid)


def owner(path: Path) -> int:
    """Number of the user to whom a file or link belongs, the link itself."""
    return path.lstat().st_uid


def _mode(where: Path) -> int | None:
    """Permissions of the file that stands there; None if there is none."""
    try:
        return stat.S_IMODE(where.stat().st_mode) & 0o777
    except FileNotFoundError:
        return None


def reason(trouble: Exception) -> str:
    """What the operating system said, without its number and path."""
    return getattr(trouble, "strerror", None) or str(trouble)
