"""What was pulled, kept: per source one Parquet file of vintages, and a manifest with its hash.

A row is what was known of a day from a moment on: (day, known_at, values).  A revision adds a row
and takes none away, so what was known on any day since the first pull can be asked for.  A commit
writes the new file beside the old under the name of its hash, then moves a new manifest over the
old one: whoever is killed between leaves the old state whole, and a file that nobody names.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from causal import file
from causal.data.panel import Array, Days, one_day
from causal.data.sources.source import Rows, Source
from causal.errors import DataError, IntegrityError, SourceError

FOLDER = "CAUSAL_CACHE"
FORMAT = 1
MANIFEST = "manifest.json"
KEPT = 50  # pulls that the manifest remembers one by one


@dataclass(frozen=True, slots=True)
class Pulled:
    """One pull that changed something: when, how many days were new, revised, withdrawn."""

    at: str
    new: int
    revised: int
    gone: int
    largest: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
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


@dataclass(frozen=True, slots=True, eq=False)
class Vintages:
    """All rows of a source, in the order in which they became known."""

    days: Days
    known_at: np.ndarray
    values: Mapping[str, Array]

    def as_known(self, moment: np.datetime64 | None = None) -> Rows:
        """The last word on every day up to ``moment`` (default: now), without withdrawn days."""
        if moment is None:
            place = np.arange(len(self.days))
        else:
            place = np.flatnonzero(self.known_at <= moment)
        days, last = np.unique(self.days[place][::-1], return_index=True)
        chosen = place[::-1][last]
        rows = Rows(days, {n: v[chosen] for n, v in self.values.items()})
        return rows.pick(~np.all([np.isnan(v) for v in rows.values.values()], axis=0))


def folder(environment: Mapping[str, str] | None = None) -> Path:
    """CAUSAL_CACHE, else the folder for such things on this system."""
    known = os.environ if environment is None else environment
    if known.get(FOLDER):
        return Path(known[FOLDER]).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "causal"
    if sys.platform == "win32":
        return Path(known.get("LOCALAPPDATA", Path.home())) / "causal" / "cache"
    return Path(known.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "causal"


def entries(cache: Path) -> tuple[Entry, ...]:
    """The manifests of everything that was ever pulled, by name."""
    places = (p.parent.name for p in cache.glob(f"*/{MANIFEST}"))
    found = sorted(name for name in places if not name.startswith("."))
    return tuple(e for e in (entry(cache, name) for name in found) if e is not None)


def entry(cache: Path, name: str) -> Entry | None:
    """The manifest of one source; None if it was never pulled; raises IntegrityError."""
    where = cache / name / MANIFEST
    if not where.is_file():
        return None
    try:
        plain = json.loads(file.contents(where, IntegrityError).decode("utf-8"))
        if plain["format"] > FORMAT:
            raise DataError(
                f"The cache of `{name}` was written by a newer version.",
                "It cannot be read with this one.",
                "Upgrade causal-crash, or point CAUSAL_CACHE to another folder.",
            )
        plain.pop("format")
        pulls = tuple(Pulled(**p) for p in plain.pop("pulls"))
        return Entry(**plain, pulls=pulls)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(where) from None


def vintages(cache: Path, found: Entry) -> Vintages:
    """All rows of a source; raises IntegrityError if the bytes are not those of the manifest."""
    where = cache / found.name / found.file
    body = file.contents(where, IntegrityError)
    if hashlib.sha256(body).hexdigest() != found.sha256:
        raise _damaged(where)
    parquet = _parquet()
    try:
        table = parquet.read_table(io.BytesIO(body))
        columns = {n: table.column(n).to_numpy() for n in table.column_names}
        days = columns.pop("day").astype("datetime64[D]")
        known = columns.pop("known_at").astype("datetime64[us]")
    except (KeyError, ValueError, OSError):
        raise _damaged(where) from None
    return Vintages(days, known, {n: v.astype(np.float64) for n, v in columns.items()})


def stored(cache: Path, name: str, vintage: str | None = None) -> Rows | None:
    """The rows of a source, as they were known at the end of the day ``vintage``; None if never.

    Raises IntegrityError.  A commit in between is no error: the manifest is read again.
    """
    found = entry(cache, name)
    if found is None:
        return None
    try:
        rows = vintages(cache, found)
    except IntegrityError:
        again = entry(cache, name)
        if again is None or again.file == found.file:
            raise
        rows = vintages(cache, again)
    moment = None if vintage is None else one_day(vintage).astype("datetime64[us]")
    return rows.as_known(moment if moment is None else moment + np.timedelta64(86_399_999_999))


def commit(
    cache: Path, source: Source, fresh: Rows, *, asked: tuple[str, str], marks: tuple[str, str]
) -> Pulled:
    """Add what ``fresh`` says that was not known before; all at once or not at all.

    ``asked`` is the first and last day that was asked for, ``marks`` ETag and Last-Modified.  A day
    that a whole history lacks is withdrawn.  Says what changed.
    """
    before = entry(cache, source.name)
    now = datetime.now(UTC)
    kept = _aligned(source, vintages(cache, before)) if before else _nothing(source)
    added, pulled = _difference(kept.as_known(), fresh, source.whole, f"{now:%Y-%m-%dT%H:%M:%SZ}")
    name, sha = (before.file, before.sha256) if before else ("", "")
    place = cache / source.name
    if len(added) or before is None:
        body = _packed(kept, added, np.datetime64(now.replace(tzinfo=None), "us"))
        sha = hashlib.sha256(body).hexdigest()
        name = f"{sha[:16]}.parquet"
        place.mkdir(parents=True, exist_ok=True)
        file.replace(place / name, body, DataError)
    pulls = (*(before.pulls if before else ()), *([pulled] if len(added) else ()))
    after = Entry(
        **_facts(source),
        file=name,
        sha256=sha,
        asked_since=min(asked[0], before.asked_since) if before else asked[0],
        asked_until=asked[1],
        checked=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        etag=marks[0],
        modified=marks[1],
        previous=before.file if before and before.file != name else "",
        pulls=pulls[-KEPT:],
    )
    _write(cache, after)
    sweep(cache, source.name)
    return pulled


def seen(cache: Path, found: Entry) -> None:
    """Note that the publisher was asked and had nothing new."""
    _write(cache, replace(found, checked=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"))


def sweep(cache: Path, name: str) -> None:
    """Remove what an interrupted pull left behind; only while the lock is held."""
    found = entry(cache, name)
    named = {found.file, found.previous, MANIFEST} if found else {MANIFEST}
    for path in (cache / name).glob("*"):
        if path.name not in named and path.suffix in {".parquet", ".tmp"}:
            path.unlink(missing_ok=True)


def _difference(old: Rows, fresh: Rows, whole: bool, at: str) -> tuple[Rows, Pulled]:
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
    added = Rows(np.concatenate([fresh.days[chosen], gone]), values)
    return added, Pulled(at, len(new_days), int(differs.sum()), len(gone), largest[0])


def _packed(kept: Vintages, added: Rows, now: np.datetime64) -> bytes:
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


def _write(cache: Path, after: Entry) -> None:
    plain = {n: getattr(after, n) for n in Entry.__slots__}
    plain["pulls"] = [{n: getattr(p, n) for n in Pulled.__slots__} for p in after.pulls]
    text = json.dumps({"format": FORMAT, **plain}, indent=1, ensure_ascii=False)
    (cache / after.name).mkdir(parents=True, exist_ok=True)
    file.replace(cache / after.name / MANIFEST, text + "\n", DataError)


def _damaged(where: Path) -> IntegrityError:
    return IntegrityError(
        f"{where} is damaged: its bytes are not those that were stored.",
        "The series cannot be trusted.",
        f"Pull it anew: `causal data pull {where.parent.name} --anew`.",
    )


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
