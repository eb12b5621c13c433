"""A manifest that others have changed ends in an answer or in a CausalError, and loses nothing.

``CAUSAL_DAMAGES=10000`` damages it ten thousand times; three hundred by default.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal.data.history import holdings
from causal.data.pull import manifest
from causal.data.pull.cache import commit, manifest_of, stored_rows
from causal.data.pull.manifest import MANIFEST, Manifest, Pulled
from causal.data.pull.status import status
from causal.data.sources.catalogue import ALL
from causal.data.sources.source import Observations
from causal.errors import CausalError, DataError, IntegrityError
from tests.data.conftest import Desk

DAMAGES = int(os.environ.get("CAUSAL_DAMAGES", "300"))
TODAY = np.datetime64("2026-06-01")
JUNK: list[Any] = [None, True, False, 0, -1, 3, 2**80, 1.5, float("nan"), float("inf"), "", "x"]
JUNK += ["\x1b[31mred", "\ud800", "a\nb", "../../etc/x", "0" * 16 + ".parquet", "y" * 5000, [], {}]
JUNK += [[[]], {"a": 1}, ["x"], "2026-02-30", "2026-01-01", "1e999", "２０２６-01-01"]
(TPU,) = (s for s in ALL if s.name == "tpu")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache of one source, pulled twice."""
    for days in (30, 40):
        every = np.arange(np.datetime64("2026-03-01"), np.datetime64("2026-03-01") + days)
        rows = Observations(every, {"tpu_daily": np.linspace(100.0, 200.0, days)})
        asked = ("1985-01-01", "2026-05-31")
        commit(tmp_path / "cache", TPU, rows, asked=asked, marks=('"abc"', ""))
    return tmp_path / "cache"


def places(plain: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    inside: list[Any] = [plain]
    while inside:
        one = inside.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one))
        for key in keys:
            found.append((one, key))
            if isinstance(one[key], dict | list):
                inside.append(one[key])
    return found


def damaged(text: str, rng: random.Random) -> bytes:
    """The text with one thing wrong: a value, a field, or some bytes."""
    kind = rng.randrange(5)
    if kind < 3:
        plain = json.loads(text)
        container, key = rng.choice(places(plain))
        if kind == 0:
            container[key] = rng.choice(JUNK)
        elif kind == 1:
            del container[key]
        elif isinstance(container, dict):
            container[rng.choice(["new", "\x07", key + " "])] = rng.choice(JUNK)
        else:
            container.append(rng.choice(JUNK))
        if rng.random() < 0.03:
            plain = rng.choice(JUNK)
        return json.dumps(plain).encode()
    body = bytearray(text.encode())
    for _ in range(rng.choice([1, 1, 2, 8])):
        place = rng.randrange(len(body) + 1)
        change = rng.randrange(4)
        if change == 0:
            body[place : place + 1] = bytes([rng.randrange(256)])
        elif change == 1:
            del body[place : place + rng.choice([1, 5, 50])]
        elif change == 2:
            body[place:place] = rng.choice([b"[" * 3000, b"9" * 5000, b'"', b"\x00", b"{}", b"-"])
        else:
            del body[place:]
    return bytes(body)


def law(read: Callable[[], object]) -> str:
    """Read: an answer, or an error that teaches."""
    problem: CausalError | None = None
    try:
        read()
    except CausalError as error:
        problem = error
    if problem is None:
        return "read"
    assert problem.what
    assert problem.means
    assert problem.do
    assert str(problem).isprintable()
    return "refused"


