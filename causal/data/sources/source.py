"""Source: one publisher's series as a value; requests and rows are decided without I/O."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote, urlencode, urlsplit

import numpy as np
from numpy.typing import NDArray

from causal.contract.array import Array
from causal.data.panel import Days
from causal.data.sources import secret
from causal.errors import SourceError

LONGEST = 2000  # characters of a text that describes a source
LAGS = 3660  # days until a value can be read
NAMED = re.compile(r"[A-Za-z0-9_-]{1,100}")  # a source, and its folder in the cache


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the panel that a source yields.

    The median of a response lies between ``low`` and ``high`` if the unit is what it was, and the
    newest values lie within a factor ``jump`` of the last stored ones (0: not checked).
    """

    name: str
    unit: str
    low: float = -np.inf
    high: float = np.inf
    jump: float = 0.0


@dataclass(frozen=True, slots=True)
class Request:
    """One GET.  ``optional``: the publisher may not have it (a day not yet published): no error.

    ``day`` is the day that the response is about where the response itself does not say.
    """

    url: str
    query: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    day: date | None = None

    @property
    def full(self) -> str:
        """The address with its query, as it is asked."""
        return f"{self.url}?{urlencode(self.query)}" if self.query else self.url

    @property
    def bare(self) -> str:
        """The address with its query, without user and password, which go into a header."""
        parts = urlsplit(self.full)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def shown(self) -> str:
        """The address as an error may show it: no query, no user name, no password."""
        return secret.presentable(self.url)


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Values by day: ``days`` in the publisher's order, every column of the same length."""

    days: Days
    values: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.days)

    def pick(self, where: NDArray[np.bool_] | NDArray[np.intp]) -> Observations:
        """The rows at ``where`` (a mask or places)."""
        return Observations(self.days[where], {n: v[where] for n, v in self.values.items()})


@dataclass(frozen=True, slots=True)
class Source:
    """One series (or family) of one publisher, and all that a user of it has to know.

    ``lag`` is in days after the observed day until the value can be read (``sessions``: in US
    business days).  ``whole``: every response is the whole history, else only what is asked for.
    ``verified``: the endpoint and format were checked against public documentation or code.
    ``key``: the environment variable with the user's own key, sent as the header ``key_header``.
    ``headers`` are sent as well, and ``needs`` names the environment variables that they and the
    endpoint hold as ``${NAME}``; ``local`` is handed the environment in place of a request.
    """

    name: str
    title: str
    publisher: str
    endpoint: str
    licence: str
    citation: str
    columns: tuple[Column, ...]
    plan: Callable[[Source, date, date], Iterable[Request]]
    read: Callable[[Source, bytes, Request], Observations]
    first: date = date(2014, 1, 1)
    following: Callable[[Source, bytes, Request], Request | None] | None = None
    local: Callable[[Source, Mapping[str, str]], Observations] | None = None
    day_cut: str = "UTC"
    lag: int = 0
    sessions: bool = False
    whole: bool = True
    overlap: int = 10
    pace: float = 0.5
    core: bool = True
    verified: bool = True
    note: str = ""
    key: str | None = None
    key_header: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables without which it cannot be asked."""
        return (*([self.key] if self.key else []), *self.needs)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the panel's columns that it yields."""
        return tuple(c.name for c in self.columns)


def requests(source: Source, since: date, until: date) -> Iterator[Request]:
    """What has to be asked for the days ``since`` to ``until``, both included, in order of days."""
    yield from source.plan(source, since, until)


def read_response(source: Source, body: bytes, request: Request) -> Observations:
    """The rows in one response; raises SourceError that shows what is not as it was."""
    return source.read(source, body, request)


def equipped(source: Source, environment: Mapping[str, str]) -> None:
    """Raise SourceError unless the environment holds everything that the source needs."""
    for name in source.variables:
        if not secret.value_of(name, environment):
            raise SourceError(
                f"{source.publisher} ({source.name}) needs your own key or password.",
                f"The environment variable {name} is not set to one of plain characters.",
                f"Set {name} and pull again; what it holds is never stored or shown.",
            )


def private(source: Source, request: Request, environment: Mapping[str, str]) -> dict[str, str]:
    """The header fields that are meant for this source alone, filled in from the environment.

    A user and password in the address become the field Authorization (RFC 7617).
    """
    fields = {name: secret.filled(text, environment) for name, text in source.headers}
    if source.key:
        fields[source.key_header] = secret.value_of(source.key, environment)
    login = urlsplit(request.url).netloc.rpartition("@")[0]
    if login:
        who, _, password = login.partition(":")
        pair = ":".join(secret.filled(unquote(part), environment) for part in (who, password))
        fields["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return fields


def changed_shape(source: Source, what: str, means: str = "") -> SourceError:
    """A SourceError for a response whose shape is not what the publisher documents, or for a table
    of one's own that is not as it is described."""
    if source.local is not None:
        return SourceError(
            f"{source.publisher} ({source.name}): {what}",
            means
            or "The table is not as its description says. Nothing that was stored has been "
            "replaced.",
            f"Mend `[sources.{source.name}]`, or the table that it names.",
        )
    return SourceError(
        f"{source.publisher} ({source.name}): {what}",
        means
        or "The publisher has changed the format, or this is not the file it should be."
        " Nothing that was stored has been replaced.",
        f"Try again later; if it stays so, look at {Request(source.endpoint).shown} and report it.",
    )
