"""Redirections: to the web only, never back from https, in no circle; secrets stay at home."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from causal.data.pull.client import Client, Reply
from causal.data.pull.redirect import (
    STEPS,
    objection,
    onward,
    publisher_address,
    same_origin,
    stood_in,
)
from causal.data.sources.catalogue import selected
from causal.data.sources.source import Request, Source
from causal.errors import SourceError
from tests.data.conftest import IMPATIENT
from tests.replay.publishers import KEY
from tests.replay.server import Replay

(TPU,) = selected(["tpu"])
(COINALYZE,) = selected(["coinalyze"])
FILE = "www.policyuncertainty.com/media/All_Daily_TPU_Data.csv"
HERE = "https://a.org/x?key=secret"


def asked(replay: Replay, source: Source = TPU, url: str = "") -> Reply:
    environment = {"COINALYZE_KEY": KEY}
    with Client(base=replay.base, pace=IMPATIENT, environment=environment) as client:
        return client.fetch(source, Request(url or source.endpoint))


REFUSED = [
    ("file:///etc/passwd", "redirects to file, which is not on the web"),
    ("ftp://a.org/x", "redirects to ftp"),
    ("data:text/csv,a", "redirects to data"),
    ("javascript:alert(1)", "what is no address"),
    ("s3cret-token:x", "what is no address"),
    ("http://[::1", "what is no address"),
    ("https://", "what is no address"),
    ("https://a.org:port/", "what is no address"),
    (f"http://{FILE}", "from https to http"),
    ("http://elsewhere.org/", "from https to http"),
    (f"https://{FILE}", "in a circle"),
    (f"https://user:pass@{FILE}", "in a circle"),
]


@pytest.mark.parametrize(("place", "says"), REFUSED)
def test_what_may_not_be_followed_is_refused_at_once(replay: Replay, place: str, says: str) -> None:
    replay.fault("TPU", f"to {place}")
    with pytest.raises(SourceError, match=says) as caught:
        asked(replay)
    assert len(replay.asked) == 1
    assert "would not help" in caught.value.means
    assert caught.value.__context__ is None
    for part in ("passwd", "s3cret", "alert", "pass@"):
        assert part not in str(caught.value)


def test_a_circle_of_two_and_a_way_too_long(replay: Replay) -> None:
    replay.fault("one.org", "to https://two.org/b")
    replay.fault("two.org", "to https://one.org/a")
    with pytest.raises(SourceError, match="in a circle"):
        asked(replay, url="https://one.org/a")
    assert len(replay.asked) == 2
    replay.asked.clear()
    for step in range(9):
        replay.fault(f"/step{step}", f"to https://c.org/step{step + 1}")
    with pytest.raises(SourceError, match=f"more than {STEPS} times"):
        asked(replay, url="https://c.org/step0")
    assert len(replay.asked) == STEPS + 1


@pytest.mark.parametrize("steps", [1, STEPS])
def test_a_way_that_is_short_enough_is_followed(replay: Replay, steps: int) -> None:
    for step in range(steps):
        after = f"https://c.org/step{step + 1}" if step < steps - 1 else f"https://{FILE}"
        replay.fault(f"/step{step}", f"to {after}")
    reply = asked(replay, url="https://c.org/step0")
    assert reply.body is not None
    assert reply.body.startswith(b"day,month,year")
    assert len(replay.asked) == steps + 1


def test_a_redirection_that_names_no_place_is_refused(replay: Replay) -> None:
    replay.fault("TPU", "302")
    with pytest.raises(SourceError, match="answered 302"):
        asked(replay)
    assert len(replay.asked) == 1


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("https://api.coinalyze.net/v2/x", True),
        ("https://api.coinalyze.net:443/v2/x", True),
        ("https://api.coinalyze.net:8443/v2/x", False),
        ("https://api.coinalyze.net.evil.org/x", False),
        ("https://evil.org/api.coinalyze.net", False),
        ("//evil.org/x", False),
    ],
)
def test_a_key_goes_to_its_own_host_only(replay: Replay, place: str, kept: bool) -> None:
    replay.fault("liquidation-history", f"to {place}")
    for host in ("api.coinalyze.net/v2/x", "api.coinalyze.net.evil.org/x", "evil.org/x"):
        replay.own[host] = b"found"
    replay.own["evil.org/api.coinalyze.net"] = b"found"
    if place.startswith("//"):
        place = f"https:{place}"
        replay.faults[0].kind = f"to {place}"
    assert asked(replay, COINALYZE).body == b"found"
    first, second = replay.sent
    assert first["api_key"] == KEY
    assert (second.get("api_key") == KEY) is kept
    assert (KEY in str(second)) is kept


def test_a_key_does_not_come_back_when_the_way_leads_home(replay: Replay) -> None:
    replay.fault("liquidation-history", "to https://evil.org/x")
    replay.fault("evil.org", "to https://api.coinalyze.net/v2/x")
    replay.own["api.coinalyze.net/v2/x"] = b"found"
    assert asked(replay, COINALYZE).body == b"found"
    assert [KEY in str(fields) for fields in replay.sent] == [True, False, False]


def test_a_secret_that_is_sent_back_is_not_handed_on(replay: Replay) -> None:
    replay.fault("liquidation-history", f"to https://evil.org/x?key={KEY}")
    with pytest.raises(SourceError, match="would hand it your secret") as caught:
        asked(replay, COINALYZE)
    assert len(replay.asked) == 1
    assert KEY not in str(caught.value)
    assert "evil" not in str(caught.value)


def test_a_user_and_password_go_as_a_header_and_stay_at_home(replay: Replay) -> None:
    replay.fault("one.org/start", "to https://two.org/end")
    replay.own["two.org/end"] = b"found"
    source = replace(
        TPU, endpoint="https://${USER_}:${WORD}@one.org/start", needs=("USER_", "WORD")
    )
    environment = {"USER_": "me", "WORD": "pa ss:@/"}
    with Client(base=replay.base, pace=IMPATIENT, environment=environment) as client:
        assert client.fetch(source, Request(source.endpoint)).body == b"found"
    first, second = replay.sent
    assert first["authorization"] == "Basic bWU6cGEgc3M6QC8="
    assert "authorization" not in second
    assert "@" not in "".join(replay.asked)


LAWS: list[tuple[str, str, bool]] = [
    ("https://a.org/x", "https://a.org/y", True),
    ("https://a.org/x", "https://A.org/y", True),
    ("https://a.org/x", "https://a.org:443/y", True),
    ("https://a.org/x", "https://a.org:444/y", False),
    ("https://a.org/x", "http://a.org/x", False),
    ("http://a.org/x", "https://a.org/x", True),
    ("http://a.org:8080/x", "https://a.org/x", False),
    ("http://a.org/x", "https://a.org:8443/x", False),
    ("https://a.org", "https://b.a.org", False),
    ("https://a.org", "https://a.org.", False),
]


@pytest.mark.parametrize(("one", "other", "same"), LAWS)
def test_origins(one: str, other: str, same: bool) -> None:
    assert same_origin(one, other) is same


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("/y", "https://a.org/y"),
        ("y?z=1#part", "https://a.org/y?z=1"),
        ("//b.org/y", "https://b.org/y"),
        ("https://me:word@b.org/y", "https://b.org/y"),
        ("https://b.org:99999/", ""),
        ("  https://b.org/ ", "https://b.org/"),
    ],
)
def test_where_a_location_leads(place: str, found: str) -> None:
    assert onward(HERE, place) == found


def test_the_stand_in_is_undone() -> None:
    base = "http://127.0.0.1:9"
    assert stood_in(HERE, base) == f"{base}/a.org/x?key=secret"
    assert publisher_address(stood_in(HERE, base), base, HERE) == HERE
    assert (stood_in(HERE, ""), publisher_address(HERE, "", HERE)) == (HERE, HERE)
    assert publisher_address("https://b.org/", base, HERE) == "https://b.org/"
    assert objection([HERE], "https://a.org/y?key=secret", ["secret"]) == ""


def too_large(replay: Replay, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("causal.data.pull.client.LARGEST", 100)


def unspeakable(replay: Replay, patch: pytest.MonkeyPatch) -> None:
    patch.setitem(globals(), "TPU", replace(TPU, headers=(("X-A", "a\nb"),)))


@pytest.mark.parametrize("trouble", [too_large, unspeakable])
def test_what_trying_again_cannot_mend_is_not_tried_again(
    replay: Replay,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Replay, pytest.MonkeyPatch], None],
) -> None:
    trouble(replay, monkeypatch)
    with pytest.raises(SourceError, match="would not help"):
        asked(replay, TPU)
    assert len(replay.asked) <= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CAUSAL_SOURCES_BASE", "file:///etc"),
        ("HTTPS_PROXY", "gopher://me:secret@proxy.org"),
        ("SSL_CERT_FILE", "/no/such/file.pem"),
    ],
)
def test_an_environment_that_forbids_a_client(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SourceError, match="as the environment asks") as caught:
        Client()
    assert "secret" not in str(caught.value)
