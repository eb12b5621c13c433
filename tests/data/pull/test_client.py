"""Manners and patience of the one seam to the network."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from causal.data.pull.client import Cancelled, Client, Pace, wished
from causal.data.pull.transport import BASE
from causal.data.sources.catalogue import selected
from causal.data.sources.source import Request
from causal.errors import SourceError
from tests.data.conftest import IMPATIENT
from tests.replay.publishers import KEY
from tests.replay.server import Replay

(TPU,) = selected(["tpu"])
(COINALYZE,) = selected(["coinalyze"])
ADDRESS = Request(TPU.endpoint)


def client(replay: Replay, **environment: str) -> Client:
    return Client(base=replay.base, pace=IMPATIENT, environment=environment)


def test_the_agent_says_who_asks(replay: Replay) -> None:
    with client(replay) as found:
        found.fetch(TPU, ADDRESS)
    (agent,) = replay.agents
    assert agent.startswith("causal-crash/")


def test_the_environment_names_a_stand_in(replay: Replay) -> None:
    with Client(environment={BASE: replay.base + "/"}) as found:
        reply = found.fetch(TPU, ADDRESS)
    assert reply.body is not None
    assert reply.body.startswith(b"day,month,year,")


@pytest.mark.parametrize("kind", ["500", "502", "503", "429", "cut", "slow"])
def test_a_passing_fault_is_tried_again(replay: Replay, kind: str) -> None:
    replay.fault("TPU", kind, times=2)
    with client(replay) as found:
        reply = found.fetch(TPU, ADDRESS)
    assert reply.body is not None
    assert len(replay.asked) == 3


@pytest.mark.parametrize(
    ("kind", "says"),
    [("500", "answered 500"), ("429", "answered 429"), ("cut", "cut before"), ("slow", "too slow")],
)
def test_a_lasting_fault_is_named(replay: Replay, kind: str, says: str) -> None:
    replay.fault("TPU", kind)
    with client(replay) as found, pytest.raises(SourceError, match=says):
        found.fetch(TPU, ADDRESS)
    assert len(replay.asked) == IMPATIENT.attempts


@pytest.mark.parametrize("status", ["401", "403", "404", "410", "451"])
def test_a_refusal_is_not_tried_again(replay: Replay, status: str) -> None:
    replay.fault("TPU", status)
    with client(replay) as found, pytest.raises(SourceError, match=f"answered {status}"):
        found.fetch(TPU, ADDRESS)
    assert len(replay.asked) == 1


def test_an_optional_file_may_be_absent(replay: Replay) -> None:
    with client(replay) as found:
        reply = found.fetch(TPU, Request(TPU.endpoint + "x", optional=True))
    assert reply.absent
    assert reply.body is None


@pytest.mark.parametrize(("after", "least"), [("1", 0.9), ("date", 0.8)])
def test_retry_after_is_honoured(replay: Replay, after: str, least: float) -> None:
    replay.fault("TPU", "429", times=1, after=after)
    begins = time.monotonic()
    with client(replay) as found:
        found.fetch(TPU, ADDRESS)
    assert time.monotonic() - begins >= least


def test_a_wish_beyond_patience_is_passed_on(replay: Replay) -> None:
    replay.fault("TPU", "429", after="86400")
    begins = time.monotonic()
    with client(replay) as found, pytest.raises(SourceError, match="86400 seconds"):
        found.fetch(TPU, ADDRESS)
    assert time.monotonic() - begins < 5
    assert len(replay.asked) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("Sun, 31 May 2026 12:00:30 GMT", 30.0),
        ("Sun, 31 May 2026 11:00:00 GMT", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_wishes(text: str, seconds: float) -> None:
    assert wished(text, lambda: datetime(2026, 5, 31, 12, tzinfo=UTC)) == seconds


def test_an_unchanged_file_is_not_sent_again(replay: Replay) -> None:
    with client(replay) as found:
        first = found.fetch(TPU, ADDRESS)
        again = found.fetch(TPU, ADDRESS, etag=first.etag, modified=first.modified)
    assert first.etag
    assert again.body is None
    assert not again.absent
    assert replay.conditional == 1


def test_nobody_is_there() -> None:
    with (
        Client(base="http://127.0.0.1:9", pace=IMPATIENT, environment={}) as found,
        pytest.raises(SourceError, match="no connection"),
    ):
        found.fetch(TPU, ADDRESS)


def test_the_key_travels_in_a_header_only(replay: Replay) -> None:
    ends = (("from", "1779926400"), ("to", "1780185600"))
    request = Request(COINALYZE.endpoint, (("symbols", "BTCUSDT_PERP.A"), *ends))
    with client(replay, COINALYZE_KEY=KEY) as found:
        reply = found.fetch(COINALYZE, request)
    assert reply.body is not None
    assert KEY not in " ".join(replay.asked)


def faults() -> list[tuple[str, Callable[[Replay], None]]]:
    kinds = ("401", "429", "500", "cut", "slow", "html", "302")
    return [(k, lambda replay, k=k: replay.fault("coinalyze", k)) for k in kinds]


@pytest.mark.parametrize(("kind", "break_it"), faults(), ids=[k for k, _ in faults()])
def test_no_error_shows_the_key(
    replay: Replay, kind: str, break_it: Callable[[Replay], None]
) -> None:
    from causal.data.sources.source import read_response

    break_it(replay)
    request = Request(COINALYZE.endpoint, (("from", "1779926400"), ("to", "1780185600")))
    with client(replay, COINALYZE_KEY=KEY) as found, pytest.raises(SourceError) as caught:
        read_response(COINALYZE, found.fetch(COINALYZE, request).body or b"", request)
    shown: BaseException | None = caught.value
    while shown is not None:
        assert KEY not in str(shown)
        shown = shown.__cause__


@pytest.mark.parametrize("key", ["", "  ", "ä", "a\nb"])
def test_a_key_that_is_none(replay: Replay, key: str) -> None:
    with (
        client(replay, COINALYZE_KEY=key) as found,
        pytest.raises(SourceError, match="needs your own key"),
    ):
        found.fetch(COINALYZE, Request(COINALYZE.endpoint))
    assert not replay.asked


def test_what_an_error_shows_of_an_address() -> None:
    request = Request("https://me:secret@example.org/a.csv", (("apikey", "secret"),))
    assert request.shown == "https://example.org/a.csv"


def test_a_stop_is_heard(replay: Replay) -> None:
    with client(replay) as found:
        found.stop.set()
        with pytest.raises(Cancelled):
            found.fetch(TPU, ADDRESS)
    assert Pace().attempts == 5


def test_without_httpx_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(SourceError, match=r"causal-crash\[data\]"):
        Client(environment={})
