"""The manifest of one source in the cache: where its rows lie, and all that a reader has to know.

It is a file that others may have changed: every field is checked when it is read, and before it is
written, so that what was written can be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from causal import file, text
from causal.data.sources import secret
from causal.data.sources.source import LAGS, LONGEST, NAMED
from causal.errors import DataError, IntegrityError

FORMAT = 1
MANIFEST = "manifest.json"
MOST = 10**9  # of a count
BODY = re.compile(r"[0-9a-f]{16}\.parquet")  # the rows, by the head of their hash
STAMP = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Pulled:
    """One pull that changed something: when, how many days were new, revised, withdrawn."""

    at: str
    new: int
    revised: int
    gone: int
    largest: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of one source: where its rows lie, and all that a reader has to know of it."""

    name: str
    title: str
    publisher: str
    licence: str
    citation: str
    endpoint: str
    columns: Mapping[str, str]
    lag: int
    sessions: bool
    file: str
    sha256: str
    asked_since: str
    asked_until: str
    checked: str
    etag: str = ""
    modified: str = ""
    previous: str = ""
    pulls: tuple[Pulled, ...] = ()


def stamped(moment: datetime) -> str:
    """A moment as manifests write it."""
    return f"{moment.astimezone(UTC):{STAMP}}"


def read_manifest(where: Path) -> Manifest | None:
    """The manifest in a file; None if there is none.

    Raises IntegrityError naming the first field that is not what it should be, and DataError if a
    newer version of the package wrote it.
    """
    body = regular(where)
    if body is None:
        return None
    try:
        plain = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise corrupt(where, "it is no whole JSON") from None
    made: Any = plain.get("format") if isinstance(plain, dict) else None
    if _whole(made) and made > FORMAT:
        raise DataError(
            f"The cache of `{where.parent.name}` was written by a newer version.",
            "It cannot be read with this one; nothing in it was touched.",
            "Upgrade causal-crash, or point CAUSAL_CACHE to another folder.",
        )
    wrong = manifest_fault(plain, where.parent.name)
    if wrong:
        raise corrupt(where, wrong)
    plain.pop("format")
    pulls = tuple(Pulled(**p) for p in plain.pop("pulls"))
    return Manifest(**plain, pulls=pulls)


def write_manifest(where: Path, entry: Manifest) -> None:
    """Put a manifest in its place, readable by its owner alone; raises DataError."""
    content = packed(entry)
    wrong = manifest_fault(json.loads(content), where.parent.name)
    if wrong:
        raise DataError(
            f"What was pulled of `{entry.name}` cannot be described: {wrong}.",
            "Its manifest could not be read again; nothing was stored.",
            "Describe the source by texts of one line each, without unprintable characters.",
        )
    file.replace(where, content, DataError, private=True)


def packed(entry: Manifest) -> str:
    """The text of a manifest; of the endpoint it keeps what may be shown."""
    safe = replace(entry, endpoint=secret.presentable(entry.endpoint))
    plain: dict[str, Any] = {n: getattr(safe, n) for n in Manifest.__slots__}
    plain["pulls"] = [{n: getattr(p, n) for n in Pulled.__slots__} for p in entry.pulls]
    return json.dumps({"format": FORMAT, **plain}, indent=1, ensure_ascii=False) + "\n"


def manifest_fault(plain: object, name: str) -> str:
    """What is wrong first with the manifest of the source ``name``; nothing if nothing is."""
    wrong = _fault(plain, {"format": lambda v: _whole(v) and v == FORMAT, **FIELDS})
    if wrong or not isinstance(plain, dict):
        return wrong
    if plain["name"] != name:
        return "`name` is not that of its folder"
    if not plain["sha256"].startswith(plain["file"].removesuffix(".parquet")):
        return "`file` is not named by `sha256`"
    odd = next(filter(None, (_fault(p, PULL) for p in plain["pulls"])), "")
    return f"in `pulls`, {odd}" if odd else ""


def regular(where: Path) -> bytes | None:
    """The bytes of a file of the cache; None if there is none; raises IntegrityError.

    The cache holds plain files alone: no link leads out of it, and no pipe is waited for.
    """
    try:
        if where.parent.is_symlink() or where.is_symlink():
            raise corrupt(where, "a symbolic link leads to it")
        if where.exists() and not where.is_file():
            raise corrupt(where, "it is no plain file")
        if not where.exists():
            return None
    except OSError as trouble:
        raise corrupt(where, file.reason(trouble)) from None
    return file.contents(where, IntegrityError)


def corrupt(where: Path, why: str) -> IntegrityError:
    """The error for a file of the cache that cannot be trusted."""
    return IntegrityError(
        f"{where} is damaged: {why}.",
        "It is not what was stored, so nothing is read from it, and nothing was changed.",
        f"Pull it anew: `causal data pull {where.parent.name} --anew` sets aside what is there.",
    )


Check = Callable[[Any], bool]


def _fault(plain: object, fields: Mapping[str, Check]) -> str:
    if not isinstance(plain, dict):
        return "it is no table of fields"
    if set(plain) != set(fields):
        missing = sorted(set(fields) - set(plain))
        return f"`{missing[0]}` is missing" if missing else "it has a field too many"
    wrong = next((n for n, sound in fields.items() if not sound(plain[n])), "")
    return f"`{wrong}` is not what it should be" if wrong else ""


def _line(value: object) -> bool:
    return isinstance(value, str) and not text.fault(value) and len(value) <= LONGEST


def _mark(value: object) -> bool:
    return _line(value) and str(value).isascii()  # it is sent back in a header


def _whole(value: object, most: int = MOST) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _like(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _moment(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.strptime(value, STAMP))
    except ValueError:
        return False


def _columns(value: object) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(name and _line(name) and _line(unit) for name, unit in value.items())


PULL: Mapping[str, Check] = {
    "at": _moment,
    "new": _whole,
    "revised": _whole,
    "gone": _whole,
    "largest": _line,
}

FIELDS: Mapping[str, Check] = {
    **dict.fromkeys(("title", "publisher", "licence", "citation", "endpoint"), _line),
    "name": _like(NAMED),
    "columns": _columns,
    "lag": lambda value: _whole(value, LAGS),
    "sessions": lambda value: isinstance(value, bool),
    "file": _like(BODY),
    "sha256": _like(re.compile("[0-9a-f]{64}")),
    "asked_since": _day,
    "asked_until": _day,
    "checked": _moment,
    "etag": _mark,
    "modified": _mark,
    "previous": lambda value: value == "" or _like(BODY)(value),
    "pulls": lambda value: isinstance(value, list),
}
