"""Secrets of one's own sources: refused where they are written out, and in nothing that is kept."""

from __future__ import annotations

import base64
import json
import logging
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.data.pull.cache import manifest_of
from causal.data.pull.client import Client
from causal.data.pull.pull import Outcome, Wish, pull
from causal.data.pull.status import status
from causal.data.pull.transport import BASE
from causal.data.sources.own import read_sources
from causal.data.sources.secret import hidden, presentable, secretive, values_of, variables_in
from causal.data.sources.source import Source
from causal.errors import CausalError, SourceError, SpecError
from tests.data.conftest import IMPATIENT
from tests.replay.server import Replay

KEY, WORD = "s3cret-Key/+", "pa ss:@%w0rd"
ENVIRONMENT = {"MY_KEY": KEY, "MY_WORD": WORD, "MY_NAME": "me-my-name"}
FORMS = {KEY, quote(KEY, safe=""), WORD, quote(WORD, safe=""), "me-my-name"}
FORMS |= {base64.b64encode(f"me-my-name:{WORD}".encode()).decode()}
TABLE = b"date,value\n2026-05-01,1.0\n2026-05-02,2.0\n"
KNOWN = '\ncolumns = { mine = "value" }\n'


def described(folder: Path, text: str) -> tuple[Source, ...]:
    path = folder / "sources.toml"
    path.write_text(f"[sources.mine]\n{text}{KNOWN}", encoding="utf-8")
    return read_sources(path)


# What is written out is refused, and not repeated


LITERAL = [
    'url = "https://user:hunter22@example.org/a"',
    'url = "https://hunter22@example.org/a"',
    'url = "https://hunter22:@example.org/a"',
    'url = "https://${MY_NAME}:hunter22@example.org/a"',
    'url = "https://example.org/a?apikey=hunter22"',
    'url = "https://example.org/a?x=1&API_KEY=hunter22"',
    'url = "https://example.org/a?api%6Bey=hunter22"',
    'url = "https://example.org/a?access-token=hunter22"',
    'url = "https://example.org/a?token=${MY_KEY}hunter22"',
    'url = "https://example.org/a;token=hunter22/b"',
    'url = "https://example.org/a?x=1;password=hunter22"',
    'url = "https://example.org/a#access_token=hunter22"',
    'url = "https://example.org/a?X-Amz-Signature=hunter22"',
    'url = "https://example.org/a?x=ghp_hunter22hunter22hunter22"',
    'url = "https://example.org/a?x=eyJhbGciOiJIUzI1.hunter22"',
    'url = "https://user:hun/hunter22@example.org/a"',
    'url = "https://user:hun?hunter22@example.org/a"',
    'url = "https://user:hun#hunter22@example.org/a"',
    'url = ["https://user:hunter22@example.org/a"]',
    'url = "https://[hunter22"',
    'url = "https://example.org:hunter22/a"',
    'url = "https://example.org/\\u0007hunter22"',
    'url = "https://example.org/${hunter22 x}"',
    'url = "ftp://user:hunter22@example.org/a"',
    'url = "https://example.org/a"\nheaders = { Authorization = "Bearer hunter22" }',
    'url = "https://example.org/a"\nheaders = { X-Api-Key = "hunter22" }',
    'url = "https://example.org/a"\nheaders = { Cookie = "session=hunter22" }',
    'url = "https://example.org/a"\nheaders = { X-Any = "Bearer hunter22" }',
    'url = "https://example.org/a"\nheaders = { X-Any = "a\\nX-Key: hunter22" }',
    'url = "https://example.org/a"\nheaders = { X-Any = ["hunter22"] }',
    'url = "https://example.org/a"\nheaders = "hunter22"',
    'url = "https://example.org/a"\ncitation = "see https://example.org/b?token=hunter22"',
    'sql = "SELECT 1"\nconnection = "postgresql://user:hunter22@host/db"',
    'sql = "SELECT 1"\nconnection = "postgresql://host/db?password=hunter22"',
    'sql = "SELECT 1"\nconnection = ["hunter22"]',
    'sql = "SELECT 1"\nconnection = "env:hunter22 x"',
    "path = { hunter22 = 1 }",
]


