"""Secrets of a user's own sources: named in the file as ``${NAME}``, never written there.

The address of a source is kept, stored and shown as it stands in the file.  What an environment
variable holds is put in its place when a request leaves, and nowhere else.  What cannot be told
from a secret is taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote, unquote, urlsplit

from causal.errors import CausalError

PLACE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# Names of parameters and header fields, letters and digits alone: these, and all that end so.
NAMES = frozenset({"key", "pass", "pwd", "sig", "sign", "sid", "auth", "jwt", "appid", "session"})
ENDINGS = re.compile(
    r"((api|app|auth|access|secret|private|licen[cs]e|subscription|user|functions)key|token|secret"
    r"|passw(or)?d|passphrase|signature|credentials?|authori[sz]ation|bearer|sessionid|cookie)$"
)
# Values that are keys wherever they stand: JSON web tokens, and keys of large services.
KEYS = re.compile(
    r"eyJ[\w-]{8,}\.|\b(?:sk|pk|rk)[-_][\w-]{12,}|\bgh[opsur]_\w{12,}|\bAKIA[A-Z0-9]{12,}"
    r"|\bxox[abps]-[\w-]{8,}|\bglpat-[\w-]{8,}"
)
LONG = re.compile(r"(?=\w*\d)(?=\w*[A-Za-z])\w{24,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SCHEMES = r"(?:(?:Bearer|Basic|Token|ApiKey)\s+)?"  # words that a header has before its secret
BLANKED = "..."
SHORTEST = 4  # shorter values are not sought in messages, which they would blank everywhere


def variables_in(text: str) -> tuple[str, ...]:
    """The environment variables that a text names as ``${NAME}``, each once."""
    return tuple(dict.fromkeys(PLACE.findall(text)))


def secretive(name: str) -> bool:
    """Whether a parameter or header field of this name holds a secret."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return plain in NAMES or ENDINGS.search(plain) is not None


def value_of(name: str, environment: Mapping[str, str]) -> str:
    """What a variable holds; nothing unless it is printable ASCII, which a request can carry."""
    found = environment.get(name, "").strip()
    return found if found.isascii() and found.isprintable() else ""


def filled(text: str, environment: Mapping[str, str], *, quoted: bool = False) -> str:
    """The text with the variables in place; ``quoted``: as one piece of an address."""

    def put(place: re.Match[str]) -> str:
        found = value_of(place[1], environment)
        return quote(found, safe="") if quoted else found

    return PLACE.sub(put, text)


def values_of(names: Iterable[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """What the variables hold, also as an address would write it, longest first."""
    held = {environment.get(n, "").strip() for n in names}
    every = held | {quote(v, safe="") for v in held}
    long = (v for v in every if len(v) >= SHORTEST)
    return tuple(sorted(long, key=lambda v: (-len(v), v)))


def blanked(text: str, secrets: Iterable[str]) -> str:
    """The text without these values."""
    for found in secrets:
        text = text.replace(found, BLANKED)
    return text


def hidden(error: CausalError, secrets: Sequence[str]) -> CausalError:
    """The error without these values, which a publisher may have sent back."""
    parts = (error.what, error.means, error.do)
    told = tuple(blanked(part, secrets) for part in parts)
    if told == parts and blanked(error.where, secrets) == error.where:
        return error
    return type(error)(*told)


def presentable(address: str) -> str:
    """An address as it may be stored and shown: no user, no password, no query, no long key."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "an address that cannot be read"
    if not parts.netloc:
        return address
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{LONG.sub(BLANKED, parts.path)}"


def address_faults(address: str, *, user: bool = False) -> Iterator[str]:
    """What is amiss with an address, a secret in it above all; no fault repeats a part of it.

    ``user``: a user's name may stand by itself, as in the address of a database.
    """
    if not address.isprintable() or " " in address or "\\" in address:
        yield "holds a space, a backslash or a control character; write it as %20, %5C, ..."
        return
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        _ = parts.port
    except ValueError:
        yield "is no address that can be read"
        return
    if PLACE.sub("", address).count("${") or "${" in f"{parts.scheme}{host}":
        yield "names a variable as ${NAME}, of letters, digits and _, and not in the host's name"
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        yield "has an @ after the host's name; in a password, a path or a query it is written %40"
    if parts.fragment:
        yield "has a # part, which is never sent; leave it out, or write %23"
    yield from spelt(address, user=user)


def spelt(address: str, *, user: bool = False) -> Iterator[str]:
    """The secrets that stand in an address word for word, by their place; not what they are."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    login, _, _ = parts.netloc.rpartition("@")
    who, _, password = login.partition(":")
    if PLACE.sub("", password):
        yield f"holds a password word for word; {_instead('MY_PASSWORD')}"
    elif PLACE.sub("", who) and not password and not user:
        yield f"holds a user or key before the @ word for word; {_instead('MY_KEY')}"
    pieces = f"{parts.query}&{parts.path.partition(';')[2]}&{parts.fragment}"
    for piece in re.split("[&;]", unquote(pieces)):
        name, _, content = piece.partition("=")
        if secretive(name) and PLACE.sub("", content).strip():
            yield f"holds a secret word for word, in `{name[:20]}`; {_instead('MY_KEY')}"
    if KEYS.search(unquote(PLACE.sub("", address))):
        yield f"holds what looks like a key; {_instead('MY_KEY')}"


def header_faults(name: str, content: str) -> Iterator[str]:
    """What is amiss with a header field of a source; no fault repeats its content."""
    if not re.fullmatch(r"[A-Za-z0-9][\w-]*", name, re.ASCII) or not content.isprintable():
        yield "is no header field: letters, digits, `-` and `_`, and a text on one line"
    if not content.isascii() or "${" in PLACE.sub("", content):
        yield "holds what no header can carry, or a variable that is not written ${NAME}"
    if secretive(name) and not re.fullmatch(rf"{SCHEMES}(?:{PLACE.pattern})+", content, re.I):
        yield f"holds a secret word for word; {_instead('MY_KEY')}"
    elif KEYS.search(bare := PLACE.sub("", content)) or re.match(
        r"(?i)bearer |basic ", bare.strip()
    ):
        yield f"holds what looks like a key; {_instead('MY_KEY')}"


def _instead(name: str) -> str:
    return (
        f"write ${{{name}}} in its place, and set the environment variable {name}: "
        "what stands in the file could be read, stored and shared"
    )
