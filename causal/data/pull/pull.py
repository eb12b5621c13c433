"""Pulling: ask each publisher for what is new, judge it, store it.

Publishers are asked at the same time, each one request after another; one that fails stops no
other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Literal

import numpy as np

from causal.data.pull import validate
from causal.data.pull.cache import commit, manifest_of, seen, stored_rows, tidy
from causal.data.pull.client import Cancelled, Client, Reply
from causal.data.pull.lock import locked
from causal.data.pull.manifest import Manifest
from causal.data.sources.source import (
    Observations,
    Request,
    Source,
    equipped,
    read_response,
    requests,
)
from causal.errors import CausalError, DataError, SourceError
from causal.file import reason

BATCH = 25  # responses that are stored together; a kill loses at most these
PATIENCE = 10  # files in a row that are not there: the publisher has not got so far
FRESH = timedelta(hours=1)  # a whole file without marks to compare is not read again so soon

OutcomeStatus = Literal["new", "unchanged", "failed", "stopped"]
Report = Callable[[Source, int, int], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to pull: from ``since`` to ``until``; ``accept`` what has shrunk or jumped; ``anew``
    all of it, setting aside what is stored."""

    since: date
    until: date
    accept: bool = False
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one source."""

    source: Source
    status: OutcomeStatus
    new: int = 0
    revised: int = 0
    gone: int = 0
    largest: str = ""
    error: CausalError | None = None


def pull(
    cache: Path,
    sources: Sequence[Source],
    wish: Wish,
    *,
    client: Client,
    report: Report = lambda source, done, known: None,
) -> list[Outcome]:
    """Pull the sources into the cache; the outcome of each, in their order.

    ``report(source, responses done, responses known of)`` is called from the threads at work.
    Raises DataError while another pull is at work.  Ctrl-C stops after the response that is under
    way; what was stored stays.
    """
    key = {s.name: i for i, s in enumerate(sources)}
    by_publisher = sorted(sources, key=lambda s: s.publisher)
    groups = [list(g) for _, g in groupby(by_publisher, key=lambda s: s.publisher)]
    with locked(cache), ThreadPoolExecutor(max(len(groups), 1)) as pool:
        jobs = [[_Job(cache, s, wish, client, report) for s in group] for group in groups]
        work = [pool.submit(_publisher, group) for group in jobs]
        try:
            found = [outcome for w in work for outcome in w.result()]
        except BaseException:
            client.stop.set()
            raise
    return sorted(found, key=lambda o: key[o.source.name])


def yesterday() -> date:
    """The last day that is over in UTC."""
    return datetime.now(UTC).date() - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Job:
    """One source to be pulled, and with what."""

    cache: Path
    source: Source
    wish: Wish
    client: Client
    report: Report

    def pause(self) -> None:
        """What politeness asks between two requests to one publisher."""
        self.client.rest(self.source.pace * self.client.pace.polite)


def _publisher(jobs: Sequence[_Job]) -> list[Outcome]:
    found = []
    for place, job in enumerate(jobs):
        try:
            if place:
                job.pause()
            found.append(_source(job))
        except Cancelled:
            found.append(Outcome(job.source, "stopped"))
        except CausalError as error:
            told = job.client.hidden(job.source, error)
            found.append(Outcome(job.source, "failed", error=told))
        except Exception as error:  # a defect in one source is no reason to lose the others
            found.append(Outcome(job.source, "failed", error=_defect(job.source, error)))
    return found


def _source(job: _Job) -> Outcome:
    """Pull one source; raises SourceError, IntegrityError, DataError, Cancelled."""
    source = job.source
    if job.wish.anew:
        _set_aside(job.cache, source)
    tidy(job.cache, source.name)
    known = manifest_of(job.cache, source.name)
    had = stored_rows(job.cache, source.name)
    since = _since(source, job.wish, known, had)
    if source.local is not None:
        equipped(source, job.client.environment)
        return _judged(job, source.local(source, job.client.environment), since)
    if since > job.wish.until or _settled(source, job.wish, known, had):
        return Outcome(source, "unchanged")
    return _whole(job, since, known) if source.whole else _piecewise(job, since)


def _since(source: Source, wish: Wish, known: Manifest | None, had: Observations | None) -> date:
    """The first day to ask for: the newest stored days again, for they are revised."""
    first = source.first if source.whole else max(source.first, wish.since)
    if source.whole or known is None or had is None or not len(had):
        return first
    if date.fromisoformat(known.asked_since) > first:
        return first
    newest = date.fromisoformat(str(had.days[-1]))
    return max(first, newest + timedelta(days=1 - source.overlap))


def _settled(source: Source, wish: Wish, known: Manifest | None, had: Observations | None) -> bool:
    """Whether nothing can be new: the last day is there, or a whole file was read just now."""
    if known is None or had is None or not len(had) or wish.accept:
        return False
    if source.whole:
        age = datetime.now(UTC) - datetime.fromisoformat(known.checked)
        marked = known.etag or known.modified
        return not marked and age < FRESH and known.asked_until >= str(wish.until)
    asked = date.fromisoformat(known.asked_since) <= max(source.first, wish.since)
    return bool(asked and had.days[-1] >= np.datetime64(wish.until))


def _whole(job: _Job, since: date, known: Manifest | None) -> Outcome:
    """The whole history, all pages of it, before any of it is judged."""
    source, client = job.source, job.client
    pages: list[Observations] = []
    ask = known is not None and not job.wish.accept
    marks = (known.etag, known.modified) if known and ask else ("", "")
    queue = list(requests(source, since, job.wish.until))
    fresh = ("", "")
    while queue:
        request = queue.pop(0)
        if pages:
            job.pause()
        reply = client.fetch(source, request, etag=marks[0], modified=marks[1])
        if reply.body is None:
            if known is not None:
                seen(job.cache, known)
            return Outcome(source, "unchanged")
        pages.append(read_response(source, reply.body, request))
        job.report(source, len(pages), 0)
        following = _next(source, reply, request)
        queue = [following, *queue] if following else queue
        fresh = (reply.etag, reply.modified) if len(pages) == 1 and not queue else ("", "")
        marks = ("", "")
    return _judged(job, _joined(source, pages), since, fresh)


def _piecewise(job: _Job, since: date) -> Outcome:
    """Stretch by stretch, oldest first, stored every few responses: what is done stays done."""
    source = job.source
    asked = list(requests(source, since, job.wish.until))
    total, start = Outcome(source, "unchanged"), since
    batch: list[Observations] = []
    missing = 0
    try:
        for done, request in enumerate(asked, start=1):
            if done > 1:
                job.pause()
            reply = job.client.fetch(source, request)
            missing = missing + 1 if reply.absent else 0
            if reply.body is not None:
                batch.append(validate.ordered(source, read_response(source, reply.body, request)))
            if len(batch) == BATCH:
                rows, batch = _joined(source, batch), []
                total = _added(total, _judged(job, rows, start))
                if len(rows):
                    start = date.fromisoformat(str(rows.days[-1])) + timedelta(days=1)
            job.report(source, done, len(asked))
            if missing == PATIENCE and (total.new or batch or manifest_of(job.cache, source.name)):
                break
    finally:
        if batch:
            total = _added(total, _judged(job, _joined(source, batch), start))
    return total


def _judged(
    job: _Job, rows: Observations, since: date, marks: tuple[str, str] = ("", "")
) -> Outcome:
    """Hold rows against what is stored, and store them; raises SourceError, storing nothing."""
    source, wish = job.source, job.wish
    given = validate.ordered(source, rows)
    rows = validate.observed_until(given, wish.until)
    if len(given) and given.days[-1] > np.datetime64(wish.until):
        marks = ("", "")  # the file holds more than was taken: it is to be read again
    had = stored_rows(job.cache, source.name)
    if had is not None and len(had) and not wish.accept:
        validate.comparable(source, rows, had)
        validate.complete(source, rows, had, since)
    validate.plausible(source, rows)
    if not len(rows):
        return Outcome(source, "unchanged")
    asked = (source.first if source.whole else max(source.first, wish.since), wish.until)
    done = commit(job.cache, source, rows, asked=(str(asked[0]), str(asked[1])), marks=marks)
    status: OutcomeStatus = "new" if done.new or done.revised or done.gone else "unchanged"
    return Outcome(source, status, done.new, done.revised, done.gone, done.largest)


def _next(source: Source, reply: Reply, request: Request) -> Request | None:
    if source.following is None or reply.body is None:
        return None
    return source.following(source, reply.body, request)


def _joined(source: Source, parts: Iterable[Observations]) -> Observations:
    pieces = list(parts)
    if not pieces:
        nothing = np.zeros(0)
        return Observations(nothing.astype("datetime64[D]"), dict.fromkeys(source.names, nothing))
    values = {n: np.concatenate([p.values[n] for p in pieces]) for n in source.names}
    return Observations(np.concatenate([p.days for p in pieces]), values)


def _added(one: Outcome, other: Outcome) -> Outcome:
    status: OutcomeStatus = "new" if "new" in (one.status, other.status) else "unchanged"
    return replace(
        one,
        status=status,
        new=one.new + other.new,
        revised=one.revised + other.revised,
        gone=one.gone + other.gone,
        largest=other.largest or one.largest,
    )


def _set_aside(cache: Path, source: Source) -> None:
    """Move what is stored, or stands in its place, out of the way: under a name of its own."""
    place = cache / source.name
    aside = cache / f".{source.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}.aside"
    try:
        if os.path.lexists(place):
            place.rename(aside)
    except OSError as trouble:
        raise DataError(
            f"{str(place)!r} cannot be set aside: {reason(trouble)}.",
            "What was stored before is untouched, and nothing was pulled.",
            "Check the folder and its permissions.",
        ) from None


def _defect(source: Source, error: Exception) -> SourceError:
    return SourceError(
        f"{source.publisher} ({source.name}): {type(error).__name__} while it was read.",
        "The response is of a kind that was not foreseen; nothing that was stored was touched.",
        "Please report it with the name of the source.",
    )