@pytest.mark.parametrize("text", LITERAL)
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(SpecError) as caught:
        described(tmp_path, text)
    assert "hunter22" not in str(caught.value)
    assert caught.value.problems


def test_the_refusal_says_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        described(tmp_path, LITERAL[4])
    (problem,) = caught.value.problems
    for part in ("sources.mine.url", "`apikey`", "${MY_KEY}", "environment variable MY_KEY"):
        assert part in problem


def test_a_secret_goes_over_https_only(tmp_path: Path) -> None:
    for text in (
        'url = "http://example.org/a?apikey=${MY_KEY}"',
        'url = "http://example.org/a"\nheaders = { X-Key = "${MY_KEY}" }',
    ):
        with pytest.raises(SpecError, match="over https:// only"):
            described(tmp_path, text)
    described(tmp_path, 'url = "http://localhost:8000/a?apikey=${MY_KEY}"')
    described(tmp_path, 'url = "http://example.org/a?id=DGS10"')


HARMLESS = [
    'url = "https://example.org/a.csv?id=DGS10&mailto=me%40b.org&sort=value"',
    'url = "https://example.org/a?tokens=usdt&monkeys=3&keyword=x&design=y&token="',
    'url = "https://${MY_NAME}:${MY_WORD}@example.org/${MY_NAME}/a?apikey=${MY_KEY}"',
    'url = "https://me:${MY_WORD}@example.org/a"',
    'url = "https://example.org/a"\nheaders = { Authorization = "Bearer ${MY_KEY}", Accept = "x" }',
    'path = "a b#c.csv"',
    'sql = "SELECT 1"\nconnection = "postgresql://me:${MY_WORD}@host/db"',
    'sql = "SELECT 1"\nconnection = "postgresql://me@host/db"',
    'sql = "SELECT 1"\nconnection = "env:MY_DATABASE"',
    'sql = "SELECT 1"\nconnection = "sqlite:///a b#c.db"',
    'url = "https://example.org/a"\ncitation = "A (2026), https://doi.org/10.1/x#page=3, @me"',
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_none_is_taken(tmp_path: Path, text: str) -> None:
    (source,) = described(tmp_path, text)
    assert source.name == "mine"


def test_what_a_source_needs(tmp_path: Path) -> None:
    (source,) = described(tmp_path, HARMLESS[2])
    assert source.variables == ("MY_NAME", "MY_WORD", "MY_KEY")
    (source,) = described(tmp_path, 'sql = "SELECT 1"\nconnection = "env:MY_DATABASE"')
    assert source.variables == ("MY_DATABASE",)


ARE = ("apikey", "X-Api-Key", "accessToken", "key", "pwd", "client_secret", "sig", "appid")
ARE_NOT = ("id", "keys", "monkey", "tokens", "passage", "sort_key", "design", "author")


@pytest.mark.parametrize("name", [*ARE, *ARE_NOT])
def test_names_of_secrets(name: str) -> None:
    assert secretive(name) is (name in ARE)


# What is secret reaches the publisher, and nothing else


OWN = {
    "query": ('url = "https://q.example.org/a?apikey=${MY_KEY}&id=3"', ["MY_KEY"]),
    "login": ('url = "https://${MY_NAME}:${MY_WORD}@l.example.org/a"', ["MY_WORD", "MY_NAME"]),
    "place": ('url = "https://p.example.org/${MY_KEY}/a"', ["MY_KEY"]),
    "header": (
        'url = "https://h.example.org/a"\nheaders = { Authorization = "Token ${MY_KEY}" }',
        ["MY_KEY"],
    ),
}


@pytest.fixture
def published(replay: Replay) -> Replay:
    for host in "qlh":
        replay.own[f"{host}.example.org/a"] = TABLE
    replay.own[f"p.example.org/{KEY}/a"] = TABLE
    return replay


def pulled(folder: Path, replay: Replay, text: str) -> Outcome:
    sources = described(folder, text)
    wish = Wish(date(2014, 1, 1), date(2026, 5, 31))
    with Client(base=replay.base, pace=IMPATIENT, environment=ENVIRONMENT) as client:
        (outcome,) = pull(folder / "cache", sources, wish, client=client)
    return outcome


def bare(*texts: object) -> None:
    """None of these holds a secret, in any form."""
    for text in map(str, texts):
        assert not [f for f in FORMS if f in text]


def told(error: BaseException | None) -> Iterator[str]:
    """Everything that an error, or one behind it, could show."""
    while error is not None:
        yield f"{error} {error!r} {vars(error) if hasattr(error, '__dict__') else ''}"
        error = error.__cause__ or error.__context__


def kept(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*"):
        yield path.name
        if path.is_file():
            yield path.read_bytes().decode("latin-1")


@pytest.mark.parametrize("kind", list(OWN))
def test_a_secret_is_sent_and_neither_kept_nor_shown(
    tmp_path: Path,
    published: Replay,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    outcome = pulled(tmp_path, published, OWN[kind][0])
    assert outcome.error is None
    assert (outcome.status, outcome.new) == ("new", 2)
    traffic = f"{published.asked} {published.sent}"
    assert [f for f in FORMS if f in traffic]
    lines = [r.getMessage() for r in caplog.records if r.name == "httpx"]
    assert lines
    assert all(f"{published.base}/ " in line for line in lines)  # the host alone
    found = status(tmp_path / "cache", np.datetime64("2026-05-31"))
    bare(*kept(tmp_path), caplog.text, *capfd.readouterr(), found, outcome, outcome.source)
    entry = manifest_of(tmp_path / "cache", "mine")
    assert entry is not None
    assert entry.endpoint.startswith(f"https://{kind[0]}.example.org/")
    assert pulled(tmp_path, published, OWN[kind][0]).status == "unchanged"
    bare(*kept(tmp_path))


TROUBLE = ["401", "404", "500", "cut", "html", "echo", "half", "replace value|other"]
TROUBLE += ["to https://evil.org/", "to https://evil.org/?x={}", "to file:///x"]


@pytest.mark.parametrize("trouble", TROUBLE)
@pytest.mark.parametrize("kind", ["query", "login", "header"])
def test_no_error_shows_a_secret(
    tmp_path: Path,
    published: Replay,
    caplog: pytest.LogCaptureFixture,
    kind: str,
    trouble: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    sent_back = quote(WORD if kind == "login" else KEY, safe="")
    published.fault(f"{kind[0]}.example.org", trouble.format(sent_back))
    outcome = pulled(tmp_path, published, OWN[kind][0])
    assert outcome.status == "failed"
    assert outcome.error is not None
    bare(*told(outcome.error), caplog.text, *kept(tmp_path))


@pytest.mark.parametrize("kind", list(OWN))
def test_what_is_not_set_is_named_and_nobody_is_asked(
    tmp_path: Path, published: Replay, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    text, needed = OWN[kind]
    for name in needed:
        for value in ("", "a\nb", "é"):
            monkeypatch.setitem(ENVIRONMENT, name, value)
            error = pulled(tmp_path, published, text).error
            assert isinstance(error, SourceError)
            assert f"environment variable {name} is not set" in str(error)
        monkeypatch.undo()
    assert not published.asked


def test_a_key_does_not_change_the_address(tmp_path: Path, published: Replay) -> None:
    """What a variable holds is one value: it opens no further parameter, path or host."""
    (source,) = described(tmp_path, OWN["query"][0])
    for value in ("a&id=9", "a#b", "../../x", "a@evil.org", "a%26id=9", "${MY_NAME}"):
        environment = {**ENVIRONMENT, "MY_KEY": value}
        with Client(base=published.base, pace=IMPATIENT, environment=environment) as client:
            (asked,) = source.plan(source, date(2026, 1, 1), date(2026, 5, 31))
            assert client.fetch(source, asked).body == TABLE
        assert published.asked[-1].endswith(f"?apikey={quote(value, safe='')}&id=3")


def test_a_connection_is_neither_kept_nor_shown(
    tmp_path: Path, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{quote(KEY, safe='')}.db"
    opened = sqlite3.connect(path)
    opened.execute("CREATE TABLE t AS SELECT '2026-05-01' AS date, 1.0 AS value")
    opened.commit()
    opened.close()
    text = 'sql = "SELECT date, value FROM t"\nconnection = "env:MY_DATABASE"'
    monkeypatch.setitem(ENVIRONMENT, "MY_DATABASE", f"sqlite:///{path}")
    outcome = pulled(tmp_path, replay, text)
    assert (outcome.status, outcome.new) == ("new", 1)
    monkeypatch.setitem(ENVIRONMENT, "MY_DATABASE", f"postgresql://me-my-name:{WORD}@host/db")
    failed = pulled(tmp_path, replay, text)
    assert failed.status == "failed"
    path.unlink()
    bare(*kept(tmp_path), *told(failed.error), outcome)


# The command line


def test_the_commands_show_no_secret(
    tmp_path: Path, published: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    described(tmp_path, OWN["query"][0])
    monkeypatch.setenv("CAUSAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(BASE, published.base)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    asked = ["data", "pull", "mine", "--sources", str(tmp_path / "sources.toml")]
    published.fault("q.example.org", "echo", times=1)
    for words in (asked, [*asked, "--json"], ["data", "status"], ["data", "status", "--json"]):
        result = CliRunner().invoke(app, words)
        bare(result.output, result.stderr, result.stdout)
    assert json.loads(result.stdout)["sources"][0]["name"] == "mine"
    bare(*kept(tmp_path))


def test_nothing_but_a_pull_reaches_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    def forbidden(*_: object) -> None:
        raise AssertionError("the network was reached")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setenv("CAUSAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(BASE, raising=False)
    for words in (["data", "status", "--all"], ["ask", "P(bitcoin=crash)", "--json"]):
        assert CliRunner().invoke(app, words).exit_code == 0
    result = CliRunner().invoke(app, ["data", "pull", "tpu"])
    assert "AssertionError" in result.stderr


# Addresses and texts


def test_what_may_be_shown_of_an_address() -> None:
    for address, found in (
        ("https://me:word@a.org:81/b/c.csv?key=x#y", "https://a.org:81/b/c.csv"),
        ("https://a.org/v3/0123456789abcdefABCDEF0123/x", "https://a.org/v3/.../x"),
        ("https://a.org/123e4567-e89b-12d3-a456-426614174000", "https://a.org/..."),
        ("https://${A}:${B}@a.org/${C}?key=${D}", "https://a.org/${C}"),
        ("your own sql", "your own sql"),
        ("https://[x", "an address that cannot be read"),
    ):
        assert presentable(address) == found
        assert presentable(found) == found


def test_what_is_hidden_from_an_error() -> None:
    secrets = values_of(["A", "B", "C"], {"A": "ab/cd", "B": "x", "C": "ab/cdef"})
    assert secrets == ("ab%2Fcdef", "ab%2Fcd", "ab/cdef", "ab/cd")
    error = hidden(SourceError("at ab/cdef", "is ab%2Fcd", "mend"), secrets)
    assert type(error) is SourceError
    assert str(error) == "at ... is ... mend"
    same = CausalError("x")
    assert hidden(same, secrets) is same
    assert hidden(same, ()) is same
    assert variables_in("${A}${B_1}${A}${1}$A{}") == ("A", "B_1")
