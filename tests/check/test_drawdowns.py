"""The ladder beside history: what the page claims holds on the panel, and could have failed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import causal
from causal.check.drawdowns import ALL, DrawdownRow, drawdowns
from causal.data.panel import Panel
from causal.errors import ModelError
from causal.model.network import CausalModel, fitted

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "ladder.md"
YEARS = range(2019, 2027)
LEVELS = (-0.05, -0.10, -0.15, -0.20)


@pytest.fixture(scope="module")
def model() -> CausalModel:
    return causal.load(causal.shipped())


@pytest.fixture(scope="module")
def panel(panel_path: Path) -> Panel:
    return causal.read_panel(panel_path)


@pytest.fixture(scope="module")
def week(model: CausalModel, panel: Panel) -> tuple[DrawdownRow, ...]:
    return drawdowns(model, panel, years=YEARS, thresholds=LEVELS, horizons=(7,))


def pooled(rows: tuple[DrawdownRow, ...]) -> list[DrawdownRow]:
    return [r for r in rows if r.period == ALL]


def test_a_week_agrees_when_the_years_are_pooled(week: tuple[DrawdownRow, ...]) -> None:
    rows = pooled(week)
    assert [r.threshold for r in rows] == list(LEVELS)
    assert all(r.agrees and r.count > 2_500 for r in rows)


def test_the_page_shows_these_numbers(week: tuple[DrawdownRow, ...]) -> None:
    """The windows of the page end 30 days before the panel does, ours 7: rows of whole years."""
    text = PAGE.read_text(encoding="utf-8")
    table = re.search(r"<!-- made: years -->\n(.*?)<!-- end -->", text, re.DOTALL)
    assert table is not None
    shown = {}
    for line in table[1].splitlines()[2:]:
        cells = [c.strip() for c in line.strip("|").split("|")]
        shown[cells[0], float(cells[2].rstrip("%")) / 100] = cells
    whole = [r for r in week if r.period not in (ALL, "2026")]
    assert len(whole) == 28
    for row in whole:
        cells = shown[row.period, row.threshold]
        assert float(cells[6]) == pytest.approx(row.frequency, abs=5.1e-4)
        assert float(cells[4]) == pytest.approx(row.model, abs=2e-3)
        assert (cells[10] == "yes") == row.agrees


def test_the_years_that_miss_miss_by_scale(week: tuple[DrawdownRow, ...]) -> None:
    """2023: real and shuffled days alike lie far below the model, so it is no matter of order."""
    missing = {(r.period, r.threshold) for r in week if not r.agrees}
    assert {p for p, _ in missing} == {"2023", "2025"}
    row = next(r for r in week if (r.period, r.threshold) == ("2023", -0.10))
    assert row.shuffled < row.model / 2
    assert row.frequency < row.model / 2


def test_an_earlier_count_of_the_same_weeks(week: tuple[DrawdownRow, ...]) -> None:
    """Shares of days with a fall of 10 % within a week, counted from another index of closes."""
    share = {r.period: r.frequency for r in week if r.threshold == -0.10}
    assert np.mean([share["2020"], share["2021"]]) == pytest.approx(0.150, abs=0.005)
    assert np.mean([share["2022"], share["2023"]]) == pytest.approx(0.096, abs=0.005)


def test_moves_that_are_half_as_large_again_are_found_out(model: CausalModel, panel: Panel) -> None:
    assert model.fit is not None
    moves = model.fit.moves
    assert moves is not None
    wide = replace(moves, close_edges=tuple(1.5 * e for e in moves.close_edges))
    wrong = fitted(model.graph, replace(model.fit, moves=wide))
    rows = drawdowns(wrong, panel, years=(2019, 2024, 2025), thresholds=(-0.10,), horizons=(7,))
    assert not any(r.agrees for r in pooled(rows))


def test_days_that_come_in_another_order_are_found_out(model: CausalModel, panel: Panel) -> None:
    """Sorted by size, the same days make long drawdowns, and the model must not agree with them."""
    column = panel.names.index("btc_binance_close")
    values = panel.values.copy()
    close = values[:, column]
    (known,) = np.nonzero(np.isfinite(close))
    moves = np.diff(np.log(close[known]))
    order = np.concatenate([np.sort(part) for part in np.array_split(moves, 40)])
    values[known[1:], column] = close[known[0]] * np.exp(np.cumsum(order))
    sorted_ = Panel(panel.dates, panel.names, values, panel.text)
    rows = drawdowns(model, sorted_, years=(2021, 2022), thresholds=(-0.10,), horizons=(7,))
    assert not any(r.agrees for r in pooled(rows))


def test_a_model_without_a_price() -> None:
    bare = causal.load(causal.shipped())
    assert bare.fit is not None
    bare = fitted(bare.graph, replace(bare.fit, moves=None))
    empty = Panel(np.array([], dtype="datetime64[D]"), (), np.empty((0, 0)))
    with pytest.raises(ModelError, match="knows no price"):
        drawdowns(bare, empty, years=YEARS, thresholds=(-0.1,), horizons=(7,))
