"""``causal data hours``: bars joined to a history of one's own, or to what was pulled."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from causal.data.day_parts import MOVES, day_moves, moves_of, read_bars
from causal.data.panel import read_panel
from tests.app.odd import answered, refused

FOURS = (0, 4, 8, 12, 16, 20)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    rows = [f"2026-01-0{d} {h:02}:00,{100 + d},{100 + d + h},9" for d in (1, 2, 3) for h in FOURS]
    head, late = "timestamp,open,close,volume\n", [r.replace("-01-0", "-01-1") for r in rows]
    (tmp_path / "early.csv").write_text(head + "\n".join(rows[:-2]) + "\n")
    (tmp_path / "late.csv").write_text(head + "\n".join(late) + "\n")
    days = [f"2026-01-{n:02},{n},word" for n in range(1, 13)]
    (tmp_path / "panel.csv").write_text("date,nasdaq_close,note\n" + "\n".join(days) + "\n")
    return tmp_path


def words(place: Path, *bars: str) -> tuple[str, ...]:
    files = [str(place / name) for name in bars]
    return ("data", "hours", *files, "--data", str(place / "panel.csv"))


def test_the_moves_are_joined_to_the_history(place: Path) -> None:
    out = str(place / "history.csv")
    shown = answered(*words(place, "early.csv"), "--out", out)
    assert "early.csv 2026-01-01 2026-01-03 3" in " ".join(shown.split())
    assert "all three moves on 2 of 12 days, some of them on 1" in shown
    assert "columns of text, left out: note" in shown
    found = read_panel(out)
    assert found.names == ("nasdaq_close", *MOVES)
    np.testing.assert_array_equal(found.column("nasdaq_close"), range(1, 13))
    np.testing.assert_allclose(
        moves_of(found)[:3], day_moves(read_bars(place / "early.csv")).values
    )
    assert np.isnan(moves_of(found)[3:]).all()


def test_a_second_file_goes_on_where_the_first_ends(place: Path) -> None:
    out = str(place / "history.csv")
    told = json.loads(answered(*words(place, "early.csv", "late.csv"), "--out", out, "--json"))
    assert [(b["first"], b["days"]) for b in told["bars"]] == [("2026-01-01", 3), ("2026-01-11", 2)]
    assert (told["whole"], told["part"], told["left_out"]) == (4, ["2026-01-03"], ["note"])
    again = ("data", "hours", str(place / "late.csv"), "--data", out, "--out", out, "--json")
    assert [b["days"] for b in json.loads(answered(*again))["bars"]] == [0]


def test_what_cannot_be_joined_is_refused_and_nothing_is_written(place: Path) -> None:
    out = place / "history.csv"
    (place / "other.csv").write_text("timestamp,open,close\n2020-01-01,1,2\n2020-01-01 04:00,1,2\n")
    assert "no day of the panel" in refused(*words(place, "other.csv"), "--out", str(out))
    (place / "twice.csv").write_text((place / "late.csv").read_text() + "2026-01-13 20:00,1,2,9\n")
    said = refused(*words(place, "twice.csv"), "--out", str(out))
    assert "twice.csv" in said
    assert "stands twice" in said
    assert "none.csv" in refused(*words(place, "none.csv"), "--out", str(out))
    assert ".csv" in refused(*words(place, "late.csv"), "--out", str(place / "history.txt"))
    assert not out.exists()


def test_without_a_history_it_is_what_was_pulled(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSAL_CACHE", str(place / "nothing"))
    bars, out = str(place / "late.csv"), str(place / "history.csv")
    assert "causal data pull" in refused("data", "hours", bars, "--out", out)
