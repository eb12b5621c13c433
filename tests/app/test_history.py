"""From publishers to an answer on the command line: pull, status, fit, ask --asof, now."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from causal.app.cli import app
from causal.data.pull.client import Pace
from causal.data.pull.transport import BASE
from causal.model.store import save
from tests.app.toy import toy
from tests.conftest import ROOT
from tests.replay.history import made_up
from tests.replay.publishers import KEY
from tests.replay.server import Replay, serving

LAST = "2026-05-31"
STORY = """
[story]
name = "small"
[fit]
draws = 100
[variables.calendar]
states = ["open", "closed"]
calendar = "us"
[variables.war]
states = ["calm", "escalation"]
series = [{ column = "gpr_daily", steps = ["log", "zscore 60 40"] }]
cuts = [1.0]
[variables.shares]
states = ["closed", "calm", "shock"]
series = [{ column = "nasdaq_close", steps = ["logreturn", "ewma_z 20", "negate"] }]
cuts = [1.0]
closed = true
[variables.liquidations]
states = ["normal", "cascade"]
series = [{ column = "long_liquidations_usd_spliced", steps = ["median_ratio 60 20"] }]
cuts = [0.02]
[variables.bitcoin]
states = ["calm", "crash"]
series = [{ column = "btc_binance_close", steps = ["logreturn", "ewma_z 20", "negate"] }]
cuts = [1.0]
"""
EDGES = [
    ("calendar", "shares", 0),
    ("war", "war", 1),
    ("war", "shares", 0),
    ("shares", "bitcoin", 0),
]
EDGES += [("liquidations", "bitcoin", 0), ("bitcoin", "liquidations", 1)]

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def replayed() -> Iterator[Replay]:
    with serving(made_up(400)) as found:
        yield found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("story") / "small.toml"
    arrows = [
        f'[[edges]]\ncause = "{c}"\neffect = "{e}"\nlag = {lag}\nbecause = "it does"\n'
        for c, e, lag in EDGES
    ]
    path.write_text(STORY + "\n".join(arrows), encoding="utf-8")
    return str(path)


@pytest.fixture
def run(replayed: Replay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CAUSAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(BASE, replayed.base)
    monkeypatch.setenv("COINALYZE_KEY", KEY)
    monkeypatch.setattr("causal.data.pull.client.FIRST_PAUSE", 0.01)
    monkeypatch.setattr(
        "causal.data.pull.client.Pace", lambda **_: Pace(attempts=2, pause=0.01, polite=0.0)
    )
    runner = CliRunner()
    replayed.well()
    return lambda *words: runner.invoke(app, list(words))


NAMES = ("gpr", "fred_nasdaqcom", "binance_spot", "coinalyze")
SPAN = ("--since", "2025-01-01", "--until", LAST)


def test_pull_fit_now(run: Run, story: str, tmp_path: Path) -> None:
    model = str(tmp_path / "small.json")
    result = run("data", "pull", *NAMES, *SPAN)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("pulled") == 4
    result = run("fit", story, "--out", model, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["model"]["rows"] == 400
    assert "long_liq_coinalyze_btcusdt_usd is read in its place" in result.stderr
    assert "nasdaq" not in result.stderr
    result = run("now", "--model", model, "--asof", LAST)
    assert result.exit_code == 0, result.stderr
    assert len(result.stdout.splitlines()) <= 24
    for word in ("bitcoin", "too old", "base rate", "do, for", "interval"):
        assert word in result.stdout, word


@pytest.mark.parametrize("day", ["99999-01-01", "0000-01-01", "-0005-01-01", "NaT", "soon"])
def test_a_day_that_is_none_is_refused(run: Run, day: str) -> None:
    for option in ("--since", "--until"):
        result = run("data", "pull", "fred_nasdaqcom", f"{option}={day}")
        assert result.exit_code == 2
        assert "to do" in result.stderr
    assert run("data", "pull", "fred_nasdaqcom", "--since=9999-12-31").exit_code == 0


def test_the_page_as_json(run: Run, story: str, tmp_path: Path) -> None:
    model = str(tmp_path / "small.json")
    run("data", "pull", *NAMES, *SPAN)
    run("fit", story, "--out", model)
    page = json.loads(run("now", "--model", model, "--asof", LAST, "--json").stdout)
    assert page["as_of"] == LAST
    read = {v["variable"]: v for v in page["variables"]}
    assert (read["bitcoin"]["age"], read["bitcoin"]["day"]) == (0, LAST)
    assert read["bitcoin"]["value"] is not None
    assert 0 <= read["bitcoin"]["percentile"] <= 1
    assert (read["war"]["age"], read["war"]["left_out"]) == (7, "too old")
    assert read["shares"]["state"] == "closed"  # 2026-05-31 is a Sunday
    crash = page["crash"]
    assert crash["query"].startswith(f"P(bitcoin=crash within 7d from {LAST} | ")
    assert crash["calendar"] == "2026-05-31 to 2026-06-07"
    assert "war" not in crash["query"]
    assert 0 < crash["probability"] < 1
    assert 0 < crash["base_rate"] < 1
    assert len(page["what_if"]) == 3
    moves = [abs(w["difference"]["value"]) for w in page["what_if"]]
    assert moves[0] >= moves[-1] - 0.05


def test_asking_as_of_a_day(run: Run, story: str, tmp_path: Path) -> None:
    model = str(tmp_path / "small.json")
    run("data", "pull", *NAMES, *SPAN)
    run("fit", story, "--out", model)
    question = ("ask", "P(bitcoin=crash within 7d | do(war=escalation))", "--model", model)
    answer = json.loads(run(*question, "--asof", "2026-05-28", "--json").stdout)
    assert "bitcoin=" in answer["query"].partition("|")[2]
    assert "shares@-1=" in answer["query"]  # Thursday's close is out on Friday
    assert answer["as_of"]["day"] == "2026-05-28"
    plain = json.loads(run(*question, "--json").stdout)
    assert "as_of" not in plain
    assert (answer["calendar"], plain["calendar"]) == (
        "2026-05-28 to 2026-06-04",
        "mean over weekdays",
    )
    again = run(*question, "--asof", "2026-05-28", "--from", "2026-05-29")
    assert again.exit_code == 2
    assert "begins on 2026-05-29, and on 2026-05-28" in " ".join(again.stderr.split())
    result = run(*question, "--asof", "2026-05-28")
    assert "left out: war (too old, 7 d)" in " ".join(result.stdout.split())
    own = ("ask", "P(bitcoin=crash within 7d | bitcoin=calm)", "--model", model)
    said = json.loads(run(*own, "--asof", LAST, "--json").stdout)
    assert said["query"].count("bitcoin=") == 2
    one_day = ("ask", "P(bitcoin=crash)", "--model", model)
    said = json.loads(run(*one_day, "--asof", "2026-05-29", "--json").stdout)
    assert "bitcoin@-1=" in said["query"]
    assert said["calendar"] == "2026-05-30"  # the day after is a Saturday
    assert said["query"].startswith("P(bitcoin=crash from 2026-05-30 | ")
    stale = json.loads(run(*question, "--asof", "today", "--json").stdout)
    reasons = {v["variable"]: v["left_out"] for v in stale["as_of"]["variables"]}
    assert reasons["bitcoin"] == "too old"
    assert reasons["calendar"] == ""
    assert "run `causal data pull`" in run(*question, "--asof", "today").stdout
    assert "run `causal data pull`" in run("now", "--model", model).stdout
    assert "run `causal data pull`" not in run("now", "--model", model, "--asof", LAST).stdout


def test_a_vintage_is_asked_as_of_its_day(run: Run, story: str, tmp_path: Path) -> None:
    model = str(tmp_path / "small.json")
    run("data", "pull", *NAMES, *SPAN)
    run("fit", story, "--out", model)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    page = json.loads(run("now", "--model", model, "--vintage", today, "--json").stdout)
    assert page["as_of"] == today
    result = run("now", "--model", model, "--vintage", LAST)
    assert result.exit_code == 2
    assert "Nothing was known" in result.stderr


def test_the_day_that_still_runs_is_never_asked_for(run: Run, replayed: Replay) -> None:
    replayed.asked.clear()
    assert run("data", "pull", "fred_nasdaqcom", "--until", "2999-01-01").exit_code == 0
    assert not any(f"coed={datetime.now(UTC):%Y-%m-%d}" in a for a in replayed.asked)
    assert not any("2999" in a for a in replayed.asked)
    assert replayed.asked


def test_interrupted_from_the_keyboard(run: Run, replayed: Replay, tmp_path: Path) -> None:
    """What was stored stays, and the lock is free."""
    replayed.fault("metrics-2026-05-2", "slow")
    words = ["data", "pull", "binance_metrics", "gpr", "--since", "2026-04-01", "--until", LAST]
    child = subprocess.Popen(
        [sys.executable, "-m", "causal", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 30
    while not any("metrics-2026-05-2" in a for a in replayed.asked):
        assert time.monotonic() < deadline, "the pull never began"
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=30)
    assert child.returncode == 128 + signal.SIGINT
    assert said.splitlines()[-1].startswith("Interrupted: what was stored is kept")
    assert "Traceback" not in said
    replayed.well()
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    days = json.loads(run("data", "status", "--json").stdout)["sources"]
    assert {s["name"]: s["gaps"] for s in days} == {"gpr": 0, "binance_metrics": 0}


def test_one_publisher_down(run: Run, replayed: Replay) -> None:
    replayed.fault("matteoiacoviello", "500")
    result = run("data", "pull", *NAMES, *SPAN)
    assert result.exit_code == 1
    assert "not pulled: gpr" in result.stderr
    assert "Caldara and Iacoviello" in result.stderr
    assert result.stdout.count("pulled") == 3
    replayed.well()
    result = run("data", "pull", *NAMES, *SPAN)
    assert result.exit_code == 0
    assert result.stdout.count("nothing new") == 3
    assert result.stdout.count("pulled") == 1


def test_pull_as_json(run: Run, replayed: Replay) -> None:
    replayed.fault("api.coinalyze.net", "401")
    result = run("data", "pull", *NAMES, *SPAN, "--json")
    assert result.exit_code == 1
    found = {o["source"]: o for o in json.loads(result.stdout)}
    assert found["gpr"]["new"] == 400
    assert found["coinalyze"]["status"] == "failed"
    assert KEY not in result.stdout + result.stderr


def test_status(run: Run) -> None:
    result = run("data", "status")
    assert result.exit_code == 0
    assert "Nothing is stored" in result.stdout
    run("data", "pull", "gpr", "coinalyze", *SPAN)
    result = run("data", "status")
    for word in ("gpr", LAST, "Caldara and Iacoviello", "free with citation", "late by"):
        assert word in result.stdout, word
    plain = json.loads(run("data", "status", "--json", "--all").stdout)
    read = {s["name"]: s for s in plain["sources"]}
    assert read["gpr"]["rows"] == 400
    assert read["gpr"]["gaps"] == 0
    assert read["deribit_dvol"]["first"] is None


def test_what_a_story_lacks(run: Run, story: str, tmp_path: Path) -> None:
    run("data", "pull", "gpr", "fred_nasdaqcom", *SPAN)
    result = run("fit", story, "--out", str(tmp_path / "x.json"))
    assert result.exit_code == 2
    said = " ".join(result.stderr.split())
    assert "`long_liquidations_usd_spliced` comes from `coinalyze` (set COINALYZE_KEY" in said
    assert "`btc_binance_close` comes from `binance_spot`" in said
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("data", "pull", "gpt"), "no source `gpt`"),
        (("data", "pull", "--since", "soon"), "is no date"),
        (("data", "pull", "--sources", "none.toml"), "no file"),
        (("now", "--asof", LAST), "causal data pull"),
        (("ask", "P(bitcoin=crash)", "--asof", "never"), "is no date"),
        (("fit", "STORY", "--out", "x.json"), "no history"),
    ],
)
def test_mistakes(run: Run, story: str, tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    model = str(tmp_path / "toy.json")
    save(toy(), model)
    asked = [story if w == "STORY" else w for w in words]
    asked += ["--model", model] if words[0] in {"now", "ask"} else []
    result = run(*asked)
    assert result.exit_code == 2, result.stdout
    assert says in " ".join(result.stderr.split())


def test_help_of_data_and_now(run: Run) -> None:
    for words in (("data", "--help"), ("data", "pull", "--help"), ("now", "--help")):
        assert run(*words).exit_code == 0
