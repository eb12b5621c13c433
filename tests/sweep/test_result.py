"""The table of a sweep: saved, read back, laid out, searched."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from causal.errors import QueryError
from causal.sweep.result import COLUMNS, Sweep
from causal.sweep.sweep import sweep
from tests.app.toy import toy
from tests.sweep.asked import EVENT, GRID


def test_results_are_saved_and_read_back(
    tmp_path: Path, swept: Sweep, needs: Callable[[str], ModuleType]
) -> None:
    frame = swept.to_frame()
    assert list(frame.columns) == list(COLUMNS)
    assert frame["probability"].dtype == np.float64
    document = json.loads(swept.save(tmp_path / "s.json").read_text())
    assert document == json.loads(json.dumps(swept.to_dict()))
    assert document["question"] == "P(bitcoin=crash within 5d)"
    with swept.save(tmp_path / "s.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["name"] for r in rows] == [r.name for r in swept.rows]
    assert [float(r["low"]) for r in rows] == [r.low for r in swept.rows]
    needs("pyarrow")
    import pandas as pd

    read = pd.read_parquet(swept.save(tmp_path / "s.parquet"))
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)
    with pytest.raises(QueryError, match=r"s\.xlsx"):
        swept.save(tmp_path / "s.xlsx")
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".csv", ".json", ".parquet"]


def test_a_row_without_numbers_is_saved(tmp_path: Path) -> None:
    found = sweep(toy(), [("no", "leverage=low", "leverage=high")], EVENT)
    assert np.isnan(found.to_frame()["probability"]).all()
    assert json.loads(found.save(tmp_path / "s.json").read_text())["rows"][0]["low"] is None
    assert ",,," in found.save(tmp_path / "s.csv").read_text()
    found.save(tmp_path / "s.parquet")


def test_the_heat_map_lays_rows_out(swept: Sweep) -> None:
    found = swept.heatmap("leverage", "geopolitics", where={"bitcoin": "crash"})
    assert (found.x, found.y) == ("do(leverage)", "do(geopolitics)")
    assert found.columns == ("-", "low", "high")
    assert found.lines == ("calm", "escalation for 2d")
    assert len(found.cells) == 6
    row = found.cells["high", "calm"]
    assert row.name == "do(leverage=high, geopolitics=calm), bitcoin=crash"
    with pytest.raises(QueryError, match="same cell") as caught:
        swept.heatmap("leverage", "geopolitics")
    assert "bitcoin" in caught.value.do
    for x, y, where in (
        ("leverage", "leverage", {}),
        ("leverge", "geopolitics", {}),
        ("leverage", "geopolitics", {"bitcoin": "nowhere"}),
    ):
        with pytest.raises(QueryError):
            swept.heatmap(x, y, where=where)


def test_a_row_is_found_by_its_name(swept: Sweep) -> None:
    name = GRID[3][0]
    assert swept.row(name) is swept.rows[3]
    with pytest.raises(QueryError, match="no scenario") as caught:
        swept.row(name[:-1])
    assert name in caught.value.do
    text = str(swept)
    assert all(name in text for name, _, _ in GRID)
    assert "90% interval" in text
