"""What a pull leaves on the disk, and the description of one's own sources; read, aged, pulled.

Nothing leaves the machine: the sources are files, and addresses are asked of a closed port.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from causal.data.history import holdings
from causal.data.pull.cache import manifests, stored_rows
from causal.data.pull.client import Client, Pace
from causal.data.pull.manifest import MANIFEST
from causal.data.pull.pull import Wish, pull
from causal.data.pull.status import status
from causal.data.sources.own import read_sources
from causal.errors import CausalError
from tests.fuzz import mutation
from tests.fuzz.stories import encoded
from tests.fuzz.verdict import Kind, same_json

CACHES = 3
NAME = "my_index"
TABLE = "table.csv"
UNTIL = date(2026, 5, 31)
TODAY = np.datetime64("2026-06-02")
PULLS = ("2026-05-21T06:00:00", "2026-05-30T06:00:00")
IMPATIENT = Pace(connect=0.2, read=0.2, whole=0.2, attempts=1, pause=0.01, longest=0.01, polite=0.0)
WORDS = (
    NAME, "mine", "value", "day", "date", "path", "url", "sql", "columns", "lag", "sources", TABLE,
    MANIFEST, "..", "../other", "/", "sqlite:///none.db", "SELECT 1",
    "http://127.0.0.1:9/a.csv", "file", "sha256", "checked", "pulls", "asked_since", "sessions",
    "2026-05-01T00:00:00Z", "2026-05-32",
)  # fmt: skip


@dataclass(frozen=True)
class Disk:
    """The files of a cache by their place in it, the table behind it, and its description."""

    files: dict[str, bytes]
    table: bytes
    description: bytes


@cache
def client() -> Client:
    """One client for all cases; everything it asks goes to a port where nobody listens."""
    return Client(base="http://127.0.0.1:9", pace=IMPATIENT, environment={})


@cache
def disk(number: int) -> Disk:
    """A cache after two pulls, of which the second revised days of the first, on fixed days."""
    rng = Random(f"disk {number}")
    table = {np.datetime64("2026-05-01") + k: round(rng.uniform(1, 9), 2) for k in range(28)}
    first, second = list(table)[:20], list(table)[18 - number :]
    days = np.array([*first, *second])
    known = np.array([*len(first) * [PULLS[0]], *len(second) * [PULLS[1]]], dtype="datetime64[us]")
    values = np.array([*(table[d] - 0.5 for d in first), *(table[d] for d in second)])
    stream = io.BytesIO()
    columns = {"day": pa.array(days), "known_at": pa.array(known), "mine": pa.array(values)}
    pq.write_table(pa.table(columns), stream, compression="zstd")
    body = stream.getvalue()
    sha = hashlib.sha256(body).hexdigest()
    name = f"{sha[:16]}.parquet"
    manifest = json.dumps(_manifest(name, sha), indent=1)
    rows = "".join(f"{day},{value}\n" for day, value in table.items())
    files = {f"{NAME}/{MANIFEST}": manifest.encode(), f"{NAME}/{name}": body}
    return Disk(files, f"day,value\n{rows}".encode(), mutation.toml(_described(rng)).encode())


def _manifest(name: str, sha: str) -> dict[str, Any]:
    at = [f"{moment}Z" for moment in PULLS]
    pulls = [
        {"at": at[0], "new": 20, "revised": 0, "gone": 0, "largest": ""},
        {"at": at[1], "new": 8, "revised": 2, "gone": 0, "largest": "mine on 2026-05-19 by 9.1%"},
    ]
    facts = {"title": NAME, "publisher": "Example", "licence": "CC BY", "citation": "not stated"}
    place = {"endpoint": "your own path", "columns": {"mine": "index"}, "lag": 1, "sessions": False}
    asked = {"asked_since": "1900-01-01", "asked_until": "2026-05-31", "checked": at[1]}
    more = {"etag": "", "modified": "", "previous": "", "pulls": pulls}
    return {
        "format": 1,
        "name": NAME,
        **facts,
        **place,
        "file": name,
        "sha256": sha,
        **asked,
        **more,
    }


def _described(rng: Random) -> dict[str, Any]:
    more = {"lag": rng.randrange(3), "unit": "index", "publisher": "Example", "licence": "CC BY"}
    source = {"path": TABLE, "date": "day", "columns": {"mine": "value"}, **more}
    return {"sources": {NAME: source}}


def _pulled(place: Path, into: Path, *, anew: bool = False) -> None:
    """Pull what the description says; raises what became of the first source that failed."""
    own = read_sources(place / "sources.toml")
    wish = Wish(date(2014, 1, 1), UNTIL, accept=True, anew=anew)
    for outcome in pull(into, own, wish, client=client()):
        if outcome.error is not None:
            assert "not foreseen" not in str(outcome.error), str(outcome.error)
            raise outcome.error


def valid(rng: Random) -> Disk:
    return disk(rng.randrange(CACHES))


def mutated(rng: Random, given: Disk) -> Disk:
    kind = rng.random()
    if kind < 0.25:
        return replace(given, description=_text(rng, given.description))
    if kind < 0.32:
        return replace(given, table=_text(rng, given.table))
    names = [n for n in given.files if n.endswith(MANIFEST) == (kind < 0.9)]
    name = rng.choice(names)
    content = given.files[name]
    if kind < 0.75:
        spoilt = mutation.tree(rng, copy.deepcopy(json.loads(content)), WORDS)
        content = encoded(mutation.shown(spoilt))
    elif kind < 0.82:
        content = _text(rng, content)
    else:
        content = mutation.raw(rng, content)
    return replace(given, files={**given.files, name: content})


def _text(rng: Random, content: bytes) -> bytes:
    return encoded(mutation.text(rng, content.decode(), WORDS))


def tried(given: Disk, folder: Path) -> None:
    """Read, age, pull; where the cache is refused, pulling anew heals it, as the error says."""
    into = folder / "cache"
    for name, content in given.files.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_bytes(content)
    (folder / "sources.toml").write_bytes(given.description)
    (folder / TABLE).write_bytes(given.table)
    for one in status(into, TODAY, every=True):
        same_json({**asdict(one), "columns": list(one.columns), "wrong": list(one.wrong)})
    try:
        _read(into)
    except CausalError:
        _pulled(folder, into, anew=True)
        _read(into)
        raise
    _pulled(folder, into)


def _read(into: Path) -> None:
    for entry in manifests(into):
        stored_rows(into, entry.name, "2026-05-25")
    held = holdings(into)
    assert held.as_of("2026-05-25").names == held.panel.names
    assert not np.isinf(held.panel.values).any()


KIND = Kind("manifests", 150, valid, mutated, tried)