def test_any_damage_ends_in_an_answer_or_an_error_that_teaches(cache: Path) -> None:
    where = cache / "tpu" / MANIFEST
    sound = where.read_text(encoding="utf-8")
    rows = {p.name: p.read_bytes() for p in where.parent.glob("*.parquet")}
    truth = stored_rows(cache, "tpu")
    assert truth is not None
    rng = random.Random(9)
    ends = {"read": 0, "refused": 0}
    for number in range(DAMAGES):
        body = damaged(sound, rng)
        where.write_bytes(body)
        ends[law(lambda: stored_rows(cache, "tpu"))] += 1
        if number % 4 == 0:
            law(lambda: holdings(cache))
            (line,) = status(cache, TODAY)
            assert "".join(line.wrong).isprintable()
        assert where.read_bytes() == body
        assert {p.name: p.read_bytes() for p in where.parent.glob("*.parquet")} == rows
    assert ends["refused"] > 0.6 * DAMAGES
    assert ends["read"] > 0  # a title may be changed, and spaces
    where.write_text(sound, encoding="utf-8")
    again = stored_rows(cache, "tpu")
    assert again is not None
    np.testing.assert_array_equal(again.values["tpu_daily"], truth.values["tpu_daily"])


FIELDS = ("name", "title", "columns", "lag", "sessions", "file", "sha256", "asked_since", "checked")
FIELDS += ("asked_until", "etag", "modified", "previous", "pulls", "endpoint", "format")


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_checked_and_named(cache: Path, field: str) -> None:
    where = cache / "tpu" / MANIFEST
    plain = json.loads(where.read_text(encoding="utf-8"))
    for value in (None, 1.5, [1], {"": 1}, "\x1b[2J"):
        where.write_text(json.dumps({**plain, field: value}), encoding="utf-8")
        with pytest.raises(IntegrityError, match=f"`{field}`") as caught:
            manifest_of(cache, "tpu")
        assert "--anew" in caught.value.do
    without = {n: v for n, v in plain.items() if n != field}
    where.write_text(json.dumps(without), encoding="utf-8")
    with pytest.raises(IntegrityError, match=f"`{field}` is missing"):
        manifest_of(cache, "tpu")


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("lag", 3660, 3661),
        ("lag", 0, -1),
        ("lag", 1, True),
        ("etag", "W/x", "é"),
        ("etag", "", "a\r\nX-Key: b"),
        ("title", "x" * 2000, "x" * 2001),
        ("asked_since", "2024-02-29", "2023-02-29"),
        ("checked", "2026-01-01T00:00:00Z", "2026-01-01T24:00:00Z"),
        ("previous", "", "../../../passwords"),
        ("previous", "0" * 16 + ".parquet", "0" * 15 + ".parquet"),
        ("columns", {"a": ""}, {}),
        ("pulls", [], [[]]),
    ],
)
def test_where_sound_ends(cache: Path, field: str, good: Any, bad: Any) -> None:
    where = cache / "tpu" / MANIFEST
    plain = json.loads(where.read_text(encoding="utf-8"))
    where.write_text(json.dumps({**plain, field: good}), encoding="utf-8")
    assert manifest_of(cache, "tpu") is not None
    where.write_text(json.dumps({**plain, field: bad}), encoding="utf-8")
    with pytest.raises(IntegrityError):
        manifest_of(cache, "tpu")


def test_a_file_that_lies_elsewhere_is_not_read(cache: Path) -> None:
    """The manifest names its rows by their hash, inside its own folder."""
    where = cache / "tpu" / MANIFEST
    plain = json.loads(where.read_text(encoding="utf-8"))
    (cache / "0123456789abcdef.parquet").write_bytes((cache / "tpu" / plain["file"]).read_bytes())
    for name in ("../0123456789abcdef.parquet", "0123456789abcdef.parquet", "/etc/passwd"):
        where.write_text(json.dumps({**plain, "file": name}), encoding="utf-8")
        with pytest.raises(IntegrityError, match="`file`"):
            stored_rows(cache, "tpu")


def test_a_newer_version_is_named_and_left_alone(cache: Path, desk: Desk) -> None:
    where = cache / "tpu" / MANIFEST
    plain = json.loads(where.read_text(encoding="utf-8"))
    newer = json.dumps({**plain, "format": 2, "since_then": [1]})
    where.write_text(newer, encoding="utf-8")
    with pytest.raises(DataError, match="newer version") as caught:
        manifest_of(cache, "tpu")
    assert "Upgrade" in caught.value.do
    desk.cache = cache
    assert "newer version" in str(desk.one("tpu").error)
    assert where.read_text(encoding="utf-8") == newer


