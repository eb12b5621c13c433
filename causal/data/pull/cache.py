"""What was pulled, kept: per source one Parquet file of vintages, and a manifest with its hash.

A row is what was known of a day from a moment on: (day, known_at, values).  A revision adds a row
and takes none away, so what was known on any day since the first pull can be asked for.  A commit
writes the new file beside the old under the name of its hash, then moves a new manifest over the
old one: whoever is killed between leaves the old state whole, and a file that nobody names.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from causal import file
from causal.contract.array import Array
from causal.data.panel import Days, one_day
from causal.data.pull import manifest
from causal.data.pull.manifest import MANIFEST, Manifest, Pulled
from causal.data.sources.source import Observations, Source
from causal.errors import DataError, IntegrityError, SourceError

FOLDER = "CAUSAL_CACHE"
KEPT = 50  # pulls that the manifest remembers one by one
LEFT = re.compile(r"[0-9a-f]{16}\.parquet|\.(manifest\.json|[0-9a-f]{16}\.parquet)\.[0-9a-f]+\.tmp")


@dataclass(frozen=True, slots=True, eq=False)
class Vintages:
    """All rows of a source, in the order in which they became known."""

    days: Days
    known_at: np.ndarray
    values: Mapping[str, Array]

    def as_known(self, moment: np.datetime64 | None = None) -> Observations:
        """The last word on every day up to ``moment`` (default: now), without withdrawn days."""
        if moment is None:
            place = np.arange(len(self.days))
        else:
            place = np.flatnonzero(self.known_at <= moment)
        days, last = np.unique(self.days[place][::-1], return_index=True)
        chosen = place[::-1][last]
        rows = Observations(days, {n: v[chosen] for n, v in self.values.items()})
        return rows.pick(~np.all([np.isnan(v) for v in rows.values.values()], axis=0))


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """CAUSAL_CACHE, else the folder for such things on this system; raises DataError."""
    known = os.environ if environment is None else environment
    try:
        if known.get(FOLDER):
            return Path(known[FOLDER]).expanduser()
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "causal"
        if sys.platform == "win32":
            return Path(known.get("LOCALAPPDATA", Path.home())) / "causal" / "cache"
        return Path(known.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "causal"
    except RuntimeError:
        raise DataError(
            "This user has no home folder that could be found.",
            "There is no place for a cache.",
            f"Name one in the environment variable {FOLDER}.",
        ) from None


def stored_names(cache: Path) -> tuple[str, ...]:
    """The sources of which something is stored; raises DataError if the cache cannot be listed."""
    try:
        with os.scandir(cache) as inside:
            folders = [p for p in inside if not p.is_file(follow_symlinks=False)]
        found = [p.name for p in folders if not p.name.startswith(".")]
        return tuple(sorted(n for n in found if _there(cache / n / MANIFEST)))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as trouble:
        raise DataError(
            f"The cache {str(cache)!r} cannot be read: {file.reason(trouble)}.",
            "Whether anything was pulled cannot be told.",
            f"Check the folder and its permissions, or name another one in {FOLDER}.",
        ) from None


def manifests(cache: Path) -> tuple[Manifest, ...]:
    """The manifests of everything that was ever pulled, by name; raises IntegrityError."""
    found = (manifest_of(cache, name) for name in stored_names(cache))
    return tuple(one for one in found if one is not None)


def manifest_of(cache: Path, name: str) -> Manifest | None:
    """The manifest of one source; None if it was never pulled; raises IntegrityError."""
    return manifest.read_manifest(cache / name / MANIFEST)


def vintages(cache: Path, found: Manifest) -> Vintages:
    """All rows of a source; raises IntegrityError if the bytes are not those of the manifest."""
    where = cache / found.name / found.file
    body = manifest.regular(where)
    if body is None:
        raise manifest.corrupt(where, "it is gone")
    if hashlib.sha256(body).hexdigest() != found.sha256:
        raise manifest.corrupt(where, "its bytes are not those that were stored")
    parquet = _parquet()
    try:
        table = parquet.read_table(io.BytesIO(body))
        columns = {n: table.column(n).to_numpy() for n in table.column_names}
        days = columns.pop("day").astype("datetime64[D]")
        known = columns.pop("known_at").astype("datetime64[us]")
        values = {n: v.astype(np.float64) for n, v in columns.items()}
    except (KeyError, ValueError, TypeError, OSError, NotImplementedError):
        raise manifest.corrupt(where, "it is no table of days and values") from None
    if np.isnat(days).any() or np.isnat(known).any() or (np.diff(known) < np.timedelta64(0)).any():
        raise manifest.corrupt(where, "its rows are not in the order in which they were known")
    return Vintages(days, known, values)


def stored_rows(cache: Path, name: str, vintage: str | None = None) -> Observations | None:
    """The rows of a source, as they were known at the end of the day ``vintage``; None if never.

    Raises IntegrityError.  A commit in between is no error: the manifest is read again.
    """
    found = manifest_of(cache, name)
    if found is None:
        return None
    try:
        rows = vintages(cache, found)
    except IntegrityError:
        again = manifest_of(cache, name)
        if again is None or again.file == found.file:
            raise
        rows = vintages(cache, again)
    moment = None if vintage is None else one_day(vintage).astype("datetime64[us]")
    return rows.as_known(moment if moment is None else moment + np.timedelta64(86_399_999_999))


def commit(
    cache: Path,
    source: Source,
    fresh: Observations,
    *,
    asked: tuple[str, str],
    marks: tuple[str, str],
) -> Pulled:
    """Add what ``fresh`` says that was not known before; all at once or not at all.

    ``asked`` is the first and last day that was asked for, ``marks`` ETag and Last-Modified.  A day
    that a whole history lacks is withdrawn.  Says what changed.
    """
    before = manifest_of(cache, source.name)
    now = datetime.now(UTC)
    kept = _aligned(source, vintages(cache, before)) if before else _nothing(source)
    added, pulled = _difference(kept.as_known(), fresh, source.whole, manifest.stamped(now))
    name, sha = (before.file, before.sha256) if before else ("", "")
    place = cache / source.name
    file.folder(place, DataError)
    if len(added) or before is None:
        body = _packed(kept, added, np.datetime64(now.replace(tzinfo=None), "us"))
        sha = hashlib.sha256(body).hexdigest()
        name = f"{sha[:16]}.parquet"
        file.replace(place / name, body, DataError, private=True)
    pulls = (*(before.pulls if before else ()), *([pulled] if len(added) else ()))
    after = Manifest(
        **_facts(source),
        file=name,
        sha256=sha,
        asked_since=min(asked[0], before.asked_since) if before else asked[0],
        asked_until=asked[1],
        checked=manifest.stamped(now),
        etag=marks[0],
        modified=marks[1],
        previous=before.file if before and before.file != name else "",
        pulls=pulls[-KEPT:],
    )
    _write(cache, after)
    tidy(cache, source.name)
    return pulled


def seen(cache: Path, found: Manifest) -> None:
    """Note that the publisher was asked and had nothing new."""
    _write(cache, replace(found, checked=manifest.stamped(datetime.now(UTC))))


def tidy(cache: Path, name: str) -> None:
    """Remove what an interrupted pull left behind, and write anew a manifest that says too much or
    that others may read; only while the lock is held."""
    place = cache / name
    if not place.is_dir() or place.is_symlink():
        return
    found = manifest_of(cache, name)
    if found is not None and _open(place / MANIFEST, found):
        _write(cache, found)
    named = {found.file, found.previous} if found else set()
    try:
        for path in place.iterdir():
            if path.name not in named and LEFT.fullmatch(path.name):
                path.unlink(missing_ok=True)
    except OSError as trouble:
        raise DataError(
            f"The folder {str(place)!r} cannot be tidied: {file.reason(trouble)}.",
            "What was stored before is untouched.",
            "Check the folder and its permissions.",
        ) from None


def _difference(
    old: Observations, fresh: Observations, whole: bool, at: str
) -> tuple[Observations, Pulled]:
    """The rows of ``fresh`` that are new or differ, withdrawn days as blanks, and their number."""
    _, here, there = np.intersect1d(fresh.days, old.days, return_indices=True)
    differs, largest = np.zeros(len(here), dtype=bool), ("", 0.0)
    for name, new in fresh.values.items():
        one, two = new[here], old.values[name][there]
        differs |= ~((one == two) | (np.isnan(one) & np.isnan(two)))
        scale = np.where(two == 0, np.nan, np.abs(two))
        change = np.nan_to_num(np.abs(one - two) / scale)
        if len(change) and change.max() > largest[1]:
            day = fresh.days[here][int(change.argmax())]
            largest = (f"{name} on {day} by {change.max():.1%}", float(change.max()))
    new_days = np.setdiff1d(np.arange(len(fresh)), here)
    gone = np.setdiff1d(old.days, fresh.days) if whole else old.days[:0]
    chosen = np.sort(np.concatenate([new_days, here[differs]])).astype(int)
    blank = np.full(len(gone), np.nan)
    values = {n: np.concatenate([v[chosen], blank]) for n, v in fresh.values.items()}
    added = Observations(np.concatenate([fresh.days[chosen], gone]), values)
    return added, Pulled(at, len(new_days), int(differs.sum()), len(gone), largest[0])


def _packed(kept: Vintages, added: Observations, now: np.datetime64) -> bytes:
    import pyarrow as pa

    parquet = _parquet()
    if len(kept.known_at):
        now = max(now, kept.known_at[-1] + np.timedelta64(1, "us"))  # a clock that was set back
    stamps = np.full(len(added), now, dtype="datetime64[us]")
    columns: dict[str, Any] = {
        "day": pa.array(np.concatenate([kept.days, added.days]).astype("datetime64[D]")),
        "known_at": pa.array(np.concatenate([kept.known_at, stamps])),
    }
    for name, values in added.values.items():
        columns[name] = pa.array(np.concatenate([kept.values[name], values]))
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream, compression="zstd")
    return stream.getvalue()


def _nothing(source: Source) -> Vintages:
    none = np.zeros(0)
    stamps = np.zeros(0, dtype="datetime64[us]")
    return Vintages(stamps.astype("datetime64[D]"), stamps, dict.fromkeys(source.names, none))


def _aligned(source: Source, kept: Vintages) -> Vintages:
    """Stored rows with the columns of this version's source; a column it lacks was not known."""
    unknown = np.full(len(kept.days), np.nan)
    values = {n: kept.values.get(n, unknown) for n in source.names}
    return Vintages(kept.days, kept.known_at, values)


def _facts(source: Source) -> dict[str, Any]:
    names = ("name", "title", "publisher", "licence", "citation", "endpoint", "lag", "sessions")
    units = {c.name: c.unit for c in source.columns}
    return {**{n: getattr(source, n) for n in names}, "columns": units}


def _write(cache: Path, after: Manifest) -> None:
    manifest.write_manifest(cache / after.name / MANIFEST, after)


def _there(where: Path) -> bool:
    """Whether there is a manifest, or something that cannot be looked into."""
    try:
        where.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _open(where: Path, found: Manifest) -> bool:
    """Whether a manifest of an earlier version may be read by others, or keeps a whole address."""
    shared = os.name == "posix" and where.stat().st_mode & 0o077
    return bool(shared) or file.contents(where, IntegrityError) != manifest.packed(found).encode()


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise SourceError(
            "The cache is Parquet, and `pyarrow` is not installed.",
            "Nothing can be read from it or written to it.",
            'Install it with `pip install "causal-crash[data]"`.',
        ) from None
    return pyarrow.parquet
