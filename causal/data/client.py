"""One seam to the network: GET with timeouts, retries, Retry-After, conditions and manners."""

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
from urllib.parse import urlsplit

from causal.data.sources.source import Request, Source
from causal.errors import SourceError

BASE = "CAUSAL_SOURCES_BASE"  # a stand-in for every publisher: http://127.0.0.1:8000
AGENT = "causal-crash/{version} (research; one polite reader; python-httpx)"
CONNECT, READ, WHOLE = 10.0, 30.0, 300.0  # seconds
ATTEMPTS = 5
FIRST_PAUSE, LONGEST_PAUSE, LONGEST_WISH = 1.0, 30.0, 120.0  # seconds
LARGEST = 100_000_000  # bytes
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a publisher said; ``body`` None: nothing new since (304), or not there (404)."""

    body: bytes | None
    absent: bool = False
    etag: str = ""
    modified: str = ""


class Cancelled(Exception):  # noqa: N818 - it is no error
    """The pull was asked to stop."""


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
        self._httpx = _library()
        self._client = self._httpx.Client(
            timeout=self._httpx.Timeout(self.pace.read, connect=self.pace.connect),
            headers={"User-Agent": AGENT.format(version=_version()), "Accept": "*/*"},
            trust_env=True,
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch(
        self, source: Source, request: Request, *, etag: str = "", modified: str = ""
    ) -> Reply:
        """The reply to one request, tried up to five times; raises SourceError."""
        headers = {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        if source.key:
            headers[source.key_header] = self._key(source)
        trouble, wish = "it did not answer", 0.0
        for attempt in range(self.pace.attempts):
            if attempt:
                self.rest(max(wish, self._backoff(attempt)))
            try:
                status, fields, body = self._once(request, headers, keyed=bool(source.key))
            except self._httpx.HTTPError as problem:
                trouble, wish = _spoken(problem, self._httpx), 0.0
                continue
            if status == 200:
                return Reply(body, False, fields.get("etag", ""), fields.get("last-modified", ""))
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

    def rest(self, seconds: float) -> None:
        """Wait, unless the pull is asked to stop; raises Cancelled then."""
        if self.stop.wait(max(seconds, 0.0)):
            raise Cancelled

    def _once(
        self, request: Request, headers: Mapping[str, str], *, keyed: bool
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One try: status, header fields, body.  A key follows no redirection to elsewhere."""
        if self.stop.is_set():
            raise Cancelled
        ends = time.monotonic() + self.pace.whole
        url = self._address(request)
        follow = not keyed
        with self._client.stream("GET", url, headers=headers, follow_redirects=follow) as found:
            parts, size = [], 0
            for part in found.iter_bytes():
                parts.append(part)
                size += len(part)
                if time.monotonic() > ends:
                    raise self._httpx.ReadTimeout("the body is too slow")
                if size > LARGEST:
                    raise self._httpx.DecodingError("the body is too large")
                if self.stop.is_set():
                    raise Cancelled
            return found.status_code, found.headers, b"".join(parts)

    def _address(self, request: Request) -> str:
        if not self.base:
            return request.full
        parts = urlsplit(request.full)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.base}/{parts.hostname}{parts.path}{query}"

    def _backoff(self, attempt: int) -> float:
        """Exponential, with full jitter: a random part of pause x 2^(attempt-1)."""
        most = min(self.pace.pause * 2 ** (attempt - 1), self.pace.longest)
        return random.uniform(most / 4, most)

    def _key(self, source: Source) -> str:
        found = self.environment.get(source.key or "", "").strip()
        if not found or not found.isascii() or not found.isprintable():
            raise SourceError(
                f"{source.publisher} ({source.name}) needs your own key.",
                f"The environment variable {source.key} is not set to one.",
                f"Set {source.key} and pull again; the key is never stored or shown.",
            )
        return found


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


def _library() -> Any:
    try:
        import httpx
    except ImportError:
        raise SourceError(
            "Data cannot be pulled: `httpx` is not installed.",
            "The network is only reached through it.",
            'Install it with `pip install "causal-crash[data]"`.',
        ) from None
    return httpx


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("causal-crash")
    except PackageNotFoundError:  # a checkout on the path, never installed
        return "0"
