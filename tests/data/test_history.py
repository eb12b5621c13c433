"""The panel from the cache: the same columns and units, and nothing before it could be known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from causal.data.history import FIRST, Holdings, holdings, readable, sufficient, widened
from causal.data.panel import Panel, one_day
from causal.data.pull.cache import commit, manifest_of, vintages
from causal.data.pull.manifest import MANIFEST
from causal.data.pull.status import holes, status
from causal.data.sources.catalogue import ALL
from causal.data.sources.source import Observations
from causal.data.states import states
from causal.errors import DataError
from causal.graph.dag import CausalGraph
from causal.graph.variable import Measurement, Series, Variable
from tests.data.conftest import Desk
from tests.replay.server import Replay

BY_NAME = {s.name: s for s in ALL}


@pytest.fixture
def held(desk: Desk) -> Holdings:
    names = [n for n in BY_NAME if n != "binance_metrics"]
    assert {o.status for o in desk.pull(*names)} == {"new"}
    return holdings(desk.cache)


def test_the_panel_holds_what_was_published(held: Holdings, replay: Replay) -> None:
    panel = held.panel
    place = (panel.dates - np.datetime64(replay.history.days[0])).astype(int)
    assert len(panel.dates) == len(replay.history.days)
    compared = 0
    for name, truth in replay.history.columns.items():
        if name in panel.names:
            np.testing.assert_allclose(panel.column(name), truth[place], rtol=1e-12, atol=1e-14)
            compared += 1
    assert compared > 30


def test_nothing_is_seen_before_it_could_be(held: Holdings) -> None:
    day = held.panel.dates[-10]
    seen = held.as_of(day)
    assert seen.dates[-1] == day
    assert not np.isnan(seen.column("btc_binance_close")[-1])
    lags = {"gpr_daily": 7, "tpu_daily": 7, "epu_daily": 2, "exchange_inflow_usd": 1}
    for name, lag in lags.items():
        column = seen.column(name)
        assert np.isnan(column[-lag:]).all(), name
        assert not np.isnan(column[-lag - 1]), name


def test_a_day_beyond_the_history_is_a_day_of_gaps(held: Holdings) -> None:
    seen = held.as_of(held.panel.dates[-1] + np.timedelta64(30, "D"))
    assert np.isnan(seen.values[-30:]).all()
    with pytest.raises(DataError, match="Nothing is stored up to"):
        held.as_of("2001-01-01")


GRAPH = CausalGraph(
    (
        Variable(
            "war",
            ("calm", "high"),
            Measurement((Series("gpr_daily", ("log", "mean 3", "zscore 30 20")),), cuts=(0.5,)),
        ),
        Variable(
            "shares",
            ("closed", "calm", "shock"),
            Measurement(
                (Series("nasdaq_close", ("logreturn", "ewma_z 20", "negate")),),
                cuts=(1.0,),
                closed=True,
            ),
        ),
        Variable(
            "fear",
            ("calm", "high"),
            Measurement(
                (
                    Series("vix_close", ("logreturn", "ewma_z 20")),
                    Series("usd_broad_dtwexbgs", ("logreturn", "ewma_z 20")),
                ),
                quantiles=(0.8,),
            ),
        ),
    )
)


@pytest.mark.parametrize("back", [3, 20, 50])
def test_no_look_ahead(held: Holdings, back: int) -> None:
    """Altering or deleting anything available after a day changes no state up to it."""
    rng = np.random.default_rng(back)
    day = held.panel.dates[-back]
    late = held.available > day
    assert late.any()
    truth = states(held.as_of(day), GRAPH)
    assert (truth.codes >= 0).any(axis=0).all()
    for spoiled in (rng.uniform(1, 1e6, held.panel.values.shape), np.nan):
        values = np.where(late, spoiled, held.panel.values)
        panel = Panel(held.panel.dates, held.panel.names, values)
        other = Holdings(panel, held.available, held.origin)
        found = states(other.as_of(day), GRAPH)
        np.testing.assert_array_equal(found.codes, truth.codes)
        assert found.cuts == truth.cuts


def test_the_law_can_fail(held: Holdings) -> None:
    """With the availability ignored, what came later is seen."""
    day = held.panel.dates[-20]
    everything = Holdings(held.panel, np.full_like(held.available, FIRST), held.origin)
    assert not np.array_equal(
        np.isnan(everything.as_of(day).values), np.isnan(held.as_of(day).values)
    )


@pytest.mark.parametrize(
    ("day", "lag", "sessions", "when"),
    [
        ("2026-05-29", 1, True, "2026-06-01"),  # Friday's yield comes out on Monday
        ("2026-05-22", 1, True, "2026-05-26"),  # and after Memorial Day on Tuesday
        ("2026-05-26", 1, True, "2026-05-27"),
        ("2026-05-29", 1, False, "2026-05-30"),
        ("2026-05-29", 0, False, "2026-05-29"),
    ],
)
def test_when_a_value_can_be_read(day: str, lag: int, sessions: bool, when: str) -> None:
    found = readable(np.array([day], dtype="datetime64[D]"), lag, sessions=sessions)
    assert str(found[0]) == when


def rows(source: str, first: str, *values: float) -> Observations:
    start = one_day(first)
    days = np.arange(start, start + np.timedelta64(len(values), "D"))
    names = BY_NAME[source].names
    return Observations(days, {n: np.array(values, dtype=float) for n in names})


def keep(desk: Desk, source: str, first: str, *values: float) -> None:
    commit(
        desk.cache,
        BY_NAME[source],
        rows(source, first, *values),
        asked=("2020-01-01", "2026-05-31"),
        marks=("", ""),
    )


def test_a_second_source_fills_what_the_first_lacks(desk: Desk) -> None:
    keep(desk, "binance_funding", "2026-05-03", 3e-4, 4e-4)
    keep(desk, "binance_funding_archive", "2026-05-01", 1e-5, 2e-5, 3e-5)
    held = holdings(desk.cache)
    np.testing.assert_array_equal(held.panel.column("funding_rate_daily"), [1e-5, 2e-5, 3e-4, 4e-4])
    assert held.origin["funding_rate_daily"] == ("binance_funding", "binance_funding_archive")
    assert [str(d) for d in held.available[:, 0]] == [
        "2026-06-01",
        "2026-06-02",
        "2026-05-03",
        "2026-05-04",
    ]


def test_a_stand_in_serves_only_what_is_not_there(desk: Desk) -> None:
    keep(desk, "coinalyze", "2026-05-01", 1e6, 2e6)
    held = holdings(desk.cache)
    np.testing.assert_array_equal(held.panel.column("long_liquidations_usd_spliced"), [1e6, 2e6])
    assert held.origin["long_liquidations_usd_spliced"] == ("coinalyze",)


def test_a_vintage_is_what_was_known_then(desk: Desk) -> None:
    keep(desk, "tpu", "2026-05-01", 100, 110, 120)
    today = str(np.datetime64("now", "D"))
    assert len(holdings(desk.cache, vintage=today).panel.dates) == 3
    with pytest.raises(DataError, match=r"Nothing was known.*first pull was on"):
        holdings(desk.cache, vintage="2020-01-01")
    with pytest.raises(DataError, match="is no date"):
        holdings(desk.cache, vintage="soon")


def test_revisions_keep_both_words(desk: Desk) -> None:
    keep(desk, "tpu", "2026-05-01", 100, 110, 120)
    keep(desk, "tpu", "2026-05-01", 100, 111, 120, 130)
    entry = manifest_of(desk.cache, "tpu")
    assert entry is not None
    found = vintages(desk.cache, entry)
    assert found.as_known(found.known_at[0]).values["tpu_daily"].tolist() == [100, 110, 120]
    assert found.as_known().values["tpu_daily"].tolist() == [100, 111, 120, 130]
    assert (np.diff(found.known_at).astype(int) >= 0).all()
    assert entry.pulls[-1].largest == "tpu_daily on 2026-05-02 by 0.9%"


def test_an_empty_cache_says_what_to_do(desk: Desk) -> None:
    with pytest.raises(DataError, match="causal data pull"):
        holdings(desk.cache)


def test_what_a_story_lacks_is_named_with_its_source(held: Holdings) -> None:
    sufficient(held.panel, ["gpr_daily", "btc_close"])
    with pytest.raises(DataError) as caught:
        sufficient(
            held.panel, ["open_interest_usd", "coinbase_premium_pct", "gpr_daily", "gpr_daily"]
        )
    assert "`open_interest_usd` comes from `binance_metrics`" in str(caught.value)
    assert "`coinbase_premium_pct` is offered by none" in str(caught.value)
    assert caught.value.what.startswith("2 column(s)")
    bare = Panel(held.panel.dates, ("a",), held.panel.values[:, :1])
    with pytest.raises(DataError, match="set COINALYZE_KEY"):
        sufficient(bare, ["long_liquidations_usd_spliced"])
    assert np.isnan(widened(bare, ["b", "a", "b"]).column("b")).all()


def test_status_says_what_looks_wrong(desk: Desk) -> None:
    keep(desk, "tpu", "2026-05-01", 100, 110, 120)
    keep(desk, "fear_greed", "2026-05-20", 50, 51)
    rotten = desk.cache / "gpr"
    rotten.mkdir()
    (rotten / MANIFEST).write_text("{")
    found = {s.name: s for s in status(desk.cache, one_day("2026-05-22"))}
    assert set(found) == {"tpu", "fear_greed", "gpr"}
    assert (found["tpu"].rows, found["tpu"].age, found["tpu"].wrong) == (
        3,
        19,
        ("late by 11 days",),
    )
    assert found["fear_greed"].wrong == ()
    assert "damaged" in found["gpr"].wrong[0]
    assert len(status(desk.cache, one_day("2026-05-22"), every=True)) == len(ALL)


def test_holes_are_counted_on_days_that_could_have_a_value() -> None:
    every = np.arange(np.datetime64("2026-01-01"), np.datetime64("2026-03-01"))
    weekdays = every[np.is_busday(every)]
    assert holes(every) == 0
    assert holes(np.delete(every, [5, 9])) == 2
    assert holes(weekdays) == 0
    monday = np.flatnonzero(weekdays == np.datetime64("2026-02-09"))
    holiday = np.flatnonzero(weekdays == np.datetime64("2026-02-16"))
    assert holes(np.delete(weekdays, [*monday, *holiday])) == 1
    assert holes(every[:0]) == 0
    assert date.fromisoformat(str(FIRST)).year == 2014
