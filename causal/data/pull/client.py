"""One seam to the network: GET with timeouts, retries, Retry-After, conditions and manners.

What is secret is put in place here, on the way out.  The library that speaks HTTP is told the host
by itself and the rest as the request's target, so that neither its log nor its errors show it.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from causal.data.pull import redirect
from causal.data.pull.transport import BASE, Discretion, opened
from causal.data.sources import secret
from causal.data.sources.source import Request, Source, equipped, private
from causal.errors import CausalError, SourceError

CONNECT, READ, WHOLE = 10.0, 30.0, 300.0  # seconds

ATTEMPTS = 5

FIRST_PAUSE, LONGEST_PAUSE, LONGEST_WISH = 1.0, 30.0, 120.0  # seconds

LARGEST = 100_000_000  # bytes
MARK = 500  # characters of an ETag that is kept
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

Answered = tuple[int, Mapping[str, str], bytes]  # status, header fields, body

NOTHING: Answered = (0, {}, b"")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a publisher said; ``body`` None: nothing new since (304), or not there (404)."""

    body: bytes | None
    absent: bool = False
    etag: str = ""
    modified: str = ""


class Cancelled(Exception):  # noqa: N818 - it is no error
    """The pull was asked to stop."""


class _Lasting(Exception):  # noqa: N818 - it becomes a SourceError
    """What trying again cannot mend."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the client is; tests make it less so."""

    connect: float = CONNECT
    read: float = READ
    whole: float = WHOLE
    attempts: int = ATTEMPTS
    pause: float = FIRST_PAUSE
    longest: float = LONGEST_PAUSE
    wish: float = LONGEST_WISH
    polite: float = 1.0  # multiplies the pause between two requests to one publisher


