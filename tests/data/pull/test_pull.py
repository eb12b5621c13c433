"""Every misbehaviour gives the right error, loses nothing stored, and a later pull heals."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest

from causal.data.pull.cache import FOLDER, cache_folder, manifest_of, stored_rows, vintages
from causal.data.pull.lock import locked
from causal.data.pull.manifest import MANIFEST
from causal.errors import DataError, IntegrityError
from tests.data.conftest import LAST, Desk
from tests.replay.history import Series, made_up
from tests.replay.publishers import KEY
from tests.replay.server import Replay

EARLIER = LAST - timedelta(days=20)
WINDOWED = ("fred_dgs10", "us10y_yield", "DGS10")
WHOLE = ("tpu", "tpu_daily", "TPU")


def drop(rows: Series) -> Series:
    return rows[:20] + rows[25:]


def cut_off(rows: Series) -> Series:
    return rows[-30:]


def older(rows: Series) -> Series:
    return rows[:-30]


def hundredfold(rows: Series) -> Series:
    return [(d, tuple(100 * v for v in values)) for d, values in rows]


def hundredth(rows: Series) -> Series:
    return [(d, tuple(v / 100 for v in values)) for d, values in rows]


def twice(rows: Series) -> Series:
    return [*rows[:-5], rows[-6], *rows[-5:]]


def unordered(rows: Series) -> Series:
    return [*rows[:-5], rows[-3], *rows[-5:-3], *rows[-2:]]


def same(one: object, other: object) -> bool:
    return json.dumps(one, default=str) == json.dumps(other, default=str)


def stored(desk: Desk, name: str) -> tuple[list[str], dict[str, list[float]]]:
    rows = stored_rows(desk.cache, name)
    assert rows is not None
    return [str(d) for d in rows.days], {n: v.tolist() for n, v in rows.values.items()}


BAD_RESPONSES: list[tuple[str, Callable[[Replay], None], str, str]] = [
    ("404", lambda r: r.fault("TPU", "404"), "tpu", "answered 404"),
    ("429", lambda r: r.fault("TPU", "429"), "tpu", "answered 429"),
    ("500", lambda r: r.fault("TPU", "500"), "tpu", "answered 500"),
    ("slow", lambda r: r.fault("TPU", "slow"), "tpu", "too slow"),
    ("cut", lambda r: r.fault("TPU", "cut"), "tpu", "cut before the end"),
    ("html", lambda r: r.fault("TPU", "html"), "tpu", "a web page came"),
    (
        "column",
        lambda r: r.fault("TPU", "replace daily_tpu_index|tpu"),
        "tpu",
        "daily_tpu_index are missing; the file has day, month, year, tpu",
    ),
    (
        "words",
        lambda r: r.fault("TPU", "replace ,2026,|,2026,about "),
        "tpu",
        "holds 'about .*', no number",
    ),
    ("half", lambda r: r.fault("TPU", "half"), "tpu", "vanished|cells"),
    ("half json", lambda r: r.fault("tftc", "half"), "etf_flows", "no whole JSON"),
    ("half xls", lambda r: r.fault("gpr", "half"), "gpr", "damaged or cut short|missing"),
    (
        "unit",
        lambda r: r.history.tweaks.update(tpu_daily=hundredfold),
        "tpu",
        "the median of `tpu_daily` is .* lies between|times what is stored",
    ),
    (
        "percent",
        lambda r: r.history.tweaks.update(us10y_yield=hundredth),
        "fred_dgs10",
        "0.01 times what is stored",
    ),
    ("shrunk", lambda r: r.history.tweaks.update(tpu_daily=drop), "tpu", r"5 day\(s\).*vanished"),
    (
        "starts later",
        lambda r: r.history.tweaks.update(tpu_daily=cut_off),
        "tpu",
        r"day\(s\) that are stored have vanished",
    ),
    (
        "ends earlier",
        lambda r: r.history.tweaks.update(tpu_daily=older),
        "tpu",
        r"day\(s\) that are stored have vanished",
    ),
    ("twice", lambda r: r.history.tweaks.update(tpu_daily=twice), "tpu", "stands twice"),
    ("order", lambda r: r.history.tweaks.update(tpu_daily=unordered), "tpu", "out of order"),
    (
        "twice in the window",
        lambda r: r.history.tweaks.update(us10y_yield=twice),
        "fred_dgs10",
        "stands twice|times what|vanished",
    ),
    ("html json", lambda r: r.fault("llama", "html"), "stablecoins", "a web page came"),
    ("key", lambda r: r.fault("coinalyze", "401"), "coinalyze", "key is not accepted"),
    ("country", lambda r: r.fault("fapi", "451"), "binance_funding", "not available in your"),
]
HARMLESS = {"twice in the window"}  # the replayed FRED prints each day once


@pytest.mark.parametrize(
    ("break_it", "name", "says"), [c[1:] for c in BAD_RESPONSES], ids=[c[0] for c in BAD_RESPONSES]
)
def test_a_bad_response_loses_nothing_and_heals(
    desk: Desk, replay: Replay, break_it: Callable[[Replay], None], name: str, says: str
) -> None:
    import re

    assert desk.one(name, until=EARLIER).status == "new"
    before = stored(desk, name)
    break_it(replay)
    outcome = desk.one(name)
    if outcome.status != "failed":
        assert replay.history.tweaks.get("us10y_yield") is twice
        return
    assert outcome.error is not None
    assert re.search(says, str(outcome.error)), outcome.error
    assert KEY not in str(outcome.error)
    assert outcome.error.means
    assert outcome.error.do
    assert same(stored(desk, name), before)
    replay.well()
    assert desk.one(name).status == "new"
    after = stored(desk, name)
    assert after[0][: len(before[0])] == before[0]
    assert after[0][-1] > str(EARLIER)
    assert not list(desk.cache.glob("**/*.tmp"))


def test_a_first_pull_with_the_wrong_unit_is_refused(desk: Desk, replay: Replay) -> None:
    replay.history.tweaks["us10y_yield"] = hundredth
    outcome = desk.one("fred_dgs10")
    assert outcome.status == "failed"
    assert "in percent it lies between" in str(outcome.error)
    assert manifest_of(desk.cache, "fred_dgs10") is None


def test_a_truncated_zip_is_refused_and_what_came_before_stays(desk: Desk, replay: Replay) -> None:
    bad = str(LAST - timedelta(days=3))
    replay.fault(f"metrics-{bad}", "half")
    outcome = desk.one("binance_metrics")
    assert outcome.status == "failed"
    assert "damaged or cut short" in str(outcome.error)
    assert stored(desk, "binance_metrics")[0][-1] == str(LAST - timedelta(days=4))
    replay.well()
    replay.asked.clear()
    outcome = desk.one("binance_metrics")
    assert (outcome.status, outcome.new) == ("new", 4)
    assert len(replay.asked) == 4


def test_a_hole_in_the_archive_is_a_gap(desk: Desk, replay: Replay) -> None:
    replay.fault("metrics-2026-05-10", "404")
    assert desk.one("binance_metrics").status == "new"
    days = stored(desk, "binance_metrics")[0]
    assert "2026-05-10" not in days
    assert {"2026-05-09", "2026-05-11"} < set(days)


def test_files_that_are_not_out_yet_are_not_all_asked_for(desk: Desk, replay: Replay) -> None:
    desk.one("binance_metrics")
    replay.asked.clear()
    assert desk.one("binance_metrics", until=LAST + timedelta(days=200)).status == "unchanged"
    assert len(replay.asked) == 10


def test_one_publisher_down_stops_no_other(desk: Desk, replay: Replay) -> None:
    replay.fault("fred.stlouisfed.org", "500")
    found = {o.source.name: o for o in desk.pull("tpu", "fred_dgs10", "vix", "fred_nasdaqcom")}
    assert [found[n].status for n in ("tpu", "vix")] == ["new", "new"]
    assert [found[n].status for n in ("fred_dgs10", "fred_nasdaqcom")] == ["failed", "failed"]
    replay.well()
    found = {o.source.name: o for o in desk.pull("tpu", "fred_dgs10", "vix", "fred_nasdaqcom")}
    assert [found[n].status for n in found] == ["unchanged", "new", "unchanged", "new"]


def test_the_second_run_fetches_only_what_is_new(desk: Desk, replay: Replay) -> None:
    first = desk.pull()
    assert {o.status for o in first} == {"new"}
    asked = len(replay.asked)
    replay.asked.clear()
    assert {o.status for o in desk.pull()} == {"unchanged"}
    assert len(replay.asked) < asked / 4
    full = [a for a in replay.asked if "fred" not in a and "yahoo" not in a]
    assert replay.conditional >= len(full) - 1
    assert any("cosd=2026-0" in a for a in replay.asked)


def test_a_whole_file_without_marks_is_not_read_again_at_once(desk: Desk, replay: Replay) -> None:
    replay.marks = False
    assert desk.one("tpu").status == "new"
    replay.asked.clear()
    assert desk.one("tpu").status == "unchanged"
    assert not replay.asked
    assert desk.one("tpu", accept=True).status == "unchanged"
    assert replay.asked


def test_a_longer_wish_fetches_what_lies_before(desk: Desk, replay: Replay) -> None:
    replay.history.days = replay.history.days[60:]
    columns = replay.history.columns
    replay.history.columns = {n: c[60:] for n, c in columns.items()}
    desk.one("fred_dgs10")
    fresh = made_up(120)
    replay.history.memory.clear()
    replay.history.days, replay.history.columns = fresh.days, fresh.columns
    assert desk.one("fred_dgs10").new > 30


def test_the_day_that_still_runs_is_not_taken(desk: Desk) -> None:
    until = LAST - timedelta(days=1)
    desk.one("binance_spot", until=until)
    assert stored(desk, "binance_spot")[0][-1] == str(until)


def test_a_revised_past_is_a_vintage(desk: Desk, replay: Replay) -> None:
    desk.one("coinmetrics")
    before = stored(desk, "coinmetrics")
    seen = manifest_of(desk.cache, "coinmetrics")
    assert seen is not None

    def revised(rows: Series) -> Series:
        head = [(d, (v[0] * 1.07, *v[1:])) for d, v in rows[:40]]
        return head + rows[40:]

    replay.history.tweaks["exchange_inflow_usd"] = revised
    outcome = desk.one("coinmetrics")
    assert (outcome.status, outcome.new, outcome.revised) == ("new", 0, 40)
    assert "exchange_netflow_usd" in outcome.largest or "inflow" in outcome.largest
    after = stored(desk, "coinmetrics")
    assert after[1]["exchange_inflow_usd"][50] == before[1]["exchange_inflow_usd"][50]
    assert after[1]["exchange_inflow_usd"][5] == pytest.approx(
        1.07 * before[1]["exchange_inflow_usd"][5]
    )
    found = manifest_of(desk.cache, "coinmetrics")
    assert found is not None
    rows = vintages(desk.cache, found)
    then = rows.as_known(np.datetime64(seen.checked.rstrip("Z")) + np.timedelta64(1, "s"))
    first = rows.known_at[0]
    assert same(
        rows.as_known(first).values["exchange_inflow_usd"].tolist(),
        before[1]["exchange_inflow_usd"],
    )
    assert len(then) == len(before[0])
    assert [p.revised for p in found.pulls] == [0, 40]


def test_a_withdrawn_day_is_accepted_on_the_users_word(desk: Desk, replay: Replay) -> None:
    desk.one("tpu")
    before = stored(desk, "tpu")
    replay.history.tweaks["tpu_daily"] = drop
    assert "--accept" in str(desk.one("tpu").error)
    outcome = desk.one("tpu", accept=True)
    assert (outcome.new, outcome.gone) == (0, 5)
    assert len(stored(desk, "tpu")[0]) == len(before[0]) - 5
    assert desk.one("tpu").status == "unchanged"
    found = manifest_of(desk.cache, "tpu")
    assert found is not None
    rows = vintages(desk.cache, found)
    assert len(rows.as_known(rows.known_at[0])) == len(before[0])


def test_pages_are_followed(desk: Desk, replay: Replay) -> None:
    fresh = made_up(1300)
    replay.history.memory.clear()
    replay.history.days, replay.history.columns = fresh.days, fresh.columns
    assert desk.one("coinmetrics").new == 1300
    assert sum("coinmetrics" in a for a in replay.asked) == 2


def test_damage_in_the_cache_is_seen_and_mended(desk: Desk) -> None:
    desk.one("tpu")
    before = stored(desk, "tpu")
    (parquet,) = (desk.cache / "tpu").glob("*.parquet")
    parquet.write_bytes(parquet.read_bytes()[:-7] + b"rotten!")
    with pytest.raises(IntegrityError, match="damaged"):
        stored_rows(desk.cache, "tpu")
    outcome = desk.one("tpu")
    assert isinstance(outcome.error, IntegrityError)
    assert "--anew" in outcome.error.do
    assert desk.one("tpu", anew=True).status == "new"
    assert same(stored(desk, "tpu"), before)


def test_a_column_that_runs_dry(desk: Desk, replay: Replay) -> None:
    desk.one("coinmetrics")
    before = stored(desk, "coinmetrics")
    replay.fault("coinmetrics", "replace CapMVRVCur|CapMVRVFree")
    outcome = desk.one("coinmetrics")
    assert "`btc_mvrv` has no values any more" in str(outcome.error)
    assert same(stored(desk, "coinmetrics"), before)


def test_a_damaged_manifest_is_seen(desk: Desk) -> None:
    desk.one("tpu")
    manifest = desk.cache / "tpu" / MANIFEST
    for text in ("", "{", "[]", '{"format": 1}', '{"format": 99}'):
        manifest.write_text(text)
        with pytest.raises(DataError):
            stored_rows(desk.cache, "tpu")


def test_two_pulls_at_once_are_not(desk: Desk) -> None:
    with locked(desk.cache), pytest.raises(DataError, match="Another pull is at work"):
        desk.one("tpu")
    assert desk.one("tpu").status == "new"


def test_a_stale_lock_is_taken_over(desk: Desk) -> None:
    desk.cache.mkdir(parents=True)
    (desk.cache / "pull.lock").write_text("process 1 since 00:00 UTC")
    assert desk.one("tpu").status == "new"


def test_leftovers_are_swept(desk: Desk) -> None:
    desk.one("tpu")
    for name in (".manifest.json.ab.tmp", "0123456789abcdef.parquet"):
        (desk.cache / "tpu" / name).write_bytes(b"half a fi")
    assert stored_rows(desk.cache, "tpu") is not None
    desk.one("tpu")
    assert len(list((desk.cache / "tpu").iterdir())) == 2


def test_a_jump_that_no_such_series_makes(desk: Desk, replay: Replay) -> None:
    desk.one("binance_spot", until=LAST - timedelta(days=5))

    def jump(rows: Series) -> Series:
        return rows[:-5] + [(d, (*(10 * v for v in x[:4]), *x[4:])) for d, x in rows[-5:]]

    replay.history.tweaks["btc_binance_open"] = jump
    outcome = desk.one("binance_spot")
    assert outcome.status == "failed"
    assert "jumps from about" in str(outcome.error)
    assert stored(desk, "binance_spot")[0][-1] == str(LAST - timedelta(days=5))


def test_the_cache_folder_has_a_place_on_every_system() -> None:
    assert str(cache_folder({FOLDER: "somewhere"})) == "somewhere"
    assert cache_folder({"XDG_CACHE_HOME": "x"}).name in {"causal", "cache"}
    assert date.fromisoformat("2026-05-31") == LAST