def test_a_pull_of_a_damaged_manifest_names_it_and_the_next_one_mends_it(desk: Desk) -> None:
    assert desk.one("tpu").status == "new"
    where = desk.cache / "tpu" / MANIFEST
    plain = json.loads(where.read_text(encoding="utf-8"))
    where.write_text(json.dumps({**plain, "asked_since": 7}), encoding="utf-8")
    rows = {p.name for p in where.parent.glob("*.parquet")}
    outcome = desk.one("tpu")
    assert isinstance(outcome.error, IntegrityError)
    assert "`asked_since` is not what it should be" in str(outcome.error)
    assert desk.one("tpu", anew=True).status == "new"
    (aside,) = desk.cache.glob(".tpu.*.aside")
    assert {p.name for p in aside.glob("*.parquet")} == rows


@pytest.mark.parametrize("seed", range(20))
def test_what_is_written_is_read_again(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    sha = f"{rng.getrandbits(256):064x}"
    moment = manifest.stamped(datetime.fromtimestamp(rng.randrange(2**31), tz=UTC))
    words = ["", "x", "naïve ½ 加密", "[bold]", '"', "a" * 2000]
    texts = {n: rng.choice(words) for n in ("title", "publisher", "licence", "citation")}
    entry = Manifest(
        name="mine",
        **texts,
        endpoint="https://user:pw@example.org/a?key=abc",
        columns={rng.choice(words[1:]): rng.choice(words)},
        lag=rng.randrange(3661),
        sessions=rng.random() < 0.5,
        file=f"{sha[:16]}.parquet",
        sha256=sha,
        asked_since="1900-01-01",
        asked_until="2026-05-31",
        checked=moment,
        pulls=tuple(Pulled(moment, rng.randrange(99), 0, 0, rng.choice(words)) for _ in range(3)),
    )
    where = tmp_path / "mine" / MANIFEST
    where.parent.mkdir()
    manifest.write_manifest(where, entry)
    back = manifest.read_manifest(where)
    assert back is not None
    assert back.endpoint == "https://example.org/a"
    assert manifest.packed(back) == manifest.packed(entry)
    assert (back.columns, back.pulls, back.lag) == (entry.columns, entry.pulls, entry.lag)


def test_what_could_not_be_read_again_is_not_written(cache: Path) -> None:
    found = manifest_of(cache, "tpu")
    assert found is not None
    from dataclasses import replace

    for odd in (replace(found, title="a\x07"), replace(found, lag=99999), replace(found, file="x")):
        with pytest.raises(DataError, match="cannot be described"):
            manifest.write_manifest(cache / "tpu" / MANIFEST, odd)
    assert manifest_of(cache, "tpu") == found


def test_rows_that_are_no_table_are_damage(cache: Path) -> None:
    """Bytes of the right hash that are no rows: what a program with a fault could have stored."""
    import hashlib
    import io

    import pandas as pd

    def frame(**columns: Any) -> bytes:
        stream = io.BytesIO()
        pd.DataFrame(columns).to_parquet(stream)
        return stream.getvalue()

    days = np.array(["2026-01-01", "2026-01-02"], "datetime64[us]")
    bad = [b"", b"PAR1", frame(day=days), frame(day=["a", "b"], known_at=days, x=[1.0, 2.0])]
    bad += [frame(day=days, known_at=days, x=["a", "b"]), frame(day=days, known_at=days[::-1])]
    bad += [frame(day=[None, days[1]], known_at=days), frame(day=days, known_at=days, x=[[1], [2]])]
    where = cache / "tpu" / MANIFEST
    plain = json.loads(where.read_text(encoding="utf-8"))
    for body in bad:
        sha = hashlib.sha256(body).hexdigest()
        (where.parent / f"{sha[:16]}.parquet").write_bytes(body)
        facts = {"file": f"{sha[:16]}.parquet", "sha256": sha}
        where.write_text(json.dumps({**plain, **facts}), encoding="utf-8")
        with pytest.raises(IntegrityError):
            stored_rows(cache, "tpu")