class Client:
    """Asks publishers.  ``base`` (or CAUSAL_SOURCES_BASE) sends every request to another server,
    with the publisher's host as the first part of the path."""

    def __init__(
        self,
        *,
        base: str | None = None,
        pace: Pace | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.environment = os.environ if environment is None else environment
        self.base = (base or self.environment.get(BASE, "")).rstrip("/")
        self.pace = pace or (Pace() if not self.base else Pace(polite=0.0))
        self.stop = threading.Event()
        self._httpx, self._client = opened(
            self.base, connect=self.pace.connect, read=self.pace.read
        )
        self._discretion = Discretion()

    def __enter__(self) -> Client:
        self._discretion.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self._discretion.end()

    def fetch(
        self, source: Source, request: Request, *, etag: str = "", modified: str = ""
    ) -> Reply:
        """The reply to one request, tried up to five times; raises SourceError.

        What another try cannot mend is refused at once: a redirection that may not be followed, an
        address that cannot be asked, a body that is too large.
        """
        headers = {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        equipped(source, self.environment)
        self._discretion.secrets |= set(secret.values_of(source.variables, self.environment))
        trouble, wish = "it did not answer", 0.0
        for attempt in range(self.pace.attempts):
            if attempt:
                self.rest(max(wish, self._backoff(attempt)))
            status, fields, body = NOTHING
            lasting = ""
            try:
                status, fields, body = self._once(source, request, headers)
            except self._httpx.HTTPError as problem:
                trouble, wish = _spoken(problem, self._httpx), 0.0
            except _Lasting as problem:
                lasting = str(problem)
            if lasting:
                raise _led_astray(source, request, lasting)
            if not status:
                continue
            if status == 200:
                return Reply(body, False, _mark(fields, "etag"), _mark(fields, "last-modified"))
            if status == 304 and (etag or modified):
                return Reply(None, False, etag, modified)
            if status in (404, 410) and request.optional:
                return Reply(None, absent=True)
            trouble = f"it answered {status}"
            if status not in AGAIN:
                raise _refused(source, request, status)
            wish = wished(fields.get("retry-after", ""))
            if wish > self.pace.wish:
                raise _unreachable(source, request, f"{trouble} and asks for {wish:.0f} seconds")
        raise _unreachable(source, request, trouble)

    def hidden(self, source: Source, error: CausalError) -> CausalError:
        """The error without what is secret to the source, should a publisher have sent it back."""
        return secret.hidden(error, secret.values_of(source.variables, self.environment))

    def rest(self, seconds: float) -> None:
        """Wait, unless the pull is asked to stop; raises Cancelled then."""
        if self.stop.wait(max(seconds, 0.0)):
            raise Cancelled

    def _once(self, source: Source, request: Request, headers: Mapping[str, str]) -> Answered:
        """One try: status, header fields, body.  No secret follows a redirection to elsewhere."""
        ends = time.monotonic() + self.pace.whole
        hidden = secret.values_of(source.variables, self.environment)
        trail = [secret.filled(request.bare, self.environment, quoted=True)]
        carried = {**headers, **private(source, request, self.environment)}
        while True:
            asked = redirect.stood_in(trail[-1], self.base)
            status, fields, body = self._asked(asked, carried, ends)
            place = fields.get("location", "") if status in redirect.MOVED else ""
            if not place:
                return status, fields, body
            following = redirect.publisher_address(
                redirect.onward(asked, place), self.base, trail[-1]
            )
            trouble = redirect.objection(trail, following, hidden)
            if trouble:
                raise _Lasting(trouble)
            if not redirect.same_origin(trail[-1], following):
                carried = dict(headers)
            trail.append(following)

    def _asked(self, address: str, headers: Mapping[str, str], ends: float) -> Answered:
        """One GET, without following; the path and query go past the library's log."""
        if self.stop.is_set():
            raise Cancelled
        httpx = self._httpx
        try:
            url = httpx.URL(address)
            target, known = {"target": url.raw_path}, url.copy_with(raw_path=b"/")
            asked = self._client.build_request("GET", known, headers=headers, extensions=target)
            found = self._client.send(asked, stream=True, follow_redirects=False)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
            raise _Lasting("no request can be made of its address and header fields") from None
        try:
            parts, size = [], 0
            for part in found.iter_bytes():
                parts.append(part)
                size += len(part)
                if time.monotonic() > ends:
                    raise httpx.ReadTimeout("the body is too slow")
                if size > LARGEST:
                    raise _Lasting(f"it sent more than {LARGEST // 10**6} MB")
                if self.stop.is_set():
                    raise Cancelled
            fields = {**found.headers, "location": found.extensions["location"]}
            return found.status_code, fields, b"".join(parts)
        finally:
            found.close()

    def _backoff(self, attempt: int) -> float:
        """Exponential, with full jitter: a random part of pause x 2^(attempt-1)."""
        most = min(self.pace.pause * 2 ** (attempt - 1), self.pace.longest)
        return random.uniform(most / 4, most)


def wished(text: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float:
    """The seconds that a Retry-After asks for, from a number or an HTTP date; 0 if neither."""
    text = text.strip()
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now()).total_seconds(), 0.0)


def _spoken(problem: Exception, httpx: Any) -> str:
    if isinstance(problem, httpx.TimeoutException):
        return "it was too slow"
    if isinstance(problem, httpx.RemoteProtocolError):
        return "the connection was cut before the end"
    if isinstance(problem, httpx.ConnectError):
        return "no connection could be made"
    return f"the transfer failed ({type(problem).__name__})"


def _unreachable(source: Source, request: Request, trouble: str) -> SourceError:
    return SourceError(
        f"{source.publisher} ({source.name}) could not be read: {trouble} at {request.shown}.",
        "What was stored before is untouched.",
        f"Pull again later: `causal data pull {source.name}`.",
    )


def _led_astray(source: Source, request: Request, trouble: str) -> SourceError:
    return SourceError(
        f"{source.publisher} ({source.name}) could not be read: {trouble} (asked {request.shown}).",
        "Trying again would not help; what was stored before is untouched.",
        "Look at the publisher's page for the address that it has now, and ask that one.",
    )


def _refused(source: Source, request: Request, status: int) -> SourceError:
    reasons = {
        401: "The key is not accepted.",
        403: "It does not let this program or this place read it.",
        404: "The address holds nothing any more; the publisher may have moved it.",
        451: "It is not available in your country.",
    }
    return SourceError(
        f"{source.publisher} ({source.name}) answered {status} at {request.shown}.",
        f"{reasons.get(status, 'It refuses the request.')} What was stored before is untouched.",
        source.note or "Look at the publisher's page, and report it if the address has changed.",
    )


def _mark(fields: Mapping[str, str], name: str) -> str:
    """An ETag or Last-Modified, if it is such that it can be kept and sent back."""
    found = fields.get(name, "")
    return found if found.isascii() and found.isprintable() and len(found) <= MARK else ""
