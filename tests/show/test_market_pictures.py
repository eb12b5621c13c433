"""Pictures of the market: every number of theirs is the market's, and they say what they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from causal.errors import QueryError
from causal.laboratory.fragility import gain_curve
from causal.laboratory.simulation import Market, market
from causal.show.market_pictures import crash_figure, gain_figure, save_crash, save_gain


@pytest.fixture(scope="module")
def hours() -> Market:
    return market(3, 20, warm_up=20, seed=1).hours_of_worst()


def test_a_crash_hour_by_hour(hours: Market, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    axes = crash_figure(hours).axes
    assert len(axes) == 4
    drawn = axes[2].lines[0].get_ydata()
    np.testing.assert_array_equal(drawn, hours.hour["longs"].reshape(-1))
    heights = [bar.get_height() for bar in axes[1].patches]
    np.testing.assert_allclose(heights, 1000 * hours.hour["liquidated"].reshape(-1))
    path = save_crash(hours, tmp_path / "crash.svg")
    text = path.read_text(encoding="utf-8")
    for word in ("price, $", "longs liquidated", "open interest", "loop gain", str(hours.dates[0])):
        assert word in text
    assert text == save_crash(hours, tmp_path / "again.svg").read_text(encoding="utf-8")


def test_history_stands_beside_it(hours: Market) -> None:
    pytest.importorskip("matplotlib")
    close = np.linspace(100, 90, 48)
    axes = crash_figure(hours, beside=("History", ["one", "two"], close, np.ones(48))).axes
    assert len(axes) == 8
    assert any(np.array_equal(line.get_ydata(), close) for a in axes for line in a.lines)


def test_the_gain_of_several_books(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    curves = [("now", gain_curve()), ("cap 5x", gain_curve(cap=5.0))]
    above, below = gain_figure(curves).axes
    for line, (_, curve) in zip(above.lines, curves, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), curve.forced)
    styles = {(line.get_color(), line.get_linestyle()) for line in above.lines}
    assert len(styles) == 2
    assert below.get_ylim()[1] > 1
    assert "cap 5x" in save_gain(curves, tmp_path / "gain.svg").read_text(encoding="utf-8")
    with pytest.raises(QueryError):
        save_gain(curves, tmp_path / "gain.gif")
