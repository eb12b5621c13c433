"""A user's own source: described in TOML, pulled, in the panel, without touching the package."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from causal.data.history import holdings
from causal.data.pull.cache import manifest_of
from causal.data.pull.client import Client
from causal.data.pull.pull import Outcome, Wish, pull
from causal.data.sources.own import read_sources
from causal.errors import SpecError
from tests.data.conftest import IMPATIENT
from tests.replay.server import Replay

FRAME = pd.DataFrame(
    {"day": ["2026-05-01", "2026-05-02", "2026-05-04"], "value": [1.0, None, 3.0], "note": "x"}
)
KNOWN = 'date = "day"\ncolumns = { mine = "value" }\nlag = 2\nunit = "index"\nlicence = "own"\n'


def described(folder: Path, text: str) -> Path:
    path = folder / "sources.toml"
    path.write_text(f"[sources.my_index]\n{text}", encoding="utf-8")
    return path


def pulled(folder: Path, text: str, base: str = "http://127.0.0.1:9") -> Outcome:
    own = read_sources(described(folder, text + KNOWN))
    wish = Wish(date(2014, 1, 1), date(2026, 5, 31))
    with Client(base=base, pace=IMPATIENT, environment={}) as client:
        (outcome,) = pull(folder / "cache", own, wish, client=client)
    return outcome


def written(folder: Path, kind: str) -> str:
    if kind == "csv":
        FRAME.to_csv(folder / "a.csv", index=False)
        return 'path = "a.csv"\n'
    if kind == "parquet":
        FRAME.to_parquet(folder / "a.parquet")
        return 'path = "a.parquet"\n'
    with sqlite3.connect(folder / "a.db") as opened:
        FRAME.to_sql("t", opened, index=False)
    opened.close()
    address = f"sqlite:///{folder / 'a.db'}"
    return f'sql = "SELECT day, value FROM t ORDER BY day"\nconnection = "{address}"\n'


@pytest.mark.parametrize("kind", ["csv", "parquet", "sql"])
def test_a_table_of_ones_own(tmp_path: Path, kind: str) -> None:
    outcome = pulled(tmp_path, written(tmp_path, kind))
    assert outcome.error is None
    assert (outcome.status, outcome.new) == ("new", 2)
    held = holdings(tmp_path / "cache")
    assert held.panel.names == ("mine",)
    assert held.panel.values[[0, 3], 0].tolist() == [1.0, 3.0]
    assert str(held.available[0, 0]) == "2026-05-03"
    entry = manifest_of(tmp_path / "cache", "my_index")
    assert entry is not None
    assert (entry.licence, entry.columns) == ("own", {"mine": "index"})


def test_an_address_of_ones_own(tmp_path: Path, replay: Replay) -> None:
    text = 'url = "https://fred.stlouisfed.org/graph/fredgraph.csv?id=DGS10'
    text += f'&cosd={replay.history.days[0]}&coed=2026-05-31"\n'
    known = KNOWN.replace('"day"', '"observation_date"').replace('"value"', '"DGS10"')
    own = read_sources(described(tmp_path, text + known))
    wish = Wish(date(2014, 1, 1), date(2026, 5, 31))
    with Client(base=replay.base, pace=IMPATIENT, environment={}) as client:
        (outcome,) = pull(tmp_path / "cache", own, wish, client=client)
    assert outcome.new > 60


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('path = "none.csv"\n', "no file"),
        ('sql = "SELECT 1"\nconnection = "sqlite:///none.db"\n', "no such file"),
        ('sql = "SELECT 1"\nconnection = "env:NO_SUCH_DATABASE"\n', "NO_SUCH_DATABASE is not set"),
        ('url = "https://user:${NO_SUCH_KEY}@example.org/a"\n', "NO_SUCH_KEY is not set"),
        ('url = "https://example.org/a?id=secret"\n', "no connection|answered"),
    ],
)
def test_what_fails_is_named_without_secrets(tmp_path: Path, text: str, says: str) -> None:
    import re

    outcome = pulled(tmp_path, text)
    assert outcome.status == "failed"
    assert re.search(says, str(outcome.error))
    assert "secret" not in str(outcome.error)


def test_a_missing_column_is_shown(tmp_path: Path) -> None:
    FRAME.rename(columns={"value": "price"}).to_csv(tmp_path / "a.csv", index=False)
    outcome = pulled(tmp_path, 'path = "a.csv"\n')
    assert "value are missing; it has day, price, note" in str(outcome.error)


def test_every_mistake_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[sources.tpu]\nurl = "ftp://x"\npath = "y"\n'
        '[sources."a b"]\nsql = "SELECT 1"\nlag = -1\ncolums = 3\n[other]\n',
        encoding="utf-8",
    )
    with pytest.raises(SpecError) as caught:
        read_sources(path)
    text = str(caught.value)
    for problem in (
        "sources.tpu.url: say where it is",
        "has this name",
        "starts with https://",
        "sources.a b.connection: missing",
        "sources.a b.lag",
        "unknown key",
        "columns: missing",
        "made of letters",
    ):
        assert problem in text, problem


@pytest.mark.parametrize("text", ["", "sources = 3", "a = [", "[sources]"])
def test_a_file_that_describes_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError):
        read_sources(path)


def test_a_table_of_ones_own_is_read_as_a_panel_is(tmp_path: Path) -> None:
    """FRED's full stop is a gap; what is refused says where, and advises nothing that is not."""
    kept = 'path = "a.csv"\n'
    (tmp_path / "a.csv").write_text("day,value,note\n2026-05-01,.,1\n2026-05-02,4.57,x\n")
    outcome = pulled(tmp_path, kept)
    assert (outcome.error, outcome.new) == (None, 1)
    for text, says in (
        ("day;value\n2026-05-01;1,5\n", "separated by semicolons"),
        ("day,value\n2026-05-01,1\n2026-05-02,soon\n", "'soon' in row 2"),
        ("day,value\n20260501,1\n", "2026-05-01 without hyphens"),
        ("day,other\n2026-05-01,1\n", "it has day, other"),
    ):
        (tmp_path / "a.csv").write_text(text)
        found = str(pulled(tmp_path, kept).error)
        assert says in found
        assert "://" not in found
        assert "Try again later" not in found
    (tmp_path / "a.csv").write_bytes(FRAME.to_parquet()[:-9] + b"x" * 5 + b"PAR1")
    assert "cannot be read" in str(pulled(tmp_path, kept).error)
