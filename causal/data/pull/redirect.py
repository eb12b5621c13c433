"""Where a redirection may lead: to http and https only, never back from https, five steps at most.

An address that was handed out under one host's name says nothing of another: what is secret goes
no further than the origin (scheme, host and port) that it was meant for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import urljoin, urlsplit

MOVED = frozenset({301, 302, 303, 307, 308})
STEPS = 5
PORTS = {"http": 80, "https": 443}


def onward(address: str, location: str) -> str:
    """The address that ``location`` names, seen from ``address``; nothing if it names none."""
    try:
        found = urlsplit(urljoin(address, location.strip()))
        host, _ = found.hostname, found.port  # a port may be none
    except ValueError:
        return ""
    if found.scheme in PORTS and not host:
        return ""
    return found._replace(netloc=found.netloc.rpartition("@")[2], fragment="").geturl()


def objection(trail: Sequence[str], following: str, secrets: Iterable[str] = ()) -> str:
    """Why the way ``trail`` may not go on to ``following``; nothing if it may."""
    scheme = following.partition(":")[0].lower()
    if scheme not in PORTS:
        kind = scheme if re.fullmatch("[a-z]{1,8}", scheme) else "what is no address"
        return f"it redirects to {kind}, which is not on the web"
    if scheme == "http" and trail[-1].lower().startswith("https:"):
        return "it redirects from https to http, where anyone may read and change what is sent"
    if following in trail:
        return "it redirects in a circle"
    if len(trail) > STEPS:
        return f"it redirects more than {STEPS} times"
    if not same_origin(trail[-1], following) and any(s in following for s in secrets):
        return "it redirects to another host, and would hand it your secret"
    return ""


def same_origin(one: str, other: str) -> bool:
    """Whether what is secret to one address may be sent to the other: the same host and port, or
    the same host over https where it was http."""
    first, second = urlsplit(one), urlsplit(other)
    ports = [p.port or PORTS.get(p.scheme, 0) for p in (first, second)]
    if first.hostname != second.hostname:
        return False
    safer = (first.scheme, second.scheme) == ("http", "https") and ports == [80, 443]
    return safer or (first.scheme == second.scheme and ports[0] == ports[1])


def stood_in(address: str, base: str) -> str:
    """Where an address is asked: there, or at ``base``, which stands in for every publisher and
    has the publisher's host as the first part of the path."""
    if not base:
        return address
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    return f"{base}/{parts.hostname}{parts.path}{query}"


def publisher_address(address: str, base: str, before: str) -> str:
    """The publisher's address that is meant by one at ``base``, seen from the one ``before``."""
    if not base or not address.startswith(f"{base}/"):
        return address
    return f"{urlsplit(before).scheme}://{address[len(base) + 1 :]}"
