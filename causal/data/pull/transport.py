"""The library that speaks HTTP, opened as the environment asks (proxy, certificates, stand-in)."""

from __future__ import annotations

import logging
from typing import Any

from causal.data.sources import secret
from causal.errors import SourceError

BASE = "CAUSAL_SOURCES_BASE"  # a stand-in for every publisher: http://127.0.0.1:8000
AGENT = "causal-crash/{version} (research; one polite reader; python-httpx)"
LOGS = ("httpx", *(f"httpcore.{n}" for n in ("connection", "http11", "http2", "proxy", "socks")))


class Discretion(logging.Filter):
    """Keeps what is secret out of the library's log, which tells what a publisher has sent back.

    It is in place while a client is open, and touches no line without a secret.
    """

    def __init__(self) -> None:
        super().__init__()
        self.secrets: frozenset[str] = frozenset()

    def begin(self) -> None:
        """Listen to the library."""
        for name in LOGS:
            logging.getLogger(name).addFilter(self)

    def end(self) -> None:
        """Listen no more."""
        for name in LOGS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        told = secret.blanked(text, sorted(self.secrets, key=len, reverse=True))
        if told != text:
            record.msg, record.args = told, ()
        return True


def opened(base: str, *, connect: float, read: float) -> tuple[Any, Any]:
    """The library and a client of it that waits so many seconds to connect and to read.

    Raises SourceError where it is not installed, or the environment asks for what cannot be.
    """
    httpx = _library()
    trouble = (
        "" if not base or base.startswith(("http://", "https://")) else f"{BASE} is no address"
    )
    try:
        client = httpx.Client(
            timeout=httpx.Timeout(read, connect=connect),
            headers={"User-Agent": AGENT.format(version=_version()), "Accept": "*/*"},
            event_hooks={"response": [_unfollowed]},
            trust_env=True,
        )
    except (ValueError, ImportError, OSError, httpx.InvalidURL) as problem:
        trouble = f"the proxy or certificates cannot be used ({type(problem).__name__})"
    if trouble:
        raise SourceError(
            f"The network cannot be reached as the environment asks: {trouble}.",
            "Nothing was pulled.",
            f"Mend or unset HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE and {BASE}.",
        )
    return httpx, client


def _unfollowed(reply: Any) -> None:
    """Put a Location aside, which the library would look into even where it shall not follow."""
    reply.extensions["location"] = reply.headers.pop("location", "")


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
